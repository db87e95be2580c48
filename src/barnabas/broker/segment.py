"""One file of a partition's log: whole record batches, one after the other, exactly as clients sent them.

A sparse index (one entry each 64 KiB) lives in memory. When a segment is finished, and when the broker stops, what is
known about it goes into a file beside it (``.state``), so that only the segment which was being written when a broker
was killed must be read again.
"""

from __future__ import annotations

import os
import time
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from barnabas.broker.files import replace_file, write_all
from barnabas.broker.producers import AbortedTransaction, Producer
from barnabas.broker.records import HEADER_SIZE, BatchHeader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barnabas.broker.files import FileCache

__all__ = ["Segment", "SegmentState"]

_INDEX_INTERVAL = 1 << 16
_SCAN_CHUNK = 1 << 16


class SegmentState(msgspec.Struct):
    """What is kept beside a finished segment.

    ``producers`` and ``open`` are those of the partition when the segment ended, ``aborted`` the transactions whose
    abort marker lies in this segment.
    """

    size: int
    next_offset: int
    created: int
    max_timestamp: int
    max_timestamp_offset: int
    offsets: list[int]
    positions: list[int]
    cleaned_at: int = 0
    removable: int = 0
    producers: dict[int, Producer] = {}
    open: dict[int, int] = {}
    aborted: list[AbortedTransaction] = []


class Segment:
    """A segment file and its index.

    Args:
        folder: The partition's folder.
        base_offset: No record in the segment has a smaller offset; it is the file's name.
        files: Where descriptors come from.

    Attributes:
        size: Bytes in the file that are whole batches.
        next_offset: One more than the last offset.
        created: When the first batch was written (milliseconds, our clock); -1 while empty.
        max_timestamp: The largest timestamp; -1 while empty.
        max_timestamp_offset: The last offset of the batch which has it.
        cleaned_at: When compaction last rewrote it (milliseconds), 0 for never.
        removable: How many tombstones and markers compaction has left for readers that are behind.
    """

    def __init__(self, folder: Path, base_offset: int, files: FileCache) -> None:
        self.base_offset = base_offset
        self.path = folder / f"{base_offset:020d}.log"
        self.state_path = folder / f"{base_offset:020d}.state"
        self._files = files
        self.size = 0
        self.next_offset = base_offset
        self.created = -1
        self.max_timestamp = -1
        self.max_timestamp_offset = -1
        self.cleaned_at = 0
        self.removable = 0
        self._offsets = array("q")
        self._positions = array("q")
        self._indexed_to = -_INDEX_INTERVAL

    def descriptor(self) -> int:
        """The open file; valid until the next file is opened."""
        return self._files.descriptor(self.path)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes to the file; they count once ``note`` was called. On failure the file is as before."""
        try:
            write_all(self.descriptor(), data)
        except OSError:
            os.ftruncate(self.descriptor(), self.size)
            raise

    def note(self, header: BatchHeader) -> None:
        """The batch at the end of the segment (``size``) is complete: enter it into the index."""
        if self.size - self._indexed_to >= _INDEX_INTERVAL:
            self._offsets.append(header.base_offset)
            self._positions.append(self.size)
            self._indexed_to = self.size
        if self.created < 0:
            self.created = time.time_ns() // 1_000_000
        if header.max_timestamp > self.max_timestamp:
            self.max_timestamp = header.max_timestamp
            self.max_timestamp_offset = header.last_offset
        self.size += header.size
        self.next_offset = header.last_offset + 1

    def _floor(self, offset: int) -> int:
        """Position of an indexed batch that starts at or before ``offset``."""
        index = bisect_right(self._offsets, offset) - 1
        return self._positions[index] if index >= 0 else 0

    def position_of(self, offset: int) -> int:
        """Position of the first batch that ends at or after ``offset``; the segment's size when there is none."""
        if offset >= self.next_offset:
            return self.size
        for position, header in self.batches(self._floor(offset)):
            if header.last_offset >= offset:
                return position
        return self.size

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``position``."""
        return os.pread(self.descriptor(), min(size, self.size - position), position)

    def batch(self, position: int, header: BatchHeader) -> bytes:
        """The batch at ``position``, whole."""
        return os.pread(self.descriptor(), header.size, position)

    def batch_size_at(self, position: int) -> int:
        """Size of the batch that starts at ``position``."""
        return BatchHeader.read(os.pread(self.descriptor(), HEADER_SIZE, position)).size

    def batches(self, position: int = 0, end: int | None = None) -> Iterator[tuple[int, BatchHeader]]:
        """Positions and headers of the complete batches from ``position`` on, found by reading the file."""
        end = self.size if end is None else end
        chunk, chunk_at = b"", position
        while position + HEADER_SIZE <= end:
            if position + HEADER_SIZE > chunk_at + len(chunk):
                chunk, chunk_at = os.pread(self.descriptor(), _SCAN_CHUNK, position), position
                if len(chunk) < HEADER_SIZE:
                    return
            header = BatchHeader.read(chunk, position - chunk_at)
            if header.length < HEADER_SIZE - 12 or position + header.size > end:
                return
            yield position, header
            position += header.size

    def file_size(self) -> int:
        """Size of the file, which after a crash may be more than ``size``."""
        return self.path.stat().st_size

    def truncate(self) -> None:
        """Cut off what follows the last complete batch."""
        os.ftruncate(self.descriptor(), self.size)

    def sync(self) -> None:
        """Wait until the disk has everything."""
        os.fsync(self.descriptor())

    def save(
        self, producers: dict[int, Producer], open_transactions: dict[int, int], aborted: list[AbortedTransaction]
    ) -> None:
        """Write the ``.state`` file."""
        state = SegmentState(
            self.size,
            self.next_offset,
            self.created,
            self.max_timestamp,
            self.max_timestamp_offset,
            self._offsets.tolist(),
            self._positions.tolist(),
            self.cleaned_at,
            self.removable,
            producers,
            open_transactions,
            aborted,
        )
        replace_file(self.state_path, msgspec.msgpack.encode(state))

    def load(self) -> SegmentState | None:
        """Restore from the ``.state`` file; None when it is missing or is not about this content of the file."""
        try:
            state = msgspec.msgpack.decode(self.state_path.read_bytes(), type=SegmentState)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        self.cleaned_at = state.cleaned_at
        self.removable = state.removable
        if state.size != self.file_size():
            return None
        self.size = state.size
        self.next_offset = state.next_offset
        self.created = state.created
        self.max_timestamp = state.max_timestamp
        self.max_timestamp_offset = state.max_timestamp_offset
        self._offsets = array("q", state.offsets)
        self._positions = array("q", state.positions)
        self._indexed_to = state.positions[-1] if state.positions else -_INDEX_INTERVAL
        return state

    def delete(self) -> None:
        """Remove the files."""
        self._files.forget(self.path)
        self.path.unlink(missing_ok=True)
        self.state_path.unlink(missing_ok=True)
