"""``kill -9`` at random moments while a file streams through a topic into another file; then count what arrived.

    python -m campaigns.kill9 [--broker embedded|kafka|both] [--kills 50] [--seed N]

Kills the worker, the process of a task or connector, or the broker, most times after the last kill has
been recovered from, sometimes in the middle of that. Exit code 0 only if every line arrived whole and in order, what
came twice lay within the uncommitted window, and no process outlived its worker for more than a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition

from bench.measure import leaves, tree
from campaigns.feeder import Feeder
from campaigns.verdict import LINE_BYTES, Kill, Verdict, judge, number_of
from services.kafka import KafkaServer
from services.process import ServiceError, wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasBroker, BarnabasWorker, JvmConnect, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

TOPIC = "kill9"
SOURCE, SINK = "in", "out"  # short: the kernel keeps 15 characters of a process name, connector|task-0
ORPHAN_LIMIT_S = 1.0
RECOVERY_LIMIT_S = 120.0
AFTERMATH = 0.2  # share of kills that hit while the last one is being recovered from
COMMIT_MS = 1000


@dataclass
class Run:
    """What one campaign on one broker saw."""

    kills: list[Kill] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    orphan_s: float = 0.0


def runs(process: psutil.Process) -> bool:
    """Whether a process does anything still: one that has ended and waits to be reaped does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Campaign:
    """One broker, one worker, two connectors, and a hand on the kill switch."""

    def __init__(self, folder: Path, broker: KafkaServer | BarnabasBroker, options: argparse.Namespace) -> None:
        self.source, self.target = folder / "source.txt", folder / "target.txt"
        self.broker = broker
        self.random = random.Random(options.seed)
        self.run = Run()
        settings: dict[str, object] = {
            "offset.flush.interval.ms": COMMIT_MS,
            "consumer.auto.offset.reset": "earliest",
            "consumer.session.timeout.ms": options.session_timeout_ms,
        }
        connectors = [
            {"name": SOURCE, "connector.class": FILE_SOURCE, "file": self.source, "topic": TOPIC},
            {"name": SINK, "connector.class": FILE_SINK, "file": self.target, "topics": TOPIC},
        ]
        jvm = options.worker == "jvm"
        kind = JvmConnect if jvm else BarnabasWorker
        self.worker: Worker = kind(folder / "worker", broker.bootstrap, settings, connectors)
        self._sink_committed = 0
        self._killed_at = 0.0
        self._group = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": f"connect-{SINK}", "log_level": 0})

    def sample(self, kind: str) -> Kill:
        """What is committed now. A broker that is down cannot be asked: the last answer, which is earlier, stands."""
        positions = []
        if self.worker.offsets.exists():
            positions = re.findall(rb'"position":\s*(\d+)', self.worker.offsets.read_bytes())
        if self.broker.alive:
            with contextlib.suppress(KafkaException):
                (answer,) = self._group.committed([TopicPartition(TOPIC, 0)], timeout=3)
                self._sink_committed = max(self._sink_committed, answer.offset)
        return Kill(kind, 0, int(positions[-1]) // LINE_BYTES if positions else 0, self._sink_committed)

    def kill(self) -> str:
        """Kill something, start again what does not come back by itself; its kind."""
        hosts = defaultdict(list)
        for process in leaves(self.worker.pid):  # a JVM's worker has none: its tasks are threads
            with contextlib.suppress(psutil.NoSuchProcess):
                hosts["task" if "|task-" in process.name() else "connector"].append(process)
        kind = self.random.choices(["worker", "broker", "task", "connector"], weights=[3, 3, 3, 1])[0]
        if kind in ("task", "connector") and not hosts[kind]:
            kind = "worker"
        self.run.kills.append(self.sample(kind))
        self._killed_at = time.monotonic()
        if kind in hosts:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.random.choice(hosts[kind]).kill()
        elif kind == "broker":
            self.broker.kill()
            self.broker.start()
        else:
            self._kill_worker()
            self.worker.start()
        return kind

    def _kill_worker(self) -> None:
        family = tree(self.worker.pid)[1:]
        self.worker.kill_leader()
        with contextlib.suppress(TimeoutError):
            lived = wait_for(lambda: not any(map(runs, family)), 10 * ORPHAN_LIMIT_S, every=0.01)
            self.run.orphan_s = max(self.run.orphan_s, lived)
        if left := [process for process in family if runs(process)]:
            print(f"  processes that outlived their worker: {left}", flush=True)
            self.run.orphan_s = 10 * ORPHAN_LIMIT_S
        self.worker.kill()

    def newest(self) -> int:
        """Number of the last whole line in the destination, -1 while there is none."""
        with contextlib.suppress(OSError), self.target.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 3 * LINE_BYTES))
            numbers = [number_of(text) for text in file.read().split(b"\n")[:-1]]
            return next((number for number in reversed(numbers) if number is not None), -1)
        return -1

    def wait_for_line(self, number: int) -> None:
        """Wait until the destination has reached this line."""

        def reached() -> bool:
            if not self.worker.alive:
                raise ServiceError(f"the worker ended by itself ({self.worker.exit_code}):\n{self.worker.tail()}")
            return self.newest() >= number

        try:
            wait_for(reached, RECOVERY_LIMIT_S, f"line {number} in the destination", every=0.02)
        except TimeoutError:
            with contextlib.suppress(OSError):
                print(f"  states: {self.worker.states()}", flush=True)
            print(self.worker.tail(60), flush=True)
            raise

    def settled(self, written: int) -> None:
        """All kills so far have been recovered from, when this many lines were written."""
        self.run.kills = [kill if kill.written else replace(kill, written=written) for kill in self.run.kills]

    def attack(self, kills: int, feeder: Feeder) -> None:
        """All kills of the campaign. A kill is recovered from when lines arrive that were written after it."""
        self.wait_for_line(0)
        for number in range(1, kills + 1):
            time.sleep(self.random.uniform(0, 1.5))
            kind = self.kill()
            target = feeder.written  # its line is written only now: nothing from before the kill can pass for it
            text = f"{number:3}/{kills} {kind:9} at line {feeder.written:>8,}"
            if self.random.random() < AFTERMATH and number < kills:
                print(f"{text}  not waiting for recovery", flush=True)
                continue
            self.wait_for_line(target)
            seconds = time.monotonic() - self._killed_at
            self.settled(feeder.written)
            self.run.recoveries[kind].append(seconds)
            print(f"{text}  up to date again after {seconds:5.2f} s", flush=True)

    def drain(self, total: int) -> None:
        """Wait until the newest line is in the destination."""
        try:
            self.wait_for_line(total - 1)
        except TimeoutError as error:
            print(f"  {error}: judging what is there", flush=True)

    def topic(self) -> list[tuple[int, bytes]]:
        """Everything in the topic, with offsets."""
        reader = Consumer(
            {"bootstrap.servers": self.broker.bootstrap, "group.id": "judge", "enable.auto.commit": False}
        )
        partition = TopicPartition(TOPIC, 0, 0)
        end = reader.get_watermark_offsets(partition, timeout=30)[1]
        reader.assign([partition])
        records: list[tuple[int, bytes]] = []
        while not records or records[-1][0] < end - 1:
            batch = reader.consume(10_000, 30)
            if not batch:
                raise ServiceError(f"the topic ends at {end}, but its records cannot be read beyond {len(records)}")
            records += [(message.offset() or 0, message.value() or b"") for message in batch]
        reader.close()
        return records

    def close(self) -> None:
        """Stop the worker and the helper client."""
        self.worker.stop()
        self._group.close()


