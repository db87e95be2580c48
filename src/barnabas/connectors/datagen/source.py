"""The datagen source: any number of tasks, each making its share."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, ClassVar

from barnabas import (
    ConfigDef,
    ConfigError,
    ConfigValue,
    ConnectError,
    ExactlyOnceSupport,
    Now,
    Schema,
    SourceBatch,
    SourceConnector,
    SourceTask,
    Task,
)
from barnabas.connectors.datagen.config import CONFIG, TASK, TASKS, read_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.connectors.datagen.template import Block

__all__ = ["DatagenSourceConnector", "DatagenSourceTask"]

_BLOCK = 2000
"""Records that share a random generator: a block is the same whether a task made it at once or resumed within it."""

_WAIT_SECONDS = 1.0


class DatagenSourceTask(SourceTask):
    """Makes records number ``task``, ``task + tasks``, ``task + 2 * tasks``, …; its offset is how many it made."""

    def start(self, props: Mapping[str, str]) -> None:
        """Compile the template, and find out how many records there are already.

        Raises:
            ConfigError: The template is wrong.
        """
        super().start(props)
        config = CONFIG.parse(props)
        self._task, self._tasks = int(props.get(TASK, "0")), int(props.get(TASKS, "1"))
        self._topic: str = config["topic"]
        self._template = read_template(config)
        self._key: str | None = config["key.field"] or None
        self._typed: bool = config["output.schemas"]
        self._seed = secrets.randbits(63) if config["seed"] is None else config["seed"]
        self._rate = config["rate"] / self._tasks
        self._end = _share(config["count"], self._task, self._tasks) if config["count"] else None
        self._partition = {"task": self._task}
        self._count = _count(self.context.offset_storage_reader.offset(self._partition))
        self._block: Block | None = None
        self._block_number = -1
        self._credit_from = time.monotonic() - (1 / self._rate if self._rate else 0)  # the first is due at once

    def poll(self) -> SourceBatch | None:
        """The records that are due, within a block; waits up to a second for the first."""
        if self._end is not None and self._count >= self._end:
            time.sleep(_WAIT_SECONDS)
            return None
        size = self._due()
        if not size:
            return None
        number, start = divmod(self._count, _BLOCK)
        size = min(size, _BLOCK - start, _BLOCK if self._end is None else self._end - self._count)
        values = self._make(number).rows(start, start + size)
        self._count += size
        if self._rate:
            self._credit_from += size / self._rate
        return self._batch(values)

    def _due(self) -> int:
        """How many records are due, after waiting for one; a long pause is not made up for."""
        if not self._rate:
            return _BLOCK
        now = time.monotonic()
        self._credit_from = max(self._credit_from, now - max(1.0, 1 / self._rate))
        missing = self._credit_from + 1 / self._rate - now
        if missing > 0:
            time.sleep(min(missing, _WAIT_SECONDS))
        return int((time.monotonic() - self._credit_from) * self._rate + 1e-6)

    def _make(self, number: int) -> Block:
        if self._block is None or number != self._block_number:
            first = number * _BLOCK * self._tasks + self._task
            ids = range(first, first + _BLOCK * self._tasks, self._tasks)
            self._block = self._template.block(ids, f"{self._seed}/{self._task}/{number}")
            self._block_number = number
        return self._block

    def _batch(self, values: list[Any]) -> SourceBatch:
        key = self._key
        return SourceBatch(
            self._topic,
            values,
            keys=[value[key] for value in values] if key else None,
            value_schema=self._template.schema if self._typed else None,
            key_schema=self._key_schema() if self._typed and key else None,
            timestamps=Now(len(values)),
            source_partition=self._partition,
            source_offset={"count": self._count},
        )

    def _key_schema(self) -> Schema | None:
        field = self._template.schema.field(self._key or "")
        return field.schema if field else None


def _share(count: int, task: int, tasks: int) -> int:
    """How many of ``count`` records this task makes."""
    return count // tasks + (task < count % tasks)


def _count(offset: Mapping[str, Any] | None) -> int:
    if offset is None:
        return 0
    count = offset.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ConnectError(
            f"The offset {dict(offset)} is none of this connector's.",
            code="BRN-7304",
            remedy='Its partitions look like {"task": 0}, and its offsets like {"count": 1000}.',
        )
    return count


class DatagenSourceConnector(SourceConnector):
    """Divides numbers and rate evenly among tasks."""

    CONFIG: ClassVar[ConfigDef] = CONFIG
    TASK: ClassVar[type[Task] | None] = DatagenSourceTask

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """As many as allowed."""
        return [{**self.props, TASK: str(task), TASKS: str(max_tasks)} for task in range(max_tasks)]

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """A record is a function of its number, and numbers are kept in offsets."""
        del props
        return ExactlyOnceSupport.SUPPORTED

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Also the template."""
        values = super().validate(props)
        if not any(value.errors for value in values if value.name != "topic"):
            try:
                read_template(
                    CONFIG.parse({"topic": "any", **props} if props.get("topic") else {**props, "topic": "any"})
                )
            except ConfigError as error:
                next(value for value in values if value.name == error.key).add_error(str(error))
        return values

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Refuse what :meth:`DatagenSourceTask.start` could not use (KIP-875)."""
        del props
        for partition, offset in offsets.items():
            if list(dict(partition)) != ["task"]:
                raise ConnectError(
                    f"The partition {dict(partition)} is none of this connector's.",
                    code="BRN-7305",
                    remedy='Its partitions look like {"task": 0}.',
                )
            _count(offset)
        return True
