"""What REST knows of a worker: one interface, the answers it gives and the errors it raises.

A herder is used on the worker's event loop. Reads answer at once from memory. A request that changes something returns
when that is stored *and* either in force or :data:`ANSWER_AFTER` seconds old: what plugin code does afterwards, or
fails to do, is seen in the status.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from barnabas.errors import ConnectError
from barnabas.log_levels import LoggerLevel
from barnabas.supervisor.api import PluginKind, PluginRef, State, TargetState, TaskId

__all__ = [
    "ANSWER_AFTER",
    "HEALTH_AFTER",
    "BadRequestError",
    "ConnectorInfo",
    "ConnectorStatus",
    "Created",
    "ElsewhereError",
    "Health",
    "Herder",
    "Plugins",
    "RequestError",
    "RequestedOffsets",
    "ServerInfo",
    "StateInfo",
    "TaskInfo",
    "TaskState",
    "WorkerInfo",
    "WorkerRole",
    "Workers",
]

ANSWER_AFTER = 0.8
"""Seconds after which a change that waits for plugin code is answered."""

HEALTH_AFTER = 10.0
"""Seconds after which a worker that does not get its work done is told to be unhealthy."""

RequestedOffsets = list[tuple[dict[str, Any] | None, dict[str, Any] | None]]
"""Partitions and their new offsets; see ``barnabas.herder.offsets``."""

NameAndNumber = dict[str, str | int]
Config = dict[str, str | None]


class RequestError(ConnectError):
    """A request that cannot be granted, with the HTTP status that says why."""

    code = "BRN-3020"

    def __init__(self, message: str, *, status: int = 500, **details: Any) -> None:
        super().__init__(message, **details)
        self.status = status


class BadRequestError(RequestError):
    """The request itself is wrong: HTTP 400."""

    code = "BRN-3021"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, **{"status": 400, **details})


class ElsewhereError(RequestError):
    """Only another worker can grant the request: REST passes it on to ``url``."""

    code = "BRN-3126"

    def __init__(self, url: str) -> None:
        super().__init__(f"This request is for the worker at {url}.", status=409)
        self.url = url


class ServerInfo(msgspec.Struct):
    """``GET /``."""

    version: str
    commit: str
    kafka_cluster_id: str | None


class Health(msgspec.Struct):
    """``GET /health`` (KIP-1017)."""

    status: Literal["starting", "healthy", "unhealthy"]
    message: str


class ConnectorInfo(msgspec.Struct):
    """``GET /connectors/{c}``; ``tasks`` are ``{"connector", "task"}``."""

    name: str
    config: Config
    tasks: list[NameAndNumber]
    type: str


class StateInfo(msgspec.Struct, omit_defaults=True):
    """The state of a connector: ``trace`` only after a failure, ``version`` is null when the plugin says none."""

    state: State
    worker_id: str
    version: str | None
    trace: str | None = None


class TaskState(msgspec.Struct, omit_defaults=True):
    """The state of a task."""

    id: int
    state: State
    worker_id: str
    version: str | None
    trace: str | None = None


class ConnectorStatus(msgspec.Struct):
    """``GET /connectors/{c}/status``."""

    name: str
    connector: StateInfo
    tasks: list[TaskState]
    type: str


class TaskInfo(msgspec.Struct):
    """An element of ``GET /connectors/{c}/tasks``."""

    id: NameAndNumber
    config: dict[str, str]


class Created(msgspec.Struct):
    """What became of a configuration: ``created`` is false when it replaced one."""

    created: bool
    info: ConnectorInfo


WorkerRole = Literal["LEADER", "MEMBER", "STANDALONE", "LOST"]
"""LOST: it is gone and has not given up its work."""


class WorkerInfo(msgspec.Struct):
    """A worker and what it runs.

    Args:
        worker_id: ``host:port``, as in statuses.
        state: What it is in its group.
        url: As advertised; ``None``: not known.
        connectors: Names of those whose object it runs.
        tasks: ``name-number`` of those that it runs.
        since: Of a lost one: seconds since the epoch when it was missed, where that is known.
    """

    worker_id: str
    state: WorkerRole
    url: str | None = None
    connectors: list[str] = msgspec.field(default_factory=list)
    tasks: list[str] = msgspec.field(default_factory=list)
    since: float | None = None


class Workers(msgspec.Struct):
    """``GET /workers``: ``summary`` is ``2 of 3`` where one of three is lost."""

    summary: str
    present: int
    known: int
    workers: list[WorkerInfo]

    @classmethod
    def of(cls, workers: list[WorkerInfo]) -> Workers:
        """Count them."""
        present = sum(worker.state != "LOST" for worker in workers)
        return cls(f"{present} of {len(workers)}", present, len(workers), workers)


class Plugins(Protocol):
    """Which plugin classes there are; see ``barnabas.plugins``."""

    def find_connector(self, name: str) -> PluginRef:
        """The connector of this name or alias; raises :class:`~barnabas.errors.PluginError`."""

    def find(self, name: str, kind: PluginKind | None = None) -> PluginRef:
        """The plugin of this name or alias; raises :class:`~barnabas.errors.PluginError`."""

    def list(self, connectors_only: bool = True) -> list[PluginRef]:
        """All plugins that REST lists, in its order."""

    async def until_found(self) -> None:
        """Return once all plugins are known that there are."""


class Herder(ABC):
    """A worker, as REST sees it.

    Errors: :class:`~barnabas.errors.NotFoundError` is answered with 404, :class:`~barnabas.errors.AlreadyExistsError`
    with 409, :class:`RequestError` with its status, everything else with 500.
    """

    # ------------------------------------------------------------------ the worker
    @abstractmethod
    def server_info(self) -> ServerInfo:
        """Version, commit and Kafka cluster."""

    @abstractmethod
    async def health(self) -> Health:
        """Whether the worker has started and gets its work done; waits at most :data:`HEALTH_AFTER` seconds."""

    @abstractmethod
    def stage(self) -> str:
        """What the worker is doing, or did last, as a sentence: what requests that time out are told."""

    # ------------------------------------------------------------------ logging
    @abstractmethod
    def loggers(self) -> dict[str, LoggerLevel]:
        """The loggers of this worker, by name."""

    @abstractmethod
    def logger(self, name: str) -> LoggerLevel:
        """One of them; raises :class:`~barnabas.errors.NotFoundError`."""

    @abstractmethod
    def set_logger(self, name: str, level: str) -> list[str]:
        """Change a logger and all below it on this worker, in the processes of its plugins too.

        Returns:
            Those of this worker's own whose level has changed.
        """

    @abstractmethod
    async def set_cluster_logger(self, name: str, level: str) -> None:
        """The same on every worker that runs now (KIP-976)."""

    @abstractmethod
    def task_stats(self) -> list[dict[str, Any]]:
        """Counters of every task on this worker; never waits for a task."""

    @abstractmethod
    async def until_started(self) -> None:
        """Wait until what is stored is known: requests about connectors are not answered before."""

    # ------------------------------------------------------------------ reading
    @abstractmethod
    def connectors(self) -> list[str]:
        """Names of all connectors."""

    @abstractmethod
    def connector_info(self, name: str) -> ConnectorInfo:
        """Configuration, tasks and type of a connector."""

    @abstractmethod
    def connector_config(self, name: str) -> Config:
        """A connector's configuration, unresolved."""

    @abstractmethod
    def status(self, name: str) -> ConnectorStatus:
        """The state of a connector and its tasks."""

    @abstractmethod
    def task_infos(self, name: str) -> list[TaskInfo]:
        """Task configurations, unresolved."""

    @abstractmethod
    def status_of_task(self, task: TaskId) -> TaskState:
        """The state of a task."""

    @abstractmethod
    def topics(self, name: str) -> list[str]:
        """Topics the connector was seen to use; none for an unknown connector."""

    # ------------------------------------------------------------------ changing
    @abstractmethod
    async def put_connector(
        self,
        name: str,
        config: Mapping[str, str | None],
        *,
        target: TargetState | None = None,
        replace: bool = True,
        answer_after: float = ANSWER_AFTER,
    ) -> Created:
        """Validate and store a configuration, and start the connector with it.

        Args:
            name: The connector.
            config: Its whole configuration, ``name`` included.
            target: The state to start in; ``None`` keeps it, STARTED for a new connector.
            replace: Whether there may already be such a connector.
            answer_after: How many seconds to wait for the start before the call returns anyway.

        Raises:
            BadRequestError: The configuration is invalid: nothing is stored.
            AlreadyExistsError: There is one, and ``replace`` is false.
            ConnectError: Stored, but the connector does not start: its status is FAILED.
        """

    @abstractmethod
    async def patch_config(self, name: str, patch: Mapping[str, str | None]) -> ConnectorInfo:
        """Change some keys; ``None`` removes one (KIP-477)."""

    @abstractmethod
    async def delete_connector(self, name: str) -> None:
        """Stop and forget a connector; its offsets stay."""

    @abstractmethod
    async def pause(self, name: str) -> None:
        """Stop reading and writing, keep the tasks. Returns before it is in force."""

    @abstractmethod
    async def resume(self, name: str) -> None:
        """Go on after a pause or stop. Returns before it is in force."""

    @abstractmethod
    async def stop_connector(self, name: str) -> None:
        """End and remove the tasks, keep the connector (KIP-875)."""

    @abstractmethod
    async def restart_connector(self, name: str) -> None:
        """Start the connector object anew; tasks go on."""

    @abstractmethod
    async def restart(self, name: str, *, only_failed: bool, include_tasks: bool) -> ConnectorStatus:
        """Start the connector and perhaps its tasks anew, in the background (KIP-745).

        Returns:
            The status, in which everything that is being restarted is RESTARTING.
        """

    @abstractmethod
    async def restart_task(self, task: TaskId) -> None:
        """Start one task anew."""

    @abstractmethod
    async def reset_topics(self, name: str) -> None:
        """Forget the topics of a connector."""

    @abstractmethod
    async def offsets(self, name: str) -> list[dict[str, Any]]:
        """Partitions and offsets of a connector (KIP-875)."""

    @abstractmethod
    async def alter_offsets(self, name: str, wanted: RequestedOffsets | None) -> str:
        """Change offsets of a connector that is STOPPED and has no tasks; ``None`` deletes them all.

        Returns:
            What the user is told.

        Raises:
            BadRequestError: It is not stopped, or the offsets are wrong.
            ConnectError: The connector or Kafka refused.
        """

    # ------------------------------------------------------------------ the group
    async def put_task_configs(
        self, name: str, configs: Sequence[Mapping[str, str]], headers: Mapping[str, str], body: bytes
    ) -> None:
        """Take task configurations that another worker's connector object made; only a leader can.

        Args:
            name: The connector.
            configs: Of all its tasks, by number.
            headers: Of the request, names in lower case: the signature is there.
            body: The exact bytes that were signed.
        """
        del name, configs, headers, body
        raise RequestError("Kafka Connect in standalone mode does not support externally setting task configurations.")

    async def fence_zombies(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        """Make sure that no former task of a source connector writes any more; only a leader can, asked by a worker."""
        del name, headers, body
        raise RequestError(
            "Kafka Connect in standalone mode does not support exactly-once source connectors.", code="BRN-3138"
        )

    async def forward(
        self, url: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Send a request to another worker; status and JSON body of its answer (``None``: no body).

        Raises:
            RequestError: It refused, or could not be reached.
        """
        del method, path, body, headers
        raise RequestError(f"There is no other worker at {url}.", code=ElsewhereError.code)

    @abstractmethod
    async def workers(self) -> Workers:
        """The workers of the group with their load."""

    # ------------------------------------------------------------------ plugins
    @abstractmethod
    def plugins(self, *, connectors_only: bool) -> list[dict[str, str]]:
        """``class``, ``type`` and ``version`` of the plugins."""

    @abstractmethod
    async def plugin_config(self, name: str, version: str | None = None) -> list[dict[str, Any]]:
        """The configuration definition of a plugin (KIP-769).

        Args:
            name: Any of its names.
            version: The one wanted, or a range of them; ``None``: any.

        Raises:
            RequestError: There is no such plugin, or not in that version; or it is of a kind that has no definition.
        """

    @abstractmethod
    async def validate(self, config: Mapping[str, str | None]) -> dict[str, Any]:
        """Validate a connector configuration: the body of the answer."""
