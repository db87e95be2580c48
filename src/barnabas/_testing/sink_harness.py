"""Runs one sink task as a worker would, over topics kept in memory, on the calling thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from barnabas._testing.contexts import MemoryConnectorContext, MemoryErrantRecords, MemorySinkTaskContext
from barnabas._testing.harness import Harness
from barnabas.connector import SinkConnector, SinkTask
from barnabas.errors import IllegalWorkerStateError, RetriableError
from barnabas.record import SinkBatch, SinkRecord, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barnabas.schema import Schema

__all__ = ["SinkHarness"]

_ONE = (TopicPartition("test", 0),)


class SinkHarness(Harness[SinkConnector, SinkTask]):
    """A sink connector and one of its tasks, which owns some partitions of topics that live in memory.

    Args:
        connector_class: The connector.
        props: Its configuration, as text; ``name`` and ``topics`` are added.
        partitions: The partitions the task is assigned.
        committed: Offsets committed earlier.
        errors: ``"report"`` gives the task an errant record reporter that takes everything, ``"fail"`` one that fails
            the task, ``None`` none at all, as on a worker without dead letter topic.
    """

    def __init__(
        self,
        connector_class: type[SinkConnector],
        props: Mapping[str, str],
        partitions: Iterable[tuple[str, int]] = _ONE,
        *,
        committed: Mapping[TopicPartition, int] | None = None,
        errors: str | None = "report",
    ) -> None:
        super().__init__()
        self.connector_class = connector_class
        self.partitions = [TopicPartition(*partition) for partition in partitions]
        topics = ",".join(sorted({partition.topic for partition in self.partitions}))
        self.props = {"name": "test", "topics": topics, **props}
        self.committed: dict[TopicPartition, int] = dict(committed or {})
        """The offsets that are committed."""
        self.retries = 0
        """How often ``put`` was answered with :class:`~barnabas.RetriableError`."""
        self.rewinds: list[dict[TopicPartition, int]] = []
        """What the task asked for with :meth:`SinkTaskContext.offset`, in order."""
        self.batches: list[int] = []
        """The size of each batch that the task took."""
        self._errors = MemoryErrantRecords(tolerant=errors == "report") if errors else None
        self._log: dict[TopicPartition, list[SinkRecord]] = {partition: [] for partition in self.partitions}
        self._position: dict[TopicPartition, int] = {}
        self._redelivery: tuple[SinkBatch, dict[TopicPartition, int]] | None = None
        self._context: MemorySinkTaskContext | None = None

    @property
    def context(self) -> MemorySinkTaskContext:
        """The running task's context: ``paused``, ``timeouts``, ``commits_requested``."""
        if self._context is None:
            raise IllegalWorkerStateError("The harness is not running.", remedy="Call start(), or use it in a with.")
        return self._context

    @property
    def errant(self) -> list[tuple[SinkRecord, Exception]]:
        """Records that the task reported as bad, with why."""
        return [] if self._errors is None else self._errors.reported

    def start(self) -> Self:
        """Make and start connector and task, and open the partitions at their committed offsets."""
        if self._task is not None:
            raise IllegalWorkerStateError("The harness is running already.", remedy="Call stop() first.")
        try:
            self._start()
        except BaseException:
            self._release()
            raise
        return self

    def _start(self) -> None:
        self.connector = connector = self.connector_class()
        connector.initialize(MemoryConnectorContext())
        connector.start(self.props)
        props = {**connector.task_configs(1)[0], "topics": self.props["topics"]}
        task = connector.task_class()()
        if not isinstance(task, SinkTask):
            raise IllegalWorkerStateError(f"{type(task).__name__} is not a SinkTask.", remedy="See Connector.TASK.")
        self._task = task
        self._context = MemorySinkTaskContext(props, self._errors)
        self._redelivery = None
        self._position = {partition: self.committed.get(partition, 0) for partition in self.partitions}
        task.initialize(self._context)
        task.start(props)
        self._context.assigned = set(self.partitions)
        task.open(self.partitions)

    def send(
        self,
        values: Iterable[Any],
        *,
        partition: TopicPartition | None = None,
        value_schema: Schema | None = None,
        timestamp: int | None = None,
    ) -> list[SinkRecord]:
        """Write to a topic in memory; :meth:`deliver` then gives it to the task.

        Args:
            values: Values, or whole records, whose partition and offset are replaced.
            partition: Where to; the first one if not given.
            value_schema: Of the values.
            timestamp: Of the values; the time now if not given.
        """
        where = partition or self.partitions[0]
        log = self._log[where]
        now = time.time_ns() // 1_000_000 if timestamp is None else timestamp
        start = len(log)
        for value in values:
            record = (
                value
                if isinstance(value, SinkRecord)
                else SinkRecord(where.topic, where.partition, 0, value, value_schema=value_schema, timestamp=now)
            )
            place = {"topic": where.topic, "kafka_partition": where.partition, "kafka_offset": len(log)}
            log.append(record.new_record(**place, original_topic=where.topic, original_partition=where.partition))
        return log[start:]

    def put(
        self,
        values: Iterable[Any] = (),
        *,
        partition: TopicPartition | None = None,
        value_schema: Schema | None = None,
        retries: int = 0,
    ) -> None:
        """:meth:`send`, then :meth:`deliver`; without values it delivers what is waiting, or an empty batch."""
        self.send(values, partition=partition, value_schema=value_schema)
        self.deliver(retries=retries)

    def deliver(self, *, retries: int = 0) -> None:
        """Give the task one batch of everything it has not had, except from paused partitions.

        Args:
            retries: How often the same batch is given again after a :class:`~barnabas.RetriableError`. After one more
                the error is raised; the next call then begins with that same batch, as on a worker.
        """
        if self._redelivery is None:
            self._redelivery = self._next()
        batch, positions = self._redelivery
        for attempt in range(retries + 1):
            try:
                self.task.put(batch)
            except RetriableError:
                self.retries += 1
                if attempt == retries:
                    raise
            else:
                break
        self._redelivery = None
        self.batches.append(len(batch))
        self._position.update(positions)
        self._rewind()

    def _next(self) -> tuple[SinkBatch, dict[TopicPartition, int]]:
        """A batch, and where it ends: found out before the task could change it."""
        self._rewind()
        records: list[SinkRecord] = []
        for partition in self.partitions:
            if partition not in self.context.paused:
                records += self._log[partition][self._position[partition] :]
        batch = SinkBatch.of(records)
        return batch, batch.positions() if records else {}

    def _rewind(self) -> None:
        """Go where the task asked to go, as a worker does before it polls again."""
        wanted, self.context.rewinds = self.context.rewinds, {}
        if wanted:
            self.rewinds.append(wanted)
            self._position.update(wanted)

    def flush(self) -> dict[TopicPartition, int]:
        """Ask the task what may be committed, and commit that; an exception goes back to the committed offsets.

        Returns:
            What is committed now.
        """
        consumed = dict(self._position)
        try:
            safe = self.task.pre_commit(dict(consumed))
        except Exception:
            self._redelivery = None
            self._position = {partition: self.committed.get(partition, 0) for partition in self.partitions}
            raise
        self.committed.update({p: offset for p, offset in safe.items() if p in consumed and offset <= consumed[p]})
        return dict(self.committed)

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Deliver again from these offsets: what a user's change of offsets does."""
        self._redelivery = None
        self._position.update(offsets)

    def stop(self) -> None:
        """Commit, close the partitions and stop, in the worker's order; harmless when not running."""
        if self._task is None:
            return
        try:
            if self._position:
                self.flush()
        finally:
            try:
                self._task.close(self.partitions)
            finally:
                self._release()
