"""Retention: whole segments go when they are too old, when the log is too large, or when their records were deleted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.log import PartitionLog
    from barnabas.broker.segment import Segment

__all__ = ["apply_retention", "delete_before", "roll_if_old"]

_logger = logging.getLogger(__name__)


def roll_if_old(log: PartitionLog, now: int) -> None:
    """Finish the active segment when its time is over, so that it can be compacted or deleted."""
    config, active = log.config, log.active
    limit = min(config.segment_ms, config.max_compaction_lag_ms) if config.compact else config.segment_ms
    if active.size and now - active.created >= limit:
        log.roll()


def apply_retention(log: PartitionLog, now: int) -> None:
    """Delete segments by age and size, if the topic's policy says so."""
    config = log.config
    if not config.delete:
        return
    keep_from = log.start
    size = log.size()
    for segment in log.segments:
        if not segment.size and segment is log.active:
            break
        too_old = config.retention_ms >= 0 and now - _newest(segment) > config.retention_ms
        too_large = 0 <= config.retention_bytes <= size - segment.size and segment is not log.active
        if not too_old and not too_large:
            break
        size -= segment.size
        keep_from = segment.next_offset
    if keep_from > log.start:
        _logger.info("%s: records before offset %d are deleted by retention", log.folder.name, keep_from)
        log.start = keep_from
        delete_before(log)


def _newest(segment: Segment) -> int:
    """The newest record's timestamp; where records have none, the time of the last write."""
    return segment.max_timestamp if segment.max_timestamp >= 0 else int(segment.path.stat().st_mtime * 1000)


def delete_before(log: PartitionLog) -> None:
    """Delete the segments which lie completely before the start of the log."""
    if log.active.size and log.start >= log.end:
        log.roll()
    while len(log.segments) > 1 and log.segments[1].base_offset <= log.start:
        log.segments.pop(0).delete()
    log.states.forget_before(log.start)
