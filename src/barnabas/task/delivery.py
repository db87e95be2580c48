"""One batch on its way into ``put``: whole, again after a while, or in ever smaller parts to find the bad records.

**Splitting** (``errors.put.bisect=true`` with ``errors.tolerance=all``, for a task that does not use the errant record
reporter). A batch that ``put`` refuses with an error that does not heal is halved, and its halves are put in order, so
that the order of records stays. A single record that is refused is reported and left out. So a bad record costs
about ``2 · log2(n)`` more calls of ``put``, and records are put again that ``put`` may have dealt with before it
failed: it has to be repeatable.

A target that is down refuses everything, and that is no record's fault. So nothing is left out until one part of the
batch was taken; when none is within ``task.call.timeout.ms``, or none at all, the task fails with the first error, and
all of it comes again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from barnabas.errors import RetriableError
from barnabas.record import SinkBatch, SinkRecord, TopicPartition
from barnabas.supervisor import board

if TYPE_CHECKING:
    from barnabas.connector import SinkTask
    from barnabas.supervisor.board import Slot
    from barnabas.task.sink_errors import SinkErrors

__all__ = ["Delivery"]

_TURN = 1.0  # seconds of splitting after which membership is looked after


class Delivery:
    """The batch that ``put`` has not taken yet; every call of ``put`` has a deadline of its own.

    Args:
        task: The connector's task.
        slot: Where calls and counts are shown.
        errors: Takes bad records.
        patience: Seconds for finding a part that ``put`` takes, where the batch is split.
        clock: Seconds.
    """

    def __init__(
        self,
        task: SinkTask,
        slot: Slot,
        errors: SinkErrors,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._task = task
        self._slot = slot
        self._errors = errors
        self._patience = patience
        self._clock = clock
        self._parts: deque[SinkBatch] = deque()
        self._suspects: list[tuple[SinkRecord, Exception]] = []
        self._first: Exception | None = None  # why the whole batch was refused: it is being split
        self._began = 0.0
        self._proven = False  # put has taken a part: what it refuses is the records' fault

    @property
    def pending(self) -> bool:
        """Whether there is anything left to put."""
        return bool(self._parts)

    def begin(self, batch: SinkBatch) -> None:
        """A new batch, also an empty one."""
        self.drop()
        self._parts.append(batch)

    def drop(self) -> None:
        """Forget it: it will be read again."""
        self._parts.clear()
        self._suspects.clear()
        self._first = None
        self._proven = False

    def remove(self, partitions: Collection[TopicPartition]) -> None:
        """Leave out the records of partitions that are another's now; goes by the transformed topic, as Connect."""
        for at, part in enumerate(self._parts):
            keep = [
                position
                for position, record in enumerate(part)
                if TopicPartition(record.topic, record.kafka_partition) not in partitions
            ]
            self._parts[at] = part.take(keep)

    def proceed(self) -> bool:
        """Put what is left; ``False`` when there is more, but the group wants to hear from us first.

        Raises:
            RetriableError: The part at the front is to be put again later.
            Exception: ``put`` failed, and the task with it.
        """
        turn = self._clock() + _TURN
        while self._parts:
            part = self._parts[0]
            try:
                self._put(part)
            except RetriableError:
                raise
            except Exception as error:  # noqa: BLE001  plugin code may raise anything
                self._refused(part, error)
            else:
                self._taken(part)
            if self._parts and self._clock() > turn:
                return False
        self._finish()
        return True

    def _put(self, part: SinkBatch) -> None:
        self._slot.enter("put")
        try:
            self._task.put(part)
        finally:
            self._slot.leave()

    def _taken(self, part: SinkBatch) -> None:
        self._parts.popleft()
        self._slot.words[board.RECORDS_OUT] += len(part)
        if self._first is not None and len(part):
            self._proven = True
            self._skip_suspects()

    def _refused(self, part: SinkBatch, error: Exception) -> None:
        """Halve the part, or put its one record aside."""
        policy = self._errors.policy
        if not (policy.bisect and policy.tolerant and len(part)) or self._errors.reporter_used:
            raise error
        if self._first is None:
            self._first, self._began = error, self._clock()
            self._proven = len(part) == 1  # there is nothing to compare it with
        self._parts.popleft()
        if len(part) > 1:
            if not self._proven and self._clock() - self._began > self._patience:
                raise self._first
            self._slot.words[board.PUTS_SPLIT] += 1
            half = len(part) // 2
            self._parts.extendleft((part[half:], part[:half]))
            return
        self._suspects.append((part[0], error))
        if self._proven:
            self._skip_suspects()

    def _skip_suspects(self) -> None:
        suspects, self._suspects = self._suspects, []
        for record, error in suspects:
            self._errors.skip(record, error)

    def _finish(self) -> None:
        """The end of a batch: where ``put`` took none of it, the target is at fault."""
        first = self._first
        if first is not None and not self._proven:
            raise first
        self.drop()
