"""Between connector and Kafka client: transforms and converters over columns, put together once a task.

A whole batch goes through each stage as columns. Only when a stage raises is the batch walked record by record: to try
again what may heal, to put aside the records that fail where errors are tolerated, and to name the one that failed
where they are not. Nothing here looks at single records as long as all goes well.

Transforms are walked without being repeated: one that works record by record is given each record exactly once, also in
a batch in which others fail; only one that overrides ``apply_batch`` may see records again.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from barnabas.record import Batch, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.task.failures import NO_RECORDS_FAULT, Failure, Operator, Sieve
from barnabas.transforms.chain import apply_record, apply_step

if TYPE_CHECKING:
    from barnabas.converters.base import Converter, HeaderConverter
    from barnabas.transforms.chain import Step

__all__ = ["Pipeline", "Rows", "shown_name"]

R = TypeVar("R", SourceRecord, SinkRecord)
Rows = Sequence[int]
"""For each record of a batch, its position in the batch that was polled."""


def shown_name(plugin: object) -> str:
    """The class as Kafka Connect knows it, for errors and dead letters: Java's name where ours stands in for one."""
    from barnabas.converters.names import canonical_name  # noqa: PLC0415  needed once a task

    kind = type(plugin)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return canonical_name(name) or name


def compose(rows: Rows | None, kept: Rows | None) -> Rows | None:
    """Positions of what a stage kept, in terms of the batch that was polled; ``None``: all of it, in place."""
    if kept is None:
        return rows
    return kept if rows is None else [rows[at] for at in kept]


class Pipeline(Generic[R]):
    """What both directions are made of.

    Args:
        steps: The configured transforms, in order.
        key: The key converter.
        value: The value converter.
        header: The header converter.
        operator: Tries again what may heal, and says whether errors are tolerated; by default nothing of either.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        key: Converter,
        value: Converter,
        header: HeaderConverter,
        operator: Operator | None = None,
    ) -> None:
        self._steps = steps
        self._key = key
        self._value = value
        self._header = header
        self._operator = operator or Operator()
        self._names = (shown_name(key), shown_name(value), shown_name(header))

    def sieve(self) -> Sieve:
        """For one polled batch."""
        return Sieve(self._operator)

    def close(self) -> None:
        """Close transforms and predicates, once the task has ended."""
        for step in self._steps:
            step.transformation.close()
            if step.predicate is not None:
                step.predicate.close()

    def _transform(self, batch: Batch[R], rows: Rows | None, sieve: Sieve) -> tuple[Batch[R], Rows | None]:
        """Run the chain; a batch in which a record fails for good ends before that record."""
        for step in self._steps:
            if not len(batch):
                break
            if step.one_by_one:
                batch, kept = self._one_by_one(step, batch, rows, sieve)
            else:
                try:
                    batch, kept = apply_step(step, batch)
                except Exception:  # noqa: BLE001  walked again, to see which record it was
                    batch, kept = self._one_by_one(step, batch, rows, sieve)
            rows = compose(rows, kept)
        return batch, rows

    def _one_by_one(
        self, step: Step, batch: Batch[R], rows: Rows | None, sieve: Sieve
    ) -> tuple[Batch[R], list[int] | None]:
        """Apply a step to each record, once; what fails is tried again, put aside, or ends the batch."""
        made: list[Any] = []
        kept: list[int] = []
        records = enumerate([*batch])
        going = True
        while going:
            going = False
            try:
                for at, record in records:
                    result = apply_record(step, record)
                    if result is not None:
                        made.append(result)
                        kept.append(at)
            except Exception as error:  # noqa: BLE001  whatever a transform raises concerns this record
                going = self._recover(step, record, at if rows is None else rows[at], error, sieve, made)
                if len(made) > len(kept):
                    kept.append(at)
        result_batch = SourceBatch.of(made) if isinstance(batch, SourceBatch) else SinkBatch.of(made)
        return cast("Batch[R]", result_batch), None if len(kept) == len(batch) else kept

    def _recover(self, step: Step, record: Any, row: int, error: Exception, sieve: Sieve, made: list[Any]) -> bool:
        """One record failed in a step; returns whether to go on with the next."""
        try:
            result = self._operator.recover(error, functools.partial(apply_record, step, record))
        except NO_RECORDS_FAULT:
            raise
        except Exception as final:  # noqa: BLE001  as above
            return sieve.add(Failure(row, "TRANSFORMATION", step.name, final))
        if result is not None:
            made.append(result)
        return True
