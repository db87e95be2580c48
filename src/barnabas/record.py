"""Records and batches: what sources hand over and sinks are given.

A **batch is columns**: one list of values, one of keys, and so on. The framework, the converters and the fast
connectors work on columns; a record object is made only when somebody iterates (``for record in batch``) or indexes
(``batch[3]``), which is what a small connector does.

Every column belongs to one of two kinds:

* a *record column* is a list with one entry a record, or ``None`` when no record has anything there
  (``keys``, ``partitions``, ``timestamps``, ``headers``);
* a *run column* comes as a pair: the singular name holds the one value that all records share (``topic``), the plural
  one is a list with an entry a record, and is ``None`` as long as they all share it (``topics``).
  :meth:`Batch.runs` cuts a mixed batch into uniform ones, so column code needs to know the singular only.

Batches are not copied defensively: whoever receives one may read it, and replaces columns with
:meth:`Batch.replace` rather than changing lists in place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar, cast, overload

import msgspec

from barnabas.schema import Schema

__all__ = [
    "Batch",
    "Header",
    "Headers",
    "Now",
    "RecordMetadata",
    "SinkBatch",
    "SinkRecord",
    "SourceBatch",
    "SourceRecord",
    "TimestampType",
    "TopicPartition",
]

TimestampType = Literal["NoTimestampType", "CreateTime", "LogAppendTime"]
"""Who set a record's timestamp: nobody, its producer, or the broker when it wrote it."""


class TopicPartition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class RecordMetadata(NamedTuple):
    """Where an acknowledged record ended up; ``offset`` is -1 where the broker did not say."""

    topic: str
    partition: int
    offset: int


class Header(msgspec.Struct, gc=False):
    """One header: a name, which may occur more than once in a record, and a value with its schema."""

    key: str
    value: Any = None
    schema: Schema | None = None


class Headers(list[Header]):
    """The headers of one record, in order; names may repeat."""

    __slots__ = ()

    def add(self, key: str, value: Any, schema: Schema | None = None) -> Self:
        """Append a header, after those of the same name."""
        self.append(Header(key, value, schema))
        return self

    def last_with_name(self, key: str) -> Header | None:
        """The header that was added last under this name: the one that counts where a single one is wanted."""
        return next((header for header in reversed(self) if header.key == key), None)

    def all_with_name(self, key: str) -> list[Header]:
        """Every header of this name, in the order they were added."""
        return [header for header in self if header.key == key]

    def remove_name(self, key: str) -> Self:
        """Drop every header of this name."""
        self[:] = [header for header in self if header.key != key]
        return self

    def duplicate(self) -> Headers:
        """A list of its own over the same header objects."""
        return Headers(self)


class SourceRecord(msgspec.Struct, gc=False):
    """A record on its way into Kafka.

    Args:
        topic: The topic to write to.
        value: The value, as plain Python; ``None`` is a tombstone when there is no schema.
        key: The key.
        value_schema: Describes ``value``; ``None`` is schemaless.
        key_schema: Describes ``key``.
        kafka_partition: The partition to write to; ``None`` lets the partitioner choose (by key, like Java's).
        timestamp: Milliseconds since the epoch; ``None`` is the time of sending.
        headers: Headers, or ``None``.
        source_partition: Which part of the source it came from, e.g. ``{"filename": "/var/log/x"}``: string keys, plain
            values. ``None`` when the source keeps no offsets.
        source_offset: Where to go on *after* this record, e.g. ``{"position": 812}``. Stored once this record, and
            all earlier ones of the same source partition, were acknowledged by Kafka.
    """

    topic: str
    value: Any = None
    key: Any = None
    value_schema: Schema | None = None
    key_schema: Schema | None = None
    kafka_partition: int | None = None
    timestamp: int | None = None
    headers: Headers | None = None
    source_partition: Mapping[str, Any] | None = None
    source_offset: Mapping[str, Any] | None = None

    def new_record(self, **changes: Any) -> SourceRecord:
        """A copy with some fields changed; the source partition and offset stay, whatever a transform does."""
        return msgspec.structs.replace(self, **changes)


