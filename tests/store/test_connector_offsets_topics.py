"""Which store has the offsets of a connector, and when its topic is opened and closed."""

from __future__ import annotations

import asyncio

import pytest
from memory_log import MemoryLog

from barnabas.errors import ConnectError
from barnabas.herder.offset_topics import OffsetTopics, OwnTopic, own_offsets_topic
from barnabas.herder.resolving import Resolved
from barnabas.store.topic_offsets import TopicOffsetStore

WORKER = {"bootstrap.servers": "k:9092,l:9092", "offset.storage.topic": "all", "group.id": "g"}
KEY = b'["c",{}]'


class Topics:
    """A worker with topics in memory."""

    def __init__(self, idle=600.0):
        self.configs = {}
        self.opened = []
        self.closed = []
        self.resolved = 0
        self.failing = None
        self.was_closed = asyncio.Event()
        self.worker = TopicOffsetStore(MemoryLog(), "all")
        self.topics = OffsetTopics(WORKER, self.worker, self.configs.get, self.resolve, opener=self.open, idle=idle)

    async def resolve(self, _name, config):
        self.resolved += 1
        return Resolved({key: value.replace("${x:y:z}", "secret") for key, value in config.items()})

    async def open(self, worker, name, props):
        assert worker is WORKER
        if self.failing:
            raise self.failing
        topic = own_offsets_topic(props)
        store = TopicOffsetStore(MemoryLog(), topic)
        await store.start()
        self.opened.append((name, dict(props)))

        async def close():
            self.closed.append(topic)
            self.was_closed.set()

        return OwnTopic(store, close)

    def configure(self, **settings):
        self.configs["c"] = {"name": "c", **{key.replace("__", "."): value for key, value in settings.items()}}


@pytest.fixture
async def around():
    made = Topics()
    await made.worker.start()
    return made


def test_the_setting():
    assert own_offsets_topic({}) is own_offsets_topic({"offsets.storage.topic": None}) is None
    assert own_offsets_topic({"offsets.storage.topic": " "}) is None
    assert own_offsets_topic({"offsets.storage.topic": " t "}) == "t"


async def test_connectors_without_a_topic_use_the_workers(around):
    around.configure()
    assert around.topics.of("c") is around.topics.for_tasks("c") is around.topics.of("gone") is around.worker
    await around.topics.prepare("c", {"name": "c"})
    assert around.opened == []


async def test_a_user_who_asks_opens_the_topic_once(around):
    around.configure(offsets__storage__topic="own", consumer__override__x="${x:y:z}", other="1")
    store = around.topics.of("c")
    assert around.opened == []
    await asyncio.gather(store.start(), store.refresh(), store.set({KEY: b"1"}))
    assert await store.get([KEY]) == [b"1"]
    assert store.partitions("c") == [({}, b"1")]
    ((name, props),) = around.opened
    assert (name, props["consumer.override.x"]) == ("c", "secret")
    assert around.resolved == 1
    await store.stop()
    await around.topics.close()
    assert around.closed == ["own"]
    assert await around.worker.get([KEY]) == [b"1"]


async def test_tasks_keep_the_store_they_were_started_with(around):
    around.configure(offsets__storage__topic="own")
    await around.topics.prepare("c", {"offsets.storage.topic": "own"})
    old = around.topics.for_tasks("c")
    around.configure(offsets__storage__topic="own", other="2")
    assert await around.topics.open("c") is old
    around.configure(offsets__storage__topic="other")
    assert around.topics.for_tasks("c") is old
    await old.set({KEY: b"1"})
    await around.topics.prepare("c", {"offsets.storage.topic": "other"})
    assert around.closed == ["own"]
    assert await around.topics.for_tasks("c").get([KEY]) == [b"1"]  # the copy
    assert around.resolved == 0
    around.configure()
    await around.topics.prepare("c", {})
    assert around.closed == ["own", "other"]
    assert around.topics.for_tasks("c") is around.worker
    assert await around.topics.for_tasks("c").get([KEY]) == [b"1"]


async def test_tasks_started_without_a_topic_do_not_get_one_by_a_new_configuration(around):
    around.configure()
    await around.topics.prepare("c", around.configs["c"])
    around.configure(offsets__storage__topic="own")
    assert around.topics.for_tasks("c") is around.worker
    assert around.topics.of("c") is not around.worker
    await around.topics.prepare("c", around.configs["c"])
    assert around.topics.for_tasks("c") is not around.worker
    await around.topics.close()


async def test_the_workers_own_topic_needs_no_second_reader(around):
    around.configure(offsets__storage__topic="all")
    await around.topics.prepare("c", around.configs["c"])
    assert around.topics.for_tasks("c") is around.worker
    same = {"producer__override__bootstrap__servers": "l:9092, k:9092"}
    around.configure(offsets__storage__topic="all", **same)
    await around.topics.prepare("c", around.configs["c"])
    assert around.opened == []
    around.configure(offsets__storage__topic="all", producer__override__bootstrap__servers="elsewhere:1")
    await around.topics.prepare("c", around.configs["c"])
    assert len(around.opened) == 1
    await around.topics.close()


async def test_what_cannot_be_opened_is_tried_again_by_the_next(around):
    around.configure(offsets__storage__topic="own")
    around.failing = ConnectError("no rights")
    with pytest.raises(ConnectError, match="no rights"):
        await around.topics.prepare("c", around.configs["c"])
    with pytest.raises(ConnectError, match="no rights"):
        await around.topics.of("c").get([KEY])
    around.failing = None
    assert await around.topics.of("c").get([KEY]) == [None]
    await around.topics.close()


async def test_a_topic_that_nobody_asks_for_is_closed():
    around = Topics(idle=0.05)
    await around.worker.start()
    around.configure(offsets__storage__topic="own")
    store = around.topics.of("c")
    for _ in range(10):
        await store.get([KEY])
        await asyncio.sleep(0.01)
    assert around.closed == []
    async with asyncio.timeout(5):
        await around.was_closed.wait()
    await store.get([KEY])
    assert len(around.opened) == 2
    await around.topics.close()
    assert len(around.closed) == 2
