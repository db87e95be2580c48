"""Runs, in the fork server, what every task will run: so that its pages are shared instead of written once a host.

Importing a module is not all of its cost. The first runs of a function let the interpreter rewrite its code in place,
caches fill, types are resolved, a C library is bound. All of that writes to memory, and a page written after a fork is
a private one. When this is done there is no Kafka client, thread or open file that was not there before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from barnabas.connector import SinkTask, SourceTask
from barnabas.kafka.tickets import TicketBook
from barnabas.record import SinkBatch, SourceBatch, TopicPartition
from barnabas.supervisor.api import ErrorInfo, PluginRef, State, TaskId, TaskSpec
from barnabas.supervisor.board import Board, Slot
from barnabas.supervisor.settings import Limits
from barnabas.task.control import TaskControl
from barnabas.task.failures import Operator
from barnabas.task.run import make_converters, make_task_runner
from barnabas.task.sink import SinkLoop, SinkLoopSettings
from barnabas.task.sink_errors import SinkErrors
from barnabas.task.sink_pipeline import SinkPipeline
from barnabas.task.source import SourceLoop, SourceLoopSettings
from barnabas.task.source_errors import SourceErrors
from barnabas.task.source_pipeline import SourcePipeline

__all__ = ["warm_up"]

_ROUNDS = 10  # the interpreter rewrites a function's code after eight runs
_WORKER = {
    "bootstrap.servers": "127.0.0.1:9092",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "offset.storage.file.filename": "/dev/null",
    "listeners": "http://127.0.0.1:8083",
}
_PROPS = {"name": "warm", "topics": "warm"}
_SPEC = TaskSpec(
    TaskId("warm", 0),
    PluginRef("warm", f"{__name__}:_IdleSource", "source"),
    f"{__name__}:_IdleSource",
    _PROPS,
    _PROPS,
    _WORKER,
)
_SINK_SPEC = TaskSpec(
    TaskId("warm", 1),
    PluginRef("warm", f"{__name__}:_IdleSink", "sink"),
    f"{__name__}:_IdleSink",
    _PROPS,
    _PROPS,
    _WORKER,
)


def warm_up() -> None:
    """Run the common path of a source and a sink task, with everything but Kafka."""
    board = Board.create(1)
    control = TaskControl(board.slot(0), paused=False, report=_silent)
    for _ in range(_ROUNDS):
        Limits.of(_WORKER, _PROPS)
        make_task_runner(_SPEC, control, _Store())
        make_task_runner(_SINK_SPEC, control, _Store())
        converters = make_converters(_SPEC)
    _run_source(board.slot(0), SourcePipeline([], *converters))
    _run_sink(board.slot(0), SinkPipeline([], *converters))
    board.slot(0).stats(0)
    board.close()


def _silent(state: State, error: ErrorInfo | None = None) -> None:
    """Nobody is told."""


def _unused(connector: str, topic: str, task: int) -> None:
    """Nobody is told of topics either."""


class _Source(SourceTask):
    """Gives a record at each poll, and stops its loop after some."""

    def __init__(self, control: TaskControl) -> None:
        self._control = control
        self._polls = 0

    def poll(self) -> SourceBatch:
        self._polls += 1
        if self._polls == _ROUNDS:
            self._control.stop()
        return SourceBatch("warm", ["x"], source_partition={"a": 1}, source_offset={"b": self._polls})


class _IdleSource(SourceTask):
    """Is made, and not run."""

    def poll(self) -> None:
        """Never called."""


class _IdleSink(SinkTask):
    """Is made, and not run."""

    def put(self, _: SinkBatch) -> None:
        """Never called."""


class _Producer:
    """Acknowledges at once."""

    in_flight = 0

    def __init__(self) -> None:
        self._book = TicketBook(want_metadata=False)

    def send(self, topic: str, values: Sequence[bytes | None], **_: Any) -> Any:
        ticket = self._book.open(topic)
        self._book.add(ticket, len(values), 1)
        ticket.acknowledge(0, len(values) - 1, len(values))
        self._book.close()
        return ticket

    def poll(self, _: float) -> int:
        return 0

    flush = close = poll


class _Store:
    """Stores nothing, at once."""

    def topic_used(self, connector: str, topic: str, task: int) -> None:
        """Nobody is told."""

    def read_offsets(self, _: str, keys: Sequence[bytes]) -> list[bytes | None]:
        return [None] * len(keys)

    def write_offsets(self, _: str, __: Mapping[bytes, bytes | None]) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done


def _run_source(slot: Slot, pipeline: SourcePipeline) -> None:
    control = TaskControl(slot, paused=False, report=_silent)
    make: Callable[[bool], Any] = lambda _: _Producer()  # noqa: E731  typed as what it stands for
    settings = SourceLoopSettings(0, 0)
    errors = SourceErrors(_SPEC.id, Operator(), pipeline)
    SourceLoop(_SPEC, control, _Source(control), pipeline, errors, make, _Store(), settings, _unused).run()


class _Sink(SinkTask):
    """Takes anything, and stops its loop after some."""

    def __init__(self, control: TaskControl) -> None:
        self._control = control
        self._puts = 0

    def put(self, _: SinkBatch) -> None:
        self._puts += 1
        if self._puts == _ROUNDS:
            self._control.stop()


class _Consumer:
    """Delivers nothing, commits everything."""

    def fetch(self, *_: Any) -> list[Any]:
        return []

    def commit_async(self, _: Any, done: Callable[[None], None]) -> None:
        done(None)

    def nothing(self, *_: Any) -> None:
        """What there is nothing to do for."""

    pause = resume = seek = commit_sync = close = nothing


def _run_sink(slot: Slot, pipeline: SinkPipeline) -> None:
    control = TaskControl(slot, paused=False, report=_silent)

    def subscribe(_: Any, loop: SinkLoop) -> None:
        loop.on_assign([TopicPartition("warm", 0)])

    make: Callable[[], Any] = _Consumer
    settings = SinkLoopSettings(0, 0, 500)
    errors = SinkErrors(_SPEC.id, Operator(), pipeline)
    SinkLoop(_SPEC, control, _Sink(control), pipeline, errors, make, subscribe, settings, _unused).run()
