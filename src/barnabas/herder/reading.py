"""The half of a herder that only reads: stores, plugins and counters. Both modes have it in common."""

# ruff: noqa: D102  the contracts are on the interface
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from barnabas.errors import BarnabasError, NotFoundError, PluginError
from barnabas.herder.base import (
    Config,
    ConnectorInfo,
    ConnectorStatus,
    Herder,
    NameAndNumber,
    RequestError,
    StateInfo,
    TaskInfo,
    TaskState,
)
from barnabas.herder.checks import refuse_other_kinds, refuse_version, validate
from barnabas.herder.resolving import shown
from barnabas.herder.runner import Surroundings
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.base import Status
from barnabas.supervisor.api import RemoteError, TaskId

__all__ = ["ReadingHerder"]


class ReadingHerder(Herder):
    """Answers from what the stores hold.

    Args:
        around: Stores, plugins and supervisor.
        worker: The worker's configuration.
    """

    def __init__(self, around: Surroundings, worker: WorkerConfig) -> None:
        self._around = around
        self._worker = worker

    def connectors(self) -> list[str]:
        return self._around.configs.connectors()

    def connector_config(self, name: str) -> Config:
        config = self._around.configs.connector_config(name)
        if config is None:
            raise NotFoundError(f"Connector {name} not found")
        return dict(config)

    def connector_info(self, name: str) -> ConnectorInfo:
        return self._info(name, self.connector_config(name))

    def _info(self, name: str, config: Mapping[str, str | None]) -> ConnectorInfo:
        tasks = [_id(TaskId(name, number)) for number in range(len(self._around.configs.task_configs(name)))]
        return ConnectorInfo(name, dict(config), tasks, self._around.classes.kind(config))

    def status(self, name: str) -> ConnectorStatus:
        status = self._around.statuses.connector(name)
        if status is None:
            raise NotFoundError(f"No status found for connector {name}")
        tasks = [_task_state(task, state) for task, state in self._around.statuses.tasks(name)]
        kind = self._around.classes.kind(self._around.configs.connector_config(name))
        info = StateInfo(status.state, status.worker_id, status.version, status.trace)
        return ConnectorStatus(name, info, tasks, kind)

    def status_of_task(self, task: TaskId) -> TaskState:
        status = self._around.statuses.task(task)
        if status is None:
            raise NotFoundError(f"No status found for task {task}")
        return _task_state(task, status)

    def task_infos(self, name: str) -> list[TaskInfo]:
        self.connector_config(name)
        configs = self._around.configs.task_configs(name)
        return [TaskInfo(_id(TaskId(name, number)), dict(config)) for number, config in enumerate(configs)]

    def topics(self, name: str) -> list[str]:
        if not self._worker.values["topic.tracking.enable"]:
            raise RequestError("Topic tracking is disabled.", status=403, key="topic.tracking.enable")
        return self._around.statuses.topics(name)

    async def reset_topics(self, name: str) -> None:
        self.topics(name)
        if not self._worker.values["topic.tracking.allow.reset"]:
            raise RequestError("Topic tracking reset is disabled.", status=403, key="topic.tracking.allow.reset")
        self._around.statuses.reset_topics(name)

    def task_stats(self) -> list[dict[str, Any]]:
        return [self._stats(task, status) for name in self.connectors() for task, status in self._tasks(name)]

    def _tasks(self, name: str) -> list[tuple[TaskId, Status]]:
        return self._around.statuses.tasks(name)

    def _stats(self, task: TaskId, status: Status) -> dict[str, Any]:
        stats = self._around.supervisor.stats(task)
        counters = msgspec.structs.asdict(stats) if stats else {}
        return {"id": str(task), "connector": task.connector, "task": task.task, "state": status.state, **counters}

    def plugins(self, *, connectors_only: bool) -> list[dict[str, str]]:
        return [
            {"class": plugin.name, "type": plugin.kind}
            | ({"version": plugin.version} if plugin.version != "undefined" else {})
            for plugin in self._around.plugins.list(connectors_only)
        ]

    async def plugin_config(self, name: str, version: str | None = None) -> list[dict[str, Any]]:
        refuse_other_kinds(name)
        await self._around.plugins.until_found()
        try:
            plugin = self._around.plugins.find(name, None)
        except PluginError as error:
            raise RequestError(f"Unknown plugin {name}.", status=404, code=error.code, remedy=error.remedy) from error
        refuse_version(plugin, self._around.plugins.list(False), version)
        return await self._around.supervisor.config_def(plugin)

    async def validate(self, config: Mapping[str, str | None]) -> dict[str, Any]:
        name = str(config.get("name"))
        try:
            return shown(await self._validated(name, config), config)
        except RequestError as error:  # the JVM answers 500 here, where creating the same connector is answered 400
            java_class = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException"
            raise RequestError(f"{java_class}: {error.message}", code=error.code, key=error.key) from error
        except RemoteError as error:
            message = f"{error.info.java_class}: {error.message}"
            raise RequestError(message, code=error.code, key=error.key, remedy=error.remedy) from error
        except BarnabasError as error:
            raise RequestError(error.message, code=error.code, key=error.key, remedy=error.remedy) from error
        finally:
            self._forget_unknown(name)

    async def _validated(self, name: str, config: Mapping[str, str | None]) -> dict[str, Any]:
        """Validate a configuration with its values, which are then hidden wherever they turn up."""
        await self._around.plugins.until_found()
        resolver = self._around.resolver
        props = await resolver.for_validation(name, config)
        answer = await validate(props, self._around.classes, self._around.supervisor)
        resolver.validated(name, props, answer)
        return answer

    def _forget_unknown(self, name: str) -> None:
        """What was validated and not stored need not be remembered."""
        if self._around.configs.connector_config(name) is None:
            self._around.resolver.forget(name)


def _id(task: TaskId) -> NameAndNumber:
    return {"connector": task.connector, "task": task.task}


def _task_state(task: TaskId, status: Status) -> TaskState:
    return TaskState(task.task, status.state, status.worker_id, status.version, status.trace)
