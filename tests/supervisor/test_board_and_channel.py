from __future__ import annotations

import asyncio
import os
import socket
import time

import pytest

from barnabas.errors import ConfigError
from barnabas.supervisor import board
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec, describe
from barnabas.supervisor.async_channel import AsyncChannel
from barnabas.supervisor.channel import Channel, Done, Pause, StartTask, UnitState
from barnabas.supervisor.settings import Limits, parse_size

SPEC = TaskSpec(TaskId("orders", 3), PluginRef("X", "m:X", "source"), "m:T", {"a": "1"}, {}, {})


def test_the_other_process_sees_a_call_and_its_age():
    ours = board.Board.create(4)
    theirs = board.Board.attach(os.dup(ours.fd))
    slot = theirs.slot(2)
    assert ours.slot(2).call() is None
    slot.enter("poll")
    time.sleep(0.02)
    name, seconds = ours.slot(2).call()
    assert name == "poll"
    assert 0.01 < seconds < 5
    slot.words[board.RECORDS_IN] += 7
    stats = ours.slot(2).stats(99)
    assert (stats.pid, stats.call, stats.records_in) == (99, "poll", 7)
    slot.leave()
    assert ours.slot(2).call() is None
    assert ours.slot(1).stats(0).records_in == 0


async def test_messages_cross_both_ways_and_the_end_is_seen():
    ours, theirs = socket.socketpair()
    worker, host = AsyncChannel(ours), Channel(theirs.detach())
    await worker.open()
    worker.send(StartTask(7, "orders|task-3", 0, SPEC))
    worker.send(Pause("orders|task-3"))
    first = await asyncio.to_thread(host.receive)
    assert isinstance(first, StartTask)
    assert first.spec == SPEC
    assert isinstance(await asyncio.to_thread(host.receive), Pause)
    host.send(Done(7, {"x": 1}))
    host.send(UnitState("orders|task-3", "FAILED", describe(ValueError("bad"))))
    assert await worker.receive() == Done(7, {"x": 1})
    state = await worker.receive()
    assert isinstance(state, UnitState)
    assert state.error is not None
    assert state.error.message == "ValueError: bad"
    worker.close()
    assert await asyncio.to_thread(host.receive) is None
    host.close()


def test_an_error_is_described_for_people_and_for_programs():
    info = describe(ConfigError("It is wrong.", key="a.b", remedy="Set it right.", code="BRN-1999"))
    assert info.trace.startswith("org.apache.kafka.common.config.ConfigException: It is wrong.\n")
    assert "Set it right. (BRN-1999)" in info.trace
    assert (info.key, info.python_class) == ("a.b", "ConfigError")


@pytest.mark.parametrize(("text", "size"), [("1g", 1 << 30), ("512M", 512 << 20), ("64kb", 64 << 10), ("0", 0)])
def test_sizes(text, size):
    assert parse_size(text, "task.memory.max") == size


def test_a_connector_overrides_the_limits_of_the_worker():
    limits = Limits.of({"task.call.timeout.ms": "1000"}, {"task.call.timeout.ms": "2000", "topics": "x"})
    assert limits.task_call == 2
    with pytest.raises(ConfigError, match=r"task\.isolation"):
        Limits.of({"task.isolation": "thread"})
    with pytest.raises(ConfigError, match="not a size"):
        Limits.of({"task.memory.max": "lots"})
