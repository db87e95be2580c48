"""Reading and writing the primitive types of the Kafka protocol.

``Reader`` walks over one request frame without copying it: strings are decoded, record batches stay views into the
frame. ``Writer`` gathers a response as a list of buffers, so that megabytes read from a log are never copied together
with the few bytes around them.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

__all__ = ["Buffer", "MalformedError", "Reader", "Writer"]

Buffer: TypeAlias = bytes | bytearray | memoryview

_I16 = struct.Struct(">h")
_I32 = struct.Struct(">i")
_LARGE = 4096  # from this size on a buffer is passed on instead of copied


class MalformedError(ValueError):
    """The bytes of a request are not what its API key and version promise; the connection is closed."""


class Reader:
    """A cursor over one frame. Every method raises ``MalformedError`` when the frame is too short.

    Args:
        data: The frame; kept alive, and shared, by the views that are handed out.
    """

    __slots__ = ("end", "pos", "view")

    def __init__(self, data: Buffer) -> None:
        self.view = memoryview(data)
        self.pos = 0
        self.end = len(self.view)

    def take(self, size: int) -> memoryview:
        """The next ``size`` bytes as a view."""
        start = self.pos
        stop = start + size
        if size < 0 or stop > self.end:
            raise MalformedError(f"{size} bytes wanted at {start} of a frame of {self.end} bytes")
        self.pos = stop
        return self.view[start:stop]

    def int16(self) -> int:
        """A signed 16-bit integer."""
        value: int = _I16.unpack(self.take(2))[0]
        return value

    def int32(self) -> int:
        """A signed 32-bit integer."""
        value: int = _I32.unpack(self.take(4))[0]
        return value

    def uvarint(self) -> int:
        """An unsigned variable-length integer of at most 32 bits."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the continuation bit
                return value
            shift += 7
            if shift > 28:  # noqa: PLR2004 - a sixth byte cannot belong to 32 bits
                raise MalformedError("a variable-length integer is longer than five bytes")

    def count(self, size: int) -> int:
        """Check a number of elements that was just read: no element is smaller than a byte."""
        if size > self.end - self.pos:
            raise MalformedError(f"an array of {size} elements does not fit into the frame")
        return size

    def skip_tagged(self) -> None:
        """Pass over a section of tagged fields none of which is known."""
        for _ in range(self.uvarint()):
            self.uvarint()
            self.take(self.uvarint())


class Writer:
    """Collects a message; ``parts()`` gives its buffers in order."""

    __slots__ = ("_parts", "tail")

    def __init__(self) -> None:
        self._parts: list[Buffer] = []
        self.tail = bytearray()

    def raw(self, data: Buffer) -> None:
        """Append bytes as they are; large ones without copying them (so they must not change afterwards)."""
        if len(data) < _LARGE:
            self.tail += data
            return
        self._parts.append(self.tail)
        self._parts.append(data)
        self.tail = bytearray()

    def int16(self, value: int) -> None:
        """A signed 16-bit integer."""
        self.tail += _I16.pack(value)

    def int32(self, value: int) -> None:
        """A signed 32-bit integer."""
        self.tail += _I32.pack(value)

    def uvarint(self, value: int) -> None:
        """An unsigned variable-length integer."""
        tail = self.tail
        while value > 0x7F:  # noqa: PLR2004 - the continuation bit
            tail.append(value & 0x7F | 0x80)
            value >>= 7
        tail.append(value)

    def parts(self) -> list[Buffer]:
        """The buffers written so far, in order, none of them empty."""
        return [part for part in (*self._parts, self.tail) if len(part)]

    def size(self) -> int:
        """The number of bytes written so far."""
        return len(self.tail) + sum(map(len, self._parts))
