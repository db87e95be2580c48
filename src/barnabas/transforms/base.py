"""The interface of a transform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar, cast

from barnabas.config import ConfigDef
from barnabas.connector import Versioned
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceBatch, SourceRecord

__all__ = ["Transformation"]

R = TypeVar("R", SourceRecord, SinkRecord)


class Transformation(Versioned, ABC, Generic[R]):
    """Changes or drops records; an object of its own for each task, used on the task's thread only.

    Implement :meth:`apply`; override :meth:`apply_batch` as well where columns are faster.
    """

    CONFIG: ClassVar[ConfigDef] = ConfigDef()
    """What :meth:`config` returns by default."""

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record, with the settings below ``transforms.<alias>.``, prefix removed."""

    def config(self) -> ConfigDef:
        """The definition of the settings."""
        return self.CONFIG

    @abstractmethod
    def apply(self, record: R) -> R | None:
        """Return the record, a changed copy (:meth:`~barnabas.SourceRecord.new_record`), or ``None`` to drop it.

        An exception fails the task unless ``errors.tolerance=all`` skips the record.
        """

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Transform a whole batch.

        Overriding it says that records may be shown again: when it raises, the batch is gone over record by record with
        :meth:`apply`, to tell which record it was. A class that leaves it as it is may count and remember: ``apply`` is
        called once for each record, also for those in a batch with one that fails (except for retries of a
        :class:`~barnabas.RetriableError`).

        Returns:
            The new batch, and the positions in ``batch`` of the records that were kept, ascending; ``None`` for all.
        """
        rows: list[R] = []
        kept: list[int] = []
        for at, record in enumerate(batch):
            result = self.apply(record)
            if result is not None:
                rows.append(result)
                kept.append(at)
        made = SourceBatch.of(rows) if isinstance(batch, SourceBatch) else SinkBatch.of(cast("list[Any]", rows))
        return cast("Batch[R]", made), None if len(kept) == len(batch) else kept

    def close(self) -> None:
        """Release what :meth:`configure` opened; called once when the task stops."""
