"""How far each partition was written, as the database knows it: for sinks that keep offsets there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from barnabas import ConnectError, SinkBatch, SinkTaskContext, TopicPartition
from barnabas.connectors.jdbc.sink_faults import explain
from barnabas.connectors.jdbc.sink_offsets import OffsetTable

__all__ = ["Progress"]

log = logging.getLogger(__name__)


class Progress:
    """Where each partition goes on.

    Args:
        table: Where offsets are kept.
        context: The task's, for going back or ahead to them.
    """

    def __init__(self, table: OffsetTable, context: SinkTaskContext) -> None:
        self._table = table
        self._context = context
        self._stored: dict[TopicPartition, int] = {}  # what the table has
        self._next: dict[TopicPartition, int] = {}  # after the last record taken
        self._asked = True
        self._unsure: set[TopicPartition] = set()  # reading may not have gone to the stored offset yet

    def open(self, connection: Any, partitions: Collection[TopicPartition]) -> None:
        """Partitions were assigned: go on where the table says."""
        stored = self._read(connection, partitions)
        for partition, offset in stored.items():
            self._stored[partition] = self._next[partition] = offset
            if offset >= 0:
                self._unsure.add(partition)
        known = {partition: offset for partition, offset in stored.items() if offset >= 0}
        if known:
            log.info("Going on where the table of offsets says: %s.", {str(where): at for where, at in known.items()})
            self._context.offset(known)

    def close(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions are another's now."""
        for partition in partitions:
            self._stored.pop(partition, None)
            self._next.pop(partition, None)
            self._unsure.discard(partition)

    def lost(self) -> None:
        """What was taken may be written or not, and comes again: the table is asked before anything else is taken."""
        self._asked = False

    def fresh(self, batch: SinkBatch, connection: Callable[[], Any]) -> SinkBatch:
        """The records that are not in the database yet, nor taken.

        Args:
            batch: What was read.
            connection: Gives an idle one; called only after :meth:`lost`.
        """
        if not self._asked:
            self._stored = self._read(connection(), [*self._stored])
            self._next = dict(self._stored)
            self._asked = True
        if not len(batch):
            return batch
        places, offsets = _places(batch), batch.offsets
        ahead = {where for where in self._unsure & {*places} if offsets[places.index(where)] > self._stored[where]}
        self._unsure -= {*places}
        for partition in ahead:  # read before reading went back, or there is a gap: then it is the same once more
            self._context.offset({partition: self._stored[partition]})
        following = self._next
        kept = [
            at
            for at, (where, offset) in enumerate(zip(places, offsets, strict=True))
            if offset >= following.get(where, 0) and where not in ahead
        ]
        if len(kept) < len(offsets):
            batch = batch.take(kept)
        if len(batch):
            following.update(batch.positions())
        return batch

    # ----------------------------------------------------------------------------------------------------- transactions
    def statement(self, work: Sequence[SinkBatch]) -> str:
        """Moves the offsets past these records; empty where there are none."""
        following = _positions(work)
        return self._table.move(self._stored, following) if following else ""

    def done(self, work: Sequence[SinkBatch]) -> None:
        """The records are written."""
        self._stored.update(_positions(work))

    def was_done(self, connection: Any, work: Sequence[SinkBatch]) -> bool:
        """Whether a transaction whose end nobody heard of was committed."""
        following = _positions(work)
        return bool(following) and self._read(connection, following) == following

    def _read(self, connection: Any, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            return self._table.read(connection, partitions)
        except ConnectError:
            raise
        except Exception as error:
            raise explain(error) from error


def _places(batch: SinkBatch) -> list[TopicPartition]:
    topics = batch.original_topics or batch.topics or [batch.topic] * len(batch)
    return [*map(TopicPartition, topics, batch.original_partitions or batch.partitions)]


def _positions(work: Sequence[SinkBatch]) -> dict[TopicPartition, int]:
    found: dict[TopicPartition, int] = {}
    for batch in work:
        found.update(batch.positions())
    return found
