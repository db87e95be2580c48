"""Topics that a worker keeps a copy of: read from the beginning, then followed; written record by record.

The event loop owns the copy: records are handed to their handler there, in the order of the log. Two threads stand
behind it, one that polls the consumer and one that waits for acknowledgements, so that a slow broker never blocks the
loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, Producer, TopicCollection
from confluent_kafka import TopicPartition as _Place
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # re-exported without saying so

from barnabas.kafka.bootstrap import check_bootstrap
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of, refused
from barnabas.kafka.reporting import FaultReporter, client_log
from barnabas.kafka.settings import ClientSettings

__all__ = ["LogRecord", "LogSettings", "TopicLogs"]

log = logging.getLogger(__name__)

_POLL: Final = 0.2  # how soon a thread sees that it is to stop
_BATCH: Final = 500
_RETRY: Final = 0.1
_REQUEST_TIMEOUT: Final = 30.0
_METADATA_TIMEOUT: Final = 30.0


class LogRecord(NamedTuple):
    """One record of a followed topic; ``value`` is ``None`` for a tombstone, ``timestamp`` milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


Handler = Callable[[LogRecord], None]


class LogSettings(NamedTuple):
    """Translated settings of the three clients behind a set of logs."""

    consumer: ClientSettings
    producer: ClientSettings
    admin: ClientSettings


