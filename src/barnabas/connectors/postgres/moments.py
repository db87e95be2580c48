"""Dates, times and intervals as PostgreSQL writes them (ISO, UTC), as the numbers and texts that events carry.

Pure. PostgreSQL's years run from 4713 BC to 294276, which Python's own classes do not know. A text looks
like ``2024-02-29 13:14:15.1234``, ``12024-03-15``, ``0044-03-15 00:00:00 BC``, ``infinity``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "FOREVER",
    "clock_micros",
    "date_column",
    "interval_iso",
    "interval_micros",
    "iso_stamp",
    "stamp_column",
    "zoned_stamps",
    "zoned_time",
]

FOREVER: Final = (1 << 63) - 1
"""What ``infinity`` is as microseconds; its negative less one is ``-infinity``."""

_NINE: Final = 0x39
_DAY: Final = 86_400_000_000
_LAST_DATE, _FIRST_DATE = (1 << 31) - 1, -(1 << 31)
_CACHE: Final = 20_000
_STAMP = re.compile(rb"(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:[+-][\d:]+)?( BC)?")
_PARTS = re.compile(r"([+-]?\d+) (year|mon|day)")
_CLOCK = re.compile(r"([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?")
_ZONE = re.compile(r"(.*?)([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$")
_AVERAGE_MONTH_DAYS: Final = 365.25 / 12


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar; year 0 is 1 BC."""
    year -= month <= 2  # noqa: PLR2004 - the year of this count begins in March
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # noqa: PLR2004
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _read(text: bytes) -> tuple[int, int]:
    """Days since the epoch, and microseconds of the day."""
    found = _STAMP.fullmatch(text)
    if found is None:
        raise ValueError(f"PostgreSQL sent {text!r} where a date or timestamp was expected")
    year, month, day, hour, minute, second, fraction, before = found.groups()
    days = _days(1 - int(year) if before else int(year), int(month), int(day))
    if hour is None:
        return days, 0
    micros = int((fraction or b"").ljust(6, b"0")[:6])
    return days, ((int(hour) * 60 + int(minute)) * 60 + int(second)) * 1_000_000 + micros


class _Dates(dict[bytes, int]):
    """From a date's text to its days: tables have few different ones."""

    def __missing__(self, text: bytes) -> int:
        if text.endswith(b"infinity"):
            return _FIRST_DATE if text.startswith(b"-") else _LAST_DATE
        if len(self) > _CACHE:
            self.clear()
        days = self[text] = _read(text)[0]
        return days


class _Minutes(dict[bytes, int]):
    """From ``2024-02-29 13:14:`` to its microseconds since the epoch."""

    def __missing__(self, text: bytes) -> int:
        if len(self) > _CACHE:
            self.clear()
        days, micros = _read(text + b"00")
        result = self[text] = days * _DAY + micros
        return result


_dates = _Dates()
_minutes = _Minutes()


def date_column(cells: Sequence[bytes]) -> list[int]:
    """Dates as days since the epoch; ``infinity`` is the largest, ``-infinity`` the smallest INT32."""
    return [*map(_dates.__getitem__, cells)]


def _slow_stamp(text: bytes) -> int:
    if text.endswith(b"infinity"):
        return -FOREVER - 1 if text.startswith(b"-") else FOREVER
    days, micros = _read(text)
    return days * _DAY + micros


def stamp_column(cells: Sequence[bytes]) -> list[int]:
    """Timestamps without a zone as microseconds since the epoch."""
    minute = _minutes
    try:
        return [
            minute[cell[:17]] + round(float(cell[17:]) * 1_000_000) if cell[-1] <= _NINE else _slow_stamp(cell)
            for cell in cells
        ]
    except ValueError:  # a year of more than four digits: the cut is elsewhere
        return [*map(_slow_stamp, cells)]


