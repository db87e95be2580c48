"""Points in time out of text, one field of a pattern after the other, as lenient as Java."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from barnabas._java.calendar import Fields, Moment
from barnabas._java.date_pattern import Letters
from barnabas._java.date_texts import DAYS, ERAS, HALVES, MONTHS, SHORT_DAYS, SHORT_MONTHS
from barnabas._java.numbers import number_at
from barnabas._java.zone_names import find_zone
from barnabas._java.zones import UTC as UTC_ZONE
from barnabas._java.zones import Zone

__all__ = ["Reading", "century_start", "reader"]

_MINUTE: Final = 60_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMERIC: Final = frozenset("yYdkHmsSDFwWhKu")
_FIELDS: Final = {
    "d": "day",
    "H": "hour",
    "k": "hour",
    "K": "hour12",
    "h": "hour12",
    "m": "minute",
    "s": "second",
    "S": "millisecond",
    "D": "day_of_year",
    "F": "day_of_week_in_month",
    "w": "week_of_year",
    "W": "week_of_month",
    "u": "weekday",
    "M": "month",
    "L": "month",
}
_HIGHEST: Final = {"k": 24, "h": 12}  # which are the hour 0
_BLANKS: Final = " \t"
_DIGITS: Final = "0123456789"
_SHORT_FORM: Final = 3
_CENTURY_YEARS: Final = 80


class Reading:
    """What was found in a text.

    Attributes:
        fields: As they were set.
        zone: That of a name in the text, or the one that was in force before.
        ambiguous: Whether the year has two digits and may be one of two centuries.
        end: Where the text was read to.
    """

    __slots__ = ("ambiguous", "end", "fields", "text", "zone")

    def __init__(self, text: str, zone: Zone) -> None:
        self.text = text
        self.zone = zone
        self.fields = Fields()
        self.ambiguous = False
        self.end = 0


_Step = Callable[[Reading, int], int]
"""Reads on from a position and answers the next one, or -1."""


def century_start(now: datetime | None = None) -> int:
    """Milliseconds: 80 years ago, when the hundred years of two-digit years begin."""
    now = now or datetime.now(UTC)
    year = now.year - _CENTURY_YEARS
    try:
        start = now.replace(year=year)
    except ValueError:  # there was no 29 February
        start = now.replace(year=year, day=28)
    return (start - _EPOCH) // timedelta(milliseconds=1)


def reader(pattern: list[Letters | str], century: int) -> Callable[[str, Zone], Reading | None]:
    """What reads a text on the wall of a zone.

    Args:
        pattern: Of the text.
        century: Milliseconds: when the hundred years of two-digit years begin.
    """
    first = Moment(century, UTC_ZONE).year_of_era
    steps = [_step(piece, follower, first) for piece, follower in zip(pattern, [*pattern, ""][1:], strict=True)]

    def read(text: str, zone: Zone) -> Reading | None:
        found = Reading(text, zone)
        at = 0
        for step in steps:
            at = step(found, at)
            if at < 0:
                return None
        found.end = at
        return found

    return read


def _step(piece: Letters | str, follower: Letters | str, first_year: int) -> _Step:
    if isinstance(piece, str):
        return _constant(piece)
    letter, count = piece
    if letter in "ML" and count >= _SHORT_FORM:
        return _after_blanks(_MONTH)
    if letter in _NUMERIC or letter in "ML":
        adjacent = isinstance(follower, Letters) and (
            follower.letter in _NUMERIC or (follower.letter in "ML" and follower.size < _SHORT_FORM)
        )
        store = _year(letter, count, first_year) if letter in "yY" else _plain(letter)
        return _number(store, count, exact=adjacent)
    if letter == "X":
        return _after_blanks(lambda found, _, at: _iso_zone(found, at, count))
    return _after_blanks(_general_zone if letter in "zZ" else _WORDS[letter])


def _constant(wanted: str) -> _Step:
    size = len(wanted)
    return lambda found, at: at + size if found.text.startswith(wanted, at) else -1


def _after_blanks(step: Callable[[Reading, int, int], int]) -> _Step:
    """A step that is told where it began and where the next character is that is not blank; there must be one."""

    def read(found: Reading, at: int) -> int:
        start = _skip(found.text, at)
        return -1 if start < 0 else step(found, at, start)

    return read


def _skip(text: str, at: int) -> int:
    size = len(text)
    while at < size and text[at] in _BLANKS:
        at += 1
    return at if at < size else -1


# -- numbers ----------------------------------------------------------------------------------------------------------


_Store = Callable[[Reading, int, int, int], None]
"""Told a number, where it begins and where it ends."""


def _number(store: _Store, count: int, *, exact: bool) -> _Step:
    def read(found: Reading, at: int) -> int:
        text = found.text
        start = _skip(text, at)
        end = at + count if exact else len(text)
        if start < 0 or end > len(text):
            return -1
        number = number_at(text, start, end)
        if number is None:
            return -1
        store(found, number[0], start, number[1])
        return number[1]

    return read


def _plain(letter: str) -> _Store:
    name, highest = _FIELDS[letter], _HIGHEST.get(letter)

    def store(found: Reading, value: int, _: int, __: int) -> None:
        if value == highest:
            value = 0
        elif letter == "u" and 1 <= value <= 7:  # noqa: PLR2004 - days of a week
            value = value % 7 + 1  # other numbers stay what they are
        found.fields.set(name, value)

    return store


def _year(letter: str, count: int, first_year: int) -> _Store:
    name, short = "year" if letter == "y" else "week_year", count <= 2  # noqa: PLR2004 - digits of a short year

    def store(found: Reading, value: int, start: int, end: int) -> None:
        if short and end - start == 2 and found.text[start:end].isdecimal():  # noqa: PLR2004 - as above
            ambiguous = first_year % 100
            found.ambiguous = value == ambiguous
            value += first_year // 100 * 100 + (100 if value < ambiguous else 0)
        found.fields.set(name, value)

    return store


# -- words ------------------------------------------------------------------------------------------------------------


_WordStep = Callable[[Reading, int, int], int]


def _words(name: str, lists: Sequence[Sequence[str]], first: int) -> _WordStep:
    """One of the words of the lists in any case, longer ones first; unlike with numbers, no blanks may go before."""
    values = {word: at for words in lists for at, word in enumerate(words, first)}
    longest_first = sorted(values, key=len, reverse=True)
    pattern = re.compile("|".join(f"({word})" for word in longest_first), re.IGNORECASE)

    def read(found: Reading, at: int, _: int) -> int:
        match = pattern.match(found.text, at)
        if match is None or match.lastindex is None:
            return -1
        found.fields.set(name, values[longest_first[match.lastindex - 1]])
        return match.end()

    return read


_WORDS: Final[dict[str, _WordStep]] = {
    "G": _words("era", (ERAS,), 0),
    "a": _words("half", (HALVES,), 0),
    "E": _words("weekday", (DAYS, SHORT_DAYS), 1),
}
_MONTH: Final = _words("month", (MONTHS, SHORT_MONTHS), 1)


# -- zones ------------------------------------------------------------------------------------------------------------


def _general_zone(found: Reading, before: int, at: int) -> int:
    """An offset, ``GMT`` with or without one, or a name; ``GMT`` after blanks is a name like any other."""
    text = found.text
    sign = _sign(text, at)
    if sign:
        return _offset(found, at + 1, sign, digits=4, colon=False)
    if before == at and text[at : at + 3].upper() == "GMT":
        sign = _sign(text, at + 3)
        return _offset(found, at + 4, sign, digits=0, colon=True) if sign else _set_offset(found, 0, at + 3)
    named = find_zone(text, at, found.zone)
    if named is None:
        return -1
    found.zone = named.zone
    if named.daylight is not None:
        found.fields.clear("zone_offset")
        found.fields.set("dst_offset", named.daylight)
    return named.end


def _iso_zone(found: Reading, at: int, count: int) -> int:
    if found.text[at] == "Z":
        return _set_offset(found, 0, at + 1)
    sign = _sign(found.text, at)
    return _offset(found, at + 1, sign, digits=2 if count == 1 else 4, colon=count == _SHORT_FORM) if sign else -1


def _sign(text: str, at: int) -> int:
    return {"+": 1, "-": -1}.get(text[at : at + 1], 0)


_OFFSETS: Final = {
    (2, False): re.compile(r"([0-9]{2})"),
    (4, False): re.compile(r"([0-9]{2})([0-9]{2})"),
    (4, True): re.compile(r"([0-9]{2}):([0-9]{2})"),
    (0, True): re.compile(r"([0-9]{1,2}):([0-9]{2})"),
}


def _offset(found: Reading, at: int, sign: int, *, digits: int, colon: bool) -> int:
    match = _OFFSETS[digits, colon].match(found.text, at)
    if match is None:
        return -1
    hours, minutes = int(match[1]), int(match[2]) if match.lastindex == 2 else 0  # noqa: PLR2004 - groups
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - of a clock
        return -1
    return _set_offset(found, sign * (hours * 60 + minutes) * _MINUTE, match.end())


def _set_offset(found: Reading, milliseconds: int, end: int) -> int:
    found.fields.set("zone_offset", milliseconds)
    found.fields.set("dst_offset", 0)
    return end
