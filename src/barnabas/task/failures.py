"""Failed operations on records: tried again, counted, and either put aside or made the task's own failure.

The rules are those of Kafka Connect 4.3. Only :class:`~barnabas.errors.RetriableError` is tried again, and only in
transforms and converters. What still fails is skipped with ``errors.tolerance=all``; otherwise the task fails.

Two errors are no record's and never skipped: :class:`~barnabas.errors.OutageError`, which is waited out, and
:class:`~barnabas.errors.RefusedError`, which fails the task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableSequence
from random import random as chance
from typing import Literal, NamedTuple, TypeVar

from barnabas.errors import BarnabasError, ConnectError, OutageError, RefusedError, RetriableError
from barnabas.supervisor import board
from barnabas.task.policy import ErrorPolicy, next_delay

__all__ = [
    "NO_RECORDS_FAULT",
    "Failure",
    "Operator",
    "Sieve",
    "Stage",
    "Tally",
    "TaskStoppingError",
    "ToleranceExceededError",
    "describe",
]

T = TypeVar("T")
Stage = Literal["TRANSFORMATION", "KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "KAFKA_PRODUCE", "TASK_PUT"]
"""What was being done, in Kafka Connect's words."""


class ToleranceExceededError(ConnectError):
    """A record failed and ``errors.tolerance`` is ``none``; the cause is the failure itself.

    Whether a restart may heal it is the cause's to say.
    """

    code = "BRN-2190"
    wraps_cause = True


class TaskStoppingError(Exception):
    """The task is to stop while an operation waits for its next attempt: the record counts as not read."""


NO_RECORDS_FAULT = (TaskStoppingError, OutageError, RefusedError)
"""What stages let through instead of blaming a record for it."""


class Failure(NamedTuple):
    """An operation on one record that failed for good.

    Args:
        at: The record's position in the batch that was polled.
        stage: What was being done.
        name: The class that did it, as Kafka Connect calls it.
        error: What it raised.
    """

    at: int
    stage: Stage
    name: str
    error: Exception

    def exceeded(self, where: str) -> ToleranceExceededError:
        """The error that fails the task; ``where`` says which record it was."""
        error = ToleranceExceededError(
            "Tolerance exceeded in error handler",
            remedy=f"{self.stage} with {self.name} failed for {where}: {describe(self.error)}",
        )
        error.__cause__ = self.error
        return error


def describe(error: BaseException) -> str:
    """One line: the sentence, what to do, the code."""
    if isinstance(error, BarnabasError):
        return error.describe()
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class Tally:
    """The counters of Kafka Connect's ``task-error-metrics``, on the board."""

    def __init__(self, words: MutableSequence[int] | memoryview[int]) -> None:
        self._words = words

    def add(self, word: int, count: int = 1) -> None:
        """Count."""
        self._words[word] += count

    def failed(self) -> None:
        """An operation failed for good."""
        self._words[board.RECORD_FAILURES] += 1
        self._words[board.LAST_ERROR] = int(time.time() * 1000)

    def skipped(self) -> None:
        """A record is left out, because errors are tolerated."""
        self._words[board.RECORD_ERRORS] += 1
        self._words[board.RECORDS_SKIPPED] += 1


def _never() -> bool:
    return False


class Operator:
    """Repeats what may heal; used on the task's thread.

    Args:
        policy: The connector's.
        tally: Counts attempts.
        stopping: Whether the task is to end.
        wait: Sleeps for so many seconds, less when the task is to end.
        clock: Seconds, for deadlines.
        random: For back-off.

    Attributes:
        sit_out: Waits before an operation is made again that met an outage, and raises :class:`TaskStoppingError` when
            the task is to end; ``None``: the outage is raised, and who called waits.
    """

    def __init__(
        self,
        policy: ErrorPolicy | None = None,
        tally: Tally | None = None,
        *,
        stopping: Callable[[], bool] = _never,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance,
    ) -> None:
        self.policy = policy or ErrorPolicy()
        self.tally = tally or Tally([0] * board.WORDS)
        self._stopping = stopping
        self._wait = wait
        self._clock = clock
        self._random = random
        self.sit_out: Callable[[OutageError], None] | None = None

    def endure(self, call: Callable[[], T]) -> T:
        """Make a call, and where it meets an outage make it again once that is over.

        Raises:
            TaskStoppingError: The task is to end.
            OutageError: Somebody else waits.
            Exception: Whatever else the call raises.
        """
        while True:
            try:
                return call()
            except OutageError as error:
                if self.sit_out is None:
                    raise
                self.sit_out(error)

    def attempt(self, call: Callable[[], T]) -> T:
        """Make a call, again and again where it may heal.

        Raises:
            TaskStoppingError: The task is to end.
            Exception: What the last attempt raised.
        """
        began = self._clock()
        try:
            return self.endure(call)
        except Exception as error:  # noqa: BLE001  every error of a converter or transform is the policy's business
            return self.recover(error, call, began)

    def recover(self, error: Exception, call: Callable[[], T], began: float | None = None) -> T:
        """Go on after a first attempt that raised ``error``; otherwise as :meth:`attempt`."""
        if isinstance(error, OutageError) and self.sit_out is not None:
            self.sit_out(error)
            return self.attempt(call)
        timeout = self.policy.retry_timeout
        until = None if timeout is None else (self._clock() if began is None else began) + timeout
        attempt = 1
        while isinstance(error, RetriableError):
            self.tally.add(board.RECORD_FAILURES)
            left = None if until is None else until - self._clock()
            if left is not None and left <= 0:
                break
            self._wait(next_delay(attempt, self.policy.retry_delay_max, left, self._random))
            self.tally.add(board.RETRIES)
            if self._stopping():
                raise TaskStoppingError
            attempt += 1
            try:
                return self.endure(call)
            except Exception as again:  # noqa: BLE001  as above
                error = again
        raise error


class Sieve:
    """What failed in one polled batch: skipped where tolerated; else the first of it, with which the batch ends.

    Stages work on whole batches, one after the other, so a later stage may find that an *earlier* record fails: since
    the batch was cut where it failed before, the last failure noted is always the first in the order of records.
    """

    def __init__(self, operator: Operator) -> None:
        self._tolerant = operator.policy.tolerant
        self._tally = operator.tally
        self.skipped: list[Failure] = []
        self.fatal: Failure | None = None

    def add(self, failure: Failure) -> bool:
        """Note a failure; whether the records behind it are still wanted."""
        if self._tolerant:
            self.skipped.append(failure)
        else:
            self.fatal = failure
        return self._tolerant

    def take(self) -> list[Failure]:
        """The failures since the last call, in the order of records; counted now, for who reads again counts once."""
        taken, self.skipped = sorted(self.skipped, key=lambda failure: failure.at), []
        for _ in taken:
            self._tally.failed()
            self._tally.skipped()
        return taken

    def give_up(self) -> Failure | None:
        """The failure that fails the task, counted; ``None`` where there is none."""
        if self.fatal is not None:
            self._tally.failed()
            self._tally.add(board.RECORD_ERRORS)
        return self.fatal
