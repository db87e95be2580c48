"""Cutting bytes into lines, a column at a time: pure, so that it can be tested to death.

A line ends with LF, CR LF or CR, as in Java. A CR that is the last byte there is ends nothing yet: an LF may follow.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Cut", "cut_lines", "last_line"]


class Cut(NamedTuple):
    """Complete lines from the front of some bytes."""

    lines: list[str]
    """Without their ends; bytes that are no UTF-8 are U+FFFD, as in Java."""

    size: int
    """How many bytes they took, ends included: where the next line begins."""


Text = bytes | bytearray

_NOTHING = Cut([], 0)


def cut_lines(data: Text, limit: int, size: int | None = None) -> Cut:
    """Take at most ``limit`` complete lines (at least 1) from the front of ``data``, of which ``size`` bytes count."""
    size = len(data) if size is None else size
    if data.find(b"\r", 0, size) < 0:
        return _cut_uniform(data, size, "\n", limit)
    pairs = data.count(b"\r\n", 0, size)
    waits = data[size - 1] == _CR
    if data.count(b"\n", 0, size) == pairs == data.count(b"\r", 0, size) - waits:
        return _cut_uniform(data, size, "\r\n", limit)
    return _cut_mixed(bytes(data[:size]), limit, size - waits)


_CR = ord("\r")


def _text(data: Text, end: int) -> str:
    with memoryview(data) as view, view[:end] as part:  # released at once: a buffer with views cannot grow
        return str(part, "utf-8", "replace")


def _cut_uniform(data: Text, size: int, separator: str, limit: int) -> Cut:
    mark = separator.encode()
    end = data.rfind(mark, 0, size) + len(mark)
    if end < len(mark):
        return _NOTHING
    # An LF is never part of another character, so decoding all at once equals decoding line by line.
    lines = _text(data, end).split(separator, limit)
    rest = lines.pop()
    if "\ufffd" in rest:  # may replace bytes of another length, so only the bytes themselves can tell
        return Cut(lines, end - len(data[:end].split(mark, limit)[-1]))
    return Cut(lines, end - (len(rest) if rest.isascii() else len(rest.encode())))


def _cut_mixed(data: bytes, limit: int, known: int) -> Cut:
    end = max(data.rfind(b"\n", 0, known), data.rfind(b"\r", 0, known)) + 1
    if not end:
        return _NOTHING
    text = data[:end].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n", limit)
    if lines.pop():  # more than the limit: bytes know the same three line ends, and no others
        end = sum(map(len, data[:end].splitlines(keepends=True)[:limit]))
    return Cut(lines, end)


def last_line(data: Text) -> str:
    """What is left at the end of something that will not grow: a line without its end, or with a final CR."""
    return bytes(data).removesuffix(b"\r").decode("utf-8", "replace")
