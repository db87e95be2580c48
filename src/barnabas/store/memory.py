"""Stores that forget everything when the worker ends: configurations and statuses of standalone mode, and for tests."""

# ruff: noqa: D102  the contracts are on the interfaces
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from barnabas.store.base import ConfigStore, Status, StatusStore
from barnabas.supervisor.api import TargetState, TaskId

__all__ = ["MemoryConfigStore", "MemoryStatusStore"]


class _Connector(msgspec.Struct):
    config: dict[str, str | None]
    target: TargetState = "STARTED"
    task_configs: list[dict[str, str]] = []
    applied: dict[str, str | None] | None = None


class MemoryConfigStore(ConfigStore):
    """Configurations in memory."""

    def __init__(self) -> None:
        self._connectors: dict[str, _Connector] = {}

    def connectors(self) -> list[str]:
        return list(self._connectors)

    def connector_config(self, name: str) -> dict[str, str | None] | None:
        known = self._connectors.get(name)
        return known.config if known else None

    def target_state(self, name: str) -> TargetState:
        known = self._connectors.get(name)
        return known.target if known else "STARTED"

    def task_configs(self, name: str) -> list[dict[str, str]]:
        known = self._connectors.get(name)
        return known.task_configs if known else []

    def applied_config(self, name: str) -> dict[str, str | None] | None:
        known = self._connectors.get(name)
        return known.applied if known else None

    async def put_connector(
        self, name: str, config: Mapping[str, str | None], target: TargetState | None = None
    ) -> None:
        known = self._connectors.get(name)
        if known is None:
            self._connectors[name] = _Connector(dict(config), target or "STARTED")
            return
        known.config = dict(config)
        known.target = target or known.target

    async def remove_connector(self, name: str) -> None:
        self._connectors.pop(name, None)

    async def put_task_configs(self, name: str, configs: Sequence[Mapping[str, str]]) -> None:
        known = self._connectors.get(name)
        if known is not None:
            known.task_configs = [dict(config) for config in configs]
            known.applied = dict(known.config)

    async def put_target_state(self, name: str, target: TargetState) -> None:
        known = self._connectors.get(name)
        if known is not None:
            known.target = target


class MemoryStatusStore(StatusStore):
    """Statuses and topics in memory."""

    def __init__(self) -> None:
        self._connectors: dict[str, Status] = {}
        self._tasks: dict[str, dict[int, Status]] = {}
        self._topics: dict[str, dict[str, None]] = {}
        self._on_reset: Callable[[str], None] = lambda _: None

    def connector(self, name: str) -> Status | None:
        return self._connectors.get(name)

    def task(self, task: TaskId) -> Status | None:
        return self._tasks.get(task.connector, {}).get(task.task)

    def tasks(self, connector: str) -> list[tuple[TaskId, Status]]:
        known = self._tasks.get(connector, {})
        return [(TaskId(connector, number), known[number]) for number in sorted(known)]

    def put_connector(self, name: str, status: Status) -> None:
        self._connectors[name] = status

    def put_task(self, task: TaskId, status: Status) -> None:
        self._tasks.setdefault(task.connector, {})[task.task] = status

    def remove_tasks(self, tasks: Iterable[TaskId]) -> None:
        for task in tasks:
            self._tasks.get(task.connector, {}).pop(task.task, None)

    def remove_connector(self, name: str) -> None:
        for kind in (self._connectors, self._tasks, self._topics):
            kind.pop(name, None)

    def topics(self, connector: str) -> list[str]:
        return list(self._topics.get(connector, ()))

    def put_topic(self, connector: str, topic: str, task: int = 0) -> None:
        del task  # of interest to readers of the topic only
        self._topics.setdefault(connector, {})[topic] = None

    def reset_topics(self, connector: str) -> None:
        self._topics.pop(connector, None)
        self._on_reset(connector)

    def listen_to_resets(self, on_reset: Callable[[str], None]) -> None:
        self._on_reset = on_reset
