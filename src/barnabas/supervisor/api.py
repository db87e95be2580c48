"""What the herder knows of the supervisor: identifiers, specifications, states, and two interfaces.

Everything here is plain data and typed protocols: no process, no plugin code. The herder calls a :class:`Supervisor`
and is called back as a :class:`Listener`, both on the worker's event loop. Tests put a fake in the place of either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from barnabas.errors import BarnabasError, ConnectError
from barnabas.log_levels import LevelChange

__all__ = [
    "ConnectorSpec",
    "ErrorInfo",
    "Isolation",
    "Listener",
    "PluginKind",
    "PluginRef",
    "State",
    "Supervisor",
    "TargetState",
    "TaskId",
    "TaskSpec",
    "UnitStats",
]

State = Literal["UNASSIGNED", "RUNNING", "PAUSED", "FAILED", "RESTARTING", "STOPPED", "DESTROYED"]
"""The state of a connector or task, as Kafka Connect names it."""

TargetState = Literal["STARTED", "PAUSED", "STOPPED"]
"""What the user wants a connector to be."""

Isolation = Literal["process", "connector", "shared"]
"""``task.isolation``: a process each task; one process a connector; one process for everything so configured."""

PluginKind = Literal["source", "sink", "converter", "header_converter", "transformation", "predicate"]


class TaskId(NamedTuple):
    """A task: its connector's name and its number."""

    connector: str
    task: int

    def __str__(self) -> str:
        return f"{self.connector}-{self.task}"


class PluginRef(msgspec.Struct, frozen=True):
    """Where a class is found, without loading it.

    Args:
        name: What REST and configs call it: the Java class name where it stands in for one, else the dotted path.
        path: ``package.module:Class``, importable once ``home`` is on ``sys.path``.
        kind: What it is.
        home: A folder to put first on ``sys.path``; ``None`` for the worker's own environment.
        version: The version shown by REST.
        trusted: Ours: its connector object may share a process with those of other trusted connectors.
    """

    name: str
    path: str
    kind: PluginKind
    home: str | None = None
    version: str = "undefined"
    trusted: bool = False


class ErrorInfo(msgspec.Struct, frozen=True):
    """An exception that crossed a process border: everything a person or a program wants to know of it.

    ``trace`` is the text shown by ``GET …/status``: first line ``java.class.Name: message``, as programs that parse a
    JVM worker's traces expect, then our code, remedy and the Python traceback.
    """

    message: str
    code: str = ConnectError.code
    key: str | None = None
    remedy: str | None = None
    java_class: str = ConnectError.java_class
    python_class: str = "ConnectError"
    retriable: bool = False
    trace: str = ""


class ConnectorSpec(msgspec.Struct):
    """What is needed to run a connector object.

    Args:
        name: The connector's name.
        plugin: Its class.
        props: Its resolved configuration.
        isolation: Which process it shares with whom.
        task_configs: The task configurations in force, for :meth:`barnabas.Connector.initialize`.
    """

    name: str
    plugin: PluginRef
    props: dict[str, str]
    isolation: Isolation = "process"
    task_configs: list[dict[str, str]] | None = None


class TaskSpec(msgspec.Struct):
    """What is needed to run a task.

    Args:
        id: Connector and number.
        plugin: The *connector's* class: its home and kind.
        task_class: ``package.module:Class`` of the task, as the connector said; empty: ask the connector's class.
        props: The task's configuration (``task.class`` and ``topics`` included), resolved.
        connector_props: The connector's configuration, resolved: converters, transforms, error policy, clients.
        worker_props: The worker's properties, resolved.
        isolation: Which process it shares with whom.
        paused: Start paused: nothing of the task is called until it is resumed.
        generation: Of the assignment this start belongs to; 0 in standalone mode.
    """

    id: TaskId
    plugin: PluginRef
    task_class: str
    props: dict[str, str]
    connector_props: dict[str, str]
    worker_props: dict[str, str]
    isolation: Isolation = "process"
    paused: bool = False
    generation: int = 0


