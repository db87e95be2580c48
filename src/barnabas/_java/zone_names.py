"""Names of time zones as Java 17 reads and writes them in English."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from barnabas._java.zones import UTC, Zone, zone

__all__ = ["NamedZone", "default_zone_id", "display_name", "find_zone"]

_ZONEINFO: Final = "zoneinfo/"
_MINUTE: Final = 60_000


class _Names(NamedTuple):
    id: str
    standard: str
    short_standard: str
    daylight: str
    short_daylight: str
    minutes: int


class NamedZone(NamedTuple):
    """A zone whose name stands in a text.

    Args:
        zone: The zone.
        daylight: What the name says that daylight saving adds, in milliseconds; ``None`` if it leaves that open.
        end: Where the name ends.
    """

    zone: Zone
    daylight: int | None
    end: int


def display_name(of: Zone, *, daylight: bool, long: bool) -> str:
    """``Pacific Standard Time``, or ``PST``."""
    names = _table()[of.id]
    if daylight:
        return names.daylight if long else names.short_daylight
    return names.standard if long else names.short_standard


def find_zone(text: str, at: int, current: Zone) -> NamedZone | None:
    """The zone whose name stands at a position: the current one, the process's own, or the first in the list."""
    for preferred in (current.id, default_zone_id()):
        names = _table().get(preferred)
        found = _pattern(names).match(text, at) if names is not None else None
        if names is not None and found is not None and found.lastindex is not None:
            return _named(names, found.lastindex, found.end())
    pattern, owners = _all()
    found = pattern.match(text, at)
    if found is None or found.lastindex is None:
        return None
    return _named(*owners[found.lastindex - 1], found.end())


def default_zone_id() -> str:
    """The process's own time zone, as ``TZ`` or ``/etc/localtime`` name it; ``UTC`` where neither does."""
    return _zone_id(os.environ.get("TZ", ""))


@cache
def _zone_id(setting: str) -> str:
    name = setting.removeprefix(":") or os.path.realpath("/etc/localtime").partition(_ZONEINFO)[2]
    return name if name in _table() else UTC.id


def _named(names: _Names, which: int, end: int) -> NamedZone:
    same = (names.standard, names.short_standard)[which - 1] == names[which + 2] if which <= 2 else False  # noqa: PLR2004 - the first two names
    if same:
        return NamedZone(zone(names.id), None, end)
    daylight = names.minutes * _MINUTE if which > 2 else 0  # noqa: PLR2004 - as above
    return NamedZone(zone(names.id), None if which > 2 and not daylight else daylight, end)  # noqa: PLR2004 - as above


@cache
def _table() -> dict[str, _Names]:
    text = resources.files("barnabas._java").joinpath("zone_names.txt").read_text("utf-8")
    rows = [line.split("|") for line in text.splitlines() if not line.startswith("#")]
    return {row[0]: _Names(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows}


@cache
def _pattern(names: _Names) -> re.Pattern[str]:
    return re.compile("|".join(f"({re.escape(name)})" for name in names[1:5]), re.IGNORECASE)


@cache
def _all() -> tuple[re.Pattern[str], list[tuple[_Names, int]]]:
    """All names that are not a repetition of an earlier one, and whose they are."""
    first: dict[str, tuple[_Names, int]] = {}
    for names in _table().values():
        for which, name in enumerate(names[1:5], 1):
            first.setdefault(name.lower(), (names, which))
    pattern = re.compile("|".join(f"({re.escape(name)})" for name in first), re.IGNORECASE)
    return pattern, list(first.values())
