"""How fast a group of workers is: creating, failing over, restarting; on Apache Kafka.

    python -m campaigns.group [--only create,kill,term,rolling,many] [--write]

Each figure stands beside its limit; exit code 0 only if all hold. ``--write`` puts the table into
docs/distributed-measured.md.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaigns.cluster import Cluster
from services.kafka import KafkaServer
from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PIPELINES = 10  # each a source and a sink with three tasks: 20 connectors
TASKS = 3
ITEMS = PIPELINES * 2 * (TASKS + 1)
SESSION_MS = 10_000
DELAY_MS = 3_000
SETTINGS: dict[str, object] = {
    "session.timeout.ms": SESSION_MS,
    "heartbeat.interval.ms": 3000,
    "scheduled.rebalance.max.delay.ms": DELAY_MS,
    "consumer.auto.offset.reset": "earliest",
}
REPORT = Path(__file__).resolve().parents[1] / "docs" / "distributed-measured.md"


@dataclass(frozen=True)
class Figure:
    """One line of the table; seconds unless the name says otherwise."""

    what: str
    value: float
    limit: float
    unit: str = "s"

    def __post_init__(self) -> None:
        print(f"{self.what}: {self.value:.3f} ({self.limit:g} {self.unit})", flush=True)

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.value < self.limit if self.unit != "moves" else self.value <= self.limit


class Probes:
    """Knows which tasks let records flow: each partition is given records, each source makes its own.

    A line in a sink's file is either ``P <partition> <ms>``, written to the topic here, or ``D <id> <ms>``, made by
    task ``id % 3`` of the source.
    """

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self.folder = folder
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._read: dict[int, int] = defaultdict(int)
        self.newest: dict[tuple[int, str, int], int] = {}

    def file(self, number: int) -> Path:
        """What a sink writes."""
        return self.folder / f"out-{number}.txt"

    def start(self) -> None:
        """Begin to feed."""
        self._thread.start()

    def _feed(self) -> None:
        while not self._end.wait(0.1):
            for number in range(PIPELINES):
                for partition in range(TASKS):
                    self._producer.produce(f"g{number}", f"P {partition} {now_ms()}".encode(), partition=partition)
            self._producer.poll(0)

    def look(self) -> None:
        """Read what has come since the last time."""
        for number in range(PIPELINES):
            with contextlib.suppress(OSError), self.file(number).open("rb") as file:
                file.seek(self._read[number])
                text = file.read()
                text = text[: text.rfind(b"\n") + 1]
                self._read[number] += len(text)
                for line in text.splitlines():
                    kind, which, made = line.decode().split()
                    key = (number, kind, int(which) % TASKS)
                    self.newest[key] = max(self.newest.get(key, 0), int(made))

    def flowing_since(self, moment_ms: int) -> bool:
        """Whether all sinks have written something that was made after this, by every source task and partition."""
        self.look()
        return len(self.newest) == PIPELINES * TASKS * 2 and min(self.newest.values()) > moment_ms

    def stop(self) -> None:
        """Feed no more."""
        self._end.set()
        self._thread.join()
        self._producer.flush(5)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


def build(cluster: Cluster, probes: Probes, bootstrap: str) -> None:
    """Topics and connectors; returns when everything flows."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = admin.create_topics([NewTopic(f"g{number}", TASKS, 1) for number in range(PIPELINES)])
    for future in made.values():
        future.result()
    probes.start()
    for number in range(PIPELINES):
        cluster.create(
            f"source-{number}",
            {
                "connector.class": "Datagen",
                "topic": f"g{number}",
                "template": "D {{id}} {{now_ms}}",
                "rate": 30,
                "tasks.max": TASKS,
            },
        )
        cluster.create(
            f"sink-{number}",
            {
                "connector.class": FILE_SINK,
                "topics": f"g{number}",
                "file": probes.file(number),
                "tasks.max": TASKS,
            },
        )
    cluster.wait_running(ITEMS, 120)
    started = now_ms()
    wait_for(lambda: probes.flowing_since(started), 90, "records through everything")


