"""Brings one connector to where its stored configuration wants it: the connector object first, then its tasks.

The public methods are operations of the connector's lane: one runs at a time, each reads the stores when its turn
comes, and each can be cut short at a call into plugin code, or while a configuration provider is asked, and be followed
by any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import msgspec

from barnabas import secrets
from barnabas.config_providers import has_placeholder
from barnabas.errors import BarnabasError
from barnabas.herder.base import Plugins, RequestError
from barnabas.herder.classes import ConnectorClasses
from barnabas.herder.lane import Lane, SupersededError
from barnabas.herder.reload import ReloadTimer, reloads
from barnabas.herder.resolving import Resolved, Resolver
from barnabas.herder.task_plan import complete_configs, tasks_max, unchanged
from barnabas.store.base import ConfigStore, Status, StatusStore
from barnabas.supervisor.api import (
    ConnectorSpec,
    ErrorInfo,
    Isolation,
    PluginRef,
    State,
    Supervisor,
    TaskId,
    TaskSpec,
    describe,
)
from barnabas.topic_rules import TopicRules, uses_topic_rules

__all__ = ["ConnectorRunner", "Surroundings"]

log = logging.getLogger(__name__)


class Surroundings(msgspec.Struct):
    """What all runners of a worker share.

    Args:
        supervisor: Runs connector objects and tasks.
        plugins: Finds classes.
        classes: Remembers those of connectors.
        configs: What is wanted.
        statuses: What is.
        worker_id: ``host:port``, for statuses.
        worker_props: For tasks.
        isolation: ``task.isolation`` of the worker; connectors may say otherwise.
        resolver: Replaces placeholders in configurations.
        reload_due: Called with the name of a connector whose values should be asked for again.
        generation: Of the assignment, for statuses.
    """

    supervisor: Supervisor
    plugins: Plugins
    classes: ConnectorClasses
    configs: ConfigStore
    statuses: StatusStore
    worker_id: str
    worker_props: dict[str, str]
    isolation: Isolation
    resolver: Resolver
    reload_due: Callable[[str], None]
    generation: int = 0


class ConnectorRunner:
    """One connector on this worker.

    Attributes:
        lane: Its operations.
        tasks: Numbers of the tasks that were started and not stopped: only of these are reports believed.
        expected: Whether its connector object was started and not stopped.
    """

    def __init__(self, name: str, around: Surroundings, lane: Lane) -> None:
        self.name = name
        self.lane = lane
        self.tasks: set[int] = set()
        self.expected = False
        self._around = around
        self._task_class = ""
        self._resolved = Resolved({})  # what the connector object was started with
        self._applied: dict[str, str] | None = None  # the same when tasks were last made
        self._owed: set[int] = set()  # tasks that should run, whose start was cut short
        self._reload = ReloadTimer(lambda: around.reload_due(name))

    # ------------------------------------------------------------------ operations
    async def reach(self) -> None:
        """Stop the connector object and start it with the stored configuration; tasks restart only if they change."""
        await self._stop_connector()
        await self._align_tasks()
        await self._start_connector()
        await self._update_tasks()

    async def update_tasks(self) -> None:
        """Ask the connector for its tasks again."""
        await self._update_tasks()

    async def pause(self) -> None:
        """Pause tasks, stop the connector object."""
        await self._align_tasks()
        await self._stop_connector()
        if self._exists and self._around.configs.target_state(self.name) == "PAUSED":
            self._rest("PAUSED")

    async def resume(self) -> None:
        """Resume tasks; start the connector object unless it runs; make tasks if there are none."""
        await self._align_tasks()
        status = self._around.statuses.connector(self.name)
        if not self.expected or status is None or status.state != "RUNNING":
            await self._stop_connector()
            await self._start_connector()
        await self._update_tasks()

    async def stop(self) -> None:
        """End tasks and connector object; the stored task configurations are gone already."""
        await self._stop_tasks(self.tasks)
        await self._stop_connector()
        if self._exists:
            self._rest("STOPPED")

    async def restart(self, *, connector: bool, tasks: Iterable[int]) -> None:
        """Start the connector object, some tasks, or both anew."""
        numbers = sorted(tasks)
        failure: Exception | None = None
        if connector:
            await self._stop_connector()
        if numbers:
            await self._around.supervisor.stop_tasks([TaskId(self.name, number) for number in numbers])
        if connector:
            try:
                await self._start_connector()
            except (RequestError, SupersededError) as error:
                failure = error
        await self._start_tasks(numbers)  # they do not depend on the connector object, and must not stay stopped
        if failure is not None:
            raise failure
        if connector:
            await self._update_tasks()

    async def reload(self) -> None:
        """Ask for the values from configuration providers again; start the connector anew if they have changed.

        If they cannot be had, the connector goes on with those it has, and they are asked for again later.
        """
        config = self._config()
        if not self.expected or self._around.configs.target_state(self.name) != "STARTED":
            return
        try:
            resolved = await self.lane.call(self._around.resolver.resolve(self.name, config))
        except SupersededError:
            raise
        except BarnabasError as error:
            log.warning("The values from configuration providers stay as they are: %s", error.describe())
            self._reload.again()
            return
        if resolved.props == self._props:
            self._reload.start(resolved.ttl)
            return
        log.info("Values from configuration providers have changed: the connector is restarted.")
        await self.restart(connector=True, tasks=())

    async def renewed(self, spec: ConnectorSpec | TaskSpec) -> ConnectorSpec | TaskSpec:
        """What is to be started again by the supervisor, with the values that its placeholders have now.

        Raises:
            BarnabasError: A provider failed.
        """
        config, stored = self._config(), self._around.configs.task_configs(self.name)
        if isinstance(spec, TaskSpec):
            number = TaskId(*spec.id).task
            if number >= len(stored) or not _has_placeholders(config, stored[number]):
                return spec
            connector, task = await self._around.resolver.resolve_all(self.name, config, stored[number])
            return msgspec.structs.replace(spec, props=task.props, connector_props=connector.props)
        if not _has_placeholders(config):
            return spec
        self._resolved = await self._around.resolver.resolve(self.name, config)
        return msgspec.structs.replace(spec, props=self._props)

    def close(self) -> None:
        """The worker stops, or the connector is gone: nothing is to happen later."""
        self._reload.cancel()

    # ------------------------------------------------------------------ reports
    def connector_reported(self, state: State, error: ErrorInfo | None) -> None:
        """The supervisor says what became of the connector object."""
        if self.expected and self._exists:
            self._put(state, error)

    def task_reported(self, number: int, state: State, error: ErrorInfo | None) -> None:
        """The supervisor says what became of a task."""
        if number in self.tasks and self._exists:
            self._around.statuses.put_task(TaskId(self.name, number), self._status(state, error))

    # ------------------------------------------------------------------ the connector object
    async def _stop_connector(self) -> None:
        self.expected = False
        self._reload.cancel()
        await self._around.supervisor.stop_connector(self.name)

    async def _start_connector(self) -> None:
        if not self._exists:
            return
        target = self._around.configs.target_state(self.name)
        if target != "STARTED":
            self._rest("PAUSED" if target == "PAUSED" else "STOPPED")
            return
        log.info("Starting the connector.")
        self._starting()
        try:
            spec = await self._spec()
            if spec is not None:
                await self.lane.call(self._around.supervisor.start_connector(spec))
        except SupersededError:
            raise
        except Exception as error:
            info = describe(error)
            self._put("FAILED", info)
            raise RequestError(
                f"Failed to transition connector {self.name} to state STARTED: {info.message}",
                code=info.code,
                key=info.key,
                remedy=info.remedy,
            ) from error
        if self.expected:
            self._put("RUNNING", None)
            log.info("The connector is running.")

    def _starting(self) -> None:
        """Reports are believed from now on; a start that takes long, or for ever, is seen as UNASSIGNED meanwhile."""
        self.expected = True
        status = self._around.statuses.connector(self.name)
        if status is None or status.state != "RESTARTING":
            self._put("UNASSIGNED", None)

    async def _spec(self) -> ConnectorSpec | None:
        """What to start; nothing if the connector is deleted meanwhile, by a request that is next in the lane."""
        config = self._config()
        try:
            resolved = await self.lane.call(self._around.resolver.resolve(self.name, config))
        except BarnabasError:
            self._resolved = Resolved({})
            if reloads(config):
                self._reload.again()  # where values have a time, a provider that was down costs no more than that
            raise
        if not self._exists:
            self.expected = False
            return None
        self._resolved, props = resolved, resolved.props
        self._reload.start(resolved.ttl if reloads(props) else None)
        plugin = self._around.classes.find(props, config)
        if plugin.kind == "source" and uses_topic_rules(self._around.worker_props, props):
            await self.lane.call(asyncio.to_thread(TopicRules.of, self._around.worker_props, props))
        configs = self._around.configs.task_configs(self.name)
        return ConnectorSpec(self.name, plugin, props, self._isolation(props), configs or None)

    # ------------------------------------------------------------------ tasks
    async def _update_tasks(self) -> None:
        """Make task configurations anew, and new tasks if they differ from those in force."""
        configs = self._around.configs
        if not self._exists or not self.expected or configs.target_state(self.name) != "STARTED":
            return
        config = self._config()
        try:
            self._task_class, made = await self.lane.call(
                self._around.supervisor.task_configs(self.name, tasks_max(self._props))
            )
            complete = complete_configs(self.name, config, self._resolved, self._plugin(), self._task_class, made)
        except SupersededError:
            raise
        except Exception as error:
            self._put("FAILED", describe(error))
            raise
        same_values = self._applied in (None, self._props)
        applied = configs.applied_config(self.name)
        if same_values and unchanged(configs.task_configs(self.name), complete, applied, config):
            await self._start_tasks(sorted(self._owed))
            return
        await self._replace_tasks(complete)

    async def _replace_tasks(self, made: list[dict[str, str]]) -> None:
        """Stop the tasks there are, and start those of another set of configurations."""
        configs = self._around.configs
        await self._stop_tasks(self.tasks)
        if not self._exists or configs.target_state(self.name) == "STOPPED":
            return  # deleted or stopped by a request that is next in the lane
        await configs.put_task_configs(self.name, made)
        self._applied = self._props
        log.info("Starting %d task(s).", len(made))
        await self._start_tasks(range(len(made)))

    async def _align_tasks(self) -> None:
        """Pause or resume what runs, as is wanted now: that may have changed since this operation was asked for."""
        supervisor, target = self._around.supervisor, self._around.configs.target_state(self.name)
        if target != "STOPPED":
            order = supervisor.pause_task if target == "PAUSED" else supervisor.resume_task
            await asyncio.gather(*(order(TaskId(self.name, number)) for number in sorted(self.tasks)))

    async def _stop_tasks(self, numbers: Iterable[int]) -> None:
        ids = [TaskId(self.name, number) for number in sorted(numbers)]
        self.tasks.difference_update(task.task for task in ids)
        self._owed.clear()
        if ids:
            await self._around.supervisor.stop_tasks(ids)
            self._around.statuses.remove_tasks(ids)

    async def _start_tasks(self, numbers: Iterable[int]) -> None:
        """Start those of these tasks that still have a configuration, which may change while they start."""
        stored = self._around.configs.task_configs(self.name)
        wanted = [number for number in numbers if number < len(stored)]
        if not wanted:
            return
        self._owed.update(wanted)
        try:
            resolving = self._around.resolver.resolve_all(
                self.name, self._config(), *(stored[number] for number in wanted)
            )
            connector, *tasks = await self.lane.call(resolving)
            await self.lane.call(self._prepare_tasks(connector.props))
        except SupersededError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it is these tasks' and no other's
            for number in wanted:
                self._could_not_start(number, error)
        else:
            pairs = zip(wanted, tasks, strict=True)
            await asyncio.gather(*(self._start_task(number, task.props, connector) for number, task in pairs))
        self._owed.difference_update(wanted)

    async def _prepare_tasks(self, props: dict[str, str]) -> None:
        """Tasks of this configuration are about to start; an error is theirs."""

    async def _start_task(self, number: int, props: dict[str, str], connector: Resolved) -> None:
        self.tasks.add(number)
        try:
            await self._around.supervisor.start_task(self._task_spec(TaskId(self.name, number), props, connector.props))
        except Exception as error:  # noqa: BLE001  whatever it is, it is this task's and no other's
            self._could_not_start(number, error)

    def _could_not_start(self, number: int, error: Exception) -> None:
        self.tasks.add(number)
        log.warning("Task %d could not be started: %s", number, error)
        self.task_reported(number, "FAILED", describe(error))

    def _task_spec(self, task: TaskId, props: dict[str, str], connector: dict[str, str]) -> TaskSpec:
        return TaskSpec(
            id=task,
            plugin=self._plugin(),
            task_class=self._task_class,
            props=props,
            connector_props=connector,
            worker_props=self._around.worker_props,
            isolation=self._isolation(connector),
            paused=self._around.configs.target_state(self.name) == "PAUSED",
            generation=self._around.generation,
        )

    # ------------------------------------------------------------------ what is stored
    @property
    def _exists(self) -> bool:
        return self._around.configs.connector_config(self.name) is not None

    def _config(self) -> dict[str, str | None]:
        return self._around.configs.connector_config(self.name) or {}

    @property
    def _props(self) -> dict[str, str]:
        """What the connector object was started with, values included."""
        return self._resolved.props

    def _plugin(self) -> PluginRef:
        return self._around.classes.known(self._config()) or self._around.classes.find(self._config())

    def _isolation(self, props: Mapping[str, str]) -> Isolation:
        return cast("Isolation", props.get("task.isolation", self._around.isolation).strip().lower())

    def _rest(self, state: State) -> None:
        """The connector object is stopped on purpose."""
        self._put(state, None)
        log.info("The connector is %s.", state.lower())

    def _put(self, state: State, error: ErrorInfo | None) -> None:
        if self._exists:  # it may have been deleted while it was being started
            self._around.statuses.put_connector(self.name, self._status(state, error))

    def _status(self, state: State, error: ErrorInfo | None) -> Status:
        trace = secrets.hide(error.trace or error.message) if error else None
        version = self._around.classes.version(self._config())
        return Status(state, self._around.worker_id, self._around.generation, trace, version)


def _has_placeholders(*configs: Mapping[str, str | None]) -> bool:
    return any(has_placeholder(value) for config in configs for value in config.values())
