"""Any sequence of requests, plugin code fast, slow, failing or hanging: the last word always wins."""

from __future__ import annotations

import asyncio
import random

import pytest

from barnabas.errors import ConnectError
from barnabas.herder import StandaloneHerder
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.file import FileOffsetStore
from herder.herder_fakes import FakePlugins, FakeSupervisor, source, task, worker_props

BEHAVIOURS = ["", "", "slow:0.02", "hang", "it fails"]


async def request(herder, rng):
    config = source(
        fake_start=rng.choice(BEHAVIOURS),
        fake_listing=rng.choice(BEHAVIOURS),
        tasks_max=str(rng.randint(1, 3)),
        fake_x=str(rng.randint(0, 1)),
    )
    operations = [
        lambda: herder.put_connector("c", config, answer_after=rng.choice([0.0, 0.05])),
        lambda: herder.delete_connector("c"),
        lambda: herder.pause("c"),
        lambda: herder.resume("c"),
        lambda: herder.stop_connector("c"),
        lambda: herder.restart_connector("c"),
        lambda: herder.restart("c", only_failed=rng.random() < 0.5, include_tasks=rng.random() < 0.7),
        lambda: herder.restart_task(task(rng.randint(0, 2))),
    ]
    operation = operations[0] if rng.random() < 0.3 else rng.choice(operations)
    try:
        await asyncio.wait_for(operation(), 2)
    except ConnectError:
        return  # refused, or failed as configured


@pytest.mark.parametrize("seed", range(12))
async def test_the_last_word_wins(tmp_path, seed):
    rng = random.Random(seed)
    supervisor = FakeSupervisor()
    worker = WorkerConfig.standalone(worker_props(tmp_path))
    herder = StandaloneHerder(
        worker, supervisor, FakePlugins(), FileOffsetStore(worker.offsets_file), worker_id="w:1", patience=0.01
    )
    supervisor.listen(herder)
    await herder.start()
    for _ in range(15):
        await asyncio.gather(*(request(herder, rng) for _ in range(rng.randint(1, 4))))
    end = rng.choice(["run", "pause", "stop", "delete"])
    await herder.put_connector("c", source(tasks_max="2"), target="STARTED", answer_after=3)
    if end == "pause":
        await herder.pause("c")
    elif end == "stop":
        await herder.stop_connector("c")
    elif end == "delete":
        await herder.delete_connector("c")
    expected = {
        "run": (True, {task(0), task(1)}, ["RUNNING", "RUNNING", "RUNNING"]),
        "pause": (False, {task(0), task(1)}, ["PAUSED", "PAUSED", "PAUSED"]),
        "stop": (False, set(), ["STOPPED"]),
        "delete": (False, set(), None),
    }[end]
    for _ in range(300):
        seen = ("c" in supervisor.connectors, set(supervisor.tasks), seen_states(herder))
        if seen == expected:
            break
        await asyncio.sleep(0.01)
    assert seen == expected
    await herder.stop()
    assert not herder._background


def seen_states(herder):
    if "c" not in herder.connectors():
        return None
    status = herder.status("c")
    return [status.connector.state, *(entry.state for entry in status.tasks)]
