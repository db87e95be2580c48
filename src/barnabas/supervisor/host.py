"""What runs in a host process: units, each on a thread of its own, and the main thread on the control channel.

A *unit* is a connector object or a task. The main thread only reads the channel, so that a stop arrives whatever the
units do; when the channel ends, the worker is gone and the process ends at once, in the middle of whatever it does:
offsets and data are safe by design, and nothing may go on writing for a worker that another may have replaced.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol

from barnabas import log_levels, logs, secrets
from barnabas.connector import Connector, OffsetStorageReader, SourceConnectorContext
from barnabas.errors import ConnectError
from barnabas.lease import Lease, watch
from barnabas.plugins import load, scan_home
from barnabas.store.reader import StoredOffsets
from barnabas.supervisor.api import ConnectorSpec, ErrorInfo, RemoteError, State, TaskSpec, describe
from barnabas.supervisor.board import Board, Slot
from barnabas.supervisor.channel import (
    AlterOffsets,
    Channel,
    ConfigDefOf,
    Done,
    ForgetTopics,
    Hide,
    Leave,
    Pause,
    Provide,
    Quit,
    ReadConfig,
    ReadOffsets,
    Reconfigure,
    Resume,
    Scan,
    SetLevel,
    StartConnector,
    StartTask,
    StopUnit,
    TaskConfigs,
    ToHost,
    TopicUsed,
    UnitGone,
    UnitState,
    Validate,
    WriteOffsets,
)
from barnabas.supervisor.limits import MemoryLimit
from barnabas.supervisor.provider_calls import ProviderCalls
from barnabas.task.control import TaskControl
from barnabas.task.membership import leave
from barnabas.task.run import make_task_runner

__all__ = ["Host"]

log = logging.getLogger(__name__)

_CONNECTOR_STACK: Final = 1 << 20
"""Bytes; hundreds of connector objects may share a process, and with it the limit of its memory."""


class Link:
    """The units' way to the worker: notifications, and requests that are answered."""

    def __init__(self, channel: Channel) -> None:
        self.send = channel.send
        self._pending: dict[int, Future[Any]] = {}
        self._ids = itertools.count(1)

    def read_offsets(self, connector: str, keys: Sequence[bytes]) -> list[bytes | None]:
        """Stored source offsets, from the worker's store; blocks until answered (the worker always answers)."""
        return self._ask(lambda number: ReadOffsets(number, connector, list(keys))).result()  # type: ignore[no-any-return]

    def write_offsets(self, connector: str, entries: Mapping[bytes, bytes | None]) -> Future[None]:
        """Have source offsets stored; the future is done once they are durable."""
        return self._ask(lambda number: WriteOffsets(number, connector, list(entries.items())))

    def read_config(self, unit: str) -> dict[str, str]:
        """The configuration of a task, from the worker; blocks until answered (the worker always answers)."""
        return self._ask(lambda number: ReadConfig(number, unit)).result()  # type: ignore[no-any-return]

    def topic_used(self, connector: str, topic: str, task: int) -> None:
        """Tell that a task uses a topic."""
        self.send(TopicUsed(connector, topic, task))

    def _ask(self, make: Callable[[int], ReadConfig | ReadOffsets | WriteOffsets]) -> Future[Any]:
        number = next(self._ids)
        future: Future[Any] = Future()
        self._pending[number] = future
        self.send(make(number))
        return future

    def answered(self, done: Done) -> None:
        """An answer arrived; called on the main thread."""
        future = self._pending.pop(done.id)
        if done.error is not None:
            future.set_exception(RemoteError(done.error))
        else:
            future.set_result(done.value)


class Unit(Protocol):
    """A connector object or a task, from the main thread's point of view; no method blocks."""

    def stop(self) -> None:
        """Begin to stop in good order."""


