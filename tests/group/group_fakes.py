"""A whole group in one event loop: shared topics, a coordinator, workers whose tasks are entries in a dictionary."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import orjson

from barnabas.errors import ConnectError
from barnabas.herder.base import ElsewhereError, RequestError
from barnabas.herder.distributed import DistributedHerder
from barnabas.herder.group.work import CONNECTOR
from barnabas.herder.running import WorkerIdentity
from barnabas.herder.worker_config import WorkerConfig
from barnabas.herder.working import GroupStores
from barnabas.kafka.group_member import Joined
from barnabas.store.topic_configs import TopicConfigStore
from barnabas.store.topic_offsets import TopicOffsetStore
from barnabas.store.topic_statuses import TopicStatusStore
from barnabas.supervisor.api import TaskId
from herder.herder_fakes import FakePlugins, FakeSupervisor
from store.memory_log import Record


class Topics:
    """What Kafka keeps; every worker follows it in its own time."""

    def __init__(self, seed: int = 0) -> None:
        self.records: dict[str, list[Record]] = {}
        self.views: list[View] = []
        self.random = random.Random(seed)

    def append(self, topic: str, key: bytes, value: bytes | None) -> int:
        records = self.records.setdefault(topic, [])
        records.append(Record(len(records), key, value, len(records)))
        for view in self.views:
            view.wake(topic, self.random.random() * 0.004)
        return len(records) - 1

    def keys(self, topic: str) -> list[str]:
        return [record.key.decode() for record in self.records.get(topic, [])]


class View:
    """A worker's copy of the topics; ``unreadable`` makes reading fail, ``frozen`` makes everything wait."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self.positions: dict[str, int] = {}
        self.handlers: dict[str, Any] = {}
        self.unreadable = False
        self.unwritable = False
        self.frozen = False
        topics.views.append(self)

    async def follow(self, topics: dict[str, Any]) -> None:
        for topic, handler in topics.items():
            self.handlers[topic] = handler
            self.catch_up(topic)

    def wake(self, topic: str, delay: float) -> None:
        asyncio.get_running_loop().call_later(delay, self.catch_up, topic)

    def catch_up(self, topic: str) -> None:
        if self.unreadable or self.frozen or topic not in self.handlers:
            return
        records = self.topics.records.get(topic, [])
        while (at := self.positions.get(topic, 0)) < len(records):
            self.positions[topic] = at + 1
            self.handlers[topic](records[at])

    def heal(self) -> None:
        self.unreadable = self.unwritable = self.frozen = False
        for topic in self.handlers:
            self.catch_up(topic)

    async def read_to_end(self, *topics: str) -> None:
        await asyncio.sleep(0)
        if self.unreadable or self.frozen:
            raise ConnectError("the broker is silent")
        for topic in topics or self.handlers:
            self.catch_up(topic)

    async def send(self, topic: str, key: bytes, value: bytes | None) -> int:
        if self.unwritable or self.frozen:
            raise ConnectError("the broker is silent")
        offset = self.topics.append(topic, key, value)
        await asyncio.sleep(0)
        return offset


