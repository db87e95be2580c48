"""What the host's main thread and a task's thread share: stop, pause, and the slot of the board."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from barnabas.lease import Lease
from barnabas.supervisor.api import ErrorInfo, State
from barnabas.supervisor.board import Slot

__all__ = ["Report", "TaskControl"]


class Report(Protocol):
    """Tells the worker that the task reached a state."""

    def __call__(self, state: State, error: ErrorInfo | None = None) -> None:
        """The task is in this state now; ``error`` with FAILED."""


class TaskControl:
    """Orders for a task.

    Orders are given on the host's main thread and obeyed on the task's thread, between calls into plugin code: nothing
    here interrupts a call. ``stopping`` never goes back to false.

    Args:
        slot: Of the board.
        paused: Start paused.
        report: Tells the worker about states.
        configs: Asks the worker for the task's configuration with the values that placeholders have now; without it a
            task has those it was started with.
        lease: Until when the task may write; without one, always.

    Attributes:
        resets: How often the worker wanted to be told of topics again.
    """

    def __init__(
        self,
        slot: Slot,
        *,
        paused: bool,
        report: Report,
        configs: Callable[[], Mapping[str, str]] | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.slot = slot
        self._lease = lease
        self.report = report
        self.configs = configs
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._paused = paused
        self.resets = 0

    def check_lease(self) -> None:
        """Before data or offsets are written: does not return if another worker may run this task by now."""
        if self._lease is not None:
            self._lease.check()

    @property
    def stopping(self) -> bool:
        """Whether the task is to end."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Whether the task is to do nothing for now."""
        return self._paused

    def stop(self) -> None:
        """Order the end."""
        self._stop.set()
        self._changed.set()

    def pause(self) -> None:
        """Order a pause."""
        self._paused = True
        self._changed.set()

    def resume(self) -> None:
        """Order to go on."""
        self._paused = False
        self._changed.set()

    def forget_topics(self) -> None:
        """What the worker was told of topics is to be told again."""
        self.resets += 1

    def wait_until_resumed(self) -> bool:
        """For a task that starts paused: report it and wait; returns whether to go on, not stop."""
        if self._paused:
            self.report("PAUSED")
        while self._paused and not self._stop.is_set():
            self.wait(1)
        return not self._stop.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up for an order."""
        if self._changed.wait(seconds):
            self._changed.clear()

    def interrupted(self) -> bool:
        """Whether a long wait should be given up: for handing to code that waits."""
        return self._stop.is_set()
