"""A worker in a group at work: what it runs is what the group has assigned and the config topic says."""

# ruff: noqa: D102  the contracts are on the interfaces Herder, Listener and Workshop
from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec
import orjson

from barnabas.errors import BarnabasError, ConnectError, NotFoundError
from barnabas.herder.base import (
    HEALTH_AFTER,
    BadRequestError,
    Health,
    Plugins,
    RequestError,
)
from barnabas.herder.classes import ConnectorClasses
from barnabas.herder.group.director import Director, GroupRules, Membership
from barnabas.herder.group.forwarding import Forwarder
from barnabas.herder.group.signing import sign
from barnabas.herder.group.work import CONNECTOR, connector_item
from barnabas.herder.lane import Lane
from barnabas.herder.offset_topics import OffsetTopics, Opener, open_offset_topic
from barnabas.herder.resolving import Resolver
from barnabas.herder.runner import ConnectorRunner, Surroundings
from barnabas.herder.running import RunningHerder, WorkerIdentity
from barnabas.herder.shared_runner import SharedRunner
from barnabas.herder.worker_config import WorkerConfig
from barnabas.log_levels import is_level
from barnabas.store.base import OffsetStore
from barnabas.store.config_records import RestartRequest
from barnabas.store.config_state import (
    ConfigEvent,
    ConnectorChanged,
    ConnectorRemoved,
    LoggerLevelSet,
    RestartAsked,
    TargetChanged,
    TasksChanged,
)
from barnabas.store.topic_configs import TopicConfigStore
from barnabas.store.topic_statuses import TopicStatusStore
from barnabas.supervisor.api import Supervisor, TaskId

__all__ = ["SETTLE", "GroupStores", "Member", "WorkingHerder", "group_rules"]

log = logging.getLogger(__name__)

SETTLE: Final = 30.0
"""Seconds that a request waits for a rebalance to end before it is refused."""

_KEY_CHECK: Final = 30.0
_FLUSH: Final = 3
_GOOD_BYE: Final = 3.0
_PUBLISH_FIRST: Final = 0.25
_PUBLISH_LONGEST: Final = 60.0


class Member(Membership, Protocol):
    """The membership, as its owner starts and ends it."""

    async def start(self) -> None:
        """Begin to join."""

    async def stop(self, timeout_s: float) -> None:
        """Leave; give up after so many seconds."""


class GroupStores(msgspec.Struct, frozen=True):
    """The topics that the workers of a group share."""

    configs: TopicConfigStore
    statuses: TopicStatusStore
    offsets: OffsetStore


def group_rules(worker: WorkerConfig) -> GroupRules:
    """The settings that concern the group."""
    values = worker.values
    lost = values["lost.worker.delay.seconds"]
    return GroupRules(
        protocol=str(values["connect.protocol"]).lower(),  # type: ignore[arg-type]  # its definition allows no other
        max_delay_ms=values["scheduled.rebalance.max.delay.ms"] if lost is None else int(lost) * 1000,
        sync_timeout=values["worker.sync.timeout.ms"] / 1000,
        unsync_backoff=values["worker.unsync.backoff.ms"] / 1000,
        key_algorithm=values["inter.worker.key.generation.algorithm"],
        key_size=values["inter.worker.key.size"],
        key_ttl_ms=values["inter.worker.key.ttl.ms"],
    )


