"""The config topic as a store: what the whole cluster is to run, shared by all workers."""

# ruff: noqa: D102  the contracts are on the interface ConfigStore
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from barnabas.errors import BarnabasError, ConnectError
from barnabas.store import config_records as records
from barnabas.store.base import ConfigStore
from barnabas.store.config_records import RestartRequest, SessionKey
from barnabas.store.config_state import ConfigEvent, ConfigState
from barnabas.supervisor.api import TargetState, TaskId

__all__ = ["Log", "TopicConfigStore"]

_WRITE_TIMEOUT: Final = 30.0


class Log(Protocol):
    """What stores need of followed topics; see :class:`barnabas.kafka.topic_log.TopicLogs`."""

    async def follow(self, topics: Mapping[str, Callable[[Any], None]]) -> None:
        """Read topics from beginning to end, then go on."""

    async def read_to_end(self, *topics: str) -> None:
        """Return when everything was handled that is in these topics now."""

    async def send(self, topic: str, key: bytes, value: bytes | None) -> int:
        """Write one record; returns its offset once it is safe."""


class TopicConfigStore(ConfigStore):
    """Configurations in a compacted topic with one partition.

    Reads answer from the copy; a write returns when the copy has it. Only the leader writes connectors and tasks: the
    caller sees to that.

    Args:
        log: The followed topics.
        topic: ``config.storage.topic``.

    Attributes:
        state: The copy; do not change it.
    """

    def __init__(self, log: Log, topic: str) -> None:
        self.state = ConfigState()
        self._log = log
        self._topic = topic
        self._on_event: Callable[[ConfigEvent], None] = lambda _: None
        self._started = False

    def listen(self, on_event: Callable[[ConfigEvent], None]) -> None:
        """Have each change told once :meth:`start` is through; on the event loop, the call must return at once."""
        self._on_event = on_event

    async def start(self) -> None:
        """Read the topic to its end; what has been asked for in the past (restarts, log levels) is not done again.

        Raises:
            ConnectError: It cannot be read.
        """
        await self._log.follow({self._topic: self._handle})
        self._started = True

    async def refresh(self) -> None:
        """Read what is in the topic now."""
        await self._log.read_to_end(self._topic)

    def _handle(self, record: Any) -> None:
        for event in self.state.apply(record.offset, record.key, record.value):
            if self._started:
                self._on_event(event)

    # ------------------------------------------------------------------ reading
    def connectors(self) -> list[str]:
        return list(self.state.connectors)

    def connector_config(self, name: str) -> dict[str, str | None] | None:
        return self.state.connectors.get(name)

    def target_state(self, name: str) -> TargetState:
        return self.state.targets.get(name, "STARTED")

    def task_configs(self, name: str) -> list[dict[str, str]]:
        return self.state.task_configs(name)

    def applied_config(self, name: str) -> dict[str, str | None] | None:
        return self.state.applied.get(name)

    # ------------------------------------------------------------------ writing
    async def put_connector(
        self, name: str, config: Mapping[str, str | None], target: TargetState | None = None
    ) -> None:
        entries = [(records.connector_key(name), records.properties_value(config))]
        if target is not None:
            entries.insert(0, (records.target_key(name), records.target_value(target)))
        await self._write(f"configuration of connector {name}", entries)

    async def remove_connector(self, name: str) -> None:
        entries = [(records.connector_key(name), None), (records.target_key(name), None)]
        await self._write(f"deletion of connector {name}", entries)

    async def put_task_configs(self, name: str, configs: Sequence[Mapping[str, str]]) -> None:
        """The commit record comes after all others are safe: until then the old set is in force."""
        tasks = [
            (records.task_key(TaskId(name, number)), records.properties_value(config))
            for number, config in enumerate(configs)
        ]
        what = f"task configurations of connector {name}"
        if tasks:
            await self._write(what, tasks)
        await self._write(what, [(records.commit_key(name), records.count_value(len(tasks)))])

    async def put_target_state(self, name: str, target: TargetState) -> None:
        await self._write(
            f"target state of connector {name}", [(records.target_key(name), records.target_value(target))]
        )

    async def put_restart(self, request: RestartRequest) -> None:
        """Ask every worker to restart its part of a connector."""
        entry = (records.restart_key(request.connector), records.restart_value(request))
        await self._write(f"restart request for connector {request.connector}", [entry])

    async def put_session_key(self, key: SessionKey) -> None:
        """Have all workers sign with another key."""
        await self._write("session key", [(records.session_key_key(), records.session_key_value(key))])

    async def put_fenced(self, name: str, tasks: int) -> None:
        """Remember for how many tasks of a connector zombies were fenced."""
        entry = (records.fencing_key(name), records.fencing_value(tasks))
        await self._write(f"task count of connector {name}", [entry])

    async def put_logger_level(self, namespace: str, level: str) -> None:
        """Have all workers log in another detail."""
        await self._write(
            f"level of logger {namespace}", [(records.logger_key(namespace), records.logger_value(level))]
        )

    async def _write(self, what: str, entries: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Write records in this order, and wait until the copy has them."""
        try:
            async with asyncio.timeout(_WRITE_TIMEOUT):
                await asyncio.gather(*(self._log.send(self._topic, key, value) for key, value in entries))
                await self._log.read_to_end(self._topic)
        except (BarnabasError, TimeoutError) as error:
            why = error.message if isinstance(error, BarnabasError) else f"no answer within {_WRITE_TIMEOUT:.0f} s"
            raise ConnectError(
                f"Error writing the {what} to Kafka: {why}",
                code="BRN-3112",
                remedy=f"Check that the brokers are up and that the worker may write to topic {self._topic}.",
            ) from error
