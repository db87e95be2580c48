"""What a connector author implements: connectors, tasks, and the contexts they are given.

A *connector* turns one user configuration into the configurations of its *tasks*; the tasks move the data. The
connector object lives in a connector host, each task in a task host: different processes, which share nothing but these
configurations. Both run on a thread of their own, one call at a time, never in the worker itself, and every call has a
deadline that the worker keeps from outside (``task.call.timeout.ms``, ``connector.call.timeout.ms``): a call that goes
past it costs its own process and nothing else.

Life of a source task::

    initialize(context) → start(props) → poll() … poll() → stop()
                          commit_record() after each acknowledged record, commit() on every offset commit

Life of a sink task::

    initialize(context) → start(props) → open(partitions) → put(batch) … pre_commit(offsets) …
                          → close(partitions) → stop()

Any exception other than :class:`~barnabas.RetriableError` from ``start``, ``poll`` or ``put`` makes the task FAILED;
the restart policy of the worker decides whether it is started again from the last committed offsets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from enum import Enum
from importlib import metadata
from typing import Any, ClassVar

from barnabas.config import ConfigDef, ConfigValue
from barnabas.errors import PluginError
from barnabas.record import RecordMetadata, SinkBatch, SinkRecord, SourceBatch, SourceRecord, TopicPartition

__all__ = [
    "Connector",
    "ConnectorContext",
    "ConnectorTransactionBoundaries",
    "ErrantRecordReporter",
    "ExactlyOnceSupport",
    "OffsetStorageReader",
    "SinkConnector",
    "SinkTask",
    "SinkTaskContext",
    "SourceConnector",
    "SourceConnectorContext",
    "SourceTask",
    "SourceTaskContext",
    "Task",
    "TransactionBoundary",
    "TransactionContext",
    "Versioned",
]


class Versioned:
    """Anything that reports a version: connectors, tasks, converters, transforms, predicates."""

    @classmethod
    def version(cls) -> str:
        """The plugin's version as shown by REST; by default that of the distribution that holds the class."""
        package = cls.__module__.partition(".")[0]
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return "undefined"


