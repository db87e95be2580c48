"""What every run stands on: a broker, input that is made once, and workers with usable settings."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from services.kafka import KafkaServer
from services.kafka_tls import ADMIN, jaas, scram_sha_512
from services.worker import JVM_AS_SHIPPED, BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["BROKER_JVM", "SETTLE_S", "Ground", "rows"]

BROKER_JVM = ("-Xms1G", "-Xmx1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
SETTLE_S = 4.0
"""Seconds in which a started worker comes to rest."""


@dataclass
class Ground:
    """What every run stands on: a broker, a scratch folder, and how many records to move."""

    broker: KafkaServer
    folder: Path
    records: int
    trees: Mapping[str, Path] = field(default_factory=dict)
    """Source trees of implementations that are other versions of ours."""

    def __post_init__(self) -> None:
        self._filled: set[str] = set()
        self._encrypted: Ground | None = None
        self.client = {**self.broker.client_settings(), "log_level": 0}
        self._admin = AdminClient(self.client)
        self._reader = Consumer({**self.client, "group.id": "bench"})

    def worker(
        self,
        implementation: str,
        settings: Mapping[str, str] | None = None,
        *,
        mode: str = "standalone",
        cores: int = 0,
    ) -> Worker:
        """A worker that is not started yet.

        Args:
            implementation: ``jvm``, ``barnabas``, or a name of :attr:`trees`.
            settings: Laid over the usual ones.
            mode: ``standalone`` or ``distributed``.
            cores: On how many processors it may run; 0: on all.
        """
        folder = self.folder / f"worker-{implementation}-{time.time_ns()}"
        security = self.broker.security.client
        usual = {"consumer.auto.offset.reset": "earliest", "offset.flush.interval.ms": "10000", **security}
        usual |= {f"{of}.{key}": value for of in ("producer", "consumer", "admin") for key, value in security.items()}
        usual |= settings or {}
        address = self.broker.bootstrap
        worker: _Jvm | _Ours
        if implementation == "jvm":
            # Only the plugin that is used: the least that its worker has to scan.
            usual = {"plugin.path": str(self.broker.home / "plugins" / "file"), **usual}
            worker = _Jvm(folder, address, usual, mode=mode, jvm=JVM_AS_SHIPPED)
        else:
            worker = _Ours(folder, address, usual, mode=mode)
            worker.tree = self.trees.get(implementation)
        worker.cores = cores
        worker.guarded = False
        return worker

    def encrypted(self) -> Ground:
        """The same on a broker that wants TLS and SCRAM; it is started once, and ended by :meth:`close`."""
        if self._encrypted is None:
            folder = self.folder / "encrypted"
            security = scram_sha_512(folder / "tls")
            security = dataclasses.replace(security, client={**security.client, "sasl.jaas.config": jaas(*ADMIN)})
            server = KafkaServer(folder / "broker", security=security, jvm=BROKER_JVM).start()
            self._encrypted = Ground(server, folder, self.records, self.trees)
        return self._encrypted

    def close(self) -> None:
        """End what was started here."""
        if self._encrypted is not None:
            self._encrypted.broker.stop()

    def make_topic(self, name: str, partitions: int = 1) -> None:
        """A new topic."""
        self._admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)

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

    def full_topic(self, partitions: int = 1) -> str:
        """A topic of ``records`` records of about 200 bytes; filled once."""
        topic = f"full-{self.records}-{partitions}"
        if topic in self._filled:
            return topic
        self.make_topic(topic, partitions)
        producer = Producer({**self.client, "linger.ms": 50, "batch.size": 500_000})
        for number, row in enumerate(rows(self.records)):
            while True:
                try:
                    producer.produce(topic, row, partition=number % partitions)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush(120)
        self._filled.add(topic)
        return topic


class _Pinned(Worker):
    """May be kept to some of the processors."""

    cores = 0

    def pinned(self, command: Sequence[str | Path]) -> Sequence[str | Path]:
        """The command, on as many processors as it may use."""
        return ["taskset", "-c", f"0-{self.cores - 1}", *command] if self.cores else command


class _Jvm(_Pinned, JvmConnect):
    def command(self) -> Sequence[str | Path]:
        return self.pinned(super().command())


class _Ours(_Pinned, BarnabasWorker):
    tree: Path | None = None

    def command(self) -> Sequence[str | Path]:
        return self.pinned(super().command())

    def environment(self) -> Mapping[str, str]:
        return super().environment() if self.tree is None else {**os.environ, "PYTHONPATH": str(self.tree / "src")}


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
