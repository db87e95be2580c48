"""``task.isolation``: which units share a process, and that they work and recover all the same."""

from __future__ import annotations

import os
import signal
import uuid

import pytest

from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker


def pipeline(tmp_path, name):
    """Two sources into a topic, and a sink of two tasks out of it."""
    sources = [
        {"name": f"{name}-{n}", "connector.class": FILE_SOURCE, "file": tmp_path / f"in-{n}", "topic": name}
        for n in range(2)
    ]
    sink = {"name": f"{name}-out", "connector.class": FILE_SINK, "file": tmp_path / "out", "topics": name}
    for n in range(2):
        (tmp_path / f"in-{n}").write_text("".join(f"{n} {at}\n" for at in range(500)))
    return [*sources, {**sink, "tasks.max": 2}]


def hosts(worker):
    """Process numbers of tasks, by task; each asked of the worker itself."""
    return {
        (task["connector"], task["task"]): task["pid"]
        for task in worker.request("GET", "/barnabas/tasks")[1]
        if task["pid"]
    }


def arrived(tmp_path):
    path = tmp_path / "out"
    return set(path.read_text().splitlines()) if path.exists() else set()


@pytest.mark.parametrize(("isolation", "processes"), [("process", 4), ("connector", 3), ("shared", 1)])
def test_units_share_processes_as_configured(embedded_broker, tmp_path, isolation, processes):
    name = f"iso-{uuid.uuid4().hex[:6]}"
    settings = {"task.isolation": isolation, "task.restart.backoff.initial.ms": 200}
    extra = {"consumer.session.timeout.ms": 6000}
    wanted = {f"{n} {at}" for n in range(2) for at in range(500)}
    folder = tmp_path / "worker"
    with BarnabasWorker(folder, embedded_broker.bootstrap, settings | extra, pipeline(tmp_path, name)) as worker:
        worker.wait_running(4)
        wait_for(lambda: arrived(tmp_path) == wanted, 30, "all lines")
        before = hosts(worker)
        assert len(set(before.values())) == processes
        os.kill(before[f"{name}-0", 0], signal.SIGKILL)
        wait_for(lambda: hosts(worker).get((f"{name}-0", 0)) not in (None, before[f"{name}-0", 0]), 15, "a restart")
        worker.wait_running(4, 30)
        with (tmp_path / "in-0").open("a") as file:
            file.write("0 more\n")
        wait_for(lambda: "0 more" in arrived(tmp_path), 30, "what came after the restart")
        assert worker.states()[f"{name}-1"] == ["RUNNING", "RUNNING"]
