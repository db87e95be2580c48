"""Compaction: of all records with the same key only the newest is kept.

Only finished segments are rewritten, and only below the last stable offset. Reading and writing happens on a thread;
the result is put in place on the event loop, in steps that survive a crash: a rewritten file called ``.swap`` is
complete, and replaces all segments from its own base offset to the offset in its name (``log_recovery`` finishes that).

A tombstone, or a transaction marker, stays for ``delete.retention.ms`` after its segment was first rewritten: a reader
that has seen the older value can see the deletion too. Compaction holds a digest of every key in memory.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from barnabas.broker.files import write_all
from barnabas.broker.log_recovery import rebuild, swap_name
from barnabas.broker.records import HEADER_SIZE, BatchHeader, Record, iterate_records, rebuild_batch
from barnabas.broker.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from barnabas.broker.log import PartitionLog
    from barnabas.broker.producers import AbortedTransaction

__all__ = ["compact"]

_logger = logging.getLogger(__name__)
_DIGEST = 16


@dataclass(slots=True)
class _Group:
    """Neighbouring segments that become one."""

    base_offset: int
    end_offset: int
    paths: list[tuple[Path, int]]
    drop_removable: bool
    target: Path
    removable: int = 0


@dataclass(slots=True)
class _Job:
    """What the thread works on; it touches nothing else."""

    groups: list[_Group]
    aborted: dict[int, list[AbortedTransaction]]
    newest: dict[bytes, int] = field(default_factory=dict)

    def is_aborted(self, header: BatchHeader) -> bool:
        """Whether the batch belongs to a transaction that was aborted."""
        if not header.transactional:
            return False
        return any(
            entry.first_offset <= header.base_offset <= entry.last_offset
            for entry in self.aborted.get(header.producer_id, ())
        )


async def compact(log: PartitionLog, now: int) -> bool:
    """Compact the log if it is worth it; whether something was rewritten."""
    segments = _cleanable(log, now)
    if not _worth_it(log, segments, now):
        return False
    job = _plan(log, segments, now)
    await asyncio.to_thread(_rewrite, job)
    for group in job.groups:
        if not log.closed and all(path.exists() for path, _ in group.paths):
            _put_in_place(log, group, now)
        else:
            group.target.unlink(missing_ok=True)
    return True


def _cleanable(log: PartitionLog, now: int) -> list[Segment]:
    """The finished segments from the first on that hold no open transaction and nothing too young."""
    found: list[Segment] = []
    for segment in log.segments[:-1]:
        if segment.next_offset > log.stable_end or now - segment.max_timestamp < log.config.min_compaction_lag_ms:
            break
        found.append(segment)
    return found


def _expired(log: PartitionLog, segment: Segment, now: int) -> bool:
    """Whether the tombstones of a rewritten segment have been kept long enough."""
    return bool(segment.cleaned_at) and now - segment.cleaned_at >= log.config.delete_retention_ms


def _worth_it(log: PartitionLog, segments: list[Segment], now: int) -> bool:
    total = sum(segment.size for segment in segments)
    dirty = [segment for segment in segments if not segment.cleaned_at]
    if dirty:
        late = now - min(segment.created for segment in dirty) >= log.config.max_compaction_lag_ms
        return late or sum(segment.size for segment in dirty) >= log.config.min_dirty_ratio * total
    return any(segment.removable and _expired(log, segment, now) for segment in segments)


def _plan(log: PartitionLog, segments: list[Segment], now: int) -> _Job:
    """Group neighbours of the same kind, as long as they fit into one segment."""
    groups: list[_Group] = []
    size = 0
    for segment in segments:
        drop = _expired(log, segment, now)
        if groups and groups[-1].drop_removable == drop and size + segment.size <= log.config.segment_bytes:
            groups[-1].end_offset = segment.next_offset
            groups[-1].paths.append((segment.path, segment.size))
            size += segment.size
        else:
            target = segment.path.with_suffix(".clean")
            groups.append(
                _Group(segment.base_offset, segment.next_offset, [(segment.path, segment.size)], drop, target)
            )
            size = segment.size
    aborted: dict[int, list[AbortedTransaction]] = {}
    for entry in log.states.aborted:
        aborted.setdefault(entry.producer_id, []).append(entry)
    return _Job(groups, aborted)


def _batches(path: Path, size: int) -> Iterator[tuple[BatchHeader, bytes]]:
    with path.open("rb") as file:
        position = 0
        while position < size:
            head = file.read(HEADER_SIZE)
            header = BatchHeader.read(head)
            yield header, head + file.read(header.size - HEADER_SIZE)
            position += header.size


def _digest(key: bytes) -> bytes:
    return key if len(key) <= _DIGEST else blake2b(key, digest_size=_DIGEST).digest()


def _rewrite(job: _Job) -> None:
    """On a thread: find the newest offset of each key, then write the files without older ones."""
    for group in job.groups:
        for path, size in group.paths:
            for header, batch in _batches(path, size):
                if not header.control and not job.is_aborted(header):
                    for record in iterate_records(batch, header):
                        if record.key is not None:
                            job.newest[_digest(record.key)] = record.offset
    for group in job.groups:
        with group.target.open("wb") as file:
            for path, size in group.paths:
                for header, batch in _batches(path, size):
                    _keep(job, group, header, batch, file)


def _keep(job: _Job, group: _Group, header: BatchHeader, batch: bytes, file: BinaryIO) -> None:
    """Write what remains of one batch."""
    if header.control:
        if not group.drop_removable:
            group.removable += 1
            write_all(file.fileno(), batch)
        return
    if job.is_aborted(header):
        return
    records = list(iterate_records(batch, header))
    kept = [record for record in records if _is_kept(job, group, record)]
    if len(kept) == len(records):
        write_all(file.fileno(), batch)
    elif kept:
        write_all(file.fileno(), rebuild_batch(header, kept))


def _is_kept(job: _Job, group: _Group, record: Record) -> bool:
    """Records without key came before the topic was compacted, and go."""
    if record.key is None or job.newest.get(_digest(record.key), -1) > record.offset:
        return False
    if record.has_value:
        return True
    group.removable += not group.drop_removable
    return not group.drop_removable


def _put_in_place(log: PartitionLog, group: _Group, now: int) -> None:
    """Replace the segments of a group by the rewritten one."""
    first = next(index for index, each in enumerate(log.segments) if each.base_offset == group.base_offset)
    old = log.segments[first : first + len(group.paths)]
    state = old[-1].load()
    before = sum(segment.size for segment in old)
    swap = group.target.rename(log.folder / swap_name(group.base_offset, group.end_offset))
    for segment in old:
        segment.delete()
    new = Segment(log.folder, group.base_offset, log.files)
    swap.rename(new.path)
    rebuild(new)
    new.next_offset = group.end_offset
    new.created = old[0].created
    new.cleaned_at, new.removable = now, group.removable
    # The records of these aborted transactions are gone. An entry whose marker is gone must not stay: it would hide
    # later, committed records of the same producer.
    log.states.aborted = [
        entry for entry in log.states.aborted if not group.base_offset <= entry.last_offset < group.end_offset
    ]
    if state is not None:
        new.save(state.producers, state.open, [])
    log.segments[first : first + len(group.paths)] = [new]
    _logger.info("%s: compacted %d to %d bytes", log.folder.name, before, new.size)
