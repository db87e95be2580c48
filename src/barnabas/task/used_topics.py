"""Tells the worker which topics a task uses (KIP-558)."""

from __future__ import annotations

from collections.abc import Callable

from barnabas.supervisor.api import TaskId
from barnabas.task.control import TaskControl

__all__ = ["UsedTopics"]


class UsedTopics:
    """The topics of one task; used on its thread only.

    Args:
        task: Which one.
        control: Says when everything is to be told again: a topic that is still used after a reset has to appear again.
        tell: Told connector, topic and number of the task.
    """

    def __init__(self, task: TaskId, control: TaskControl, tell: Callable[[str, str, int], None]) -> None:
        self._task = task
        self._control = control
        self._tell = tell
        self._told: set[str] = set()
        self._resets = 0

    def saw(self, topic: str) -> None:
        """A record of this topic was read, or acknowledged; called for each batch."""
        if self._resets != self._control.resets:
            self._resets = self._control.resets
            self._told.clear()
        if topic not in self._told:
            self._told.add(topic)
            self._tell(self._task.connector, topic, self._task.task)