def balanced(cluster: Cluster) -> None:
    """Wait until all workers have about the same share."""

    def is_balanced() -> bool:
        placed = cluster.placement()
        loads: dict[str, int] = defaultdict(int)
        for (_, number), (state, worker) in placed.items():
            if state != "RUNNING":
                return False
            loads[worker] += number >= 0
        return len(loads) == len(cluster.workers) and max(loads.values()) - min(loads.values()) <= 1

    wait_for(is_balanced, 120, "a balanced group", every=0.2)


def failover(cluster: Cluster, probes: Probes, end: Callable[[int], None], victim: int) -> tuple[float, float]:
    """End a worker; seconds until everything runs elsewhere, and until records flow through everything."""
    began, moment = time.monotonic(), now_ms()
    end(victim)
    gone = cluster.workers[victim]
    cluster.wait_running(ITEMS, 120, without=[gone])
    runs = time.monotonic() - began
    wait_for(lambda: probes.flowing_since(moment), 120, "records through everything")
    return runs, time.monotonic() - began


def kill_and_term(cluster: Cluster, probes: Probes, only: set[str]) -> list[Figure]:
    """Kill -9 and SIGTERM of one of three, and a rolling restart of all."""
    figures = []
    if "kill" in only:
        balanced(cluster)
        runs, flows = failover(cluster, probes, lambda at: cluster.workers[at].kill_leader(), 1)
        limit = (SESSION_MS + DELAY_MS) / 1000 + 2
        figures += [
            Figure("kill -9 of one of three: 20 connectors, 60 tasks RUNNING elsewhere", runs, limit),
            Figure("the same: records flow through every source and sink task", flows, limit),
        ]
        cluster.workers[1].kill()
        cluster.workers[1].start()
    if "term" in only:
        balanced(cluster)
        runs, flows = failover(cluster, probes, lambda at: terminate(cluster, at), 2)
        figures += [
            Figure("SIGTERM of one of three: all RUNNING elsewhere", runs, 3),
            Figure("the same: records flow", flows, 5),
        ]
        cluster.workers[2].kill()
        cluster.workers[2].start()
    if "rolling" in only:
        balanced(cluster)
        figures.append(rolling(cluster))
    return figures


def terminate(cluster: Cluster, at: int) -> None:
    """SIGTERM."""
    cluster.workers[at]._process.terminate()  # type: ignore[union-attr]  # noqa: SLF001  without waiting for its end


def rolling(cluster: Cluster) -> Figure:
    """Restart all, one after the other; how often a task moved at most during the restart of one worker."""
    worst = 0
    for worker in cluster.workers:
        history = History(cluster)
        history.start()
        worker.stop()
        cluster.wait_running(ITEMS, 60, without=[worker])
        worker.start()
        balanced(cluster)
        worst = max(worst, history.finish())
    return Figure("rolling restart: moves of a task for each worker restarted, at most", worst, 1, "moves")


