"""What the records of the config topic add up to. Pure: records in, state and events out.

The rules are those of Kafka Connect's own store, because workers of both kinds read the same topic: task configurations
count only once their commit record has come, a commit whose tasks compaction has taken away makes the connector
inconsistent until it is configured anew, and the task records of a deleted connector are never used again.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec

from barnabas.errors import DataError
from barnabas.store import config_records as records
from barnabas.store.config_records import ConfigKey, RestartRequest, SessionKey
from barnabas.supervisor.api import TargetState, TaskId

__all__ = [
    "ConfigEvent",
    "ConfigState",
    "ConnectorChanged",
    "ConnectorRemoved",
    "LoggerLevelSet",
    "RestartAsked",
    "SessionKeyChanged",
    "TargetChanged",
    "TasksChanged",
]

log = logging.getLogger(__name__)


class ConnectorChanged(msgspec.Struct, frozen=True):
    """A connector has a configuration, new or another one."""

    name: str
    created: bool


class ConnectorRemoved(msgspec.Struct, frozen=True):
    """A connector was deleted."""

    name: str


class TargetChanged(msgspec.Struct, frozen=True):
    """The user wants an existing connector to be something else."""

    name: str


class TasksChanged(msgspec.Struct, frozen=True):
    """A connector has another set of task configurations: these were written."""

    name: str
    tasks: tuple[TaskId, ...]


class SessionKeyChanged(msgspec.Struct, frozen=True):
    """Internal requests are signed with another key."""

    key: SessionKey


class RestartAsked(msgspec.Struct, frozen=True):
    """Every worker is to restart its part of a connector."""

    request: RestartRequest


class LoggerLevelSet(msgspec.Struct, frozen=True):
    """Every worker is to log in another detail."""

    namespace: str
    level: str


ConfigEvent = (
    ConnectorChanged
    | ConnectorRemoved
    | TargetChanged
    | TasksChanged
    | SessionKeyChanged
    | RestartAsked
    | LoggerLevelSet
)

_STARTED: Final[TargetState] = "STARTED"


class ConfigState:
    """The cluster's configuration, as far as the topic was read.

    Attributes:
        offset: After the last record read; -1 before any.
        session_key: For internal requests.
        connectors: Configurations by name, in the order of their creation.
        targets: What the user wants.
        applied: The connector configurations that the task configurations in force were made from.
        inconsistent: Connectors whose task configurations are not all there.
        generations: How often a connector's tasks were configured; outlives the connector.
        task_counts: How many tasks each connector has.
        fenced: For how many tasks zombies were fenced last.
        pending_fencing: Connectors whose tasks were configured since then.
    """

    def __init__(self) -> None:
        self.offset = -1
        self.session_key: SessionKey | None = None
        self.connectors: dict[str, dict[str, str | None]] = {}
        self.targets: dict[str, TargetState] = {}
        self.applied: dict[str, dict[str, str | None]] = {}
        self.inconsistent: set[str] = set()
        self.generations: dict[str, int] = {}
        self.task_counts: dict[str, int] = {}
        self.fenced: dict[str, int] = {}
        self.pending_fencing: set[str] = set()
        self._tasks: dict[str, dict[int, dict[str, str]]] = {}
        self._deferred: dict[str, dict[int, dict[str, str]]] = {}
        self._highest: dict[str, int] = {}

    def task_configs(self, name: str) -> list[dict[str, str]]:
        """The task configurations in force; none while they are inconsistent."""
        if name in self.inconsistent:
            return []
        known = self._tasks.get(name, {})
        return [known[number] for number in range(self.task_counts.get(name, 0)) if number in known]

    def highest_task(self, name: str) -> int:
        """The highest number that a task of the connector ever had; -1 if it never had one."""
        return self._highest.get(name, -1)

    def items(self) -> list[TaskId]:
        """All tasks of all connectors."""
        return [TaskId(name, number) for name in self.connectors for number in range(len(self.task_configs(name)))]

    # ------------------------------------------------------------------ reading
    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> list[ConfigEvent]:
        """Take in one record; what is malformed is logged and left out."""
        try:
            parsed = records.parse_value(value)
        except DataError as error:
            log.error("The record at offset %d of the config topic is ignored: %s", offset, error.message)  # noqa: TRY400
            return []
        self.offset = offset + 1
        about = records.parse_key(key)
        if about is None:
            log.error("The record at offset %d of the config topic is about nothing known: %r", offset, key)
            return []
        return self._apply(about, parsed, tombstone=value is None, offset=offset)

    def _apply(self, about: ConfigKey, value: Any, *, tombstone: bool, offset: int) -> list[ConfigEvent]:
        match about.kind:
            case "target-state":
                return self._target(about.name, value, tombstone=tombstone)
            case "connector":
                return self._connector(about.name, value, tombstone=tombstone)
            case "task":
                return self._task(about, value, tombstone=tombstone)
            case "commit":
                return self._commit(about.name, records.number_of(value, "tasks"))
            case "tasks-fencing":
                return self._fencing(about.name, records.number_of(value, "task-count"))
        found = self._order(about, value)
        if not found and not tombstone:
            log.error("The record at offset %d of the config topic is malformed: %s", offset, about.kind)
        return found

    def _order(self, about: ConfigKey, value: Any) -> list[ConfigEvent]:
        """Records that say what to do rather than what is."""
        if about.kind == "session-key" and (key := records.session_key_of(value)) is not None:
            self.session_key = key
            return [SessionKeyChanged(key)]
        if about.kind == "restart-connector" and (request := records.restart_of(about.name, value)) is not None:
            return [RestartAsked(request)]
        if about.kind == "logger" and (level := records.level_of(value)) is not None:
            return [LoggerLevelSet(about.name, level)]
        return []

    def _target(self, name: str, value: Any, *, tombstone: bool) -> list[ConfigEvent]:
        if tombstone:
            self.targets.pop(name, None)
            if name in self.connectors:
                self.targets[name] = _STARTED
            return []
        target = records.target_of(value)
        if target is None:
            log.error("Connector %s has a target state that is not known: it keeps its own.", name)
            return []
        before, self.targets[name] = self.targets.get(name), target
        return [TargetChanged(name)] if name in self.connectors and before != target else []

    def _connector(self, name: str, value: Any, *, tombstone: bool) -> list[ConfigEvent]:
        if tombstone:
            known = name in self.connectors
            self._forget(name)
            return [ConnectorRemoved(name)] if known else []
        config = records.properties_of(value)
        if config is None:
            log.error("The configuration of connector %s is malformed and ignored.", name)
            return []
        created = name not in self.connectors
        self.connectors[name] = config
        self.targets.setdefault(name, _STARTED)
        return [ConnectorChanged(name, created)]

    def _forget(self, name: str) -> None:
        """All but the target state, which has a tombstone of its own, and the generation."""
        known: tuple[dict[str, Any], ...] = (
            self.connectors,
            self.applied,
            self.task_counts,
            self._tasks,
            self._deferred,
            self._highest,
        )
        for table in known:
            table.pop(name, None)
        self.inconsistent.discard(name)

    def _task(self, about: ConfigKey, value: Any, *, tombstone: bool) -> list[ConfigEvent]:
        if tombstone:
            return []
        config = records.properties_of(value)
        if config is None:
            log.error("The configuration of task %s-%d is malformed and ignored.", about.name, about.number)
            return []
        plain = {key: text for key, text in config.items() if text is not None}
        self._deferred.setdefault(about.name, {})[about.number] = plain
        return []

    def _commit(self, name: str, count: int | None) -> list[ConfigEvent]:
        if count is None:
            log.error("The commit record of connector %s is malformed and ignored.", name)
            return []
        if name not in self.connectors:  # deleted, and compaction has taken its tombstone away
            self._forget(name)
            return []
        deferred = self._deferred.pop(name, None) or {}
        if any(number not in deferred for number in range(count)):
            self.inconsistent.add(name)
            log.warning("Connector %s: task configurations are missing from the config topic. Configure it anew.", name)
        else:
            self._tasks[name] = deferred
            self.generations[name] = self.generations.get(name, -1) + 1
            self.inconsistent.discard(name)
            self.applied[name] = dict(self.connectors[name])
        self.task_counts[name] = count
        self._highest[name] = max(count - 1, self._highest.get(name, -1))
        self.pending_fencing.add(name)
        return [TasksChanged(name, tuple(TaskId(name, number) for number in sorted(deferred)))]

    def _fencing(self, name: str, count: int | None) -> list[ConfigEvent]:
        if count is None:
            log.error("The record about fenced tasks of connector %s is malformed and ignored.", name)
            return []
        self.fenced[name] = count
        self.pending_fencing.discard(name)
        return []
