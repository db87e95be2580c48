"""Has the fork server live through the lives of tasks: what they will run is run here first, and shared.

:mod:`barnabas.task.warm` runs the loops without Kafka. Here a host gets orders over a channel, and its tasks have
threads and real clients, connected to a socket that never answers. When this is done no client, thread or file is left.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from barnabas.connector import SinkTask, SourceTask
from barnabas.kafka.warm import await_threads, initialise_library
from barnabas.record import SinkBatch, SourceBatch
from barnabas.supervisor import channel as wire
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec
from barnabas.supervisor.board import Board
from barnabas.supervisor.host import Host
from barnabas.task.memory import IdleTrim
from barnabas.task.warm import warm_up as warm_up_loops

__all__ = ["rehearse", "warm_up"]

_ROUNDS: Final = 12  # the interpreter rewrites a function's code after eight runs, and some of it a little later
_POLLS: Final = 3
_PATIENCE: Final = 1.0  # seconds for any step of a round; a machine that slow goes on without being warm
_worked = threading.Event()


class _Source(SourceTask):
    """Gives a record, then nothing."""

    polls = 0

    def start(self, props: Mapping[str, str]) -> None:
        super().start(props)
        self.context.offset_storage_reader.offset({"a": 1})

    def poll(self) -> SourceBatch | None:
        self.polls += 1
        if self.polls == _POLLS:
            _worked.set()
        if self.polls > 1:
            return None
        return SourceBatch("warm", ["x"], source_partition={"a": 1}, source_offset={"b": 1})


class _Sink(SinkTask):
    """Gets nothing, often."""

    puts = 0

    def put(self, _: SinkBatch) -> None:
        self.puts += 1
        if self.puts == _POLLS:
            _worked.set()


def rehearse() -> None:
    """Run everything once that :func:`warm_up` will run."""
    initialise_library()
    warm_up_loops()
    _lives(1)


def warm_up() -> None:
    """Run what happens between a fork and the work of a task again and again.

    Raises:
        HostDiedError: A thread is left.
    """
    warm_up_loops()
    _lives(_ROUNDS)


def _lives(rounds: int) -> None:
    logging.disable(logging.CRITICAL)
    try:
        with _silent_broker() as bootstrap, contextlib.suppress(OSError):
            for _ in range(rounds):
                _live(_spec("source", bootstrap))
                _live(_spec("sink", bootstrap))
    finally:
        logging.disable(logging.NOTSET)
    trim = IdleTrim()
    for _ in range(rounds):
        trim.worked()
        trim.idle()
    await_threads()


@contextlib.contextmanager
def _silent_broker() -> Iterator[str]:
    """An address that takes connections and never answers, so that nothing is reported as broken."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(2 * _ROUNDS)
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def _spec(kind: Literal["source", "sink"], bootstrap: str) -> TaskSpec:
    worker = {
        "bootstrap.servers": bootstrap,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "offset.storage.file.filename": os.devnull,
        "offset.flush.interval.ms": "1",
        "offset.flush.timeout.ms": "0",
        "listeners": "http://127.0.0.1:8083",
    }
    props = {"name": "warm", "topics": "warm"}
    path = f"{__name__}:_{kind.capitalize()}"
    return TaskSpec(TaskId("warm", 0), PluginRef("warm", path, kind), path, props, props, worker)


def _live(spec: TaskSpec) -> None:
    """One host with one task, from its first order to the task's end."""
    ours, theirs = socket.socketpair()
    board = Board.create(1)
    _worked.clear()
    with ours:
        ours.settimeout(_PATIENCE)
        host = Host(theirs.detach(), board.fd)
        _order(ours, wire.Hide("warm", {"secret": "***"}))
        host.serve()
        _order(ours, wire.StartTask(1, "warm|task-0", 0, spec))
        host.serve()
        while not isinstance(said := _hear(ours), wire.UnitGone):
            match said:
                case wire.UnitState("warm|task-0", "RUNNING"):
                    _worked.wait(_PATIENCE)
                    _order(ours, wire.StopUnit("warm|task-0"))
                    host.serve()
                case wire.ReadOffsets():
                    _order(ours, wire.Done(said.id, [None] * len(said.keys)))
                    host.serve()
                case wire.WriteOffsets():
                    _order(ours, wire.Done(said.id))
                    host.serve()
        host.close()
    board.close()


def _order(worker: socket.socket, message: wire.ToHost) -> None:
    worker.sendall(wire.frame(message))


def _hear(worker: socket.socket) -> wire.ToWorker:
    """The next message of the host. Raises TimeoutError, an OSError, when there is none for long."""
    head = worker.recv(wire.LENGTH.size, socket.MSG_WAITALL)
    said: wire.ToWorker = wire.decode_for_worker(worker.recv(wire.LENGTH.unpack(head)[0], socket.MSG_WAITALL))
    return said
