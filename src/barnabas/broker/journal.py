"""A durable dictionary: the broker's memory for everything that is not a record.

Topics, committed offsets, groups and transactions are each one journal: an append-only file of changes, folded into a
dictionary when it is opened and rewritten when most of it is history. A change is in the file before ``put`` returns,
so it survives the death of the process; a torn last entry (its checksum tells) is cut off.

Entry: length, CRC-32, then the MessagePack array ``[key, value]``; a null value means deleted.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from barnabas.broker.files import replace_file, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Journal"]

_log = logging.getLogger(__name__)
_FRAME = struct.Struct(">II")
_SLACK = 1 << 20  # bytes of history that are never worth a rewrite


class Journal:
    """A dictionary of strings to MessagePack values, kept in one file.

    Args:
        path: The file; created when missing.
        sync: Wait for the disk after every change.
    """

    def __init__(self, path: Path, *, sync: bool = False) -> None:
        self._path = path
        self._sync = sync
        self._encoder = msgspec.msgpack.Encoder()
        self._items: dict[str, Any] = {}
        self._live: dict[str, int] = {}
        self._live_bytes = 0
        self._size = self._load()
        self._descriptor = self._open()

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def _load(self) -> int:
        """Fold the file into memory, cut a torn end off, and return the size."""
        data = self._path.read_bytes() if self._path.exists() else b""
        position = 0
        decode = msgspec.msgpack.decode
        while position + _FRAME.size <= len(data):
            size, checksum = _FRAME.unpack_from(data, position)
            body = data[position + _FRAME.size : position + _FRAME.size + size]
            if len(body) < size or zlib.crc32(body) != checksum:
                break
            key, value = decode(body)
            self._apply(key, value, size + _FRAME.size)
            position += size + _FRAME.size
        if position < len(data):
            _log.warning("%s ended in an incomplete entry; %d bytes were cut off", self._path, len(data) - position)
            os.truncate(self._path, position)
        return position

    def _apply(self, key: str, value: Any, size: int) -> None:
        self._live_bytes -= self._live.pop(key, 0)
        if value is None:
            self._items.pop(key, None)
            return
        self._items[key] = value
        self._live[key] = size
        self._live_bytes += size

    def _entry(self, key: str, value: Any) -> bytes:
        body = self._encoder.encode((key, value))
        return _FRAME.pack(len(body), zlib.crc32(body)) + body

    def get(self, key: str) -> Any:
        """The value of ``key``, or None."""
        return self._items.get(key)

    def items(self) -> Iterable[tuple[str, Any]]:
        """All keys and values."""
        return self._items.items()

    def put(self, key: str, value: Any) -> None:
        """Set ``key`` durably; a None value deletes it. Raises ``OSError`` when the disk is full."""
        self.put_many([(key, value)])

    def put_many(self, changes: list[tuple[str, Any]]) -> None:
        """Make several changes with one write."""
        changes = [(key, value) for key, value in changes if value is not None or key in self._items]
        if not changes:
            return
        entries = [self._entry(key, value) for key, value in changes]
        try:
            write_all(self._descriptor, b"".join(entries))
        except OSError:
            os.truncate(self._path, self._size)  # half an entry would hide all later ones
            raise
        if self._sync:
            os.fdatasync(self._descriptor)
        for (key, value), entry in zip(changes, entries, strict=True):
            self._apply(key, value, len(entry))
            self._size += len(entry)
        if self._size > 2 * self._live_bytes + _SLACK:
            self._rewrite()

    def _rewrite(self) -> None:
        data = b"".join(self._entry(key, value) for key, value in self._items.items())
        replace_file(self._path, data)
        os.close(self._descriptor)
        self._descriptor = self._open()
        self._size = len(data)

    def close(self) -> None:
        """Bring everything to the disk and close the file."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)