class OffsetStorageReader(ABC):
    """Reads the source offsets of one connector, as last committed; blocks while the store is asked."""

    @abstractmethod
    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        """The offset of each source partition, in the same order; ``None`` where nothing was committed."""

    def offset(self, partition: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The offset of one source partition, or ``None``."""
        return self.offsets([partition])[0]


class ConnectorContext(ABC):
    """How a connector speaks to the worker; usable from any thread from ``initialize`` until ``stop`` returned."""

    @abstractmethod
    def request_task_reconfiguration(self) -> None:
        """Ask the worker to call ``task_configs`` again, soon, because the outside changed (a new table, say)."""

    @abstractmethod
    def raise_error(self, error: Exception) -> None:
        """Make the connector FAILED, from a thread of its own that noticed something unrecoverable."""


class SourceConnectorContext(ConnectorContext):
    """The context of a source connector."""

    @property
    @abstractmethod
    def offset_storage_reader(self) -> OffsetStorageReader:
        """Reads this connector's offsets."""


class ExactlyOnceSupport(Enum):
    """Whether a source connector, as configured, never repeats or loses a record when run transactionally (KIP-618)."""

    SUPPORTED = "SUPPORTED"
    UNSUPPORTED = "UNSUPPORTED"


class ConnectorTransactionBoundaries(Enum):
    """Whether a source connector, as configured, can say itself where transactions end (KIP-618)."""

    SUPPORTED = "SUPPORTED"
    UNSUPPORTED = "UNSUPPORTED"


class TransactionBoundary(Enum):
    """Where an exactly-once source ends its transactions: ``transaction.boundary`` (KIP-618)."""

    POLL = "poll"
    INTERVAL = "interval"
    CONNECTOR = "connector"


class Connector(Versioned, ABC):
    """Turns one configuration into task configurations; subclass :class:`SourceConnector` or :class:`SinkConnector`.

    Small connectors set two class attributes and write no method::

        class Numbers(SourceConnector):
            CONFIG = ConfigDef().define("topic", Type.STRING)
            TASK = NumbersTask
    """

    CONFIG: ClassVar[ConfigDef] = ConfigDef()
    """What :meth:`config` returns by default."""

    TASK: ClassVar[type[Task] | None] = None
    """What :meth:`task_class` returns by default."""

    props: Mapping[str, str]
    """The configuration given to :meth:`start`, as text; set by the default :meth:`start`."""

    context: ConnectorContext
    """Set by the default :meth:`initialize`."""

    def initialize(self, context: ConnectorContext, task_configs: Sequence[Mapping[str, str]] | None = None) -> None:
        """Called once, before :meth:`start`, in the connector host.

        Args:
            context: For speaking to the worker.
            task_configs: The task configurations in force, when the connector takes over running tasks.
        """
        del task_configs  # for subclasses that want to keep an assignment stable
        self.context = context

    def start(self, props: Mapping[str, str]) -> None:
        """Called once a life, in the connector host, with placeholders already resolved.

        May open connections and start monitoring threads, and must return soon. An exception makes the connector
        FAILED; no task is started for it.
        """
        self.props = props

    def reconfigure(self, props: Mapping[str, str]) -> None:
        """Stop and start with another configuration; for callers other than the worker, which makes a new object."""
        self.stop()
        self.start(props)

    def task_class(self) -> type[Task]:
        """The class of the tasks; called in the connector host after :meth:`start`."""
        if self.TASK is None:
            raise PluginError(
                f"{type(self).__name__} says no task class.",
                remedy="Set the class attribute TASK, or implement task_class().",
                code="BRN-4010",
            )
        return self.TASK

    @abstractmethod
    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """Divide the work.

        Called in the connector host after :meth:`start`, and again after
        :meth:`ConnectorContext.request_task_reconfiguration`.

        Args:
            max_tasks: The user's ``tasks.max``.

        Returns:
            One configuration a task, at most ``max_tasks`` of them. The worker adds ``task.class`` and, for sinks,
            ``topics``. Returning what it returned before restarts nothing.
        """

    def stop(self) -> None:
        """Release what :meth:`start` opened; called once, also after a failed start."""

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Check a configuration that may be incomplete or wrong, without starting; in a process of its own.

        Returns:
            A value for every key of :meth:`config`, each with its errors; by default what the definition finds.
            Override to add checks across keys or against the outside system.
        """
        return self.config().validate(props)

    def config(self) -> ConfigDef:
        """The definition of the configuration: read by validation, the reference docs and forms."""
        return self.CONFIG


class SourceConnector(Connector):
    """A connector that brings data into Kafka."""

    context: SourceConnectorContext

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """One task with the connector's own configuration: right wherever the source cannot be divided."""
        del max_tasks
        return [dict(self.props)]

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport | None:
        """Whether, so configured, it supports exactly-once; ``None``, unknown, counts as unsupported (KIP-618)."""
        del props
        return None

    def can_define_transaction_boundaries(self, props: Mapping[str, str]) -> ConnectorTransactionBoundaries:
        """Whether, so configured, its tasks use the :class:`TransactionContext` (KIP-618)."""
        del props
        return ConnectorTransactionBoundaries.UNSUPPORTED

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Called before the worker changes stored offsets on a user's request, on a connector that was not started.

        Args:
            props: The connector's configuration.
            offsets: From each source partition (its items as a tuple, so that it can be a key) to its new offset;
                ``None`` deletes.

        Returns:
            Whether the offsets, also those that the connector may keep elsewhere, are dealt with (KIP-875).

        Raises:
            ConnectError: To refuse: nothing is changed then.
        """
        del props, offsets
        return False


class SinkConnector(Connector):
    """A connector that brings data out of Kafka."""

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """``max_tasks`` times the connector's own configuration: Kafka divides the partitions among the tasks."""
        return [dict(self.props) for _ in range(max_tasks)]

    def alter_offsets(self, props: Mapping[str, str], offsets: Mapping[TopicPartition, int | None]) -> bool:
        """Like :meth:`SourceConnector.alter_offsets`, with Kafka partitions and offsets (KIP-875)."""
        del props, offsets
        return False


class Task(Versioned, ABC):
    """The part that moves data; subclass :class:`SourceTask` or :class:`SinkTask`."""

    props: Mapping[str, str]
    """The task's configuration as text; set by the default :meth:`start`."""

    def start(self, props: Mapping[str, str]) -> None:
        """Called once, after ``initialize``, on the task's thread; an exception makes the task FAILED."""
        self.props = props

    def stop(self) -> None:
        """Release everything; called once on the task's thread, after the last ``poll`` or ``put`` or a failure.

        What it does not finish within ``task.shutdown.graceful.timeout.ms`` is cut off: the process is ended.
        """


class TransactionContext(ABC):
    """Lets an exactly-once source say where transactions end, when ``transaction.boundary=connector`` (KIP-618)."""

    @abstractmethod
    def commit_transaction(self, record: SourceRecord | None = None) -> None:
        """Commit after ``record``, which must come from the current or next poll; without one, after the next batch."""

    @abstractmethod
    def abort_transaction(self, record: SourceRecord | None = None) -> None:
        """Like :meth:`commit_transaction`, but the records are discarded; their offsets still advance."""


class SourceTaskContext(ABC):
    """How a source task speaks to the worker."""

    @abstractmethod
    def configs(self) -> Mapping[str, str]:
        """The task's configuration with placeholders resolved anew: a rotated secret shows up here."""

    @property
    @abstractmethod
    def offset_storage_reader(self) -> OffsetStorageReader:
        """Reads the offsets of this connector: what :meth:`SourceTask.start` asks where to go on."""

    def report_backlog(self, held_bytes: int, left_bytes: int | None = None) -> None:
        """Say how much the outside system keeps for this task until it is read; the worker shows the last report.

        Args:
            held_bytes: What it keeps now: the log that a replication slot holds back, say.
            left_bytes: How much more there may be before it gives up keeping it; ``None``: it does not say.
        """
        del held_bytes, left_bytes  # a context that has nobody to tell

    @property
    def transaction_context(self) -> TransactionContext | None:
        """For saying where transactions end; ``None`` unless exactly-once with boundary ``connector``."""
        return None


class SourceTask(Task):
    """Reads from the outside system."""

    context: SourceTaskContext
    """Set by the default :meth:`initialize`."""

    def initialize(self, context: SourceTaskContext) -> None:
        """Called once, before :meth:`start`."""
        self.context = context

    @abstractmethod
    def poll(self) -> Iterable[SourceRecord] | SourceBatch | None:
        """Return the next records, as records or as columns; called again and again on the task's thread.

        Wait inside while there is nothing, at most about a second so that a stop or pause is seen: the worker does not
        sleep between calls. ``None`` or nothing means "none now". Records are sent in order. The next call comes as
        soon as Kafka has room; it does not mean that earlier records were acknowledged.

        A :class:`~barnabas.SourceBatch` without records, but with ``source_partition`` and ``source_offset``, says that
        the position moved though there was nothing to send: it is stored once all earlier records were acknowledged.

        Raises:
            RetriableError: Nothing was read; call me again.
        """

    def offsets_stored(self, offsets: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """Called just before :meth:`commit` when offsets were stored: what may be forgotten by the outside system.

        An exception is logged and does not stop the task.

        Args:
            offsets: Source partitions, each with the offset that is stored for it now: every record up to there is safe
                in Kafka, and will not be asked for again.
        """

    def commit(self) -> None:
        """Called after offsets were committed, at each ``offset.flush.interval.ms``, also when there was nothing new.

        For acknowledging in systems that keep positions themselves. Every record whose offset was committed is safe in
        Kafka; later records may be as well. An exception is logged and does not stop the task.
        """

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        """Called on the task's thread for each record after Kafka acknowledged it, in order of acknowledgement.

        Only called when a class overrides it: it costs a record object each.

        Args:
            record: As returned by :meth:`poll`, before transforms.
            metadata: Where it went; ``None`` when a transform dropped it or a tolerated error skipped it.
        """


class ErrantRecordReporter(ABC):
    """Takes records that a sink could not deliver, so that one bad record does not fail the task (KIP-610)."""

    @abstractmethod
    def report(self, record: SinkRecord, error: Exception) -> Future[None]:
        """Hand over a record; offsets past it are not committed before the returned future is done.

        Raises:
            ConnectError: When ``errors.tolerance=none``: let it through, it fails the task.
        """


class SinkTaskContext(ABC):
    """How a sink task speaks to the worker; use it on the task's thread only."""

    @abstractmethod
    def configs(self) -> Mapping[str, str]:
        """The task's configuration with placeholders resolved anew."""

    @abstractmethod
    def offset(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go on reading at these offsets, from the next poll: for sinks that keep offsets in the target system."""

    @abstractmethod
    def timeout(self, timeout_ms: int) -> None:
        """Wait at most this long before the next :meth:`SinkTask.put`, once; also the wait before a retry."""

    @abstractmethod
    def assignment(self) -> set[TopicPartition]:
        """The partitions this task owns now."""

    @abstractmethod
    def pause(self, *partitions: TopicPartition) -> None:
        """Stop reading these partitions until :meth:`resume`; membership is kept. They must be assigned."""

    @abstractmethod
    def resume(self, *partitions: TopicPartition) -> None:
        """Read these partitions again."""

    @abstractmethod
    def request_commit(self) -> None:
        """Commit offsets soon instead of at the next interval: after a file was finished, say."""

    @property
    def errant_record_reporter(self) -> ErrantRecordReporter | None:
        """For bad records; ``None`` when neither a dead letter topic nor error logging is configured."""
        return None


class SinkTask(Task):
    """Writes to the outside system."""

    context: SinkTaskContext
    """Set by the default :meth:`initialize`."""

    def initialize(self, context: SinkTaskContext) -> None:
        """Called once, before :meth:`start`."""
        self.context = context

    @abstractmethod
    def put(self, batch: SinkBatch) -> None:
        """Take a batch, in order; columns that can also be iterated as records. It may be empty.

        It is enough to keep the records and write them later, as long as :meth:`pre_commit` or :meth:`flush` does not
        let offsets pass what is not yet safe.

        Raises:
            RetriableError: Nothing of this batch counts as taken; the same batch comes again after the time set with
                :meth:`SinkTaskContext.timeout`, else after a back-off. Reading is paused meanwhile, membership is kept.
        """

    def flush(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Write everything taken so far: called by the default :meth:`pre_commit`; an exception stops the commit."""

    def pre_commit(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Say which offsets are safe to commit; called at each ``offset.flush.interval.ms`` and before closing.

        Args:
            offsets: For each assigned partition, the offset after the last record given to :meth:`put`.

        Returns:
            The offsets that may be committed, none beyond ``offsets``; empty commits nothing this time. By default all,
            after :meth:`flush`.

        Raises:
            Exception: Nothing is committed, and reading goes back to the last committed offsets.
        """
        self.flush(offsets)
        return offsets

    def open(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions were newly assigned; called before the first record of any of them."""

    def close(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions are taken away, or the task stops; called after the last :meth:`pre_commit` for them."""
