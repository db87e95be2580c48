"""Between connector and Kafka client: transforms and converters over columns, compiled once a task.

With ``errors.tolerance=none`` nothing here looks at single records: a column function converts a whole run, and only
when it raises is the run walked again record by record, to say which one it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from barnabas.errors import ConnectError
from barnabas.kafka import messages as columns
from barnabas.record import Batch, Headers, SinkBatch, SinkRecord, SourceBatch, SourceRecord

if TYPE_CHECKING:
    from confluent_kafka import Message

    from barnabas.converters.base import Converter, HeaderConverter
    from barnabas.schema import Schema
    from barnabas.transforms import Transformation

__all__ = ["Outgoing", "SinkPipeline", "SourcePipeline", "Transformed"]

R = TypeVar("R", SourceRecord, SinkRecord)


class Transformed(NamedTuple):
    """A batch after the transforms, and which records of the original were kept (``None``: all)."""

    batch: SourceBatch
    kept: list[int] | None


class Outgoing(NamedTuple):
    """Serialised columns of one topic, ready for the producer, and the uniform batch that they came from."""

    batch: SourceBatch
    values: list[bytes | None]
    keys: list[bytes | None] | None
    headers: list[list[tuple[str, bytes | None]] | None] | None


def _transform(transforms: Sequence[Transformation[R]], batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
    """Run the chain; positions are those in the original batch."""
    kept: list[int] | None = None
    for transformation in transforms:
        batch, now = transformation.apply_batch(batch)
        if now is not None:
            kept = now if kept is None else [kept[at] for at in now]
        if not len(batch):
            break
    return batch, kept


class _Pipeline(Generic[R]):
    """What both directions are made of.

    Args:
        transforms: The configured transforms, in order.
        key: The key converter.
        value: The value converter.
        header: The header converter.
    """

    def __init__(
        self,
        transforms: Sequence[Transformation[R]],
        key: Converter,
        value: Converter,
        header: HeaderConverter,
    ) -> None:
        self._transforms: Sequence[Transformation[R]] = transforms
        self._key = key
        self._value = value
        self._header = header


class SourcePipeline(_Pipeline[SourceRecord]):
    """Source records into bytes."""

    def transform(self, batch: SourceBatch) -> Transformed:
        """Apply the transforms; source partitions and offsets are the original's, whatever they did."""
        if not self._transforms:
            return Transformed(batch, None)
        made, kept = _transform(self._transforms, batch)
        origin = batch if kept is None else batch.take(kept)
        result = cast("SourceBatch", made).replace(
            source_offset=batch.source_offset,
            source_offsets=origin.source_offsets,
            source_partition=origin.source_partition,
            source_partitions=origin.source_partitions,
        )
        return Transformed(result, kept)

    def convert(self, batch: SourceBatch) -> Iterator[Outgoing]:
        """Serialise, one run of equal topic and schemas at a time; lazily, so that sending overlaps with converting."""
        for run in batch.runs():
            try:
                yield self._convert_run(run)
            except ConnectError as error:
                self._name_culprit(run, error)
                raise

    def _convert_run(self, run: SourceBatch) -> Outgoing:
        """Headers, key, value: the order in which Connect converts, and so the order in which errors appear."""
        headers = None if run.headers is None else [self._headers(run.topic, row) for row in run.headers]
        keys: list[bytes | None] | None
        if run.keys is None:
            nothing = self._key.from_connect(run.topic, run.key_schema, None)
            keys = None if nothing is None else [nothing] * len(run)
        else:
            keys = self._key.from_connect_column(run.topic, run.key_schema, run.keys)
        values = self._value.from_connect_column(run.topic, run.value_schema, run.values)
        return Outgoing(run, values, keys, headers)

    def _headers(self, topic: str, headers: Headers | None) -> list[tuple[str, bytes | None]] | None:
        if not headers:
            return None
        convert = self._header.from_connect_header
        return [(header.key, convert(topic, header.key, header.schema, header.value)) for header in headers]

    def _name_culprit(self, run: SourceBatch, error: ConnectError) -> None:
        """Find the first record that fails by itself and raise its error with its coordinates."""
        for at, record in enumerate(run):
            try:
                self._convert_run(SourceBatch.of([record]))
            except ConnectError as single:
                origin = f"source partition {record.source_partition}, source offset {record.source_offset}"
                where = f"record for topic {record.topic}, {origin}"
                raise _located(single, f"{where} ({at + 1} of {len(run)} in its batch)") from error


