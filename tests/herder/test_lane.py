from __future__ import annotations

import asyncio

import pytest

from barnabas.herder.lane import Lane, SupersededError


async def test_operations_run_one_at_a_time_in_order():
    lane, log = Lane(1), []

    def operation(number):
        async def run():
            log.append((number, "begin"))
            await asyncio.sleep(0)
            log.append((number, "end"))

        return run

    await asyncio.gather(*(lane.run(operation(n), supersedes=True) for n in range(5)))
    assert log == [(n, what) for n in range(5) for what in ("begin", "end")]
    assert lane.idle


async def test_a_call_is_cut_only_after_the_patience():
    lane = Lane(0.05)
    quick = asyncio.create_task(lane.run(lambda: lane.call(asyncio.sleep(0.01, "done")), supersedes=True))
    await asyncio.sleep(0)
    hung = asyncio.create_task(lane.run(lambda: lane.call(asyncio.Event().wait()), supersedes=True))
    assert await quick == "done"
    assert await asyncio.wait_for(lane.run(lambda: asyncio.sleep(0, "next"), supersedes=True), 1) == "next"
    with pytest.raises(SupersededError):
        await hung


async def test_what_does_not_supersede_waits():
    lane = Lane(0.01)
    first = asyncio.create_task(lane.run(lambda: lane.call(asyncio.sleep(0.1, "whole")), supersedes=True))
    await asyncio.sleep(0)
    await lane.run(lambda: asyncio.sleep(0), supersedes=False)
    assert await first == "whole"


async def test_cancelling_the_operation_itself_is_no_supersession():
    lane = Lane(1)
    hung = asyncio.create_task(lane.run(lambda: lane.call(asyncio.Event().wait()), supersedes=True))
    await asyncio.sleep(0.01)
    hung.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hung
    assert lane.idle


async def test_errors_of_a_call_come_through_and_free_the_lane():
    lane = Lane(1)

    async def fail():
        raise KeyError("k")

    with pytest.raises(KeyError):
        await lane.run(lambda: lane.call(fail()), supersedes=True)
    assert await lane.run(lambda: asyncio.sleep(0, 1), supersedes=True) == 1
