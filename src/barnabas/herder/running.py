"""What herders of both modes do alike: runners and their lanes, what the supervisor reports, health.

A herder adds where configurations are stored, who may change them, and what runs here.
"""

# ruff: noqa: D102  the contracts are on the interfaces Herder and Listener
from __future__ import annotations

import asyncio
import logging
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from barnabas import logs
from barnabas.errors import BarnabasError, NotFoundError
from barnabas.herder.base import (
    ANSWER_AFTER,
    BadRequestError,
    Config,
    ConnectorInfo,
    ConnectorStatus,
    Health,
    RequestedOffsets,
    ServerInfo,
)
from barnabas.herder.lane import SupersededError
from barnabas.herder.offsets import GroupOffsets, OffsetDesk
from barnabas.herder.reading import ReadingHerder
from barnabas.herder.runner import ConnectorRunner, Surroundings
from barnabas.herder.stages import Stages
from barnabas.herder.worker_config import WorkerConfig
from barnabas.kafka.group_offsets import GroupOffsets as KafkaGroupOffsets
from barnabas.log_levels import LoggerLevel, LogLevels
from barnabas.store.base import OffsetStore, Status
from barnabas.supervisor.api import ConnectorSpec, ErrorInfo, Listener, State, TaskId, TaskSpec

__all__ = ["RunningHerder", "WorkerIdentity"]

log = logging.getLogger(__name__)


