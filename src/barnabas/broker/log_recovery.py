"""Opening a partition's log: what a clean stop left behind, or what a killed broker left behind.

Finished segments are described by their ``.state`` files. The last one is scanned when it has grown since: batches are
taken up to the first that is incomplete or fails its checksum, and the rest, which was never acknowledged, is cut off.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from barnabas.broker.records import marker_is_commit, verify_checksum
from barnabas.broker.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from barnabas.broker.files import FileCache
    from barnabas.broker.producers import ProducerStates

__all__ = ["rebuild", "recover", "swap_name"]

_logger = logging.getLogger(__name__)


def swap_name(base_offset: int, end_offset: int) -> str:
    """The file which is to replace all segments from ``base_offset`` to before ``end_offset``."""
    return f"{base_offset:020d}-{end_offset:020d}.swap"


def recover(folder: Path, files: FileCache, states: ProducerStates, log_start: int, *, verify: bool) -> list[Segment]:
    """The segments in ``folder``, at least one; ``states`` is brought to the end of the last."""
    _finish_compaction(folder)
    segments: list[Segment] = []
    for path in sorted(folder.glob("*.log")):
        segment = Segment(folder, int(path.stem), files)
        segments.append(segment)
        state = segment.load()
        if state is None:
            _scan(segment, states, verify=verify)
        else:
            states.producers = state.producers
            states.open = dict(sorted(state.open.items(), key=lambda item: item[1]))
            states.aborted += state.aborted
    if not segments:
        segments.append(Segment(folder, log_start, files))
        segments[0].descriptor()
    states.forget_before(log_start)
    return segments


def _finish_compaction(folder: Path) -> None:
    """Complete a replacement of segments that was begun; forget rewritten files that were not complete."""
    for unfinished in folder.glob("*.clean"):
        unfinished.unlink()
    for swap in folder.glob("*.swap"):
        base, _, end = swap.stem.partition("-")
        for path in folder.glob("*.log"):
            if int(base) <= int(path.stem) < int(end):
                path.unlink()
                path.with_suffix(".state").unlink(missing_ok=True)
        swap.rename(folder / f"{base}.log")


def rebuild(segment: Segment) -> None:
    """Build the index of a segment whose file is known to be whole."""
    for _, header in segment.batches(0, segment.file_size()):
        segment.note(header)


def _scan(segment: Segment, states: ProducerStates, *, verify: bool) -> None:
    """Rebuild a segment's index and replay its batches into ``states``."""
    size = segment.file_size()
    for position, header in segment.batches(0, size):
        batch = segment.batch(position, header) if verify or header.control else b""
        if verify and not verify_checksum(batch, 0, header):
            break
        segment.note(header)
        if header.control:
            states.ended(header, commit=marker_is_commit(batch, header))
        else:
            states.wrote(header)
    if segment.size < size:
        _logger.warning("%s: cut off %d bytes of an incomplete batch", segment.path, size - segment.size)
        segment.truncate()