class SinkRecord(msgspec.Struct, gc=False):
    """A record on its way out of Kafka.

    ``topic`` and ``kafka_partition`` are those after the transforms; ``original_topic``, ``original_partition`` and
    ``kafka_offset`` say where it was read, and are what :meth:`~barnabas.SinkTask.pre_commit` speaks of (KIP-793).
    """

    topic: str
    kafka_partition: int
    kafka_offset: int
    value: Any = None
    key: Any = None
    value_schema: Schema | None = None
    key_schema: Schema | None = None
    timestamp: int | None = None
    timestamp_type: TimestampType = "CreateTime"
    headers: Headers | None = None
    original_topic: str | None = None
    original_partition: int | None = None

    @property
    def original(self) -> TopicPartition:
        """The partition it was read from."""
        topic = self.topic if self.original_topic is None else self.original_topic
        return TopicPartition(
            topic, self.kafka_partition if self.original_partition is None else self.original_partition
        )

    @property
    def original_kafka_offset(self) -> int:
        """The offset it was read at; transforms never change it."""
        return self.kafka_offset

    def new_record(self, **changes: Any) -> SinkRecord:
        """A copy with some fields changed; the original coordinates stay, whatever a transform does."""
        keep = {"original_topic": self.original.topic, "original_partition": self.original.partition}
        return msgspec.structs.replace(self, **{**keep, **changes})