class History(threading.Thread):
    """Watches where tasks run."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._cluster = cluster
        self._end = threading.Event()
        self._seen: dict[tuple[str, int], list[str]] = defaultdict(list)

    def run(self) -> None:
        """Look every tenth of a second."""
        while not self._end.wait(0.1):
            for item, (state, worker) in self._cluster.placement().items():
                if state == "RUNNING" and self._seen[item][-1:] != [worker]:
                    self._seen[item].append(worker)

    def finish(self) -> int:
        """The most that one task moved."""
        self._end.set()
        self.join()
        return max(len(workers) - 1 for workers in self._seen.values())


def creations(cluster: Cluster, folder: Path) -> list[Figure]:
    """From POST to RUNNING, one connector at a time."""
    source = folder / "create.txt"
    source.write_text("a line\n", encoding="ascii")
    seconds = []
    worker = cluster.workers[0]
    for number in range(60):
        began = time.monotonic()
        config = {"connector.class": FILE_SOURCE, "file": source, "topic": "created"}
        name = f"create-{number}"
        cluster.create(name, config)

        def runs(name: str = name) -> bool:
            status, answer = worker.request("GET", f"/connectors/{name}/status")
            return status == 200 and [task["state"] for task in answer["tasks"]] == ["RUNNING"]

        wait_for(runs, 30, f"{name} RUNNING", every=0.005)
        seconds.append(time.monotonic() - began)
    for number in range(60):
        cluster.ask("DELETE", f"/connectors/create-{number}")
    seconds.sort()
    return [
        Figure("create to RUNNING, three workers, median of 60", statistics.median(seconds), 0.3),
        Figure("create to RUNNING, the slowest of 60", seconds[-1], 1),
    ]


def many(folder: Path, bootstrap: str) -> list[Figure]:
    """200 connectors on one worker."""
    single = Cluster(folder / "single", bootstrap, 1, {**SETTINGS, "group.id": "single", **topics("single")})
    source = folder / "many.txt"
    source.write_text("a line\n", encoding="ascii")
    single.start()
    try:
        began = time.monotonic()
        for number in range(200):
            single.create(f"many-{number}", {"connector.class": FILE_SOURCE, "file": source, "topic": "many"})
        single.wait_running(400, 120)
        posted = time.monotonic() - began
        asked = []
        for _ in range(101):
            start = time.monotonic()
            single.workers[0].request("GET", "/connectors?expand=status&expand=info")
            asked.append(time.monotonic() - start)
        single.workers[0].stop()
        began = time.monotonic()
        single.workers[0].spawn()
        wait_for(lambda: bool(single.workers[0].is_ready()), 60, "REST")
        single.wait_running(400, 120)
        restarted = time.monotonic() - began
    finally:
        single.stop()
    return [
        Figure("200 file connectors posted one after the other, all RUNNING", posted, 10),
        Figure("the same after a restart of the worker", restarted, 10),
        Figure("GET /connectors?expand=status&expand=info over 200, median", statistics.median(asked) * 1000, 15, "ms"),
    ]


def topics(name: str) -> dict[str, object]:
    """Internal topics of a group of its own."""
    return {f"{kind}.storage.topic": f"{name}-{kind}" for kind in ("config", "offset", "status")}


def measure(folder: Path, only: set[str]) -> list[Figure]:
    """All figures that are asked for."""
    figures: list[Figure] = []
    with KafkaServer(folder / "kafka") as kafka:
        if "many" in only:
            figures += many(folder, kafka.bootstrap)
        if not only - {"many"}:
            return figures
        cluster = Cluster(folder, kafka.bootstrap, 3, {**SETTINGS, "group.id": "three", **topics("three")})
        probes = Probes(folder, kafka.bootstrap)
        cluster.start()
        try:
            if "create" in only:
                figures += creations(cluster, folder)
            if only & {"kill", "term", "rolling"}:
                build(cluster, probes, kafka.bootstrap)
                figures += kill_and_term(cluster, probes, only)
                probes.stop()
        finally:
            cluster.stop()
    return figures


def table(figures: Sequence[Figure]) -> str:
    """The figures as text."""
    rows = ["| What | Measured | Limit | |", "|---|---:|---:|---|"]
    for figure in figures:
        digits = {"s": 2, "ms": 1, "moves": 0}[figure.unit]
        unit = "" if figure.unit == "moves" else f" {figure.unit}"
        value = f"{figure.value:.{digits}f}{unit}"
        rows.append(f"| {figure.what} | {value} | {figure.limit:g}{unit} | {'holds' if figure.holds else '**no**'} |")
    return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure a group of workers against its limits.")
    parser.add_argument("--only", default="create,kill,term,rolling,many", help="which measurements")
    parser.add_argument("--write", action="store_true", help=f"also into {REPORT.name}")
    parser.add_argument("--folder", type=Path, help="keep all files there (default: a temporary folder)")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="group-")))
        figures = measure(folder, set(options.only.split(",")))
    text = table(figures)
    print(text)
    if options.write:
        head = (
            "# Distributed mode, measured\n\nWritten by `python -m campaigns.group --write`; do not edit. Apache Kafka"
            " 4.3.1 and all workers on one machine with two cores;\n`session.timeout.ms` is"
            f" {SESSION_MS}, `scheduled.rebalance.max.delay.ms` {DELAY_MS}.\n\n"
        )
        REPORT.write_text(f"{head}{text}\n", encoding="ascii")
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