class WorkingHerder(RunningHerder):
    """What one worker of a group does, whatever is asked of it: follows assignments and the config topic.

    Call :meth:`start` when REST is bound; at the end :meth:`stop`.

    Args:
        worker: The worker's configuration.
        supervisor: Runs connectors and tasks, and is to report to this object.
        plugins: Finds classes.
        stores: The shared topics, not yet started.
        url: This worker's REST address as advertised, ending in ``/``.
        worker_id: ``host:port`` as advertised, for statuses.
        make_member: Makes the membership, given who is asked and told.
        forwarder: For requests to other workers.
        identity: What ``GET /`` says.
        resolver: Replaces placeholders in configurations; closed when the worker stops.
        on_fatal: Called when the worker cannot be a member of its group.
        opener: Opens the topics that connectors have of their own for their offsets.
        clock: Seconds since the epoch.
        patience: Seconds that plugin code has left once something else is wanted.

    Attributes:
        is_cut_off: Whether others may run what ran here.
    """

    def __init__(
        self,
        worker: WorkerConfig,
        supervisor: Supervisor,
        plugins: Plugins,
        stores: GroupStores,
        *,
        url: str,
        worker_id: str,
        make_member: Callable[[Director], Member],
        forwarder: Forwarder,
        identity: WorkerIdentity,
        resolver: Resolver | None = None,
        on_fatal: Callable[[ConnectError], None] = lambda _: None,
        opener: Opener = open_offset_topic,
        clock: Callable[[], float] = time.time,
        patience: float = 0.5,
    ) -> None:
        around = Surroundings(
            supervisor=supervisor,
            plugins=plugins,
            classes=ConnectorClasses(plugins),
            configs=stores.configs,
            statuses=stores.statuses,
            worker_id=worker_id,
            worker_props=worker.props,
            isolation=worker.values["task.isolation"].lower(),
            resolver=resolver or Resolver(),
            reload_due=self._reload_due,
        )
        super().__init__(around, worker, stores.offsets, identity, clock=clock, patience=patience)
        self._stores = stores
        self._configs = stores.configs
        self._forwarder = forwarder
        self._on_fatal = on_fatal
        self.is_cut_off = False
        self._deciding = asyncio.Lock()
        self._unsaid: dict[TaskId, None] = {}
        self._topics = OffsetTopics(
            worker.props, stores.offsets, stores.configs.connector_config, around.resolver.resolve, opener=opener
        )
        self.director = Director(url, group_rules(worker), stores.configs, stores.statuses, self, wall=clock)
        self._member = make_member(self.director)
        stores.configs.listen(self._config_changed)
        stores.statuses.listen(self.director.given_up)

    def _make_runner(self, name: str) -> ConnectorRunner:
        return SharedRunner(name, self._around, Lane(self._patience), self)

    # ------------------------------------------------------------------ life
    async def start(self) -> None:
        """Read the shared topics, get the supervisor ready, begin to join.

        Raises:
            ConnectError: A topic cannot be read, or the group cannot be reached.
        """
        self._enter("initializing and reading to the end of internal topics")
        await self._stores.statuses.start()
        await self._offsets.start()
        await self._configs.start()
        await self._around.supervisor.start()
        self._ask_cluster()
        log.info("Starting connectors and tasks using config offset %d", self._configs.state.offset)
        self._enter("ensuring membership in the cluster")
        self.director.start(self._member)
        await self._member.start()
        self._in_background(self._check_key(), "worker")
        self._in_background(self._wait_until_ready(), "worker")

    async def _wait_until_ready(self) -> None:
        while not self._is_ready:
            try:
                await self.director.until_settled(3600)
            except RequestError:
                continue
            self._is_ready = True
            self._enter("polling the group coordinator until interrupted")
            self._started.set()

    async def health(self) -> Health:
        if not self._is_ready:
            return await super().health()
        if self.director.is_settled:
            return await super().health()
        with self._stages.during("ensuring membership in the cluster"):
            try:
                await self.director.until_settled(HEALTH_AFTER)
            except RequestError:
                return Health(
                    "unhealthy",
                    "Worker was unable to handle this request and may be unable to handle other requests. "
                    + self.stage(),
                )
        return await super().health()

    async def stop(self) -> None:
        """Stop all work, say so, and leave the group: the others take it over at once."""
        self._is_ready = False
        self._enter("shutting down")
        await self._through(
            ("following the group", self.director.stop),
            ("ending what runs in the background", self._end_background),
            ("stopping tasks", lambda: self._around.supervisor.stop(self._worker.graceful_timeout)),
            ("closing offset topics", self._topics.close),
            ("leaving the group", self._leave),
        )

    async def _leave(self) -> None:
        """Say that nothing runs here, and leave."""
        if not self.is_cut_off:
            self._say_unassigned(list(self.director.held))  # also what was assigned only meanwhile
        said = await self._flush()
        await self._stores.statuses.stop()
        await self._member.stop(_GOOD_BYE if said else 1.0)

    def _say_unassigned(self, items: Iterable[TaskId]) -> None:
        for item in items:
            runner = self._runner(item.connector)
            if isinstance(runner, SharedRunner):
                runner.say_unassigned(item.task)

    async def _flush(self) -> bool:
        """Wait until statuses are written; whether they were."""
        try:
            async with asyncio.timeout(_FLUSH):
                await self._stores.statuses.flush()
        except TimeoutError:
            log.warning("The last statuses could not be written within %d s: others will wait for this worker.", _FLUSH)
            return False
        return True

    async def _check_key(self) -> None:
        while True:
            await asyncio.sleep(_KEY_CHECK)
            try:
                await self.director.renew_key()
            except BarnabasError as error:
                log.warning("The session key stays as it is for now: %s", error.describe())

    # ------------------------------------------------------------------ what the group wants (Workshop, Share)
    def follow(self, connectors: Iterable[str]) -> None:
        for name in connectors:
            runner = self._runner(name)
            if isinstance(runner, SharedRunner) and not runner.follows(self.assigned(name)):
                self._do(runner, runner.follow, supersedes=False)
        if self.director.is_leader:
            self._forget_deleted()

    async def give_up(self, items: Iterable[TaskId]) -> None:
        by_connector: dict[str, list[TaskId]] = {}
        for item in items:
            by_connector.setdefault(item.connector, []).append(item)
        operations = []
        for name, wanted in by_connector.items():
            runner = self._runners.get(name)
            if isinstance(runner, SharedRunner):
                operations.append(self._do(runner, _giving_up(runner, wanted)))
        await asyncio.gather(*operations, return_exceptions=True)

    async def give_up_all(self) -> None:
        operations = [
            self._do(runner, _giving_up(runner, None))
            for runner in list(self._runners.values())
            if isinstance(runner, SharedRunner)
        ]
        await asyncio.gather(*operations, return_exceptions=True)

    def cut_off(self, items: Iterable[TaskId]) -> None:
        self.is_cut_off = True
        self._unsaid.update(dict.fromkeys(items))
        self._around.supervisor.fence()

    async def say_given_up(self) -> None:
        items, self._unsaid = self._unsaid, {}
        if not items:
            return
        statuses = self._stores.statuses
        try:
            async with asyncio.timeout(_FLUSH):
                await statuses.refresh()
        except (TimeoutError, BarnabasError) as error:
            log.warning("What was ended here cannot be said to be free, others wait for it: %s", error or "no answer")
            return
        mine = self._around.worker_id
        for item in items:
            known = statuses.connector(item.connector) if item.task == CONNECTOR else statuses.task(item)
            if known is not None and known.worker_id == mine and item not in self.director.held:
                self._say_unassigned([item])
        await self._flush()

    def assigned_generation(self, generation: int) -> None:
        self._around.generation = generation
        self.is_cut_off = False

    def failed(self, error: ConnectError) -> None:
        log.error("%s", error.describe())
        self._on_fatal(error)

    def assigned(self, connector: str) -> Collection[int]:
        return self.director.held_of(connector)

    async def publish(self, connector: str, configs: list[dict[str, str]]) -> None:
        """Try until it works, or the connector's lane wants something else."""
        wait = _PUBLISH_FIRST
        while True:
            try:
                await self.director.until_settled(SETTLE)
                if self._configs.target_state(connector) == "STOPPED":
                    return  # its lane is about to hear of it
                if self.director.is_leader:
                    await self._write_task_configs(connector, configs)
                else:
                    await self._send_task_configs(connector, configs)
            except BarnabasError as error:
                log.warning("The task configurations could not be handed to the leader: %s", error.describe())
                await asyncio.sleep(wait)
                wait = min(wait * 2, _PUBLISH_LONGEST)
            else:
                return

    async def _send_task_configs(self, connector: str, configs: list[dict[str, str]]) -> None:
        body = orjson.dumps(configs)
        key = self._configs.state.session_key
        headers = sign(key, self._worker.values["inter.worker.signature.algorithm"], body) if key else {}
        path = f"connectors/{quote(connector, safe='')}/tasks"
        await self._forwarder.send(self.director.leader_url, "POST", path, body, headers)

    def _forget_deleted(self) -> None:
        """The leader removes statuses of what is no more."""
        statuses = self._stores.statuses
        for name in statuses.known_connectors():
            if self._configs.connector_config(name) is None:
                statuses.remove_connector(name)
                continue
            state = self._configs.state
            count = 0 if name in state.inconsistent else state.task_counts.get(name, 0)
            statuses.remove_tasks([task for task, _ in statuses.tasks(name) if task.task >= count])

    # ------------------------------------------------------------------ what the config topic says
    def _config_changed(self, event: ConfigEvent) -> None:
        match event:
            case ConnectorChanged(name, created):
                if created:
                    self.director.rejoin()
                elif connector_item(name) in self.director.held:
                    runner = self._runner(name)
                    self._do(runner, runner.reach)
            case ConnectorRemoved(name):
                self._stop_here(name)
                self.director.rejoin()
            case TasksChanged(name, _):
                known = self._runners.get(name)
                if isinstance(known, SharedRunner):
                    self._do(known, known.tasks_changed, supersedes=False)
                self.director.rejoin()
            case TargetChanged(name):
                self._aim(name)
            case RestartAsked(request):
                self._restart_here(request)
            case LoggerLevelSet(namespace, level):
                self._log_level_set(namespace, level)

    def _stop_here(self, name: str) -> None:
        runner = self._runners.get(name)
        if isinstance(runner, SharedRunner):
            self._do(runner, _giving_up(runner, None))

    def _aim(self, name: str) -> None:
        """Bring what runs here to what the user wants now."""
        runner = self._runners.get(name)
        if runner is None:
            return
        match self._configs.target_state(name):
            case "PAUSED":
                self._do(runner, runner.pause)
            case "STOPPED":
                self._do(runner, runner.stop)
            case "STARTED":
                self._do(runner, runner.resume, supersedes=False)

    def _restart_here(self, request: RestartRequest) -> None:
        """The part of a restart that concerns this worker."""
        runner = self._runners.get(request.connector)
        if runner is None:
            return
        try:
            _, connector, tasks = self._restart_plan(
                request.connector, only_failed=request.only_failed, include_tasks=request.include_tasks
            )
        except NotFoundError:
            return
        connector = connector and connector_item(request.connector) in self.director.held
        tasks = [number for number in tasks if number in runner.tasks]
        if not connector and not tasks:
            return
        self._put_restarting(request.connector, connector=connector, tasks=tasks)
        self._do(runner, lambda: runner.restart(connector=connector, tasks=tasks), supersedes=connector)

    async def _write_task_configs(self, name: str, configs: Sequence[Mapping[str, str]]) -> None:
        """On the leader; what its decision is based on does not change until it is written."""
        async with self._deciding:
            if self._configs.connector_config(name) is None:
                raise NotFoundError(f"Connector {name} not found")
            if self._configs.target_state(name) == "STOPPED" and configs:
                raise BadRequestError(f"Cannot submit non-empty set of task configs for stopped connector {name}")
            await self._configs.put_task_configs(name, configs)

    # ------------------------------------------------------------------ offsets and logging
    def offset_store(self, name: str) -> OffsetStore:
        return self._topics.of(name)

    def _task_offsets(self, name: str) -> OffsetStore:
        return self._topics.for_tasks(name)

    async def prepare_tasks(self, connector: str, props: Mapping[str, str]) -> None:
        await self._topics.prepare(connector, props)

    def _log_level_set(self, namespace: str, level: str) -> None:
        if is_level(level):
            self._levels.set(namespace, level)
        else:
            log.warning("The config topic asks for the unknown log level %s for %s: ignored.", level, namespace)


def _giving_up(runner: SharedRunner, items: list[TaskId] | None) -> Callable[[], Any]:
    return lambda: runner.give_up(items)
