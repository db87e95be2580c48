"""Gives memory back while a task has nothing to do: the allocator keeps freed pages otherwise, in every task."""

from __future__ import annotations

import time

from barnabas.kafka._librdkafka import return_memory

__all__ = ["IdleTrim"]

_FIRST = 2.0  # seconds after the start: connections have been made by then
_AGAIN = 10.0


class IdleTrim:
    """Told by a loop what it does; trims once in each pause of work, and never more than once in ten seconds."""

    def __init__(self) -> None:
        self._worked = True
        self._next = time.monotonic() + _FIRST

    def worked(self) -> None:
        """There were records."""
        self._worked = True

    def idle(self) -> None:
        """There were none."""
        if self._worked and time.monotonic() >= self._next:
            self._worked = False
            self._next = time.monotonic() + _AGAIN
            return_memory()
