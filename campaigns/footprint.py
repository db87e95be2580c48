"""What an idle worker costs: its memory, its start, and each task's process; against the limits we promise.

    python -m campaigns.footprint [--tasks 5] [--starts 5] [--connectors 1,50,200]

``--connectors`` measures whole workers with so many connectors of one task each, half of them sources and half sinks.
Starts the development broker and a standalone worker as processes of their own. Exit code 0 only within all limits.
With ``--worker jvm`` the same is measured for the JVM's worker, for comparison, without limits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Memory, leaves, machine_cpu, memory, tree, tree_cpu, tree_memory
from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, JVM_AS_SHIPPED, BarnabasBroker, BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

IDLE_LIMIT_MB, START_LIMIT_S, TASK_LIMIT_MB = 60.0, 1.0, 4.0
MANY, MANY_LIMIT_MB, MANY_LIMIT_S = 200, 580.0, 8.0  # with so many connectors: the whole worker, and until all run
AS_SHIPPED = {"offset.flush.interval.ms": "60000"}  # Kafka's default; the workers of tests commit every second
LINES = 1000
SETTLE_S = 4.0
REST_S = 14.0  # until tasks have given back what they needed to start


@dataclass(frozen=True)
class Figure:
    """One row: what, how much, of which unit, and the limit if there is one."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it is within its limit."""
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"   limit {self.limit:g} {self.unit}: {'ok' if self.ok else 'EXCEEDED'}"
        return f"  {self.what:<62} {self.value:8.2f} {self.unit:<2}{limit}"


