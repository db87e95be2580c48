"""Kafka messages into a batch for a sink: key, value and header converters, then the transforms."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from barnabas.kafka import messages as columns
from barnabas.record import Headers, SinkBatch, SinkRecord
from barnabas.schema import SchemaAndValue
from barnabas.task.failures import NO_RECORDS_FAULT, Failure, Sieve, Stage
from barnabas.task.pipeline import Pipeline, Rows

if TYPE_CHECKING:
    from barnabas.converters.base import Converter
    from barnabas.kafka.messages import AnyMessage, Messages
    from barnabas.schema import Schema

__all__ = ["Read", "Rewritten", "SinkPipeline"]

_Row = tuple[SchemaAndValue, SchemaAndValue, Headers | None]
_PIECE = 32  # records: short enough that one bad record among many spoils few, long enough for columns to be worth it
_UNFAILING = "org.apache.kafka.connect.storage.SimpleHeaderConverter"


class Read(NamedTuple):
    """What became of the messages of one poll.

    Args:
        batch: For ``put``.
        skipped: The records that are not in it because they failed, in the order of messages.
        fatal: The record that fails the task: nothing of this poll is put.
    """

    batch: SinkBatch
    skipped: Sequence[Failure] = ()
    fatal: Failure | None = None


class SinkPipeline(Pipeline[SinkRecord]):
    """See :class:`Pipeline`."""

    @property
    def _lazy_headers(self) -> bool:
        return self._names[2] == _UNFAILING

    def read(self, messages: Messages) -> Read:
        """Convert and transform; failed records are told, not raised.

        Raises:
            TaskStoppingError: The task is to end while something is tried again: none of the messages counts as read.
            OutageError: A system does not answer: none counts as read, they are to be read again later.
            RefusedError: A system refuses us: the task fails.
        """
        sieve = self.sieve()
        rows: Rows | None = None
        try:
            batch = self._convert(messages)
        except NO_RECORDS_FAULT:
            raise
        except Exception:  # noqa: BLE001  walked again, to see which record it was
            batch, rows = self._walk(messages, sieve)
        if self._steps:
            batch = self._transformed(batch, rows, sieve)
        return Read(batch, sieve.take(), sieve.give_up())

    def _transformed(self, batch: SinkBatch, rows: Rows | None, sieve: Sieve) -> SinkBatch:
        """Offsets and original coordinates stay those of the messages, whatever the transforms did."""
        before = rows
        made, rows = self._transform(batch, rows, sieve)
        if rows is before:
            origin = batch
        else:
            place = None if before is None else {row: at for at, row in enumerate(before)}
            origin = batch.take([*(rows or ())] if place is None else [place[row] for row in rows or ()])
        topics = origin.original_topics or origin.topics or [origin.topic] * len(origin)
        return cast("SinkBatch", made).replace(
            offsets=origin.offsets,
            original_topics=topics,
            original_partitions=origin.original_partitions or origin.partitions,
        )

    # ------------------------------------------------------------------ columns
    def _convert(self, messages: Messages) -> SinkBatch:
        topic = columns.one_topic(messages)
        topics = None if topic is not None else columns.topics(messages)
        keys, key_schema, key_schemas = self._column(self._key, topic, topics, columns.keys(messages))
        values, schema, schemas = self._column(self._value, topic, topics, columns.values(messages))
        headers = self._headers_of(messages)
        return SinkBatch(
            topic or (topics[0] if topics else ""),
            [None] * len(messages) if values is None else values,
            topics=topics or None,
            keys=keys,
            key_schema=key_schema,
            key_schemas=key_schemas,
            value_schema=schema,
            value_schemas=schemas,
            # Only the converter that never fails may work later, when a sink asks for headers: few do.
            headers=headers if self._lazy_headers else headers(),
            **_coordinates(messages),
        )

    @staticmethod
    def _column(
        converter: Converter, topic: str | None, topics: list[str] | None, payloads: list[Any]
    ) -> tuple[list[Any] | None, Schema | None, list[Schema | None] | None]:
        """One column through its converter: values (``None``: all null), the schema, or a schema each."""
        if not payloads:
            return None, None, None
        if topic is not None:
            if payloads.count(None) == len(payloads):
                nothing = converter.to_connect(topic, None)
                if nothing.value is None:
                    return None, nothing.schema, None
            schema, values = converter.to_connect_column(topic, payloads)
            return (values, None, schema) if isinstance(schema, list) else (values, schema, None)
        pairs = [converter.to_connect(name, payload) for name, payload in zip(topics or (), payloads, strict=True)]
        return [pair.value for pair in pairs], None, [pair.schema for pair in pairs]

    def _headers_of(self, messages: Messages) -> Callable[[], list[Headers | None] | None]:
        def make() -> list[Headers | None] | None:
            pairs = columns.headers(messages)
            if not any(pairs):
                return None
            return [self._headers(topic, row) for topic, row in zip(columns.topics(messages), pairs, strict=True)]

        return make

    def _headers(self, topic: str, pairs: Any) -> Headers | None:
        if not pairs:
            return None
        headers = Headers()
        for name, payload in pairs:
            converted = self._header.to_connect_header(topic, name, payload)
            headers.add(name, converted.value, converted.schema)
        return headers

    # ------------------------------------------------------------------ record by record
    def _walk(self, messages: Messages, sieve: Sieve) -> tuple[SinkBatch, Rows]:
        """Short pieces as columns again, and what fails of those one by one; nothing behind a fatal failure."""
        rows: list[int] = []
        made: list[_Row] = []
        for start in range(0, len(messages), _PIECE):
            piece = range(start, min(start + _PIECE, len(messages)))
            part = self._try_piece(messages, piece)
            if part is None:
                self._walk_piece(messages, piece, sieve, rows, made)
                if sieve.fatal is not None:
                    break
            else:
                rows += piece
                made += self._rows_of(part)
        return self._gather([messages[at] for at in rows], made), rows

    def _try_piece(self, messages: Messages, piece: range) -> SinkBatch | None:
        """A piece as columns; ``None`` where that fails, as it did for the whole."""
        if len(piece) == len(messages):
            return None
        try:
            return self._convert(messages[piece.start : piece.stop])
        except NO_RECORDS_FAULT:
            raise
        except Exception:  # noqa: BLE001  as in read
            return None

    def _walk_piece(self, messages: Messages, piece: range, sieve: Sieve, rows: list[int], made: list[_Row]) -> None:
        """Key, value, headers of each message: the first that fails is what its record is reported with."""
        for at in piece:
            row = self._row(at, messages[at], sieve)
            if row is not None:
                rows.append(at)
                made.append(row)
            elif sieve.fatal is not None:
                return

    def _rows_of(self, part: SinkBatch) -> Iterator[_Row]:
        """The columns of a part as rows; headers that never fail are left until a sink asks for them."""
        size = len(part)
        keys = part.keys or [None] * size
        key_schemas = part.key_schemas or [part.key_schema] * size
        schemas = part.value_schemas or [part.value_schema] * size
        headers = (None if self._lazy_headers else part.headers) or [None] * size
        return zip(
            map(SchemaAndValue, key_schemas, keys), map(SchemaAndValue, schemas, part.values), headers, strict=True
        )

    def _gather(self, good: Messages, made: list[_Row]) -> SinkBatch:
        headers = self._headers_of(good) if self._lazy_headers else [row[2] for row in made]
        batch = SinkBatch(
            "",
            [value.value for _, value, _ in made],
            topics=columns.topics(good),
            keys=[key.value for key, _, _ in made],
            key_schemas=[key.schema for key, _, _ in made],
            value_schemas=[value.schema for _, value, _ in made],
            headers=headers if callable(headers) or any(headers) else None,
            **_coordinates(good),
        )
        return batch.settle()

    def _row(self, at: int, message: AnyMessage, sieve: Sieve) -> _Row | None:
        topic = cast("str", message.topic())  # a message that was read has one
        calls: tuple[tuple[Stage, Callable[[], Any]], ...] = (
            ("KEY_CONVERTER", functools.partial(self._key.to_connect, topic, message.key())),
            ("VALUE_CONVERTER", functools.partial(self._value.to_connect, topic, message.value())),
            ("HEADER_CONVERTER", functools.partial(self._headers, topic, message.headers())),
        )
        results: list[Any] = []
        for (stage, call), name in zip(calls, self._names, strict=True):
            try:
                results.append(self._operator.attempt(call))
            except NO_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001  whatever a converter raises concerns this record
                sieve.add(Failure(at, stage, name, error))
                return None
        return results[0], results[1], results[2]

    def rewrite(self, record: SinkRecord) -> Rewritten:
        """A record in bytes, for a dead letter whose message is not kept any more.

        Raises:
            DataError: It cannot be written with these converters.
        """
        topic = record.topic
        headers = [
            (header.key, self._header.from_connect_header(topic, header.key, header.schema, header.value))
            for header in record.headers or ()
        ]
        key = self._key.from_connect(topic, record.key_schema, record.key)
        value = self._value.from_connect(topic, record.value_schema, record.value)
        return Rewritten(record, key, value, headers or None)


def _coordinates(messages: Messages) -> dict[str, Any]:
    """Columns that sinks rarely look at: made when asked for."""
    return {
        "partitions": lambda: columns.partitions(messages),
        "offsets": lambda: columns.offsets(messages),
        "timestamps": lambda: columns.timestamps(messages),
        "timestamp_types": lambda: columns.timestamp_types(messages),
    }


class Rewritten:
    """A record back in bytes, where its message is not kept any more; answers as a message does."""

    def __init__(self, record: SinkRecord, key: bytes | None, value: bytes | None, headers: Any) -> None:
        self._record = record
        self._key = key
        self._value = value
        self._headers = headers

    def topic(self) -> str:
        """Where the record was read."""
        return self._record.original.topic

    def partition(self) -> int:
        """Where the record was read."""
        return self._record.original.partition

    def offset(self) -> int:
        """Where the record was read."""
        return self._record.original_kafka_offset

    def key(self) -> bytes | None:
        """Written by the key converter."""
        return self._key

    def value(self) -> bytes | None:
        """Written by the value converter."""
        return self._value

    def headers(self) -> Any:
        """Written by the header converter."""
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        """Kind and milliseconds."""
        stamp = self._record.timestamp
        return (0, -1) if stamp is None else (_KINDS.index(self._record.timestamp_type), stamp)


_KINDS = ("NoTimestampType", "CreateTime", "LogAppendTime")
