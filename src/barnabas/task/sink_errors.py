"""What a sink task does about bad records: tells the log and the dead letter topic, and gives the task its reporter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, cast

from barnabas.connector import ErrantRecordReporter
from barnabas.record import TopicPartition
from barnabas.supervisor import board
from barnabas.task.dead_letters import DeadLetters, Letter
from barnabas.task.error_context import error_headers, log_failure, message_place, message_text
from barnabas.task.failures import Failure, Operator
from barnabas.task.originals import Originals
from barnabas.task.task_errors import TaskErrors

if TYPE_CHECKING:
    from barnabas.kafka.messages import AnyMessage, Messages
    from barnabas.record import SinkRecord
    from barnabas.supervisor.api import TaskId
    from barnabas.task.sink_pipeline import Read, SinkPipeline

__all__ = ["SINK_TASK", "SinkErrors"]

SINK_TASK: Final = "org.apache.kafka.connect.sink.SinkTask"
"""The class that fails in ``put``, as Kafka Connect names it in dead letters."""


class SinkErrors(TaskErrors["SinkPipeline"]):
    """Used by the sink loop.

    Args:
        task: Which task it is.
        operator: Its policy and counters.
        pipeline: Its converters, for reported records whose messages are not kept any more.
        open_letters: Makes sure that the dead letter topic is there, and opens its producer; ``None`` without one.
    """

    def __init__(
        self,
        task: TaskId,
        operator: Operator,
        pipeline: SinkPipeline,
        open_letters: Callable[[], DeadLetters] | None = None,
    ) -> None:
        super().__init__(task, operator, pipeline, open_letters)
        self.originals = Originals()
        self._reporter = _Reporter(self) if self.policy.reports else None

    # ------------------------------------------------------------------ bad records
    def read(self, messages: Messages, read: Read) -> None:
        """Report what failed before ``put``.

        Raises:
            ToleranceExceededError: A record failed and that is not tolerated.
        """
        failed = [*read.skipped, *([] if read.fatal is None else [read.fatal])]
        if failed:
            self._tell([(messages[failure.at], failure) for failure in failed])
        if read.fatal is not None:
            message = messages[read.fatal.at]
            where = f"topic {message.topic()}, partition {message.partition()}, offset {message.offset()}"
            raise read.fatal.exceeded(where)

    def skip(self, record: SinkRecord, error: Exception) -> None:
        """A record that ``put`` refuses by itself is left out; only where errors are tolerated."""
        self._tally.failed()
        self._tally.skipped()
        self._tell([(self._original(record), Failure(0, "TASK_PUT", SINK_TASK, error))])

    def report(self, record: SinkRecord, error: Exception) -> Future[None]:
        """The task reports a record.

        Raises:
            ToleranceExceededError: Errors are not tolerated; the record was reported all the same, as in Connect.
        """
        failure = Failure(0, "TASK_PUT", SINK_TASK, error)
        self._tally.failed()
        future = self._tell([(self._original(record), failure)])
        if not self.policy.tolerant:
            self._tally.add(board.RECORD_ERRORS)
            where = record.original
            raise failure.exceeded(
                f"topic {where.topic}, partition {where.partition}, offset {record.original_kafka_offset}"
            )
        return future

    def _tell(self, failed: Sequence[tuple[AnyMessage, Failure]]) -> Future[None]:
        """Log each and write it to the dead letter topic; the future is that of the first."""
        if self.policy.log:
            for message, failure in failed:
                where = message_text(message, content=self.policy.log_content)
                log_failure(self._task, failure, "consumed", where)
                self._tally.add(board.ERRORS_LOGGED)
        if self._letters is not None:
            return self._letters.write([self._letter(*pair) for pair in failed]).futures[0]
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def _letter(self, message: AnyMessage, failure: Failure) -> Letter:
        """The record as it was read, down to the bytes."""
        kind, stamp = message.timestamp()
        headers = [*(message.headers() or ())]
        if self.policy.context_headers:
            headers += error_headers(message_place(message), self._task, failure)
        where = TopicPartition(cast("str", message.topic()), cast("int", message.partition()))
        return Letter(message.value(), message.key(), headers or None, stamp if kind else None, where)

    def _original(self, record: SinkRecord) -> AnyMessage:
        found = self.originals.find(record)
        return cast("AnyMessage", self._pipeline.rewrite(record)) if found is None else found

    # ------------------------------------------------------------------ the task's side
    def reporter(self) -> ErrantRecordReporter | None:
        """For :attr:`SinkTaskContext.errant_record_reporter`: ``None`` when nobody would hear of a record."""
        if self._reporter is not None:
            self.originals.keep = True
        return self._reporter

    @property
    def reporter_used(self) -> bool:
        """Whether the task has asked for the reporter, and so deals with bad records itself."""
        return self.originals.keep

    # ------------------------------------------------------------------ commits
    def check(self) -> None:
        """Once a round: raises when a dead letter was refused."""
        if self._letters is not None:
            self._letters.check()

    def unsafe(self, seconds: float) -> set[TopicPartition]:
        """Wait for dead letters before a commit; the partitions of which some are not written all the same."""
        if self._letters is None:
            return set()
        return {where for where in self._letters.flush(seconds) if where is not None}

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are committed."""
        self.originals.committed(offsets)

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions are another task's."""
        if self._letters is not None:
            self._letters.forget(partitions)


class _Reporter(ErrantRecordReporter):
    def __init__(self, errors: SinkErrors) -> None:
        self._errors = errors

    def report(self, record: SinkRecord, error: Exception) -> Future[None]:
        return self._errors.report(record, error)
