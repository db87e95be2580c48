"""One group of our workers and Apache Kafka Connect's: either leads, either takes over from the other."""

from __future__ import annotations

import threading
import uuid

import pytest

from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker, JvmConnect

pytestmark = [pytest.mark.kafka, pytest.mark.jvm_connect, pytest.mark.timeout(240)]


class Mixed:
    """A group, its workers, and a pipeline from file to file through it.

    Attributes:
        jvm: Kafka Connect 4.3.1.
        ours: This project's worker.
    """

    def __init__(self, folder, bootstrap, libs, protocol):
        self.folder = folder
        self.group = f"g-{uuid.uuid4().hex[:8]}"
        settings = {
            "group.id": self.group,
            "connect.protocol": protocol,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1000,
            "scheduled.rebalance.max.delay.ms": 1000,
            "offset.storage.partitions": 3,
            "status.storage.partitions": 2,
            "consumer.auto.offset.reset": "earliest",
            "consumer.session.timeout.ms": 6000,
            "consumer.heartbeat.interval.ms": 1000,
            **{f"{kind}.storage.topic": f"{self.group}-{kind}" for kind in ("config", "offset", "status")},
        }
        self.jvm = JvmConnect(folder / "jvm", bootstrap, settings, mode="distributed", home=libs)
        self.ours = BarnabasWorker(folder / "ours", bootstrap, settings, mode="distributed")
        self.other = BarnabasWorker(folder / "other", bootstrap, settings, mode="distributed")

    def close(self):
        for worker in (self.jvm, self.ours, self.other):
            worker.stop() if worker.alive else worker.kill()

    def file(self, name):
        return self.folder / f"{name}.txt"

    def source(self, name):
        self.file(name).touch()
        return {"connector.class": FILE_SOURCE, "file": self.file(name), "topic": f"{self.group}-{name}"}

    def sink(self, name, tasks=1):
        topics = f"{self.group}-{name}"
        return {
            "connector.class": FILE_SINK,
            "file": self.file(f"{name}-out"),
            "topics": topics,
            "tasks.max": tasks,
        }

    def pipelines(self, worker, *names):
        for name in names:
            worker.create(f"{name}-source", self.source(name))
            worker.create(f"{name}-sink", self.sink(name))

    def placement(self, worker):
        """State and kind of worker of each connector and task."""
        _, answer = worker.request("GET", "/connectors?expand=status")
        kinds = {each.url.removeprefix("http://"): each.name for each in (self.jvm, self.ours)}
        kinds[self.other.url.removeprefix("http://")] = "barnabas"
        found = {}
        for name, info in answer.items():
            status = info["status"]
            found[name] = status["connector"]["state"], kinds[status["connector"]["worker_id"]]
            for task in status["tasks"]:
                found[f"{name}-{task['id']}"] = task["state"], kinds[task["worker_id"]]
        return found

    def runs(self, items, *, asked, on=None, seconds=60):
        """Wait until so many items are RUNNING, on these kinds of workers."""
        last = {}

        def running():
            nonlocal last
            last = self.placement(asked)
            places = [kind for state, kind in last.values() if state == "RUNNING"]
            return len(places) == items and (on is None or set(places) == set(on))

        try:
            return wait_for(running, seconds, f"{items} items RUNNING on {on}", every=0.2)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {last}\n{self.ours.tail()}") from None

    def flows(self, name, text, seconds=60):
        """Wait until a line that is written now has arrived."""
        with self.file(name).open("a") as file:
            file.write(f"{text}\n")
        out = self.file(f"{name}-out")
        wait_for(lambda: out.exists() and text in out.read_text().splitlines(), seconds, f"{text} in {out.name}")


@pytest.fixture
def mixed(kafka_server, kafka_libs, tmp_path):
    made = []

    def make(protocol="sessioned"):
        made.append(Mixed(tmp_path, kafka_server.bootstrap, kafka_libs, protocol))
        return made[0]

    yield make
    for each in made:
        each.close()


BOTH = {"jvm-connect", "barnabas"}


