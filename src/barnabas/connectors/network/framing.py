"""Cutting a stream of bytes into messages: pure, fed with whatever came in."""

from __future__ import annotations

from abc import ABC, abstractmethod

from barnabas import DataError

__all__ = ["Framer", "LengthFramer", "LineFramer", "OctetFramer", "framer"]

_HEAD = 4
_MOST_DIGITS = 10


class Framer(ABC):
    """One stream's state: at most one unfinished message, which is never longer than the limit and its head.

    Bytes are looked at once: a sender that sends them one by one costs no more than others.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()

    @abstractmethod
    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises:
            DataError: A message is longer than the limit, or the stream is not framed like this. It is of no use then.
        """

    @abstractmethod
    def end(self) -> list[bytes]:
        """What is left when the stream ended properly.

        Raises:
            DataError: It ended within a message.
        """

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise DataError(f"a message is longer than max.message.bytes={self._limit}", code="BRN-7210")


class LineFramer(Framer):
    """Messages end with LF or CR LF; the last one may end with the stream."""

    def feed(self, data: bytes) -> list[bytes]:
        """See :class:`Framer`."""
        if b"\n" not in data:
            self._rest += data
            self._check(len(self._rest) - self._rest.endswith(b"\r"))
            return []
        whole = bytes(self._rest) + data
        lines = whole.split(b"\n")
        self._rest = bytearray(lines.pop())
        if b"\r" in whole:
            lines = [line.removesuffix(b"\r") for line in lines]
        self._check(max(map(len, lines)))
        self._check(len(self._rest) - self._rest.endswith(b"\r"))
        return lines

    def end(self) -> list[bytes]:
        """See :class:`Framer`; many senders leave out the last line end, so it is never an error."""
        rest, self._rest = bytes(self._rest).removesuffix(b"\r"), bytearray()
        return [rest] if rest else []


class _CountedFramer(Framer):
    """Before each message stands its length."""

    _needed = 1
    """So many bytes there must be before it is worth looking."""

    def feed(self, data: bytes) -> list[bytes]:
        """See :class:`Framer`."""
        self._rest += data
        if len(self._rest) < self._needed:
            return []
        whole, at, messages = bytes(self._rest), 0, []
        self._needed = 1
        while (head := self._head(whole, at)) is not None:
            start, size = head
            self._check(size)
            if len(whole) - start < size:
                self._needed = start - at + size
                break
            messages.append(whole[start : start + size])
            at = start + size
        self._rest = bytearray(whole[at:])
        return messages

    @abstractmethod
    def _head(self, data: bytes, at: int) -> tuple[int, int] | None:
        """Where the message begins whose head is at ``at``, and its length; ``None`` if the head is not there yet."""

    def end(self) -> list[bytes]:
        """See :class:`Framer`."""
        if self._rest:
            raise DataError(f"the stream ended within a message, after {len(self._rest)} bytes of it", code="BRN-7211")
        return []


class LengthFramer(_CountedFramer):
    """The length is 4 bytes, big-endian."""

    def _head(self, data: bytes, at: int) -> tuple[int, int] | None:
        start = at + _HEAD
        return (start, int.from_bytes(data[at:start], "big")) if len(data) >= start else None


class OctetFramer(_CountedFramer):
    """The length is in digits, with a blank behind it (RFC 6587)."""

    def _head(self, data: bytes, at: int) -> tuple[int, int] | None:
        blank = data.find(b" ", at, at + _MOST_DIGITS + 1)
        digits = data[at : blank if blank >= 0 else at + _MOST_DIGITS + 1]
        if blank < 0 and len(digits) <= _MOST_DIGITS and (not digits or digits.isdigit()):
            return None
        if not digits.isdigit() or blank < 0:
            raise DataError(f"a length was expected, and {digits!r} came", code="BRN-7212")
        return blank + 1, int(digits)


_FRAMERS: dict[str, type[Framer]] = {"newline": LineFramer, "length": LengthFramer, "octets": OctetFramer}


def framer(name: str, limit: int) -> Framer:
    """A framer by its name in the configuration, for messages of at most ``limit`` bytes."""
    return _FRAMERS[name](limit)
