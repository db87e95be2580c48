"""Compare the JDBC sink with Debezium's on the JVM's Connect worker, side by side, into PostgreSQL.

    python -m bench.jdbc_sink [--cases insert,upsert] [--impl jvm,barnabas] [--reps 3] [--records 1000000]

Both sides get the same worker, the same connector configuration, word for word, and the same topic. Each run adds a
line to ``bench/jdbc_sink.jsonl``; the section of ``docs/benchmark-postgres.md`` is written from all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from psycopg.errors import UndefinedTable

from bench.__main__ import machine
from bench.drain import Drain
from bench.ground import BROKER_JVM, SETTLE_S, Ground
from bench.measure import tree_cpu
from bench.report import read, table
from services import debezium
from services.kafka import KafkaServer
from services.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "bench" / "jdbc_sink.jsonl", ROOT / "docs" / "benchmark-postgres.md"
BLOCK = 20_000
BEGIN, END = "<!-- jdbc sink: begin -->", "<!-- jdbc sink: end -->"
JSON = "org.apache.kafka.connect.json.JsonConverter"
CASES = ("insert", "upsert")
TUNED = {
    "batch.size": "5000",
    "consumer.override.max.poll.records": "5000",
    "consumer.override.fetch.min.bytes": "65536",
}
PROVIDED = ("jackson-core", "jackson-databind", "jackson-annotations", "connect-api", "kafka-clients", "slf4j", "lz4")
FIELDS = (
    ("id", "int64", False),
    ("name", "string", False),
    ("mail", "string", True),
    ("quantity", "int32", False),
    ("amount", "double", False),
    ("paid", "boolean", False),
    ("version", "int32", False),
    ("created", "timestamp", False),
    ("note", "string", True),
)
INTRODUCTION = """\
## JDBC sink

Written by `python -m bench.jdbc_sink` from the raw lines in `bench/jdbc_sink.jsonl`; do not edit between the markers.
Medians, with the lowest and the highest behind them. Both sides get the same topic (JSON with schemas, nine columns),
the same configuration word for word (`io.debezium.connector.jdbc.JdbcSinkConnector`, batches of 5,000) and the same
PostgreSQL, in turns; it writes to no disk, so that the sinks are compared and not the disk. *Upsert*: every key comes
twice, as a new row and, 20,000 records later, as a change. CPU seconds count the worker's whole
process tree, not the database's. Debezium's `dialect.postgres.unnest.insert.enabled=true`, off by default and off here,
makes its own side somewhat better: 33 (insert) and 30 (upsert) CPU seconds per million, 21 and 19 in the second half,
in one run each."""


def schema(fields: Sequence[tuple[str, str, bool]], name: str) -> dict[str, Any]:
    """A struct in the form of JSON with schemas."""
    logical = {"type": "int64", "name": "org.apache.kafka.connect.data.Timestamp", "version": 1}
    members = [
        {**(logical if kind == "timestamp" else {"type": kind}), "optional": optional, "field": field}
        for field, kind, optional in fields
    ]
    return {"type": "struct", "fields": members, "optional": False, "name": name}


def numbers(count: int, case: str) -> Iterator[tuple[int, int]]:
    """Ids and versions: all different, or each block of them twice."""
    if case == "insert":
        yield from ((number, 1) for number in range(count))
        return
    for block in range(0, count // 2, BLOCK):
        for version in (1, 2):
            yield from ((number, version) for number in range(block, block + BLOCK))


def messages(count: int, case: str) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values, the same each time."""
    choose = random.Random(1)
    key_head = b'{"schema":' + json.dumps(schema(FIELDS[:1], "Key")).encode() + b',"payload":{"id":'
    head = b'{"schema":' + json.dumps(schema(FIELDS, "Order")).encode() + b',"payload":{"id":'
    tails = [
        ","
        + json.dumps(
            {
                "name": f"customer-{choose.randrange(10**6)}",
                "mail": f"someone{choose.randrange(10**6)}@example.com" if choose.random() < 0.8 else None,
                "quantity": choose.randrange(100),
                "amount": round(choose.random() * 1000, 2),
                "paid": choose.random() < 0.5,
                "created": 1_780_000_000_000 + choose.randrange(10**9),
                "note": "ordered in the shop, to be delivered" if choose.random() < 0.5 else None,
            }
        )[1:]
        for _ in range(1000)
    ]
    ends = [tail.encode() + b"}" for tail in tails]
    for number, version in numbers(count, case):
        text = b"%d" % number
        yield key_head + text + b"}}", b'%b%b,"version":%d%b' % (head, text, version, ends[number % 1000])


