"""The interfaces of the three stores. In standalone mode they are memory and one file, in distributed mode topics.

All are used on the worker's event loop only. Reads answer from memory and never wait; writes return once they are as
durable as the store makes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from barnabas.supervisor.api import State, TargetState, TaskId

__all__ = ["ConfigStore", "OffsetStore", "Status", "StatusStore"]


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a connector or task, as stored.

    Args:
        state: Where it is in its life.
        worker_id: ``host:port`` of the worker that says so.
        generation: Of the group, when it said so; 0 in standalone mode.
        trace: Why it FAILED.
        version: Of the plugin; ``None`` when the plugin says none.
    """

    state: State
    worker_id: str
    generation: int = 0
    trace: str | None = None
    version: str | None = None


class ConfigStore(ABC):
    """Connector configurations, target states and task configurations, all with placeholders unresolved."""

    @abstractmethod
    def connectors(self) -> list[str]:
        """Names of all connectors, in the order of their creation."""

    @abstractmethod
    def connector_config(self, name: str) -> dict[str, str | None] | None:
        """A connector's configuration, ``None`` if there is no such connector. Do not change it."""

    @abstractmethod
    def target_state(self, name: str) -> TargetState:
        """What the user wants the connector to be; STARTED unless said otherwise."""

    @abstractmethod
    def task_configs(self, name: str) -> list[dict[str, str]]:
        """The task configurations in force, in order of task numbers. Do not change them."""

    @abstractmethod
    def applied_config(self, name: str) -> dict[str, str | None] | None:
        """The connector configuration that the task configurations in force were made from."""

    @abstractmethod
    async def put_connector(
        self, name: str, config: Mapping[str, str | None], target: TargetState | None = None
    ) -> None:
        """Store a configuration; ``target`` keeps what it was when ``None`` (STARTED for a new connector)."""

    @abstractmethod
    async def remove_connector(self, name: str) -> None:
        """Forget a connector: configuration, target state and task configurations."""

    @abstractmethod
    async def put_task_configs(self, name: str, configs: Sequence[Mapping[str, str]]) -> None:
        """Replace all task configurations of a connector, and remember its configuration as applied."""

    @abstractmethod
    async def put_target_state(self, name: str, target: TargetState) -> None:
        """Store what the user wants."""


class StatusStore(ABC):
    """States of connectors and tasks, and the topics that connectors use."""

    @abstractmethod
    def connector(self, name: str) -> Status | None:
        """A connector's state."""

    @abstractmethod
    def task(self, task: TaskId) -> Status | None:
        """A task's state."""

    @abstractmethod
    def tasks(self, connector: str) -> list[tuple[TaskId, Status]]:
        """States of a connector's tasks, by number."""

    @abstractmethod
    def put_connector(self, name: str, status: Status) -> None:
        """Store a connector's state."""

    @abstractmethod
    def put_task(self, task: TaskId, status: Status) -> None:
        """Store a task's state."""

    @abstractmethod
    def remove_tasks(self, tasks: Iterable[TaskId]) -> None:
        """Forget tasks that are no more."""

    @abstractmethod
    def remove_connector(self, name: str) -> None:
        """Forget a connector, its tasks and its topics."""

    @abstractmethod
    def topics(self, connector: str) -> list[str]:
        """Topics the connector was seen to use since its creation or the last reset (KIP-558)."""

    @abstractmethod
    def put_topic(self, connector: str, topic: str, task: int = 0) -> None:
        """Remember that a connector uses a topic, as one of its tasks has seen."""

    @abstractmethod
    def reset_topics(self, connector: str) -> None:
        """Forget the topics of a connector."""

    @abstractmethod
    def listen_to_resets(self, on_reset: Callable[[str], None]) -> None:
        """Be told the connector whose topics are forgotten, whoever wanted that; the call must return at once."""


class OffsetStore(ABC):
    """Source offsets as bytes, keyed by the bytes of ``["<connector>",{<source partition>}]``; see ``offset_keys``.

    Keys that differ only in the order of their members are the same key.
    """

    @abstractmethod
    async def start(self) -> None:
        """Read what is stored; called once, before any other method.

        Raises:
            ConfigError: It cannot be read or will not be writable.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Finish writing."""

    @abstractmethod
    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Stored values, in the order of the keys."""

    @abstractmethod
    async def set(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Store values; ``None`` deletes. Returns once they are durable.

        Raises:
            ConnectError: They could not be stored; nothing of them is seen by :meth:`get`.
        """

    async def refresh(self) -> None:  # noqa: B027  stores that nobody else writes to have nothing to do
        """Read what others have written, for :meth:`partitions`."""

    @abstractmethod
    def partitions(self, connector: str) -> list[tuple[dict[str, Any], bytes]]:
        """Source partitions of a connector that have an offset, with the stored value."""
