"""The status topic: what other workers say is seen, what is put is seen at once, and old news does not win."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_log import MemoryLog

from barnabas.errors import ConnectError
from barnabas.store import status_records as records
from barnabas.store.base import Status
from barnabas.store.status_records import StatusKey
from barnabas.store.topic_statuses import TopicStatusStore
from barnabas.supervisor.api import State, TaskId

TASK = TaskId("my-src", 0)


@pytest.fixture
async def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def store(log: MemoryLog) -> TopicStatusStore:
    made = TopicStatusStore(log, "statuses", clock=lambda: 5.0)
    await made.start()
    return made


def status(state: State, worker: str = "us:1", generation: int = 1, **more: Any) -> Status:
    return Status(state, worker, generation, **more)


def raw(found: Status) -> bytes:
    value = records.status_value(found)
    assert value is not None
    return value


def test_bytes_as_a_jvm_worker_writes_them() -> None:
    found = status("RUNNING", "127.0.0.1:28083", 2, version="4.3.1")
    assert raw(found) == (
        b'{"state":"RUNNING","trace":null,"worker_id":"127.0.0.1:28083","generation":2,"version":"4.3.1"}'
    )
    assert records.status_value(status("DESTROYED")) is None
    assert records.topic_value("c", "t", 1, 7) == (
        b'{"topic":{"name":"t","connector":"c","task":1,"discoverTimestamp":7}}'
    )
    assert records.topic_key("c", "t") == b"status-topic-t:connector-c"
    assert records.parse_status(b'{"state":"PAUSED","worker_id":"w","generation":3,"x":1}') == status("PAUSED", "w", 3)
    assert records.parse_status(b'{"state":"NAPPING","worker_id":"w","generation":3}') is None


@given(st.text(min_size=1, alphabet="ab-0:."), st.integers(0, 99), st.text(min_size=1, alphabet="tx._-"))
def test_keys_there_and_back(name: str, number: int, topic: str) -> None:
    assert records.parse_key(records.connector_key(name)) == StatusKey("connector", name)
    assert records.parse_key(records.task_key(TaskId(name, number))) == StatusKey("task", name, number)
    assert records.parse_key(records.topic_key(name, topic)) == StatusKey("topic", name, topic=topic)


async def test_what_is_put_is_seen_at_once_and_written(log: MemoryLog, store: TopicStatusStore) -> None:
    store.put_connector("c", status("RUNNING"))
    store.put_task(TASK, status("RUNNING"))
    store.put_task(TASK, status("FAILED", trace="why"))
    assert store.task(TASK) == status("FAILED", trace="why")
    await store.flush()
    assert log.keys == ["status-connector-c", "status-task-my-src-0", "status-task-my-src-0"]
    assert store.task(TASK) == status("FAILED", trace="why")
    again = TopicStatusStore(log, "statuses")
    await again.start()
    assert (again.task(TASK), again.connector("c")) == (store.task(TASK), store.connector("c"))


async def test_what_others_say_is_seen(log: MemoryLog, store: TopicStatusStore) -> None:
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 4)))
    assert store.task(TASK) == status("RUNNING", "them:1", 4)
    log.say("status-connector-my-src", raw(status("RUNNING", "them:1", 4)))
    log.say("status-connector-my-src", None)
    assert store.connector("my-src") is None
    assert store.task(TASK) is None
    log.say("status-topic-a:connector-c", records.topic_value("c", "a", 0, 1))
    assert store.topics("c") == ["a"]
    log.say("status-topic-a:connector-c", None)
    assert store.topics("c") == []
    for key, value in (("nonsense", b"1"), ("status-task-x", b"1"), ("status-connector-c", b"{")):
        log.say(key, value)
    assert store.connector("c") is None


async def test_old_news_does_not_win(log: MemoryLog, store: TopicStatusStore) -> None:
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 4)))
    store.put_task(TASK, status("UNASSIGNED", generation=3))
    store.put_task(TASK, status("FAILED", generation=3))
    assert store.task(TASK) == status("RUNNING", "them:1", 4)
    store.put_task(TASK, status("UNASSIGNED", generation=4))
    assert store.task(TASK) == status("UNASSIGNED", generation=4)
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 5)))
    await store.flush()
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 5)))
    log.say("status-task-my-src-0", raw(status("UNASSIGNED", "us:1", 5)))
    assert store.task(TASK) == status("RUNNING", "them:1", 5)


async def test_what_was_said_before_ours_does_not_flicker(log: MemoryLog, store: TopicStatusStore) -> None:
    store.put_task(TASK, status("RUNNING", generation=2))
    log.say("status-task-my-src-0", raw(status("UNASSIGNED", "them:1", 1)))
    assert store.task(TASK) == status("RUNNING", generation=2)
    await store.flush()
    assert store.task(TASK) == status("RUNNING", generation=2)


async def test_deletions(log: MemoryLog, store: TopicStatusStore) -> None:
    store.put_connector("my-src", status("RUNNING"))
    store.put_task(TASK, status("RUNNING"))
    store.put_topic("my-src", "t", 1)
    store.put_topic("my-src", "t")
    assert store.known_connectors() == {"my-src"}
    store.remove_connector("my-src")
    await store.flush()
    assert store.known_connectors() == set()
    assert [record.value is None for record in log.records] == [False, False, False, True, True, True]


async def test_a_write_that_fails_is_tried_again(
    log: MemoryLog, store: TopicStatusStore, caplog: pytest.LogCaptureFixture
) -> None:
    log.failing = ConnectError("no leader")
    store.put_connector("c", status("RUNNING"))
    await asyncio.sleep(0.05)
    assert "could not be written" in caplog.text
    log.failing = None
    await asyncio.wait_for(store.flush(), 5)
    assert log.keys == ["status-connector-c"]
    log.say("status-connector-c", raw(status("PAUSED", "them:1")))
    assert store.connector("c") == status("PAUSED", "them:1")


async def test_a_write_that_fails_is_given_up_when_it_is_old_news(log: MemoryLog, store: TopicStatusStore) -> None:
    log.failing = ConnectError("no leader")
    store.put_task(TASK, status("RUNNING", generation=2))
    await asyncio.sleep(0.05)
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 3)))
    log.failing = None
    await asyncio.wait_for(store.flush(), 5)
    assert len(log.keys) == 1
    log.failing = ConnectError("no leader")
    store.put_task(TASK, status("PAUSED", generation=4))
    store.put_task(TASK, status("RUNNING", generation=4))
    await asyncio.sleep(0.05)
    log.failing = None
    await asyncio.wait_for(store.flush(), 5)
    assert [record.value for record in log.records[1:]] == [raw(status("RUNNING", generation=4))]


async def test_a_later_write_that_works_ends_an_earlier_one_that_did_not(
    log: MemoryLog, store: TopicStatusStore
) -> None:
    log.failing = ConnectError("no leader")
    store.put_task(TASK, status("RUNNING", generation=2))
    await asyncio.sleep(0.05)
    log.failing = None
    store.put_task(TASK, status("PAUSED", generation=2))
    await asyncio.wait_for(store.flush(), 5)
    assert len(log.keys) == 1
    log.say("status-task-my-src-0", raw(status("RUNNING", "them:1", 2)))
    assert store.task(TASK) == status("RUNNING", "them:1", 2)


async def test_what_is_not_written_is_given_up_at_the_end(log: MemoryLog, store: TopicStatusStore) -> None:
    log.failing = ConnectError("no leader")
    store.put_connector("c", status("RUNNING"))
    await store.stop()
    assert not store._sending
