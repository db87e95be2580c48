"""Three workers of one group, and one of them ends: how soon its work runs elsewhere."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from services.process import wait_for
from services.worker import FILE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.ground import Ground
    from services.worker import Worker

__all__ = ["moving"]

_CONNECTORS = 20
_SETTINGS = {
    "session.timeout.ms": "10000",
    "heartbeat.interval.ms": "3000",
    "scheduled.rebalance.max.delay.ms": "3000",
    "plugin.discovery": "service_load",
}


def moving(ground: Ground, implementation: str) -> dict[str, Any]:
    """SIGTERM of one, then kill -9 of another after the first is back; 20 connectors with a task each."""
    name = f"moving-{time.time_ns()}"
    settings = _SETTINGS | {"group.id": name}
    settings |= {f"{kind}.storage.topic": f"{name}-{kind}" for kind in ("config", "offset", "status")}
    small = ground.folder / "small.txt"
    small.write_text("one\ntwo\n", encoding="ascii")
    with contextlib.ExitStack() as stack:
        workers = [ground.worker(implementation, settings, mode="distributed") for _ in range(3)]
        for worker in workers:
            stack.callback(worker.kill)
            worker.start()
        for number in range(_CONNECTORS):
            workers[0].create(f"moving-{number}", {"connector.class": FILE_SOURCE, "file": small, "topic": name})
        _settled(workers)
        terminated = _without(workers, 2, lambda worker: worker.stop(60))
        begin = time.perf_counter()
        workers[2].start()
        _settled(workers)
        joined = time.perf_counter() - begin
        killed = _without(workers, 1, lambda worker: worker.kill())
        for worker in workers:
            if worker.alive:
                worker.stop()
    ground.drop_topic(name)
    return {
        "after_sigterm_s": round(terminated, 2),
        "after_join_s": round(joined, 2),
        "after_kill_s": round(killed, 2),
    }


def _places(worker: Worker) -> list[tuple[str, str]]:
    """State and worker of each task."""
    status, answer = worker.request("GET", "/connectors?expand=status")
    if status != 200:
        return []
    tasks = [task for info in answer.values() for task in info["status"]["tasks"]]
    return [(task["state"], task["worker_id"]) for task in tasks]


def _settled(workers: list[Worker]) -> None:
    """All tasks run, and each worker has some."""

    def is_so() -> bool:
        places = _places(workers[0])
        running = {where for state, where in places if state == "RUNNING"}
        return [state for state, _ in places] == ["RUNNING"] * _CONNECTORS and len(running) == len(workers)

    wait_for(is_so, 180, "work on all workers")


def _without(workers: list[Worker], at: int, end: Callable[[Worker], None]) -> float:
    """End one; the seconds until everything runs on the others."""
    gone = workers[at].url.removeprefix("http://")
    begin = time.perf_counter()
    end(workers[at])

    def is_so() -> bool:
        places = _places(workers[0])
        return len(places) == _CONNECTORS and all(state == "RUNNING" and where != gone for state, where in places)

    wait_for(is_so, 180, "its work elsewhere")
    return time.perf_counter() - begin
