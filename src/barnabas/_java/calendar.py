"""``GregorianCalendar``, lenient, weeks beginning on Sunday: a point in time into fields, and fields into one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from barnabas._java.days import (
    CUTOVER,
    CUTOVER_YEAR,
    EPOCH,
    day_on_or_before,
    gregorian,
    julian,
    month_length,
    to_civil,
)
from barnabas._java.zones import Zone

__all__ = ["DAY_MS", "SUNDAY", "Fields", "Moment", "to_int", "to_long"]

DAY_MS: Final = 86_400_000
SUNDAY: Final = 1
_SATURDAY: Final = 7
_LONG: Final = 1 << 63
_INT: Final = 1 << 31
_OCTOBER: Final = 10
_OF_YEAR: Final = ("day_of_year", "week_of_year")


def to_long(value: int) -> int:
    """What is left of a number in 64 bits."""
    return (value + _LONG) % (2 * _LONG) - _LONG


def to_int(value: int) -> int:
    """What is left of a number in 32 bits."""
    return (value + _INT) % (2 * _INT) - _INT


class Moment:
    """A point in time taken apart as clock and calendar on the wall show it.

    Attributes:
        offset: Of the zone at that time, in milliseconds: standard time, and what daylight saving adds.
        year: Years before 1 are 0, -1 and so on.
        month: 1 to 12.
        day: Of the month.
        ordinal: Of the day, see :mod:`barnabas._java.days`.
        hour: 0 to 23.
    """

    def __init__(self, milliseconds: int, zone: Zone) -> None:
        self.offset = zone.at(milliseconds)
        days, rest = divmod(milliseconds + self.offset.total, DAY_MS)
        self.ordinal = days + EPOCH
        self.year, self.month, self.day = to_civil(self.ordinal)
        seconds, self.millisecond = divmod(rest, 1000)
        minutes, self.second = divmod(seconds, 60)
        self.hour, self.minute = divmod(minutes, 60)

    @property
    def era(self) -> int:
        """0 before Christ, 1 after."""
        return int(self.year > 0)

    @property
    def year_of_era(self) -> int:
        """The year as people write it."""
        return self.year if self.year > 0 else 1 - self.year

    @property
    def weekday(self) -> int:
        """1 is Sunday, 7 is Saturday."""
        return self.ordinal % 7 + 1

    @property
    def day_of_year(self) -> int:
        """From 1; in 1582 the days left out are not counted."""
        return self.ordinal - self._first_of_year + 1

    @property
    def day_of_week_in_month(self) -> int:
        """How many of that weekday the month has had."""
        return (self.ordinal - self._first_of_month) // 7 + 1

    @property
    def week_of_month(self) -> int:
        """The week that has the month's first day is 1."""
        return _week(self._first_of_month, self.ordinal)

    @property
    def week_of_year(self) -> int:
        """The week that has 1 January is 1, also for the last days of December."""
        next_week_1 = day_on_or_before(_first_of_year(self.year + 1), SUNDAY)
        return 1 if self.ordinal >= next_week_1 else _week(self._first_of_year, self.ordinal)

    @property
    def week_year(self) -> int:
        """The year that the week belongs to; before Christ Java looks at the beginning of a wrong year."""
        following = _first_of_year(self.year + 1 if self.year > 0 else -self.year)
        left = _first_of_year(self.year + 1) - self.ordinal
        return self.year + (left <= following - day_on_or_before(following, SUNDAY))

    @cached_property
    def _first_of_year(self) -> int:
        return _first_of_year(self.year)

    @property
    def _first_of_month(self) -> int:
        if self.year == CUTOVER_YEAR and self.month == _OCTOBER:
            return julian(CUTOVER_YEAR, _OCTOBER)
        return self.ordinal - self.day + 1


class Fields:
    """Fields as they were set, one after the other: where they contradict each other, the latest counts.

    The names are those of :class:`Moment`, ``half`` (0: a.m.) and ``hour12``, ``zone_offset`` and ``dst_offset``.
    Numbers out of range roll over: the 30th of February is in March, 25 o'clock on the next day.
    """

    def __init__(self) -> None:
        self._values: dict[str, int] = {}

    def set(self, name: str, value: int) -> None:
        """Set one, after all others."""
        self._values.pop(name, None)
        self._values[name] = value

    def clear(self, name: str) -> None:
        """Take one back."""
        self._values.pop(name, None)

    def add_years(self, years: int) -> None:
        """Move years that were set."""
        for name in ("year", "week_year"):
            if name in self._values:
                self._values[name] += years

    def items(self) -> list[tuple[str, int]]:
        """What was set, in order."""
        return list(self._values.items())

    def time(self, zone: Zone) -> int:
        """The point in time, in milliseconds; beyond a ``long`` it wraps around."""
        order = {name: at for at, name in enumerate(self._values)}
        if order.get("week_year", -1) > order.get("year", -1):
            return _time(self._of_week_date(zone), zone)
        values = {name: value for name, value in self._values.items() if name != "week_year"}
        return _time(values, zone)

    def _of_week_date(self, zone: Zone) -> dict[str, int]:
        """Year, week and weekday as year, month and day; the year is one before Christ if the other fields say so."""
        values = dict(self._values)
        week_year, week, weekday = values.pop("week_year"), values.get("week_of_year", 1), values.get("weekday", SUNDAY)
        if not SUNDAY <= weekday <= _SATURDAY:
            # What 'u' could not turn into one of Java's weekdays, which begin on Sunday.
            weeks, day = divmod(weekday - 1, 7)
            week, weekday = week + weeks, (day + 1) % 7 + 1
        if Moment(_time(values, zone), zone).era == 0:
            week_year = 1 - week_year
        first = day_on_or_before(_first_of_year(week_year), SUNDAY)
        year, month, day = to_civil(first + weekday - SUNDAY + to_int(7 * (week - 1)))
        for name in ("era", "year", "month", "day"):
            values.pop(name, None)
        return values | {"year": year, "month": month, "day": day}


