"""JdbcSource under writers whose transactions end out of order and share timestamps, while processes are killed.

    python -m campaigns.jdbc_source [--kills 50] [--writers 8] [--guard auto|none] [--seed N]

Three connectors follow three tables by number, by time and by both. Killed, with ``kill -9``, are tasks, connectors and
the worker; sessions in the database are ended too. Exit code 0 only if in the end every committed row is in its topic,
in its last version, and no row that was rolled back. With ``--guard none`` it shows what polling without a guard loses.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import psutil
from confluent_kafka import Consumer, TopicPartition

from bench.measure import leaves
from campaigns.jdbc_writers import SCHEMA, TABLES, Lost, Writers, judge, rows
from services.postgres import ADMIN, PostgresServer
from services.process import wait_for
from services.worker import BarnabasBroker, BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Sequence

JDBC_SOURCE = "io.confluent.connect.jdbc.JdbcSourceConnector"
JSON = "org.apache.kafka.connect.json.JsonConverter"
PREFIX = "campaign-"
SETTLE_S = 90.0


def connectors(server: PostgresServer, guard: str) -> list[dict[str, object]]:
    """One for each table."""
    return [
        {
            "name": table,
            "connector.class": JDBC_SOURCE,
            "connection.url": server.jdbc_url(),
            "connection.user": ADMIN,
            "connection.backoff.ms": 200,
            "mode": mode,
            "table.whitelist": table,
            "incrementing.column.name": "id",
            "timestamp.column.name": "at",
            "topic.prefix": PREFIX,
            "poll.interval.ms": 50,
            "batch.max.rows": 20,
            "transaction.guard": guard,
            "task.restart.backoff.initial.ms": 200,
            "task.restart.backoff.max.ms": 1000,
        }
        for table, mode in zip(TABLES, ("incrementing", "timestamp", "timestamp+incrementing"), strict=True)
    ]


class Topics:
    """What has arrived so far, read on as it comes."""

    def __init__(self, bootstrap: str) -> None:
        self.arrived: dict[str, list[tuple[int, int]]] = {table: [] for table in TABLES}
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "judge", "log_level": 0})
        self._consumer.assign([TopicPartition(PREFIX + table, 0, 0) for table in TABLES])

    def read(self) -> None:
        """Everything that is there now."""
        while messages := self._consumer.consume(1000, timeout=0.5):
            for message in messages:
                payload = message.value()
                if message.error() is None and payload is not None:
                    row = orjson.loads(payload)
                    self.arrived[(message.topic() or "").removeprefix(PREFIX)].append((row["id"], row["version"]))

    def verdict(self, written: dict[str, dict[int, int]]) -> list[Lost]:
        """Of each table."""
        return [judge(table, written[table], self.arrived[table]) for table in TABLES]


def kill(worker: BarnabasWorker, server: PostgresServer, chance: random.Random) -> str:
    """Kill something; its kind."""
    kind = chance.choices(["task", "connector", "worker", "session"], weights=[5, 1, 2, 3])[0]
    if kind == "session":
        with server.connect() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'barnabas %'"
            )
    elif kind == "worker":
        worker.kill()
        worker.start()
    else:
        hosts = []
        for process in leaves(worker.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                if ("|task-" in process.name()) == (kind == "task"):
                    hosts.append(process)
        if hosts:
            with contextlib.suppress(psutil.NoSuchProcess):
                chance.choice(hosts).kill()
    return kind


def campaign(folder: Path, options: argparse.Namespace) -> list[Lost]:
    """The whole run."""
    chance = random.Random(options.seed)
    settings = {
        "value.converter": JSON,
        "value.converter.schemas.enable": "false",
        "offset.flush.interval.ms": 300,
    }
    with PostgresServer(folder / "postgres") as server, BarnabasBroker(folder / "broker") as broker:
        with server.connect() as admin:
            admin.execute(SCHEMA)
        writers = Writers(server.connect, options.writers, options.seed)
        worker = BarnabasWorker(folder / "worker", broker.bootstrap, settings, connectors(server, options.guard))
        with worker:
            worker.wait_running(len(TABLES))
            writers.start()
            for number in range(1, options.kills + 1):
                time.sleep(chance.uniform(0.3, 1.5))
                kind = kill(worker, server, chance)
                print(f"{number:3}/{options.kills} {kind:9} after {writers.committed:,} transactions", flush=True)
            time.sleep(options.after)
            writers.finish()
            with server.connect() as admin:
                written = rows(admin)
            topics = Topics(broker.bootstrap)

            def settled() -> bool:
                topics.read()
                return all(lost.ok for lost in topics.verdict(written))

            with contextlib.suppress(TimeoutError):
                wait_for(settled, options.settle, "every row in its topic", every=0.2)
            print(f"{writers.committed:,} transactions committed, {writers.rolled_back:,} rolled back")
            return topics.verdict(written)


def report(verdicts: Sequence[Lost]) -> bool:
    """Print it; whether nothing was lost."""
    for lost in verdicts:
        print(
            f"{lost.table:10} {lost.written:7,} rows: {len(lost.missing)} lost, {len(lost.outdated)} without their "
            f"last change, {len(lost.invented)} never committed, {lost.repeats} records twice "
            f"{[*lost.missing, *lost.outdated, *lost.invented][:10] or ''}"
        )
    return all(lost.ok for lost in verdicts)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how many")
    parser.add_argument("--writers", type=int, default=8, help="how many at a time")
    parser.add_argument("--guard", default="auto", help="the connectors' transaction.guard")
    parser.add_argument("--after", type=float, default=2.0, help="seconds to go on writing after the last kill")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds in which everything has to arrive")
    parser.add_argument("--seed", type=int, default=0, help="of all choices")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jdbc-source-") as folder:
        passed = report(campaign(Path(folder), options))
    print("passed: nothing was lost" if passed else "FAILED")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
