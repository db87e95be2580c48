"""Columns of messages.

Those that were read as columns have them; of the client's message objects C methods, mapped over a list, make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from typing import Any

from confluent_kafka import Message

from barnabas.kafka.fetched import Fetched, FetchedMessage
from barnabas.record import TimestampType, TopicPartition

__all__ = [
    "AnyMessage",
    "Messages",
    "first_offsets",
    "headers",
    "keys",
    "offsets",
    "one_topic",
    "partitions",
    "positions",
    "timestamp_types",
    "timestamps",
    "topics",
    "values",
]

AnyMessage = Message | FetchedMessage
Messages = Sequence[AnyMessage]
"""Messages of one poll, whichever way they were read."""

_TYPES: tuple[TimestampType, ...] = ("NoTimestampType", "CreateTime", "LogAppendTime")


def one_topic(messages: Messages) -> str | None:
    """The topic, where it is the same for all; ``None`` where it is not, or there are none."""
    if isinstance(messages, Fetched):
        return messages.one_topic()
    found = topics(messages)
    return found[0] if found and found.count(found[0]) == len(found) else None


def topics(messages: Messages) -> list[str]:
    """The topic of each message."""
    if isinstance(messages, Fetched):
        return messages.topics()
    return _each(messages, Message.topic)


def partitions(messages: Messages) -> list[int]:
    """The partition of each message."""
    if isinstance(messages, Fetched):
        return messages.partitions()
    return _each(messages, Message.partition)


def offsets(messages: Messages) -> list[int]:
    """The offset of each message."""
    if isinstance(messages, Fetched):
        return messages.offsets()
    return _each(messages, Message.offset)


def keys(messages: Messages) -> list[bytes | None]:
    """The key of each message."""
    if isinstance(messages, Fetched):
        return messages.keys()
    return _each(messages, Message.key)


def values(messages: Messages) -> list[bytes | None]:
    """The value of each message."""
    if isinstance(messages, Fetched):
        return messages.values()
    return _each(messages, Message.value)


def headers(messages: Messages) -> list[Any]:
    """The headers of each message: pairs of name and bytes, or ``None``."""
    if isinstance(messages, Fetched):
        return messages.headers()
    return _each(messages, Message.headers)


def timestamps(messages: Messages) -> list[int | None]:
    """Milliseconds since the epoch, ``None`` where a message has no timestamp."""
    if isinstance(messages, Fetched):
        return messages.timestamps()
    return [stamp if kind else None for kind, stamp in _each(messages, Message.timestamp)]


def timestamp_types(messages: Messages) -> list[TimestampType]:
    """Who set the timestamp of each message."""
    if isinstance(messages, Fetched):
        return messages.timestamp_types()
    return [_TYPES[kind] for kind, _ in _each(messages, Message.timestamp)]


def positions(messages: Messages) -> dict[TopicPartition, int]:
    """For each partition, the offset after its last message."""
    if isinstance(messages, Fetched):
        return messages.positions()
    if not messages:
        return {}
    where, which = topics(messages), partitions(messages)
    size = len(messages)
    if which.count(which[0]) == size and where.count(where[0]) == size:
        return {TopicPartition(where[0], which[0]): offsets(messages[-1:])[0] + 1}
    last = dict(zip(zip(where, which, strict=True), offsets(messages), strict=True))
    return {TopicPartition(*place): offset + 1 for place, offset in last.items()}


def first_offsets(messages: Messages) -> dict[TopicPartition, int]:
    """For each partition, the offset of its first message."""
    if isinstance(messages, Fetched):
        return messages.first_offsets()
    return {where: after - 1 for where, after in positions(messages[::-1]).items()}


def _each(messages: Messages, method: Any) -> list[Any]:
    if messages and isinstance(messages[0], FetchedMessage):  # some of those that were read as columns
        return [*map(methodcaller(method.__name__), messages)]
    return [*map(method, messages)]
