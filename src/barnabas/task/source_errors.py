"""What a source task does about bad records: tells the log and the dead letter topic, which Kafka Connect lacks here.

A record that fails is left out, and its offset does not advance by itself. Where there is a dead letter topic, no
offset beyond the record is committed before its dead letter is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from barnabas.supervisor import board
from barnabas.task.dead_letters import DeadLetter, DeadLetters, Letter, Written
from barnabas.task.error_context import error_headers, log_failure, record_place, record_text, source_headers
from barnabas.task.failures import Failure, Operator
from barnabas.task.task_errors import TaskErrors

if TYPE_CHECKING:
    from barnabas.record import SourceRecord
    from barnabas.supervisor.api import TaskId
    from barnabas.task.source_pipeline import SourcePipeline

__all__ = ["SOURCE_TASK", "SourceErrors"]

SOURCE_TASK: Final = "org.apache.kafka.connect.runtime.WorkerSourceTask"
"""The class that fails when Kafka refuses a record, as Kafka Connect names it."""

Bytes = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]] | None]
"""Key, value and headers of a record that was converted."""


class SourceErrors(TaskErrors["SourcePipeline"]):
    """Used by the source loop.

    Args:
        task: Which task it is.
        operator: Its policy and counters.
        pipeline: Its converters, for what dead letters hold.
        open_letters: Makes sure that the dead letter topic is there, and opens its producer; ``None`` without one.
    """

    def __init__(
        self,
        task: TaskId,
        operator: Operator,
        pipeline: SourcePipeline,
        open_letters: Callable[[], DeadLetters] | None = None,
    ) -> None:
        super().__init__(task, operator, pipeline, open_letters)
        self._waiting: list[tuple[DeadLetter, SourceRecord]] = []

    def report(self, failed: Sequence[tuple[SourceRecord, Failure, Bytes | None]]) -> Written | None:
        """Tell of failed records: before any record behind them is handed to the producer.

        Args:
            failed: Each record as it was polled, what failed, and its bytes where it was converted already.

        Returns:
            The progress of their dead letters, on which offsets beyond them have to wait; ``None`` when there are none.
        """
        if self.policy.log:
            for record, failure, _ in failed:
                where = record_text(record, content=self.policy.log_content)
                log_failure(self._task, failure, "source", where)
                self._tally.add(board.ERRORS_LOGGED)
        if self._letters is None:
            return None
        written = self._letters.write([self._letter(*entry) for entry in failed])
        records = [record for record, _, _ in failed]
        self._waiting += zip(written.futures, records, strict=True)
        return written

    def rejected(self, record: SourceRecord, error: Exception, converted: Bytes) -> Written | None:
        """Kafka refused a record, and that is tolerated."""
        self._tally.failed()
        return self.report([(record, Failure(0, "KAFKA_PRODUCE", SOURCE_TASK, error), converted)])

    def _letter(self, record: SourceRecord, failure: Failure, converted: Bytes | None) -> Letter:
        key, value, headers = converted or self._pipeline.best_effort(record)
        pairs = [*(headers or ())]
        if self.policy.context_headers:
            pairs += error_headers(record_place(record), self._task, failure)
            pairs += source_headers(record)
        return Letter(value, key, pairs or None, record.timestamp)

    def written(self) -> list[SourceRecord]:
        """The records whose dead letters have been written since the last call: the task may be told of them."""
        if not self._waiting:
            return []
        # The base class's method: ours would serve the producer for each of them.
        done = [record for future, record in self._waiting if Future.done(future)]
        if done:
            self._waiting = [(future, record) for future, record in self._waiting if not Future.done(future)]
        return done

    @property
    def has_letters(self) -> bool:
        """Whether bad records go to a dead letter topic."""
        return self._letters is not None

    def check(self) -> None:
        """Once a round: raises when a dead letter was refused."""
        if self._letters is not None:
            self._letters.check()

    def flush(self, seconds: float) -> None:
        """Give dead letters on their way some time before the last commit."""
        if self._letters is not None:
            self._letters.flush(seconds)
