"""Two offset stores as one: what is in the connector's own counts, the worker's has the rest and a copy."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_log import MemoryLog

from barnabas.errors import ConnectError
from barnabas.store.connector_offsets import ConnectorOffsetStore
from barnabas.store.topic_offsets import TopicOffsetStore

A, B = b'["c",{"f":"a"}]', b'["c",{"f":"b"}]'


class Pair:
    """Both topics, and the store over them."""

    def __init__(self):
        self.own_log, self.worker_log = MemoryLog(), MemoryLog()
        self.own, self.worker = TopicOffsetStore(self.own_log, "own"), TopicOffsetStore(self.worker_log, "all")
        self.store = ConnectorOffsetStore("c", self.own, self.worker)

    async def start(self):
        await self.worker.start()
        await self.store.start()
        return self

    async def copied(self):
        await asyncio.gather(*self.store._copying)


@pytest.fixture
async def pair():
    return await Pair().start()


async def test_a_connector_that_gets_its_own_topic_goes_on_where_it_was(pair):
    await pair.worker.set({A: b"1", B: b"1"})
    await pair.own.set({A: b"2"})
    assert await pair.store.get([A, B, b'["c",{}]']) == [b"2", b"1", None]
    assert pair.store.partitions("c") == [({"f": "a"}, b"2"), ({"f": "b"}, b"1")]
    assert pair.store.partitions("d") == []


async def test_what_is_written_is_in_both(pair):
    await pair.store.set({A: b"1"})
    assert await pair.own.get([A]) == [b"1"]
    await pair.copied()
    assert await pair.worker.get([A]) == [b"1"]
    await pair.store.refresh()
    await pair.store.stop()


async def test_what_is_deleted_is_deleted_from_the_copy_first(pair):
    await pair.store.set({A: b"1", B: b"1"})
    await pair.copied()
    pair.own_log.failing = ConnectError("no leader")
    with pytest.raises(ConnectError, match="topic own: no leader"):
        await pair.store.set({A: None, B: b"2"})
    assert await pair.store.get([A, B]) == [b"1", b"1"]  # the copy is gone: it cannot come back once A is deleted
    assert await pair.worker.get([A, B]) == [None, b"1"]
    pair.own_log.failing = None
    await pair.store.set({A: None, B: b"2"})
    await pair.copied()
    assert await pair.store.get([A, B]) == await pair.worker.get([A, B]) == [None, b"2"]
    assert pair.store.partitions("c") == [({"f": "b"}, b"2")]


async def test_a_copy_that_cannot_be_deleted_keeps_everything(pair):
    await pair.store.set({A: b"1"})
    await pair.copied()
    pair.worker_log.failing = ConnectError("no leader")
    with pytest.raises(ConnectError, match="topic all: no leader"):
        await pair.store.set({A: None, B: b"2"})
    assert await pair.own.get([A, B]) == [b"1", None]


async def test_a_copy_that_cannot_be_written_costs_nothing(pair, caplog):
    pair.worker_log.failing = ConnectError("no leader")
    await pair.store.set({A: b"1"})
    await pair.copied()
    assert await pair.store.get([A]) == [b"1"]
    assert "The offsets of c are stored in its own topic, but not copied to the worker's" in caplog.text


async def test_stopping_waits_for_copies(pair):
    await pair.store.set({A: b"1"})
    await pair.store.stop()
    assert await pair.worker.get([A]) == [b"1"]


STEPS = st.lists(st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 9)), min_size=1))


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)), STEPS)
def test_it_is_like_one_store(before, steps):
    def key(name):
        return json.dumps(["c", {"f": name}], separators=(",", ":")).encode()

    def value(number):
        return None if number is None else str(number).encode()

    async def run():
        pair = await Pair().start()
        await pair.worker.set({key(name): value(number) for name, number in before.items()})
        model = dict(before)
        for step in steps:
            await pair.store.set({key(name): value(number) for name, number in step.items()})
            model.update(step)
            assert await pair.store.get([key(name) for name in "abc"]) == [value(model.get(name)) for name in "abc"]
            found = {partition["f"]: stored for partition, stored in pair.store.partitions("c")}
            assert found == {name: value(number) for name, number in model.items() if number is not None}
        await pair.store.stop()
        assert await pair.worker.get([key(name) for name in "abc"]) == [value(model.get(name)) for name in "abc"]

    asyncio.run(run())
