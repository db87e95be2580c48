"""Workers of a group, all in one event loop: who runs what, whoever comes, goes, freezes or misses something.

The invariant of every test here, checked whenever a task is started: it runs on no other worker.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from barnabas.errors import AlreadyExistsError, ConnectError, NotFoundError
from barnabas.herder.base import BadRequestError, ElsewhereError, RequestError
from barnabas.herder.group.signing import sign
from barnabas.store.base import Status
from barnabas.supervisor.api import TaskId
from group.group_fakes import Cluster
from herder.herder_fakes import source


@pytest.fixture
async def make():
    made = []

    async def make(workers=3, seed=0, **settings):
        cluster = Cluster(seed, **settings)
        made.append(cluster)
        for _ in range(workers):
            await cluster.add()
        await cluster.settle()
        return cluster

    yield make
    for cluster in made:
        await cluster.close()


def putting(name, tasks=3, **more):
    return lambda herder: herder.put_connector(name, source(name, tasks_max=str(tasks), **more))


async def filled(make, connectors=3, tasks=3, **settings):
    cluster = await make(**settings)
    for number in range(connectors):
        await cluster.do(putting(f"c{number}", tasks))
    await cluster.settle()
    return cluster


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  it is about many things at once
            await asyncio.sleep(0.002)


def signed(herder, body):
    headers = sign(herder._configs.state.session_key, "HmacSHA256", body)
    return {name.lower(): value for name, value in headers.items()}


def loads(cluster):
    return sorted(len(worker.supervisor.tasks) for worker in cluster.workers)


async def test_work_is_shared_evenly_and_statuses_are_everybodys(make):
    cluster = await filled(make)
    assert loads(cluster) == [3, 3, 3]
    assert sorted(len(worker.supervisor.connectors) for worker in cluster.workers) == [1, 1, 1]
    await until(lambda: all(cluster.states(f"c{n}") == ("RUNNING", ["RUNNING"] * 3) for n in range(3)))
    workers = {cluster.workers[0].herder.status("c0").tasks[n].worker_id for n in range(3)}
    assert workers == {"w0:8083", "w1:8083", "w2:8083"}  # the tasks of one connector are spread
    assert (await cluster.do(lambda herder: herder.workers())).summary == "3 of 3"


@pytest.mark.parametrize("protocol", ["sessioned", "compatible", "eager"])
async def test_a_follower_hands_task_configs_to_the_leader(make, protocol):
    cluster = await filled(make, connectors=4, connect_protocol=protocol)
    leader = cluster.leader()
    assert any(cluster.owner(f"c{n}") is not leader for n in range(4))
    assert cluster.sent
    are_signed = ["X-Connect-Authorization" in headers for _, _, headers in cluster.sent]
    assert all(are_signed) == (protocol == "sessioned")
    assert leader.director.verifies == (protocol == "sessioned")


async def test_internal_requests_are_verified(make):
    cluster = await filled(make, connectors=1)
    herder = cluster.leader().herder
    body = b"[]"
    with pytest.raises(BadRequestError, match="missing required signature"):
        await herder.put_task_configs("c0", [], {}, body)
    headers = signed(herder, body)
    with pytest.raises(NotFoundError):
        await herder.put_task_configs("nope", [], headers, body)
    with pytest.raises(RequestError) as caught:
        await herder.put_task_configs("c0", [{}], headers, b"[{}]")
    assert caught.value.status == 403
    await cluster.do(lambda herder: herder.stop_connector("c0"))
    full = b'[{"a":"1"}]'
    with pytest.raises(BadRequestError, match="stopped connector c0"):
        await herder.put_task_configs("c0", [{"a": "1"}], signed(herder, full), full)


async def test_only_the_leader_writes_and_says_who_it_is(make):
    cluster = await filled(make, connectors=1)
    follower, leader = cluster.followers()[0].herder, cluster.leader()
    for call in (
        follower.put_connector("x", source("x")),
        follower.delete_connector("c0"),
        follower.stop_connector("c0"),
        follower.restart("c0", only_failed=False, include_tasks=True),
        follower.patch_config("c0", {"a": "b"}),
    ):
        with pytest.raises(ElsewhereError) as caught:
            await call
        assert caught.value.url == leader.director._url
    with pytest.raises(AlreadyExistsError):
        await leader.herder.put_connector("c0", source("c0"), replace=False)
    await follower.pause("c0")  # as in Kafka Connect, whoever is asked writes it
    await until(lambda: cluster.states("c0") == ("PAUSED", ["PAUSED"] * 3))


async def test_another_connector_restarts_nothing_else(make):
    cluster = await filled(make)
    before = {worker.name: dict(worker.supervisor.started) for worker in cluster.workers}
    await cluster.do(putting("c9", 3))
    await cluster.settle()
    for worker in cluster.workers:
        for item, count in before[worker.name].items():
            assert worker.supervisor.started[item] == count


async def test_updates_reach_the_owner_and_tasks_are_replaced(make):
    cluster = await filled(make, connectors=2)
    await cluster.do(putting("c0", 5, x="new"))
    await until(lambda: len(cluster.workers[0].herder.task_infos("c0")) == 5)
    await cluster.settle()
    assert sorted(task.task for task in cluster.running() if task.connector == "c0") == [0, 1, 2, 3, 4]
    await cluster.do(putting("c0", 1))
    await until(lambda: len(cluster.workers[0].herder.task_infos("c0")) == 1)
    await cluster.settle()
    await until(lambda: cluster.states("c0") == ("RUNNING", ["RUNNING"]))


async def test_deletion_leaves_nothing(make):
    cluster = await filled(make)
    await cluster.do(lambda herder: herder.delete_connector("c1"))
    await until(lambda: "c1" not in cluster.workers[0].herder.connectors())
    await cluster.settle()
    assert not [task for task in cluster.running() if task.connector == "c1"]
    assert not [name for worker in cluster.workers for name in worker.supervisor.connectors if name == "c1"]
    await cluster.do(putting("c8"))  # the leader forgets statuses with its next assignment
    await cluster.settle()
    await until(
        lambda: all("c1" not in worker.herder._stores.statuses.known_connectors() for worker in cluster.workers)
    )


async def test_stop_resume_and_pause(make):
    cluster = await filled(make, connectors=2)
    await cluster.do(lambda herder: herder.stop_connector("c0"))
    await cluster.settle()
    await until(lambda: cluster.states("c0")[0] == "STOPPED")
    assert not [task for task in cluster.running() if task.connector == "c0"]
    await cluster.do(lambda herder: herder.resume("c0"))
    await until(lambda: len(cluster.workers[0].herder.task_infos("c0")) == 3)
    await cluster.settle()
    await until(lambda: cluster.states("c0") == ("RUNNING", ["RUNNING"] * 3))
    await cluster.do(lambda herder: herder.pause("c1"))
    await until(lambda: cluster.states("c1") == ("PAUSED", ["PAUSED"] * 3))
    crashed = cluster.owner("c1")
    await crashed.crash()
    await cluster.settle()
    await until(lambda: cluster.states("c1") == ("PAUSED", ["PAUSED"] * 3))  # also where it was taken over


async def test_restart_with_a_plan_concerns_every_worker(make):
    cluster = await filled(make, connectors=1)
    plan = await cluster.do(lambda herder: herder.restart("c0", only_failed=False, include_tasks=True))
    assert plan.connector.state == "RESTARTING"
    await until(
        lambda: all(
            sum(worker.supervisor.started[f"c0-{number}"] for worker in cluster.workers) == 2 for number in range(3)
        )
    )
    await cluster.settle()
    failing = next(worker for worker in cluster.workers if TaskId("c0", 1) in worker.supervisor.tasks)
    failing.supervisor.fail(TaskId("c0", 1))
    await until(lambda: cluster.states("c0")[1][1] == "FAILED")
    await cluster.do(lambda herder: herder.restart("c0", only_failed=True, include_tasks=True))
    await until(lambda: failing.supervisor.started["c0-1"] == 3)
    assert sum(worker.supervisor.started["c0-0"] for worker in cluster.workers) == 2
    await until(lambda: cluster.states("c0") == ("RUNNING", ["RUNNING"] * 3))


async def test_restart_of_one_task_is_for_its_worker(make):
    cluster = await filled(make, connectors=1)
    owner = next(worker for worker in cluster.workers if TaskId("c0", 2) in worker.supervisor.tasks)
    for worker in cluster.workers:
        await cluster.do(lambda herder: herder.restart_task(TaskId("c0", 2)), by=worker)
        await cluster.do(lambda herder: herder.restart_connector("c0"), by=worker)
    assert owner.supervisor.started["c0-2"] == 4
    assert cluster.owner("c0").supervisor.started["c0"] == 4
    with pytest.raises(NotFoundError):
        await cluster.do(lambda herder: herder.restart_task(TaskId("c0", 7)))


async def test_a_newcomer_gets_its_share_and_nothing_else_moves(make):
    cluster = await filled(make, connectors=4)
    before = sum(sum(worker.supervisor.started.values()) for worker in cluster.workers)
    await cluster.add()
    await until(lambda: loads(cluster) == [3, 3, 3, 3])
    await cluster.settle()
    moved = sum(sum(worker.supervisor.started.values()) for worker in cluster.workers) - before
    assert moved == 3 + 1  # three tasks and a connector object


async def test_a_crash_waits_for_the_delay_and_a_departure_does_not(make):
    cluster = await filled(make, scheduled_rebalance_max_delay_ms="400")
    started = asyncio.get_running_loop().time()
    await cluster.followers()[0].crash()
    await cluster.settle()
    assert asyncio.get_running_loop().time() - started > 0.35
    started = asyncio.get_running_loop().time()
    await cluster.followers()[0].stop()
    await cluster.settle()
    assert asyncio.get_running_loop().time() - started < 0.3
    assert loads(cluster) == [9]


async def test_a_leader_that_goes_is_replaced(make):
    cluster = await filled(make)
    await cluster.leader().crash()
    await cluster.settle()
    await cluster.leader().stop()
    await cluster.settle()
    assert cluster.workers[0].director.is_leader


async def test_a_lost_worker_is_shown(make):
    cluster = await filled(make, scheduled_rebalance_max_delay_ms="300")
    gone = cluster.followers()[0]
    await gone.crash()
    await until(
        lambda: all(worker.director.is_settled and len(worker.director.urls) != 3 for worker in cluster.workers)
    )
    found = {each.worker_id: each.state for each in (await cluster.do(lambda herder: herder.workers())).workers}
    assert found[f"{gone.name}:8083"] == "LOST"
    assert sorted(found.values()) == ["LEADER", "LOST", "MEMBER"]
    await cluster.settle()


async def test_a_frozen_worker_comes_back_with_nothing_and_says_nothing(make):
    cluster = await filled(make, scheduled_rebalance_max_delay_ms="0")
    frozen = cluster.followers()[0]
    await frozen.freeze(0.2)
    await cluster.settle()
    assert "fence" in frozen.supervisor.calls
    for number in range(3):
        await until(lambda number=number: cluster.states(f"c{number}") == ("RUNNING", ["RUNNING"] * 3))
    assert not cluster.violations


async def test_work_that_nobody_took_over_is_free_when_its_worker_is_back(make):
    """A worker cut off for a moment does not wait for its own delay."""
    cluster = await filled(make, workers=1, scheduled_rebalance_max_delay_ms="60000")
    (worker,) = cluster.workers
    await worker.freeze(0.1)
    await cluster.settle(5)


async def test_two_that_run_the_same_are_told_to_stop(make):
    """A leader that was wrong, such as one that knew nothing of a member."""
    cluster = await filled(make, workers=2, connectors=2)
    one, two = cluster.workers
    task = next(iter(one.supervisor.tasks))
    two.director.held = {**two.director.held, task: None}  # as if an earlier leader had given it to both
    two.director.rejoin()
    one.director.rejoin()
    await cluster.settle()


async def test_what_is_being_stopped_is_not_given_to_others(make):
    cluster = await filled(make, workers=1, connectors=6)
    (first,) = cluster.workers
    slow = first.supervisor.stop_tasks

    async def stop_slowly(tasks):
        await asyncio.sleep(0.05)
        await slow(tasks)

    first.supervisor.stop_tasks = stop_slowly
    for _ in range(3):
        await cluster.add()  # each of them makes the group share out anew, while the first still stops
    await cluster.settle()
    assert not cluster.violations
    await until(lambda: max(loads(cluster)) - min(loads(cluster)) <= 1)


async def test_a_leader_that_has_read_less_asks_for_another_round(make):
    cluster = await filled(make, connectors=1)
    leader = cluster.leader()
    leader.view.unreadable = True
    cluster.topics.append("config", b"target-state-c0", b'{"state":"PAUSED"}')
    cluster.followers()[0].director.rejoin()
    await asyncio.sleep(0.3)
    assert not cluster.violations
    leader.view.heal()
    await cluster.settle()
    await until(lambda: cluster.states("c0")[0] == "PAUSED")


async def test_a_worker_that_cannot_read_goes_on_and_catches_up(make):
    cluster = await filled(make, connectors=2)
    blind = cluster.followers()[0]
    blind.view.unreadable = True
    runs = set(blind.supervisor.tasks)
    await cluster.do(putting("c7"), by=cluster.leader())
    await asyncio.sleep(0.4)
    assert runs <= set(blind.supervisor.tasks)  # what ran goes on
    blind.view.heal()
    await cluster.settle()


async def test_a_worker_that_stays_blind_leaves_its_work_to_others(make):
    cluster = await filled(make, connectors=2, worker_unsync_backoff_ms="60000")
    blind = cluster.followers()[0]
    blind.view.unreadable = True
    await cluster.do(putting("c7"), by=cluster.leader())
    await until(lambda: not blind.supervisor.tasks and not blind.supervisor.connectors, 10)
    cluster.forget(blind)
    await cluster.settle()
    blind.view.heal()
    await blind.herder.stop()


async def test_an_unwritable_topic_is_told_and_tried_again(make):
    cluster = await filled(make, connectors=1)
    leader = cluster.leader()
    leader.view.unwritable = True
    with pytest.raises(ConnectError, match="Error writing the configuration of connector x to Kafka"):
        await leader.herder.put_connector("x", source("x"))
    leader.view.heal()
    await leader.herder.put_connector("x", source("x"))
    await cluster.settle()


async def test_publication_is_tried_until_the_leader_takes_it(make):
    cluster = await make(workers=2)
    leader, follower = cluster.leader(), cluster.followers()[0]
    refused = []

    async def refuse(*arguments):
        refused.append(arguments)
        if len(refused) < 3:
            raise RequestError("not now", status=500)
        return await original(*arguments)

    original = follower.herder._forwarder.send
    follower.herder._forwarder.send = refuse
    for number in range(2):
        await cluster.do(putting(f"c{number}"), by=leader)
    await cluster.settle()
    assert len(refused) >= 3


async def test_statuses_of_others_are_not_overwritten(make):
    """What a worker says of work that is another's by now does not count."""
    cluster = await filled(make, connectors=1)
    statuses = cluster.workers[0].herder._stores.statuses
    current = statuses.task(TaskId("c0", 0))
    statuses.put_task(TaskId("c0", 0), Status("UNASSIGNED", "zombie:1", current.generation - 1, None, None))
    assert statuses.task(TaskId("c0", 0)) == current