class UnitStats(msgspec.Struct):
    """A snapshot of a task's counters, read from memory shared with its process: never waits for the task.

    Args:
        pid: Its process.
        call: The plugin call under way (``poll``, ``put`` …), or ``None``.
        call_seconds: For how long.
        records_in: Records polled from the source, or consumed from Kafka.
        records_out: Records acknowledged by Kafka, or taken by ``put``.
        batches: Polls or puts that carried records.
        in_flight: Records sent and not yet acknowledged.
        commits: Offset commits that succeeded.
        commit_failures: Offset commits that failed.
        last_record: Seconds since the epoch of the last record, 0 when there was none.
        last_commit: Seconds since the epoch of the last successful commit, 0 when there was none.
        record_failures: Failed operations on records, each attempt counted: Kafka's ``total-record-failures``.
        record_errors: Records that failed for good: ``total-record-errors``.
        records_skipped: Records left out because errors are tolerated: ``total-records-skipped``.
        retries: Operations tried again: ``total-retries``.
        errors_logged: ``total-errors-logged``.
        dead_letters: Records handed to the dead letter topic: ``deadletterqueue-produce-requests``.
        dead_letter_failures: Those that it did not take: ``deadletterqueue-produce-failures``.
        last_error: Seconds since the epoch of the last failure, 0 when there was none: ``last-error-timestamp``.
        puts_split: Batches that ``put`` refused and that were split to find the bad record.
        backlog_bytes: What the outside system keeps for the task, as it last reported.
        backlog_left_bytes: How much more that may be before it is given up; ``None``: unknown.
        restarts: How often the restart policy started it again.
        next_restart: Seconds since the epoch when it will be started again; 0 when no restart is planned.
    """

    pid: int = 0
    call: str | None = None
    call_seconds: float = 0.0
    records_in: int = 0
    records_out: int = 0
    batches: int = 0
    in_flight: int = 0
    commits: int = 0
    commit_failures: int = 0
    last_record: float = 0.0
    last_commit: float = 0.0
    record_failures: int = 0
    record_errors: int = 0
    records_skipped: int = 0
    retries: int = 0
    errors_logged: int = 0
    dead_letters: int = 0
    dead_letter_failures: int = 0
    last_error: float = 0.0
    puts_split: int = 0
    backlog_bytes: int = 0
    backlog_left_bytes: int | None = None
    restarts: int = 0
    next_restart: float = 0.0


class Listener(Protocol):
    """How the supervisor reports: plain calls on the worker's event loop, which must return at once."""

    def connector_status(self, name: str, state: State, error: ErrorInfo | None) -> None:
        """A connector object reached a state; ``error`` with FAILED."""

    def task_status(self, task: TaskId, state: State, error: ErrorInfo | None) -> None:
        """A task reached a state; ``error`` with FAILED."""

    def reconfiguration_requested(self, name: str) -> None:
        """The connector asked for its task configurations to be made anew."""

    def topic_used(self, connector: str, topic: str, task: int = 0) -> None:
        """The connector's task of this number has just written to, or read from, this topic (KIP-558)."""

    async def read_offsets(self, connector: str, keys: Sequence[bytes]) -> list[bytes | None]:
        """Stored values of these serialised source partitions (keys as in the offsets topic), in order."""

    async def write_offsets(self, connector: str, entries: Mapping[bytes, bytes | None]) -> None:
        """Store source offsets durably; raises when they could not be stored: the task keeps them and tries again."""


