"""A page of memory shared by the worker and one host: which plugin call is under way, and counters.

The host writes, the worker reads, and neither waits for the other. So the worker can tell from outside how long a call
has been running even when the host's interpreter is stuck in it, and reading a task's metrics costs no message.
A slot is 32 signed 64-bit numbers; each is written by one thread only and read whole (aligned words on every platform
we run on), so a reader may see numbers of two moments, never half a number.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from barnabas.supervisor.api import UnitStats

__all__ = ["CALLS", "WORDS", "Board", "Slot"]

CALLS: Final = (
    "",
    "load",
    "initialize",
    "start",
    "stop",
    "task_configs",
    "validate",
    "config",
    "poll",
    "put",
    "commit",
    "commit_record",
    "pre_commit",
    "open",
    "close",
    "transform",
    "convert",
    "alter_offsets",
    "offsets_stored",
)
"""Names of the calls into plugin code, by code; 0 is "none"."""

_CODES: Final = {name: code for code, name in enumerate(CALLS)}
WORDS: Final = 32
"""Numbers in a slot."""
_SLOT_BYTES: Final = WORDS * 8
(
    CALL,
    SINCE,
    RECORDS_IN,
    RECORDS_OUT,
    BATCHES,
    IN_FLIGHT,
    COMMITS,
    COMMIT_FAILURES,
    LAST_RECORD,
    LAST_COMMIT,
    RECORD_FAILURES,
    RECORD_ERRORS,
    RECORDS_SKIPPED,
    RETRIES,
    ERRORS_LOGGED,
    DEAD_LETTERS,
    DEAD_LETTER_FAILURES,
    LAST_ERROR,
    PUTS_SPLIT,
    BACKLOG,
    BACKLOG_LEFT,  # and one more, so that 0 is unknown
) = range(21)


class Slot:
    """The words of one unit."""

    def __init__(self, words: memoryview[int]) -> None:
        self.words = words

    def enter(self, call: str) -> None:
        """A call into plugin code begins now."""
        self.words[SINCE] = time.monotonic_ns()
        self.words[CALL] = _CODES[call]

    def leave(self) -> None:
        """The call has returned."""
        self.words[CALL] = 0

    @contextmanager
    def calling(self, call: str) -> Iterator[None]:
        """For calls that are made rarely; the loops use :meth:`enter` and :meth:`leave`."""
        self.enter(call)
        try:
            yield
        finally:
            self.leave()

    def clear(self) -> None:
        """Forget a former unit of this slot."""
        for at in range(WORDS):
            self.words[at] = 0

    def call(self) -> tuple[str, float] | None:
        """The call under way and its age in seconds, or ``None``."""
        code, since = self.words[CALL], self.words[SINCE]
        if not code:
            return None
        return CALLS[code], max(0.0, (time.monotonic_ns() - since) / 1e9)

    def stats(self, pid: int) -> UnitStats:
        """A snapshot of the counters."""
        words = self.words
        call = self.call()
        return UnitStats(
            pid=pid,
            call=call[0] if call else None,
            call_seconds=round(call[1], 3) if call else 0.0,
            records_in=words[RECORDS_IN],
            records_out=words[RECORDS_OUT],
            batches=words[BATCHES],
            in_flight=words[IN_FLIGHT],
            commits=words[COMMITS],
            commit_failures=words[COMMIT_FAILURES],
            last_record=words[LAST_RECORD] / 1000,
            last_commit=words[LAST_COMMIT] / 1000,
            record_failures=words[RECORD_FAILURES],
            record_errors=words[RECORD_ERRORS],
            records_skipped=words[RECORDS_SKIPPED],
            retries=words[RETRIES],
            errors_logged=words[ERRORS_LOGGED],
            dead_letters=words[DEAD_LETTERS],
            dead_letter_failures=words[DEAD_LETTER_FAILURES],
            last_error=words[LAST_ERROR] / 1000,
            puts_split=words[PUTS_SPLIT],
            backlog_bytes=words[BACKLOG],
            backlog_left_bytes=words[BACKLOG_LEFT] - 1 if words[BACKLOG_LEFT] else None,
        )


class Board:
    """The shared memory of one host, divided into slots, one a unit; behind them, until when all of them may run.

    Attributes:
        fd: Its descriptor.
        slots: How many units it has room for.
    """

    def __init__(self, fd: int, slots: int) -> None:
        self._map = mmap.mmap(fd, (slots + 1) * _SLOT_BYTES)
        self._view = memoryview(self._map)
        self._own = self._view[slots * _SLOT_BYTES :].cast("q")
        self.fd = fd
        self.slots = slots

    @classmethod
    def create(cls, slots: int) -> Board:
        """A new board in anonymous memory; pages are only used once written."""
        fd = os.memfd_create("barnabas-board", os.MFD_CLOEXEC)
        os.ftruncate(fd, (slots + 1) * _SLOT_BYTES)
        return cls(fd, slots)

    @classmethod
    def attach(cls, fd: int) -> Board:
        """The board behind a descriptor that was handed over."""
        return cls(fd, os.fstat(fd).st_size // _SLOT_BYTES - 1)

    @property
    def lease(self) -> int:
        """Until when the host may run, on :func:`~barnabas.lease.lease_clock`; 0: as long as it likes."""
        return self._own[0]

    @lease.setter
    def lease(self, until: int) -> None:
        self._own[0] = until

    def slot(self, number: int) -> Slot:
        """One slot."""
        return Slot(self._view[number * _SLOT_BYTES : (number + 1) * _SLOT_BYTES].cast("q"))

    def close(self) -> None:
        """Give the descriptor back; the memory goes with the last slot that looks at it."""
        os.close(self.fd)
