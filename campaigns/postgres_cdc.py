"""Change data capture under ``kill -9``: what the topics say has to be what the tables say.

    python -m campaigns.postgres_cdc [--kills 50] [--writers 4] [--seed N] [--broker embedded|kafka]

Writers change a few tables in concurrent transactions, some of which are rolled back: inserts, updates, deletes,
changed keys, large values that updates leave alone, columns that come and go. Meanwhile the worker, the process of the
task, and PostgreSQL itself are killed, also while the snapshot is read. At the end the topics are replayed, key by key,
and compared with the tables. Exit code 0 only if they are equal, row by row.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from bench.measure import leaves
from services.kafka import KafkaServer
from services.postgres import PostgresServer
from services.process import wait_for
from services.worker import BarnabasBroker, BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLES = ("one", "two", "three")
PLACEHOLDER = "__debezium_unavailable_value"
JSON = "org.apache.kafka.connect.json.JsonConverter"
KEYS = 3000
END = -(10**9)
ROWS_BEFORE = 8000
_END_S = 180.0
_RECOVERY_S = 120.0


class Writer(threading.Thread):
    """One client that changes the tables until told to stop."""

    def __init__(self, server: PostgresServer, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._random = random.Random(seed)
        self._stop_now = stop
        self.transactions = self.rolled_back = 0

    def run(self) -> None:
        """Change until told to stop; go on when the server is back."""
        while not self._stop_now.is_set():
            with contextlib.suppress(psycopg.Error), self._server.connect("cdc") as connection:
                while not self._stop_now.is_set():
                    try:
                        self._transaction(connection)
                    except (psycopg.errors.IntegrityError, psycopg.errors.DatabaseError):
                        if connection.closed:
                            raise
                        connection.execute("ROLLBACK")
            time.sleep(0.1)  # the server is being started again

    def _transaction(self, connection: psycopg.Connection[Any]) -> None:
        choose = self._random
        connection.execute("BEGIN")
        for _ in range(choose.choice((1, 1, 2, 5, 20, 200))):
            self._change(connection, choose.choice(TABLES))
        if choose.random() < 0.2:
            connection.execute("ROLLBACK")
            self.rolled_back += 1
        else:
            connection.execute("COMMIT")
            self.transactions += 1
        time.sleep(choose.random() * 0.02)

    def _change(self, connection: psycopg.Connection[Any], table: str) -> None:
        choose = self._random
        key, number = choose.randrange(KEYS), choose.randrange(10**9)
        kind = choose.random()
        if kind < 0.35:
            large = "".join(choose.choices("abcdefgh", k=3000)) if choose.random() < 0.3 else None
            connection.execute(
                f"INSERT INTO {table} (id, n, note, large) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n, note = EXCLUDED.note",
                [key, number, f"note {number} ü\n\\", large],
            )
        elif kind < 0.75:
            connection.execute(f"UPDATE {table} SET n = %s WHERE id = %s", [number, key])
        elif kind < 0.85:
            connection.execute(f"UPDATE {table} SET id = %s WHERE id = %s", [KEYS + number, key])
        elif kind < 0.9:
            connection.execute(f"UPDATE {table} SET note = NULL, large = large || 'x' WHERE id = %s", [key])
        else:
            connection.execute(f"DELETE FROM {table} WHERE id = %s", [key])


class Campaign:
    """A server, a broker, a worker with one connector, and a hand on the kill switch."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.random = random.Random(options.seed)
        self.options = options
        self.postgres = PostgresServer(folder / "postgres", {"restart_after_crash": "on"})
        self.broker: BarnabasBroker | KafkaServer = (
            KafkaServer(folder / "kafka") if options.broker == "kafka" else BarnabasBroker(folder / "broker")
        )
        self.folder = folder
        self.columns = 0
        self.kills: dict[str, int] = {}

    def run(self) -> int:
        """Do it all; the exit code."""
        with self.postgres, self.broker:
            self._fill()
            settings = {
                "offset.flush.interval.ms": "500",
                **{f"{kind}.converter": JSON for kind in ("key", "value")},
                **{f"{kind}.converter.schemas.enable": "false" for kind in ("key", "value")},
            }
            worker = BarnabasWorker(self.folder / "worker", self.broker.bootstrap, settings, [self._connector()])
            client = {"bootstrap.servers": self.broker.bootstrap, "group.id": "look", "log_level": 0}
            self._reader = Consumer(client)
            with worker:
                return self._work(worker)

    def _connector(self) -> dict[str, object]:
        return {
            "name": "cdc",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1",
            "database.port": self.postgres.port,
            "database.user": "postgres",
            "database.dbname": "cdc",
            "topic.prefix": "cdc",
            "slot.retry.delay.ms": "200",
            "slot.max.retries": "1000",
            "retriable.restart.connector.wait.ms": "500",
            "snapshot.max.threads": "2",
            "max.batch.size": "100",
            "snapshot.fetch.size": "300",
            "task.restart.backoff.initial.ms": "100",
        }

    def _fill(self) -> None:
        with self.postgres.connect() as connection:
            connection.execute("CREATE DATABASE cdc")
        with self.postgres.connect("cdc") as connection:
            for table in TABLES:
                connection.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY, n bigint, note text, large text)")
                connection.execute(f"ALTER TABLE {table} ALTER large SET STORAGE EXTERNAL")
                connection.execute(
                    f"INSERT INTO {table} SELECT -i, i, 'before', repeat('y', 100) "
                    f"FROM generate_series(1, {ROWS_BEFORE}) i"
                )

    def _work(self, worker: BarnabasWorker) -> int:
        stop = threading.Event()
        writers = [Writer(self.postgres, self.options.seed + number, stop) for number in range(self.options.writers)]
        for writer in writers:
            writer.start()
        for number in range(self.options.kills):
            if self.random.random() < 0.8:  # else the last kill hits while it is still being recovered from
                self._wait_for_progress()
            time.sleep(self.random.random() * 2)
            self._change_columns()
            kind = self._kill(worker)
            print(f"kill {number + 1}: {kind}", flush=True)
        stop.set()
        for writer in writers:
            writer.join(60)
        print(
            f"{sum(each.transactions for each in writers)} transactions, "
            f"{sum(each.rolled_back for each in writers)} rolled back; kills {self.kills}",
            flush=True,
        )
        with self.postgres.connect("cdc") as connection:
            for table in TABLES:
                connection.execute(f"INSERT INTO {table} (id, note) VALUES ({END}, 'end')")
            return self._compare(connection)

    def _wait_for_progress(self) -> None:
        """Wait for new records in the topics."""
        before = self._records()
        wait_for(lambda: self._records() > before, _RECOVERY_S, "new records after a kill", every=0.2)

    def _records(self) -> int:
        total = 0
        for table in TABLES:
            with contextlib.suppress(KafkaException):
                total += self._reader.get_watermark_offsets(TopicPartition(f"cdc.public.{table}", 0), timeout=5)[1]
        return total

    def _change_columns(self) -> None:
        if self.random.random() > 0.3:
            return
        table = self.random.choice(TABLES)
        with contextlib.suppress(psycopg.Error), self.postgres.connect("cdc") as connection:
            connection.execute("SET lock_timeout = '2s'")
            self.columns += 1
            connection.execute(f"ALTER TABLE {table} ADD COLUMN extra_{self.columns} int")
            connection.execute(f"UPDATE {table} SET extra_{self.columns} = n WHERE id % 7 = 0")
            if self.random.random() < 0.5:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN extra_{self.columns}")

    def _kill(self, worker: BarnabasWorker) -> str:
        kind = self.random.choices(("worker", "task", "postgres"), weights=(4, 5, 1))[0]
        self.kills[kind] = self.kills.get(kind, 0) + 1
        if kind == "postgres":
            self.postgres.kill()
            self.postgres.start()
        elif kind == "worker":
            worker.kill()
            worker.start()
        else:
            for process in leaves(worker.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if "|task-" in process.name():
                        process.kill()
        return kind

    # ------------------------------------------------------------------ the end
    def _compare(self, connection: psycopg.Connection[Any]) -> int:
        replays = {table: Replay(self.broker.bootstrap, f"cdc.public.{table}") for table in TABLES}
        for table, replay in replays.items():
            wait_for(replay.at_end, _END_S, f"the last row of table {table} in its topic", every=0.5)
        wrong = 0
        for table, replay in replays.items():
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column.name for column in cursor.description or ()]
            rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
            found = {key: {name: row.get(name) for name in names} for key, row in replay.rows.items()}
            differing = [key for key in rows.keys() | found.keys() if rows.get(key) != found.get(key)]
            wrong += len(differing)
            print(f"table {table}: {len(rows)} rows, {replay.events} records, {len(differing)} differ", flush=True)
            for key in differing[:5]:
                print(f"  {key}: table {str(rows.get(key))[:300]}\n  topic {str(found.get(key))[:300]}", flush=True)
        print("EQUAL" if not wrong else "NOT EQUAL", flush=True)
        return 1 if wrong else 0


