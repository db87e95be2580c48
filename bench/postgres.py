"""Change data capture from PostgreSQL, side by side with Debezium on the JVM's Connect worker.

    python -m bench.postgres [--cases cdc,snapshot] [--impl jvm,barnabas] [--reps 3] [--events 500000,1500000]

``cdc``: a slot holds back the changes of a table of nine columns, 60 % inserts, 30 % updates, 10 % deletes, in
transactions of 100; measured from the creation of the connector until all are in Kafka. ``snapshot``: the same table,
filled, without changes. Repetitions are interleaved; results go to ``bench/postgres_cdc.jsonl``, the page
``docs/benchmark-postgres-cdc.md`` is written from all of them (``--report``: only that).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.__main__ import ROOT, machine
from bench.cases import JSON_CONVERTER
from bench.drain import Drain
from bench.ground import Ground
from services.debezium import POSTGRES, plugin
from services.kafka import KafkaServer
from services.postgres import PostgresServer
from services.worker import JVM_AS_SHIPPED, BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS, PAGE = ROOT / "bench" / "postgres_cdc.jsonl", ROOT / "docs" / "benchmark-postgres-cdc.md"
CONNECTOR = "io.debezium.connector.postgresql.PostgresConnector"
PER_TRANSACTION, DELETES = 100, 10
_SETTLE_S = 4.0
_BROKER_JVM = ("-Xms1G", "-Xmx1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")

_TABLE = """
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer varchar(40) NOT NULL, mail text, amount numeric(10,2) NOT NULL, status varchar(12),
  quantity integer NOT NULL, created timestamptz NOT NULL, updated timestamp, active boolean NOT NULL)"""
_ROW = """
SELECT i, 'customer ' || i % 10007, 'someone' || i || '@example.com', (i % 100000) / 100.0, 'open', i % 50,
       timestamptz '2026-01-01 00:00:00+00' + i * interval '1.001 seconds',
       timestamp '2026-01-01' + i * interval '1.1 s', i % 3 = 0
FROM generate_series({first}, {last}) i"""
_CHANGES = (
    """
DO $$
DECLARE at bigint := 0;
BEGIN
  FOR n IN 1..{transactions} LOOP
    INSERT INTO orders """
    + _ROW.format(first="at + 1", last="at + 60")
    + """;
    UPDATE orders SET status = 'paid', amount = amount + 1, updated = updated + interval '1 hour'
      WHERE id BETWEEN at + 1 AND at + 30;
    DELETE FROM orders WHERE id BETWEEN at + 51 AND at + 60;
    COMMIT;
    at := at + 60;
  END LOOP;
