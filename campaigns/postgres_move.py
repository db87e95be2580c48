"""A connector that moves between Debezium and Barnabas, again and again: nothing may come twice or be missing.

    python -m campaigns.postgres_move [--moves 4]

The workers take turns with one offsets file, one slot and one configuration; rows are also written while none of them
runs. Exit code 0 only if the topic has every row exactly once, in order.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, TopicPartition

from services.debezium import POSTGRES, plugin
from services.kafka import KafkaServer
from services.postgres import PostgresServer
from services.process import wait_for
from services.worker import BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON = "org.apache.kafka.connect.json.JsonConverter"
ROWS = 5
_STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
_COMMITTED_S = 3.0  # longer than both take to store an offset and to confirm it


class Topic:
    """The keys in the topic, as they come."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "look", "log_level": 0})
        self._consumer.assign([TopicPartition("srv.public.t", 0, 0)])
        self.keys: list[int] = []

    def reached(self, key: int) -> bool:
        """Read on; whether this key has come."""
        found = self._consumer.consume(100, timeout=0.5)
        self.keys += [json.loads(message.key() or b"")["id"] for message in found if message.error() is None]
        return bool(self.keys) and self.keys[-1] == key

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()


def run(folder: Path, moves: int) -> int:
    """Do it all; the exit code."""
    with PostgresServer(folder / "postgres") as postgres, KafkaServer(folder / "kafka") as kafka:
        connection = postgres.connect()
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES (0)")
        topic, rows = Topic(kafka.bootstrap), 1
        for turn in range(moves):
            with _worker(folder, turn, kafka, postgres) as worker:
                wait_for(lambda: _number(connection, _STREAMING) == 1, 90, "streaming")
                for _ in range(3):
                    rows = _insert(connection, rows)
                wait_for(functools.partial(topic.reached, rows - 1), 60, f"row {rows - 1}")
                time.sleep(_COMMITTED_S)
                print(f"{worker.name}: {len(topic.keys)} records for {rows} rows", flush=True)
            if turn < moves - 1:
                rows = _insert(connection, rows)
        topic.close()
        good = topic.keys == [*range(rows)]
        print("EXACTLY ONCE" if good else f"NOT SO: {topic.keys}", flush=True)
        return 0 if good else 1


def _number(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _insert(connection: Any, rows: int) -> int:
    connection.execute(f"INSERT INTO t SELECT generate_series({rows}, {rows + ROWS - 1})")
    return rows + ROWS


def _worker(folder: Path, turn: int, kafka: KafkaServer, postgres: PostgresServer) -> Worker:
    settings = {
        **{f"{kind}.converter": JSON for kind in ("key", "value")},
        **{f"{kind}.converter.schemas.enable": "false" for kind in ("key", "value")},
        "offset.flush.interval.ms": "500",
        "offset.storage.file.filename": str(folder / "offsets"),
    }
    connector = {
        "name": "cdc",
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "plugin.name": "pgoutput",
        "database.hostname": "127.0.0.1",
        "database.port": postgres.port,
        "database.user": "postgres",
        "database.password": "none",
        "database.dbname": "postgres",
        "topic.prefix": "srv",
        "status.update.interval.ms": "1000",
    }
    place = folder / f"worker-{turn}"
    if turn % 2:
        return BarnabasWorker(place, kafka.bootstrap, settings, [connector])
    return JvmConnect(place, kafka.bootstrap, {**settings, "plugin.path": plugin(POSTGRES)}, [connector])


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="A connector that moves between Debezium and Barnabas.")
    parser.add_argument("--moves", type=int, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pg-move-") as folder:
        return run(Path(folder), options.moves)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
