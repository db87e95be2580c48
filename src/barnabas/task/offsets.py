"""Which source offsets may be committed: a pure state machine, fed with what was sent and what was acknowledged.

Rule: per source partition, an offset becomes committable when its record and every earlier one of that partition were
acknowledged (or were dropped before sending and an acknowledged record follows). Partitions do not wait for each other.

Kept per *entry*, not per record: an entry is what one call to the producer took of one source partition, together with
its ticket. Only while an entry is stuck half-way are its records looked at one by one, and only if the source gave an
offset for each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["OffsetTracker", "Progress", "freeze"]

Offset = Mapping[str, Any]


class Progress(Protocol):
    """How far one call to the producer has come; the producer's ticket."""

    @property
    def done(self) -> bool:
        """Whether every record was acknowledged."""

    @property
    def contiguous(self) -> int:
        """How many records from the front were acknowledged."""


class _Entry(NamedTuple):
    ticket: Progress
    final: Offset | None
    marks: Sequence[tuple[int, Offset]]  # (index of the record in the ticket, offset after it), ascending


def freeze(partition: Mapping[str, Any]) -> Hashable:
    """A source partition as a dictionary key: equal whatever the order of its items."""
    return tuple(sorted(partition.items()))


class OffsetTracker:
    """Tracks the offsets of one source task; not for use by several threads."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, deque[_Entry]] = {}
        self._partitions: dict[Hashable, Mapping[str, Any]] = {}

    def sent(
        self,
        ticket: Progress,
        partition: Mapping[str, Any],
        final: Offset | None,
        marks: Sequence[tuple[int, Offset]] = (),
    ) -> None:
        """Records of one source partition were handed to the producer.

        Args:
            ticket: Their progress.
            partition: The source partition.
            final: The offset after the last of them; ``None`` if it has none: then only the marks count.
            marks: Offsets after single records, by their index in the ticket, in ascending order.
        """
        key = freeze(partition)
        self._partitions.setdefault(key, partition)
        self._entries.setdefault(key, deque()).append(_Entry(ticket, final, marks))

    def take(self) -> list[tuple[Mapping[str, Any], Offset]]:
        """What became committable since the last call: the newest offset of each source partition that moved."""
        moved: list[tuple[Mapping[str, Any], Offset]] = []
        for key, entries in self._entries.items():
            newest = self._advance(entries)
            if newest is not None:
                moved.append((self._partitions[key], newest))
        for key in [key for key, entries in self._entries.items() if not entries]:
            del self._entries[key]
            del self._partitions[key]
        return moved

    @staticmethod
    def _advance(entries: deque[_Entry]) -> Offset | None:
        newest: Offset | None = None
        while entries and entries[0].ticket.done:
            entry = entries.popleft()
            newest = entry.final or (entry.marks[-1][1] if entry.marks else None) or newest
        if entries and entries[0].marks:
            front = entries[0].ticket.contiguous
            for index, offset in entries[0].marks:
                if index >= front:
                    break
                newest = offset
        return newest

    @property
    def outstanding(self) -> bool:
        """Whether anything that was sent is not yet acknowledged."""
        return any(not entry.ticket.done for entries in self._entries.values() for entry in entries)