@pytest.mark.parametrize("protocol", ["sessioned", "compatible", "eager"])
def test_either_takes_over_from_the_other(mixed, protocol):
    group = mixed(protocol)
    group.ours.start()
    group.pipelines(group.ours, "a")
    group.jvm.start()
    group.pipelines(group.jvm, "b")  # ours leads: it is asked to write this down
    group.runs(8, asked=group.jvm, on=BOTH)
    for name in "ab":
        group.flows(name, "first")
    assert group.placement(group.jvm) == group.placement(group.ours)

    group.ours.kill()
    group.runs(8, asked=group.jvm, on={"jvm-connect"}, seconds=40)
    for name in "ab":
        group.flows(name, "second")

    group.ours.start()  # now a follower of the JVM
    group.runs(8, asked=group.ours, on=BOTH)
    group.pipelines(group.ours, "c")
    group.runs(12, asked=group.jvm, on=BOTH)
    status, _ = group.ours.request("POST", "/connectors/c-source/restart?includeTasks=true&onlyFailed=false")
    assert status == 202
    for name in "abc":
        group.flows(name, "third")

    group.jvm.kill()
    group.runs(12, asked=group.ours, on={"barnabas"}, seconds=40)
    for name in "abc":
        group.flows(name, "fourth")
    for name in "ab":
        lines = group.file(f"{name}-out").read_text().splitlines()
        assert list(dict.fromkeys(lines)) == ["first", "second", "third", "fourth"]


def test_internal_requests_of_ours_are_verified_as_the_jvm_does(mixed):
    group = mixed()
    group.ours.start()
    group.pipelines(group.ours, "a")
    group.runs(4, asked=group.ours)
    status, answer = group.ours.request("POST", "/connectors/a-source/tasks", [{}])
    assert (status, answer["message"]) == (400, "Internal request missing required signature")


def test_a_running_cluster_is_taken_over_and_handed_back(mixed):
    group = mixed()
    group.jvm.start()
    group.pipelines(group.jvm, "run", "rest")
    group.jvm.create("still", group.source("still"))
    group.runs(10, asked=group.jvm, on={"jvm-connect"})
    group.flows("rest", "before the pause")
    assert group.jvm.request("PUT", "/connectors/rest-source/pause")[0] == 202
    assert group.jvm.request("PUT", "/connectors/still/stop")[0] == 204
    end = threading.Event()
    written = []

    def feed():
        with group.file("run").open("a", buffering=1) as file:
            while not end.wait(0.01):
                written.append(f"line {len(written)}")
                file.write(f"{written[-1]}\n")

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        group.ours.start()
        group.other.start()
        group.runs(6, asked=group.ours, on=BOTH)
        group.jvm.stop()
        group.runs(6, asked=group.ours, on={"barnabas"})
        unmoved(group, group.ours)
        assert group.other.request("PUT", "/connectors/rest-source/resume")[0] == 202
        group.runs(8, asked=group.other, on={"barnabas"})
        group.flows("rest", "resumed elsewhere")
        assert group.ours.request("PUT", "/connectors/rest-source/pause")[0] == 202

        group.jvm.start()
        group.runs(6, asked=group.ours, on=BOTH)
        group.ours.stop()
        group.runs(6, asked=group.jvm)
        group.other.stop()
        group.runs(6, asked=group.jvm, on={"jvm-connect"})
        unmoved(group, group.jvm)
        assert group.jvm.request("PUT", "/connectors/rest-source/resume")[0] == 202
        group.flows("rest", "back home")
    finally:
        end.set()
        feeder.join()
    out = group.file("run-out")
    wait_for(lambda: written[-1] in out.read_text().splitlines(), 60, "the last line")
    assert list(dict.fromkeys(out.read_text().splitlines())) == written  # each, and in order; some perhaps again
    rest = group.file("rest-out").read_text().splitlines()
    assert list(dict.fromkeys(rest)) == ["before the pause", "resumed elsewhere", "back home"]


def unmoved(group, worker):
    """What the user wanted is still so, and offsets are what they were."""
    placed = group.placement(worker)
    assert placed["rest-source"][0] == placed["rest-source-0"][0] == "PAUSED"
    assert placed["still"][0] == "STOPPED"
    assert "still-0" not in placed
    status, answer = worker.request("GET", "/connectors/rest-source/offsets")
    assert status == 200
    assert answer["offsets"][0]["offset"]["position"] > 0
