"""Stored source offsets, as connectors and tasks read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from barnabas.connector import OffsetStorageReader
from barnabas.store.offset_keys import parse_offset, partition_key

__all__ = ["StoredOffsets"]


class StoredOffsets(OffsetStorageReader):
    """The offsets of one connector, asked anew each time, never cached.

    Args:
        connector: Its name.
        read: Gives the stored values of serialised source partitions, in order.
    """

    def __init__(self, connector: str, read: Callable[[str, Sequence[bytes]], list[bytes | None]]) -> None:
        self._connector = connector
        self._read = read

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        """See :meth:`barnabas.OffsetStorageReader.offsets`."""
        keys = [partition_key(self._connector, partition) for partition in partitions]
        return [parse_offset(value) for value in self._read(self._connector, keys)]
