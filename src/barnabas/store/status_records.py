"""Records of the status topic: keys and values as Kafka Connect writes them. Pure functions."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, cast, get_args

import orjson

from barnabas.store.base import Status
from barnabas.supervisor.api import State, TaskId

__all__ = [
    "StatusKey",
    "connector_key",
    "parse_key",
    "parse_status",
    "status_value",
    "task_key",
    "topic_key",
    "topic_value",
]

_CONNECTOR: Final = "status-connector-"
_TASK: Final = "status-task-"
_TOPIC: Final = "status-topic-"
_OF_CONNECTOR: Final = ":connector-"
_STATES: Final = frozenset(get_args(State))


class StatusKey(NamedTuple):
    """What a record is about: a connector, a task (``number``), or a ``topic`` that a connector uses."""

    kind: Literal["connector", "task", "topic"]
    name: str
    number: int = -1
    topic: str = ""


def connector_key(name: str) -> bytes:
    """Of a connector's state."""
    return f"{_CONNECTOR}{name}".encode()


def task_key(task: TaskId) -> bytes:
    """Of a task's state."""
    return f"{_TASK}{task.connector}-{task.task}".encode()


def topic_key(connector: str, topic: str) -> bytes:
    """Of a topic that a connector uses (KIP-558)."""
    return f"{_TOPIC}{topic}{_OF_CONNECTOR}{connector}".encode()


def parse_key(key: bytes | None) -> StatusKey | None:
    """What a record is about; ``None`` for keys of nobody we know."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        return None
    if text.startswith(_CONNECTOR):
        return StatusKey("connector", text[len(_CONNECTOR) :])
    if text.startswith(_TASK):
        name, hyphen, number = text[len(_TASK) :].rpartition("-")
        return StatusKey("task", name, int(number)) if hyphen and number.isascii() and number.isdigit() else None
    if text.startswith(_TOPIC):
        topic, colon, connector = text[len(_TOPIC) :].partition(_OF_CONNECTOR)
        return StatusKey("topic", connector, topic=topic) if colon and topic else None
    return None


def status_value(status: Status) -> bytes | None:
    """A state; a tombstone for DESTROYED."""
    if status.state == "DESTROYED":
        return None
    return orjson.dumps(
        {
            "state": status.state,
            "trace": status.trace,
            "worker_id": status.worker_id,
            "generation": status.generation,
            "version": status.version,
        }
    )


def parse_status(value: bytes) -> Status | None:
    """A state; ``None`` if it is malformed."""
    found = _json(value)
    if not isinstance(found, dict):
        return None
    state, worker, generation = found.get("state"), found.get("worker_id"), found.get("generation")
    trace, version = found.get("trace"), found.get("version")
    if state not in _STATES or not isinstance(worker, str) or not isinstance(generation, int):
        return None
    return Status(
        cast("State", state),
        worker,
        generation,
        trace if isinstance(trace, str) else None,
        version if isinstance(version, str) else None,
    )


def topic_value(connector: str, topic: str, task: int, discovered_ms: int) -> bytes:
    """A topic that a connector uses."""
    entry = {"name": topic, "connector": connector, "task": task, "discoverTimestamp": discovered_ms}
    return orjson.dumps({"topic": entry})


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
