"""The fast way for patterns of fixed width, such as ``yyyy-MM-dd HH:mm:ss.SSS``.

Such a text holds the characters of an ISO date in another order, and constant ones between them. Writing is picking
characters. Reading is putting them back, and is only trusted if writing the result gives the same text: everything
else is left to the reader that knows all of Java's leniency.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple

from barnabas._java.date_pattern import Letters

__all__ = ["Shape", "shape_of"]

# 2026-01-02 03:04:05.678
_ISO: Final = "0000-00-00 00:00:00.000"
_EMPTY: Final = "1970-01-01 00:00:00.000+00:00"
_PLACES: Final = {
    Letters("y", 4): slice(0, 4),
    Letters("M", 2): slice(5, 7),
    Letters("L", 2): slice(5, 7),
    Letters("d", 2): slice(8, 10),
    Letters("H", 2): slice(11, 13),
    Letters("m", 2): slice(14, 16),
    Letters("s", 2): slice(17, 19),
    Letters("S", 3): slice(20, 23),
}
_CONSTANT: Final = {Letters("X", 1): "Z", Letters("X", 2): "Z", Letters("X", 3): "Z", Letters("Z", 1): "+0000"}


class Shape(NamedTuple):
    """A pattern of fixed width, in UTC.

    Args:
        write: From an aware datetime in UTC.
        read: To one; ``None``: the text has to be read otherwise.
    """

    write: Callable[[datetime], str]
    read: Callable[[str], datetime | None]


def shape_of(pattern: list[Letters | str]) -> Shape | None:
    """The fast way for a pattern; ``None``: it has none."""
    places: list[int] = []  # of each character of the text: in the ISO date and the constants behind it
    constants = ""
    for at, piece in enumerate(pattern):
        text = _text(piece)
        if text is not None:
            if at and not isinstance(pattern[at - 1], str) and (text[0].isdecimal() or text[0] == "E"):
                return None  # a number before it would go on in there
            places += range(len(_ISO) + len(constants), len(_ISO) + len(constants) + len(text))
            constants += text
        elif isinstance(piece, Letters) and piece in _PLACES:
            places += range(len(_ISO))[_PLACES[piece]]
        else:
            return None
    fields = [piece for piece in pattern if piece in _PLACES]
    if len(set(fields)) != len(fields) or len(fields) == 0:
        return None
    write = _writer(places, constants)
    return Shape(write, _reader(places, write))


def _text(piece: Letters | str) -> str | None:
    return piece if isinstance(piece, str) else _CONSTANT.get(piece)


def _writer(places: list[int], constants: str) -> Callable[[datetime], str]:
    places, constants, separator = _with_separator(places, constants)
    isoformat = datetime.isoformat
    size = 0
    while size < len(places) and places[size] == size and size < len(_ISO):
        size += 1
    if size == len(places):
        return lambda moment: isoformat(moment, separator, "milliseconds")[:size]
    rest = places[size:]
    if size and rest == list(range(len(_ISO), len(_ISO) + len(rest))):
        return lambda moment: isoformat(moment, separator, "milliseconds")[:size] + constants
    pick = itemgetter(*places)
    return lambda moment: "".join(pick(isoformat(moment, separator, "milliseconds")[:23] + constants))


def _with_separator(places: list[int], constants: str) -> tuple[list[int], str, str]:
    """Let the ISO date bring its own separators where the pattern has the same."""
    known = dict(enumerate(_ISO))
    made, separator = list(places), " "
    for at, place in enumerate(places):
        character = constants[place - len(_ISO)] if place >= len(_ISO) else ""
        if at == 10 and character and character.isascii():  # noqa: PLR2004 - between date and time any character may stand
            made[at], separator = at, character
        elif character and known.get(at) == character and character in "-:.":
            made[at] = at
    if made[:1] != [0]:
        return list(places), constants, " "
    left = [place for place in made if place >= len(_ISO)]
    if left and left != places[-len(left) :]:
        return list(places), constants, " "
    kept = "".join(constants[place - len(_ISO)] for place in left)
    return made[: len(made) - len(left)] + list(range(len(_ISO), len(_ISO) + len(kept))), kept, separator


def _reader(places: list[int], write: Callable[[datetime], str]) -> Callable[[str], datetime | None]:
    size = len(places)
    fromisoformat = datetime.fromisoformat
    prepare = _prepared(places)

    def read(text: str) -> datetime | None:
        if len(text) != size:
            return None
        try:
            moment = fromisoformat(prepare(text))
        except ValueError:
            return None
        return moment if write(moment) == text else None

    return read


def _prepared(places: list[int]) -> Callable[[str], str]:
    """What makes an ISO date of a text, fields that it does not have filled in."""
    at_place = {place: at for at, place in enumerate(places) if place < len(_ISO)}
    size = len(places)
    sources = [at_place.get(place, size + place) for place in range(len(_ISO))]
    head = 0
    # Separators of the text are looked at when it is written again: here any character will do.
    while head < len(_ISO) and (sources[head] == head or (head < size and _EMPTY[head] in "-: .")):
        head += 1
    if all(place not in at_place for place in range(head, len(_ISO))):
        tail = _EMPTY[head:]
        return (lambda text: text + tail) if head == size else (lambda text: text[:head] + tail)
    pick = itemgetter(*sources, *range(size + len(_ISO), size + len(_EMPTY)))
    return lambda text: "".join(pick(text + _EMPTY))