class Host:
    """The process.

    Args:
        channel_fd: The host's end of the control channel.
        board_fd: The shared memory for calls and counters.
    """

    def __init__(self, channel_fd: int, board_fd: int) -> None:
        self._channel = Channel(channel_fd)
        self._board = Board.attach(board_fd)
        self._lease = Lease(self._board)
        self._link = Link(self._channel)
        self._units: dict[str, Unit] = {}
        self._providers = ProviderCalls(self._channel.send)
        self._memory = MemoryLimit()

    def run(self) -> int:
        """Serve until told to quit (0) or the worker is gone (0 as well: nobody is left to read it)."""
        threading.excepthook = _say_thread_error
        watch(self._lease)
        while self.serve():
            pass
        os._exit(0)

    def serve(self) -> bool:
        """Wait for one order and carry it out; false after the last one, or when the worker is gone."""
        message = self._channel.receive()
        if message is None:
            return False
        if isinstance(message, Quit):
            self._providers.close()
            return False
        self._handle(message)
        return True

    def close(self) -> None:
        """Let go of the channel: in the fork server's rehearsal; a host ends with its process."""
        self._channel.close()

    def _handle(self, message: ToHost) -> None:
        match message:
            case Done():
                self._link.answered(message)
            case StartConnector():
                unit = ConnectorUnit(message, self._link, self._board.slot(message.slot), self._gone)
                self._add(message.unit, unit)
                unit.begin(message.id)
            case TaskConfigs():
                self._connector(message.unit).ask_task_configs(message.id, message.max_tasks)
            case StartTask():
                self._start_task(message)
            case StopUnit():
                self._stop(message.unit)
            case Pause() | Resume() | ForgetTopics():
                self._order(message)
            case Hide() | Provide() | SetLevel():
                self._values(message)
            case Validate() | ConfigDefOf() | AlterOffsets() | Scan() | Leave():
                OneCall(message, self._link, self._board.slot(0)).start()
            case Quit():
                return

    def _order(self, message: Pause | Resume | ForgetTopics) -> None:
        unit = self._units.get(message.unit)
        if not isinstance(unit, TaskUnit):  # it failed and is gone already; the worker's order crossed our notification
            return
        match message:
            case Pause():
                unit.control.pause()
            case Resume():
                unit.control.resume()
            case ForgetTopics():
                unit.control.forget_topics()

    def _values(self, message: Hide | Provide | SetLevel) -> None:
        if isinstance(message, Hide):
            secrets.register(message.owner, message.values)
        elif isinstance(message, SetLevel):
            log_levels.apply(message.change)
        else:
            self._providers.ask(message)

    def _connector(self, unit: str) -> ConnectorUnit:
        found = self._units[unit]
        if not isinstance(found, ConnectorUnit):
            raise TypeError(f"unit {unit} is no connector")
        return found

    def _start_task(self, message: StartTask) -> None:
        unit = TaskUnit(message, self._link, self._board.slot(message.slot), self._gone, self._lease)
        self._add(message.unit, unit)
        unit.start()
        self._link.send(Done(message.id))

    def _add(self, name: str, unit: Unit) -> None:
        self._units[name] = unit
        self._memory.hold(len(self._units))

    def _stop(self, name: str) -> None:
        unit = self._units.get(name)
        if unit is None:  # it failed and is gone already; the worker's request crossed our notification
            return
        unit.stop()

    def _gone(self, name: str) -> None:
        """A unit's thread is at its end; called on that thread."""
        self._units.pop(name, None)
        self._link.send(UnitGone(name))


def _say_thread_error(args: threading.ExceptHookArgs) -> None:
    log.error("Thread %s ended with an error.", args.thread and args.thread.name, exc_info=args.exc_value)


SingleCall = Validate | ConfigDefOf | AlterOffsets | Scan | Leave


class OneCall(threading.Thread):
    """A validation, description, scan or farewell: one call in a process made for it."""

    def __init__(self, message: SingleCall, link: Link, slot: Slot) -> None:
        super().__init__(name="call", daemon=True)
        self._message = message
        self._link = link
        self._slot = slot

    def run(self) -> None:
        """Make the call and answer."""
        message = self._message
        try:
            value = self._value(message)
        except BaseException as error:  # noqa: BLE001  also SystemExit: plugin code must not end the answer
            self._link.send(Done(message.id, error=describe(error)))
        else:
            self._link.send(Done(message.id, value))

    def _value(self, message: SingleCall) -> Any:
        if isinstance(message, Leave):
            return leave(message.specs)
        if isinstance(message, Scan):
            with self._slot.calling("load"):
                return scan_home(message.home)
        from barnabas.supervisor.describe import (  # noqa: PLC0415  only needed here
            alter_offsets,
            config_def_json,
            validate_connector,
        )

        if isinstance(message, AlterOffsets):
            return alter_offsets(message.plugin, message.props, message.offsets, self._slot)
        if isinstance(message, ConfigDefOf):
            return config_def_json(message.plugin, self._slot)
        return validate_connector(message.plugin, message.props, message.worker, self._slot)


