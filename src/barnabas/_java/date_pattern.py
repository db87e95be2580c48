"""Patterns of ``SimpleDateFormat`` taken apart: letters with their counts, and text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from barnabas.errors import IllegalArgumentError

__all__ = ["LETTERS", "MOST_DIGITS", "Letters", "elements"]

LETTERS: Final = frozenset("GyMdkHmsSEDFwWahKzZYuXL")
_PIECES: Final = re.compile(r"''|'|([a-zA-Z])|([^a-zA-Z']+)", re.DOTALL)
_MOST_X: Final = 3
MOST_DIGITS: Final = 309
"""More zeros are not put before a number, however often a letter is repeated."""
_CODE: Final = "BRN-2162"


class Letters(NamedTuple):
    """A field of a pattern: ``yyyy`` is ``("y", 4)``."""

    letter: str
    size: int


def elements(pattern: str) -> list[Letters | str]:
    """The fields of a pattern and the texts between them, in order; adjacent texts are one.

    Raises:
        IllegalArgumentError: as Java refuses it, in its words.
    """
    made: list[Letters | str] = []
    quoted = False
    for piece in _PIECES.finditer(pattern):
        text, letter = piece.group(), piece.group(1)
        if text == "'":
            quoted = not quoted
            made.append("")  # letters before and after a quote are two fields
        elif quoted or not letter:
            made.append("'" if text == "''" else text)
        elif letter not in LETTERS:
            raise _refused(f"Illegal pattern character '{letter}'")
        else:
            _extend(made, letter)
        if made[-2:-1] and isinstance(made[-1], str):
            _check(made[-2])
    if quoted:
        raise _refused("Unterminated quote")
    if made:
        _check(made[-1])
    return _merged(made)


def _extend(made: list[Letters | str], letter: str) -> None:
    last = made[-1] if made else ""
    if isinstance(last, Letters) and last.letter == letter:
        made[-1] = Letters(letter, last.size + 1)
        return
    _check(last)
    made.append(Letters(letter, 1))


def _check(element: Letters | str) -> None:
    if isinstance(element, Letters) and element.letter == "X" and element.size > _MOST_X:
        raise _refused(f"invalid ISO 8601 format: length={element.size}")


def _merged(made: list[Letters | str]) -> list[Letters | str]:
    merged: list[Letters | str] = []
    for element in made:
        if isinstance(element, Letters):
            merged.append(element)
        elif element:
            if merged and isinstance(merged[-1], str):
                merged[-1] += element
            else:
                merged.append(element)
    return merged


def _refused(message: str) -> IllegalArgumentError:
    return IllegalArgumentError(
        message,
        code=_CODE,
        remedy="See the letters that java.text.SimpleDateFormat knows; put other text between single quotes.",
    )
