"""How old a record is when it arrives: appended to a file, read by a source, and read back from its topic by a sink."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from bench.measure import tree_cpu
from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from bench.ground import Ground

__all__ = ["latency"]

_WARM_S = 10.0
_MEASURED_S = 15.0
_TICKS = 200  # a second: how often lines are appended
_DIGITS = 19  # of the nanoseconds since 1970, until the year 2286
_PAD = "x" * 180


def latency(ground: Ground, implementation: str, *, rate: str) -> dict[str, Any]:
    """Lines of 200 bytes at a steady rate through file, topic and file."""
    name = f"latency-{time.time_ns()}"
    source, target = ground.folder / f"{name}.in", ground.folder / f"{name}.out"
    source.touch()
    ground.make_topic(name)
    feeder = _Feeder(source, int(rate))
    with ground.worker(implementation) as worker:
        worker.create("in", {"connector.class": FILE_SOURCE, "file": source, "topic": name})
        worker.create("out", {"connector.class": FILE_SINK, "file": target, "topics": name})
        worker.wait_running(2)
        with source.open("a", encoding="ascii") as file:
            file.write(f"{time.time_ns()} first\n")
        wait_for(lambda: target.exists() and target.stat().st_size > 0, 60, "the first line")
        feeder.start()
        ages: list[float] = []
        before = 0.0
        with target.open("rb") as file:
            begin, rest = time.monotonic(), b""
            while (elapsed := time.monotonic() - begin) < _WARM_S + _MEASURED_S:
                whole, end, rest = (rest + file.read()).rpartition(b"\n")
                now = time.time_ns()
                if elapsed > _WARM_S and end:
                    before = before or tree_cpu(worker.pid)
                    ages += [(now - int(line[:_DIGITS])) / 1e6 for line in whole.split(b"\n")]
                time.sleep(0.001)
        cpu = (tree_cpu(worker.pid) - before) / _MEASURED_S
        feeder.stop()
    for path in (source, target):
        path.unlink()
    ground.drop_topic(name)
    ages.sort()
    return {
        "arrived_per_s": round(len(ages) / _MEASURED_S),
        "complete": len(ages) >= int(rate) * _MEASURED_S * 0.9,
        "age_p50_ms": round(ages[len(ages) // 2], 1) if ages else None,
        "age_p99_ms": round(ages[len(ages) * 99 // 100], 1) if ages else None,
        "latency_cpu_percent": round(cpu * 100, 1),
    }


class _Feeder(threading.Thread):
    """Appends lines that begin with the time, in nanoseconds."""

    def __init__(self, path: Path, rate: int) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._rate = rate
        self._end = threading.Event()

    def run(self) -> None:
        """Append what is due, every few milliseconds."""
        begin, written = time.monotonic(), 0
        with self._path.open("ab", buffering=0) as file:
            while not self._end.wait(1 / _TICKS):
                due = int((time.monotonic() - begin) * self._rate) - written
                written += due
                file.write(f"{time.time_ns()} {_PAD}\n".encode() * due)

    def stop(self) -> None:
        """Append no more."""
        self._end.set()
        self.join()
