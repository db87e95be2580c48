"""Source records into bytes: the transforms, then header, key and value converters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from barnabas.errors import OutageError
from barnabas.record import Headers, SourceBatch, SourceRecord
from barnabas.task.failures import NO_RECORDS_FAULT, Failure, Sieve, Stage
from barnabas.task.pipeline import Pipeline, Rows, compose

__all__ = ["Outgoing", "SourcePipeline", "Transformed"]

HeaderPairs = list[tuple[str, bytes | None]] | None


class Transformed(NamedTuple):
    """A batch after the transforms, and which records of the original these are (``None``: all)."""

    batch: SourceBatch
    kept: Rows | None


class Outgoing(NamedTuple):
    """Serialised columns of one topic, ready for the producer.

    Args:
        batch: The uniform batch that they came from.
        values: Payloads.
        keys: Keys; ``None`` when no record has one.
        headers: Headers; ``None`` when no record has any.
        rows: For each, its position in the batch that was polled; ``None``: as here, from the first.
        end: How far into the transformed batch this reaches.
    """

    batch: SourceBatch
    values: list[bytes | None]
    keys: list[bytes | None] | None
    headers: list[HeaderPairs] | None
    rows: Rows | None
    end: int

    def row(self, index: int) -> int:
        """The position of one of these in the batch that was polled."""
        return index if self.rows is None else self.rows[index]

    def content(self, index: int) -> tuple[bytes | None, bytes | None, HeaderPairs]:
        """Key, value and headers of one of these."""
        key = None if self.keys is None else self.keys[index]
        return key, self.values[index], None if self.headers is None else self.headers[index]


class SourcePipeline(Pipeline[SourceRecord]):
    """See :class:`Pipeline`."""

    def when_out(self, sit_out: Callable[[OutageError], None]) -> None:
        """How the loop waits where a converter or transform meets an outage: see :class:`Operator`."""
        self._operator.sit_out = sit_out

    def transform(self, batch: SourceBatch, sieve: Sieve) -> Transformed:
        """Apply the transforms; source partitions and offsets are the original's, whatever they did.

        Raises:
            TaskStoppingError: The task is to end while something is tried again.
        """
        if not self._steps:
            return Transformed(batch, None)
        made, kept = self._transform(batch, None, sieve)
        origin = batch if kept is None else batch.take(kept)
        result = cast("SourceBatch", made).replace(
            source_offset=batch.source_offset,
            source_offsets=origin.source_offsets,
            source_partition=origin.source_partition,
            source_partitions=origin.source_partitions,
        )
        return Transformed(result, kept)

    def convert(self, transformed: Transformed, sieve: Sieve) -> Iterator[Outgoing]:
        """Serialise, one run of equal topic and schemas at a time; lazily, so that sending overlaps with converting.

        Where a record fails for good, what came before it is given still; then the iteration ends.

        Raises:
            TaskStoppingError: As for :meth:`transform`.
        """
        batch, kept = transformed
        end = 0
        for run in batch.runs(with_nulls=True) if len(batch) else ():
            start, end = end, end + len(run)
            rows = compose(kept, range(start, end)) if len(run) < len(batch) or kept is not None else None
            try:
                values, keys, headers = self._operator.endure(functools.partial(self._convert_run, run))
            except NO_RECORDS_FAULT:
                raise
            except Exception:  # noqa: BLE001  walked again, to see which record it was
                outgoing = self._walk(run, rows, end, sieve)
                if len(outgoing.values):
                    yield outgoing
                if sieve.fatal is not None:
                    return
            else:
                yield Outgoing(run, values, keys, headers, rows, end)

    def _convert_run(
        self, run: SourceBatch
    ) -> tuple[list[bytes | None], list[bytes | None] | None, list[HeaderPairs] | None]:
        """Headers, key, value: the order in which Connect converts, and so the order in which errors appear."""
        headers = None if run.headers is None else self._header_column(run.topic, run.headers)
        keys: list[bytes | None] | None
        if run.keys is None:
            nothing = self._key.from_connect(run.topic, run.key_schema, None)
            keys = None if nothing is None else [nothing] * len(run)
        else:
            keys = self._key.from_connect_column(run.topic, run.key_schema, run.keys)
        return self._values(run), keys, headers

    def _values(self, run: SourceBatch) -> list[bytes | None]:
        convert = self._value.from_connect_column
        if run.value_schemas is None:
            return convert(run.topic, run.value_schema, run.values)
        filled = iter(convert(run.topic, run.value_schema, [value for value in run.values if value is not None]))
        nothing = self._value.from_connect(run.topic, None, None)
        return [nothing if value is None else next(filled) for value in run.values]

    def _header_column(self, topic: str, rows: Sequence[Headers | None]) -> list[HeaderPairs]:
        """Many records often share their headers, as one object: those are converted once."""
        made: list[HeaderPairs] = []
        last, pairs = rows[0], self._headers(topic, rows[0])
        for row in rows:
            if row is not last:
                last, pairs = row, self._headers(topic, row)
            made.append(pairs)
        return made

    def _headers(self, topic: str, headers: Headers | None) -> HeaderPairs:
        if not headers:
            return None
        convert = self._header.from_connect_header
        return [(header.key, convert(topic, header.key, header.schema, header.value)) for header in headers]

    def _walk(self, run: SourceBatch, rows: Rows | None, end: int, sieve: Sieve) -> Outgoing:
        kept: list[int] = []
        made: list[tuple[HeaderPairs, bytes | None, bytes | None]] = []
        for at, record in enumerate(run):
            row = self._row(record, at if rows is None else rows[at], sieve)
            if row is not None:
                kept.append(at)
                made.append(row)
            elif sieve.fatal is not None:
                break
        headers = [row[0] for row in made]
        keys = [row[1] for row in made]
        return Outgoing(
            run.take(kept),
            [row[2] for row in made],
            keys if any(key is not None for key in keys) else None,
            headers if any(headers) else None,
            compose(rows, kept),
            end,
        )

    def _row(self, record: SourceRecord, row: int, sieve: Sieve) -> tuple[Any, Any, Any] | None:
        topic = record.topic
        key_name, value_name, header_name = self._names
        calls: tuple[tuple[Stage, str, Callable[[], Any]], ...] = (
            ("HEADER_CONVERTER", header_name, functools.partial(self._headers, topic, record.headers)),
            (
                "KEY_CONVERTER",
                key_name,
                functools.partial(self._key.from_connect, topic, record.key_schema, record.key),
            ),
            (
                "VALUE_CONVERTER",
                value_name,
                functools.partial(self._value.from_connect, topic, record.value_schema, record.value),
            ),
        )
        results: list[Any] = []
        for stage, name, call in calls:
            try:
                results.append(self._operator.attempt(call))
            except NO_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001  whatever a converter raises concerns this record
                sieve.add(Failure(row, stage, name, error))
                return None
        return results[0], results[1], results[2]

    def best_effort(self, record: SourceRecord) -> tuple[bytes | None, bytes | None, HeaderPairs]:
        """Key, value and headers of a record for the dead letter topic: converted where that works, else as JSON."""
        from barnabas.task.rendering import render  # noqa: PLC0415  only failing records need it

        def converted(call: Callable[[], Any], value: Any) -> Any:
            try:
                return call()
            except Exception:  # noqa: BLE001  it is on its way to where bad records go
                return render(value)

        key = converted(lambda: self._key.from_connect(record.topic, record.key_schema, record.key), record.key)
        value = converted(
            lambda: self._value.from_connect(record.topic, record.value_schema, record.value), record.value
        )
        headers: HeaderPairs = None
        if record.headers:
            headers = [
                (
                    header.key,
                    converted(
                        functools.partial(
                            self._header.from_connect_header, record.topic, header.key, header.schema, header.value
                        ),
                        header.value,
                    ),
                )
                for header in record.headers
            ]
        return key, value, headers
