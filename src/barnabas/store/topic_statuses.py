"""The status topic as a store: states of all connectors and tasks, and the topics they use, shared by all workers."""

# ruff: noqa: D102  the contracts are on the interface StatusStore
from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from barnabas.errors import BarnabasError
from barnabas.store import status_records as records
from barnabas.store.base import Status
from barnabas.store.memory import MemoryStatusStore
from barnabas.store.status_records import StatusKey
from barnabas.store.topic_configs import Log
from barnabas.supervisor.api import TaskId

__all__ = ["TopicStatusStore"]

log = logging.getLogger(__name__)

_RETRY: Final = 0.25
_LONGEST_RETRY: Final = 10.0
_SAFE_ONLY: Final = frozenset({"UNASSIGNED", "FAILED"})
"""States that only count if nobody else has taken the work over meanwhile."""


class TopicStatusStore(MemoryStatusStore):
    """Statuses in a compacted topic, with a copy in memory.

    A status that is put is seen at once and written in the background. Until it has come back from the topic, what
    others wrote before it is not shown.

    Args:
        log_: The followed topics.
        topic: ``status.storage.topic``.
        clock: Seconds since the epoch.
    """

    def __init__(self, log_: Log, topic: str, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._log = log_
        self._topic = topic
        self._clock = clock
        self._pending: dict[bytes, deque[bytes | None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._heard: dict[bytes, int] = {}  # newest generation that others spoke in while ours was on its way
        self._on_given_up: Callable[[str], None] = lambda _: None

    def listen(self, on_given_up: Callable[[str], None]) -> None:
        """Be told which worker has given something up, each time that one says so; the call must return at once."""
        self._on_given_up = on_given_up

    async def start(self) -> None:
        """Read the topic to its end.

        Raises:
            ConnectError: It cannot be read.
        """
        await self._log.follow({self._topic: self._handle})

    async def refresh(self) -> None:
        """Read what is in the topic now.

        Raises:
            ConnectError: Kafka does not answer.
        """
        await self._log.read_to_end(self._topic)

    async def flush(self) -> None:
        """Wait until everything that was put is written."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def stop(self) -> None:
        """Give up what is not yet written."""
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    # ------------------------------------------------------------------ reading
    def _handle(self, record: Any) -> None:
        about = records.parse_key(record.key)
        if about is None:
            log.error("The record at offset %d of the status topic is about nothing known.", record.offset)
            return
        pending = self._pending.get(record.key)
        if pending:
            if record.value in pending:
                while pending.popleft() != record.value:  # what was said before it and failed is not said any more
                    pass
            elif record.value is not None and (status := records.parse_status(record.value)) is not None:
                self._heard[record.key] = max(status.generation, self._heard.get(record.key, -1))
            if pending:
                return  # a newer one of ours is on its way
            del self._pending[record.key]
            self._heard.pop(record.key, None)
        self._apply(about, record.value)

    def _apply(self, about: StatusKey, value: bytes | None) -> None:
        if about.kind == "topic":
            if value is None:
                self._topics.get(about.name, {}).pop(about.topic, None)
                self._on_reset(about.name)
            else:
                super().put_topic(about.name, about.topic)
            return
        task = TaskId(about.name, about.number)
        if value is None:
            if about.kind == "connector":
                self._connectors.pop(about.name, None)
                self._tasks.pop(about.name, None)
            else:
                super().remove_tasks([task])
            return
        status = records.parse_status(value)
        if status is None:
            log.error("The status of %s %s is malformed and ignored.", about.kind, about.name)
            return
        if status.state == "UNASSIGNED":
            self._on_given_up(status.worker_id)
        if about.kind == "connector":
            super().put_connector(about.name, status)
        elif not self._is_stale(task, status):
            super().put_task(task, status)

    def _is_stale(self, task: TaskId, status: Status) -> bool:
        """A worker that gave a task up may say so after the next one runs it already."""
        known = self.task(task)
        return (
            status.state == "UNASSIGNED"
            and known is not None
            and known.state == "RUNNING"
            and known.worker_id != status.worker_id
            and known.generation >= status.generation
        )

    # ------------------------------------------------------------------ writing
    def put_connector(self, name: str, status: Status) -> None:
        if _may_say(status, self.connector(name)):
            super().put_connector(name, status)
            self._send(records.connector_key(name), records.status_value(status))

    def put_task(self, task: TaskId, status: Status) -> None:
        if _may_say(status, self.task(task)):
            super().put_task(task, status)
            self._send(records.task_key(task), records.status_value(status))

    def remove_tasks(self, tasks: Iterable[TaskId]) -> None:
        for task in list(tasks):
            if self.task(task) is not None:
                self._send(records.task_key(task), None)
            super().remove_tasks([task])

    def remove_connector(self, name: str) -> None:
        self.reset_topics(name)
        self.remove_tasks([task for task, _ in self.tasks(name)])
        if self.connector(name) is not None:
            self._send(records.connector_key(name), None)
        super().remove_connector(name)

    def put_topic(self, connector: str, topic: str, task: int = 0) -> None:
        if topic not in self.topics(connector):
            super().put_topic(connector, topic)
            value = records.topic_value(connector, topic, task, int(self._clock() * 1000))
            self._send(records.topic_key(connector, topic), value)

    def reset_topics(self, connector: str) -> None:
        for topic in self.topics(connector):
            self._send(records.topic_key(connector, topic), None)
        super().reset_topics(connector)

    def everything(self) -> list[Status]:
        """All statuses of connectors and tasks."""
        return [*self._connectors.values(), *(status for tasks in self._tasks.values() for status in tasks.values())]

    def known_connectors(self) -> set[str]:
        """Connectors that have a status of their own, a task's, or a topic: also of those deleted meanwhile."""
        return {*self._connectors, *self._topics, *(name for name, tasks in self._tasks.items() if tasks)}

    def _send(self, key: bytes, value: bytes | None) -> None:
        self._pending.setdefault(key, deque()).append(value)
        task = asyncio.create_task(self._write(key, value), name="status")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _write(self, key: bytes, value: bytes | None) -> None:
        """Write until it works, unless something newer is to be said, or somebody else has taken the work over."""
        wait = _RETRY
        while True:
            try:
                await self._log.send(self._topic, key, value)
            except BarnabasError as error:
                if wait == _RETRY:
                    log.warning("A status could not be written, others may show an older one: %s", error.describe())
            else:
                return
            if not self._is_newest(key, value):
                self._forget(key, value)
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_RETRY)
            if not self._is_newest(key, value):
                self._forget(key, value)
                return

    def _is_newest(self, key: bytes, value: bytes | None) -> bool:
        """Whether this is the last thing said about a key, and nobody else has spoken in a newer generation."""
        pending = self._pending.get(key)
        if not pending or pending[-1] is not value:
            return False
        said, heard = records.parse_status(value) if value else None, self._heard.get(key)
        return said is None or heard is None or heard <= said.generation

    def _forget(self, key: bytes, value: bytes | None) -> None:
        """It will not come back: nothing waits for it any more."""
        pending = self._pending.get(key)
        if pending and value in pending:
            pending.remove(value)
        if not pending:
            self._pending.pop(key, None)
            self._heard.pop(key, None)


def _may_say(status: Status, known: Status | None) -> bool:
    """Whether a worker may say this: not of work that another one has taken over."""
    if status.state not in _SAFE_ONLY or known is None:
        return True
    return known.worker_id == status.worker_id or known.generation <= status.generation
