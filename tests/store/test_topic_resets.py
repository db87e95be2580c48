"""Whoever resets the topics of a connector: all workers hear of it, so that what is still used is told again."""

from __future__ import annotations

import pytest
from memory_log import MemoryLog

from barnabas.store.memory import MemoryStatusStore
from barnabas.store.topic_statuses import TopicStatusStore


def test_in_memory():
    store, heard = MemoryStatusStore(), []
    store.put_topic("c", "t", 1)
    store.reset_topics("c")  # nobody listens
    store.listen_to_resets(heard.append)
    store.put_topic("c", "t", 1)
    store.reset_topics("c")
    assert heard == ["c"]
    assert store.topics("c") == []


@pytest.fixture
async def stores():
    """Those of two workers."""
    log = MemoryLog()
    made = [TopicStatusStore(log, "statuses", lambda: 7.0) for _ in range(2)]
    for store in made:
        await store.start()
    return log, *made


async def test_of_another_worker(stores):
    log, one, two = stores
    heard = []
    two.listen_to_resets(heard.append)
    one.put_topic("c", "t", 3)
    await one.flush()
    assert two.topics("c") == ["t"]
    assert log.records[-1].value == b'{"topic":{"name":"t","connector":"c","task":3,"discoverTimestamp":7000}}'
    two.put_topic("c", "t", 4)  # known
    await two.flush()
    assert len(log.records) == 1
    one.reset_topics("c")
    await one.flush()
    assert heard == ["c"]
    assert two.topics("c") == []
    two.put_topic("c", "t", 4)
    await two.flush()
    assert one.topics("c") == ["t"]
