"""What JdbcSource costs: CPU-seconds per million rows, out of PostgreSQL and into JSON with schemas.

    python -m bench.jdbc_source [--rows 500000] [--rounds 3]

Rows have nine columns and about 150 bytes. ``read`` is the task alone, ``convert`` JsonConverter; both in this process,
with Python's collector set as workers set it. ``worker`` is the whole worker with its processes, into the development
broker; neither broker nor database are counted. Medians of all rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException, TopicPartition

from barnabas import SourceBatch
from barnabas.connectors.jdbc.source import JdbcSourceConnector
from barnabas.converters import load_converter
from barnabas.supervisor.forkserver import GC_THRESHOLDS
from barnabas.testing import SourceHarness
from bench.measure import tree
from services.postgres import ADMIN, PostgresServer
from services.process import wait_for
from services.worker import BarnabasBroker, BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON = "org.apache.kafka.connect.json.JsonConverter"
TABLE = (
    "CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL, name text, city varchar(40), "
    "amount numeric(10,2), ratio float8, paid bool, at timestamptz NOT NULL, note text); "
    "CREATE INDEX ON orders (at, id)"
)
ROWS = (
    "INSERT INTO orders (customer, name, city, amount, ratio, paid, at, note) SELECT g % 1000, 'name ' || g, "
    "'city ' || g % 100, g / 100.0, g / 7.0, g % 2 = 0, '2026-01-01'::timestamptz + g * interval '1 ms', "
    "repeat('x', 60) FROM generate_series(1, {}) g; ANALYZE orders"
)
CASES: Mapping[str, Mapping[str, str]] = {
    "incrementing, decimals": {"mode": "incrementing"},
    "incrementing, best_fit": {"mode": "incrementing", "numeric.mapping": "best_fit"},
    "timestamp+incrementing, best_fit": {
        "mode": "timestamp+incrementing",
        "timestamp.column.name": "at",
        "incrementing.column.name": "id",
        "numeric.mapping": "best_fit",
    },
}


def connection(server: PostgresServer) -> dict[str, str]:
    """The keys that all cases have."""
    return {"connection.url": server.jdbc_url(), "connection.user": ADMIN, "topic.prefix": "bench-"}


def in_process(server: PostgresServer, case: Mapping[str, str], rows: int) -> tuple[float, float]:
    """CPU-seconds per million rows of reading and of converting."""
    converter = load_converter(JSON)()
    converter.configure({"schemas.enable": "true"}, is_key=False)
    read = converted = 0.0
    count = 0
    with SourceHarness(JdbcSourceConnector, {**connection(server), **case}) as harness:
        while count < rows:
            began = time.process_time()
            batch = harness.task.poll()
            between = time.process_time()
            read += between - began
            if isinstance(batch, SourceBatch):
                converter.from_connect_column("t", batch.value_schema, batch.values)
                converted += time.process_time() - between
                count += len(batch)
    return read / rows * 1e6, converted / rows * 1e6


def whole_worker(server: PostgresServer, case: Mapping[str, str], rows: int) -> tuple[float, float]:
    """CPU-seconds per million rows, and rows a second."""
    with tempfile.TemporaryDirectory() as name, BarnabasBroker(Path(name) / "broker") as broker:
        consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "bench", "log_level": 0})

        def arrived() -> bool:
            with contextlib.suppress(KafkaException):
                return consumer.get_watermark_offsets(TopicPartition("bench-orders", 0), timeout=2)[1] >= rows
            return False

        with BarnabasWorker(Path(name) / "worker", broker.bootstrap, {"value.converter": JSON}) as worker:
            before, began = cpu(worker.pid), time.perf_counter()
            worker.create("bench", {"connector.class": "JdbcSource", **connection(server), **case})
            wait_for(arrived, 600, f"{rows:,} records", every=0.1)
            seconds = time.perf_counter() - began
            spent = cpu(worker.pid) - before
        consumer.close()
    return spent / rows * 1e6, rows / seconds


def cpu(pid: int) -> float:
    """CPU-seconds of a process and its descendants so far."""
    return sum(sum(process.cpu_times()[:2]) for process in tree(pid))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000, help="how many to read")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    options = parser.parse_args(arguments)
    gc.set_threshold(*GC_THRESHOLDS)
    with tempfile.TemporaryDirectory() as folder, PostgresServer(Path(folder)) as server:
        with server.connect() as admin:
            admin.execute(TABLE)
            admin.execute(ROWS.format(options.rows))
        for name, case in CASES.items():
            alone = [in_process(server, case, options.rows) for _ in range(options.rounds)]
            worker = [whole_worker(server, case, options.rows) for _ in range(options.rounds)]
            read, converted = (statistics.median(column) for column in zip(*alone, strict=True))
            spent, speed = (statistics.median(column) for column in zip(*worker, strict=True))
            print(
                f"{name:33} read {read:4.2f}  convert {converted:4.2f}  worker {spent:5.2f} CPU-s/M  "
                f"{speed / 1000:5.0f} k rows/s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
