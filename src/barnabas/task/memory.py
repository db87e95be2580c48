"""Gives memory back while a task has nothing to do, which the allocator and the kernel do not do by themselves.

The allocator keeps freed pages. And a page that was shared with the fork server is a task's own from the first write
to it, which for a Python object is as soon as somebody looks at it; most of those copies say nothing new.
"""

from __future__ import annotations

import time

from barnabas._columns import native
from barnabas.kafka._librdkafka import return_memory

__all__ = ["IdleTrim"]

_FIRST = 2.0  # seconds after the start: connections have been made by then
_AGAIN = 5.0
_TIMES = 2


class IdleTrim:
    """Told by a loop what it does; trims twice in each pause of work, and never more than once in five seconds.

    The second time is for what went on after the work: commits, and the client's own. A task that never pauses is
    trimmed once, when it has come to its usual work: starting it wrote to more pages.
    """

    def __init__(self) -> None:
        self._left = _TIMES
        self._next = time.monotonic() + _FIRST
        self._begun = False

    def worked(self) -> None:
        """There were records."""
        self._left = _TIMES
        if not self._begun and time.monotonic() >= self._next:
            self._trim()

    def idle(self) -> None:
        """There were none."""
        if self._left and time.monotonic() >= self._next:
            self._left -= 1
            self._trim()

    def _trim(self) -> None:
        self._begun = True
        self._next = time.monotonic() + _AGAIN
        _trim()


def _trim() -> None:
    """Takes some milliseconds."""
    return_memory()
    if native is not None:
        native.return_pages()
