"""``Filter``: drops records, for use with a predicate."""

from __future__ import annotations

from typing import Any, TypeVar

from barnabas.record import Batch, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.transforms.base import Transformation

__all__ = ["Filter"]

R = TypeVar("R", SourceRecord, SinkRecord)


class Filter(Transformation[R]):
    """Drops every record that it is given: its predicate says which."""

    def __init__(self) -> None:
        self._nothing: dict[bool, Any] = {True: SinkBatch(partitions=[], offsets=[]), False: SourceBatch()}

    def apply(self, record: R) -> R | None:  # noqa: ARG002  whatever it is
        """Drop one record."""
        return None

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Drop all, without making columns that nobody has asked for."""
        return self._nothing[isinstance(batch, SinkBatch)], []
