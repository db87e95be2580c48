"""Time zones as Java's date formats use them: UTC, and the zones of the names that may stand in a text."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barnabas.errors import DataError

__all__ = ["UTC", "Offset", "Zone", "zone"]

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks are counted without a zone
# Java forgets a zone's changes before 1900: further back, today's standard time is in force.
_FIRST_MS: Final = -2_208_988_800_000
# From here on only rules are left, which repeat with the calendar every 400 years.
_RULES_MS: Final = 4_102_444_800_000
_CYCLE_MS: Final = 146_097 * 86_400_000
# What Java's old three letters stand for, as far as the time zone database has no zone of that name.
_SHORT_IDS: Final = {
    "ACT": "Australia/Darwin",
    "AET": "Australia/Sydney",
    "AGT": "America/Argentina/Buenos_Aires",
    "ART": "Africa/Cairo",
    "AST": "America/Anchorage",
    "BET": "America/Sao_Paulo",
    "BST": "Asia/Dhaka",
    "CAT": "Africa/Harare",
    "CNT": "America/St_Johns",
    "CST": "America/Chicago",
    "CTT": "Asia/Shanghai",
    "EAT": "Africa/Addis_Ababa",
    "ECT": "Europe/Paris",
    "IET": "America/Indiana/Indianapolis",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "MIT": "Pacific/Apia",
    "NET": "Asia/Yerevan",
    "NST": "Pacific/Auckland",
    "PLT": "Asia/Karachi",
    "PNT": "America/Phoenix",
    "PRT": "America/Puerto_Rico",
    "PST": "America/Los_Angeles",
    "SST": "Pacific/Guadalcanal",
    "VST": "Asia/Ho_Chi_Minh",
}


class Offset(NamedTuple):
    """What is added to UTC, in milliseconds."""

    standard: int
    daylight: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.standard + self.daylight


class Zone(Protocol):
    """Rules of one time zone."""

    id: str

    def at(self, milliseconds: int) -> Offset:
        """The offset at a point in time."""

    def at_wall(self, milliseconds: int) -> Offset:
        """The offset when the clock on the wall shows that (counted as if it were UTC).

        Where clocks are set back, the later of the two; a time left out counts on from before.
        """


class _Utc:
    id = "UTC"
    _ZERO: Final = Offset(0, 0)

    def at(self, milliseconds: int) -> Offset:
        del milliseconds
        return self._ZERO

    def at_wall(self, milliseconds: int) -> Offset:
        del milliseconds
        return self._ZERO


UTC: Final[Zone] = _Utc()


class _Ruled:
    """A zone of the system's time zone database."""

    def __init__(self, name: str, java_id: str) -> None:
        self.id = java_id
        self._info = ZoneInfo(name)
        late = (_EPOCH + timedelta(milliseconds=_RULES_MS)).replace(tzinfo=self._info)
        self._early = Offset(self._offset(late).standard, 0)

    def at(self, milliseconds: int) -> Offset:
        if milliseconds < _FIRST_MS:
            return self._early
        wall = (_EPOCH + timedelta(milliseconds=_within(milliseconds))).replace(tzinfo=self._info)
        return self._offset(self._info.fromutc(wall))

    def at_wall(self, milliseconds: int) -> Offset:
        if milliseconds - self._early.total < _FIRST_MS:
            return self._early
        wall = (_EPOCH + timedelta(milliseconds=_within(milliseconds))).replace(tzinfo=self._info)
        return min(self._offset(wall), self._offset(wall.replace(fold=1)), key=lambda offset: offset.total)

    @staticmethod
    def _offset(wall: datetime) -> Offset:
        total, daylight = wall.utcoffset() or timedelta(), wall.dst() or timedelta()
        unit = timedelta(milliseconds=1)
        return Offset((total - daylight) // unit, daylight // unit)


@cache
def zone(name: str) -> Zone:
    """The rules of a zone.

    Args:
        name: ``UTC``, or as in the time zone database: ``Europe/Berlin``.

    Raises:
        DataError: this machine does not know it.
    """
    if name in ("UTC", "GMT", "Etc/UTC"):
        return UTC
    try:
        return _Ruled(_SHORT_IDS.get(name, name), name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DataError(
            f"Time zone {name} is not known on this machine.",
            code="BRN-2161",
            remedy="Install the system's time zone database (tzdata).",
        ) from error


def _within(milliseconds: int) -> int:
    """A point in time with the same rules that a datetime can hold."""
    return milliseconds if milliseconds < _RULES_MS else _RULES_MS + (milliseconds - _RULES_MS) % _CYCLE_MS
