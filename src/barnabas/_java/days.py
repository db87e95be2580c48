"""Days of Java's calendar: Julian until 1582-10-04, Gregorian from the day after, which is 1582-10-15.

A day is its *ordinal*, as Python counts them: 1 is Monday, 1 January of the year 1 of the Gregorian calendar. Years
before 1 are counted 0, -1 and so on; months from 1.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CUTOVER",
    "CUTOVER_YEAR",
    "EPOCH",
    "day_on_or_before",
    "gregorian",
    "julian",
    "month_length",
    "to_civil",
]

EPOCH: Final = 719_163
"""1970-01-01."""
CUTOVER: Final = 577_736
"""1582-10-15, the first Gregorian day."""
CUTOVER_YEAR: Final = 1582
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_YEARS_400: Final = 146_097
_YEARS_4: Final = 1461


def gregorian(year: int, month: int, day: int = 1) -> int:
    """The ordinal of a day, by Gregorian rules whatever the year."""
    shift = 0 if month <= _FEBRUARY else -1 if _gregorian_leap(year) else -2
    y = year - 1
    return 365 * y + y // 4 - y // 100 + y // 400 + (367 * month - 362) // 12 + shift + day


def julian(year: int, month: int, day: int = 1) -> int:
    """The ordinal of a day, by Julian rules whatever the year."""
    shift = 0 if month <= _FEBRUARY else -1 if year % 4 == 0 else -2
    y = year - 1
    return 365 * y + y // 4 + (367 * month - 362) // 12 + shift + day - 2


def to_civil(ordinal: int) -> tuple[int, int, int]:
    """Year, month and day in the calendar in force on that day."""
    if ordinal >= CUTOVER:
        # Counted from 1 March of the year 0, so that the leap day is the last of its year.
        cycle, rest = divmod(ordinal + 305, _YEARS_400)
        of_400 = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
        return _from_march(400 * cycle + of_400, rest - (365 * of_400 + of_400 // 4 - of_400 // 100))
    cycle, rest = divmod(ordinal + 307, _YEARS_4)
    of_4 = (rest - rest // 1460) // 365
    return _from_march(4 * cycle + of_4, rest - 365 * of_4)


def day_on_or_before(ordinal: int, weekday: int) -> int:
    """The last day not after ``ordinal`` that is a given day of the week (1: Sunday, 7: Saturday)."""
    return ordinal - (ordinal - (weekday - 1)) % 7


def month_length(year: int, month: int) -> int:
    """Days of a month, in the calendar in force in that year."""
    leap = year % 4 == 0 if year <= CUTOVER_YEAR else _gregorian_leap(year)
    return _LENGTHS[month - 1] + (leap and month == _FEBRUARY)


def _gregorian_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _from_march(year: int, day_of_year: int) -> tuple[int, int, int]:
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    return (year + 1, month - 9, day) if month > 9 else (year, month + 3, day)  # noqa: PLR2004 - December is 9 here
