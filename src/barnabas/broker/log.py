"""The log of one partition: what is appended, in order, and read by offset.

With one broker the high watermark is the end of the log. The last stable offset is the start of the oldest open
transaction. All methods run on the broker's event loop; writes go to the operating system before they return, which is
what an acknowledgement promises.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.log_recovery import recover
from barnabas.broker.producers import AbortedTransaction, ProducerStates
from barnabas.broker.records import (
    HEADER_SIZE,
    NO_PRODUCER,
    BatchHeader,
    build_marker,
    iterate_records,
    restamp,
    split_batches,
    verify_checksum,
)
from barnabas.broker.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from barnabas.broker.files import FileCache
    from barnabas.broker.settings import BrokerSettings
    from barnabas.broker.topic_config import LogConfig

__all__ = ["Appended", "PartitionLog", "Slice"]

_logger = logging.getLogger(__name__)
_BASE_OFFSET_SIZE = 8
_EPOCH_AT = 12


class Appended(NamedTuple):
    """Where the records went; ``append_time`` is -1 unless the topic uses the broker's time."""

    base_offset: int
    append_time: int


class Slice(NamedTuple):
    """What a read found: whole batches (the last one may be cut) and the state of the log."""

    data: bytes
    high_watermark: int
    last_stable_offset: int
    log_start: int
    aborted: list[AbortedTransaction]


