"""The worker's side of the conversation, in memory: every context a connector or task is given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from barnabas.connector import (
    ErrantRecordReporter,
    OffsetStorageReader,
    SinkTaskContext,
    SourceConnectorContext,
    SourceTaskContext,
    TransactionContext,
)
from barnabas.errors import ConnectError, DataError, IllegalWorkerStateError

if TYPE_CHECKING:
    from barnabas.record import SinkRecord, SourceRecord, TopicPartition

__all__ = [
    "MemoryConnectorContext",
    "MemoryErrantRecords",
    "MemoryOffsets",
    "MemorySinkTaskContext",
    "MemorySourceTaskContext",
    "MemoryTransactionContext",
    "Offset",
    "Partition",
    "plain",
]

Partition = tuple[tuple[str, Any], ...]
"""A source partition that can be a key: its items, sorted, as :meth:`SourceConnector.alter_offsets` is given them."""

Offset = Mapping[str, Any]


def plain(what: str, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The value as it comes back from a worker's store, which keeps JSON objects of plain values.

    Raises:
        DataError: It would not survive there.
    """
    if value is None:
        return None
    for key, entry in value.items():
        if not isinstance(key, str) or not isinstance(entry, str | int | float | bool | None):
            raise DataError(
                f"The {what} {dict(value)!r} has the entry {key!r}: {entry!r}, which a worker cannot store.",
                code="BRN-7401",
                remedy="Use text keys, and text, numbers, booleans or None as values.",
            )
    restored: dict[str, Any] = json.loads(json.dumps(dict(value)))
    return restored


class MemoryOffsets(OffsetStorageReader):
    """An offset store: what was committed, and nothing else.

    Args:
        offsets: What is stored to begin with: a mapping by :data:`Partition`, or pairs of partition and offset.
    """

    def __init__(self, offsets: Mapping[Partition, Offset] | Iterable[tuple[Mapping[str, Any], Offset]] = ()) -> None:
        self._offsets: dict[Partition, Offset] = {}
        pairs = ((dict(key), value) for key, value in offsets.items()) if isinstance(offsets, Mapping) else offsets
        for partition, offset in pairs:
            self.put(partition, offset)

    @staticmethod
    def key(partition: Mapping[str, Any]) -> Partition:
        """The partition as a key."""
        return tuple(sorted((plain("source partition", partition) or {}).items()))

    def put(self, partition: Mapping[str, Any], offset: Offset | None) -> None:
        """Commit; ``None`` forgets, as a tombstone does."""
        stored = plain("source offset", offset)
        if stored is None:
            self._offsets.pop(self.key(partition), None)
        else:
            self._offsets[self.key(partition)] = stored

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        """See :class:`~barnabas.OffsetStorageReader`."""
        return [self._offsets.get(self.key(partition)) for partition in partitions]

    def all(self) -> dict[Partition, Offset]:
        """Everything that is stored."""
        return dict(self._offsets)


class MemoryConnectorContext(SourceConnectorContext):
    """Remembers what the connector asked for; serves sinks as well, which have no offsets to read."""

    def __init__(self, offsets: MemoryOffsets | None = None) -> None:
        self._offsets = offsets or MemoryOffsets()
        self.reconfigurations = 0
        """How often new task configurations were asked for."""
        self.errors: list[Exception] = []
        """What the connector raised."""

    @property
    def offset_storage_reader(self) -> MemoryOffsets:
        """The connector's offsets."""
        return self._offsets

    def request_task_reconfiguration(self) -> None:
        """Counted."""
        self.reconfigurations += 1

    def raise_error(self, error: Exception) -> None:
        """Kept."""
        self.errors.append(error)


class MemoryTransactionContext(TransactionContext):
    """Remembers where transactions were to end: pairs of ``"commit"`` or ``"abort"`` and the record, if any."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, SourceRecord | None]] = []

    def commit_transaction(self, record: SourceRecord | None = None) -> None:
        """Kept."""
        self.requests.append(("commit", record))

    def abort_transaction(self, record: SourceRecord | None = None) -> None:
        """Kept."""
        self.requests.append(("abort", record))


class MemorySourceTaskContext(SourceTaskContext):
    """What a source task sees of the worker."""

    def __init__(
        self, props: Mapping[str, str], offsets: MemoryOffsets, transactions: MemoryTransactionContext | None = None
    ) -> None:
        self._props = props
        self._offsets = offsets
        self._transactions = transactions

    def configs(self) -> Mapping[str, str]:
        """As given."""
        return self._props

    @property
    def offset_storage_reader(self) -> MemoryOffsets:
        """The connector's offsets."""
        return self._offsets

    @property
    def transaction_context(self) -> MemoryTransactionContext | None:
        """There if asked for."""
        return self._transactions


class MemoryErrantRecords(ErrantRecordReporter):
    """A dead letter topic that takes everything at once; or, with ``tolerant=False``, nothing."""

    def __init__(self, *, tolerant: bool = True) -> None:
        self._tolerant = tolerant
        self.reported: list[tuple[SinkRecord, Exception]] = []

    def report(self, record: SinkRecord, error: Exception) -> Future[None]:
        """See :class:`~barnabas.ErrantRecordReporter`."""
        self.reported.append((record, error))
        if not self._tolerant:
            raise ConnectError("A bad record was reported, and errors.tolerance is none.", code="BRN-7402") from error
        done: Future[None] = Future()
        done.set_result(None)
        return done


class MemorySinkTaskContext(SinkTaskContext):
    """What a sink task sees of the worker; keeps what it asked for until the harness acts on it."""

    def __init__(self, props: Mapping[str, str], reporter: MemoryErrantRecords | None) -> None:
        self._props = props
        self._reporter = reporter
        self.assigned: set[TopicPartition] = set()
        self.rewinds: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.timeouts: list[int] = []
        self.commits_requested = 0

    def configs(self) -> Mapping[str, str]:
        """As given."""
        return self._props

    def offset(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See :class:`~barnabas.SinkTaskContext`."""
        self.rewinds.update(offsets)

    def timeout(self, timeout_ms: int) -> None:
        """Kept; nothing waits for it in a test."""
        self.timeouts.append(timeout_ms)

    def assignment(self) -> set[TopicPartition]:
        """See :class:`~barnabas.SinkTaskContext`."""
        return set(self.assigned)

    def pause(self, *partitions: TopicPartition) -> None:
        """See :class:`~barnabas.SinkTaskContext`."""
        self._owned(partitions)
        self.paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """See :class:`~barnabas.SinkTaskContext`."""
        self._owned(partitions)
        self.paused.difference_update(partitions)

    def _owned(self, partitions: Iterable[TopicPartition]) -> None:
        strange = sorted(str(partition) for partition in set(partitions) - self.assigned)
        if strange:
            raise IllegalWorkerStateError(
                f"The task does not own {', '.join(strange)}.", remedy="Pause and resume assigned partitions only."
            )

    def request_commit(self) -> None:
        """Counted."""
        self.commits_requested += 1

    @property
    def errant_record_reporter(self) -> MemoryErrantRecords | None:
        """There if asked for."""
        return self._reporter