class Bench:
    """A broker, and workers started on it one after another."""

    def __init__(self, folder: Path, bootstrap: str, kind: type[BarnabasWorker | JvmConnect]) -> None:
        self._folder = folder
        self._bootstrap = bootstrap
        self._kind = kind

    def start(self) -> tuple[Worker, float]:
        """A new worker without connectors, and the seconds from its start to the first answer of REST."""
        folder, settings = self._folder / "worker", {"consumer.auto.offset.reset": "earliest", **AS_SHIPPED}
        worker: Worker
        if self._kind is JvmConnect:
            worker = JvmConnect(folder, self._bootstrap, settings, jvm=JVM_AS_SHIPPED)
        else:
            worker = BarnabasWorker(folder, self._bootstrap, settings)
        worker.guarded = False
        worker.spawn()
        return worker, worker.wait_ready(every=0.005)

    def starts(self, count: int) -> list[Figure]:
        """Start-up; one more start before those that count fills the file cache and Python's byte code."""
        times, cpu, others = [], [], []
        for _ in range(count + 1):
            busy = machine_cpu()
            worker, seconds = self.start()
            own = tree_cpu(worker.pid)
            others.append((machine_cpu() - busy - own) / seconds)
            worker.stop()
            times.append(seconds)
            cpu.append(own)
        limit = START_LIMIT_S if self._kind is BarnabasWorker else None
        return [
            Figure(f"start to REST ready, median of {count}", statistics.median(times[1:]), "s", limit),
            Figure(f"start to REST ready, worst of {count}", max(times[1:]), "s"),
            Figure("start: CPU time of the worker", statistics.median(cpu[1:]), "s"),
            Figure("start: cores that anything else kept busy meanwhile", statistics.median(others[1:]), ""),
        ]

    def idle(self, worker: Worker) -> list[Figure]:
        """Memory and CPU of a worker that does nothing."""
        time.sleep(SETTLE_S)
        before, begin = tree_cpu(worker.pid), time.monotonic()
        time.sleep(SETTLE_S)
        cpu = (tree_cpu(worker.pid) - before) / (time.monotonic() - begin)
        now = tree_memory(worker.pid)
        limit = IDLE_LIMIT_MB if self._kind is BarnabasWorker else None
        return [
            Figure("idle worker: private memory, whole tree", now.private, "MB", limit),
            Figure("idle worker: private and shared within the tree (PSS)", now.pss, "MB", limit),
            Figure("idle worker: processes", len(tree(worker.pid)), ""),
            Figure("idle worker: CPU of one core", cpu * 100, "%"),
        ]

    def tasks(self, worker: Worker, count: int) -> list[Figure]:
        """Memory of ``count`` source tasks and as many sink tasks, after each has moved a thousand lines."""
        before = tree_memory(worker.pid)
        known = {process.pid for process in leaves(worker.pid)}
        targets = []
        for number in range(count):
            source, target = self._folder / f"in-{number}.txt", self._folder / f"out-{number}.txt"
            source.write_text("".join(f"line {line} of file {number}\n" for line in range(LINES)), encoding="ascii")
            topic = f"footprint-{number}"
            worker.create(f"in-{number}", {"connector.class": FILE_SOURCE, "file": source, "topic": topic})
            worker.create(f"out-{number}", {"connector.class": FILE_SINK, "file": target, "topics": topic})
            targets.append((source, target))
        worker.wait_running(2 * count)
        wait_for(lambda: all(out.exists() and out.stat().st_size == src.stat().st_size for src, out in targets), 120)
        time.sleep(SETTLE_S)
        growth = tree_memory(worker.pid)
        figures = [
            Figure(f"{2 * count} tasks at work: whole tree (PSS)", growth.pss, "MB"),
            Figure("each task: growth of the whole tree (PSS)", (growth.pss - before.pss) / (2 * count), "MB"),
        ]
        if self._kind is BarnabasWorker:
            hosts = {process.pid: process.name() for process in leaves(worker.pid) if process.pid not in known}
            figures += _per_process({pid: (name, memory(pid)) for pid, name in hosts.items()})
        return figures

    def connectors(self, worker: Worker, count: int) -> list[Figure]:
        """Memory of a worker with so many connectors, and how long they took to run after the first was posted."""
        prefix = f"many-{count}"
        sources = [self._folder / f"{prefix}-in-{number}.txt" for number in range((count + 1) // 2)]
        for source in sources:
            source.write_text("".join(f"line {line}\n" for line in range(LINES)), encoding="ascii")
        begin = time.monotonic()
        for number in range(count):
            which, topic = number // 2, f"{prefix}-{number // 2}"
            if number % 2 == 0:
                config = {"connector.class": FILE_SOURCE, "file": sources[which], "topic": topic}
            else:
                config = {"connector.class": FILE_SINK, "file": self._folder / f"{topic}.txt", "topics": topic}
            worker.create(f"{prefix}-{number}", config)
        worker.wait_running(count, 300)
        seconds = time.monotonic() - begin
        time.sleep(REST_S)
        used = tree_memory(worker.pid)
        limited = count == MANY and self._kind is BarnabasWorker
        return [
            Figure(f"{count} connectors: until all run", seconds, "s", MANY_LIMIT_S if limited else None),
            Figure(f"{count} connectors: whole tree (PSS)", used.pss, "MB", MANY_LIMIT_MB if limited else None),
        ]


def _per_process(hosts: dict[int, tuple[str, Memory]]) -> list[Figure]:
    """Private memory of each task's process, against the limit, and of each connector's."""
    return [
        Figure(f"process {name}: private memory", used.private, "MB", TASK_LIMIT_MB if "|task-" in name else None)
        for name, used in sorted(hosts.values(), key=lambda item: item[0])
    ]


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Memory and start-up of an idle worker, against their limits.")
    parser.add_argument("--worker", choices=["barnabas", "jvm"], default="barnabas", help="jvm: for comparison")
    parser.add_argument("--tasks", type=int, default=5, help="source tasks, and as many sink tasks (default: 5)")
    parser.add_argument("--starts", type=int, default=5, help="starts to take the median of (default: 5)")
    parser.add_argument("--connectors", default="", help="measure workers with so many connectors: 1,50,200")
    options = parser.parse_args(arguments)
    kind: type[BarnabasWorker | JvmConnect] = JvmConnect if options.worker == "jvm" else BarnabasWorker
    with tempfile.TemporaryDirectory(prefix="footprint-") as name, BarnabasBroker(Path(name) / "broker") as broker:
        bench = Bench(Path(name), broker.bootstrap, kind)
        figures = bench.starts(options.starts)
        worker, _ = bench.start()
        try:
            figures += bench.idle(worker)
            figures += bench.tasks(worker, options.tasks)
        finally:
            worker.stop()
        for count in map(int, filter(None, options.connectors.split(","))):
            worker, _ = bench.start()
            try:
                figures += bench.connectors(worker, count)
            finally:
                worker.stop()
    print(f"{options.worker} worker, private and PSS memory from /proc/*/smaps_rollup, MB = 10^6 bytes")
    for figure in figures:
        print(figure)
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
