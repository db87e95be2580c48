"""What is told about a failed record: the headers of its dead letter, and a line in the log."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from barnabas import secrets
from barnabas.errors import BarnabasError
from barnabas.task.rendering import render, shorten

if TYPE_CHECKING:
    from barnabas.kafka.messages import AnyMessage
    from barnabas.record import SourceRecord
    from barnabas.supervisor.api import TaskId
    from barnabas.task.failures import Failure

__all__ = [
    "error_headers",
    "java_name",
    "log_failure",
    "message_place",
    "message_text",
    "record_place",
    "record_text",
    "source_headers",
    "stack_trace",
]

log = logging.getLogger("barnabas.errors")

_PREFIX: Final = "__connect.errors."
_TYPES: Final = ("NoTimestampType", "CreateTime", "LogAppendTime")

Pairs = list[tuple[str, bytes | None]]


def java_name(error: BaseException) -> str:
    """The class of an error as a program that reads dead letters knows it: Java's where it stands in for one."""
    if isinstance(error, BarnabasError):
        return error.java_class
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str | None:
    return error.message if isinstance(error, BarnabasError) else str(error) or None


def stack_trace(error: BaseException) -> str:
    """Class and message of an error and of what caused it, each with the calls that led there, the last one first.

    In the form of Java's traces. Made for every bad record, so it costs microseconds: no source text is looked up.
    """
    lines: list[str] = []
    known: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in known:
        known.add(id(current))
        message = _message(current)
        head = java_name(current) if message is None else f"{java_name(current)}: {secrets.hide(message)}"
        lines.append(f"Caused by: {head}" if len(known) > 1 else head)
        if isinstance(current, BarnabasError):
            lines.append(f"\t{secrets.hide(current.remedy or '')} ({current.code})".replace("\t (", "\t("))
        calls = [
            f"\tat {frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
            f"({os.path.basename(frame.f_code.co_filename)}:{line})"  # noqa: PTH119  text, not a file to be opened
            for frame, line in traceback.walk_tb(current.__traceback__)
        ]
        lines += reversed(calls)
        current = current.__cause__
    return "\n".join(lines) + "\n"


def error_headers(place: Sequence[tuple[str, str | None]], task: TaskId, failure: Failure) -> Pairs:
    """The context headers of a dead letter, in Kafka Connect's order.

    Args:
        place: Topic, partition and offset of the record, as text.
        task: Which task it is.
        failure: What failed.
    """
    error = failure.error
    message = _message(error)
    about: list[tuple[str, str | None]] = [
        *place,
        ("connector.name", task.connector),
        ("task.id", str(task.task)),
        ("stage", failure.stage),
        ("class.name", failure.name),
        ("exception.class.name", java_name(error)),
        ("exception.message", message and secrets.hide_known(message)),
        ("exception.stacktrace", stack_trace(error)),
    ]
    return [(_PREFIX + name, None if text is None else text.encode("utf-8", "replace")) for name, text in about]


def message_place(message: AnyMessage) -> list[tuple[str, str | None]]:
    """Where a message was read."""
    return [
        ("topic", message.topic()),
        ("partition", str(message.partition())),
        ("offset", str(message.offset())),
    ]


def record_place(record: SourceRecord) -> list[tuple[str, str | None]]:
    """Where a source record was to go; it has no offset yet."""
    partition = None if record.kafka_partition is None else str(record.kafka_partition)
    return [("topic", record.topic), ("partition", partition), ("offset", None)]


def source_headers(record: SourceRecord) -> Pairs:
    """Where a source record came from, as JSON: behind the headers that Kafka Connect knows."""
    return [
        (f"{_PREFIX}source.partition", render(record.source_partition)),
        (f"{_PREFIX}source.offset", render(record.source_offset)),
    ]


def log_failure(task: TaskId, failure: Failure, what: str, where: str) -> None:
    """One entry for a failed record, with its trace: what ``errors.log.enable`` asks for.

    Args:
        task: Which task it is.
        failure: What failed.
        what: ``consumed`` or ``source``.
        where: The record, as :func:`message_text` or :func:`record_text` gives it.
    """
    log.error(
        "Error encountered in task %s. Executing stage '%s' with class '%s', where %s record is %s.\n%s",
        task,
        failure.stage,
        failure.name,
        what,
        where,
        stack_trace(failure.error).rstrip(),
    )


def message_text(message: AnyMessage, *, content: bool) -> str:
    """A consumed message in a log line: its coordinates, and its content only if asked for."""
    kind, stamp = message.timestamp()
    text = f"topic='{message.topic()}', partition={message.partition()}, offset={message.offset()}"
    if kind:
        text += f", timestamp={stamp}, timestampType={_TYPES[kind]}"
    if content:
        text += _content(message.key(), message.value(), message.headers())
    return f"{{{text}}}"


def record_text(record: SourceRecord, *, content: bool) -> str:
    """A source record in a log line: where it came from and was to go, and its content only if asked for."""
    text = f"topic='{record.topic}', kafkaPartition={record.kafka_partition}"
    text += f", sourcePartition={_json(record.source_partition)}, sourceOffset={_json(record.source_offset)}"
    if record.timestamp is not None:
        text += f", timestamp={record.timestamp}"
    if content:
        text += _content(record.key, record.value, record.headers)
    return f"{{{text}}}"


def _content(key: Any, value: Any, headers: Any) -> str:
    return f", key={shorten(key)}, value={shorten(value)}, headers={shorten(headers or [])}"


def _json(value: Any) -> str:
    return json.dumps(value, default=str)