class Coordinator:
    """The broker's part: who is in the group, and when a generation is complete."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.generation = 0
        self.members: dict[str, Member] = {}
        self.joining: dict[str, tuple[list[tuple[str, bytes]], asyncio.Future[Joined]]] = {}
        self.leader = ""
        self.names = 0
        self.completing: asyncio.Task[None] | None = None

    async def join(self, member: Member, offers: list[tuple[str, bytes]]) -> Joined:
        if not member.id:
            self.names += 1
            member.id = f"{member.name}-{self.names:04}"
        elif member.id not in self.members:
            raise LookupError(member.id)
        self.members[member.id] = member
        future: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()
        self.joining[member.id] = (offers, future)
        for other in self.members.values():
            if other.id not in self.joining:  # it learns with its next heartbeat
                asyncio.get_running_loop().call_later(self.random.random() * 0.01, self._tell, other)
        self._check()
        return await future

    def _tell(self, member: Member) -> None:
        """Its heartbeat is answered."""
        if self.joining and member.id not in self.joining:
            member.told()

    def expire(self, member_id: str) -> None:
        """A session is over, or a member has left."""
        if self.members.pop(member_id, None) is None:
            return
        _, future = self.joining.pop(member_id, (None, None))
        if future is not None and not future.done():
            future.set_exception(LookupError(member_id))
        for other in self.members.values():
            if other.id not in self.joining:
                other.told()
        self._check()

    def _check(self) -> None:
        if self.members and self.members.keys() == self.joining.keys():
            if self.completing is not None and not self.completing.done():
                self.completing.cancel()
            self.completing = asyncio.create_task(self._complete())

    async def _complete(self) -> None:
        await asyncio.sleep(0)
        joining, self.joining = self.joining, {}
        self.generation += 1
        generation = self.generation
        if self.leader not in joining:
            self.leader = min(joining)
        offered = [dict(offers) for offers, _ in joining.values()]
        protocol = next(
            name for name in ("sessioned", "compatible", "default") if all(name in each for each in offered)
        )
        metadata = {name: dict(offers)[protocol] for name, (offers, _) in joining.items()}
        try:
            answers = await self.members[self.leader].events.assign(self.leader, generation, protocol, metadata)
        except (Exception, asyncio.CancelledError):
            for _, future in joining.values():
                if not future.done():
                    future.set_exception(InterruptedError())
            raise
        assert answers.keys() == joining.keys(), "everybody is answered"
        for name, (_, future) in joining.items():
            if not future.done():
                future.set_result(Joined(generation, name, protocol, answers[name]))


class Member:
    """One membership, as :class:`barnabas.kafka.group_member.GroupMember` behaves."""

    def __init__(self, coordinator: Coordinator, name: str, events: Any, alive: Any) -> None:
        self.coordinator = coordinator
        self.alive = alive
        self.name = name
        self.events = events
        self.id = ""
        self.generation = -1
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._wish = self._told = False
        self._awake = asyncio.Event()
        self._driver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.rejoin()
        self._driver = asyncio.create_task(self._drive())

    async def stop(self, timeout_s: float = 1) -> None:
        self.crash()
        await asyncio.sleep(0)
        self.coordinator.expire(self.id)

    def freeze(self) -> None:
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()
        self.rejoin()

    def crash(self) -> None:
        if self._driver is not None:
            self._driver.cancel()

    def rejoin(self) -> None:
        self._wish = True
        self._awake.set()

    def told(self) -> None:
        """A heartbeat was answered: others join. What is told while a join is under way is forgotten with its end."""
        self._told = True
        self._awake.set()

    def hasten(self) -> None:
        """It is told soon anyway."""

    async def leave(self, reason: str) -> None:
        self.coordinator.expire(self.id)
        self.id, self.generation = "", -1

    async def _drive(self) -> None:
        while True:
            while not (self._wish or self._told):
                self._awake.clear()
                await self._awake.wait()
            await self._thawed.wait()
            await self._join()
            self._told = False

    async def _join(self) -> None:
        while True:
            if self.id not in self.coordinator.members:
                self.id, self.generation = "", -1
            await self.events.prepare(self.generation, self.id)
            self._wish = False  # it is granted with what is said now
            try:
                joined = await self.coordinator.join(self, list(await self.events.metadata()))
            except (LookupError, InterruptedError):
                await asyncio.sleep(0.001)
                continue
            await self._thawed.wait()
            self.generation = joined.generation
            self.alive()
            self.events.joined(joined)
            return


class WatchedSupervisor(FakeSupervisor):
    """Tells when a task is started that runs elsewhere."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        super().__init__()
        self.cluster = cluster
        self.name = name
        self.lease_is_over = False

    async def start_task(self, spec):
        if self.lease_is_over:
            return  # its host ends at once
        for other in self.cluster.workers:
            if spec.id in other.supervisor.tasks:
                self.cluster.violations.append(f"{spec.id} starts on {self.name} and runs on {other.name}")
        await super().start_task(spec)

    async def stop(self, timeout):  # noqa: ASYNC109  as in the interface
        await asyncio.sleep(self.cluster.random.random() * 0.01)
        self.tasks.clear()
        self.connectors.clear()

    async def stop_tasks(self, tasks):
        for task in tasks:
            await asyncio.sleep(self.cluster.random.random() * 0.01)  # plugin code takes its time
            await super().stop_tasks([task])


