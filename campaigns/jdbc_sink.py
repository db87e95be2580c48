"""``kill -9`` while rows go from topics into PostgreSQL; then compare the tables with what was sent.

    python -m campaigns.jdbc_sink [--kills 50] [--seed N] [--rate 8000]

Two connectors run: one replaces and deletes rows by key, one only appends, with its offsets in the same transactions
(``exactly.once.table``). What is killed: the process of a task, the whole worker, or the task's session in the
database; most times while a transaction is under way. Exit code 0 only if the first table is what the last record of
each key says, and the second has every record once.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from psycopg import Connection, OperationalError

from bench.measure import leaves
from services.postgres import PostgresServer
from services.process import wait_for
from services.worker import BarnabasBroker, BarnabasWorker

KEYED, APPENDED = "keyed", "appended"
KEYS = 2_000
PARTITIONS = 3
DELETES = 0.1
LIMIT_S = 120.0
JSON = "org.apache.kafka.connect.json.JsonConverter"


def envelope(payload: dict[str, int | str]) -> bytes:
    """JSON with its schema."""
    fields = [
        {"type": "int64" if isinstance(value, int) else "string", "optional": False, "field": name}
        for name, value in payload.items()
    ]
    return json.dumps({"schema": {"type": "struct", "fields": fields, "optional": False}, "payload": payload}).encode()


class Feeder(threading.Thread):
    """Writes random changes, and numbers that go up; knows what has to come of them."""

    def __init__(self, bootstrap: str, rate: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True})
        self._rate = rate
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self.rows: dict[int, int] = {}
        self.sent = 0

    def run(self) -> None:
        """Until :meth:`finish`."""
        begin = time.monotonic()
        while not self._halt.wait(0.01):
            wanted = int((time.monotonic() - begin) * self._rate)
            while self.sent < wanted:
                self._send()
            self._producer.poll(0)
        self._producer.flush(60)

    def _send(self) -> None:
        number, self.sent = self.sent, self.sent + 1
        key = self._random.randrange(KEYS)
        deletes = self._random.random() < DELETES
        if deletes:
            self.rows.pop(key, None)
        else:
            self.rows[key] = number
        value = None if deletes else envelope({"number": number, "text": f"change {number}"})
        self._producer.produce(KEYED, value, envelope({"id": key}), partition=key % PARTITIONS)
        self._producer.produce(APPENDED, envelope({"number": number}), None, partition=number % PARTITIONS)

    def finish(self) -> None:
        """Stop when everything is written."""
        self._halt.set()
        self.join()


@dataclass
class Verdict:
    """What was found in the end."""

    kills: Counter[str] = field(default_factory=Counter)
    within: int = 0
    sent: int = 0
    rows: int = 0
    wrong_rows: int = 0
    lost: int = 0
    repeated: int = 0

    @property
    def ok(self) -> bool:
        """Whether the promise was kept."""
        return not (self.wrong_rows or self.lost or self.repeated)


class Campaign:
    """Worker, database and topics, and a hand on the kill switch."""

    def __init__(self, folder: Path, broker: BarnabasBroker, postgres: PostgresServer, seed: int) -> None:
        self.folder = folder
        self.postgres = postgres
        self.random = random.Random(seed)
        self.verdict = Verdict()
        common = {
            "connector.class": "JdbcSink",
            "connection.url": postgres.jdbc_url(),
            "connection.user": "postgres",
            "auto.create": "true",
            "retry.backoff.ms": "50",
            "key.converter": JSON,
            "value.converter": JSON,
            "batch.size": "2000",
        }
        keyed = {"insert.mode": "upsert", "pk.mode": "record_key", "delete.enabled": "true", "topics": KEYED}
        appended = {"exactly.once.table": "kafka_offsets", "topics": APPENDED}
        settings = {
            "offset.flush.interval.ms": "500",
            "consumer.auto.offset.reset": "earliest",
            "task.restart.backoff.initial.ms": "100",
            "task.restart.backoff.max.ms": "300",
        }
        connectors = [{"name": KEYED, **common, **keyed}, {"name": APPENDED, **common, **appended}]
        self.worker = BarnabasWorker(folder / "worker", broker.bootstrap, settings, connectors)
        self.connection: Connection[Any] = postgres.connect()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query; none while a table is not there yet."""
        with contextlib.suppress(OperationalError):
            if self.connection.closed:
                self.connection = self.postgres.connect()
            return self.connection.execute(query).fetchall()
        return []

    def newest(self) -> int:
        """The highest number that was appended."""
        if not self.ask(f"SELECT 1 FROM pg_tables WHERE tablename = '{APPENDED}'"):
            return -1
        rows = self.ask(f"SELECT max(number) FROM {APPENDED}")
        return rows[0][0] if rows and rows[0][0] is not None else -1

    def sessions(self, state: str = "%") -> list[int]:
        """Process numbers of the tasks' sessions in the database."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'barnabas%' AND state LIKE "
        return [pid for (pid,) in self.ask(f"{query}'{state}'")]

    def kill(self) -> str:
        """Kill something; its kind."""
        kind = self.random.choices(["task", "worker", "session"], weights=[5, 3, 2])[0]
        tasks = [process for process in leaves(self.worker.pid) if "|task-" in process.name()]
        deadline = time.monotonic() + 0.5
        while not (busy := self.sessions("active")) and time.monotonic() < deadline:
            pass
        self.verdict.within += bool(busy)
        if kind == "session" and busy:
            self.ask(f"SELECT pg_terminate_backend({busy[0]})")
        elif kind == "task" and tasks:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.random.choice(tasks).kill()
        else:
            kind = "worker"
            self.worker.kill()
            self.worker.start()
        self.verdict.kills[kind] += 1
        return kind

    def attack(self, kills: int, feeder: Feeder, say: Callable[[str], None]) -> None:
        """All kills; after each, wait until something arrives that was sent later."""
        wait_for(lambda: self.newest() >= 0, LIMIT_S, "first rows", every=0.05)
        for number in range(1, kills + 1):
            time.sleep(self.random.uniform(0, 0.7))
            kind, target, at = self.kill(), feeder.sent, time.monotonic()
            wait_for(functools.partial(self._has, target), LIMIT_S, f"row {target}", every=0.05)
            say(f"{number:3}/{kills} {kind:8} at {target:>9,}: going on after {time.monotonic() - at:5.2f} s")

    def _has(self, number: int) -> bool:
        return self.newest() >= number

    def judge(self, feeder: Feeder) -> Verdict:
        """Compare."""
        verdict = self.verdict
        verdict.sent = feeder.sent
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: self._found() == feeder.rows, LIMIT_S, "equal tables", every=0.5)
            wait_for(lambda: self.newest() == feeder.sent - 1, LIMIT_S, "the last row", every=0.2)
        self.worker.stop()
        found = self._found()
        verdict.rows = len(feeder.rows)
        verdict.wrong_rows = len({*found.items()} ^ {*feeder.rows.items()})
        ((count, different),) = self.ask(f"SELECT count(*), count(DISTINCT number) FROM {APPENDED}")
        verdict.lost, verdict.repeated = feeder.sent - different, count - different
        return verdict

    def _found(self) -> dict[int, int]:
        return dict(self.ask(f"SELECT id, number FROM {KEYED}"))

    def close(self) -> None:
        """Stop what was started here."""
        self.worker.stop()
        self.connection.close()


def campaign(folder: Path, kills: int, rate: int, seed: int, say: Callable[[str], None] = lambda _: None) -> Verdict:
    """One campaign, with a broker and a database of its own."""
    broker = BarnabasBroker(folder / "broker")
    with broker, PostgresServer(folder / "postgres") as postgres:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        for done in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (KEYED, APPENDED)]).values():
            done.result(30)
        it = Campaign(folder, broker, postgres, seed)
        feeder = Feeder(broker.bootstrap, rate, seed)
        try:
            feeder.start()
            it.worker.start()
            it.attack(kills, feeder, say)
            feeder.finish()
            return it.judge(feeder)
        except TimeoutError:
            say(it.worker.tail(60))
            raise
        finally:
            it.close()


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=int, default=8_000, help="records a second into each topic")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="jdbc-sink-") as name:
        verdict = campaign(Path(name), options.kills, options.rate, options.seed, lambda text: print(text, flush=True))
    print(verdict)
    print("kept its promise" if verdict.ok else "BROKE ITS PROMISE")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
