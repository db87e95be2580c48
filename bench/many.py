"""Many small connectors on one worker: how soon they run, what they cost, and how quickly REST answers meanwhile."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from bench.ground import SETTLE_S
from bench.measure import tree, tree_memory
from services.process import wait_for
from services.worker import FILE_SOURCE

if TYPE_CHECKING:
    from bench.ground import Ground

__all__ = ["many"]

_ASKED = 200


def many(ground: Ground, implementation: str, *, connectors: str) -> dict[str, Any]:
    """So many file sources with a task each, posted one after the other to a distributed worker."""
    count, name = int(connectors), f"many-{time.time_ns()}"
    settings = {"group.id": name, "plugin.discovery": "service_load"}
    settings |= {f"{kind}.storage.topic": f"{name}-{kind}" for kind in ("config", "offset", "status")}
    small = ground.folder / "small.txt"
    small.write_text("one\ntwo\n", encoding="ascii")
    with ground.worker(implementation, settings, mode="distributed") as worker:
        wait_for(lambda: worker.request("GET", "/connectors")[0] == 200, 60, "the group")
        time.sleep(SETTLE_S)
        idle = tree_memory(worker.pid)
        begin = time.perf_counter()
        for number in range(count):
            worker.create(f"many-{number}", {"connector.class": FILE_SOURCE, "file": small, "topic": name})
        worker.wait_running(count, 180)
        running = time.perf_counter() - begin
        time.sleep(SETTLE_S)
        busy = tree_memory(worker.pid)
        threads = sum(process.num_threads() for process in tree(worker.pid))
        asked = sorted(_seconds(worker, "/connectors?expand=status&expand=info") for _ in range(_ASKED))
        one = sorted(_seconds(worker, "/connectors/many-0/status") for _ in range(_ASKED))
    ground.drop_topic(name)
    return {
        "all_running_s": round(running, 2),
        "many_pss_mb": round(busy.pss, 1),
        "each_pss_mb": round((busy.pss - idle.pss) / count, 2),
        "threads": threads,
        "rest_all_p50_ms": round(statistics.median(asked) * 1000, 2),
        "rest_all_p99_ms": round(asked[_ASKED * 99 // 100] * 1000, 2),
        "rest_one_p50_ms": round(statistics.median(one) * 1000, 2),
        "rest_one_p99_ms": round(one[_ASKED * 99 // 100] * 1000, 2),
    }


def _seconds(worker: Any, path: str) -> float:
    begin = time.perf_counter()
    worker.request("GET", path)
    return time.perf_counter() - begin