END $$"""
)


class PostgresGround(Ground):
    """A broker, and a PostgreSQL beside it."""

    def __init__(self, broker: KafkaServer, folder: Path, postgres: PostgresServer) -> None:
        super().__init__(broker, folder, 0)
        self.postgres = postgres

    def worker_for(self, implementation: str) -> Worker:
        """A worker that was not started yet, with JSON converters without schemas."""
        folder = self.folder / f"worker-{implementation}-{time.time_ns()}"
        settings = {"offset.flush.interval.ms": "10000"}
        for kind in ("key", "value"):
            settings |= {f"{kind}.converter": JSON_CONVERTER, f"{kind}.converter.schemas.enable": "false"}
        worker: Worker
        if implementation == "jvm":
            plugins = {"plugin.path": str(plugin(POSTGRES))}
            worker = JvmConnect(folder, self.broker.bootstrap, settings | plugins, jvm=JVM_AS_SHIPPED)
        else:
            worker = BarnabasWorker(folder, self.broker.bootstrap, settings)
        worker.guarded = False
        return worker

    def connector(self, database: str, prefix: str, **more: str) -> dict[str, object]:
        """Settings that are the same for both."""
        return {
            "connector.class": CONNECTOR,
            "tasks.max": 1,
            "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1",
            "database.port": self.postgres.port,
            "database.user": "postgres",
            "database.password": "none",
            "database.dbname": database,
            "topic.prefix": prefix,
            **more,
        }

    def measure(self, implementation: str, config: dict[str, object], records: int, events: int) -> dict[str, Any]:
        """Run a connector until its topic has that many records; figures are per event."""
        topic = f"{config['topic.prefix']}.public.orders"
        self.make_topic(topic)
        try:
            with self.worker_for(implementation) as worker:
                time.sleep(_SETTLE_S)
                drain = Drain(worker.pid, self.broker.pid, lambda: self.end(topic))
                worker.create("bench", config)
                row = drain.run(records)
                if not row["complete"]:
                    row["states"] = worker.states()
                    row["log"] = worker.tail()
        finally:
            self.drop_topic(topic)
        factor = records / events
        for key in [key for key in row if "per_million" in key]:
            row[key] = round(row[key] * factor, 2)
        for key in [key for key in row if key.startswith("records_per_s")]:
            row[key.replace("records", "events")] = round(row.pop(key) / factor)
        return row | {"events": events}


def cdc(ground: PostgresGround, implementation: str, events: int) -> dict[str, Any]:
    """Changes that a slot holds back."""
    transactions = events // PER_TRANSACTION
    with ground.postgres.database() as database, ground.postgres.connect(database) as connection:
        connection.execute(_TABLE)
        connection.execute("CREATE PUBLICATION dbz_publication FOR ALL TABLES")
        connection.execute("SELECT pg_create_logical_replication_slot('bench', 'pgoutput')")
        connection.execute(_CHANGES.format(transactions=transactions))
        config = ground.connector(
            database, f"cdc{time.time_ns()}", **{"snapshot.mode": "no_data", "slot.name": "bench"}
        )
        return ground.measure(implementation, config, events + transactions * DELETES, events)


def snapshot(ground: PostgresGround, implementation: str, events: int) -> dict[str, Any]:
    """A table that is read as a whole."""
    with ground.postgres.database() as database, ground.postgres.connect(database) as connection:
        connection.execute(_TABLE)
        connection.execute("INSERT INTO orders " + _ROW.format(first=1, last=events))
        connection.execute("VACUUM ANALYZE orders")
        config = ground.connector(
            database, f"snapshot{time.time_ns()}", **{"snapshot.mode": "initial", "slot.name": f"bench{time.time_ns()}"}
        )
        return ground.measure(implementation, config, events, events)


def page(rows: list[dict[str, Any]]) -> str:
    """The results as a page."""
    about = rows[-1]["machine"]
    lines = [
        "# PostgreSQL change data capture: benchmark",
        "",
        "Barnabas beside Debezium 3.7.0.Final on Apache Kafka Connect 4.3.1, on one machine, interleaved; medians.",
        "Written by `python -m bench.postgres`, which says what is measured.",
        "",
        f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB; Python {about['python']}; {about['java']}.",
        "CPU is that of the worker with all processes and threads, from the creation of the connector on; *warm* is",
        "the second half of the events. Memory is the largest proportional size (PSS) of the worker.",
        "",
        "*Others* is the share of the machine that other programs had meanwhile: with much of it rates say little, and",
        "CPU seconds are what compares.",
        "",
        "| case | events | worker | runs | events/s | warm | CPU-s/M | warm | memory MB | others |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    groups = sorted({(row["case"], row["events"], row["implementation"]) for row in rows})
    shown = ("events_per_s", "events_per_s_2nd_half", "cpu_s_per_million", "cpu_s_per_million_2nd_half", "peak_pss_mb")
    medians: dict[tuple[str, int, str], list[float]] = {}
    for group in groups:
        found = [row["result"] for row in rows if (row["case"], row["events"], row["implementation"]) == group]
        found = [result for result in found if result["complete"]]
        if not found:
            continue
        medians[group] = [statistics.median([result.get(key, 0) for result in found]) for key in shown]
        figures = " | ".join(f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in medians[group])
        others = statistics.median([result["other_cpu_share"] for result in found])
        lines.append(f"| {group[0]} | {group[1]:,} | {group[2]} | {len(found)} | {figures} | {others:.0%} |")
    lines += ["", "| case | events | events/s | warm | CPU | warm | memory |", "|---|---|---|---|---|---|---|"]
    for case, events, _ in [group for group in medians if group[2] == "jvm"]:
        ours = medians.get((case, events, "barnabas"))
        if ours is None:
            continue
        theirs = medians[case, events, "jvm"]
        ratios = [ours[0] / theirs[0], _ratio(ours[1], theirs[1]), *(_ratio(theirs[at], ours[at]) for at in (2, 3, 4))]
        lines.append(f"| {case} | {events:,} | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + " |")
    return "\n".join([*lines, "", "Ratios: how many times better Barnabas does than Debezium.", ""])


def _ratio(better: float, worse: float) -> float:
    return better / worse if worse else 0.0


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare change data capture with Debezium on the JVM.")
    parser.add_argument("--cases", default="cdc,snapshot")
    parser.add_argument("--impl", default="jvm,barnabas")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--events", default="500000,1500000")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--scratch", action="store_true", help="print results, keep none")
    options = parser.parse_args(arguments)
    if not options.report:
        _run(options)
    if options.scratch:
        return 0
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


def _run(options: argparse.Namespace) -> None:
    about = machine()
    sizes = [int(part) for part in options.events.split(",")]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with KafkaServer(folder / "broker", jvm=_BROKER_JVM) as broker, PostgresServer(folder / "postgres") as postgres:
            ground = PostgresGround(broker, folder, postgres)
            for repetition in range(options.reps):
                for case in options.cases.split(","):
                    for events in sizes:
                        for implementation in options.impl.split(","):
                            result = {"cdc": cdc, "snapshot": snapshot}[case](ground, implementation, events)
                            print(f"{case} {events} {implementation}: {json.dumps(result)}", flush=True)
                            row = {
                                "at": time.strftime("%Y-%m-%d %H:%M"),
                                "case": case,
                                "events": events,
                                "implementation": implementation,
                                "repetition": repetition,
                                "result": result,
                                "machine": about,
                            }
                            if not options.scratch:
                                with RESULTS.open("a", encoding="utf-8") as file:
                                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
