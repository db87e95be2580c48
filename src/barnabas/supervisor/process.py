"""The real supervisor: hosts forked on demand, calls with deadlines, failed units started again.

One unit is a connector object or a task. The rules for which process a unit lives in:

===============  ==========================================  ===========================
isolation        connector object                            task
===============  ==========================================  ===========================
``process``      its own; ours share one, they are trusted   its own
``connector``    one process for the connector and all of its tasks
``shared``       one process for everything from the same plugin home
===============  ==========================================  ===========================

A unit that hangs in a shared process takes its neighbours with it: the process is ended, and the restart policy brings
the neighbours back at once.
"""

# ruff: noqa: D102  the contracts are on the interface
from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from barnabas import secrets
from barnabas.errors import BarnabasError, ConnectError, HostDiedError
from barnabas.log_levels import LevelChange
from barnabas.supervisor.api import (
    ConnectorSpec,
    ErrorInfo,
    Listener,
    PluginRef,
    State,
    TaskId,
    TaskSpec,
    UnitStats,
    describe,
)
from barnabas.supervisor.channel import (
    AlterOffsets,
    ConfigDefOf,
    Done,
    ForgetTopics,
    Hide,
    Leave,
    Pause,
    ReadConfig,
    ReadOffsets,
    Reconfigure,
    Resume,
    Scan,
    StartConnector,
    StartTask,
    StopUnit,
    TaskConfigs,
    ToHost,
    TopicUsed,
    ToWorker,
    UnitGone,
    UnitState,
    Validate,
    WriteOffsets,
)
from barnabas.supervisor.forkserver import ForkServer
from barnabas.supervisor.hosts import Host, HostPool, hung, no_fork_server
from barnabas.supervisor.restart import RestartState
from barnabas.supervisor.settings import Limits

__all__ = ["ProcessSupervisor"]

log = logging.getLogger(__name__)

_WATCH_INTERVAL = 0.5
_SHARED_SLOTS = 4096
_LEAVING = "barnabas.kafka.membership"
_LEAVE_DEADLINE = 5.0  # stopping must not wait long for a broker that is down
Renew = Callable[[ConnectorSpec | TaskSpec], Awaitable[ConnectorSpec | TaskSpec]]

_START_CALLS = frozenset({"load", "initialize", "start"})


class _Unit:
    """What the supervisor knows of a unit, whether or not it has a process now."""

    def __init__(
        self, name: str, what: str, spec: ConnectorSpec | TaskSpec, limits: Limits, state: RestartState
    ) -> None:
        self.name = name
        self.what = what
        self.spec = spec
        self.limits = limits
        self.restarts = state
        self.host: Host | None = None
        self.gone = asyncio.Event()
        self.gone.set()
        self.stopping = False
        self.running_since = 0.0
        self.next_restart = 0.0
        self.restarting: asyncio.Task[None] | None = None

    @property
    def is_task(self) -> bool:
        return isinstance(self.spec, TaskSpec)


