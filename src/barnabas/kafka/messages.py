"""Columns from the client's message objects: C methods mapped over a list, no Python call a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Message

from barnabas.record import TimestampType, TopicPartition

__all__ = [
    "headers",
    "keys",
    "offsets",
    "partitions",
    "positions",
    "timestamp_types",
    "timestamps",
    "topics",
    "values",
]

_TYPES: tuple[TimestampType, ...] = ("NoTimestampType", "CreateTime", "LogAppendTime")


def topics(messages: Sequence[Message]) -> list[str]:
    """The topic of each message."""
    return [*map(Message.topic, messages)]  # type: ignore[list-item]  # a message that was read has one


def partitions(messages: Sequence[Message]) -> list[int]:
    """The partition of each message."""
    return [*map(Message.partition, messages)]  # type: ignore[list-item]  # as above


def offsets(messages: Sequence[Message]) -> list[int]:
    """The offset of each message."""
    return [*map(Message.offset, messages)]  # type: ignore[list-item]  # as above


def keys(messages: Sequence[Message]) -> list[bytes | None]:
    """The key of each message."""
    return [*map(Message.key, messages)]


def values(messages: Sequence[Message]) -> list[bytes | None]:
    """The value of each message."""
    return [*map(Message.value, messages)]


def headers(messages: Sequence[Message]) -> list[Any]:
    """The headers of each message: pairs of name and bytes, or ``None``."""
    return [*map(Message.headers, messages)]


def timestamps(messages: Sequence[Message]) -> list[int | None]:
    """Milliseconds since the epoch, ``None`` where a message has no timestamp."""
    return [stamp if kind else None for kind, stamp in map(Message.timestamp, messages)]


def timestamp_types(messages: Sequence[Message]) -> list[TimestampType]:
    """Who set the timestamp of each message."""
    return [_TYPES[kind] for kind, _ in map(Message.timestamp, messages)]


def positions(messages: Sequence[Message]) -> dict[TopicPartition, int]:
    """For each partition, the offset after its last message."""
    if not messages:
        return {}
    where, which = topics(messages), partitions(messages)
    size = len(messages)
    if which.count(which[0]) == size and where.count(where[0]) == size:
        return {TopicPartition(where[0], which[0]): offsets(messages[-1:])[0] + 1}
    last = dict(zip(zip(where, which, strict=True), offsets(messages), strict=True))
    return {TopicPartition(*place): offset + 1 for place, offset in last.items()}
