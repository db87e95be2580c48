"""Points in time as Java's calendar sees them: Julian before 1582-10-15, in the time zone of the process.

The JVM's default time zone is the process's: what the C library took from ``TZ`` or from ``/etc/localtime``. Days and
milliseconds are counted from 1970-01-01; a *wall* number is what a clock on the wall shows, counted as if it were UTC.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["DAY_MS", "days_of", "local_fields", "utc_of_wall", "wall_of_utc", "zone_name"]

DAY_MS: Final = 86_400_000
_GREGORIAN_FROM_DAY: Final = -141_427  # 1582-10-15
_GREGORIAN_FROM_YEAR: Final = 1582
_EPOCH_JULIAN_DAY: Final = 2_440_588
_JULIAN_SHIFT: Final = 32_082
_GREGORIAN_SHIFT: Final = 32_044
_CENTURIES_4: Final = 146_097  # days in four hundred years
# Java keeps no changes of a zone's offset before 1900: further back, today's standard time is in force.
_ZONES_FROM_MS: Final = -2_208_988_800_000
# From here on only rules are left, which repeat with the calendar every 400 years.
_RULES_FROM_MS: Final = 4_102_444_800_000
_CYCLE_MS: Final = _CENTURIES_4 * DAY_MS
_SOME_YEAR: Final = 1_735_689_600  # 2025
_HALF_MONTH: Final = 15 * 86_400
_LONG: Final = 1 << 63
_DAYS: Final = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")  # from day 0 on


class Fields(NamedTuple):
    """A point in time on the wall; years before 1 are counted 0, -1 and so on."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int
    weekday: str


def local_fields(milliseconds: int) -> Fields:
    """What clock and calendar on the wall show at a point in time."""
    days, rest = divmod(wall_of_utc(milliseconds), DAY_MS)
    seconds, millisecond = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return Fields(*_civil(days), minutes // 60, minutes % 60, second, millisecond, _DAYS[days % 7])


def days_of(year: int, month: int, day: int) -> int:
    """The day that a lenient calendar makes of year, month and day: the 30th of February is in March."""
    carry, month0 = divmod(month - 1, 12)
    if year >= _GREGORIAN_FROM_YEAR:
        gregorian = _days(year + carry, month0 + 1, day, gregorian=True)
        if gregorian >= _GREGORIAN_FROM_DAY:
            return gregorian
    return _days(year + carry, month0 + 1, day, gregorian=False)


def wall_of_utc(milliseconds: int) -> int:
    """The wall number at a point in time."""
    return milliseconds + _offset(milliseconds)


def utc_of_wall(wall: int) -> int:
    """The point in time at which the clock on the wall shows that.

    Where clocks are set forward, a time left out counts on from before; where they are set back, of two the later one.
    """
    before, after = _offset(wall - DAY_MS), _offset(wall + DAY_MS)
    offset = after if before == after or _offset(wall - after) == after else before
    return (wall - offset + _LONG) % (2 * _LONG) - _LONG  # a long: a year beyond its range wraps around


def zone_name(milliseconds: int) -> str:
    """Java's short name of the zone in force, ``UTC`` or ``EDT``."""
    standard = _standard()
    local = _local(milliseconds)
    later = local.tm_gmtoff > standard.offset if standard.inverted else local.tm_isdst > 0
    return _zone_name(os.environ.get("TZ"), time.tzname, daylight=milliseconds >= _ZONES_FROM_MS and later)


class _Standard(NamedTuple):
    """Today's standard time.

    Args:
        offset: In seconds.
        inverted: Whether the database calls winter the exception (Dublin) or Ramadan (Casablanca): for Java it is still
            the other time of the year that saves daylight.
    """

    offset: int
    inverted: bool


def _standard() -> _Standard:
    return _standard_of(os.environ.get("TZ"), time.timezone)


@lru_cache(8)
def _standard_of(setting: str | None, west: int) -> _Standard:
    """Looked up once for each zone that the process has been in."""
    del setting
    for half_month in range(24):
        local = time.localtime(_SOME_YEAR + half_month * _HALF_MONTH)
        if local.tm_isdst > 0 and local.tm_gmtoff < max(-west, -time.altzone):
            return _Standard(local.tm_gmtoff, inverted=True)
    return _Standard(-west, inverted=False)


@lru_cache(8)
def _zone_name(setting: str | None, names: tuple[str, str], *, daylight: bool) -> str:
    """Looked up once for each zone that the process has been in."""
    from barnabas._java.zone_names import default_zone_id, display_name  # noqa: PLC0415 - a table that few tasks need
    from barnabas._java.zones import UTC, zone  # noqa: PLC0415 - the same

    del setting
    identifier = default_zone_id()
    if identifier != UTC.id:
        return display_name(zone(identifier), daylight=daylight, long=False)
    name = names[daylight]
    return name if name[:1] not in ("+", "-") else f"GMT{name[:3]}:{name[3:] or '00'}"  # a zone without a name


def _offset(milliseconds: int) -> int:
    if milliseconds < _ZONES_FROM_MS:
        return _standard().offset * 1000
    return _local(milliseconds).tm_gmtoff * 1000


def _local(milliseconds: int) -> time.struct_time:
    if milliseconds >= _RULES_FROM_MS:  # the C library's rules have an end, the calendar's cycle has none
        milliseconds = _RULES_FROM_MS + (milliseconds - _RULES_FROM_MS) % _CYCLE_MS
    return time.localtime(milliseconds // 1000)


def _days(year: int, month: int, day: int, *, gregorian: bool) -> int:
    shift = (14 - month) // 12
    y = year + 4800 - shift
    julian_day = day + (153 * (month + 12 * shift - 3) + 2) // 5 + 365 * y + y // 4
    julian_day += y // 400 - y // 100 - _GREGORIAN_SHIFT - 1 if gregorian else -_JULIAN_SHIFT - 1
    return julian_day - _EPOCH_JULIAN_DAY


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day."""
    century = 0
    c = days + _EPOCH_JULIAN_DAY + _JULIAN_SHIFT
    if days >= _GREGORIAN_FROM_DAY:
        a = days + _EPOCH_JULIAN_DAY + _GREGORIAN_SHIFT
        century = (4 * a + 3) // _CENTURIES_4
        c = a - _CENTURIES_4 * century // 4
    d = (4 * c + 3) // 1461
    e = c - 1461 * d // 4
    m = (5 * e + 2) // 153
    return 100 * century + d - 4800 + m // 10, m + 3 - 12 * (m // 10), e - (153 * m + 2) // 5 + 1
