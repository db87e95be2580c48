"""Looking records up by timestamp. Only batches that may hold the answer are decompressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.broker.records import iterate_records

if TYPE_CHECKING:
    from barnabas.broker.log import PartitionLog
    from barnabas.broker.segment import Segment

__all__ = ["newest_timestamp", "offset_at"]


def offset_at(log: PartitionLog, timestamp: int, limit: int) -> tuple[int, int]:
    """Timestamp and offset of the first record before ``limit`` that is not older than ``timestamp``; else -1, -1."""
    for segment in log.segments:
        if segment.next_offset <= log.start or segment.max_timestamp < timestamp:
            continue
        if segment.base_offset >= limit:
            break
        found = _first_in(segment, timestamp, log.start)
        if found is not None:
            return found if found[1] < limit else (-1, -1)
    return -1, -1


def _first_in(segment: Segment, timestamp: int, start: int) -> tuple[int, int] | None:
    for position, header in segment.batches(segment.position_of(start)):
        if header.max_timestamp < timestamp or header.control:
            continue
        for record in iterate_records(segment.batch(position, header), header):
            if record.timestamp >= timestamp and record.offset >= start:
                return record.timestamp, record.offset
    return None


def newest_timestamp(log: PartitionLog) -> tuple[int, int]:
    """Timestamp and offset of the first record that has the largest timestamp of the log; -1, -1 when it is empty."""
    newest = max((segment.max_timestamp for segment in log.segments if segment.next_offset > log.start), default=-1)
    if newest < 0:
        return -1, -1
    return offset_at(log, newest, log.end)
