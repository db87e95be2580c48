from __future__ import annotations

from barnabas.store.base import Status
from barnabas.store.memory import MemoryConfigStore, MemoryStatusStore
from barnabas.supervisor.api import TaskId


async def test_configs_live_until_their_connector_is_removed():
    store = MemoryConfigStore()
    assert store.connector_config("c") is None
    assert store.target_state("c") == "STARTED"
    await store.put_connector("c", {"a": "1"}, "PAUSED")
    await store.put_task_configs("c", [{"t": "0"}])
    await store.put_connector("c", {"a": "2", "n": None})
    assert store.connectors() == ["c"]
    assert store.connector_config("c") == {"a": "2", "n": None}
    assert store.applied_config("c") == {"a": "1"}
    assert store.target_state("c") == "PAUSED"
    await store.put_target_state("c", "STOPPED")
    assert store.target_state("c") == "STOPPED"
    assert store.task_configs("c") == [{"t": "0"}]
    await store.remove_connector("c")
    assert (store.connectors(), store.task_configs("c"), store.applied_config("c")) == ([], [], None)
    await store.put_task_configs("c", [{}])
    await store.put_target_state("c", "PAUSED")
    assert store.task_configs("c") == []
    assert store.target_state("c") == "STARTED"


def test_statuses_and_topics():
    store = MemoryStatusStore()
    running = Status("RUNNING", "w:1")
    for number in (10, 2):
        store.put_task(TaskId("c", number), running)
    store.put_connector("c", running)
    store.put_topic("c", "t1")
    store.put_topic("c", "t1")
    assert [task.task for task, _ in store.tasks("c")] == [2, 10]
    assert store.topics("c") == ["t1"]
    store.remove_tasks([TaskId("c", 2), TaskId("x", 1)])
    assert store.task(TaskId("c", 2)) is None
    assert store.task(TaskId("c", 10)) == running
    store.reset_topics("c")
    assert store.topics("c") == []
    store.remove_connector("c")
    assert store.connector("c") is None
    assert store.tasks("c") == []
