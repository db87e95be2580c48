"""The interface of a predicate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from barnabas.config import ConfigDef
from barnabas.connector import Versioned
from barnabas.record import Batch, SinkRecord, SourceRecord

__all__ = ["Predicate"]

R = TypeVar("R", SourceRecord, SinkRecord)


class Predicate(Versioned, ABC, Generic[R]):
    """Says to which records a transform applies; an object of its own for each task, used on the task's thread only."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef()
    """What :meth:`config` returns by default."""

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record, with the settings below ``predicates.<alias>.``, prefix removed."""

    def config(self) -> ConfigDef:
        """The definition of the settings."""
        return self.CONFIG

    @abstractmethod
    def test(self, record: R) -> bool:
        """Whether the condition holds; an exception fails the task unless ``errors.tolerance=all`` skips the record."""

    def test_batch(self, batch: Batch[R]) -> list[bool]:
        """The condition for each record; override where columns answer it faster.

        The answers are only read, so that the same list may be given for many batches.
        """
        return [self.test(record) for record in batch]

    def close(self) -> None:
        """Release what :meth:`configure` opened; called once when the task stops."""