async def test_it_stops_in_time_when_nothing_can_be_written(make):
    cluster = await filled(make, workers=1, connectors=1)
    (worker,) = cluster.workers
    worker.view.frozen = True
    began = asyncio.get_running_loop().time()
    await worker.stop()
    assert asyncio.get_running_loop().time() - began < 10


class Chaos:
    """Does something at random to a cluster, again and again."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.chance = random.Random(seed)
        self.names = []
        self.steps = 0

    async def step(self):
        self.steps += 1
        for worker in self.cluster.workers:
            worker.view.catch_up("config")  # a worker that has not heard of a connector yet answers that there is none
        to_connectors = (self.update, self.delete, self.aim, self.restart)
        what = self.chance.choice((self.create, *(to_connectors if self.names else ()), *self.workers()))
        try:
            async with asyncio.timeout(15):
                await what()
        except TimeoutError:
            pytest.fail(f"step {self.steps} {what} does not end\n{self.cluster.describe()}")
        assert not self.cluster.violations, f"step {self.steps} {what}: {self.cluster.violations}"
        if self.chance.random() < 0.5:
            await self.cluster.settle()

    def workers(self):
        count = len(self.cluster.workers)
        return ((self.cluster.add,) if count < 5 else ()) + ((self.crash, self.leave, self.freeze) if count > 2 else ())

    def any_name(self):
        return self.chance.choice(self.names)

    async def create(self):
        self.names.append(f"n{self.steps}")
        await self.cluster.do(putting(self.names[-1], self.chance.randint(1, 4)))

    async def update(self):
        await self.cluster.do(putting(self.any_name(), self.chance.randint(1, 5), x=str(self.steps)))

    async def delete(self):
        name = self.any_name()
        self.names.remove(name)
        await self.cluster.do(lambda herder: herder.delete_connector(name))

    async def aim(self):
        name, method = self.any_name(), self.chance.choice(("pause", "resume", "stop_connector"))
        await self.cluster.do(lambda herder: getattr(herder, method)(name))

    async def restart(self):
        name = self.any_name()
        await self.cluster.settle()
        await self.cluster.do(lambda herder: herder.restart(name, only_failed=False, include_tasks=True))

    async def crash(self):
        await self.chance.choice(self.cluster.workers).crash()

    async def leave(self):
        await self.chance.choice(self.cluster.workers).stop()

    async def freeze(self):
        await self.chance.choice(self.cluster.workers).freeze(self.chance.random() * 0.2)


@pytest.mark.parametrize("protocol", ["sessioned", "eager"])
@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_events_leaves_everything_running_once(make, seed, protocol):
    cluster = await make(workers=3, seed=seed, connect_protocol=protocol)
    chaos = Chaos(cluster, seed)
    for _ in range(40):
        await chaos.step()
    await cluster.settle()
    for name in chaos.names:
        await until(lambda name=name: set(cluster.states(name)[1]) <= {"RUNNING", "PAUSED"}, 10)