class Worker:
    """One worker of the group."""

    def __init__(self, cluster: Cluster, name: str, **settings: str) -> None:
        self.name = name
        self.cluster = cluster
        self.supervisor = WatchedSupervisor(cluster, name)
        self.view = View(cluster.topics)
        self.fatal: list[ConnectError] = []
        props = {
            "bootstrap.servers": "b:1",
            "group.id": "g",
            "config.storage.topic": "config",
            "offset.storage.topic": "offset",
            "status.storage.topic": "status",
            "key.converter": "StringConverter",
            "value.converter": "StringConverter",
            "scheduled.rebalance.max.delay.ms": "60",
            "worker.sync.timeout.ms": "200",
            "worker.unsync.backoff.ms": "50",
            **cluster.settings,
            **settings,
        }
        self.herder = DistributedHerder(
            WorkerConfig.distributed(props),
            self.supervisor,
            FakePlugins(),
            GroupStores(
                configs=TopicConfigStore(self.view, "config"),
                statuses=TopicStatusStore(self.view, "status"),
                offsets=TopicOffsetStore(self.view, "offset"),
            ),
            url=f"http://{name}:8083/",
            worker_id=f"{name}:8083",
            make_member=self._member,
            forwarder=Wire(cluster),
            identity=WorkerIdentity(),
            on_fatal=self.fatal.append,
            patience=0.05,
        )
        self.supervisor.listen(self.herder)

    def _member(self, director: Any) -> Member:
        def alive() -> None:
            self.supervisor.lease_is_over = False

        self.member = Member(self.cluster.coordinator, self.name, director, alive)
        return self.member

    @property
    def director(self) -> Any:
        return self.herder.director

    async def start(self) -> None:
        await self.herder.start()

    async def stop(self) -> None:
        """In good order."""
        await self.herder.stop()
        self.cluster.forget(self)

    async def crash(self) -> None:
        """kill -9; the session ends later."""
        self.supervisor.tasks.clear()
        self.supervisor.connectors.clear()
        self.member.crash()
        self.view.frozen = True
        self.cluster.forget(self)
        await self.herder.director.stop()
        await self.herder._end_background()
        self.cluster.coordinator.expire(self.member.id)

    async def freeze(self, seconds: float) -> None:
        """SIGSTOP for longer than a session: the lease ends its tasks, others take over, it comes back."""
        self.view.frozen = self.supervisor.lease_is_over = True
        self.member.freeze()
        self.supervisor.tasks.clear()  # the hosts end with their lease
        self.supervisor.connectors.clear()
        self.cluster.coordinator.expire(self.member.id)
        await asyncio.sleep(seconds)
        self.view.heal()
        self.director.lost("the session is over")
        self.member.thaw()


