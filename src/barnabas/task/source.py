"""The source loop: poll, transform, convert, send; commit offsets of what Kafka acknowledged.

Delivery: at least once. An offset is stored only after its record, and all earlier ones of its source partition, were
acknowledged (:mod:`barnabas.task.offsets`), so a crash at any instruction repeats at most what was sent since the last
commit and loses nothing.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from barnabas.connector import SourceTask
from barnabas.errors import DataError, RetriableError
from barnabas.kafka.faults import KafkaClientError
from barnabas.record import SourceBatch, SourceRecord
from barnabas.store.offset_keys import offset_value, partition_key
from barnabas.store.reader import StoredOffsets
from barnabas.supervisor import board
from barnabas.task.failures import TaskStoppingError
from barnabas.task.memory import IdleTrim
from barnabas.task.offsets import OffsetTracker, Progress, freeze
from barnabas.task.outage import OutageWait
from barnabas.task.sent import Sent
from barnabas.task.source_context import SourceContext
from barnabas.task.used_topics import UsedTopics

if TYPE_CHECKING:
    from barnabas.kafka.producer import Producer
    from barnabas.supervisor.api import TaskSpec
    from barnabas.task.control import TaskControl
    from barnabas.task.failures import Sieve
    from barnabas.task.link import OffsetStore
    from barnabas.task.source_errors import SourceErrors
    from barnabas.task.source_pipeline import Outgoing, SourcePipeline
    from barnabas.task.topic_creation import TopicCreation

__all__ = ["SourceLoop", "SourceLoopSettings"]

log = logging.getLogger(__name__)

_BACK_OFF = 0.1  # after poll raised RetriableError, as in Connect
_ACK_WAIT = 0.1  # how long a source that wants each acknowledgement is kept from its next poll for one
_NO_TOPIC_NAME = "BRN-2211"
_EMPTY_POLL = 0.005  # keeps a task that returns nothing without waiting from burning a core


class _NothingSent:
    """The progress of a batch without records."""

    done = True
    contiguous = 0


_NOTHING_SENT = _NothingSent()


class SourceLoopSettings:
    """What the loop takes from the worker's configuration, in seconds."""

    def __init__(self, flush_interval: float, flush_timeout: float) -> None:
        self.flush_interval = flush_interval
        self.flush_timeout = flush_timeout


