"""Tells the worker which topics a task uses (KIP-558)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from barnabas.supervisor.api import TaskId

__all__ = ["UsedTopics"]

_TELL_AGAIN: Final = 5.0
"""Seconds: a user may have reset what the worker knows, and a topic that is still used has to appear again."""


class UsedTopics:
    """The topics of one task; used on its thread only.

    Args:
        task: Which one.
        tell: Told connector, topic and number of the task; for each topic at most every five seconds.
        clock: Seconds.
    """

    def __init__(
        self, task: TaskId, tell: Callable[[str, str, int], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._task = task
        self._tell = tell
        self._clock = clock
        self._told: set[str] = set()
        self._again = 0.0

    def saw(self, topic: str) -> None:
        """A record of this topic was read, or acknowledged; called for each batch."""
        now = self._clock()
        if now >= self._again:
            self._told.clear()
            self._again = now + _TELL_AGAIN
        if topic not in self._told:
            self._told.add(topic)
            self._tell(self._task.connector, topic, self._task.task)
