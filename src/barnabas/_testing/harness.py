"""What both harnesses are: a connector and one of its tasks, with a beginning and an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Self, TypeVar

from barnabas.connector import SinkConnector, SinkTask, SourceConnector, SourceTask
from barnabas.errors import IllegalWorkerStateError

__all__ = ["Harness"]

C = TypeVar("C", SourceConnector, SinkConnector)
T = TypeVar("T", SourceTask, SinkTask)


class Harness(ABC, Generic[C, T]):
    """A connector and one of its tasks; a context manager that starts and stops them."""

    def __init__(self) -> None:
        self.connector: C | None = None
        self._task: T | None = None

    @property
    def task(self) -> T:
        """The running task."""
        if self._task is None:
            raise IllegalWorkerStateError("The harness is not running.", remedy="Call start(), or use it in a with.")
        return self._task

    @abstractmethod
    def start(self) -> Self:
        """Make and start connector and task, from what is committed."""

    @abstractmethod
    def stop(self) -> None:
        """Stop task and connector, in the worker's order; harmless when not running."""

    def _release(self) -> None:
        task, self._task = self._task, None
        connector, self.connector = self.connector, None
        try:
            if task is not None:
                task.stop()
        finally:
            if connector is not None:
                connector.stop()

    def restart(self) -> Self:
        """Stop, and start again from what is committed."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