class PartitionLog:
    """The segments of one partition.

    Args:
        folder: Holds only this partition's files; created when missing.
        config: The topic's configuration; replaced when it is altered.
        settings: The broker's.
        files: The broker's open files.
        log_start: Records before this offset were deleted (they may still be in a file).

    Attributes:
        segments: In order of offset; the last one is being written.
        start: The first offset that can be read.
        end: The offset of the next record.
        states: The producers' sequence numbers and transactions.
        waiters: Futures of long polls, to be resolved at the next append.
        closed: The topic was deleted, or the broker stops.
    """

    def __init__(
        self, folder: Path, config: LogConfig, settings: BrokerSettings, files: FileCache, log_start: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = config
        self.settings = settings
        self.files = files
        self.states = ProducerStates()
        self.waiters: set[asyncio.Future[None]] = set()
        self.closed = False
        self.segments = recover(folder, files, self.states, log_start, verify=settings.verify_crc)
        self.start = max(log_start, self.segments[0].base_offset)
        self.end = max(self.segments[-1].next_offset, self.start)

    @property
    def active(self) -> Segment:
        """The segment that is being written."""
        return self.segments[-1]

    @property
    def stable_end(self) -> int:
        """The last stable offset: where readers of committed records stop."""
        unstable = self.states.first_unstable()
        return self.end if unstable is None else unstable

    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self.segments)

    def append(self, records: memoryview | bytearray, now: int) -> Appended:
        """Write the record batches of a producer, whose offsets are filled in.

        Raises ``ApiError``; nothing has been written then, except by batches before the one at fault.
        """
        first: int | None = None
        for position, header in split_batches(records):
            base = self._append_batch(records[position : position + header.size], header, now)
            first = base if first is None else first
        if first is None:
            raise ApiError(ErrorCode.INVALID_RECORD, "a produce request without records")
        self.wake()
        return Appended(first, now if self.config.append_time else -1)

    def _append_batch(self, batch: memoryview | bytearray, header: BatchHeader, now: int) -> int:
        self._check(batch, header)
        if header.producer_id != NO_PRODUCER:
            duplicate = self.states.duplicate_of(header)
            if duplicate is not None:
                return duplicate.base_offset
        if self.config.append_time:
            header = restamp(batch, 0, header, now)
        written = self._write(batch, header, now)
        self.states.wrote(written)
        return written.base_offset

    def _check(self, batch: memoryview | bytearray, header: BatchHeader) -> None:
        limit = self.config.max_message_bytes
        if header.size > limit:
            raise ApiError(ErrorCode.MESSAGE_TOO_LARGE, f"a batch of {header.size} bytes; max.message.bytes is {limit}")
        if header.control:
            raise ApiError(ErrorCode.INVALID_RECORD, "clients may not write control records")
        if self.settings.verify_crc and not verify_checksum(batch, 0, header):
            raise ApiError(ErrorCode.CORRUPT_MESSAGE, "the checksum of a record batch is wrong")
        if self.config.compact and any(record.key is None for record in iterate_records(batch, header)):
            raise ApiError(ErrorCode.INVALID_RECORD, "a record without key cannot be written to a compacted topic")

    def _write(self, batch: memoryview | bytearray, header: BatchHeader, now: int) -> BatchHeader:
        """Give the batch its offset and write it to the active segment."""
        self._roll_if_full(header.size, now)
        batch[:_BASE_OFFSET_SIZE] = self.end.to_bytes(_BASE_OFFSET_SIZE, "big")
        batch[_EPOCH_AT : _EPOCH_AT + 4] = bytes(4)
        header = header._replace(base_offset=self.end)
        active = self.active
        try:
            active.write(batch)
            if self.settings.fsync_each_append:
                active.sync()
        except OSError as error:
            _logger.exception("%s cannot be written", active.path)
            raise ApiError(ErrorCode.KAFKA_STORAGE_ERROR, f"{active.path.name} cannot be written: {error}") from error
        active.note(header)
        self.end = header.last_offset + 1
        return header

    def append_marker(self, producer_id: int, epoch: int, now: int, *, commit: bool) -> None:
        """End a transaction in this partition."""
        batch = build_marker(producer_id, epoch, now, commit=commit)
        header = self._write(batch, BatchHeader.read(batch), now)
        self.states.ended(header, commit=commit)
        self.wake()

    def _roll_if_full(self, size: int, now: int) -> None:
        active = self.active
        if not active.size:
            return
        if active.size + size > self.config.segment_bytes or now - active.created >= self.config.segment_ms:
            self.roll()

    def roll(self) -> None:
        """Finish the active segment and begin a new one."""
        self._save(self.active)
        self.segments.append(Segment(self.folder, self.end, self.files))

    def _save(self, segment: Segment) -> None:
        states = self.states
        aborted = [entry for entry in states.aborted if segment.base_offset <= entry.last_offset < segment.next_offset]
        segment.save(states.producers, states.open, aborted)

    def wake(self) -> None:
        """Let long polls look again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def segment_index(self, offset: int) -> int:
        """Which segment would hold ``offset``."""
        return max(bisect_right(self.segments, offset, key=lambda segment: segment.base_offset) - 1, 0)

    def limit(self, *, committed: bool) -> int:
        """Where a reader has to stop."""
        return self.stable_end if committed else self.end

    def available(self, offset: int, enough: int, *, committed: bool) -> int:
        """About how many bytes a reader at ``offset`` could get, counted up to ``enough``."""
        stop = self.limit(committed=committed)
        if offset >= stop:
            return 0
        total = 0
        for segment in self.segments[self.segment_index(offset) :]:
            if segment.base_offset >= stop:
                break
            last = segment.position_of(stop) if stop < segment.next_offset else segment.size
            total += last - (segment.position_of(offset) if offset > segment.base_offset else 0)
            if total >= enough:
                break
        return total

    def read(self, offset: int, max_bytes: int, *, committed: bool, at_least_one: bool) -> Slice:
        """Batches from the one that holds ``offset`` on, out of one segment.

        Args:
            offset: Between ``start`` and ``end``, else ``ApiError`` OFFSET_OUT_OF_RANGE.
            max_bytes: How much may be returned.
            committed: Stop at the last stable offset, and name the aborted transactions in the answer.
            at_least_one: Return the first batch as a whole even if it is larger than ``max_bytes``.
        """
        if not self.start <= offset <= self.end:
            raise ApiError(ErrorCode.OFFSET_OUT_OF_RANGE, f"offset {offset} is not in [{self.start}, {self.end}]")
        stop = self.limit(committed=committed)
        data, reached = self._read(offset, stop, max_bytes, at_least_one=at_least_one) if offset < stop else (b"", 0)
        aborted = self.states.aborted_between(offset, reached) if committed and data else []
        return Slice(data, self.end, self.stable_end, self.start, aborted)

    def _read(self, offset: int, stop: int, max_bytes: int, *, at_least_one: bool) -> tuple[bytes, int]:
        """The bytes, and an offset which none of them reaches."""
        for segment in self.segments[self.segment_index(offset) :]:
            if segment.base_offset >= stop:
                break
            position = segment.position_of(offset)
            if position >= segment.size:
                continue  # the rest of this segment was compacted away
            end = segment.position_of(stop) if stop < segment.next_offset else segment.size
            size = min(end - position, max_bytes)
            if at_least_one and size < end - position:
                size = max(size, min(segment.batch_size_at(position), end - position))
            if size < HEADER_SIZE:
                return b"", offset
            return segment.read(position, size), min(stop, segment.next_offset)
        return b"", offset

    def flush(self) -> None:
        """Bring the log to the disk and remember its state, so that the next start need not scan it."""
        self.active.descriptor()
        self.active.sync()
        self._save(self.active)

    def close(self) -> None:
        """Let go of the files and end all long polls."""
        self.closed = True
        for segment in self.segments:
            self.files.forget(segment.path)
        self.wake()
