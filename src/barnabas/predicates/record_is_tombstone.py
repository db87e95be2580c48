"""``RecordIsTombstone``: records without a value."""

from __future__ import annotations

from typing import TypeVar

from barnabas._columns.rows import has_null
from barnabas.predicates.base import Predicate
from barnabas.record import Batch, SinkRecord, SourceRecord

__all__ = ["RecordIsTombstone"]

R = TypeVar("R", SourceRecord, SinkRecord)


class RecordIsTombstone(Predicate[R]):
    """Holds for records whose value is null, whatever their schema."""

    def __init__(self) -> None:
        self._none: list[bool] = []

    def test(self, record: R) -> bool:
        """Whether the value is null."""
        return record.value is None

    def test_batch(self, batch: Batch[R]) -> list[bool]:
        """The same for a column; most have none."""
        values = batch.values
        if has_null(values):
            return [value is None for value in values]
        if len(self._none) != len(values):
            self._none = [False] * len(values)
        return self._none  # again and again: answers are only read