class Wire:
    """REST between workers."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def send(self, url: str, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Any:
        worker = next((each for each in self.cluster.workers if url == each.director._url), None)
        if worker is None:
            raise RequestError("nobody there", status=500)
        self.cluster.sent.append((method, path, dict(headers or {})))
        name = path.split("/")[1]
        await asyncio.sleep(0)
        lower = {key.lower(): value for key, value in (headers or {}).items()}
        await worker.herder.put_task_configs(name, orjson.loads(body or b"[]"), lower, body or b"")
        return 204, None


class Cluster:
    """The group."""

    def __init__(self, seed: int = 0, **settings: str) -> None:
        self.random = random.Random(seed)
        self.settings = {key.replace("_", "."): value for key, value in settings.items()}
        self.topics = Topics(seed)
        self.coordinator = Coordinator(seed)
        self.workers: list[Worker] = []
        self.violations: list[str] = []
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self._names = 0

    async def add(self, **settings: str) -> Worker:
        worker = Worker(self, f"w{self._names}", **{key.replace("_", "."): value for key, value in settings.items()})
        self._names += 1
        self.workers.append(worker)
        await worker.start()
        return worker

    def forget(self, worker: Worker) -> None:
        self.workers.remove(worker)
        self.topics.views.remove(worker.view)

    async def close(self) -> None:
        for worker in list(self.workers):
            await worker.stop()

    async def do(self, call: Any, by: Worker | None = None) -> Any:
        """A REST request to a worker; passed on as REST would."""
        worker = by or self.random.choice(self.workers)
        until = time.monotonic() + 10
        while True:
            try:
                return await call(worker.herder)
            except ElsewhereError as error:
                await asyncio.sleep(0.001)
                found = [each for each in self.workers if each.director._url == error.url]
                worker = found[0] if found else self.random.choice(self.workers)
            except RequestError as error:
                if error.status != 409 or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.01)

    # ------------------------------------------------------------------ what should be
    def expected(self) -> set[TaskId]:
        """Tasks that are to run, as the config topic says; reading it through any worker that has read it all."""
        state = self.workers[0].herder._configs.state
        return {item for item in state.items() if state.targets.get(item.connector, "STARTED") != "STOPPED"}

    def running(self) -> list[TaskId]:
        return [task for worker in self.workers for task in worker.supervisor.tasks]

    def is_settled(self) -> bool:
        end = len(self.topics.records.get("config", []))
        if any(worker.view.positions.get("config", 0) < end for worker in self.workers if end):
            return False
        if not all(worker.director.is_settled for worker in self.workers):
            return False
        running, state = self.running(), self.workers[0].herder._configs.state
        owners = [name for worker in self.workers for name in worker.supervisor.connectors]
        wanted = {name for name in state.connectors if state.targets.get(name, "STARTED") == "STARTED"}
        known = {name for name in wanted if state.task_configs(name)}
        return sorted(running) == sorted(self.expected()) and sorted(owners) == sorted(wanted) == sorted(known)

    async def settle(self, seconds: float = 20) -> None:
        """Wait until everything runs exactly once."""
        until = time.monotonic() + seconds
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if self.is_settled() else 0
            assert not self.violations, self.violations
            assert time.monotonic() < until, self.describe()
            await asyncio.sleep(0.005)

    def describe(self) -> str:
        """For a test that fails."""
        held = {worker.name: sorted(map(str, worker.director.held)) for worker in self.workers}
        runs = {worker.name: sorted(map(str, worker.supervisor.tasks)) for worker in self.workers}
        settled = {worker.name: worker.director.is_settled for worker in self.workers}
        owners = {worker.name: sorted(worker.supervisor.connectors) for worker in self.workers}
        expected = sorted(map(str, self.expected()))
        coordinator = self.coordinator
        group = f"{list(coordinator.members)} {list(coordinator.joining)} {coordinator.leader} {coordinator.completing}"
        return f"group {group}\nexpected {expected}\nheld {held}\nruns {runs}\nconnectors {owners}\nsettled {settled}"

    def owner(self, name: str) -> Worker:
        """Who has the connector object."""
        return next(worker for worker in self.workers if TaskId(name, CONNECTOR) in worker.director.held)

    def leader(self) -> Worker:
        return next(worker for worker in self.workers if worker.director.is_leader)

    def followers(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.director.is_leader]

    def states(self, name: str) -> tuple[str, list[str]]:
        status = self.workers[0].herder.status(name)
        return status.connector.state, [task.state for task in status.tasks]