class TopicLogs:
    """A set of followed topics in one cluster; used on the event loop it is started on.

    Args:
        settings: Of the clients. ``isolation.level`` of the consumer decides whether open transactions are seen.

    Raises:
        ConfigError: A setting is wrong, or no host of ``bootstrap.servers`` is known.
    """

    def __init__(self, settings: LogSettings) -> None:
        check_bootstrap(settings.admin)
        self._settings = settings
        self._reporter = FaultReporter(_say)
        self._handlers: dict[str, Handler] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self._waiting: list[tuple[dict[tuple[str, int], int], asyncio.Future[None]]] = []
        self._added: SimpleQueue[list[_Place]] = SimpleQueue()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._admin: AdminClient | None = None
        self._producer: Producer | None = None

    # ------------------------------------------------------------------ life
    async def start(self) -> None:
        """Connect; nothing is followed yet."""
        self._loop = asyncio.get_running_loop()
        self._admin = _made(AdminClient, "admin client", self._settings.admin, {"error_cb": self._told})
        self._producer = _made(Producer, "producer", self._settings.producer, {"error_cb": self._told, "linger.ms": 0})
        consumer = _made(
            Consumer,
            "consumer",
            self._settings.consumer,
            {
                "error_cb": self._told,
                "group.id": self._settings.consumer.librdkafka.get("group.id", "barnabas"),  # asked for, never joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.queue.backoff.ms": 5,
            },
        )
        for name, work in (("topic-log-reader", self._read), ("topic-log-writer", self._acknowledge)):
            thread = threading.Thread(target=work, args=(consumer,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    async def stop(self) -> None:
        """Stop reading; what was sent and not acknowledged fails."""
        self._stopping.set()
        for _, future in self._waiting:
            future.cancel()
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
        self._admin = self._producer = None

    async def follow(self, topics: Mapping[str, Handler]) -> None:
        """Read these topics from their beginning to their present end, and go on following them.

        Raises:
            KafkaClientError: A topic does not exist, or Kafka did not answer.
        """
        starts = await self._offsets(topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # the library's own gap
        for place, start in starts.items():  # an empty partition has been read to its end before anything arrives
            self._positions.setdefault(place, start)
        self._handlers.update(topics)
        self._added.put([_Place(topic, partition, start) for (topic, partition), start in starts.items()])
        await self.read_to_end(*topics)

    # ------------------------------------------------------------------ reading
    async def read_to_end(self, *topics: str) -> None:
        """Return when everything was handled that these topics held when this was called (all topics: none named).

        Raises:
            KafkaClientError: Kafka did not say where the end is.
        """
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library's own gap
        ends = await self._offsets(topics or tuple(self._handlers), latest)
        if self._reached(ends):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (ends, future)
        self._waiting.append(entry)
        try:
            await future
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(entry)

    def _reached(self, ends: Mapping[tuple[str, int], int]) -> bool:
        return all(self._positions.get(place, -1) >= end for place, end in ends.items())

    async def _offsets(self, topics: Iterable[str], which: OffsetSpec) -> dict[tuple[str, int], int]:
        """Offsets as open transactions see them, so that a committed reader waits for those before the end."""
        asked = [_Place(topic, number) for topic in topics for number in await self._partitions(topic)]
        until = time.monotonic() + _REQUEST_TIMEOUT
        while True:
            try:
                return await self._ask_offsets(asked, which)
            except KafkaClientError as error:  # a partition without a leader has one in a moment
                if not error.retriable or time.monotonic() >= until:
                    raise
            await asyncio.sleep(_RETRY)

    async def _ask_offsets(self, asked: Iterable[_Place], which: OffsetSpec) -> dict[tuple[str, int], int]:
        futures = self._client().list_offsets(
            dict.fromkeys(asked, which),
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=_REQUEST_TIMEOUT,
        )
        found: dict[tuple[str, int], int] = {}
        answers = await asyncio.gather(*map(asyncio.wrap_future, futures.values()), return_exceptions=True)
        for place, answer in zip(futures, answers, strict=True):
            if isinstance(answer, KafkaException):
                raise self._failed(f"tell the offsets of {place.topic}-{place.partition}", answer) from answer
            if isinstance(answer, BaseException):
                raise answer
            found[place.topic, place.partition] = answer.offset
        return found

    async def _partitions(self, topic: str) -> range:
        """The partitions of a topic, which may have been created a moment ago."""
        until = time.monotonic() + _METADATA_TIMEOUT
        while True:
            count = await self._count(topic)
            if count:
                return range(count)
            if time.monotonic() >= until:
                raise KafkaClientError(f"There is no topic {topic}.", code="BRN-2201", remedy="Check the name.")
            await asyncio.sleep(_RETRY)

    async def _count(self, topic: str) -> int:
        """How many partitions a topic has; 0 if there is no such topic. Asking does not create it."""
        asked = self._client().describe_topics(TopicCollection([topic]), request_timeout=_REQUEST_TIMEOUT)
        try:
            return len((await asyncio.wrap_future(asked[topic])).partitions)
        except KafkaException as error:
            if fault_of(error).name == "UNKNOWN_TOPIC_OR_PART":
                return 0
            raise self._failed(f"describe topic {topic}", error) from error

    def _read(self, consumer: Consumer) -> None:
        """The reader's thread."""
        assert self._loop is not None, "started"
        try:
            while not self._stopping.is_set():
                if not self._assign(consumer):
                    continue
                first = consumer.poll(_POLL)
                if first is None:
                    continue
                batch = [first, *consumer.consume(_BATCH - 1, 0)]
                with contextlib.suppress(RuntimeError):  # the loop was closed: nobody wants them any more
                    self._loop.call_soon_threadsafe(self._deliver, batch)
        finally:
            consumer.close()

    def _assign(self, consumer: Consumer) -> bool:
        """Begin to read what was added; false as long as there is nothing to read."""
        idle = not consumer.assignment()
        with contextlib.suppress(Empty):
            consumer.incremental_assign(self._added.get(block=idle, timeout=_POLL if idle else None))
            return True
        return not idle

    def _deliver(self, batch: list[Message]) -> None:
        """On the loop: every record to its handler, then whoever waits for the end."""
        for message in batch:
            error = message.error()
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  the library's name
                self._unreadable(topic, error)
                continue
            if topic is None or partition is None or offset is None:
                continue
            if error is None:
                self._handle(message, topic, partition, offset)
                offset += 1
            self._positions[topic, partition] = offset
        for ends, future in list(self._waiting):
            if not future.done() and self._reached(ends):
                future.set_result(None)

    def _unreadable(self, topic: str | None, error: KafkaError) -> None:
        """What heals is waited for; whoever waits for what may not be read is told."""
        log.warning("Reading %s: %s", topic or "internal topics", error.str())
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            for ends, future in self._waiting:
                if not future.done() and any(name == topic for name, _ in ends):
                    future.set_exception(KafkaClientError.of(f"let topic {topic} be read", fault_of(error)))

    def _handle(self, message: Message, topic: str, partition: int, offset: int) -> None:
        key, value = message.key(), message.value()
        record = LogRecord(topic, partition, offset, key, value, message.timestamp()[1])
        try:
            self._handlers[topic](record)
        except Exception:
            log.exception("Record %s-%d@%d of an internal topic is ignored.", topic, partition, offset)

    # ------------------------------------------------------------------ writing
    async def send(self, topic: str, key: bytes, value: bytes | None) -> int:
        """Write one record; returns its offset once all replicas have it.

        Raises:
            KafkaClientError: It was not written, or may not have been.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()

        def settle(error: KafkaError | None, offset: int) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(KafkaClientError.of(f"take a record for topic {topic}", fault_of(error)))
            else:
                future.set_result(offset)

        def delivered(error: KafkaError | None, message: Message) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(settle, error, message.offset() or 0)

        if self._producer is None:
            raise KafkaClientError(f"Topic {topic} is not open.", code="BRN-2202", remedy="The worker is stopping.")
        try:
            self._producer.produce(topic, value, key, on_delivery=delivered)
        except (BufferError, KafkaException) as error:
            fault = (
                fault_of(error)
                if isinstance(error, KafkaException)
                else KafkaFault(-184, "_QUEUE_FULL", "the queue of records to send is full", retriable=True)
            )
            raise KafkaClientError.of(f"take a record for topic {topic}", fault) from error
        return await future

    def _acknowledge(self, _: Consumer) -> None:
        """The writer's thread: runs the callbacks of what was sent."""
        producer = self._producer
        assert producer is not None, "started"
        while not self._stopping.is_set():
            producer.poll(_POLL)
        producer.purge()
        producer.poll(0)

    # ------------------------------------------------------------------ errors
    def _client(self) -> AdminClient:
        if self._admin is None:
            raise KafkaClientError(
                "The internal topics are not open.", code="BRN-2202", remedy="The worker is stopping."
            )
        return self._admin

    def _told(self, error: KafkaError) -> None:
        self._reporter.report(fault_of(error))

    def _failed(self, doing: str, error: KafkaException) -> KafkaClientError:
        return KafkaClientError.of(doing, self._reporter.verdict or self._reporter.reason or fault_of(error))


def _made(kind: Callable[..., Any], what: str, settings: ClientSettings, more: dict[str, Any]) -> Any:
    given: dict[str, Any] = {**settings.librdkafka, **more}
    try:
        return kind(given, logger=client_log)
    except (KafkaException, ValueError) as error:
        raise refused(what, error) from error


def _say(fault: KafkaFault) -> None:
    """Broken connections heal; what does not is raised where it matters."""
    client_log.debug("%s", fault.message)
