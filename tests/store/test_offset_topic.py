"""The offset topic: whatever order a JVM worker gave the members of a key, it is the same source partition."""

from __future__ import annotations

import pytest
from memory_log import MemoryLog

from barnabas.errors import ConnectError
from barnabas.store.topic_offsets import TopicOffsetStore

KEY = b'["c",{"a":1,"b":2}]'
OTHER = b'["c",{"b":2,"a":1}]'


@pytest.fixture
async def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def store(log: MemoryLog) -> TopicOffsetStore:
    made = TopicOffsetStore(log, "offsets")
    await made.start()
    return made


async def test_there_and_back(log: MemoryLog, store: TopicOffsetStore) -> None:
    assert await store.get([KEY]) == [None]
    await store.set({KEY: b'{"at":1}', b'["d",{}]': b'{"at":9}'})
    assert await store.get([OTHER, KEY, b'["x",{}]']) == [b'{"at":1}', b'{"at":1}', None]
    assert store.partitions("c") == [({"a": 1, "b": 2}, b'{"at":1}')]
    await store.set({KEY: None})
    assert store.partitions("c") == []
    again = TopicOffsetStore(log, "offsets")
    await again.start()
    assert await again.get([KEY, b'["d",{}]']) == [None, b'{"at":9}']


async def test_a_key_keeps_the_spelling_that_it_was_stored_under(log: MemoryLog, store: TopicOffsetStore) -> None:
    log.say(OTHER.decode(), b'{"at":1}', 10)
    await store.set({KEY: b'{"at":2}'})
    assert log.keys == [OTHER.decode()] * 2
    log.say(KEY.decode(), b"{}", 5)  # older, from another partition
    await store.set({KEY: b'{"at":3}'})
    assert sorted(log.keys[-2:]) == sorted([KEY.decode(), OTHER.decode()])
    assert await store.get([OTHER]) == [b'{"at":3}']


async def test_the_later_of_two_spellings_counts(log: MemoryLog, store: TopicOffsetStore) -> None:
    log.say(OTHER.decode(), b'{"at":7}', 10)
    log.say(KEY.decode(), b'{"at":5}', 9)
    assert await store.get([KEY]) == [b'{"at":7}']


async def test_a_write_that_fails_says_so(log: MemoryLog, store: TopicOffsetStore) -> None:
    log.failing = ConnectError("no leader")
    with pytest.raises(ConnectError, match="Source offsets cannot be written to topic offsets: no leader"):
        await store.set({KEY: b"{}"})
