"""Faults at random moments in a group of three workers, while files stream through topics into other files.

    python -m campaigns.chaos [--faults 200] [--seed N]

Faults are: kill -9 of a worker (its tasks die with it) or of one task, SIGTERM and restart, SIGSTOP of a worker's
process or of it with all its tasks for longer than a session, kill -9 of the broker, a change of a connector's
configuration while the group shares work out anew, and a reset of a sink's offsets. Each is recovered from when lines
that were written after it have come out of every pipeline; one in five is not waited for. Exit code 0 only if every
line arrived.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.measure import leaves
from campaigns.cluster import Cluster, freeze
from campaigns.feeder import Feeder
from campaigns.verdict import number_of
from services.kafka import KafkaServer
from services.process import ServiceError, wait_for
from services.worker import FILE_SINK, FILE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PIPELINES = 4
WORKERS = 3
SESSION_MS = 6000
RECOVERY_LIMIT_S = 120.0
AFTERMATH = 0.2
SETTINGS: dict[str, object] = {
    "session.timeout.ms": SESSION_MS,
    "heartbeat.interval.ms": 1500,
    "scheduled.rebalance.max.delay.ms": 1000,
    "offset.flush.interval.ms": 1000,
    "consumer.auto.offset.reset": "earliest",
    "task.restart.backoff.initial.ms": 200,
}


class Pipeline:
    """One file, a topic, another file; what has come out of it."""

    def __init__(self, folder: Path, number: int, per_second: int) -> None:
        self.number = number
        self.source, self.target = folder / f"in-{number}.txt", folder / f"out-{number}.txt"
        self.feeder = Feeder(self.source, per_second)
        self.arrived: Counter[int] = Counter()
        self.torn = 0
        self.newest = -1
        self.stall = 0.0
        self._read = 0
        self._moved = time.monotonic()

    def look(self) -> None:
        """Read what has come since the last time."""
        with contextlib.suppress(OSError), self.target.open("rb") as file:
            file.seek(self._read)
            text = file.read()
            text = text[: text.rfind(b"\n") + 1]
            self._read += len(text)
            for line in text.splitlines():
                number = number_of(line)
                if number is None:
                    self.torn += 1
                    continue
                self.arrived[number] += 1
                if number > self.newest:
                    self.newest, self._moved = number, time.monotonic()
        self.stall = max(self.stall, time.monotonic() - self._moved)


class Chaos:
    """The group, its broker, and all that happens to them."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.random = random.Random(options.seed)
        self.kafka = KafkaServer(folder / "kafka")
        self.cluster = Cluster(folder, self.kafka.bootstrap, WORKERS, SETTINGS)
        self.pipelines = [Pipeline(folder, number, options.rate) for number in range(PIPELINES)]
        self.kinds: Counter[str] = Counter()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.stops: list[Callable[[], None]] = []
        self._changes = 0

    # ------------------------------------------------------------------ life
    def start(self) -> None:
        """Everything up and flowing."""
        self.kafka.start()
        self.cluster.start()
        for pipeline in self.pipelines:
            pipeline.feeder.start()
            self.cluster.create(f"source-{pipeline.number}", self._source(pipeline))
            self.cluster.create(
                f"sink-{pipeline.number}",
                {"connector.class": FILE_SINK, "file": pipeline.target, "topics": f"chaos-{pipeline.number}"},
            )
        self._flow([0] * PIPELINES)
        for pipeline in self.pipelines:
            pipeline.stall = 0.0

    def _source(self, pipeline: Pipeline) -> dict[str, object]:
        return {"connector.class": FILE_SOURCE, "file": pipeline.source, "topic": f"chaos-{pipeline.number}"}

    def close(self) -> None:
        """Everything down."""
        for thaw in self.stops:
            thaw()
        for pipeline in self.pipelines:
            if pipeline.feeder.is_alive():
                pipeline.feeder.finish()
        self.cluster.stop()
        self.kafka.stop()

    def _flow(self, goals: Sequence[int]) -> None:
        """Wait until every pipeline has brought a line of at least this number."""

        def reached() -> bool:
            for pipeline in self.pipelines:
                pipeline.look()
            return all(pipeline.newest >= goal for pipeline, goal in zip(self.pipelines, goals, strict=True))

        try:
            wait_for(reached, RECOVERY_LIMIT_S, "lines out of every pipeline", every=0.05)
        except TimeoutError:
            behind = [(pipeline.number, pipeline.newest, pipeline.feeder.written) for pipeline in self.pipelines]
            print(f"  pipelines (number, newest, written): {behind}", flush=True)
            with contextlib.suppress(ServiceError):
                print(f"  {self.cluster.placement()}", flush=True)
            raise

    # ------------------------------------------------------------------ faults
    def attack(self, faults: int) -> None:
        """All of them."""
        choices = [
            (self.kill_worker, 4),
            (self.kill_task, 2),
            (self.terminate_worker, 2),
            (self.freeze_worker, 2),
            (self.freeze_tree, 2),
            (self.restart_broker, 1),
            (self.change_during_rebalance, 3),
            (self.reset_offsets, 1),
        ]
        for number in range(1, faults + 1):
            until = time.monotonic() + self.random.uniform(0.2, 2)
            while time.monotonic() < until:
                self._flow([-1] * PIPELINES)
                time.sleep(0.05)
            (fault,) = self.random.choices([each for each, _ in choices], [weight for _, weight in choices])
            kind = fault.__name__
            self.kinds[kind] += 1
            began = time.monotonic()
            fault()
            goals = [pipeline.feeder.written for pipeline in self.pipelines]
            text = f"{number:3}/{faults} {kind:24}"
            if self.random.random() < AFTERMATH and number < faults:
                print(f"{text} not waiting for recovery", flush=True)
                continue
            self._flow(goals)
            self.seconds[kind].append(time.monotonic() - began)
            print(f"{text} recovered after {self.seconds[kind][-1]:5.1f} s", flush=True)

    def _worker(self) -> int:
        return self.random.randrange(WORKERS)

    def kill_worker(self) -> None:
        """Kill (-9) the worker's process; its tasks end with it. It comes back a moment later."""
        worker = self.cluster.workers[self._worker()]
        worker.kill_leader()
        if self.random.random() < 0.5:
            self._pass(SESSION_MS / 1000 + 2)
        worker.kill()
        worker.start()

    def kill_task(self) -> None:
        """Kill (-9) the process of a task."""
        worker = self.cluster.workers[self._worker()]
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            self.random.choice([process for process in leaves(worker.pid) if "|task" in process.name()]).kill()

    def terminate_worker(self) -> None:
        """A restart in good order."""
        worker = self.cluster.workers[self._worker()]
        worker.stop()
        worker.start()

    def freeze_worker(self) -> None:
        """SIGSTOP of the worker alone, beyond its session: its tasks have to end by themselves."""
        self._freeze(whole=False)

    def freeze_tree(self) -> None:
        """SIGSTOP of the worker and its tasks, beyond the session."""
        self._freeze(whole=True)

    def _freeze(self, *, whole: bool) -> None:
        thaw = freeze(self.cluster.workers[self._worker()], whole=whole)
        self.stops = [thaw]
        self._pass(SESSION_MS / 1000 + self.random.uniform(-3, 6))
        thaw()

    def restart_broker(self) -> None:
        """Kill (-9) the broker, and its start."""
        self.kafka.kill()
        self._pass(self.random.uniform(0, 8))
        self.kafka.start()

    def change_during_rebalance(self) -> None:
        """Another configuration for a source while a worker comes or goes."""
        worker = self.cluster.workers[self._worker()]
        worker.kill_leader()
        others = [each for each in self.cluster.workers if each is not worker]
        pipeline = self.random.choice(self.pipelines)
        self._changes += 1
        config = {**self._source(pipeline), "batch.size": 1000 + self._changes}
        body = {key: str(value) for key, value in config.items()}
        self.cluster.ask("PUT", f"/connectors/source-{pipeline.number}/config", body, of=others)
        worker.kill()
        worker.spawn()
        self.cluster.create(f"extra-{self._changes}", {**config, "topic": "chaos-extra"})
        worker.wait_ready()
        self.cluster.ask("DELETE", f"/connectors/extra-{self._changes}")

    def reset_offsets(self) -> None:
        """A sink begins anew: all lines of its topic come again."""
        name = f"sink-{self.random.randrange(PIPELINES)}"
        self.cluster.ask("PUT", f"/connectors/{name}/stop")
        self.cluster.ask("DELETE", f"/connectors/{name}/offsets")
        self.cluster.ask("PUT", f"/connectors/{name}/resume")

    def _pass(self, seconds: float) -> None:
        """Time passes; stalls are noticed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for pipeline in self.pipelines:
                pipeline.look()
            time.sleep(0.05)

    # ------------------------------------------------------------------ the end
    def finish(self) -> bool:
        """Wait for the last line of each file, and say what came of it all; whether nothing was lost."""
        totals = [pipeline.feeder.finish() for pipeline in self.pipelines]
        with contextlib.suppress(TimeoutError):
            self._flow([total - 1 for total in totals])
        self._pass(3)
        lost = sum(
            total - sum(number < total for number in pipeline.arrived)
            for total, pipeline in zip(totals, self.pipelines, strict=True)
        )
        out = sum(sum(pipeline.arrived.values()) for pipeline in self.pipelines)
        again = sum(count - 1 for pipeline in self.pipelines for count in pipeline.arrived.values())
        rows = [
            ("faults", sum(self.kinds.values())),
            ("records in", f"{sum(totals):,}"),
            ("records out", f"{out:,}"),
            ("lost", lost),
            ("torn", sum(pipeline.torn for pipeline in self.pipelines)),
            ("duplicated (offset resets included)", f"{again:,}"),
            ("longest stall of a pipeline", f"{max(pipeline.stall for pipeline in self.pipelines):.1f} s"),
        ]
        for kind, seconds in sorted(self.seconds.items()):
            mean = sum(seconds) / len(seconds)
            rows.append((f"{kind}, {self.kinds[kind]} x", f"mean {mean:.1f} s, longest {max(seconds):.1f} s"))
        print()
        for label, value in rows:
            print(f"  {label:<45} {value}", flush=True)
        return lost == 0


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Random faults over a group of workers; count what arrives.")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--rate", type=int, default=200, help="lines a second, for each pipeline (default: 200)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the choice of faults and moments")
    parser.add_argument("--folder", type=Path, help="keep all files there (default: a temporary folder)")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        chaos = Chaos(folder, options)
        stack.callback(chaos.close)
        chaos.start()
        broken = False
        try:
            chaos.attack(options.faults)
        except (ServiceError, TimeoutError) as error:
            print(f"the campaign broke off: {error}", flush=True)
            broken = True
        ok = chaos.finish()
    return 0 if ok and not broken else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
