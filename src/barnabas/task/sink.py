"""The sink loop: read, convert, transform, put; commit what the task says is safe.

Delivery: at least once. Only :meth:`barnabas.SinkTask.pre_commit` decides which offsets are committed, and never beyond
what ``put`` has taken. The order of calls and the rules for failures are those of Kafka Connect's sink tasks.

Everything happens on the task's thread. A long ``put`` does not cost membership: heartbeats are sent by the client
library's own thread, and ``max.poll.interval.ms`` is set beyond the deadline of a call.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from barnabas.connector import SinkTask
from barnabas.errors import ConnectError, OutageError, RetriableError
from barnabas.kafka import messages as columns
from barnabas.record import TopicPartition
from barnabas.supervisor import board
from barnabas.task.delivery import Delivery
from barnabas.task.failures import TaskStoppingError
from barnabas.task.memory import IdleTrim
from barnabas.task.outage import Patience
from barnabas.task.sink_context import TaskContext
from barnabas.task.used_topics import UsedTopics

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.kafka.consumer import SinkConsumer
    from barnabas.kafka.messages import Messages
    from barnabas.supervisor.api import TaskSpec
    from barnabas.task.control import TaskControl
    from barnabas.task.sink_errors import SinkErrors
    from barnabas.task.sink_pipeline import SinkPipeline

__all__ = ["SinkLoop", "SinkLoopSettings"]

log = logging.getLogger(__name__)

_WAIT = 0.5  # the longest wait for records: how soon an order is seen
_RETRY_WAIT = 1.0  # before a batch is put again, when the task did not set a time-out


class SinkLoopSettings:
    """What the loop takes from the configuration.

    Args:
        flush_interval: Seconds between offset commits.
        flush_timeout: Seconds after which a commit under way counts as failed.
        max_records: The most records in a batch: ``max.poll.records``.
        call_timeout: Seconds that a call of ``put`` may take.
    """

    def __init__(
        self, flush_interval: float, flush_timeout: float, max_records: int, call_timeout: float = 300.0
    ) -> None:
        self.flush_interval = flush_interval
        self.flush_timeout = flush_timeout
        self.max_records = max_records
        self.call_timeout = call_timeout


class SinkLoop:
    """One sink task.

    Args:
        spec: What to run.
        control: Orders, and the slot of the board.
        task: The connector's task object, neither initialised nor started.
        pipeline: Converters and transforms.
        errors: What to do about bad records.
        open_consumer: Makes the consumer, neither subscribed nor connected.
        subscribe: Subscribes it, given the three rebalance callbacks of this loop.
        settings: Intervals and sizes.
        topic_used: Told each topic that records were read from: once, and again after a reset.
    """

    def __init__(
        self,
        spec: TaskSpec,
        control: TaskControl,
        task: SinkTask,
        pipeline: SinkPipeline,
        errors: SinkErrors,
        open_consumer: Callable[[], SinkConsumer],
        subscribe: Callable[[SinkConsumer, SinkLoop], None],
        settings: SinkLoopSettings,
        topic_used: Callable[[str, str, int], None],
    ) -> None:
        self._spec = spec
        self._control = control
        self._slot = control.slot
        self._words = control.slot.words
        self._task = task
        self._pipeline = pipeline
        self._open_consumer = open_consumer
        self._subscribe = subscribe
        self._settings = settings
        self._errors = errors
        self._context = TaskContext(self, control.configs or (lambda: spec.props), errors.reporter)
        self._client: SinkConsumer | None = None
        self.assigned: set[TopicPartition] = set()
        self._current: dict[TopicPartition, int] = {}  # after the last record that put has taken
        self._committed: dict[TopicPartition, int] = {}  # last committed, or where reading began
        self._delivery = Delivery(task, control.slot, errors, settings.call_timeout)
        self._unread: Messages = []  # not converted yet, because a system that it needs is away
        self._patience = Patience()
        self._retry_at = 0.0
        self._held = False  # all partitions are paused, for a retry or because the connector is
        self._pausing = False  # the connector is PAUSED
        self._positions: dict[TopicPartition, int] = {}  # after the last record of the batch that put is given
        self._stopped = False
        self._rebalance_error: BaseException | None = None
        self._next_commit = 0.0
        self._commit_number = 0
        self._committing_since: float | None = None
        self._memory = IdleTrim()
        self._used = UsedTopics(spec.id, control, topic_used)

    @property
    def _consumer(self) -> SinkConsumer:
        assert self._client is not None, "started"
        return self._client

    def run(self) -> None:
        """The task's life; returns when it was stopped, raises when it failed."""
        if not self._control.wait_until_resumed():
            return
        try:
            self._start()
            self._loop()
        finally:
            self._finish()

    # ------------------------------------------------------------------ life
    def _start(self) -> None:
        self._errors.start()
        self._client = self._open_consumer()
        with self._slot.calling("initialize"):
            self._task.initialize(self._context)
        with self._slot.calling("start"):
            self._task.start(self._spec.props)
        self._subscribe(self._client, self)
        self._next_commit = time.monotonic() + self._settings.flush_interval
        self._control.report("RUNNING")

    def _loop(self) -> None:
        """Rounds until stopped; partitions are closed also after a failure, and what was put before it is committed."""
        try:
            while not self._control.stopping:
                self._iterate()
        except BaseException:
            try:
                self._close_partitions(self.assigned)
            except Exception:
                log.exception("Closing the partitions failed as well; the first error is the one reported.")
            raise
        self._close_partitions(self.assigned)

    def _finish(self) -> None:
        self._stopped = True
        try:
            with self._slot.calling("stop"):
                self._task.stop()
        except Exception:
            log.exception("SinkTask.stop failed; the task is stopped all the same.")
        if self._client is not None:
            self._client.close()
        self._errors.close()
        self._pipeline.close()

    def _iterate(self) -> None:
        """One round, in Connect's order: commit, rewind, poll, convert, put."""
        self._follow_pause()
        self._errors.check()
        now = time.monotonic()
        if now >= self._next_commit or self._context.commit_requested:
            self._next_commit = now + self._settings.flush_interval
            self._context.commit_requested = False
            self._commit()
        if self._committing_since is not None and now - self._committing_since > self._settings.flush_timeout:
            self._commit_failed("it took longer than offset.flush.timeout.ms")
        self._rewind()
        messages = self._consumer.fetch(self._settings.max_records, self._wait(now))
        if self._rebalance_error is not None:
            error, self._rebalance_error = self._rebalance_error, None
            raise error
        if self._pending:
            if messages:
                raise ConnectError("Records arrived while all partitions were paused for a retry.", code="BRN-2011")
            if time.monotonic() >= self._retry_at:
                self._try_again()
        elif messages or not self._pausing:  # an order to pause may come while records are on their way: deliver those
            self._take(messages)

    def _take(self, messages: Messages) -> None:
        """Count, convert and deliver what was read; nothing read is delivered too, as in Connect."""
        positions = columns.positions(messages)
        if not messages:
            self._memory.idle()
        else:
            self._memory.worked()
            for topic in {where.topic for where in positions}:
                self._used.saw(topic)
            self._words[board.RECORDS_IN] += len(messages)
            self._words[board.BATCHES] += 1
            self._words[board.LAST_RECORD] = int(time.time() * 1000)
            if not positions.keys() <= self._committed.keys():
                self._committed = {**columns.first_offsets(messages), **self._committed}
        self._read(messages, positions)

    def _read(self, messages: Messages, positions: dict[TopicPartition, int]) -> None:
        """Convert and deliver; where a system that this needs is away, keep the messages and come back later."""
        self._slot.enter("convert")
        try:
            read = self._pipeline.read(messages)
        except TaskStoppingError:
            return  # none of it was put, and no offset moved
        except OutageError as error:
            self._unread = messages
            self._retry_at = time.monotonic() + self._patience.failed(error)
            if not self._held:
                self._hold()
            return
        finally:
            self._slot.leave()
        self._unread = []
        self._patience.over()
        if read.skipped or read.fatal is not None:
            self._errors.read(messages, read)
        if messages:
            self._errors.originals.add(messages, positions)
        self._positions = positions
        self._delivery.begin(read.batch)
        self._deliver()

    @property
    def _pending(self) -> bool:
        """Whether there is a batch that was read from Kafka and not put yet: reading waits."""
        return self._delivery.pending or bool(self._unread)

    def _try_again(self) -> None:
        if self._unread:
            self._words[board.RETRIES] += 1
            self._read(self._unread, columns.positions(self._unread))
        else:
            self._deliver()

    def _wait(self, now: float) -> float:
        """Until the next commit, retry or the task's own time-out, and short enough to see orders."""
        wait = min(_WAIT, max(0.0, self._next_commit - now))
        if self._pending:
            wait = min(wait, max(0.0, self._retry_at - now))
        if self._context.timeout_ms >= 0:
            wait = min(wait, self._context.timeout_ms / 1000)
            if not self._pending:
                self._context.timeout_ms = -1
        return wait

    # ------------------------------------------------------------------ pause
    def _follow_pause(self) -> None:
        paused = self._control.paused
        if paused and not self._pausing:
            self._pausing = True
            self._hold()
            self._context.commit_requested = True
            self._control.report("PAUSED")
        elif not paused and self._pausing:
            self._pausing = False
            if not self._pending:
                self._release()
            self._control.report("RUNNING")

    def _hold(self) -> None:
        """Pause every partition; membership is kept because polling goes on."""
        self._held = True
        self._consumer.pause(self.assigned)

    def _release(self) -> None:
        self._held = False
        self._consumer.resume(self.assigned - self._context.paused)

    def pause_partitions(self, partitions: Collection[TopicPartition]) -> None:
        """The task's wish; while everything is held anyway, only remembered."""
        if not self._held:
            self._consumer.pause(partitions)

    def resume_partitions(self, partitions: Collection[TopicPartition]) -> None:
        """The task's wish; while everything is held, only remembered."""
        if not self._held:
            self._consumer.resume(partitions)

    # ------------------------------------------------------------------ data
    def _deliver(self) -> None:
        """Put the batch, or what is left of it; while there is more, reading waits and polling goes on."""
        self._control.check_lease()
        try:
            done = self._delivery.proceed()
        except RetriableError as error:
            wait = self._context.take_timeout(_RETRY_WAIT)
            self._retry_at = time.monotonic() + wait
            log.warning("put failed and is tried again in %.1f s: %s", wait, error.describe())
            done = False
        else:
            self._retry_at = 0.0
        if not done:
            if not self._held:
                self._hold()
            return
        self._current.update({where: at for where, at in self._positions.items() if where in self.assigned})
        if self._held and not self._control.paused:
            self._release()

    def _rewind(self) -> None:
        """Carry out :meth:`SinkTaskContext.offset`: it also overwrites what counts as consumed and committed."""
        rewinds, self._context.rewinds = self._context.rewinds, {}
        for partition, offset in rewinds.items():
            if partition not in self.assigned:
                log.warning("Cannot rewind %s: it is not assigned to this task.", partition)
                continue
            self._consumer.seek(partition, offset)
            self._current[partition] = offset
            self._committed[partition] = offset

    # ------------------------------------------------------------------ commits
    def _commit(self) -> None:
        """A periodic commit: asynchronous, one at a time."""
        if self._committing_since is not None:
            return
        current = self._safe(self.assigned)
        if not current:
            return
        self._control.check_lease()
        self._slot.enter("pre_commit")
        try:
            wanted = self._task.pre_commit(dict(current))
        except Exception:
            self._words[board.COMMIT_FAILURES] += 1
            log.exception("pre_commit failed: nothing is committed, reading goes back to the last committed offsets.")
            self._go_back()
            return
        finally:
            self._slot.leave()
        offsets = self._committable(wanted, current)
        if not offsets:
            return
        self._commit_number += 1
        number = self._commit_number
        self._committing_since = time.monotonic()
        self._consumer.commit_async(offsets, lambda error: self._commit_done(number, offsets, error))

    def _safe(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """What was put of these partitions, except where dead letters of it are not written yet: those wait."""
        current = {where: at for where, at in self._current.items() if where in partitions}
        unsafe = self._errors.unsafe(self._settings.flush_timeout) if current else set()
        held = sorted(map(str, unsafe & current.keys()))
        if held:
            log.warning("Dead letters of %s are not written yet: their offsets wait.", ", ".join(held))
        return {where: at for where, at in current.items() if where not in unsafe}

    def _commit_done(self, number: int, offsets: dict[TopicPartition, int], error: Exception | None) -> None:
        """The broker answered; called while polling. A late answer to an abandoned commit counts no more."""
        if number != self._commit_number or self._committing_since is None:
            return
        if error is not None:
            self._commit_failed(str(error))
            return
        self._committing_since = None
        self._note_committed(offsets)

    def _note_committed(self, offsets: dict[TopicPartition, int]) -> None:
        self._committed.update({where: at for where, at in offsets.items() if where in self.assigned})
        self._errors.committed(self._committed)
        self._words[board.COMMITS] += 1
        self._words[board.LAST_COMMIT] = int(time.time() * 1000)

    def _commit_failed(self, reason: str) -> None:
        self._committing_since = None
        self._words[board.COMMIT_FAILURES] += 1
        log.error("Offsets were not committed: %s. They are committed again with the next commit.", reason)

    def _committable(
        self, wanted: Mapping[TopicPartition, int], current: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """What of the task's answer may be committed: assigned, not beyond what was consumed, and new."""
        offsets: dict[TopicPartition, int] = {}
        for raw, offset in wanted.items():
            where = TopicPartition(*raw)
            if where not in current:
                log.warning("pre_commit returned %s, which is not assigned to this task: ignored.", where)
            elif offset > current[where]:
                log.warning(
                    "pre_commit returned offset %d for %s, beyond the %d consumed: ignored.",
                    offset,
                    where,
                    current[where],
                )
            elif self._committed.get(where) != offset:
                offsets[where] = offset
        return offsets

    def _go_back(self) -> None:
        """Read again from what is committed; a batch that waits for a retry is dropped, it will come again."""
        for where in self.assigned:
            if where in self._committed:
                self._consumer.seek(where, self._committed[where])
        self._current = {where: at for where, at in self._committed.items() if where in self.assigned}
        if self._pending:
            self._unread = []
            self._delivery.drop()
            if not self._control.paused:
                self._release()

    # ------------------------------------------------------------------ rebalances
    def on_assign(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions were added; called while polling. Errors surface after the poll, as in Connect."""
        self.assigned.update(partitions)
        self._consumer.pause(self.assigned if self._held else self._context.paused & set(partitions))
        if self._rebalance_error is not None or not partitions:
            return
        try:
            with self._slot.calling("open"):
                self._task.open(list(partitions))
        except Exception as error:  # noqa: BLE001  whatever open raises fails the task, after the poll
            self._rebalance_error = error

    def on_revoke(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions go to another task, after a last commit."""
        if self._stopped:
            return
        try:
            self._close_partitions(set(partitions))
        except Exception as error:  # noqa: BLE001  as above
            self._rebalance_error = error

    def on_lost(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions are another's already: no commit."""
        if self._stopped:
            return
        try:
            with self._slot.calling("close"):
                self._task.close(list(partitions))
        except Exception as error:  # noqa: BLE001  as above
            self._rebalance_error = error
        self._forget(set(partitions))

    def _close_partitions(self, partitions: Collection[TopicPartition]) -> None:
        """A last ``pre_commit``, ``close``, then a synchronous commit, for these partitions."""
        partitions = set(partitions)
        offsets: dict[TopicPartition, int] = {}
        self._control.check_lease()
        try:
            current = self._safe(partitions)
            if current:
                with self._slot.calling("pre_commit"):
                    wanted = self._task.pre_commit(dict(current))
                offsets = self._committable(wanted, current)
        except Exception:
            self._words[board.COMMIT_FAILURES] += 1
            log.exception("pre_commit failed while closing: nothing is committed, the records will be delivered again.")
        finally:
            if partitions:
                with self._slot.calling("close"):
                    self._task.close(list(partitions))
        if offsets:
            try:
                self._consumer.commit_sync(offsets)
            except ConnectError as error:
                self._commit_failed(str(error))
            else:
                self._note_committed(offsets)
        self._forget(partitions)

    def _forget(self, partitions: set[TopicPartition]) -> None:
        self.assigned -= partitions
        self._context.paused -= partitions
        for where in partitions:
            self._current.pop(where, None)
            self._committed.pop(where, None)
        self._errors.lost(partitions)
        self._delivery.remove(partitions)
        self._leave_out(partitions)

    def _leave_out(self, partitions: set[TopicPartition]) -> None:
        """Messages that wait for an outage to end, and are another task's now; with none left, reading goes on."""
        if not self._unread:
            return
        self._unread = [message for message in self._unread if not columns.positions([message]).keys() <= partitions]
        if not self._unread and self._held and not self._pausing:
            self._release()
