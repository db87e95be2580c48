"""What a task needs of the worker, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

__all__ = ["Link", "OffsetStore"]


class OffsetStore(Protocol):
    """Where source offsets live: the worker's file (standalone) or a topic."""

    def read_offsets(self, connector: str, keys: Sequence[bytes]) -> list[bytes | None]:
        """Stored values of serialised source partitions."""

    def write_offsets(self, connector: str, entries: Mapping[bytes, bytes | None]) -> Future[None]:
        """Store durably; the future says when, or why not."""


class Link(OffsetStore, Protocol):
    """The task's way to the worker: source offsets, and which topics it uses."""

    def topic_used(self, connector: str, topic: str, task: int) -> None:
        """Tell that the task of this number uses a topic."""
