"""Files of the broker: a bounded set of open descriptors, and small files replaced as a whole."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

__all__ = ["FileCache", "replace_file", "write_all"]


class FileCache:
    """Keeps the most recently used files open for reading and appending.

    A broker with thousands of partitions must not run out of descriptors. Used from the broker's event loop only: a
    descriptor is valid until the next call.

    Args:
        limit: How many files may be open at the same time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: OrderedDict[Path, int] = OrderedDict()

    def descriptor(self, path: Path) -> int:
        """An open descriptor of ``path``, which is created when it does not exist."""
        descriptor = self._open.get(path)
        if descriptor is not None:
            self._open.move_to_end(path)
            return descriptor
        if len(self._open) >= self._limit:
            os.close(self._open.popitem(last=False)[1])
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._open[path] = descriptor
        return descriptor

    def forget(self, path: Path) -> None:
        """Close ``path`` if it is open: it is about to be renamed or deleted."""
        descriptor = self._open.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all files."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data``; raises ``OSError`` when the disk does not take it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def replace_file(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` atomically: a reader, or a crash, sees the old content or the new."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
