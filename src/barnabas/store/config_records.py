"""Records of the config topic: keys and values as Kafka Connect writes them. Pure functions.

Values are JSON without a schema, compact, members in the order of Kafka Connect's own schemas. A reader takes members
in any order and ignores those it does not know.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
import orjson

from barnabas.errors import DataError
from barnabas.supervisor.api import TargetState, TaskId

__all__ = [
    "ConfigKey",
    "RestartRequest",
    "SessionKey",
    "commit_key",
    "connector_key",
    "count_value",
    "fencing_key",
    "fencing_value",
    "level_of",
    "logger_key",
    "logger_value",
    "number_of",
    "parse_key",
    "parse_value",
    "properties_of",
    "properties_value",
    "restart_key",
    "restart_of",
    "restart_value",
    "session_key_key",
    "session_key_of",
    "session_key_value",
    "target_key",
    "target_of",
    "target_value",
    "task_key",
]

KeyKind = Literal[
    "target-state", "connector", "task", "commit", "restart-connector", "tasks-fencing", "session-key", "logger"
]

_PREFIXES: Final[tuple[tuple[str, KeyKind], ...]] = (
    ("target-state-", "target-state"),
    ("connector-", "connector"),
    ("task-", "task"),
    ("commit-", "commit"),
    ("restart-connector-", "restart-connector"),
    ("tasks-fencing-", "tasks-fencing"),
    ("logger-cluster-", "logger"),
)
_SESSION: Final = "session-key"


class ConfigKey(NamedTuple):
    """What a record is about: a connector, a task (``number``), a logger, or the whole cluster (empty name)."""

    kind: KeyKind
    name: str
    number: int = -1


class SessionKey(msgspec.Struct, frozen=True):
    """The key that internal requests are signed with (KIP-507).

    Args:
        key: The raw key; secret.
        algorithm: That it was made for.
        created_ms: When, in milliseconds since the epoch.
    """

    key: bytes
    algorithm: str
    created_ms: int

    def __repr__(self) -> str:
        return f"SessionKey(algorithm={self.algorithm!r}, created_ms={self.created_ms})"


class RestartRequest(msgspec.Struct, frozen=True):
    """A request to restart a connector, for every worker that runs a part of it (KIP-745)."""

    connector: str
    only_failed: bool = False
    include_tasks: bool = False

    @property
    def impact(self) -> int:
        """How much it restarts: of several waiting ones the greatest counts."""
        return (0 if self.only_failed else 2) + (1 if self.include_tasks else 0)


# ---------------------------------------------------------------------- keys
def parse_key(key: bytes | None) -> ConfigKey | None:
    """What a record is about; ``None`` for keys of nobody we know."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        return None
    for prefix, kind in _PREFIXES:
        if text.startswith(prefix):
            return _task_key(text[len(prefix) :]) if kind == "task" else ConfigKey(kind, text[len(prefix) :])
    return ConfigKey("session-key", "") if text == _SESSION else None


def _task_key(text: str) -> ConfigKey | None:
    """The number is what follows the last hyphen: names may have hyphens and digits themselves."""
    name, hyphen, number = text.rpartition("-")
    return ConfigKey("task", name, int(number)) if hyphen and number.isascii() and number.isdigit() else None


def connector_key(name: str) -> bytes:
    """Of a connector's configuration."""
    return f"connector-{name}".encode()


def target_key(name: str) -> bytes:
    """Of what the user wants a connector to be."""
    return f"target-state-{name}".encode()


def task_key(task: TaskId) -> bytes:
    """Of a task's configuration."""
    return f"task-{task.connector}-{task.task}".encode()


def commit_key(name: str) -> bytes:
    """Of the record that puts a set of task configurations into force."""
    return f"commit-{name}".encode()


def fencing_key(name: str) -> bytes:
    """Of the record that says for how many tasks zombies were fenced (KIP-618)."""
    return f"tasks-fencing-{name}".encode()


def restart_key(name: str) -> bytes:
    """Of a restart request."""
    return f"restart-connector-{name}".encode()


def logger_key(namespace: str) -> bytes:
    """Of a log level for all workers (KIP-976)."""
    return f"logger-cluster-{namespace}".encode()


def session_key_key() -> bytes:
    """Of the session key."""
    return _SESSION.encode()


# ---------------------------------------------------------------------- values
def parse_value(value: bytes | None) -> Any:
    """The JSON of a value; ``None`` for a tombstone.

    Raises:
        DataError: It is no JSON. Such a record does not even count as read.
    """
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise DataError("A record of the config topic is no JSON.", code="BRN-3111") from error


def properties_value(config: Mapping[str, str | None]) -> bytes:
    """A connector's or task's configuration."""
    return orjson.dumps({"properties": dict(config)})


def properties_of(value: Any) -> dict[str, str | None] | None:
    """The configuration in a value; ``None`` if there is none in it."""
    found = value.get("properties") if isinstance(value, dict) else None
    if not isinstance(found, dict):
        return None
    return {key: item if item is None or isinstance(item, str) else str(item) for key, item in found.items()}


def target_value(target: TargetState) -> bytes:
    """What the user wants, also in the words of workers that do not know STOPPED."""
    return orjson.dumps({"state": "PAUSED" if target == "STOPPED" else target, "state.v2": target})


def target_of(value: Any) -> TargetState | None:
    """The target state in a value; ``None`` if it is none that we know."""
    if not isinstance(value, dict):
        return None
    state = value.get("state.v2") or value.get("state")
    return state if state in ("STARTED", "PAUSED", "STOPPED") else None


def count_value(tasks: int) -> bytes:
    """How many task configurations there are."""
    return orjson.dumps({"tasks": tasks})


def fencing_value(tasks: int) -> bytes:
    """For how many tasks zombies were fenced."""
    return orjson.dumps({"task-count": tasks})


def number_of(value: Any, member: str) -> int | None:
    """A whole number in a value."""
    found = value.get(member) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def session_key_value(key: SessionKey) -> bytes:
    """The session key, for every worker to read."""
    text = b64encode(key.key).decode()
    return orjson.dumps({"key": text, "algorithm": key.algorithm, "creation-timestamp": key.created_ms})


def session_key_of(value: Any) -> SessionKey | None:
    """The session key in a value."""
    created = number_of(value, "creation-timestamp")
    if created is None or not isinstance(value.get("key"), str) or not isinstance(value.get("algorithm"), str):
        return None
    try:
        return SessionKey(b64decode(value["key"], validate=True), value["algorithm"], created)
    except ValueError:
        return None


def restart_value(request: RestartRequest) -> bytes:
    """What to restart."""
    return orjson.dumps({"include-tasks": request.include_tasks, "only-failed": request.only_failed})


def restart_of(name: str, value: Any) -> RestartRequest | None:
    """The restart request in a value; what it does not say is false."""
    if not isinstance(value, dict):
        return None
    return RestartRequest(name, value.get("only-failed") is True, value.get("include-tasks") is True)


def logger_value(level: str) -> bytes:
    """A log level."""
    return orjson.dumps({"level": level})


def level_of(value: Any) -> str | None:
    """The log level in a value."""
    level = value.get("level") if isinstance(value, dict) else None
    return level if isinstance(level, str) else None