class WorkerIdentity:
    """What ``GET /`` says of a worker.

    Args:
        version: Of the worker.
        commit: Of its source.
        cluster_id: Kafka's, or an asynchronous call that finds it out: made once at the start, in the background.
    """

    def __init__(
        self,
        version: str = "unknown",
        commit: str = "unknown",
        cluster_id: str | Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self.info = ServerInfo(version, commit, cluster_id if isinstance(cluster_id, str) else None)
        self.ask = cluster_id if callable(cluster_id) else None


class RunningHerder(ReadingHerder, Listener):
    """Runs connectors, each in a lane of its own.

    Args:
        around: Stores, plugins and supervisor.
        worker: The worker's configuration.
        offsets: Keeps source offsets.
        identity: What to say of the worker.
        groups: Offsets of consumer groups; by default those in Kafka.
        clock: Seconds since the epoch.
        patience: Seconds that plugin code has left once the user asks for something else.
    """

    def __init__(
        self,
        around: Surroundings,
        worker: WorkerConfig,
        offsets: OffsetStore,
        identity: WorkerIdentity,
        *,
        groups: GroupOffsets | None = None,
        clock: Callable[[], float] = time.time,
        patience: float = 0.5,
    ) -> None:
        super().__init__(around, worker)
        self._offsets = offsets
        self._identity = identity
        self._patience = patience
        self._clock = clock
        self._runners: dict[str, ConnectorRunner] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._refreshing: set[str] = set()
        self._is_ready = False
        self._started = asyncio.Event()
        self._stages = Stages(clock)
        around.statuses.listen_to_resets(self._topics_reset)
        self._levels = LogLevels(around.supervisor.set_level, clock)
        self._desk = OffsetDesk(around, self.offset_store, groups or KafkaGroupOffsets())

    @abstractmethod
    def _make_runner(self, name: str) -> ConnectorRunner:
        """A runner for a connector, in a lane of its own."""

    # ------------------------------------------------------------------ life
    @abstractmethod
    async def stop(self) -> None:
        """Stop all work in good order; raises what failed, when all is over."""

    def _enter(self, stage: str) -> None:
        """The worker is doing this from now on: what ``/health`` and requests that time out say."""
        self._stages.enter(stage)

    def _ask_cluster(self) -> None:
        if self._identity.ask is not None:
            self._in_background(self._find_cluster(self._identity.ask), "worker")

    @staticmethod
    async def _through(*steps: tuple[str, Callable[[], Awaitable[object]]]) -> None:
        """Take the steps in which a worker stops, each whatever became of those before it.

        Raises:
            Exception: What failed first, once all steps were taken; each is logged.
        """
        failed: list[Exception] = []
        for doing, step in steps:
            try:
                await step()
            except Exception as error:
                log.exception("The worker stops all the same, but %s failed.", doing)
                failed.append(error)
        if failed:
            raise failed[0]

    async def _end_background(self) -> None:
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for runner in self._runners.values():
            runner.close()
        await self._around.resolver.close()

    async def _find_cluster(self, ask: Callable[[], Awaitable[str]]) -> None:
        self._identity.info.kafka_cluster_id = await ask()

    def server_info(self) -> ServerInfo:
        return self._identity.info

    async def health(self) -> Health:
        if self._is_ready:
            return Health("healthy", "Worker has completed startup and is ready to handle requests.")
        return Health("starting", f"Worker is still starting up. {self.stage()}")

    async def until_started(self) -> None:
        await self._started.wait()

    def stage(self) -> str:
        return self._stages.describe()

    # ------------------------------------------------------------------ logging
    def loggers(self) -> dict[str, LoggerLevel]:
        return self._levels.all()

    def logger(self, name: str) -> LoggerLevel:
        found = self._levels.get(name)
        if found is None:
            raise NotFoundError(f"Logger {name} not found.")
        return found

    def set_logger(self, name: str, level: str) -> list[str]:
        return self._levels.set(name, level)

    async def set_cluster_logger(self, name: str, level: str) -> None:
        self._levels.set(name, level)

    # ------------------------------------------------------------------ configurations
    async def patch_config(self, name: str, patch: Mapping[str, str | None]) -> ConnectorInfo:
        merged = {**self.connector_config(name), **patch}
        for key, value in patch.items():
            if value is None:
                del merged[key]
        return (await self.put_connector(name, merged)).info

    # ------------------------------------------------------------------ offsets
    async def offsets(self, name: str) -> list[dict[str, Any]]:
        return await self._desk.read(name, self.connector_config(name))

    async def alter_offsets(self, name: str, wanted: RequestedOffsets | None) -> str:
        self._refuse_unless_stopped(name)
        told: list[str] = []

        async def change() -> None:
            config = self._refuse_unless_stopped(name)  # it may have been resumed while we waited
            with self._stages.during(f"modifying offsets for connector {name}"):
                told.append(await self._desk.change(name, config, wanted))

        runner = self._runners.get(name)
        if runner is None:
            await change()
        else:  # behind whatever is still being stopped
            await asyncio.shield(self._do(runner, change, supersedes=False))
        return told[0]

    def _refuse_unless_stopped(self, name: str) -> Config:
        config = self.connector_config(name)
        configs = self._around.configs
        if configs.target_state(name) != "STOPPED" or configs.task_configs(name):
            raise BadRequestError(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for "
                f"the specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint",
                code="BRN-3130",
            )
        return config

    # ------------------------------------------------------------------ restarts
    def _restart_plan(
        self, name: str, *, only_failed: bool, include_tasks: bool
    ) -> tuple[ConnectorStatus, bool, list[int]]:
        """What a restart means now: the status to answer with, whether the connector is restarted, and which tasks."""
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
        for entry in plan.tasks:
            if entry.id in tasks:
                entry.state = "RESTARTING"
        return plan, connector, tasks

    def _put_restarting(self, name: str, *, connector: bool, tasks: Iterable[int]) -> None:
        statuses = self._around.statuses
        if connector and (status := statuses.connector(name)) is not None:
            statuses.put_connector(name, _restarting(status))
        for task in (TaskId(name, number) for number in tasks):
            if (status := statuses.task(task)) is not None:
                statuses.put_task(task, _restarting(status))

    # ------------------------------------------------------------------ topics
    def topic_used(self, connector: str, topic: str, task: int = 0) -> None:
        """A task has just seen a topic; called on the event loop (KIP-558)."""
        exists = connector in self._runners and self._around.configs.connector_config(connector) is not None
        if exists and self._worker.values["topic.tracking.enable"]:
            self._around.statuses.put_topic(connector, topic, task)

    def _topics_reset(self, connector: str) -> None:
        """Somebody had the topics of a connector forgotten: those that are still used are told again."""
        runner = self._runners.get(connector)
        if runner is not None:
            for number in runner.tasks:
                self._around.supervisor.forget_topics(TaskId(connector, number))

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
        return await self._task_offsets(connector).get(keys)

    async def write_offsets(self, connector: str, entries: Mapping[bytes, bytes | None]) -> None:
        await self._task_offsets(connector).set(entries)

    def offset_store(self, name: str) -> OffsetStore:
        """The source offsets of a connector, as it is configured now."""
        del name  # the worker has one store for all
        return self._offsets

    def _task_offsets(self, name: str) -> OffsetStore:
        """The source offsets of a connector, as its tasks that run here were configured."""
        return self.offset_store(name)

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
            self._runners[name] = self._make_runner(name)
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
        task.add_done_callback(lambda _: work.close())  # it may have been cancelled before it began
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
