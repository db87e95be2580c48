"""The config topic: what a JVM worker wrote is read, and what is written can be read by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_log import MemoryLog

from barnabas.errors import ConnectError
from barnabas.store import config_records as records
from barnabas.store.config_records import ConfigKey, RestartRequest, SessionKey
from barnabas.store.config_state import (
    ConfigState,
    ConnectorChanged,
    ConnectorRemoved,
    LoggerLevelSet,
    RestartAsked,
    SessionKeyChanged,
    TargetChanged,
    TasksChanged,
)
from barnabas.store.topic_configs import TopicConfigStore
from barnabas.supervisor.api import TaskId

TASK = b'{"properties":{"task.class":"T","file":"/a"}}'


class Reader:
    """Feeds a state with records."""

    def __init__(self) -> None:
        self.state = ConfigState()
        self.offset = 0

    def __call__(self, key: str, value: Any) -> list[Any]:
        data = value if isinstance(value, bytes | None) else json.dumps(value).encode()
        found = self.state.apply(self.offset, key.encode(), data)
        self.offset += 1
        return found


@pytest.fixture
def read() -> Reader:
    return Reader()


def configure(read: Reader, name: str, tasks: int) -> None:
    read(f"connector-{name}", {"properties": {"name": name}})
    for number in range(tasks):
        read(f"task-{name}-{number}", TASK)
    read(f"commit-{name}", {"tasks": tasks})


def test_a_connector_and_its_tasks(read: Reader) -> None:
    assert read.state.offset == -1
    assert read("connector-my-1", {"properties": {"a": "1", "b": None}, "new": 1}) == [ConnectorChanged("my-1", True)]
    assert read.state.connectors == {"my-1": {"a": "1", "b": None}}
    assert read.state.targets == {"my-1": "STARTED"}
    assert read("task-my-1-0", TASK) == []
    assert read("task-my-1-1", TASK) == []
    assert read.state.task_configs("my-1") == []
    assert read("commit-my-1", {"tasks": 2}) == [TasksChanged("my-1", (TaskId("my-1", 0), TaskId("my-1", 1)))]
    assert read.state.items() == [TaskId("my-1", 0), TaskId("my-1", 1)]
    assert read.state.task_configs("my-1")[0] == {"task.class": "T", "file": "/a"}
    assert read.state.offset == 4
    assert read("connector-my-1", {"properties": {"a": "2"}}) == [ConnectorChanged("my-1", False)]
    assert read.state.applied["my-1"] == {"a": "1", "b": None}


def test_fewer_tasks(read: Reader) -> None:
    configure(read, "c", 3)
    read("task-c-0", TASK)
    read("commit-c", {"tasks": 1})
    assert read.state.items() == [TaskId("c", 0)]
    assert read.state.generations == {"c": 1}
    read("commit-c", {"tasks": 0})
    assert read.state.items() == []
    assert read.state.generations == {"c": 2}


def test_tasks_that_compaction_took_away(read: Reader) -> None:
    read("connector-c", {"properties": {}})
    read("task-c-1", TASK)
    assert read("commit-c", {"tasks": 2}) == [TasksChanged("c", (TaskId("c", 1),))]
    assert read.state.inconsistent == {"c"}
    assert read.state.task_configs("c") == []
    configure(read, "c", 2)
    assert read.state.inconsistent == set()
    assert len(read.state.items()) == 2


def test_target_states(read: Reader) -> None:
    assert read("target-state-c", {"state": "PAUSED", "state.v2": "STOPPED"}) == []
    assert read("connector-c", {"properties": {}}) == [ConnectorChanged("c", True)]
    assert read.state.targets == {"c": "STOPPED"}
    assert read("target-state-c", {"state": "STARTED"}) == [TargetChanged("c")]
    assert read("target-state-c", {"state": "STARTED"}) == []
    assert read("target-state-c", {"state": "NAPPING"}) == []
    assert read("target-state-c", {"state": "PAUSED"}) == [TargetChanged("c")]
    assert read("target-state-c", None) == []
    assert read.state.targets == {"c": "STARTED"}


def test_deleted_connectors_leave_nothing_but_their_generation(read: Reader) -> None:
    configure(read, "c", 1)
    assert read("connector-c", None) == [ConnectorRemoved("c")]
    read("target-state-c", None)
    assert (read.state.connectors, read.state.targets, read.state.items()) == ({}, {}, [])
    assert read("connector-c", None) == []
    read("connector-c", {"properties": {}})
    assert read.state.task_configs("c") == []
    configure(read, "c", 1)
    assert read.state.generations == {"c": 1}


def test_a_commit_without_a_connector_is_a_deletion(read: Reader) -> None:
    """Compaction took the old configuration and its tombstone: its tasks must not come back."""
    read("task-c-0", TASK)
    assert read("commit-c", {"tasks": 1}) == []
    read("connector-c", {"properties": {}})
    assert read.state.task_configs("c") == []
    assert read.state.inconsistent == set()


def test_orders(read: Reader) -> None:
    assert read("restart-connector-c", {"include-tasks": True}) == [RestartAsked(RestartRequest("c", False, True))]
    assert read("restart-connector-c", {"only-failed": "yes"}) == [RestartAsked(RestartRequest("c"))]
    assert read("logger-cluster-a.b", {"level": "DEBUG"}) == [LoggerLevelSet("a.b", "DEBUG")]
    key = SessionKey(b"\x01\x02", "HmacSHA256", 17)
    assert read("session-key", records.session_key_value(key)) == [SessionKeyChanged(key)]
    assert read.state.session_key == key
    assert "\\x01" not in repr(key)
    read("connector-c", {"properties": {}})
    configure(read, "c", 2)
    assert read.state.pending_fencing == {"c"}
    read("tasks-fencing-c", {"task-count": 2})
    assert (read.state.fenced, read.state.pending_fencing) == ({"c": 2}, set())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("connector-c", 1),
        ("connector-c", {"properties": []}),
        ("task-c-0", {}),
        ("task-c-x", {"properties": {}}),
        ("commit-c", {"tasks": "2"}),
        ("commit-c", None),
        ("target-state-c", []),
        ("tasks-fencing-c", {}),
        ("session-key", {"key": "%", "algorithm": "a", "creation-timestamp": 1}),
        ("session-key", {"key": "aaaa"}),
        ("restart-connector-c", None),
        ("logger-cluster-c", {}),
        ("something", {"a": 1}),
    ],
)
def test_what_is_malformed_counts_as_read(read: Reader, key: str, value: Any) -> None:
    assert read(key, value) == []
    assert read.state.offset == 1
    assert read.state.connectors == {}


def test_what_is_no_json_does_not(read: Reader) -> None:
    assert read("connector-c", b"{") == []
    assert read.state.offset == -1


def test_bytes_as_a_jvm_worker_writes_them() -> None:
    assert records.properties_value({"a": "1", "b": None}) == b'{"properties":{"a":"1","b":null}}'
    assert records.target_value("STOPPED") == b'{"state":"PAUSED","state.v2":"STOPPED"}'
    assert records.target_value("STARTED") == b'{"state":"STARTED","state.v2":"STARTED"}'
    assert records.count_value(3) == b'{"tasks":3}'
    assert records.fencing_value(1) == b'{"task-count":1}'
    assert records.restart_value(RestartRequest("c", only_failed=True)) == b'{"include-tasks":false,"only-failed":true}'
    assert records.logger_value("INFO") == b'{"level":"INFO"}'
    assert records.session_key_value(SessionKey(b"k", "HmacSHA256", 5)) == (
        b'{"key":"aw==","algorithm":"HmacSHA256","creation-timestamp":5}'
    )


@given(st.text(min_size=1), st.integers(0, 10**6))
def test_keys_there_and_back(name: str, number: int) -> None:
    try:
        assert records.parse_key(records.task_key(TaskId(name, number))) == ConfigKey("task", name, number)
    except UnicodeEncodeError:
        return
    assert records.parse_key(records.connector_key(name)) == ConfigKey("connector", name)
    assert records.parse_key(records.commit_key(name)) == ConfigKey("commit", name)
    assert records.parse_key(records.restart_key(name)) == ConfigKey("restart-connector", name)


@given(st.lists(st.tuples(st.binary(max_size=30), st.none() | st.binary(max_size=30))))
def test_other_bytes_stop_nothing(entries: list[tuple[bytes, bytes | None]]) -> None:
    state = ConfigState()
    for offset, (key, value) in enumerate(entries):
        state.apply(offset, key, value)
    assert state.connectors == {}


async def test_the_order_of_writes() -> None:
    log, events = MemoryLog(), []
    store = TopicConfigStore(log, "configs")
    store.listen(events.append)
    await store.start()
    await store.put_connector("c", {"name": "c"}, "STOPPED")
    await store.put_task_configs("c", [{"a": "0"}, {"a": "1"}])
    await store.put_target_state("c", "STARTED")
    assert store.task_configs("c") == [{"a": "0"}, {"a": "1"}]
    assert store.applied_config("c") == {"name": "c"}
    await store.put_restart(RestartRequest("c"))
    await store.remove_connector("c")
    assert store.connectors() == []
    assert log.keys == [
        "target-state-c",
        "connector-c",
        "task-c-0",
        "task-c-1",
        "commit-c",
        "target-state-c",
        "restart-connector-c",
        "connector-c",
        "target-state-c",
    ]
    assert [type(event).__name__ for event in events] == [
        "ConnectorChanged",
        "TasksChanged",
        "TargetChanged",
        "RestartAsked",
        "ConnectorRemoved",
    ]
    again, late = TopicConfigStore(log, "configs"), len(events)
    again.listen(events.append)
    await again.start()
    assert len(events) == late
    assert again.state.offset == 9


async def test_a_write_that_fails_says_so() -> None:
    log = MemoryLog()
    store = TopicConfigStore(log, "configs")
    await store.start()
    log.failing = ConnectError("no leader")
    with pytest.raises(ConnectError, match="Error writing the configuration of connector c to Kafka: no leader"):
        await store.put_connector("c", {})
