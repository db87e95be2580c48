"""The work that is compared: the same properties, input and REST calls for each implementation."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.drain import Drain
from bench.measure import leaves, memory, tree_cpu, tree_memory
from services.files import LineCounter
from services.worker import FILE_SINK, FILE_SOURCE, JVM_AS_SHIPPED, BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from services.kafka import KafkaServer

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
IMPLEMENTATIONS = ("jvm", "barnabas")
CONVERTERS: dict[str, dict[str, dict[str, str]]] = {
    "string": {"source": {}, "sink": {}},
    "json": {
        "source": {"value.converter": JSON_CONVERTER, "value.converter.schemas.enable": "true"},
        "sink": {"value.converter": JSON_CONVERTER, "value.converter.schemas.enable": "false"},
    },
}
TUNED = {
    "source": {
        "batch.size": "10000",
        "producer.override.batch.size": "262144",
        "producer.override.linger.ms": "20",
        "producer.override.buffer.memory": "134217728",
    },
    "sink": {
        "consumer.override.max.poll.records": "5000",
        "consumer.override.fetch.min.bytes": "65536",
        "consumer.override.max.partition.fetch.bytes": "8388608",
    },
}
_SETTLE_S = 4.0


@dataclass
class Ground:
    """What every run stands on: a broker, a scratch folder, and how many records to move."""

    broker: KafkaServer
    folder: Path
    records: int

    def __post_init__(self) -> None:
        self._filled: set[str] = set()
        self._admin = AdminClient({"bootstrap.servers": self.broker.bootstrap, "log_level": 0})
        self._reader = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": "bench", "log_level": 0})

    def worker(self, implementation: str) -> Worker:
        """A started worker that has settled."""
        folder = self.folder / f"worker-{implementation}-{time.time_ns()}"
        settings = {"consumer.auto.offset.reset": "earliest", "offset.flush.interval.ms": "10000"}
        worker: Worker
        if implementation == "jvm":
            # Only the plugin that is used: the least that its worker has to scan.
            plugins = {"plugin.path": str(self.broker.home / "plugins" / "file")}
            worker = JvmConnect(folder, self.broker.bootstrap, settings | plugins, jvm=JVM_AS_SHIPPED)
        else:
            worker = BarnabasWorker(folder, self.broker.bootstrap, settings)
        worker.guarded = False
        return worker

    def make_topic(self, name: str) -> None:
        """A new topic with one partition."""
        self._admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)

    def drop_topic(self, name: str) -> None:
        """Delete a topic."""
        self._admin.delete_topics([name])[name].result(30)

    def end(self, topic: str) -> int:
        """Records in a topic with one partition."""
        try:
            ends = self._reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)
        except KafkaException:
            return 0
        return ends[1] if ends else 0

    def source_file(self) -> Path:
        """A text file of ``records`` lines of about 200 bytes; made once."""
        path = self.folder / f"source-{self.records}.txt"
        if not path.exists():
            with path.open("wb") as file:
                for row in rows(self.records):
                    file.write(row + b"\n")
        return path

    def full_topic(self) -> str:
        """A topic of ``records`` records of about 200 bytes; filled once."""
        topic = f"full-{self.records}"
        if topic in self._filled:
            return topic
        self.make_topic(topic)
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "linger.ms": 50, "batch.size": 500_000})
        for row in rows(self.records):
            while True:
                try:
                    producer.produce(topic, row)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush(120)
        self._filled.add(topic)
        return topic


def rows(count: int) -> Iterator[bytes]:
    """JSON documents of about 200 bytes, the same each time."""
    choose = random.Random(1)
    tails = [
        json.dumps(
            {
                "name": f"customer-{choose.randrange(10**6)}",
                "mail": f"someone{choose.randrange(10**6)}@example.com",
                "amount": round(choose.random() * 1000, 2),
                "tags": [choose.choice(["new", "old", "vip", "trial"]) for _ in range(3)],
                "note": "ordered in the shop, to be delivered after the weekend",
            }
        )[1:].encode()
        for _ in range(1000)
    ]
    for number in range(count):
        yield b'{"id": %d, ' % number + tails[number % 1000]


def footprint(ground: Ground, implementation: str, **_: str) -> dict[str, Any]:
    """Start-up, idle memory and CPU, and what one small source task adds."""
    worker = ground.worker(implementation)
    worker.spawn()
    try:
        ready = worker.wait_ready(every=0.005)
        time.sleep(_SETTLE_S)
        before, begin = tree_cpu(worker.pid), time.perf_counter()
        time.sleep(_SETTLE_S)
        cpu = (tree_cpu(worker.pid) - before) / (time.perf_counter() - begin)
        idle = tree_memory(worker.pid)
        known = {process.pid for process in leaves(worker.pid)}
        small = ground.folder / "small.txt"
        small.write_text("one\ntwo\n", encoding="ascii")
        begin = time.perf_counter()
        topic = f"small-{time.time_ns()}"
        worker.create("small", {"connector.class": FILE_SOURCE, "file": small, "topic": topic})
        worker.wait_running(1)
        running = time.perf_counter() - begin
        time.sleep(_SETTLE_S)
        busy = tree_memory(worker.pid)
        own = [memory(process.pid).private for process in leaves(worker.pid) if process.pid not in known]
    finally:
        worker.stop()
    return {
        "rest_ready_s": round(ready, 2),
        "idle_pss_mb": round(idle.pss, 1),
        "idle_private_mb": round(idle.private, 1),
        "idle_cpu_percent": round(cpu * 100, 2),
        "task_running_s": round(running, 2),
        "one_task_growth_pss_mb": round(busy.pss - idle.pss, 1),
        "one_task_private_mb": round(max(own), 1) if own else None,
    }


def source(ground: Ground, implementation: str, *, converter: str, settings: str) -> dict[str, Any]:
    """File to topic."""
    path, topic = ground.source_file(), f"source-{time.time_ns()}"
    ground.make_topic(topic)
    config = {"connector.class": FILE_SOURCE, "file": path, "topic": topic, **CONVERTERS[converter]["source"]}
    if settings == "tuned":
        config |= TUNED["source"]
    try:
        return _run(ground, implementation, config, lambda: ground.end(topic))
    finally:
        ground.drop_topic(topic)


def sink(ground: Ground, implementation: str, *, converter: str, settings: str) -> dict[str, Any]:
    """Topic to file."""
    topic, path = ground.full_topic(), ground.folder / f"sink-{time.time_ns()}.txt"
    config = {"connector.class": FILE_SINK, "file": path, "topics": topic, **CONVERTERS[converter]["sink"]}
    if settings == "tuned":
        config |= TUNED["sink"]
    counter = LineCounter(path)
    try:
        return _run(ground, implementation, config, counter.look)
    finally:
        path.unlink(missing_ok=True)


def _run(ground: Ground, implementation: str, config: dict[str, Any], progress: Callable[[], int]) -> dict[str, Any]:
    with ground.worker(implementation) as worker:
        time.sleep(_SETTLE_S)
        drain = Drain(worker.pid, ground.broker.pid, progress)
        worker.create(f"bench-{time.time_ns()}", {"tasks.max": 1, **config})
        row = drain.run(ground.records)
        if not row["complete"]:
            row["states"] = worker.states()
        return row


Case = tuple[str, "Callable[..., dict[str, Any]]", dict[str, str]]
CASES: list[Case] = [
    ("footprint", footprint, {}),
    *(("file to topic", source, {"converter": kind, "settings": "default"}) for kind in CONVERTERS),
    ("file to topic", source, {"converter": "string", "settings": "tuned"}),
    *(("topic to file", sink, {"converter": kind, "settings": "default"}) for kind in CONVERTERS),
    ("topic to file", sink, {"converter": "string", "settings": "tuned"}),
]
