"""Sets of characters as sorted ranges of code points: what a character class of a regular expression means."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

__all__ = ["ALL", "LAST", "CharSet"]

LAST: Final = 0x10FFFF
_ASCII: Final = 0x80
_BMP: Final = 0x10000


class CharSet:
    """An immutable set of code points.

    Args:
        ranges: Pairs of first and last, in any order, overlapping or not.
    """

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        self.ranges = tuple(merged)

    @classmethod
    def of(cls, text: str) -> CharSet:
        """The characters of a text, each as itself."""
        return cls((ord(char), ord(char)) for char in text)

    @classmethod
    def one(cls, code: int) -> CharSet:
        """A single character."""
        return cls([(code, code)])

    def __contains__(self, code: int) -> bool:
        at = bisect_right(self.ranges, (code, LAST + 1)) - 1
        return at >= 0 and self.ranges[at][1] >= code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CharSet) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet((*self.ranges, *other.ranges))

    def __invert__(self) -> CharSet:
        gaps, start = [], 0
        for first, last in self.ranges:
            if first > start:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= LAST:
            gaps.append((start, LAST))
        return CharSet(gaps)

    def __and__(self, other: CharSet) -> CharSet:
        return ~(~self | ~other)

    def pattern(self) -> str:
        """A piece of a Python regular expression that matches exactly one character of the set."""
        if not self.ranges:
            return "(?!)"
        if self.ranges == ((0, LAST),):
            return "(?s:.)"
        if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1]:
            return escape(self.ranges[0][0])
        rest = ~self
        negated = len(rest.ranges) < len(self.ranges)
        chosen = rest if negated else self
        return f"[{'^' if negated else ''}{''.join(_range(first, last) for first, last in chosen.ranges)}]"


ALL: Final = CharSet([(0, LAST)])


def escape(code: int) -> str:
    """One character, as itself wherever it stands in a Python regular expression."""
    char = chr(code)
    if code < _ASCII:
        return char if char.isalnum() or char == "_" else f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BMP else f"\\U{code:08x}"


def _range(first: int, last: int) -> str:
    if first == last:
        return escape(first)
    return f"{escape(first)}{'-' if last > first + 1 else ''}{escape(last)}"
