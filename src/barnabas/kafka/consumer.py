"""The consumer of a sink task: one thread, no automatic commits, every rebalance told before it takes effect.

Messages are read as columns where the compiled part allows it (:mod:`barnabas.kafka.column_queue`); otherwise they are
the client's own objects, and columns come from ``[*map(Message.value, messages)]``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as _Place

from barnabas.kafka.bootstrap import check_bootstrap
from barnabas.kafka.column_queue import ColumnQueue, open_column_queue
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of, refused
from barnabas.kafka.fetched import Fetched
from barnabas.kafka.messages import Messages
from barnabas.kafka.reporting import FaultReporter, client_log
from barnabas.kafka.settings import ClientSettings
from barnabas.kafka.topic_pattern import posix_pattern
from barnabas.record import TopicPartition

__all__ = ["SinkConsumer"]

Rebalanced = Callable[[list[TopicPartition]], None]
Committed = Callable[[Exception | None], None]

_INTERNAL_TOPICS: Final = "^__consumer_offsets$,^__transaction_state$,^__share_group_state$"
_REQUEST_TIMEOUT: Final = 60.0  # Java's default.api.timeout.ms
_SEEK_AGAIN: Final = 0.005  # seconds
# Errors among messages that the client goes on after by itself.
_HEALING: Final = frozenset({"_PARTITION_EOF", "_MAX_POLL_EXCEEDED", "UNKNOWN_TOPIC_OR_PART"})


class SinkConsumer:
    """One member of a sink's group; belongs to the thread that made it. Connects when it subscribes.

    Args:
        settings: From ``translate(…, "consumer")``.
        on_error: Told about broken connections and the like while polling; ``None`` logs them.

    Raises:
        ConfigError: A setting is wrong, or no host of ``bootstrap.servers`` is known.
    """

    def __init__(self, settings: ClientSettings, *, on_error: Callable[[KafkaFault], None] | None = None) -> None:
        check_bootstrap(settings)
        self._settings = settings
        self._reporter = FaultReporter(on_error)
        self._client: Consumer | None = None
        self._queue: ColumnQueue | None = None
        self._closed = False
        self._cooperative = "cooperative" in settings.librdkafka.get("partition.assignment.strategy", "") or (
            settings.librdkafka.get("group.protocol") == "consumer"
        )
        self._commits: deque[tuple[dict[TopicPartition, int], Committed]] = deque()
        self._paused: set[TopicPartition] = set()
        self._in_batch = False  # a rebalance may now be told in the middle of a batch
        self._cut: set[TopicPartition] = set()  # taken away in the middle of the batch being read
        self._held: set[TopicPartition] = set()  # assigned in the middle of it: paused until it is over

    # ------------------------------------------------------------------ subscription
    def subscribe(
        self,
        topics: list[str] | str,
        on_assign: Rebalanced,
        on_revoke: Rebalanced,
        on_lost: Rebalanced,
    ) -> None:
        """Join the group. The callbacks run inside :meth:`fetch`, :meth:`commit_sync` and :meth:`close`.

        Args:
            topics: Names, or one Java regular expression that the whole name has to match.
            on_assign: Partitions that were added; they are assigned already, so that they can be paused.
            on_revoke: Partitions about to be taken away: commits still count.
            on_lost: Partitions that are another member's already: commits would be refused.
        """
        pattern = isinstance(topics, str)
        names = [posix_pattern(topics)] if isinstance(topics, str) else list(topics)
        client = self._make(pattern=pattern)

        def assigned(_: Consumer, places: list[_Place]) -> None:
            if self._queue is not None:
                self._queue.take(_partitions(places))
            if self._cooperative:
                client.incremental_assign(places)
            else:
                client.assign(places)
            partitions = _partitions(places)
            if self._in_batch:
                self._held.update(partitions)
                client.pause(places)
            on_assign(partitions)

        def revoked(_: Consumer, places: list[_Place]) -> None:
            self._taken(places)
            try:
                on_revoke(_partitions(places))
            finally:
                self._unassign(client, places)

        def lost(_: Consumer, places: list[_Place]) -> None:
            self._taken(places)
            try:
                on_lost(_partitions(places))
            finally:
                self._unassign(client, places)

        _call("subscribe", client.subscribe, names, on_assign=assigned, on_revoke=revoked, on_lost=lost)

    def _taken(self, places: list[_Place]) -> None:
        partitions = _partitions(places)
        if self._in_batch:
            self._cut.update(partitions)
        self._held.difference_update(partitions)
        self._paused.difference_update(partitions)

    def _unassign(self, client: Consumer, places: list[_Place]) -> None:
        if self._cooperative:
            client.incremental_unassign(places)
        else:
            client.unassign()

    def _make(self, *, pattern: bool) -> Consumer:
        settings: dict[str, Any] = dict(self._settings.librdkafka)
        if pattern:
            settings.setdefault("topic.blacklist", _INTERNAL_TOPICS)
        settings["error_cb"] = lambda error: self._reporter.report(fault_of(error))
        settings["on_commit"] = self._committed
        try:
            self._client = Consumer(settings, logger=client_log)
        except (KafkaException, ValueError) as error:
            raise refused("consumer", error) from error
        self._queue = open_column_queue(self._client, settings.get("client.id", "rdkafka"))
        return self._client

    # ------------------------------------------------------------------ reading
    def fetch(self, max_records: int, timeout_s: float) -> Messages:
        """Up to so many messages: waits for the first only, then takes what is there.

        Returns:
            Messages without errors, each partition's in order; none of a partition that was taken away meanwhile.

        Raises:
            KafkaClientError: The log-in was refused, the group or a topic may not be read, the client is fenced:
                nothing that goes away by itself.
        """
        client = self._running()
        return (
            self._fetch(client, max_records, timeout_s)
            if self._queue is None
            else self._fetch_columns(client, self._queue, max_records, timeout_s)
        )

    def _fetch_columns(self, client: Consumer, queue: ColumnQueue, most: int, timeout_s: float) -> Messages:
        """As columns. Whatever is no message comes first, and between two looks for messages nothing else happens."""
        self._tell_events(client, queue)
        columns = queue.fetch(most)
        if not columns.values and not columns.errors and timeout_s > 0:
            queue.wait(timeout_s)
            self._tell_events(client, queue)
            columns = queue.fetch(most)
        for code, topic, partition, offset, text in columns.errors:
            self._see_error(KafkaError(code, text), f"{topic}-{partition}@{offset}")
        if columns.values:
            self._reporter.verdict = None
        return Fetched(columns) if columns.values else []

    def _tell_events(self, client: Consumer, queue: ColumnQueue) -> None:
        """Rebalances, commits and errors: at least one look, because polling is what keeps us a member."""
        while True:
            message = client.poll(0)
            self._raise_verdict()
            if message is not None:
                error = message.error()
                assert error is not None, "messages come through the queue"
                self._see_error(error, str(message.topic()))
            if not queue.has_events:
                return

    def _fetch(self, client: Consumer, max_records: int, timeout_s: float) -> list[Message]:
        """As the client's message objects."""
        first = client.poll(timeout_s)
        self._raise_verdict()
        if first is None:
            return []
        messages = [first]
        if max_records > 1:
            self._in_batch = True
            try:
                messages += _call("read", client.consume, max_records - 1, 0)
            finally:
                self._in_batch = False
                self._after_batch(client)
        self._reporter.verdict = None
        if self._cut:
            cut, self._cut = self._cut, set()
            messages = [m for m in messages if (m.topic(), m.partition()) not in cut]
        if any(map(Message.error, messages)):
            return [message for message in messages if not self._is_error(message)]
        return messages

    def _after_batch(self, client: Consumer) -> None:
        """Partitions assigned in the middle of a batch begin now: what was read before is told apart from them."""
        if self._held:
            held, self._held = self._held, set()
            client.resume(_places(held - self._paused))

    def _raise_verdict(self) -> None:
        fault = self._reporter.verdict
        if fault is not None:
            self._reporter.verdict = None
            raise KafkaClientError.of("let the consumer in", fault)

    def _is_error(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        self._see_error(error, str(message.topic()))
        return True

    def _see_error(self, error: KafkaError, where: str) -> None:
        """What came instead of a message: reported where it heals, else raised."""
        fault = fault_of(error)
        if fault.name == "_PARTITION_EOF":
            return
        if not fault.retriable and fault.name not in _HEALING:
            raise KafkaClientError.of(f"read {where}", fault)
        self._reporter.report(fault)

    # ------------------------------------------------------------------ partitions
    def assignment(self) -> set[TopicPartition]:
        """What this member reads now."""
        return set(_partitions(self._running().assignment()))

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Deliver nothing of these; membership is kept as long as :meth:`fetch` is called."""
        chosen = set(partitions)
        if chosen:
            self._paused |= chosen
            _call("pause", self._running().pause, _places(chosen))

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Deliver these again, from where reading stopped."""
        chosen = set(partitions)
        if chosen:
            self._paused -= chosen
            _call("resume", self._running().resume, _places(chosen - self._held))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on reading there; what was read ahead is dropped.

        A partition that was assigned just now cannot be sought in before the client knows where the group had been:
        that is waited for.
        """
        place = _Place(partition.topic, partition.partition, offset)
        deadline = time.monotonic() + _REQUEST_TIMEOUT
        while True:
            try:
                _call("seek", self._running().seek, place)
            except KafkaClientError as error:
                if error.fault is None or error.fault.name != "_STATE" or time.monotonic() > deadline:
                    raise
                time.sleep(_SEEK_AGAIN)
            else:
                return

    def position(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        """The offset after the last delivered message; ``None`` when nothing was delivered yet."""
        return _offsets(_call("tell positions", self._running().position, _places(partitions)))

    def committed(
        self, partitions: Iterable[TopicPartition], timeout_s: float = _REQUEST_TIMEOUT
    ) -> dict[TopicPartition, int | None]:
        """What the group has committed; ``None`` where nothing."""
        return _offsets(_call("tell committed offsets", self._running().committed, _places(partitions), timeout_s))

    # ------------------------------------------------------------------ commits
    def commit_sync(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit and wait for the answer.

        Raises:
            KafkaClientError: Refused, for all partitions or for one.
        """
        if not offsets:
            return
        answered = _call("commit offsets", self._running().commit, offsets=_marks(offsets), asynchronous=False)
        for place in answered or ():
            if place.error is not None:
                raise KafkaClientError.of(f"commit offsets of {place.topic}-{place.partition}", fault_of(place.error))

    def commit_async(self, offsets: Mapping[TopicPartition, int], callback: Committed) -> None:
        """Commit; the callback gets ``None`` or the error, inside a later :meth:`fetch`."""
        if not offsets:
            callback(None)
            return
        self._commits.append((dict(offsets), callback))
        try:
            _call("commit offsets", self._running().commit, offsets=_marks(offsets), asynchronous=True)
        except KafkaClientError as error:
            self._commits.pop()
            callback(error)

    def _committed(self, error: KafkaError | None, places: list[_Place]) -> None:
        """The library's one callback for all commits: find the one that these places are the answer to."""
        answered = {TopicPartition(place.topic, place.partition): place.offset for place in places}
        found = next((entry for entry in self._commits if entry[0] == answered), None)
        if found is None:
            return
        self._commits.remove(found)
        wrong = error or next((place.error for place in places if place.error is not None), None)
        found[1](None if wrong is None else KafkaClientError.of("commit offsets", fault_of(wrong)))

    # ------------------------------------------------------------------ end
    def group_metadata(self) -> object:
        """For :meth:`Producer.send_offsets`."""
        return self._running().consumer_group_metadata()

    def close(self) -> None:
        """Leave the group (a static member stays in it until its session ends) and end all threads; calls on_revoke."""
        client, self._closed = self._client, True
        queue, self._queue = self._queue, None
        try:
            if queue is not None:
                queue.close()
            if client is not None:
                client.close()
        finally:  # not before: on_revoke may commit
            self._client = None

    def _running(self) -> Consumer:
        if self._client is None:
            raise ValueError("the consumer is closed" if self._closed else "the consumer is not subscribed")
        return self._client


def _call(doing: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        return call(*arguments, **options)
    except KafkaException as error:
        raise KafkaClientError.of(doing, fault_of(error)) from error


def _partitions(places: Iterable[_Place]) -> list[TopicPartition]:
    return [TopicPartition(place.topic, place.partition) for place in places]


def _places(partitions: Iterable[TopicPartition]) -> list[_Place]:
    return [_Place(topic, partition) for topic, partition in partitions]


def _marks(offsets: Mapping[TopicPartition, int]) -> list[_Place]:
    return [_Place(topic, partition, offset) for (topic, partition), offset in offsets.items()]


def _offsets(places: Collection[_Place]) -> dict[TopicPartition, int | None]:
    for place in places:
        if place.error is not None:
            raise KafkaClientError.of(f"tell offsets of {place.topic}-{place.partition}", fault_of(place.error))
    return {
        TopicPartition(place.topic, place.partition): place.offset if place.offset >= 0 else None for place in places
    }
