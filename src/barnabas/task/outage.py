"""Waiting for a system that the data need and that does not answer: when to ask again, and what the log is told.

:class:`Patience` is a pure state machine, one a task. It is no part of ``errors.*``: an outage is no record's fault, so
nothing is skipped and no time limit ends it; the task waits until the system answers or it is told to stop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import random as chance
from typing import TYPE_CHECKING, Final

from barnabas.errors import OutageError
from barnabas.supervisor import board
from barnabas.task.failures import TaskStoppingError

if TYPE_CHECKING:
    from barnabas.task.control import TaskControl

__all__ = ["OutageWait", "Patience"]

log = logging.getLogger(__name__)

_FIRST: Final = 0.5
_LONGEST: Final = 10.0
_SAY_AGAIN: Final = 60.0
_TURN: Final = 0.5  # between looks at what else there is to do


class Patience:
    """Used on the task's thread; times in seconds.

    Args:
        clock: The time.
        random: A number in [0, 1): many tasks wait for one system, and shall not come back all at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, random: Callable[[], float] = chance) -> None:
        self._clock = clock
        self._random = random
        self._since: float | None = None
        self._said = 0.0
        self._delay = _FIRST

    @property
    def waiting(self) -> bool:
        """Whether the last attempt failed."""
        return self._since is not None

    def failed(self, error: OutageError) -> float:
        """An attempt failed; returns how long to wait before the next, and tells the log now and then."""
        now = self._clock()
        if self._since is None:
            self._since, self._said, self._delay = now, now, _FIRST
            log.warning("%s Nothing is skipped; it is asked again until it answers.", error.describe())
        else:
            self._delay = min(2 * self._delay, _LONGEST)
            if now - self._said >= _SAY_AGAIN:
                self._said = now
                log.warning("Waiting for %.0f s now: %s", now - self._since, error.describe())
        return self._delay * (0.8 + 0.4 * self._random())

    def over(self) -> None:
        """An attempt succeeded."""
        if self._since is not None:
            log.info("It answers again after %.0f s: going on.", self._clock() - self._since)
            self._since = None


class OutageWait:
    """For a task that waits on the spot, as sources do, with everything else going on meanwhile.

    Args:
        control: Orders, and the slot of the board.
        tend: Takes acknowledgements and commits what may be; called again and again.
        pause: Obeys an order to pause; returns when it is over.

    Attributes:
        patience: When to ask again.
        broken: What failed while waiting: it is the task's, and no record is to be blamed for it.
    """

    def __init__(self, control: TaskControl, tend: Callable[[], None], pause: Callable[[], None]) -> None:
        self._control = control
        self._tend = tend
        self._pause = pause
        self.patience = Patience()
        self.broken: Exception | None = None

    def sit_out(self, outage: OutageError) -> None:
        """Wait a while after an attempt that met an outage.

        Raises:
            TaskStoppingError: The task is to end, or something else has failed (:attr:`broken`).
        """
        control, slot = self._control, self._control.slot
        call = slot.call()
        slot.leave()  # nothing of the plugin is under way: its deadline does not run
        until = time.monotonic() + self.patience.failed(outage)
        try:
            while not control.stopping and (left := until - time.monotonic()) > 0:
                if control.paused:
                    self._pause()
                control.wait(min(left, _TURN))
                self._tend()
        except Exception as error:
            self.broken = error
            raise TaskStoppingError from error
        if control.stopping:
            raise TaskStoppingError
        slot.words[board.RETRIES] += 1
        if call is not None:
            slot.enter(call[0])