class Now:
    """A column of timestamps that all say "when this was polled": ``SourceBatch(…, timestamps=Now(len(values)))``.

    It costs nothing unless somebody looks at it: the producer stamps records with the time of sending by itself, which
    is the same to within the milliseconds between the two.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = time.time_ns() // 1_000_000

    def __call__(self) -> list[int]:
        """The column, made when a transform asks for it."""
        return [self._at] * self._size


R = TypeVar("R", SourceRecord, SinkRecord)
T = TypeVar("T")
Column = list[T] | Callable[[], "list[T] | None"] | None


def _spread(one: T, many: list[T] | None, size: int) -> list[T]:
    return [one] * size if many is None else many


def _shared(column: list[T]) -> bool:
    """Whether all entries are the same; identity first, because schemas and topics are interned."""
    first = column[0]
    return all(entry is first or entry == first for entry in column)


class Batch(Sequence[R], Generic[R]):
    """Columns that are also a sequence of records; see the module's description for how columns are stored."""

    _run_columns: ClassVar[tuple[tuple[str, str], ...]] = (
        ("topic", "topics"),
        ("key_schema", "key_schemas"),
        ("value_schema", "value_schemas"),
    )
    _many_of: ClassVar[Mapping[str, str]] = dict(_run_columns)
    _record_columns: ClassVar[tuple[str, ...]] = ("values", "keys", "partitions", "timestamps", "headers")

    def __init__(
        self,
        topic: str = "",
        values: list[Any] | None = None,
        *,
        keys: list[Any] | None = None,
        value_schema: Schema | None = None,
        key_schema: Schema | None = None,
        partitions: Column[Any] = None,
        timestamps: Column[Any] = None,
        headers: Column[Any] = None,
        topics: list[str] | None = None,
        value_schemas: list[Schema | None] | None = None,
        key_schemas: list[Schema | None] | None = None,
    ) -> None:
        self.topic = topic
        self.topics = topics
        self.values: list[Any] = [] if values is None else values
        self.keys = keys
        self.value_schema = value_schema
        self.value_schemas = value_schemas
        self.key_schema = key_schema
        self.key_schemas = key_schemas
        self._partitions = partitions
        self._timestamps = timestamps
        self._headers = headers

    def _lazy(self, name: str) -> Any:
        """A column that may still be a function: sinks rarely look at timestamps, so they are made when asked for."""
        column = getattr(self, name)
        if callable(column):
            column = column()
            setattr(self, name, column)
        return column

    @property
    def timestamps(self) -> list[int | None] | None:
        """Milliseconds since the epoch."""
        return cast("list[int | None] | None", self._lazy("_timestamps"))

    @property
    def stamped_now(self) -> bool:
        """Whether nobody needs to know the timestamps: the producer's own will do."""
        return self._timestamps is None or isinstance(self._timestamps, Now)

    @property
    def headers(self) -> list[Headers | None] | None:
        """Headers of each record; ``None`` when no record has any."""
        return cast("list[Headers | None] | None", self._lazy("_headers"))

    @property
    def partitions(self) -> Any:
        """The Kafka partition of each record."""
        return self._lazy("_partitions")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def uniform(self) -> bool:
        """Whether topic and schemas are the same for every record, so that the singular names hold for all."""
        return self.topics is None and self.value_schemas is None and self.key_schemas is None

    def runs(self, *, with_nulls: bool = False) -> Iterator[Self]:
        """Cut into uniform batches, in order, each as long as possible; a uniform batch yields itself.

        Args:
            with_nulls: Let null values without a schema (tombstones) be in a run with values that have one. Such a run
                keeps the column ``value_schemas``, and its ``value_schema`` is that of its values.
        """
        if self.uniform or not self.values:
            yield self
            return
        if with_nulls and self.value_schemas is not None and None in self.value_schemas:
            yield from self._runs_with_nulls(self.value_schemas)
            return
        size = len(self.values)
        topics = _spread(self.topic, self.topics, size)
        values = _spread(self.value_schema, self.value_schemas, size)
        keys = _spread(self.key_schema, self.key_schemas, size)
        start = 0
        for at in range(1, size + 1):
            if at < size and topics[at] == topics[start] and values[at] == values[start] and keys[at] == keys[start]:
                continue
            run = self._slice(slice(start, at))
            run.topic, run.value_schema, run.key_schema = topics[start], values[start], keys[start]
            run.topics = run.value_schemas = run.key_schemas = None
            yield run
            start = at

    def _runs_with_nulls(self, schemas: list[Schema | None]) -> Iterator[Self]:
        """The schemas of the values alone decide where to cut; a tombstone goes with what stands before it."""
        filled: list[Schema | None] = []
        last = next((schema for schema in schemas if schema is not None), None)
        for schema, value in zip(schemas, self.values, strict=True):
            last = schema if schema is not None or value is not None else last
            filled.append(last)
        other = self._copy()
        other.value_schemas = filled
        start = 0
        for run in other.settle().runs():
            end = start + len(run)
            own = schemas[start:end]
            if any(schema is not run.value_schema for schema in own):
                run = run._copy()  # noqa: SLF001, PLW2901 - its own class; what settle() gave may be this batch
                run.value_schemas = own
            start = end
            yield run

    def replace(self, **columns: Any) -> Self:
        """A batch with some columns replaced and the others shared with this one.

        Giving the singular of a run column makes it uniform; giving the plural makes it mixed. A record column may be
        given as a function, which is called when the column is first asked for.
        """
        other = self._copy()
        stored = other.__dict__
        for name, column in columns.items():
            private = "_" + name
            if private in stored:
                stored[private] = column
            elif name in stored:
                stored[name] = column
                many = self._many_of.get(name)
                if many is not None and many not in columns:
                    stored[many] = None
            else:
                raise TypeError(f"a {type(self).__name__} has no column {name!r}")
        return other

    def _copy(self) -> Self:
        """The same columns in a new batch: every transform makes one, so it does not go through :mod:`copy`."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def take(self, indices: Sequence[int]) -> Self:
        """The records at these positions, in this order: how a filter drops records."""
        return self._pick(lambda column: [column[i] for i in indices])

    def _slice(self, part: slice) -> Self:
        return self._pick(lambda column: column[part])

    def _pick(self, pick: Callable[[list[Any]], list[Any]]) -> Self:
        other = self._copy()
        for name in self._record_columns:
            column = getattr(self, name)
            if column is not None:
                setattr(other, name if name in self.__dict__ else "_" + name, pick(column))
        for _, many in self._run_columns:
            column = getattr(self, many)
            if column is not None:
                setattr(other, many, pick(column))
        return other

    def settle(self) -> Self:
        """Store run columns that turn out to be uniform as such; for builders of batches."""
        for one, many in self._run_columns:
            column = getattr(self, many)
            if column and _shared(column):
                setattr(self, one, column[0])
                setattr(self, many, None)
        return self

    def _record(self, at: int) -> R:
        raise NotImplementedError(f"{type(self).__name__} makes no records: use SourceBatch or SinkBatch")

    @overload
    def __getitem__(self, at: int) -> R: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | slice) -> R | Self:
        if isinstance(at, slice):
            return self._slice(at)
        size = len(self.values)
        if not -size <= at < size:
            raise IndexError(f"record {at} of a batch of {size}")
        return self._record(at % size)

    def __iter__(self) -> Iterator[R]:
        return map(self._record, range(len(self.values)))

    def __repr__(self) -> str:
        where = self.topic if self.topics is None else "several topics"
        return f"<{type(self).__name__} of {len(self)} for {where}>"


def _at(column: list[T] | None, at: int) -> T | None:
    return None if column is None else column[at]


def _column(records: Sequence[Any], name: str) -> list[Any] | None:
    column = [getattr(record, name) for record in records]
    return None if all(entry is None for entry in column) else column


class SourceBatch(Batch[SourceRecord]):
    """Columns on their way into Kafka.

    Args:
        topic: The topic of all records (``topics`` where they differ).
        values: The values.
        keys: The keys, or ``None`` when no record has one.
        value_schema: Describes all values; ``None`` is schemaless.
        key_schema: Describes all keys.
        partitions: Kafka partitions to write to, or ``None`` to let the partitioner choose.
        timestamps: Milliseconds since the epoch, or ``None`` for the time of sending.
        headers: Headers, or ``None``.
        source_partition: The part of the source that all records came from (``source_partitions`` where they differ).
        source_offset: Where to go on after the *last* record. It becomes committable when every record of the batch was
            acknowledged: the cheapest way to keep offsets.
        source_offsets: Where to go on after *each* record, for sources that want commits inside a batch.
    """

    _run_columns = (*Batch._run_columns, ("source_partition", "source_partitions"))  # noqa: SLF001  its own class
    _many_of: ClassVar[Mapping[str, str]] = dict(_run_columns)
    _record_columns = (*Batch._record_columns, "source_offsets")  # noqa: SLF001

    def __init__(
        self,
        topic: str = "",
        values: list[Any] | None = None,
        *,
        source_partition: Mapping[str, Any] | None = None,
        source_offset: Mapping[str, Any] | None = None,
        source_partitions: list[Mapping[str, Any] | None] | None = None,
        source_offsets: list[Mapping[str, Any] | None] | None = None,
        **columns: Any,
    ) -> None:
        super().__init__(topic, values, **columns)
        self.source_partition = source_partition
        self.source_partitions = source_partitions
        self.source_offset = source_offset
        self.source_offsets = source_offsets

    @classmethod
    def of(cls, records: Iterable[SourceRecord]) -> SourceBatch:
        """Columns from records: what the framework does when :meth:`~barnabas.SourceTask.poll` returns records."""
        rows = list(records)
        return cls(
            "",
            [row.value for row in rows],
            topics=[row.topic for row in rows],
            keys=_column(rows, "key"),
            value_schemas=[row.value_schema for row in rows],
            key_schemas=[row.key_schema for row in rows],
            partitions=_column(rows, "kafka_partition"),
            timestamps=_column(rows, "timestamp"),
            headers=_column(rows, "headers"),
            source_partitions=[row.source_partition for row in rows],
            source_offsets=[row.source_offset for row in rows],
        ).settle()

    def _record(self, at: int) -> SourceRecord:
        last = at == len(self.values) - 1
        return SourceRecord(
            topic=self.topic if self.topics is None else self.topics[at],
            value=self.values[at],
            key=_at(self.keys, at),
            value_schema=self.value_schema if self.value_schemas is None else self.value_schemas[at],
            key_schema=self.key_schema if self.key_schemas is None else self.key_schemas[at],
            kafka_partition=_at(self.partitions, at),
            timestamp=_at(self.timestamps, at),
            headers=_at(self.headers, at),
            source_partition=self.source_partition if self.source_partitions is None else self.source_partitions[at],
            source_offset=self.source_offsets[at] if self.source_offsets else (self.source_offset if last else None),
        )


class SinkBatch(Batch[SinkRecord]):
    """Columns on their way out of Kafka; ``partitions`` and ``offsets`` are always there.

    ``original_topics`` and ``original_partitions`` are ``None`` as long as no transform changed topics or partitions.
    Columns that sinks rarely look at (offsets, timestamps, headers) are made when first asked for.
    """

    _record_columns = (
        *Batch._record_columns,  # noqa: SLF001
        "offsets",
        "timestamp_types",
        "original_topics",
        "original_partitions",
    )

    def __init__(
        self,
        topic: str = "",
        values: list[Any] | None = None,
        *,
        offsets: Column[int] = None,
        timestamp_types: Column[TimestampType] = None,
        original_topics: list[str] | None = None,
        original_partitions: list[int] | None = None,
        **columns: Any,
    ) -> None:
        super().__init__(topic, values, **columns)
        self._offsets = offsets
        self._timestamp_types = timestamp_types
        self.original_topics = original_topics
        self.original_partitions = original_partitions

    @property
    def offsets(self) -> list[int]:
        """The Kafka offset of each record, in its original partition."""
        return cast("list[int]", self._lazy("_offsets"))

    @property
    def timestamp_types(self) -> list[TimestampType] | None:
        """Who set each timestamp; ``None`` means the producer, for all."""
        return cast("list[TimestampType] | None", self._lazy("_timestamp_types"))

    @classmethod
    def of(cls, records: Iterable[SinkRecord]) -> SinkBatch:
        """Columns from records; for tests and record-wise transforms."""
        rows = list(records)
        return cls(
            "",
            [row.value for row in rows],
            topics=[row.topic for row in rows],
            keys=_column(rows, "key"),
            value_schemas=[row.value_schema for row in rows],
            key_schemas=[row.key_schema for row in rows],
            partitions=[row.kafka_partition for row in rows],
            timestamps=_column(rows, "timestamp"),
            headers=_column(rows, "headers"),
            offsets=[row.kafka_offset for row in rows],
            timestamp_types=[row.timestamp_type for row in rows],
            original_topics=[row.original.topic for row in rows],
            original_partitions=[row.original.partition for row in rows],
        ).settle()

    def _record(self, at: int) -> SinkRecord:
        types = self.timestamp_types
        return SinkRecord(
            topic=self.topic if self.topics is None else self.topics[at],
            kafka_partition=self.partitions[at],
            kafka_offset=self.offsets[at],
            value=self.values[at],
            key=_at(self.keys, at),
            value_schema=self.value_schema if self.value_schemas is None else self.value_schemas[at],
            key_schema=self.key_schema if self.key_schemas is None else self.key_schemas[at],
            timestamp=_at(self.timestamps, at),
            timestamp_type="CreateTime" if types is None else types[at],
            headers=_at(self.headers, at),
            original_topic=_at(self.original_topics, at),
            original_partition=_at(self.original_partitions, at),
        )

    def positions(self) -> dict[TopicPartition, int]:
        """For each original partition, the offset after the last record of it in this batch: what may be committed."""
        topics = self.original_topics or self.topics
        partitions = self.original_partitions or self.partitions
        if topics is None:
            last = dict(zip(partitions, self.offsets, strict=True))
            return {TopicPartition(self.topic, partition): offset + 1 for partition, offset in last.items()}
        pairs = dict(zip(zip(topics, partitions, strict=True), self.offsets, strict=True))
        return {TopicPartition(*pair): offset + 1 for pair, offset in pairs.items()}