class Replay:
    """A topic, applied to an empty table."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "replay", "enable.auto.commit": False})
        self._consumer.assign([TopicPartition(topic, 0, 0)])
        self.rows: dict[int, dict[str, Any]] = {}
        self._gone: dict[int, dict[str, Any]] = {}
        self.events = 0

    def at_end(self) -> bool:
        """Read on; whether the row that was written last is there."""
        for message in self._consumer.consume(10_000, timeout=1):
            if message.error() is None:
                former: Any = dict(message.headers() or ()).get("__debezium.oldkey")
                key: Any = message.key()  # never missing: the table has one
                self._apply(json.loads(key)["id"], message.value(), former)
        return END in self.rows

    def _apply(self, key: int, value: bytes | None, former: bytes | None) -> None:
        self.events += 1
        event = None if value is None else json.loads(value)
        if event is None or event["after"] is None:
            if key in self.rows:
                self._gone[key] = self.rows.pop(key)
            return
        before = self.rows.get(key)
        if before is None and former is not None:  # large values are those of the row under its former key
            before = self._gone.get(json.loads(former)["id"])
        before = before or {}
        self.rows[key] = {
            name: before.get(name) if part == PLACEHOLDER else part for name, part in event["after"].items()
        }


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Change data capture from PostgreSQL under kill -9.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pg-cdc-") as folder:
        return Campaign(Path(folder), options).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