class SourceLoop:
    """One source task.

    Args:
        spec: What to run.
        control: Orders, and the slot of the board.
        task: The connector's task object, neither initialised nor started.
        pipeline: Transforms and converters.
        errors: What to do about bad records.
        open_producer: Makes the producer; called just before ``start``, and told whether the task wants to know where
            each record went.
        store: Where offsets live.
        settings: Intervals.
        topic_used: Told each topic that records were acknowledged in: once, and again after a reset.
        creation: Makes new topics before their first record; ``None`` leaves that to the broker.
    """

    def __init__(
        self,
        spec: TaskSpec,
        control: TaskControl,
        task: SourceTask,
        pipeline: SourcePipeline,
        errors: SourceErrors,
        open_producer: Callable[[bool], Producer],
        store: OffsetStore,
        settings: SourceLoopSettings,
        topic_used: Callable[[str, str, int], None],
        creation: TopicCreation | None = None,
    ) -> None:
        self._spec = spec
        self._control = control
        self._slot = control.slot
        self._words = control.slot.words
        self._task = task
        self._pipeline = pipeline
        self._errors = errors
        self._tolerant = errors.policy.tolerant
        self._open_producer = open_producer
        self._producer: Producer | None = None
        self._store = store
        self._settings = settings
        self._tracker = OffsetTracker()
        self._sent: deque[Sent] = deque()
        self._watched: deque[Sent] = deque()
        self._wants_acks = type(task).commit_record is not SourceTask.commit_record
        self._wants_offsets = type(task).offsets_stored is not SourceTask.offsets_stored
        self._unwritten: dict[bytes, bytes | None] = {}
        self._taken: dict[bytes, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._writing: tuple[Future[None], dict[bytes, bytes | None]] | None = None
        self._next_commit = 0.0
        self._memory = IdleTrim()
        self._used = UsedTopics(spec.id, control, topic_used)
        self._creation = creation
        self._outages = OutageWait(control, self._tend, self._pause)
        pipeline.when_out(self._outages.sit_out)

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
        # It connects while the task starts: an idempotent producer needs half a second before its first record.
        self._producer = self._open_producer(self._wants_acks)
        self._errors.start()
        configs = self._control.configs or (lambda: self._spec.props)
        reader = StoredOffsets(self._spec.id.connector, self._store.read_offsets)
        context = SourceContext(configs, reader, self._words)
        with self._slot.calling("initialize"):
            self._task.initialize(context)
        with self._slot.calling("start"):
            self._task.start(self._spec.props)
        self._next_commit = time.monotonic() + self._settings.flush_interval
        self._control.report("RUNNING")

    def _loop(self) -> None:
        control = self._control
        while not control.stopping:
            if control.paused:
                self._pause()
                continue
            began = time.monotonic()
            batch = self._poll()
            control.check_lease()
            if batch is not None and len(batch):
                self._send(batch)
                self._memory.worked()
            else:
                if batch is not None:
                    self._track_end(batch, _NOTHING_SENT)
                self._rest()
                if time.monotonic() - began < _EMPTY_POLL:
                    control.wait(_EMPTY_POLL)
            self._tend()

    def _rest(self) -> None:
        """There was nothing to poll."""
        self._memory.idle()
        if self._creation is not None:
            self._creation.rest()

    def _pause(self) -> None:
        """Stay allocated, keep committing what is acknowledged, call no poll."""
        self._control.report("PAUSED")
        while self._control.paused and not self._control.stopping:
            self._control.wait(0.5)
            self._tend()
        if not self._control.stopping:
            self._control.report("RUNNING")

    def _finish(self) -> None:
        """Also after a failure: what was acknowledged is safe, so its offsets are committed (as in Connect)."""
        try:
            if self._producer is not None:
                self._final_commit(self._producer)
        except Exception:
            log.exception("The last offsets could not be committed: records since the last commit will be sent again.")
        try:
            with self._slot.calling("stop"):
                self._task.stop()
        except Exception:
            log.exception("SourceTask.stop failed; the task is stopped all the same.")
        if self._producer is not None:
            self._producer.close(0 if self._sent else 5)
        if self._creation is not None:
            self._creation.rest()
        self._errors.close()
        self._pipeline.close()

    # ------------------------------------------------------------------ data
    def _poll(self) -> SourceBatch | None:
        self._slot.enter("poll")
        try:
            polled = self._task.poll()
            batch = polled if polled is None or isinstance(polled, SourceBatch) else _columns(polled)
        except RetriableError as error:
            log.warning("poll failed and is tried again: %s", error.describe())
            self._control.wait(_BACK_OFF)
            return None
        finally:
            self._slot.leave()
        if batch is not None and (count := len(batch)):
            self._words[board.RECORDS_IN] += count
            self._words[board.BATCHES] += 1
            self._words[board.LAST_RECORD] = int(time.time() * 1000)
        return batch

    def _send(self, polled: SourceBatch) -> None:
        """Transform, convert and send; where a record fails the task, what came before it is sent still."""
        sieve = self._pipeline.sieve()
        try:
            self._send_good(polled, sieve)
        except TaskStoppingError:
            if self._outages.broken is not None:
                raise self._outages.broken from None
            return  # what was not sent will be polled again
        self._outages.patience.over()
        failure = sieve.give_up()
        if failure is not None:
            record = polled[failure.at]
            self._errors.report([(record, failure, None)])
            origin = f"source partition {record.source_partition}, source offset {record.source_offset}"
            where = f"the record for topic {record.topic}, {origin} ({failure.at + 1} of {len(polled)} in its batch)"
            raise failure.exceeded(where)

    def _send_good(self, polled: SourceBatch, sieve: Sieve) -> None:
        self._slot.enter("transform")
        try:
            transformed = self._pipeline.transform(polled, sieve)
        finally:
            self._slot.leave()
        batch, kept = transformed
        failed = self._report(polled, sieve)
        if kept is not None and self._wants_acks and sieve.fatal is None:
            self._tell_dropped(polled, {*kept} | failed)
        sent: Sent | None = None
        end = 0
        for run in self._pipeline.convert(transformed, sieve):
            self._report(polled, sieve)
            end = run.end
            sent = self._send_run(run, polled, is_last=end == len(batch) and sieve.fatal is None)
            if self._control.stopping:  # sending may have been cut short: what follows must not overtake it
                return
        self._report(polled, sieve)
        if sent is not None and end < len(batch) and sieve.fatal is None:
            # The last records failed: the offset of the whole batch depends on what was sent of it.
            self._track_end(batch, sent)

    def _report(self, polled: SourceBatch, sieve: Sieve) -> set[int]:
        """Tell of what failed since the last call; offsets of what is sent from now on wait for the dead letters."""
        failures = sieve.take()
        if not failures:
            return set()
        failed = [(polled[failure.at], failure, None) for failure in failures]
        written = self._errors.report(failed)
        if written is not None:
            self._hold(written, [record for record, _, _ in failed])
        elif self._wants_acks:
            for record, _, _ in failed:
                self._tell(record)
        return {failure.at for failure in failures}

    def _hold(self, letters: Progress, records: list[SourceRecord]) -> None:
        """No offset of these source partitions passes before the dead letters are written."""
        seen: set[Hashable] = set()
        for record in records:
            if record.source_partition is not None and (key := freeze(record.source_partition)) not in seen:
                seen.add(key)
                self._tracker.sent(letters, record.source_partition, None)

    def _send_run(self, run: Outgoing, polled: SourceBatch, *, is_last: bool) -> Sent | None:
        if self._creation is not None and not self._creation.ready(run.batch.topic):
            return None  # the task is told to stop: nothing of this was sent
        batch = run.batch
        self._control.check_lease()
        try:
            ticket = self._running().send(
                batch.topic,
                run.values,
                keys=run.keys,
                partitions=batch.partitions,
                timestamps=None if batch.stamped_now else batch.timestamps,
                headers=run.headers,
                interrupt=self._control.interrupted,
            )
        except DataError as error:
            if not self._tolerant or error.code != _NO_TOPIC_NAME:
                raise
            for at in range(len(run.values)):  # nothing of the run was sent
                self._skip_rejected(polled[run.row(at)], error, run, at)
            return None
        asked = self._wants_acks or self._tolerant
        sent = Sent(ticket, polled if asked else None, run if asked else None)
        self._sent.append(sent)
        if self._wants_acks:
            self._watched.append(sent)
        if ticket.total == len(run.values):
            self._track(batch, sent, is_last=is_last)
        return sent

    def _skip_rejected(self, record: SourceRecord, error: Exception, run: Outgoing, at: int) -> Progress | None:
        letter = self._errors.rejected(record, error, run.content(at))
        if not self._errors.policy.reports:
            log.warning("A record was skipped, as errors.tolerance=all says: %s", error)
        return letter

    def _track_end(self, batch: SourceBatch, sent: Progress) -> None:
        if batch.source_partition is not None and batch.source_offset is not None:
            self._tracker.sent(sent, batch.source_partition, batch.source_offset)

    def _track(self, batch: SourceBatch, ticket: Progress, *, is_last: bool) -> None:
        """Remember which offsets depend on this ticket; also runs without offsets hold back those that follow."""
        if batch.source_partitions is None:
            if batch.source_partition is not None:
                marks = _marks(enumerate(batch.source_offsets or ()))
                self._tracker.sent(ticket, batch.source_partition, batch.source_offset if is_last else None, marks)
            return
        groups: dict[Hashable, tuple[Mapping[str, Any], list[tuple[int, Mapping[str, Any] | None]]]] = {}
        offsets = batch.source_offsets or [None] * len(batch)
        for index, (partition, offset) in enumerate(zip(batch.source_partitions, offsets, strict=True)):
            if partition is not None:
                groups.setdefault(freeze(partition), (partition, []))[1].append((index, offset))
        for partition, pairs in groups.values():
            self._tracker.sent(ticket, partition, None, _marks(pairs))

    # ------------------------------------------------------------------ acknowledgements and commits
    def _tend(self) -> None:
        """Between polls: take acknowledgements, notice failures, commit when it is time."""
        producer = self._running()
        producer.poll(0)
        self._settle()
        if self._wants_acks:
            until = time.monotonic() + _ACK_WAIT
            while self._watched and time.monotonic() < until and not self._control.stopping:
                producer.poll(0.005)
                self._settle()
        self._words[board.IN_FLIGHT] = producer.in_flight
        if self._writing is not None and self._writing[0].done():
            self._written()
        if self._writing is None and time.monotonic() >= self._next_commit:
            self._next_commit = time.monotonic() + self._settings.flush_interval
            self._commit()

    def _settle(self) -> None:
        """Raise the first failure, or skip the record where that is tolerated; forget what is done."""
        self._errors.check()
        for sent in self._sent:
            fault = sent.ticket.error
            if fault is not None:
                if not self._tolerant or fault.fatal or not sent.ticket.errors:
                    raise KafkaClientError.of(f"take a record for topic {sent.ticket.topic}", fault)
                self._skip_refused(sent)
        self._forget_done()
        for record in self._errors.written():
            self._tell(record)
        while self._watched:
            watched = self._watched[0]
            self._tell_acknowledged(watched)
            if watched.told < watched.ticket.total:
                return
            self._watched.popleft()

    def _skip_refused(self, sent: Sent) -> None:
        assert sent.outgoing is not None, "kept where errors are tolerated"
        for index, fault in sent.refused():
            error = KafkaClientError.of(f"take a record for topic {sent.ticket.topic}", fault)
            sent.skip(index, self._skip_rejected(sent.record(index), error, sent.outgoing, index))

    def _forget_done(self) -> None:
        while self._sent and self._sent[0].done:
            ticket = self._sent.popleft().ticket
            self._words[board.RECORDS_OUT] += ticket.acked
            if ticket.acked:
                self._used.saw(ticket.topic)

    def _tell_acknowledged(self, watched: Sent) -> None:
        front = watched.contiguous
        self._slot.enter("commit_record")
        try:
            while watched.told < front:
                metadata = watched.metadata(watched.told)
                if metadata is not None or not self._errors.has_letters:  # else it is told once its letter is written
                    self._task.commit_record(watched.record(watched.told), metadata)
                watched.told += 1
        finally:
            self._slot.leave()

    def _tell(self, record: SourceRecord) -> None:
        if self._wants_acks:
            with self._slot.calling("commit_record"):
                self._task.commit_record(record, None)

    def _tell_dropped(self, batch: SourceBatch, keep: set[int]) -> None:
        """A dropped record is reported without metadata; its offset does not advance by itself, as in Connect."""
        with self._slot.calling("commit_record"):
            for at in range(len(batch)):
                if at not in keep:
                    self._task.commit_record(batch[at], None)

    def _commit(self) -> None:
        """Hand what became committable to the store; newer offsets replace older ones that were not yet written."""
        for partition, offset in self._tracker.take():
            key = partition_key(self._spec.id.connector, partition)
            self._unwritten[key] = offset_value(offset)
            self._taken[key] = partition, offset
        entries, self._unwritten = self._unwritten, {}
        self._control.check_lease()
        if entries:
            self._writing = (self._store.write_offsets(self._spec.id.connector, entries), entries)
        else:
            self._committed()

    def _written(self) -> None:
        assert self._writing is not None
        future, entries = self._writing
        self._writing = None
        error = future.exception()
        if error is None:
            self._stored(entries)
            self._committed()
            return
        self._unwritten = {**entries, **self._unwritten}
        self._words[board.COMMIT_FAILURES] += 1
        log.error("Offsets could not be stored and are kept for the next commit: %s", error)

    def _stored(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Tell the task which offsets are stored now, unless newer ones of the same partition are on their way."""
        stored = [self._taken.pop(key) for key in entries if key in self._taken and key not in self._unwritten]
        if not self._wants_offsets or not stored:
            return
        self._slot.enter("offsets_stored")
        try:
            self._task.offsets_stored(stored)
        except Exception:
            log.exception("SourceTask.offsets_stored failed; offsets are committed all the same.")
        finally:
            self._slot.leave()

    def _committed(self) -> None:
        self._words[board.COMMITS] += 1
        self._words[board.LAST_COMMIT] = int(time.time() * 1000)
        self._slot.enter("commit")
        try:
            self._task.commit()
        except Exception:
            log.exception("SourceTask.commit failed; offsets are committed all the same.")
        finally:
            self._slot.leave()

    def _final_commit(self, producer: Producer) -> None:
        """Wait for acknowledgements up to ``offset.flush.timeout.ms``, then commit what there is."""
        until = time.monotonic() + self._settings.flush_timeout
        producer.flush(self._settings.flush_timeout)
        if self._tolerant and not any(sent.ticket.error and sent.ticket.error.fatal for sent in self._sent):
            for sent in self._sent:
                self._skip_refused(sent)
        self._errors.flush(max(0.0, until - time.monotonic()))
        self._forget_done()
        for record in self._errors.written():
            self._tell(record)
        for watched in self._watched:
            self._tell_acknowledged(watched)
        if self._writing is not None:
            self._writing[0].exception(max(0.0, until - time.monotonic()))
            self._written()
        self._commit()
        if self._writing is not None:
            self._writing[0].exception(max(1.0, until - time.monotonic()))
            self._written()

    def _running(self) -> Producer:
        assert self._producer is not None, "started"
        return self._producer


def _columns(records: Iterable[SourceRecord]) -> SourceBatch | None:
    batch = SourceBatch.of(records)
    return batch if len(batch) else None


def _marks(pairs: Iterable[tuple[int, Mapping[str, Any] | None]]) -> list[tuple[int, Mapping[str, Any]]]:
    return [(index, offset) for index, offset in pairs if offset is not None]
