"""The herder of a worker without a group: configurations in memory, source offsets in a file."""

# ruff: noqa: D102  the contracts are on the interfaces Herder and Listener
from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from barnabas import logs
from barnabas.errors import AlreadyExistsError, BarnabasError, NotFoundError
from barnabas.herder.base import (
    ANSWER_AFTER,
    ConnectorInfo,
    ConnectorStatus,
    Created,
    Health,
    Plugins,
    RequestError,
    ServerInfo,
)
from barnabas.herder.checks import refuse_errors
from barnabas.herder.classes import ConnectorClasses
from barnabas.herder.lane import Lane, SupersededError
from barnabas.herder.reading import ReadingHerder
from barnabas.herder.resolving import Resolver
from barnabas.herder.runner import ConnectorRunner, Surroundings
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.base import OffsetStore, Status
from barnabas.store.memory import MemoryConfigStore, MemoryStatusStore
from barnabas.store.offset_keys import parse_offset
from barnabas.supervisor.api import (
    ConnectorSpec,
    ErrorInfo,
    Listener,
    State,
    Supervisor,
    TargetState,
    TaskId,
    TaskSpec,
)

__all__ = ["StandaloneHerder"]

log = logging.getLogger(__name__)


class StandaloneHerder(ReadingHerder, Listener):
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
        super().__init__(around, worker)
        self._offsets = offsets
        self._cluster = cluster_id
        self._server = ServerInfo(version, commit, cluster_id if isinstance(cluster_id, str) else None)
        self._patience = patience
        self._clock = clock
        self._runners: dict[str, ConnectorRunner] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._refreshing: set[str] = set()
        self._is_ready = False
        self._stage = ("awaiting startup", clock())

    # ------------------------------------------------------------------ life
    async def start(self) -> None:
        """Read the offsets file, get the supervisor ready.

        Raises:
            ConfigError: The offsets file cannot be used.
        """
        await self._offsets.start()
        await self._around.supervisor.start()
        if callable(self._cluster):
            self._in_background(self._find_cluster(self._cluster), "worker")
        self._stage = ("starting the connectors of the command line", self._clock())

    def ready(self) -> None:
        """The connectors of the command line exist: ``/health`` says healthy from now on."""
        self._is_ready = True

    async def stop(self) -> None:
        """Stop all connectors and tasks within ``task.shutdown.graceful.timeout.ms``, write what offsets they leave."""
        self._is_ready = False
        self._stage = ("shutting down", self._clock())
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for runner in self._runners.values():
            runner.close()
        await self._around.resolver.close()
        await self._around.supervisor.stop(self._worker.graceful_timeout)
        await self._offsets.stop()

    async def _find_cluster(self, ask: Callable[[], Awaitable[str]]) -> None:
        self._server.kafka_cluster_id = await ask()

    def server_info(self) -> ServerInfo:
        return self._server

    def health(self) -> Health:
        if self._is_ready:
            return Health("healthy", "Worker has completed startup and is ready to handle requests.")
        stage, began = self._stage
        since = datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Health(
            "starting",
            f"Worker is still starting up. The worker is currently {stage}, which began at {since}.",
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
        created = self._around.configs.connector_config(name) is None
        if not created and not replace:
            raise AlreadyExistsError(f"Connector {name} already exists")
        await self._around.configs.put_connector(name, config, target)
        runner = self._runner(name)
        await self._settle(self._do(runner, runner.reach), answer_after)
        return Created(created, self._info(name, config))

    async def patch_config(self, name: str, patch: Mapping[str, str | None]) -> ConnectorInfo:
        merged = {**self.connector_config(name), **patch}
        for key, value in patch.items():
            if value is None:
                del merged[key]
        return (await self.put_connector(name, merged)).info

    async def delete_connector(self, name: str) -> None:
        self.connector_config(name)
        await self._around.configs.remove_connector(name)
        self._around.statuses.remove_connector(name)
        runner = self._runner(name)
        await self._settle(self._do(runner, runner.stop))

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
        statuses = self._around.statuses
        status = statuses.connector(name)
        if status is None:
            raise NotFoundError(f"Status for connector {name} not found")
        connector = not only_failed or status.state == "FAILED"
        tasks = [
            task.task
            for task, state in statuses.tasks(name)
            if include_tasks and (not only_failed or state.state == "FAILED")
        ]
        plan = self.status(name)
        if connector:
            plan.connector.state = "RESTARTING"
            statuses.put_connector(name, _restarting(status))
        for entry in plan.tasks:
            if entry.id in tasks:
                entry.state = "RESTARTING"
                task = TaskId(name, entry.id)
                statuses.put_task(task, _restarting(statuses.task(task) or status))
        if connector or tasks:
            self._do(runner, lambda: runner.restart(connector=connector, tasks=tasks), supersedes=connector)
        return plan

    async def restart_task(self, task: TaskId) -> None:
        runner = self._known(task.connector, "Unknown connector: {}")
        if not 0 <= task.task < len(self._around.configs.task_configs(task.connector)):
            raise NotFoundError(f"Task {task} not found")
        operation = self._do(runner, lambda: runner.restart(connector=False, tasks=[task.task]), supersedes=False)
        await self._settle(operation)

    # ------------------------------------------------------------------ offsets and topics
    async def offsets(self, name: str) -> list[dict[str, Any]]:
        config = self.connector_config(name)
        if self._around.classes.kind(config) == "sink":
            raise RequestError(
                f"The offsets of sink connector {name} are those of its consumer group in Kafka.",
                status=501,
                remedy=f"Read them with Kafka's tools: the group is connect-{name} unless configured otherwise.",
            )
        stored = self._offsets.partitions(name)
        return [{"partition": partition, "offset": parse_offset(value)} for partition, value in stored]

    def topic_used(self, connector: str, topic: str) -> None:
        """A task saw a topic for the first time; called on the event loop (KIP-558)."""
        if self._worker.values["topic.tracking.enable"] and connector in self._runners:
            self._around.statuses.put_topic(connector, topic)

    # ------------------------------------------------------------------ what the supervisor reports
    def connector_status(self, name: str, state: State, error: ErrorInfo | None) -> None:
        if (runner := self._runners.get(name)) is not None:
            runner.connector_reported(state, error)

    def task_status(self, task: TaskId, state: State, error: ErrorInfo | None) -> None:
        if (runner := self._runners.get(task.connector)) is not None:
            runner.task_reported(task.task, state, error)

    def reconfiguration_requested(self, name: str) -> None:
        runner = self._runners.get(name)
        if runner is None or name in self._refreshing:
            return  # one that still waits will see this change too
        self._refreshing.add(name)

        async def refresh() -> None:
            self._refreshing.discard(name)
            await runner.update_tasks()

        self._do(runner, refresh, supersedes=False)

    async def read_offsets(self, connector: str, keys: Sequence[bytes]) -> list[bytes | None]:
        del connector  # part of each key
        return await self._offsets.get(keys)

    async def write_offsets(self, connector: str, entries: Mapping[bytes, bytes | None]) -> None:
        del connector
        await self._offsets.set(entries)

    def _reload_due(self, name: str) -> None:
        """The time of values from configuration providers has passed."""
        runner = self._runners.get(name)
        if runner is not None:
            self._do(runner, runner.reload, supersedes=False)

    async def renewed(self, spec: ConnectorSpec | TaskSpec) -> ConnectorSpec | TaskSpec:
        """What the supervisor is about to start again, with the values that placeholders have now.

        Raises:
            BarnabasError: A provider failed.
        """
        runner = self._runners.get(TaskId(*spec.id).connector if isinstance(spec, TaskSpec) else spec.name)
        return spec if runner is None else await runner.renewed(spec)

    # ------------------------------------------------------------------ operations
    def _known(self, name: str, unknown: str = "Unknown connector {}") -> ConnectorRunner:
        if self._around.configs.connector_config(name) is None:
            raise NotFoundError(unknown.format(name))
        return self._runner(name)

    def _runner(self, name: str) -> ConnectorRunner:
        if name not in self._runners:
            self._runners[name] = ConnectorRunner(name, self._around, Lane(self._patience))
        return self._runners[name]

    def _do(
        self, runner: ConnectorRunner, operation: Callable[[], Coroutine[Any, Any, None]], *, supersedes: bool = True
    ) -> asyncio.Task[None]:
        """Have an operation done in its lane, whether or not anybody waits for it.

        Only what decides about the connector object itself may supersede: a start that is cut short has to be followed
        by another decision.
        """
        return self._in_background(self._run(runner, operation, supersedes=supersedes), f"{runner.name}|worker")

    async def _run(
        self, runner: ConnectorRunner, operation: Callable[[], Coroutine[Any, Any, None]], *, supersedes: bool
    ) -> None:
        try:
            await runner.lane.run(operation, supersedes=supersedes)
        finally:
            if runner.lane.idle and runner.name not in self.connectors():
                self._runners.pop(runner.name, None)
                runner.close()
                self._around.resolver.forget(runner.name)

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(_logged(work, name), name=name)
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            task.exception()  # logged; this only says that it was looked at

    async def _settle(self, operation: asyncio.Task[None], answer_after: float = ANSWER_AFTER) -> None:
        """Wait for an operation, but not longer than a request may take; what happens later is seen in the status."""
        done, _ = await asyncio.wait([operation], timeout=answer_after)
        if done and not operation.cancelled():
            error = operation.exception()
            if error is not None and not isinstance(error, SupersededError):
                raise error


async def _logged(work: Coroutine[Any, Any, None], name: str) -> None:
    """Log what goes wrong: the request that asked for the work may have been answered long ago."""
    with logs.context(name):
        try:
            await work
        except SupersededError:
            log.info("Given up: a newer request takes its place.")
            raise
        except BarnabasError as error:
            log.warning("%s", error.describe())
            raise
        except Exception:
            log.exception("This should not have happened.")
            raise


def _restarting(status: Status) -> Status:
    return Status("RESTARTING", status.worker_id, status.generation, None, status.version)
