"""A group whose broker goes away: for a moment, for longer than a session, for good."""

from __future__ import annotations

import time

import pytest

from services.kafka import KafkaServer
from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
SETTINGS = {
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1000,
    "scheduled.rebalance.max.delay.ms": 300_000,
    "consumer.auto.offset.reset": "earliest",
    "offset.flush.interval.ms": 500,
}


@pytest.fixture(scope="module")
def kafka(kafka_libs, tmp_path_factory):
    with KafkaServer(tmp_path_factory.mktemp("broker"), kafka_libs) as server:
        yield server


def topics(name):
    return {f"{kind}.storage.topic": f"{name}-{kind}" for kind in ("config", "offset", "status")}


@pytest.fixture
def worker(kafka, tmp_path):
    worker = BarnabasWorker(tmp_path / "w", kafka.bootstrap, SETTINGS | topics("b"), mode="distributed")
    yield worker
    if worker.alive:
        worker.stop()
    worker.kill()


def states(worker):
    return [state for states in worker.states().values() for state in states]


def test_its_restart_loses_nothing_and_its_absence_is_survived(kafka, worker, tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.touch()
    worker.start()
    worker.create("in", {"connector.class": FILE_SOURCE, "file": source, "topic": "lines"})
    worker.create("out", {"connector.class": FILE_SINK, "file": target, "topics": "lines"})
    wait_for(lambda: states(worker) == ["RUNNING"] * 4, 30, "everything to run")
    written = []

    def flows(text, seconds=60):
        written.append(text)
        with source.open("a") as file:
            file.write(f"{text}\n")
        wait_for(lambda: target.exists() and text in target.read_text().splitlines(), seconds, text)

    def pids():
        return {task["id"]: task["pid"] for task in worker.request("GET", "/barnabas/tasks")[1]}

    flows("before")
    kafka.kill()
    with source.open("a") as file:
        file.write("without a broker\n")
    written.append("without a broker")
    time.sleep(8)  # longer than the session: the tasks end with their lease
    kafka.start()
    flows("after")
    wait_for(lambda: states(worker) == ["RUNNING"] * 4, 60, "everything to run again")
    assert list(dict.fromkeys(target.read_text().splitlines())) == written

    kafka.kill()
    began = time.monotonic()
    worker._process.terminate()
    assert worker.wait_exit(40) == 0, worker.tail(80)
    assert time.monotonic() - began < 5 + 10
    kafka.start()
    worker.start()
    flows("another life")
    assert list(dict.fromkeys(target.read_text().splitlines())) == written