def campaign(folder: Path, broker: KafkaServer | BarnabasBroker, options: argparse.Namespace) -> tuple[Verdict, Run]:
    """One campaign on one broker."""
    with broker:
        it = Campaign(folder, broker, options)
        feeder = Feeder(it.source, options.rate)
        feeder.start()
        try:
            it.worker.start()
            it.attack(options.kills, feeder)
            total = feeder.finish()
            it.drain(total)
            it.settled(total)
            it.worker.stop()
            verdict = judge(total, it.topic(), it.target.read_bytes().splitlines(), it.run.kills)
            rows = [json.dumps(asdict(kill)) for kill in it.run.kills]
            (folder / "kills.jsonl").write_text("\n".join(rows), encoding="ascii")  # to look into a failure: --folder
        finally:
            feeder.finish()
            it.close()
    return verdict, it.run


def report(name: str, verdict: Verdict, run: Run) -> bool:
    """Print the counts; whether the campaign passed."""
    kinds = Counter(kill.kind for kill in run.kills)
    ok = verdict.ok and run.orphan_s <= ORPHAN_LIMIT_S
    rows = [
        ("kills", f"{len(run.kills)}  ({', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))})"),
        ("lines written", f"{verdict.total:,}"),
        ("lost on the way to the topic", verdict.lost_in_topic),
        ("lost on the way to the destination", verdict.lost),
        ("torn lines", verdict.torn),
        ("out of order", verdict.out_of_order),
        ("repeated by the source", f"{verdict.source_repeats:,}"),
        ("repeated by the sink", f"{verdict.sink_repeats:,}"),
        ("repeated outside the uncommitted window", verdict.outside_window),
        ("longest life of a process after its worker", f"{run.orphan_s:.2f} s (limit {ORPHAN_LIMIT_S:.0f} s)"),
    ]
    for kind, seconds in sorted(run.recoveries.items()):
        rows.append(
            (f"recovery from a killed {kind}", f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
        )
    print(f"\n{name}: {'PASSED' if ok else 'FAILED'}")
    rows += [("outside the window, for example", example) for example in verdict.examples[:3]]
    for label, value in rows:
        print(f"  {label:<45} {value}")
    return ok


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="kill -9 worker, tasks and broker at random; count what arrives.")
    parser.add_argument("--broker", choices=["embedded", "kafka", "both"], default="both")
    parser.add_argument("--worker", choices=["barnabas", "jvm"], default="barnabas", help="jvm: for comparison")
    parser.add_argument("--kills", type=int, default=50, help="on each broker (default: 50)")
    parser.add_argument("--rate", type=int, default=3000, help="lines a second (default: 3000)")
    parser.add_argument(
        "--session-timeout-ms",
        type=int,
        default=6000,
        help="of the sink's consumer group (default: 6000; Kafka's own 45000 makes each recovery wait that long)",
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the choice of victims and moments")
    parser.add_argument("--folder", type=Path, help="keep all files there (default: a temporary folder)")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    passed = True
    with contextlib.ExitStack() as stack:
        base = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kill9-")))
        for name in ["embedded", "kafka"] if options.broker == "both" else [options.broker]:
            kind = KafkaServer if name == "kafka" else BarnabasBroker
            print(f"\n{options.kills} kills, {options.worker} worker, {name} broker", flush=True)
            try:
                result = campaign(base / name, kind(base / name / "broker"), options)
            except (ServiceError, TimeoutError) as error:
                print(f"the campaign on the {name} broker broke off: {error}", flush=True)
                passed = False
                continue
            passed &= report(f"{options.worker} worker on the {name} broker", *result)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