class _Context(SourceConnectorContext):
    """What a connector object is given; right for sinks too, which never ask for offsets."""

    def __init__(self, unit: ConnectorUnit) -> None:
        self._unit = unit

    def request_task_reconfiguration(self) -> None:
        self._unit.link.send(Reconfigure(self._unit.name))

    def raise_error(self, error: Exception) -> None:
        self._unit.failed(error)

    @property
    def offset_storage_reader(self) -> OffsetStorageReader:
        return StoredOffsets(self._unit.spec.name, self._unit.link.read_offsets)


class ConnectorUnit(threading.Thread):
    """A connector object: requests are done one after the other on its own thread."""

    def __init__(self, message: StartConnector, link: Link, slot: Slot, gone: Callable[[str], None]) -> None:
        super().__init__(name=message.unit, daemon=True)
        self.spec: ConnectorSpec = message.spec
        self.link = link
        self._slot = slot
        self._gone = gone
        self._requests: queue.SimpleQueue[tuple[int, Callable[[], Any]] | None] = queue.SimpleQueue()
        self._connector: Connector | None = None
        slot.clear()

    def begin(self, request: int) -> None:
        """Start the thread with making and starting the object as its first request."""
        self._requests.put((request, self._begin))
        usual = threading.stack_size(_CONNECTOR_STACK)
        self.start()
        threading.stack_size(usual)

    def ask_task_configs(self, request: int, max_tasks: int) -> None:
        """Queue a request for task configurations."""
        self._requests.put((request, lambda: self._task_configs(max_tasks)))

    def stop(self) -> None:
        """Queue the end."""
        self._requests.put(None)

    def failed(self, error: BaseException) -> None:
        """The connector reported an unrecoverable error, from a thread of its own."""
        self.link.send(UnitState(self.name, "FAILED", describe(error)))

    def run(self) -> None:
        """Serve requests until stopped."""
        with logs.context(f"{self.spec.name}|worker"):
            while (item := self._requests.get()) is not None:
                request, call = item
                try:
                    value = call()
                except BaseException as error:  # noqa: BLE001  also SystemExit from plugin code
                    self.link.send(Done(request, error=describe(error)))
                else:
                    self.link.send(Done(request, value))
            self._end()
        self._gone(self.name)

    def _begin(self) -> None:
        spec = self.spec
        with self._slot.calling("load"):
            connector = load(spec.plugin)()
        self._connector = connector
        with self._slot.calling("initialize"):
            connector.initialize(_Context(self), spec.task_configs)
        with self._slot.calling("start"):
            connector.start(spec.props)

    def _task_configs(self, max_tasks: int) -> tuple[str, list[dict[str, str]]]:
        if self._connector is None:
            raise ConnectError(f"Connector {self.spec.name} is not started.", code="BRN-5003")
        with self._slot.calling("task_configs"):
            task = self._connector.task_class()
            configs = [dict(config) for config in self._connector.task_configs(max_tasks)]
        return f"{task.__module__}:{task.__qualname__}", configs

    def _end(self) -> None:
        if self._connector is None:
            return
        try:
            with self._slot.calling("stop"):
                self._connector.stop()
        except BaseException:
            log.exception("Connector.stop failed; the connector is stopped all the same.")


class TaskUnit(threading.Thread):
    """A task: the source or sink loop on its own thread."""

    def __init__(self, message: StartTask, link: Link, slot: Slot, gone: Callable[[str], None], lease: Lease) -> None:
        super().__init__(name=message.unit, daemon=True)
        self.spec: TaskSpec = message.spec
        self.control = TaskControl(
            slot,
            paused=message.spec.paused,
            report=self._report,
            configs=lambda: link.read_config(message.unit),
            lease=lease,
        )
        self._link = link
        self._gone = gone
        slot.clear()

    def stop(self) -> None:
        """Begin to stop."""
        self.control.stop()

    def _report(self, state: State, error: ErrorInfo | None = None) -> None:
        self._link.send(UnitState(self.name, state, error))

    def run(self) -> None:
        """Run the loop; whatever it raises is the task's failure."""
        with logs.context(f"{self.spec.id.connector}|task-{self.spec.id.task}"):
            try:
                make_task_runner(self.spec, self.control, self._link).run()
            except BaseException as error:
                info = describe(error)
                log.error("Task %s failed: %s (%s)", self.spec.id, info.message, info.code, exc_info=error)  # noqa: TRY400
                self._report("FAILED", info)
        self._gone(self.name)