def _time(values: Mapping[str, int], zone: Zone) -> int:
    year = values.get("year", 1970)
    if values.get("era") == 0:
        year = 1 - year
    days, rest = divmod(_time_of_day(values), DAY_MS)
    wall = to_long((_day(year, days, values) - EPOCH) * DAY_MS + rest)
    offset = zone.at_wall(wall)
    return to_long(wall - values.get("zone_offset", offset.standard) - values.get("dst_offset", offset.daylight))


def _time_of_day(values: Mapping[str, int]) -> int:
    order = {name: at for at, name in enumerate(values)}
    twelve = max(order.get("hour12", -1), order.get("half", -1))
    if "hour12" not in order or "half" not in order:
        twelve = twelve if "hour" not in order else -1  # alone they count only without the other hour
    hour = 0
    if order.get("hour", -1) >= twelve:
        hour = values.get("hour", 0)
    elif twelve >= 0:
        hour = values.get("hour12", 0) + 12 * values.get("half", 0)
    return ((hour * 60 + values.get("minute", 0)) * 60 + values.get("second", 0)) * 1000 + values.get("millisecond", 0)


def _day(year: int, days: int, values: Mapping[str, int]) -> int:
    """The ordinal: whichever calendar was in force on the day that it comes to; days left out count as Julian."""
    by = _selected(values)
    if year > CUTOVER_YEAR or (year == CUTOVER_YEAR and by not in _OF_YEAR):
        in_gregorian = days + _in_calendar(year, by, values, reformed=True)
        if in_gregorian >= CUTOVER:
            return in_gregorian
    return days + _in_calendar(year, by, values, reformed=False)


def _selected(values: Mapping[str, int]) -> str:
    """Which field tells the day: the one set last of those that are complete."""
    order = {name: at for at, name in enumerate(values)}
    weekday = order.get("weekday", -1)

    def with_weekday(name: str) -> int:
        return max(order[name], weekday) if name in order and weekday >= 0 else -1

    of_month, in_month, of_year = map(with_weekday, ("week_of_month", "day_of_week_in_month", "week_of_year"))
    day = order.get("day", -1)
    best = max(day, of_month, in_month, order.get("day_of_year", -1), of_year)
    if best < 0:
        of_month, of_year = order.get("week_of_month", -1), order.get("week_of_year", -1)
        in_month = max(order.get("day_of_week_in_month", -1), weekday)
        best = max(of_month, in_month, of_year)
        if best < 0:
            return "day"
    if best == day:
        return "day"
    year_week = order.get("week_of_year", -1)
    if best == of_month and order.get("week_of_month", -1) >= year_week:
        both = of_month == in_month
        later = order.get("week_of_month", -1) >= order.get("day_of_week_in_month", -1)
        return "week_of_month" if not both or later else "day_of_week_in_month"
    if best == in_month and order.get("day_of_week_in_month", -1) >= year_week:
        return "day_of_week_in_month"
    return "day_of_year" if best == order.get("day_of_year", -1) else "week_of_year"


def _in_calendar(year: int, by: str, values: Mapping[str, int], *, reformed: bool) -> int:
    """The ordinal by the rules of one calendar; month and day may be out of range."""
    ordinal_of = gregorian if reformed else julian
    if by in _OF_YEAR:
        first = ordinal_of(year, 1)
        if by == "day_of_year":
            return first + values["day_of_year"] - 1
        start = day_on_or_before(first, SUNDAY)
        weekday = values.get("weekday", SUNDAY)
        if weekday != SUNDAY:
            start = day_on_or_before(start + 6, weekday)
        return start + 7 * (values["week_of_year"] - 1)
    years, month0 = divmod(values.get("month", 1) - 1, 12)
    year += years
    first = ordinal_of(year, month0 + 1)
    if by == "day":
        return first + values.get("day", 1) - 1
    if by == "week_of_month":
        start = day_on_or_before(first, SUNDAY)
        if "weekday" in values:
            start = day_on_or_before(start + 6, values["weekday"])
        return start + to_int(7 * (values["week_of_month"] - 1))
    nth = values.get("day_of_week_in_month", 1)
    back = 7 * nth if nth >= 0 else month_length(year, month0 + 1) + 7 * (nth + 1)
    return day_on_or_before(first + to_int(back) - 1, values.get("weekday", SUNDAY))


def _week(first: int, ordinal: int) -> int:
    return (ordinal - day_on_or_before(first, SUNDAY)) // 7 + 1


def _first_of_year(year: int) -> int:
    return gregorian(year, 1) if year > CUTOVER_YEAR else julian(year, 1)
