"""A group of real workers on a real broker, for campaigns: started, asked, wounded."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import psutil

from bench.measure import tree
from services.process import ServiceError, wait_for
from services.worker import BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = ["Cluster"]


class Cluster:
    """Workers of one group.

    Args:
        folder: For their files.
        bootstrap: Of the broker.
        count: How many.
        settings: Of all of them.
    """

    def __init__(self, folder: Path, bootstrap: str, count: int, settings: Mapping[str, object]) -> None:
        self.workers = [
            BarnabasWorker(folder / f"worker-{number}", bootstrap, settings, mode="distributed")
            for number in range(count)
        ]

    def start(self) -> None:
        """Start all; returns when each of them knows its group."""
        for worker in self.workers:
            worker.spawn()
        for worker in self.workers:
            worker.wait_ready()
        wait_for(lambda: all(map(healthy, self.workers)), 60, "all workers to be ready")

    def stop(self) -> None:
        """Stop all."""
        for worker in self.workers:
            if worker.alive:
                worker.stop()
            worker.kill()

    def name(self, worker: BarnabasWorker) -> str:
        """What statuses call a worker."""
        return worker.url.removeprefix("http://")

    def ask(self, method: str, path: str, body: object = None, *, of: Iterable[BarnabasWorker] = ()) -> Any:
        """A request to the first worker that can grant it; raises when none does in 30 s."""
        until = time.monotonic() + 30
        last: object = "no worker answers"
        while time.monotonic() < until:
            for worker in [*of] or self.workers:
                with contextlib.suppress(OSError):
                    status, answer = worker.request(method, path, body, timeout=15)
                    if status < 400:
                        return answer
                    last = status, answer
            time.sleep(0.1)
        raise ServiceError(f"{method} {path}: {last}")

    def create(self, name: str, config: Mapping[str, object]) -> None:
        """Create a connector."""
        self.ask("POST", "/connectors", {"name": name, "config": {key: str(value) for key, value in config.items()}})

    def placement(self, of: Iterable[BarnabasWorker] = ()) -> dict[tuple[str, int], tuple[str, str]]:
        """State and worker of everything: connectors are number -1."""
        answer = self.ask("GET", "/connectors?expand=status", of=of)
        found = {}
        for name, info in answer.items():
            entry = info["status"]["connector"]
            found[name, -1] = entry["state"], entry["worker_id"]
            for task in info["status"]["tasks"]:
                found[name, task["id"]] = task["state"], task["worker_id"]
        return found

    def wait_running(self, items: int, timeout: float, *, without: Iterable[BarnabasWorker] = ()) -> float:
        """Wait until this many connectors and tasks run, none of them on ``without``; the seconds waited."""
        gone = {self.name(worker) for worker in without}
        asked = [worker for worker in self.workers if worker not in without]

        def all_run() -> bool:
            placed = self.placement(of=asked).values()
            return sum(state == "RUNNING" and worker not in gone for state, worker in placed) == items

        return wait_for(all_run, timeout, f"{items} running connectors and tasks", every=0.1)


def healthy(worker: BarnabasWorker) -> bool:
    """Whether a worker is ready for requests."""
    with contextlib.suppress(OSError):
        return worker.request("GET", "/health", timeout=2)[0] == 200
    return False


def freeze(worker: BarnabasWorker, *, whole: bool) -> Callable[[], None]:
    """SIGSTOP the worker's process, or all of its processes; what is returned wakes them."""
    processes = tree(worker.pid) if whole else [psutil.Process(worker.pid)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGSTOP)

    def thaw() -> None:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)

    return thaw
