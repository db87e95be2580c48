"""How long the tasks of a worker may run without word from its group.

A worker that does not hear from the group for its session timeout may have been replaced: its tasks then run on other
workers. So each sign of membership prolongs a lease, a moment in memory that the worker shares with its hosts; when it
is over, a host ends at once, in the middle of whatever it does, whether or not the worker can still tell it to. That
holds for a worker that is cut off from Kafka as for one that is stopped by a signal or a debugger, alone or together
with its hosts: those look at the lease again before they write anything.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["LEASE_EXIT", "Lease", "Renewable", "lease_clock", "lease_end", "watch"]

log = logging.getLogger(__name__)

LEASE_EXIT: Final = 76
"""Exit code of a host whose lease is over."""

_LONGEST_SLEEP: Final = 1.0
_MARGIN: Final = 0.1  # of the session timeout: what is on its way when a host ends has arrived before that is over
_LEAST_MARGIN: Final = 0.3

# Goes on while the machine is suspended, as the clocks of the others do.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_clock() -> int:
    """Now, in nanoseconds; the same in all processes of this machine."""
    return time.clock_gettime_ns(_CLOCK)


def lease_end(sent: int, session_timeout_ms: int) -> int:
    """Until when tasks may run after a sign of membership that was asked for at ``sent``."""
    session = session_timeout_ms / 1000
    return sent + int((session - max(_LEAST_MARGIN, session * _MARGIN)) * 1e9)


class Renewable(Protocol):
    """Where the end of a lease is kept: :class:`barnabas.supervisor.board.Board`."""

    lease: int


def _end_process() -> None:
    os._exit(LEASE_EXIT)


class Lease:
    """A host's view of its lease.

    Args:
        board: Holds its end; 0: it never ends.
        end: Ends the process; does not return, except in tests.
    """

    def __init__(self, board: Renewable, end: Callable[[], None] = _end_process) -> None:
        self._board = board
        self._end = end

    def left(self) -> float | None:
        """Seconds; ``None`` if it never ends."""
        until = self._board.lease
        return (until - lease_clock()) / 1e9 if until else None

    def check(self) -> None:
        """Before anything is written where another worker may write too: end the process if the lease is over."""
        until = self._board.lease
        if until and lease_clock() > until:
            self._end()


def watch(lease: Lease) -> None:
    """Have the process end with its lease, whatever its threads do; nothing to watch if it never ends."""
    if lease.left() is not None:
        threading.Thread(target=_watch, args=(lease,), name="lease", daemon=True).start()


def _watch(lease: Lease) -> None:
    while (left := lease.left()) is not None and left >= 0:
        time.sleep(min(left, _LONGEST_SLEEP) + 0.001)
    lease.check()