class ProcessSupervisor:
    """Runs units in processes; see :class:`barnabas.supervisor.api.Supervisor` for the contract of each method.

    Args:
        fork: The fork server, launched at the very start of the process.
        listener: Told about states, and asked for offsets.
        worker_props: The worker's properties: limits and policies.
        jitter: Gives a number in [0, 1) for back-offs; a seeded one in tests.
    """

    def __init__(
        self,
        fork: ForkServer,
        worker_props: Mapping[str, str],
        listener: Listener | None = None,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pool = HostPool(fork)
        self._worker_props = worker_props
        self._listener = listener
        self._jitter = jitter
        self._limits = Limits.of(worker_props)
        self._units: dict[str, _Unit] = {}
        self._shared: dict[tuple[str, ...], list[Host]] = {}
        self._making = asyncio.Lock()
        self._leaving: list[TaskSpec] = []
        self._one_leaves = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._renew: Renew | None = None

    @property
    def pool(self) -> HostPool:
        """Makes processes: also for those that are neither connector nor task."""
        return self._pool

    def listen(self, listener: Listener, renew: Renew | None = None) -> None:
        """Set the listener, once, before :meth:`start`: herder and supervisor know each other.

        ``renew`` gives a specification the values that secrets have now: before a unit that failed is started again.
        """
        self._listener = listener
        self._renew = renew

    async def start(self) -> None:
        self._pool.attach()
        self._watching = asyncio.create_task(self._watch())

    async def broken(self) -> None:
        """Wait until the supervisor can do nothing more, which should never happen, and raise why.

        The worker must end then, so that whoever keeps it running starts a new one.

        Raises:
            HostDiedError: The fork server has ended.
        """
        await self._pool.broken.wait()
        raise no_fork_server()

    def fence(self) -> None:
        self._pool.fence()

    async def stop(self, timeout: float) -> None:  # noqa: ASYNC109  a budget for many waits, not a cancellation
        deadline = time.monotonic() + timeout
        units = list(self._units.values())
        specs = [unit.spec for unit in units if isinstance(unit.spec, TaskSpec) and unit.spec.plugin.kind == "sink"]
        await asyncio.gather(*(self._stop_unit(unit, deadline) for unit in units))
        self._units.clear()
        await self._leave_groups(specs)
        if self._watching is not None:
            self._watching.cancel()
        for task in list(self._background):
            task.cancel()
        await self._pool.end_all(10)
        self._pool.detach()

    # ------------------------------------------------------------------ connectors
    async def start_connector(self, spec: ConnectorSpec) -> None:
        name = _connector_unit(spec.name)
        await self._replace(name)
        unit = self._new_unit(name, f"connector {spec.name}", spec, spec.props)
        await self._launch(unit)

    async def stop_connector(self, name: str) -> None:
        await self._replace(_connector_unit(name))

    async def task_configs(self, name: str, max_tasks: int) -> tuple[str, list[dict[str, str]]]:
        unit = self._units.get(_connector_unit(name))
        if unit is None or unit.host is None:
            raise ConnectError(f"Connector {name} is not running.", code="BRN-5003", remedy="Restart the connector.")
        task_class, configs = await unit.host.ask(
            lambda number: TaskConfigs(number, unit.name, max_tasks),
            f"Connector.task_configs of {name}",
            unit.limits.connector_call,
        )
        return task_class, configs

    # ------------------------------------------------------------------ tasks
    async def start_task(self, spec: TaskSpec) -> None:
        name = _task_unit(spec.id)
        await self._replace(name)
        unit = self._new_unit(name, f"task {spec.id}", spec, spec.connector_props)
        await self._launch(unit)

    async def stop_task(self, task: TaskId) -> None:
        await self.stop_tasks([task])

    async def stop_tasks(self, tasks: Sequence[TaskId]) -> None:
        names = [_task_unit(task) for task in tasks]
        specs = [unit.spec for name in names if (unit := self._units.get(name)) is not None]
        await asyncio.gather(*(self._replace(name) for name in names))
        await self._leave_groups([spec for spec in specs if isinstance(spec, TaskSpec) and spec.plugin.kind == "sink"])

    async def _leave_groups(self, specs: list[TaskSpec]) -> None:
        """Give up the partitions of sink tasks that ended for good; static members do not do so by themselves.

        While Kafka does not answer there is no point in it. One process leaves all groups that there are to leave when
        it begins: its start costs much more than the requests.
        """
        if not specs or self._pool.lease_is_over:
            return
        self._leaving += specs
        async with self._one_leaves:
            specs, self._leaving = self._leaving, []
            if not specs:
                return  # they went with the last ones
            connectors = sorted({TaskId(*spec.id).connector for spec in specs})
            what = f"Leaving the consumer groups of {', '.join(connectors)}"
            try:
                await self._one_call(
                    _LEAVING, lambda number: Leave(number, specs), what, _LEAVE_DEADLINE, connectors=connectors
                )
            except ConnectError as error:
                log.warning("%s", error.describe())

    async def pause_task(self, task: TaskId) -> None:
        self._order(task, Pause, paused=True)

    async def resume_task(self, task: TaskId) -> None:
        self._order(task, Resume, paused=False)

    def _order(self, task: TaskId, message: type[Pause | Resume], *, paused: bool) -> None:
        unit = self._units.get(_task_unit(task))
        if unit is None:
            return
        if isinstance(unit.spec, TaskSpec):
            unit.spec.paused = paused  # also for a later restart
        if unit.host is not None:
            unit.host.send(message(unit.name))

    def forget_topics(self, task: TaskId) -> None:
        unit = self._units.get(_task_unit(task))
        if unit is not None and unit.host is not None:
            unit.host.send(ForgetTopics(unit.name))

    def stats(self, task: TaskId) -> UnitStats | None:
        unit = self._units.get(_task_unit(task))
        if unit is None:
            return None
        host = unit.host
        stats = host.slot(unit.name).stats(host.pid) if host is not None and unit.name in host.units else UnitStats()
        stats.restarts = unit.restarts.restarts
        stats.next_restart = unit.next_restart
        return stats

    # ------------------------------------------------------------------ single calls
    async def validate(self, plugin: PluginRef, props: Mapping[str, str | None]) -> dict[str, Any]:
        what = f"Validating a configuration of {plugin.name}"
        answer: dict[str, Any] = await self._one_call(
            _module_of(plugin),
            lambda number: Validate(number, plugin, dict(props), dict(self._worker_props)),
            what,
            connectors=[props.get("name")],
        )
        return answer

    async def config_def(self, plugin: PluginRef) -> list[dict[str, Any]]:
        what = f"Reading the configuration definition of {plugin.name}"
        answer: list[dict[str, Any]] = await self._one_call(
            _module_of(plugin), lambda number: ConfigDefOf(number, plugin), what
        )
        return answer

    async def alter_offsets(
        self, plugin: PluginRef, props: Mapping[str, str], offsets: Sequence[tuple[Any, Any]]
    ) -> bool:
        answer: bool = await self._one_call(
            _module_of(plugin),
            lambda number: AlterOffsets(number, plugin, dict(props), list(offsets)),
            f"Connector.alter_offsets of {props.get('name')}",
            connectors=[props.get("name")],
        )
        return answer

    def set_level(self, change: LevelChange) -> None:
        self._pool.set_level(change)

    async def scan(self, home: str | None) -> list[PluginRef]:
        answer = await self._one_call("", lambda number: Scan(number, home), f"Scanning {home or 'installed plugins'}")
        return [PluginRef(**entry) for entry in answer]

    async def _one_call(
        self,
        module: str,
        make: Callable[[int], ToHost],
        what: str,
        deadline: float | None = None,
        connectors: Sequence[str | None] = (None,),
    ) -> Any:
        """A call in a process made for it, which is then thrown away; without a deadline, that of connector objects."""
        host = Host(self._pool, what, 1, self._received, _ignore_end)
        await host.open(self._limits.memory, module)
        host.units["call"] = 0
        for name in connectors:
            _tell_secrets(host, name)
        try:
            return await host.ask(make, what, self._limits.connector_call if deadline is None else deadline)
        finally:
            host.kill()

    # ------------------------------------------------------------------ units
    def _new_unit(self, name: str, what: str, spec: ConnectorSpec | TaskSpec, props: Mapping[str, str]) -> _Unit:
        limits = Limits.of(self._worker_props, props)
        unit = _Unit(name, what, spec, limits, RestartState(limits.restart, self._jitter))
        self._units[name] = unit
        return unit

    async def _replace(self, name: str) -> None:
        """Stop and forget what runs under this name."""
        unit = self._units.get(name)
        if unit is None:
            return
        await self._stop_unit(unit, time.monotonic() + unit.limits.graceful)
        if self._units.get(name) is unit:
            del self._units[name]

    async def _launch(self, unit: _Unit) -> None:
        """Give a unit a process and start it there; raises, after arranging a restart, when that fails."""
        host: Host | None = None
        try:
            host = await self._host_for(unit)
            slot = host.add(unit.name)
            unit.host = host
            unit.gone.clear()
            unit.running_since = time.monotonic()
            if isinstance(unit.spec, TaskSpec):
                await self._ask_start_task(host, unit, unit.spec, slot)
            else:
                await self._ask_start_connector(host, unit, unit.spec, slot)
        except ConnectError as error:
            told = host is not None and host.ended is not None  # the end of its process was its failure
            if not unit.stopping and not told:
                info = describe(error)
                self._tell(unit, "FAILED", info)
                if unit.host is not None:
                    unit.host.send(StopUnit(unit.name))
                self._arrange_restart(unit, info)
            raise

    async def _ask_start_task(self, host: Host, unit: _Unit, spec: TaskSpec, slot: int) -> None:
        _tell_secrets(host, TaskId(*spec.id).connector, spec.props)
        await host.ask(
            lambda number: StartTask(number, unit.name, slot, spec),
            f"Starting {unit.what}",
            unit.limits.task_start,
        )

    async def _ask_start_connector(self, host: Host, unit: _Unit, spec: ConnectorSpec, slot: int) -> None:
        _tell_secrets(host, spec.name)
        await host.ask(
            lambda number: StartConnector(number, unit.name, slot, spec),
            f"Connector.start of {spec.name}",
            unit.limits.connector_call,
        )
        if not unit.stopping:
            self._tell(unit, "RUNNING", None)

    async def _host_for(self, unit: _Unit) -> Host:
        key = _host_key(unit)
        if key is None:
            return await self._make_host(unit, 1)
        async with self._making:
            for host in self._shared.setdefault(key, []):
                if not host.full and host.ended is None:
                    return host
            host = await self._make_host(unit, _SHARED_SLOTS)
            self._shared[key].append(host)
            return host

    async def _make_host(self, unit: _Unit, slots: int) -> Host:
        host = Host(self._pool, unit.name, slots, self._received, self._host_ended, leased=True)
        await host.open(unit.limits.memory, _module_of(unit.spec.plugin))
        return host

    async def _stop_unit(self, unit: _Unit, deadline: float) -> None:
        unit.stopping = True
        unit.next_restart = 0.0
        if unit.restarting is not None:
            unit.restarting.cancel()
        if unit.host is None:
            return
        unit.host.send(StopUnit(unit.name))
        try:
            await asyncio.wait_for(unit.gone.wait(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            log.warning(
                "%s did not stop within task.shutdown.graceful.timeout.ms: its process is ended.",
                unit.what.capitalize(),
            )
            unit.host.kill(hung(f"Stopping {unit.what}", unit.limits.graceful, "task.shutdown.graceful.timeout.ms"))
            await unit.gone.wait()

    def _unit_gone(self, host: Host, name: str) -> None:
        host.remove(name)
        if not host.units:
            for hosts in self._shared.values():
                if host in hosts:
                    hosts.remove(host)
        unit = self._units.get(name)
        if unit is not None and unit.host is host:
            unit.host = None
            unit.gone.set()

    def _host_ended(self, host: Host, error: HostDiedError) -> None:
        """A process is gone: its units failed, unless they were being stopped anyway."""
        for name in list(host.units):
            unit = self._units.get(name)
            running = unit is not None and unit.host is host and not unit.stopping
            self._unit_gone(host, name)
            if unit is None or not running or host.fenced:
                continue
            if host.lease_over:
                self._begin_again(unit)
            else:
                self._failed(unit, describe(error))

    def _begin_again(self, unit: _Unit) -> None:
        """It ended because its lease was over, which is no failure: it goes on if the worker is a member after all."""
        log.warning("%s ended: there was no word from the group for too long.", unit.what.capitalize())
        if unit.restarting is None or unit.restarting.done():
            unit.restarting = asyncio.create_task(self._restart(unit, _WATCH_INTERVAL))

    # ------------------------------------------------------------------ failures
    def _failed(self, unit: _Unit, info: ErrorInfo) -> None:
        log.error("%s failed: %s %s (%s)", unit.what.capitalize(), info.message, info.remedy or "", info.code)
        self._tell(unit, "FAILED", info)
        self._arrange_restart(unit, info)

    def _arrange_restart(self, unit: _Unit, info: ErrorInfo) -> None:
        if unit.restarting is not None and not unit.restarting.done():
            return
        healthy_for = time.monotonic() - unit.running_since if unit.running_since else 0.0
        delay = unit.restarts.failed(info, healthy_for)
        if delay is None:
            return
        unit.next_restart = time.time() + delay
        log.info("%s will be started again in %.1f s.", unit.what.capitalize(), delay)
        unit.restarting = asyncio.create_task(self._restart(unit, delay))

    async def _restart(self, unit: _Unit, delay: float) -> None:
        """Start a failed unit again, and again if that fails, for as long as the policy says."""
        await asyncio.sleep(delay)
        if unit.host is not None:  # it reported a failure: wait until nothing of it runs any more
            try:
                await asyncio.wait_for(unit.gone.wait(), unit.limits.graceful)
            except TimeoutError:
                if unit.host is not None:
                    unit.host.kill()
                    await unit.gone.wait()
        while self._pool.lease_is_over:  # noqa: ASYNC110  it is renewed on another thread, and rarely over
            await asyncio.sleep(_WATCH_INTERVAL)
        await self._renew_spec(unit)
        unit.restarting = None
        unit.next_restart = 0.0
        if unit.stopping or self._units.get(unit.name) is not unit:
            return
        self._tell(unit, "RESTARTING", None)
        try:
            await self._launch(unit)
        except ConnectError as error:
            log.warning("%s could not be started again: %s", unit.what.capitalize(), error.describe())
            return
        if not unit.is_task and self._listener is not None and isinstance(unit.spec, ConnectorSpec):
            self._listener.reconfiguration_requested(unit.spec.name)

    async def _renew_spec(self, unit: _Unit) -> None:
        """It may have failed because a password was changed; if there is no telling, it is started as it was."""
        if self._renew is None:
            return
        try:
            fresh = await self._renew(unit.spec)
        except BarnabasError as error:
            log.warning("%s is started again with the values it had: %s", unit.what.capitalize(), error.describe())
            return
        if isinstance(fresh, TaskSpec) and isinstance(unit.spec, TaskSpec):
            fresh = msgspec.structs.replace(fresh, paused=unit.spec.paused)
        unit.spec = fresh

    def _tell(self, unit: _Unit, state: State, error: ErrorInfo | None) -> None:
        if self._listener is None or self._units.get(unit.name) is not unit:
            return
        if isinstance(unit.spec, TaskSpec):
            self._listener.task_status(TaskId(*unit.spec.id), state, error)
        else:
            self._listener.connector_status(unit.spec.name, state, error)

    # ------------------------------------------------------------------ messages
    def _received(self, host: Host, message: ToWorker) -> None:
        match message:
            case UnitState():
                self._unit_state(host, message)
            case UnitGone():
                self._unit_gone(host, message.unit)
            case Reconfigure():
                unit = self._units.get(message.unit)
                if unit is not None and self._listener is not None and isinstance(unit.spec, ConnectorSpec):
                    self._listener.reconfiguration_requested(unit.spec.name)
            case TopicUsed():
                if self._listener is not None:
                    self._listener.topic_used(message.connector, message.topic, message.task)
            case ReadOffsets() | WriteOffsets():
                self._in_background(self._serve_offsets(host, message))
            case ReadConfig():
                self._in_background(self._serve_config(host, message))
            case Done():
                return

    def _unit_state(self, host: Host, message: UnitState) -> None:
        unit = self._units.get(message.unit)
        if unit is None or unit.host is not host or unit.stopping:
            return
        if message.state == "FAILED":
            self._failed(unit, message.error or describe(ConnectError("The task failed without saying why.")))
            if not unit.is_task:  # a connector object that called raise_error is still there: it is stopped
                host.send(StopUnit(unit.name))
        else:
            self._tell(unit, message.state, message.error)

    async def _serve_offsets(self, host: Host, message: ReadOffsets | WriteOffsets) -> None:
        assert self._listener is not None
        try:
            if isinstance(message, ReadOffsets):
                value = await self._listener.read_offsets(message.connector, message.keys)
                host.send(Done(message.id, value))
            else:
                self._check_lease(host, message.connector)
                await self._listener.write_offsets(message.connector, dict(message.entries))
                host.send(Done(message.id))
        except Exception as error:  # noqa: BLE001  whatever it is, the task must hear of it
            host.send(Done(message.id, error=describe(error)))

    def _check_lease(self, host: Host, connector: str) -> None:
        """What a task said before it was ended may be read long after another worker has taken it over."""
        if host.fenced or self._pool.lease_is_over:
            raise ConnectError(
                f"The offsets of connector {connector} are not written: another worker may run it by now.",
                code="BRN-3150",
                remedy="The worker had no contact with its group for longer than session.timeout.ms.",
            )

    async def _serve_config(self, host: Host, message: ReadConfig) -> None:
        """A task asks for its configuration; what is kept for its next start is left alone."""
        unit = self._units.get(message.unit)
        try:
            if unit is None or not isinstance(unit.spec, TaskSpec):
                raise ConnectError(f"There is no task {message.unit} any more.", code="BRN-5003")  # noqa: TRY301
            spec = unit.spec if self._renew is None else await self._renew(unit.spec)
            _tell_secrets(host, TaskId(*unit.spec.id).connector, spec.props)
            host.send(Done(message.id, spec.props))
        except Exception as error:  # noqa: BLE001  whatever it is, the task must hear of it
            host.send(Done(message.id, error=describe(error)))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # ------------------------------------------------------------------ deadlines of calls inside the loops
    async def _watch(self) -> None:
        """Look at every task's slot; the calls of connector objects have deadlines of their own."""
        while True:
            await asyncio.sleep(_WATCH_INTERVAL)
            for unit in list(self._units.values()):
                if unit.is_task and unit.host is not None and unit.name in unit.host.units:
                    self._check(unit, unit.host)

    def _check(self, unit: _Unit, host: Host) -> None:
        call = host.slot(unit.name).call()
        if call is None:
            return
        name, seconds = call
        starting = name in _START_CALLS
        limit = unit.limits.task_start if starting else unit.limits.task_call
        if 0 < limit < seconds:
            key = "task.start.timeout.ms" if starting else "task.call.timeout.ms"
            host.kill(hung(f"{name} of {unit.what}", limit, key))


def _connector_unit(name: str) -> str:
    return f"{name}|worker"


def _task_unit(task: TaskId) -> str:
    return f"{task.connector}|task-{task.task}"


def _tell_secrets(host: Host, connector: str | None, props: Mapping[str, str] | None = None) -> None:
    """Before a host is given a configuration, tell it what in there must not be said."""
    owner = secrets.owner_of(connector)
    values = secrets.owned_by(secrets.WORKER, owner) | secrets.secrets_in(props or {})
    if values:
        host.send(Hide(owner, values))


def _host_key(unit: _Unit) -> tuple[str, ...] | None:
    """Which shared process a unit belongs to; ``None`` for one of its own."""
    spec = unit.spec
    isolation = unit.limits.isolation
    if isolation == "connector":
        return ("connector", spec.id.connector if isinstance(spec, TaskSpec) else spec.name)
    if isolation == "shared":
        return ("shared", spec.plugin.home or "")
    if isinstance(spec, ConnectorSpec) and spec.plugin.trusted:
        return ("trusted",)
    return None


def _module_of(plugin: PluginRef) -> str:
    """The module that the fork server may import for this plugin: only if it is ours."""
    return plugin.path.partition(":")[0] if plugin.trusted else ""


def _ignore_end(host: Host, error: HostDiedError) -> None:
    """The end of a process that was made for one call: the call itself is told."""
