"""The fast way to write usual patterns in UTC: the writer that knows all of Java's ways is asked once a minute.

A text changes with the minute, and a few of its characters with seconds and milliseconds. What was written for a minute
is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from barnabas._java.date_pattern import MOST_DIGITS, Letters
from barnabas._java.days import EPOCH

__all__ = ["ShapeWriter", "writer_of"]

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


def writer_of(
    pattern: list[Letters | str], write: Callable[[list[Letters | str]], Callable[[int], str]]
) -> ShapeWriter | None:
    """The fast way to write a pattern; ``None``: it has none.

    Args:
        pattern: Any.
        write: Makes the slow way for a part of it, in UTC.
    """
    parts = [write([piece])(0) if isinstance(piece, Letters) and piece.letter in "XZz" else piece for piece in pattern]
    fine = [at for at, piece in enumerate(parts) if isinstance(piece, Letters) and piece.letter in "sS"]
    first, last = (fine[0], fine[-1]) if fine else (len(parts), len(parts))
    tables: dict[str, list[str]] = {}
    for start, end in zip(fine, [*fine, last + 1][1:], strict=True):
        piece, *after = parts[start:end]
        if not isinstance(piece, Letters) or piece.letter in tables or not all(isinstance(text, str) for text in after):
            return None
        numbers = range(60 if piece.letter == "s" else 1000)
        tables[piece.letter] = [
            f"{number:0{min(piece.size, MOST_DIGITS)}d}{''.join(map(str, after))}" for number in numbers
        ]
    if list(tables) == ["S", "s"]:
        return None
    before, behind = write(parts[:first]), write(parts[last + 1 :])
    return _remembering(before, behind, tables.get("s", [""] * 60), tables.get("S", [""] * 1000))


def _remembering(
    before: Callable[[int], str], behind: Callable[[int], str], seconds: list[str], thousandths: list[str]
) -> ShapeWriter:
    frames: dict[int, tuple[str, str]] = {}
    first_minute = EPOCH * 1440

    def frame_of(minute: int) -> tuple[str, str]:
        if len(frames) >= _REMEMBERED:
            frames.clear()
        frame = frames[minute] = before(minute * _MINUTE), behind(minute * _MINUTE)
        return frame

    def milliseconds(number: int) -> str:
        minute, rest = divmod(number, _MINUTE)
        head, tail = frames.get(minute) or frame_of(minute)
        return head + seconds[rest // 1000] + thousandths[rest % 1000] + tail

    def moment(when: datetime) -> str:
        minute = when.toordinal() * 1440 + when.hour * 60 + when.minute - first_minute
        head, tail = frames.get(minute) or frame_of(minute)
        return head + seconds[when.second] + thousandths[when.microsecond // 1000] + tail

    return ShapeWriter(milliseconds, moment)
