"""Messages as the compiled part reads them: columns, and objects that answer as the client's messages do on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Final, NamedTuple, overload

from barnabas.record import TimestampType, TopicPartition

__all__ = ["Columns", "Fetched", "FetchedMessage"]

_KINDS: Final[tuple[TimestampType, ...]] = ("NoTimestampType", "CreateTime", "LogAppendTime")


class Columns(NamedTuple):
    """What ``barnabas._native.fetch`` gives; see there."""

    values: list[bytes | None]
    keys: list[bytes | None] | None
    offsets: bytes
    timestamps: bytes
    kinds: bytes
    headers: list[list[tuple[str, bytes | None]] | None] | None
    runs: list[tuple[str, int, int]]
    errors: list[tuple[int, str | None, int, int, str | None]]


class FetchedMessage(NamedTuple):
    """One message; answers as ``confluent_kafka.Message`` does."""

    columns: Columns
    at: int
    place: TopicPartition

    def topic(self) -> str:
        """Where it was read."""
        return self.place.topic

    def partition(self) -> int:
        """Where it was read."""
        return self.place.partition

    def offset(self) -> int:
        """Where it was read."""
        return _numbers(self.columns.offsets)[self.at]

    def key(self) -> bytes | None:
        """Its key; ``None`` where it has none."""
        return None if self.columns.keys is None else self.columns.keys[self.at]

    def value(self) -> bytes | None:
        """Its value; ``None`` for a tombstone."""
        return self.columns.values[self.at]

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Its headers; ``None`` where it has none."""
        return None if self.columns.headers is None else self.columns.headers[self.at]

    def timestamp(self) -> tuple[int, int]:
        """Who set it (0: nobody), and milliseconds since the epoch."""
        return self.columns.kinds[self.at], _numbers(self.columns.timestamps)[self.at]

    def error(self) -> None:
        """Never one: errors are told apart when messages are read."""


class Fetched(Sequence[FetchedMessage]):
    """Messages of one poll, or a part of them; immutable.

    Args:
        columns: All messages of the poll.
        start: The first of this part.
        stop: The one after its last.
    """

    __slots__ = ("_columns", "_runs", "_start", "_stop")

    def __init__(self, columns: Columns, start: int = 0, stop: int | None = None) -> None:
        self._columns = columns
        self._start = start
        self._stop = len(columns.values) if stop is None else stop
        self._runs = columns.runs if stop is None else _cut(columns.runs, start, self._stop)

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, at: int) -> FetchedMessage: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[FetchedMessage]: ...
    def __getitem__(self, at: int | slice) -> FetchedMessage | Sequence[FetchedMessage]:
        size = len(self)
        if isinstance(at, slice):
            start, stop, step = at.indices(size)
            if step != 1:
                return [self[each] for each in range(start, stop, step)]
            return Fetched(self._columns, self._start + start, self._start + max(start, stop))
        if not -size <= at < size:
            raise IndexError(at)
        at %= size
        before = at
        for topic, partition, count in self._runs:
            if before < count:
                return FetchedMessage(self._columns, self._start + at, TopicPartition(topic, partition))
            before -= count
        raise IndexError(at)  # pragma: no cover  the runs cover all messages

    def __iter__(self) -> Iterator[FetchedMessage]:
        at = self._start
        for topic, partition, count in self._runs:
            place = TopicPartition(topic, partition)
            yield from (FetchedMessage(self._columns, each, place) for each in range(at, at + count))
            at += count

    # ------------------------------------------------------------------ columns; each call gives a list of its own
    def one_topic(self) -> str | None:
        """The topic, where it is the same for all; ``None`` where it is not, or there are none."""
        names = {topic for topic, _, _ in self._runs}
        return names.pop() if len(names) == 1 else None

    def topics(self) -> list[str]:
        """The topic of each message."""
        return [*chain.from_iterable(repeat(topic, count) for topic, _, count in self._runs)]

    def partitions(self) -> list[int]:
        """The partition of each message."""
        return [*chain.from_iterable(repeat(partition, count) for _, partition, count in self._runs)]

    def offsets(self) -> list[int]:
        """The offset of each message."""
        return _numbers(self._columns.offsets)[self._start : self._stop].tolist()

    def values(self) -> list[bytes | None]:
        """The value of each message."""
        return self._columns.values[self._start : self._stop]

    def keys(self) -> list[bytes | None]:
        """The key of each message."""
        keys = self._columns.keys
        return [None] * len(self) if keys is None else keys[self._start : self._stop]

    def headers(self) -> list[Any]:
        """The headers of each message: pairs of name and bytes, or ``None``."""
        headers = self._columns.headers
        return [None] * len(self) if headers is None else headers[self._start : self._stop]

    def timestamps(self) -> list[int | None]:
        """Milliseconds since the epoch, ``None`` where a message has no timestamp."""
        kinds = self._columns.kinds[self._start : self._stop]
        stamps: list[int | None] = [*_numbers(self._columns.timestamps)[self._start : self._stop]]
        return [stamp if kind else None for kind, stamp in zip(kinds, stamps, strict=True)] if 0 in kinds else stamps

    def timestamp_types(self) -> list[TimestampType]:
        """Who set the timestamp of each message."""
        return [*map(_KINDS.__getitem__, self._columns.kinds[self._start : self._stop])]

    def positions(self) -> dict[TopicPartition, int]:
        """For each partition, the offset after its last message."""
        offsets = _numbers(self._columns.offsets)
        found: dict[TopicPartition, int] = {}
        at = self._start
        for topic, partition, count in self._runs:
            at += count
            found[TopicPartition(topic, partition)] = offsets[at - 1] + 1
        return found

    def first_offsets(self) -> dict[TopicPartition, int]:
        """For each partition, the offset of its first message."""
        offsets = _numbers(self._columns.offsets)
        found: dict[TopicPartition, int] = {}
        at = self._start
        for topic, partition, count in self._runs:
            found.setdefault(TopicPartition(topic, partition), offsets[at])
            at += count
        return found


def _numbers(data: bytes) -> memoryview[int]:
    return memoryview(data).cast("q")


def _cut(runs: list[tuple[str, int, int]], start: int, stop: int) -> list[tuple[str, int, int]]:
    """The runs between two places."""
    found, at = [], 0
    for topic, partition, count in runs:
        inside = min(at + count, stop) - max(at, start)
        if inside > 0:
            found.append((topic, partition, inside))
        at += count
    return found
