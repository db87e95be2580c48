"""What source and sink tasks do alike about bad records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from barnabas.task.dead_letters import DeadLetters
from barnabas.task.failures import Operator

if TYPE_CHECKING:
    from barnabas.supervisor.api import TaskId

__all__ = ["TaskErrors"]

_CLOSE: Final = 5.0  # seconds that dead letters are given at the end

P = TypeVar("P")


class TaskErrors(Generic[P]):
    """A task's policy, counters and dead letters.

    Args:
        task: Which task it is.
        operator: Its policy and counters.
        pipeline: Its converters, for what dead letters hold.
        open_letters: Makes sure that the dead letter topic is there, and opens its producer; ``None`` without one.
    """

    def __init__(
        self, task: TaskId, operator: Operator, pipeline: P, open_letters: Callable[[], DeadLetters] | None = None
    ) -> None:
        self._task = task
        self.policy = operator.policy
        self._tally = operator.tally
        self._pipeline = pipeline
        self._open_letters = open_letters
        self._letters: DeadLetters | None = None

    def start(self) -> None:
        """Called once, before the task is started."""
        if self._open_letters is not None:
            self._letters = self._open_letters()

    def close(self) -> None:
        """Called once, after the last commit."""
        if self._letters is not None:
            self._letters.close(_CLOSE)
