"""A connector that hangs, exits or hoards memory in any of its calls changes nothing for its neighbours.

While it misbehaves, a healthy connector keeps its rate and every REST request is answered within a second.
"""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from services.process import wait_for
from services.worker import BarnabasWorker

HOMES = Path(__file__).parents[1] / "supervisor" / "homes"
RATE = 2000  # records a second of the healthy neighbour
CALLS = ["start", "task_configs", "validate", "stop", "task_start", "poll", "put", "task_stop"]
SETTINGS = {
    "plugin.path": HOMES,
    "connector.call.timeout.ms": 3000,
    "task.start.timeout.ms": 3000,
    "task.call.timeout.ms": 3000,
    "task.shutdown.graceful.timeout.ms": 1000,
    "task.memory.max": "300m",
}


@pytest.fixture(scope="module")
def neighbour(embedded_broker, tmp_path_factory):
    """A worker with a healthy connector that makes records at a steady rate."""
    topic = f"healthy-{uuid.uuid4().hex[:6]}"
    healthy = {
        "name": "healthy",
        "connector.class": "Datagen",
        "topic": topic,
        "template": '{"id": "{{id}}"}',
        "rate": RATE,
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
    }
    folder = tmp_path_factory.mktemp("isolation")
    with BarnabasWorker(folder, embedded_broker.bootstrap, SETTINGS, [healthy]) as worker:
        worker.wait_running(1)
        time.sleep(1)
        yield worker, Ends(embedded_broker.bootstrap, topic)


class Ends:
    """How many records a topic holds."""

    def __init__(self, bootstrap, topic):
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "ends"})
        self.partition = TopicPartition(topic, 0)

    def __call__(self):
        return self.consumer.get_watermark_offsets(self.partition, timeout=10)[1]


class Slowest:
    """Asks the REST API again and again, and remembers the slowest answer."""

    def __init__(self, worker):
        self.worker = worker
        self.seconds = 0.0
        self.asked = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        while not self.done.is_set():
            for path in ("/", "/connectors", "/connectors/healthy/status", "/connector-plugins"):
                began = time.monotonic()
                status, _ = self.worker.request("GET", path, timeout=20)
                assert status == 200
                self.seconds = max(self.seconds, time.monotonic() - began)
                self.asked += 1
            self.done.wait(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@pytest.mark.parametrize("how", ["sleep", "exit", "allocate"])
@pytest.mark.parametrize("call", CALLS)
def test_the_neighbour_does_not_notice(neighbour, embedded_broker, call, how):
    worker, ends = neighbour
    name = f"bad-{call}-{how}-{uuid.uuid4().hex[:4]}".replace("_", "-")
    config = {
        "connector.class": "MisbehavingSink" if call == "put" else "MisbehavingSource",
        "misbehave": f"{call}:{how}",
        "tasks.max": "1",
        "topic": name,
    }
    if call == "put":
        config |= {"topics": ends.partition.topic}
    before, began = ends(), time.monotonic()
    with Slowest(worker) as slowest:
        request = ("POST", "/connectors", {"name": name, "config": config})
        creator = threading.Thread(target=worker.request, args=request)
        creator.start()
        time.sleep(3)
        if call in {"stop", "task_stop"}:
            worker.request("DELETE", f"/connectors/{name}")
        time.sleep(1)
        creator.join()
    made, seconds = ends() - before, time.monotonic() - began
    worker.request("DELETE", f"/connectors/{name}")
    wait_for(lambda: name not in worker.states(), 15, "deletion")
    assert slowest.asked > 10
    assert slowest.seconds < 1, f"REST took {slowest.seconds:.2f} s"
    assert made > 0.85 * RATE * seconds, f"{made / seconds:.0f} records a second of {RATE}"
    assert worker.states()["healthy"] == ["RUNNING", "RUNNING"]
