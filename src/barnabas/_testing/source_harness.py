"""Runs one source task as a worker would, one call at a time, on the calling thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from barnabas._testing.contexts import (
    MemoryConnectorContext,
    MemoryOffsets,
    MemorySourceTaskContext,
    MemoryTransactionContext,
    Offset,
    Partition,
)
from barnabas._testing.harness import Harness
from barnabas.connector import SourceConnector, SourceTask
from barnabas.errors import IllegalWorkerStateError, RetriableError
from barnabas.record import RecordMetadata, SourceBatch, SourceRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["SourceHarness"]


class SourceHarness(Harness[SourceConnector, SourceTask]):
    """A source connector and one of its tasks.

    Nothing is sent anywhere: a record that was returned counts as acknowledged by Kafka once :meth:`commit` is called.

    Args:
        connector_class: The connector.
        props: Its configuration, as text; ``name`` is added.
        offsets: What was committed earlier: by partition items, or as pairs of partition and offset.
        max_tasks: The ``tasks.max`` to divide by.
        task: Which of its tasks to run.
        transactions: Give the task a transaction context, as with ``transaction.boundary=connector``.
    """

    def __init__(
        self,
        connector_class: type[SourceConnector],
        props: Mapping[str, str],
        offsets: Mapping[Partition, Offset] | Iterable[tuple[Mapping[str, Any], Offset]] = (),
        *,
        max_tasks: int = 1,
        task: int = 0,
        transactions: bool = False,
    ) -> None:
        super().__init__()
        self.connector_class = connector_class
        self.props = {"name": "test", **props}
        self.transactions = MemoryTransactionContext() if transactions else None
        self.retries = 0
        """How often :meth:`poll` was answered with :class:`~barnabas.RetriableError`."""
        self._store = MemoryOffsets(offsets)
        self._max_tasks, self._number = max_tasks, task
        self._returned: list[SourceBatch | Sequence[SourceRecord]] = []
        self._waiting: list[SourceRecord] = []

    @property
    def offsets(self) -> dict[Partition, Offset]:
        """Everything that is committed."""
        return self._store.all()

    def start(self) -> Self:
        """Make and start connector and task, from the committed offsets; what was polled and not committed is gone."""
        if self._task is not None:
            raise IllegalWorkerStateError("The harness is running already.", remedy="Call stop() first.")
        self._returned, self._waiting = [], []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self.connector = connector = self.connector_class()
        connector.initialize(MemoryConnectorContext(self._store))
        connector.start(self.props)
        configs = connector.task_configs(self._max_tasks)
        if self._number >= len(configs):
            raise IllegalWorkerStateError(f"There are {len(configs)} tasks; number {self._number} is not among them.")
        task = connector.task_class()()
        if not isinstance(task, SourceTask):
            raise IllegalWorkerStateError(f"{type(task).__name__} is not a SourceTask.", remedy="See Connector.TASK.")
        self._task = task
        props = configs[self._number]
        task.initialize(MemorySourceTaskContext(props, self._store, self.transactions))
        task.start(props)

    def poll_batch(self) -> SourceBatch:
        """One call of the task's ``poll``, as columns; empty when it had nothing or raised RetriableError."""
        batch = self._poll()
        self._returned.append(batch)
        return batch

    def _poll(self) -> SourceBatch:
        try:
            polled = self.task.poll()
        except RetriableError:
            self.retries += 1
            polled = None
        return polled if isinstance(polled, SourceBatch) else SourceBatch.of(polled or ())

    def poll(self, n: int = 1, timeout: float = 10.0) -> list[SourceRecord]:
        """Poll until there are ``n`` records: exactly as many, the rest comes next time. Fewer when time is up."""
        deadline = time.monotonic() + timeout
        while len(self._waiting) < n:
            self._waiting.extend(self._poll())
            if time.monotonic() >= deadline:
                break
        records, self._waiting = self._waiting[:n], self._waiting[n:]
        self._returned.append(records)
        return records

    def values(self, n: int = 1, timeout: float = 10.0) -> list[Any]:
        """The values of :meth:`poll`."""
        return [record.value for record in self.poll(n, timeout)]

    def commit(self) -> None:
        """Acknowledge every record returned so far, in order, and commit offsets: what a worker does periodically.

        An offset that a batch has for all its records is committed once the last of them was returned.
        """
        returned, self._returned = self._returned, []
        task = self.task
        told = type(task).commit_record is not SourceTask.commit_record
        for number, record in enumerate(record for records in returned for record in records):
            if told:
                task.commit_record(record, RecordMetadata(record.topic, 0, number))
            if record.source_partition is not None and record.source_offset is not None:
                self._store.put(record.source_partition, record.source_offset)
        stored = [*_last_offsets(returned)]
        for partition, offset in stored:
            self._store.put(partition, offset)
        if stored:
            task.offsets_stored(stored)
        task.commit()

    def stop(self) -> None:
        """Stop task and connector, in the worker's order; harmless when not running."""
        self._release()


def _last_offsets(
    returned: Sequence[SourceBatch | Sequence[SourceRecord]],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The last offset of each source partition, also of batches without records."""
    last: dict[Any, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for records in returned:
        pairs = [(record.source_partition, record.source_offset) for record in records]
        if isinstance(records, SourceBatch) and not len(records):
            pairs = [(records.source_partition, records.source_offset)]
        for partition, offset in pairs:
            if partition is not None and offset is not None:
                last[tuple(sorted(partition.items()))] = partition, offset
    yield from last.values()
