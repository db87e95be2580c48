"""A worker that its group has given up: its tasks end before others begin, whatever keeps it from saying so."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid

import psutil
import pytest

from services.kafka import KafkaServer
from services.process import HOST, free_port, wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
SESSION_S = 6.0


class Group:
    """Two workers; what each of them runs, as the processes of the machine show it."""

    def __init__(self, folder, bootstrap, other=None):
        self.folder = folder
        group = f"z-{uuid.uuid4().hex[:8]}"
        settings = {
            "group.id": group,
            "session.timeout.ms": int(SESSION_S * 1000),
            "heartbeat.interval.ms": 1000,
            "scheduled.rebalance.max.delay.ms": 0,
            "consumer.auto.offset.reset": "earliest",
            **{f"{kind}.storage.topic": f"{group}-{kind}" for kind in ("config", "offset", "status")},
        }
        self.topic = f"{group}-lines"
        self.one = BarnabasWorker(folder / "one", other or bootstrap, settings, mode="distributed")
        self.two = BarnabasWorker(folder / "two", bootstrap, settings, mode="distributed")
        self.source, self.target = folder / "in.txt", folder / "out.txt"
        self.source.touch()
        self.written = 0
        self.both = 0
        self._end = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def start(self):
        """All on the first worker, then half of it on the second."""
        self.one.start()
        self.one.create("in", {"connector.class": FILE_SOURCE, "file": self.source, "topic": self.topic})
        self.one.create("out", {"connector.class": FILE_SINK, "file": self.target, "topics": self.topic})
        self.two.start()
        wait_for(lambda: self.states() == ["RUNNING"] * 4 and len(self.places()) == 2, 60, "both to have work")
        self._watcher.start()

    def stop(self):
        self._end.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for worker in (self.one, self.two):
            worker.stop() if worker.alive else worker.kill()

    def _statuses(self, worker=None):
        _, answer = (worker or self.two).request("GET", "/connectors?expand=status")
        found = [info["status"] for info in answer.values()]
        return [part for status in found for part in (status["connector"], *status["tasks"])]

    def states(self):
        return [part["state"] for part in self._statuses()]

    def places(self):
        return {part["worker_id"] for part in self._statuses()}

    def tasks(self, worker):
        """Names of the tasks that have a process that can do something."""
        found = set()
        for process in psutil.Process(worker.pid).children(recursive=True) if worker.alive else ():
            try:
                if "|task" in process.name() and process.status() not in (
                    psutil.STATUS_ZOMBIE,
                    psutil.STATUS_STOPPED,
                ):
                    found.add(process.name())
            except psutil.NoSuchProcess:
                continue
        return found

    def _watch(self):
        while not self._end.wait(0.02):
            if self.tasks(self.one) & self.tasks(self.two):
                self.both += 1

    def flows(self, seconds=60):
        """A line that is written now arrives."""
        self.written += 1
        with self.source.open("a") as file:
            file.write(f"line {self.written}\n")
        last = f"line {self.written}"
        wait_for(lambda: self.target.exists() and last in self.target.read_text().split("\n"), seconds, last)

    def all_on_two(self, seconds=30):
        two = self.two.url.removeprefix("http://")
        return wait_for(
            lambda: self.states() == ["RUNNING"] * 4 and self.places() == {two}, seconds, "all on the second"
        )

    def complete(self):
        lines = self.target.read_text().splitlines()
        assert list(dict.fromkeys(lines)) == [f"line {number}" for number in range(1, self.written + 1)]
        assert not self.both, "a task ran twice"


@pytest.fixture
def group(kafka_server, tmp_path):
    group = Group(tmp_path, kafka_server.bootstrap)
    group.start()
    yield group
    group.stop()


@pytest.mark.parametrize("whole", [False, True], ids=["worker", "tree"])
def test_a_stopped_worker_is_replaced_and_comes_back_harmless(group, whole):
    group.flows()
    victims = [psutil.Process(group.one.pid)]
    if whole:
        victims += victims[0].children(recursive=True)
    for process in victims:
        process.suspend()
    began = time.monotonic()
    if not whole:  # nobody can tell its tasks: they end by themselves
        wait_for(lambda: not group.tasks(group.one), SESSION_S, "tasks that end with their lease")
        assert time.monotonic() - began < SESSION_S
    group.all_on_two()
    assert time.monotonic() - began < SESSION_S + 4
    group.flows()
    for process in reversed(victims):
        if process.is_running():
            os.kill(process.pid, signal.SIGCONT)
    wait_for(lambda: len(group.places()) == 2 and group.states() == ["RUNNING"] * 4, 60, "it has work again")
    group.flows()
    group.complete()


class Cable:
    """A TCP connection to the broker that can be cut without anybody being told."""

    def __init__(self, target):
        self.cut = threading.Event()
        self._target = target
        self._server = socket.create_server((HOST, 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection((HOST, self._target))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        try:
            while data := one.recv(65536):
                while self.cut.is_set():
                    time.sleep(0.05)
                other.sendall(data)
        except OSError:
            pass  # either side has closed
        finally:
            one.close()
            other.close()

    def close(self):
        self.cut.clear()
        self._server.close()


def test_a_worker_that_is_cut_off_ends_its_tasks_in_time(kafka_libs, tmp_path):
    inside = free_port()
    cable = Cable(inside)
    kafka = KafkaServer(
        tmp_path / "kafka",
        kafka_libs,
        settings={},
    )
    listeners = f"PLAINTEXT://{HOST}:{kafka.port},CUT://{HOST}:{inside}"
    text = (tmp_path / "kafka" / "server.properties").read_text()
    controller = next(line for line in text.splitlines() if line.startswith("listeners=")).rpartition(",")[2]
    with (tmp_path / "kafka" / "server.properties").open("a") as file:
        file.write(f"listeners={listeners},{controller}\n")
        file.write(f"advertised.listeners=PLAINTEXT://{HOST}:{kafka.port},CUT://{HOST}:{cable.port}\n")
        file.write("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CUT:PLAINTEXT,CONTROLLER:PLAINTEXT\n")
    with kafka:
        group = Group(tmp_path, kafka.bootstrap, other=f"{HOST}:{cable.port}")
        try:
            group.start()
            group.flows()
            cable.cut.set()
            began = time.monotonic()
            wait_for(lambda: not group.tasks(group.one), SESSION_S + 1, "tasks that end with their lease")
            group.all_on_two()
            assert time.monotonic() - began < SESSION_S + 4
            group.flows()
            cable.cut.clear()
            wait_for(lambda: len(group.places()) == 2 and group.states() == ["RUNNING"] * 4, 90, "it has work again")
            group.flows()
            group.complete()
        finally:
            cable.close()
            group.stop()