def zoned_stamps(precision: int) -> Callable[[Sequence[bytes]], list[str]]:
    """Timestamps with a zone, which the session writes in UTC, as ``2024-02-29T11:14:15.123400Z``."""
    zeros = "0" * precision
    # By the length of "2024-02-29 13:14:15", the point, so many digits, and "+00".
    pads = {23 + have: zeros[have:] + "Z" for have in range(1, precision + 1)}
    pads[22] = f".{zeros}Z" if precision else "Z"

    def column(cells: Sequence[bytes]) -> list[str]:
        texts = b"\0".join(cells).decode("ascii").replace(" ", "T").split("\0")
        return [
            text[:-3] + pads[len(text)] if len(text) in pads and text[4] == "-" and text[-3] == "+" else slow(text)
            for text in texts
        ]

    def slow(text: str) -> str:
        text = text.replace(" ", "T")
        if text.endswith("infinity"):
            return text
        era = text.endswith("TBC")  # "2024-02-29T13:14:15+00TBC"
        text = text.removesuffix("TBC").removesuffix("+00")
        stamp, _, fraction = text.partition(".")
        year, rest = stamp.split("-", 1)
        number = 1 - int(year) if era else int(year)
        sign = "-" if number < 0 else "+" if number > 9999 else ""  # noqa: PLR2004 - ISO 8601's usual four digits
        digits = f".{fraction.ljust(precision, '0')}" if precision else ""
        return f"{sign}{abs(number):04d}-{rest}{digits}Z"

    return column


def iso_stamp(micros: int, *, zone: str = "Z") -> str:
    """A timestamp for the mode ``isostring``."""
    if micros in (FOREVER, -FOREVER - 1):
        return "infinity" if micros > 0 else "-infinity"
    days, rest = divmod(micros, _DAY)
    seconds, fraction = divmod(rest, 1_000_000)
    year, month, day = _civil(days)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    more = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{year:04d}-{month:02d}-{day:02d}T{clock}{more}{zone}"


def _civil(days: int) -> tuple[int, int, int]:
    """The inverse of :func:`_days`."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004
    return years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1  # noqa: PLR2004


def clock_micros(text: str) -> int:
    """A time of day, ``24:00:00`` included, as microseconds."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"PostgreSQL sent {text!r} where a time was expected")
    sign, hours, minutes, seconds, fraction = found.groups()
    micros = int((fraction or "").ljust(6, "0")[:6])
    total = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000 + micros
    return -total if sign == "-" else total


def zoned_time(text: str) -> str:
    """A time with a zone, moved to UTC: ``13:14:15.1234+02`` is ``11:14:15.1234Z``."""
    found = _ZONE.match(text)
    if found is None:
        raise ValueError(f"PostgreSQL sent {text!r} where a time with a zone was expected")
    clock, sign, hours, minutes, seconds = found.groups()
    offset = ((int(hours) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)) * 1_000_000
    micros = (clock_micros(clock) - (offset if sign == "+" else -offset)) % _DAY
    whole, fraction = divmod(micros, 1_000_000)
    more = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{more}Z"


def _interval(text: str) -> tuple[int, int, int]:
    """Months, days and microseconds of an interval in the style ``postgres``."""
    parts = {unit: int(number) for number, unit in _PARTS.findall(text)}
    clock = text.rsplit(" ", 1)[-1]
    micros = clock_micros(clock) if ":" in clock else 0
    return parts.get("year", 0) * 12 + parts.get("mon", 0), parts.get("day", 0), micros


def interval_micros(text: str) -> int:
    """An interval as microseconds, a month taken as a twelfth of 365.25 days."""
    months, days, micros = _interval(text)
    return round((months * _AVERAGE_MONTH_DAYS + days) * 86400) * 1_000_000 + micros


def interval_iso(text: str) -> str:
    """An interval as ``P1Y2M3DT4H5M6.789S``, every part written, as the mode ``string`` has it."""
    months, days, micros = _interval(text)
    years, months = int(months / 12), months - 12 * int(months / 12)
    sign = -1 if micros < 0 else 1
    seconds, fraction = divmod(abs(micros), 1_000_000)
    digits = f"{seconds % 60}" + (f".{fraction:06d}".rstrip("0") if fraction else "")
    second = f"-{digits}" if sign < 0 and digits != "0" else digits
    return f"P{years}Y{months}M{days}DT{sign * (seconds // 3600)}H{sign * (seconds // 60 % 60)}M{second}S"