class Bench:
    """A broker and a database for all runs."""

    def __init__(self, ground: Ground, postgres: PostgresServer) -> None:
        self.ground = ground
        self.postgres = postgres
        self._topics: dict[str, str] = {}

    def topic(self, case: str) -> str:
        """The topic of a case; filled once."""
        if case not in self._topics:
            topic = f"rows-{case}"
            self.ground.make_topic(topic)
            count = self.ground.records
            producer = Producer(
                {**self.ground.client, "linger.ms": 50, "batch.size": 500_000, "compression.type": "lz4"}
            )
            for key, value in messages(count, case):
                while True:
                    try:
                        producer.produce(topic, value, key)
                        break
                    except BufferError:
                        producer.poll(0.1)
            producer.flush(120)
            self._topics[case] = topic
        return self._topics[case]

    def run(self, case: str, implementation: str) -> dict[str, Any]:
        """One run."""
        topic = self.topic(case)
        name = topic.replace("-", "_")
        plugin = {"plugin.path": str(self._plugin())} if implementation == "jvm" else {}
        with self.postgres.database() as database, self.postgres.connect(database) as connection:
            worker = self.ground.worker(implementation, plugin)
            worker.ready_timeout = 240.0
            with worker:
                time.sleep(SETTLE_S)
                postgres_pid = self.postgres.pid
                drain = Drain(worker.pid, self.ground.broker.pid, lambda: written(connection, case, name))
                before = tree_cpu(postgres_pid)
                worker.create(f"sink-{time.time_ns()}", self.config(case, topic, database))
                row = drain.run(self.ground.records)
                cpu = tree_cpu(postgres_pid) - before
                row["postgres_cpu_s_per_million"] = round(cpu / (max(row["records"], 1) / 1e6), 2)
                if not row["complete"]:
                    raise SystemExit(
                        f"{implementation}, {case}: {row} {worker.request('GET', '/connectors?expand=status')}"
                    )
            found = connection.execute(f'SELECT count(*), sum(id) FROM "{name}"').fetchone()
        keys = self.ground.records if case == "insert" else self.ground.records // 2
        if found != (keys, keys * (keys - 1) // 2):
            raise SystemExit(f"{implementation}, {case}: wrong rows in the table: {found}")
        return row

    def _plugin(self) -> Path:
        """Debezium's jars without those that the worker has itself, as in the archives that people install."""
        folder = self.ground.folder / "plugins"
        if not folder.exists():
            target = folder / "debezium-connector-jdbc"
            target.mkdir(parents=True)
            for jar in debezium.plugin(debezium.JDBC).rglob("*.jar"):
                if not jar.name.startswith(PROVIDED):
                    (target / jar.name).symlink_to(jar)
        return folder

    def config(self, case: str, topic: str, database: str) -> dict[str, object]:
        """For both sides."""
        return {
            "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
            "tasks.max": 1,
            "topics": topic,
            "connection.url": self.postgres.jdbc_url(database),
            "connection.username": "postgres",
            "connection.password": "unused",
            "collection.name.format": topic.replace("-", "_"),
            "insert.mode": case,
            "primary.key.mode": "record_key",
            "schema.evolution": "basic",
            "key.converter": JSON,
            "value.converter": JSON,
            **TUNED,
        }


def written(connection: Any, case: str, name: str) -> int:
    """How many records have arrived: asked for by the newest key, which costs the database next to nothing."""
    try:
        row = connection.execute(f'SELECT id, version FROM "{name}" ORDER BY id DESC LIMIT 1').fetchone()
    except UndefinedTable:
        return 0
    if row is None:
        return 0
    if case == "insert":
        return int(row[0]) + 1
    block, place = divmod(row[0], BLOCK)
    return int((block * 2 + 2) * BLOCK if row[1] == 2 else block * 2 * BLOCK + place + 1)


def section() -> str:
    """Ours of the page."""
    rows = read(RESULTS)
    parts = [INTRODUCTION]
    losses: list[str] = []
    for case in dict.fromkeys(row["case"] for row in rows):
        sides: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            if row["case"] == case and row["result"]["complete"]:
                sides.setdefault(row["implementation"], []).append(row["result"])
        lines, lost = table(sides)
        runs = min(map(len, sides.values()), default=0)
        parts += [
            f"### {case.capitalize()}",
            "\n".join(lines),
            f"{runs} runs a side, {rows[-1]['target']:,} records each.",
        ]
        losses += [f"- {case}: {label}" for label in lost]
    parts += ["Where Barnabas is behind:", "\n".join(losses) or "- nowhere."]
    about = rows[-1]["machine"]
    others = statistics.median(row["result"]["other_cpu_share"] for row in rows)
    parts.append(
        f"Meanwhile, everything else (the database included) kept the processors {others:.0%} busy: rates and seconds "
        "of a machine that does nothing else are better on both sides."
    )
    parts.append(f"Machine: {about['cpu']}, {about['cores']} cores; Python {about['python']}, {about['java']}.")
    return "\n\n".join(parts)


def write_page() -> None:
    """Put our section into the page, in the place of the former one."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Benchmarks: PostgreSQL\n"
    before, found, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if found else "\n"
    PAGE.write_text(f"{before.rstrip()}\n\n{BEGIN}\n{section()}\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--impl", default="jvm,barnabas")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--try", dest="trial", action="store_true", help="write nothing down")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results first")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    options = parser.parse_args(arguments)
    if options.fresh:
        RESULTS.unlink(missing_ok=True)
    if not options.report:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            with (
                KafkaServer(folder / "broker", jvm=BROKER_JVM) as broker,
                PostgresServer(folder / "postgres", {"max_wal_size": "8GB", "shared_buffers": "512MB"}) as postgres,
            ):
                measure(Bench(Ground(broker, folder, options.records), postgres), options)
    if not options.trial:
        write_page()
    return 0


def measure(bench: Bench, options: argparse.Namespace) -> None:
    """All runs, the sides in turns."""
    about = machine()
    for repetition in range(options.reps):
        for case in options.cases.split(","):
            for implementation in options.impl.split(","):
                result = bench.run(case, implementation)
                print(f"{case}: {implementation}: {json.dumps(result)}", flush=True)
                row = {
                    "at": time.strftime("%Y-%m-%d %H:%M"),
                    "case": case,
                    "implementation": implementation,
                    "repetition": repetition,
                    "target": bench.ground.records,
                    "result": result,
                    "machine": about,
                }
                if not options.trial:
                    with RESULTS.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