class Supervisor(Protocol):
    """Runs connector objects and tasks in processes of their own; used on the worker's event loop.

    No method waits longer than its deadline, whatever plugin code does; past the deadline the process is ended and the
    call raises :class:`~barnabas.errors.HungError`. Errors of plugin code are raised as
    :class:`RemoteError`, with the original's class name, code and trace inside.
    """

    async def start(self) -> None:
        """Get ready to run units; called once before any other method."""

    async def stop(self, timeout: float) -> None:  # noqa: ASYNC109  a budget for many waits, not a cancellation
        """Stop everything gracefully within ``timeout`` seconds in total, then end what is left; no process remains."""

    def fence(self) -> None:
        """End all units at once, and take nothing more from them: other workers may run them by now.

        Returns at once; :meth:`stop_connector` and :meth:`stop_tasks` wait until they are gone.
        """

    async def start_connector(self, spec: ConnectorSpec) -> None:
        """Make, initialise and start a connector object; returns once it is RUNNING, raises when that failed."""

    async def stop_connector(self, name: str) -> None:
        """Stop a connector object; returns when it is gone, whatever it takes. Unknown names are fine."""

    async def task_configs(self, name: str, max_tasks: int) -> tuple[str, list[dict[str, str]]]:
        """Ask a running connector: its task class as ``package.module:Class``, and the task configurations."""

    async def start_task(self, spec: TaskSpec) -> None:
        """Start a task; returns once its process has accepted it. How it fares arrives at the listener."""

    async def stop_task(self, task: TaskId) -> None:
        """Stop a task within ``task.shutdown.graceful.timeout.ms``, then by force; returns when it is gone."""

    async def stop_tasks(self, tasks: Sequence[TaskId]) -> None:
        """Stop several at once: one shared deadline."""

    async def pause_task(self, task: TaskId) -> None:
        """Stop polling or putting; PAUSED arrives at the listener."""

    async def resume_task(self, task: TaskId) -> None:
        """Go on; RUNNING arrives at the listener."""

    async def validate(self, plugin: PluginRef, props: Mapping[str, str | None]) -> dict[str, Any]:
        """Run the whole validation of a connector configuration in a process of its own: the REST answer's body."""

    async def config_def(self, plugin: PluginRef) -> list[dict[str, Any]]:
        """The configuration definition of any plugin, in the form of ``GET /connector-plugins/{p}/config``."""

    async def alter_offsets(
        self, plugin: PluginRef, props: Mapping[str, str], offsets: Sequence[tuple[Any, Any]]
    ) -> bool:
        """Ask a connector, which is not started, about offsets that a user wants: whether all of them are dealt with.

        ``offsets`` are pairs: a source partition and its offset, or ``[topic, partition]`` and a number; a null offset
        is deleted.
        """

    def forget_topics(self, task: TaskId) -> None:
        """Have a task tell again which topics it uses, as soon as it uses them; unknown tasks are fine."""

    def set_level(self, change: LevelChange) -> None:
        """Have every process, also those that are made later, log in another detail."""

    async def scan(self, home: str | None) -> list[PluginRef]:
        """Import what is in a plugin home, in a process of its own, and list the plugin classes found."""

    def stats(self, task: TaskId) -> UnitStats | None:
        """Counters of a task, or ``None`` when it has no process."""


class RemoteError(ConnectError):
    """An error that plugin code raised in another process."""

    code = "BRN-5000"

    def __init__(self, info: ErrorInfo) -> None:
        super().__init__(info.message, code=info.code, key=info.key, remedy=info.remedy)
        self.info = info


def describe(error: BaseException) -> ErrorInfo:
    """Everything worth telling about an exception, for sending to another process or storing in a status."""
    import traceback  # noqa: PLC0415  only failing tasks pay for it

    if isinstance(error, RemoteError):
        return error.info
    known = error if isinstance(error, BarnabasError) else None
    java_class = known.java_class if known else ConnectError.java_class
    message = known.message if known else f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    head = f"{java_class}: {message}"
    advice = f"\n\t{known.remedy or ''} ({known.code})" if known else ""
    trace = "".join(traceback.format_exception(error)).rstrip()
    # An error that only passes another one on is judged by that one: does it heal, is it tried again?
    kind = error.__cause__ if error.__cause__ is not None and getattr(error, "wraps_cause", False) else error
    return ErrorInfo(
        message=message,
        code=known.code if known else ConnectError.code,
        key=known.key if known else None,
        remedy=known.remedy if known else None,
        java_class=java_class,
        python_class=type(kind).__name__,
        retriable=type(kind).__name__ == "RetriableError",
        trace=f"{head}{advice}{_causes(error)}\n{trace}\n",
    )


def _causes(error: BaseException) -> str:
    """The causes as a JVM worker's trace names them, for programs that look for these lines."""
    lines = ""
    seen = {id(error)}
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, BarnabasError):
            lines += f"\nCaused by: {cause.java_class}: {cause.message}"
        else:
            lines += f"\nCaused by: {type(cause).__name__}: {cause}"
        cause = cause.__cause__
    return lines
