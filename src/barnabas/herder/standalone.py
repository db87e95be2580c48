"""The herder of a worker without a group: configurations in memory, source offsets in a file."""

# ruff: noqa: D102  the contracts are on the interfaces Herder and Listener
from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from barnabas.errors import AlreadyExistsError, BarnabasError, NotFoundError
from barnabas.herder.base import (
    ANSWER_AFTER,
    ConnectorStatus,
    Created,
    Plugins,
    WorkerInfo,
    Workers,
)
from barnabas.herder.checks import refuse_errors
from barnabas.herder.classes import ConnectorClasses
from barnabas.herder.lane import Lane
from barnabas.herder.offset_topics import own_offsets_topic
from barnabas.herder.offsets import GroupOffsets
from barnabas.herder.resolving import Resolver
from barnabas.herder.runner import ConnectorRunner, Surroundings
from barnabas.herder.running import RunningHerder, WorkerIdentity
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.base import OffsetStore
from barnabas.store.memory import MemoryConfigStore, MemoryStatusStore
from barnabas.supervisor.api import (
    Supervisor,
    TargetState,
    TaskId,
)

__all__ = ["StandaloneHerder"]

log = logging.getLogger(__name__)


class StandaloneHerder(RunningHerder):
    """All work on one worker; a generation does not exist (0).

    Call :meth:`start`, create the connectors of the command line, then :meth:`ready`; at the end :meth:`stop`.

    Args:
        worker: The worker's configuration.
        supervisor: Runs connectors and tasks, and is to report to this object.
        plugins: Finds classes.
        offsets: Keeps source offsets.
        worker_id: ``host:port`` as advertised, for statuses.
        cluster_id: Kafka's, or an asynchronous call that finds it out: made once at the start, in the background.
        version: Of the worker, for ``GET /``.
        commit: Of its source, for ``GET /``.
        resolver: Replaces placeholders in configurations; closed when the worker stops.
        groups: Offsets of consumer groups; by default those in Kafka.
        clock: Seconds since the epoch.
        patience: Seconds that plugin code has left once the user asks for something else.
    """

    def __init__(
        self,
        worker: WorkerConfig,
        supervisor: Supervisor,
        plugins: Plugins,
        offsets: OffsetStore,
        *,
        worker_id: str,
        cluster_id: str | Callable[[], Awaitable[str]] | None = None,
        version: str = "unknown",
        commit: str = "unknown",
        resolver: Resolver | None = None,
        groups: GroupOffsets | None = None,
        clock: Callable[[], float] = time.time,
        patience: float = 0.5,
    ) -> None:
        around = Surroundings(
            supervisor=supervisor,
            plugins=plugins,
            classes=ConnectorClasses(plugins),
            configs=MemoryConfigStore(),
            statuses=MemoryStatusStore(),
            worker_id=worker_id,
            worker_props=worker.props,
            isolation=worker.values["task.isolation"].lower(),
            resolver=resolver or Resolver(),
            reload_due=self._reload_due,
        )
        identity = WorkerIdentity(version, commit, cluster_id)
        super().__init__(around, worker, offsets, identity, groups=groups, clock=clock, patience=patience)

    def _make_runner(self, name: str) -> ConnectorRunner:
        return ConnectorRunner(name, self._around, Lane(self._patience))

    # ------------------------------------------------------------------ life
    async def start(self) -> None:
        """Read the offsets file, get the supervisor ready.

        Raises:
            ConfigError: The offsets file cannot be used.
        """
        await self._offsets.start()
        await self._around.supervisor.start()
        self._ask_cluster()
        self._enter("starting the connectors of the command line")
        self._started.set()

    def ready(self) -> None:
        """The connectors of the command line exist: ``/health`` says healthy from now on."""
        self._is_ready = True

    async def stop(self) -> None:
        """Stop all connectors and tasks within ``task.shutdown.graceful.timeout.ms``, write what offsets they leave."""
        self._is_ready = False
        self._enter("shutting down")
        await self._through(
            ("ending what runs in the background", self._end_background),
            ("stopping tasks", lambda: self._around.supervisor.stop(self._worker.graceful_timeout)),
            ("writing offsets", self._offsets.stop),
        )

    # ------------------------------------------------------------------ configurations
    async def put_connector(
        self,
        name: str,
        config: Mapping[str, str | None],
        *,
        target: TargetState | None = None,
        replace: bool = True,
        answer_after: float = ANSWER_AFTER,
    ) -> Created:
        try:
            refuse_errors(await self._validated(name, config))
        except BarnabasError:
            self._forget_unknown(name)
            raise
        if (topic := own_offsets_topic(config)) is not None and self._around.classes.kind(config) == "source":
            log.warning("offsets.storage.topic=%s has no effect in standalone mode.", topic)
        created = self._around.configs.connector_config(name) is None
        if not created and not replace:
            raise AlreadyExistsError(f"Connector {name} already exists")
        await self._around.configs.put_connector(name, config, target)
        runner = self._runner(name)
        await self._settle(self._do(runner, runner.reach), answer_after)
        return Created(created, self._info(name, config))

    async def delete_connector(self, name: str) -> None:
        self.connector_config(name)
        await self._around.configs.remove_connector(name)
        self._around.statuses.remove_connector(name)
        runner = self._runner(name)
        await self._settle(self._do(runner, runner.stop))

    async def workers(self) -> Workers:
        tasks = [str(task) for name in self.connectors() for task, _ in self._tasks(name)]
        return Workers.of([WorkerInfo(self._around.worker_id, "STANDALONE", None, self.connectors(), tasks)])

    # ------------------------------------------------------------------ target states
    async def pause(self, name: str) -> None:
        runner = self._known(name)
        await self._around.configs.put_target_state(name, "PAUSED")
        self._do(runner, runner.pause)

    async def resume(self, name: str) -> None:
        runner = self._known(name)
        await self._around.configs.put_target_state(name, "STARTED")
        self._do(runner, runner.resume, supersedes=False)

    async def stop_connector(self, name: str) -> None:
        runner = self._known(name)
        await self._around.configs.put_task_configs(name, [])
        await self._around.configs.put_target_state(name, "STOPPED")
        await self._settle(self._do(runner, runner.stop))

    # ------------------------------------------------------------------ restarts
    async def restart_connector(self, name: str) -> None:
        runner = self._known(name, "Unknown connector: {}")
        await self._settle(self._do(runner, lambda: runner.restart(connector=True, tasks=())))

    async def restart(self, name: str, *, only_failed: bool, include_tasks: bool) -> ConnectorStatus:
        runner = self._known(name, "Unknown connector: {}")
        plan, connector, tasks = self._restart_plan(name, only_failed=only_failed, include_tasks=include_tasks)
        self._put_restarting(name, connector=connector, tasks=tasks)
        if connector or tasks:
            self._do(runner, lambda: runner.restart(connector=connector, tasks=tasks), supersedes=connector)
        return plan

    async def restart_task(self, task: TaskId) -> None:
        runner = self._known(task.connector, "Unknown connector: {}")
        if not 0 <= task.task < len(self._around.configs.task_configs(task.connector)):
            raise NotFoundError(f"Task {task} not found")
        operation = self._do(runner, lambda: runner.restart(connector=False, tasks=[task.task]), supersedes=False)
        await self._settle(operation)