def _located(error: ConnectError, where: str) -> ConnectError:
    located = type(error)(f"{error.message} In {where}.", code=error.code, key=error.key, remedy=error.remedy)
    return located.with_traceback(error.__traceback__)


class SinkPipeline(_Pipeline[SinkRecord]):
    """Kafka messages into a batch for a sink."""

    def read(self, messages: Sequence[Message]) -> SinkBatch:
        """Convert (key, value, headers) and transform; an error names the first bad record by its coordinates."""
        try:
            batch = self._convert(messages)
        except ConnectError as error:
            self._name_culprit(messages, error)
            raise
        if not self._transforms:
            return batch
        made, kept = _transform(self._transforms, batch)
        origin = batch if kept is None else batch.take(kept)
        topics = origin.original_topics or origin.topics or [origin.topic] * len(origin)
        return cast("SinkBatch", made).replace(
            offsets=origin.offsets,
            original_topics=topics,
            original_partitions=origin.original_partitions or origin.partitions,
        )

    def _convert(self, messages: Sequence[Message]) -> SinkBatch:
        topics = columns.topics(messages)
        first = topics[0] if topics else ""
        uniform = topics.count(first) == len(topics)
        keys, key_schema, key_schemas = self._column(self._key, topics, uniform, columns.keys(messages))
        values, schema, schemas = self._column(self._value, topics, uniform, columns.values(messages))
        return SinkBatch(
            first,
            [None] * len(messages) if values is None else values,
            topics=None if uniform else topics,
            keys=keys,
            key_schema=key_schema,
            key_schemas=key_schemas,
            value_schema=schema,
            value_schemas=schemas,
            partitions=lambda: columns.partitions(messages),
            offsets=lambda: columns.offsets(messages),
            timestamps=lambda: columns.timestamps(messages),
            timestamp_types=lambda: columns.timestamp_types(messages),
            headers=self._headers_of(messages),
        )

    @staticmethod
    def _column(
        converter: Converter, topics: list[str], uniform: bool, payloads: list[Any]
    ) -> tuple[list[Any] | None, Schema | None, list[Schema | None] | None]:
        """One column through its converter: values (``None``: all null), the schema, or a schema each."""
        if not payloads:
            return None, None, None
        if uniform:
            if payloads.count(None) == len(payloads):
                nothing = converter.to_connect(topics[0], None)
                if nothing.value is None:
                    return None, nothing.schema, None
            schema, values = converter.to_connect_column(topics[0], payloads)
            return (values, None, schema) if isinstance(schema, list) else (values, schema, None)
        pairs = [converter.to_connect(topic, payload) for topic, payload in zip(topics, payloads, strict=True)]
        return [pair.value for pair in pairs], None, [pair.schema for pair in pairs]

    def _headers_of(self, messages: Sequence[Message]) -> Callable[[], list[Headers | None] | None]:
        def make() -> list[Headers | None] | None:
            pairs = zip(columns.topics(messages), columns.headers(messages), strict=True)
            column = [self._headers(topic, headers) for topic, headers in pairs]
            return column if any(column) else None

        return make

    def _headers(self, topic: str, pairs: Any) -> Headers | None:
        if not pairs:
            return None
        headers = Headers()
        for name, payload in pairs:
            converted = self._header.to_connect_header(topic, name, payload)
            headers.add(name, converted.value, converted.schema)
        return headers

    def _name_culprit(self, messages: Sequence[Message], error: ConnectError) -> None:
        for message in messages:
            try:
                self._convert([message])
            except ConnectError as single:
                where = f"topic {message.topic()}, partition {message.partition()}, offset {message.offset()}"
                raise _located(single, where) from error
