"""The fast way to read texts of fixed width, such as ``yyyy-MM-dd HH:mm:ss.SSS`` or ``dd/MMM/yyyy:HH:mm:ss Z``, in UTC.

Such a text holds the characters of an ISO date in another order, and constant ones between them. Put back, they are a
text that Python reads fast. Whatever is not exactly of that form is left to the reader that knows all of Java's ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple

from barnabas._java.date_pattern import Letters
from barnabas._java.date_texts import SHORT_DAYS, SHORT_MONTHS
from barnabas._java.days import CUTOVER_YEAR

__all__ = ["ShapeReader", "reader_of"]

_EMPTY: Final = "1970-01-01 00:00:00.000+00:00"
_BETWEEN: Final = 10
_PLACES: Final = {
    Letters("y", 4): (0, 1, 2, 3),
    Letters("M", 2): (5, 6),
    Letters("L", 2): (5, 6),
    Letters("d", 2): (8, 9),
    Letters("H", 2): (11, 12),
    Letters("m", 2): (14, 15),
    Letters("s", 2): (17, 18),
    Letters("S", 3): (20, 21, 22),
}
_DAY: Final = 8
_NAME: Final = 3  # letters of a short name
_MONTHS: Final = {name: f"{number:02d}" for number, name in enumerate(SHORT_MONTHS, 1)}
_WEEKDAYS: Final = frozenset(SHORT_DAYS)
_ISO_OFFSETS: Final = {
    1: re.compile(r"([+-])([01][0-9]|2[0-3])()"),
    2: re.compile(r"([+-])([01][0-9]|2[0-3])([0-5][0-9])"),
    3: re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])"),
}
_ZERO: Final = timedelta()


class ShapeReader(NamedTuple):
    """Reads in UTC; ``None``: it has to be read otherwise.

    Args:
        one: A text.
        many: A column of texts.
    """

    one: Callable[[str], datetime | None]
    many: Callable[[list[str]], list[datetime] | None]


class _Form:
    """Where the characters of an ISO date stand in a text."""

    def __init__(self) -> None:
        self.size = 0
        self.places: dict[int, int] = {}
        self.constants: dict[int, str] = {}
        self.month: int | None = None
        self.weekday: int | None = None

    def add(self, piece: Letters | str, *, after_number: bool) -> bool:
        """Go on with a piece of the pattern; whether that can be done."""
        if isinstance(piece, str):
            if not piece.isascii() or (after_number and piece[0] in "0123456789E"):
                return False  # a number before it would go on in there
            self.constants |= {self.size + nth: character for nth, character in enumerate(piece)}
            self.size += len(piece)
        elif piece.letter == "E" and piece.size <= _NAME and self.weekday is None:
            self.weekday = self.size
            self.size += _NAME
        elif piece.letter in "ML" and piece.size == _NAME and 5 not in self.places:  # noqa: PLR2004 - of the month
            self.month = self.size
            self.places |= {5: -2, 6: -1}  # behind the text, see _prepared
            self.size += _NAME
        else:
            found = _PLACES.get(piece)
            if found is None or found[0] in self.places:
                return False
            self.places |= {place: self.size + nth for nth, place in enumerate(found)}
            self.size += len(found)
        return True


def reader_of(pattern: list[Letters | str]) -> ShapeReader | None:
    """The fast way to read a pattern; ``None``: it has none."""
    form = _Form()
    zone = pattern[-1] if pattern and isinstance(pattern[-1], Letters) and pattern[-1].letter in "XZz" else None
    number = False
    for piece in pattern[:-1] if zone is not None else pattern:
        if not form.add(piece, after_number=number):
            return None
        number = isinstance(piece, Letters)
    if not form.places or (form.weekday is not None and _DAY not in form.places):
        return None  # a weekday counts only where no day of the month does
    return _reader(form) if zone is None else _with_offset(_reader(form), form.size, zone)


def _reader(form: _Form) -> ShapeReader:
    fromisoformat, prepare = datetime.fromisoformat, _prepared(form)
    size, checks = form.size, list(form.constants.items())
    year = form.places.get(0)

    def one(text: str) -> datetime | None:
        if len(text) != size or any(text[at] != character for at, character in checks):
            return None
        try:
            moment = fromisoformat(prepare(text))
        except (ValueError, KeyError):
            return None
        return moment if moment.year > CUTOVER_YEAR else None

    def many(texts: list[str]) -> list[datetime] | None:
        joined, count = "".join(texts), len(texts)
        if set(map(len, texts)) != {size} or any(joined[at::size] != character * count for at, character in checks):
            return None
        try:
            moments = list(map(fromisoformat, map(prepare, texts)))
        except (ValueError, KeyError):
            return None
        if year is not None and joined[year::size] != "2" * count and min(moments).year <= CUTOVER_YEAR:
            return None
        return moments

    return ShapeReader(one, many)


def _prepared(form: _Form) -> Callable[[str], str]:
    """What makes an ISO date of a text whose constants were checked; KeyError for a name that is none."""
    size, places = form.size, form.places
    head = max(places) + 1
    if form.month is None and form.weekday is None and all(_in_place(form, at) for at in range(head)):
        tail = _EMPTY[head:]
        return (lambda text: text + tail) if head == size else (lambda text: text[:head] + tail)
    pick = itemgetter(*[places.get(at, size + at) for at in range(len(_EMPTY))])
    if form.month is None and form.weekday is None:
        return lambda text: "".join(pick(text + _EMPTY))
    month, weekday = form.month, form.weekday

    def prepare(text: str) -> str:
        if weekday is not None and text[weekday : weekday + _NAME] not in _WEEKDAYS:
            raise KeyError
        digits = "" if month is None else _MONTHS[text[month : month + _NAME]]
        return "".join(pick(text + _EMPTY + digits))

    return prepare


def _in_place(form: _Form, at: int) -> bool:
    """Whether the text has at a position what the ISO date has there; between date and time that is any character."""
    found = form.constants.get(at)
    return form.places.get(at) == at or found == _EMPTY[at] or (at == _BETWEEN and found is not None)


def _with_offset(body: ShapeReader, size: int, zone: Letters) -> ShapeReader:
    """Texts that end with their offset from UTC."""
    iso = zone.letter == "X"
    form = _ISO_OFFSETS[zone.size if iso else 2]
    known = {"Z": _ZERO} if iso else {"UTC": _ZERO, "GMT": _ZERO}

    def offset(text: str) -> timedelta | None:
        found = known.get(text)
        if found is None:
            match = form.fullmatch(text)
            if match is None:
                return None
            size = timedelta(hours=int(match[2]), minutes=int(match[3] or "0"))
            found = known[text] = -size if match[1] == "-" else size  # there are only so many
        return found

    def one(text: str) -> datetime | None:
        wall, shift = body.one(text[:size]), offset(text[size:])
        return None if wall is None or shift is None else _shifted(wall, shift)

    def many(texts: list[str]) -> list[datetime] | None:
        shifts = [offset(text[size:]) for text in texts]
        walls = body.many([text[:size] for text in texts])
        if walls is None or None in shifts:
            return None
        moments = [_shifted(wall, shift or _ZERO) for wall, shift in zip(walls, shifts, strict=True)]
        return None if None in moments else [moment for moment in moments if moment is not None]

    return ShapeReader(one, many)


def _shifted(wall: datetime, offset: timedelta) -> datetime | None:
    if not offset:
        return wall
    try:
        return wall - offset
    except OverflowError:
        return None
