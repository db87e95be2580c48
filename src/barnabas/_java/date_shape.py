"""The fast ways for usual patterns in UTC; everything else is left to the writer and the reader that know all of Java.

*Writing*: a text changes with the minute, and a few of its characters with seconds and milliseconds. What was written
for a minute is remembered. *Reading*: a text of fixed width, such as ``yyyy-MM-dd HH:mm:ss.SSS``, holds the characters
of an ISO date in another order, and constant ones between them. Put back, they are a text that Python reads fast.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple

from barnabas._java.date_pattern import MOST_DIGITS, Letters
from barnabas._java.days import CUTOVER_YEAR, EPOCH

__all__ = ["ShapeReader", "ShapeWriter", "reader_of", "writer_of"]

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
_CONSTANT: Final = {Letters("X", 1): "Z", Letters("X", 2): "Z", Letters("X", 3): "Z", Letters("Z", 1): "+0000"}
_MINUTE: Final = 60_000
_REMEMBERED: Final = 4096


class ShapeWriter(NamedTuple):
    """Writes in UTC.

    Args:
        milliseconds: A point in time as a number.
        moment: An aware datetime in UTC.
    """

    milliseconds: Callable[[int], str]
    moment: Callable[[datetime], str]


class ShapeReader(NamedTuple):
    """Reads in UTC; ``None``: it has to be read otherwise.

    Args:
        one: A text.
        many: A column of texts.
    """

    one: Callable[[str], datetime | None]
    many: Callable[[list[str]], list[datetime] | None]


# -- writing ----------------------------------------------------------------------------------------------------------


def writer_of(
    pattern: list[Letters | str], write: Callable[[list[Letters | str]], Callable[[int], str]]
) -> ShapeWriter | None:
    """The fast way to write a pattern; ``None``: it has none.

    Args:
        pattern: Any.
        write: Makes the slow way for a part of it, in UTC.
    """
    fine = [at for at, piece in enumerate(pattern) if isinstance(piece, Letters) and piece.letter in "sS"]
    first = fine[0] if fine else len(pattern)
    tails: dict[str, list[str]] = {}
    for start, end in zip(fine, [*fine, len(pattern)][1:], strict=True):
        piece, *after = pattern[start:end]
        if not isinstance(piece, Letters) or piece.letter in tails or not all(isinstance(text, str) for text in after):
            return None
        numbers = range(60 if piece.letter == "s" else 1000)
        tails[piece.letter] = [
            f"{number:0{min(piece.size, MOST_DIGITS)}d}{''.join(map(str, after))}" for number in numbers
        ]
    if list(tails) == ["S", "s"]:
        return None
    return _remembering(write(pattern[:first]), tails.get("s", [""] * 60), tails.get("S", [""] * 1000))


def _remembering(write: Callable[[int], str], seconds: list[str], thousandths: list[str]) -> ShapeWriter:
    heads: dict[int, str] = {}
    first_minute = EPOCH * 1440

    def head_of(minute: int) -> str:
        if len(heads) >= _REMEMBERED:
            heads.clear()
        head = heads[minute] = write(minute * _MINUTE)
        return head

    def milliseconds(number: int) -> str:
        minute, rest = divmod(number, _MINUTE)
        head = heads.get(minute)
        return (head_of(minute) if head is None else head) + seconds[rest // 1000] + thousandths[rest % 1000]

    def moment(when: datetime) -> str:
        minute = when.toordinal() * 1440 + when.hour * 60 + when.minute - first_minute
        head = heads.get(minute)
        if head is None:
            head = head_of(minute)
        return head + seconds[when.second] + thousandths[when.microsecond // 1000]

    return ShapeWriter(milliseconds, moment)


# -- reading ----------------------------------------------------------------------------------------------------------


def reader_of(pattern: list[Letters | str]) -> ShapeReader | None:
    """The fast way to read a pattern; ``None``: it has none."""
    places: dict[int, int] = {}  # where each character of the ISO date stands in the text
    constants: dict[int, str] = {}
    size = 0
    for at, piece in enumerate(pattern):
        text = piece if isinstance(piece, str) else _CONSTANT.get(piece)
        if text is None:
            found = _PLACES.get(piece) if isinstance(piece, Letters) else None
            if found is None or found[0] in places:
                return None
            places |= {place: size + nth for nth, place in enumerate(found)}
            size += len(found)
        else:
            after_number = at > 0 and not isinstance(pattern[at - 1], str)
            if not text.isascii() or (after_number and text[0] in "0123456789E"):
                return None  # a number before it would go on in there
            constants |= {size + nth: character for nth, character in enumerate(text)}
            size += len(text)
    return _reader(places, constants, size) if places else None


def _reader(places: dict[int, int], constants: dict[int, str], size: int) -> ShapeReader:
    fromisoformat, prepare = datetime.fromisoformat, _prepared(places, constants, size)
    checks = list(constants.items())
    has_year = 0 in places

    def one(text: str) -> datetime | None:
        if len(text) != size or any(text[at] != character for at, character in checks):
            return None
        try:
            moment = fromisoformat(prepare(text))
        except ValueError:
            return None
        return moment if moment.year > CUTOVER_YEAR else None

    def many(texts: list[str]) -> list[datetime] | None:
        joined, count = "".join(texts), len(texts)
        if set(map(len, texts)) != {size} or any(joined[at::size] != character * count for at, character in checks):
            return None
        try:
            moments = list(map(fromisoformat, map(prepare, texts)))
        except ValueError:
            return None
        if has_year and joined[places[0] :: size] != "2" * count and min(moments).year <= CUTOVER_YEAR:
            return None
        return moments

    return ShapeReader(one, many)


def _prepared(places: dict[int, int], constants: dict[int, str], size: int) -> Callable[[str], str]:
    """What makes an ISO date of a text whose constants were checked."""
    head = max(places) + 1
    if all(_in_place(at, places, constants) for at in range(head)):
        tail = _EMPTY[head:]
        return (lambda text: text + tail) if head == size else (lambda text: text[:head] + tail)
    pick = itemgetter(*[places.get(at, size + at) for at in range(len(_EMPTY))])
    return lambda text: "".join(pick(text + _EMPTY))


def _in_place(at: int, places: dict[int, int], constants: dict[int, str]) -> bool:
    """Whether the text has at a position what the ISO date has there; between date and time that is any character."""
    return places.get(at) == at or constants.get(at) == _EMPTY[at] or (at == _BETWEEN and at in constants)
