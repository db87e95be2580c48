"""Reading a topic from outside any group: nothing is joined, nothing is committed, no topic is created by asking."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as _Place

from barnabas.errors import ConfigError
from barnabas.kafka.bootstrap import check_bootstrap
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of, refused
from barnabas.kafka.reporting import FaultReporter, client_log
from barnabas.kafka.settings import ClientSettings

__all__ = ["TopicReader", "Window"]

_STEP: Final = 0.2  # how soon the reason why nobody answers is noticed, and Ctrl-C
_VAGUE: Final = frozenset({"_TRANSPORT", "_TIMED_OUT", "_ALL_BROKERS_DOWN"})
_OWN: Final = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "true",
    "allow.auto.create.topics": "false",
    "fetch.wait.max.ms": "50",  # so long it takes to hear that a partition ends
    "auto.offset.reset": "earliest",  # where retention was faster
}
_UNWANTED: Final = ("group.instance.id", "group.protocol", "group.remote.assignor", "partition.assignment.strategy")


class Window(NamedTuple):
    """What a partition holds: from its first offset up to, not including, its end."""

    low: int
    high: int


class TopicReader:
    """Reads partitions of one topic from given offsets; for one thread, and a context manager.

    Args:
        settings: From ``translate(…, "consumer")``; a ``group.id`` in it is not used.
        name: What brokers see as client id.
        timeout_s: How long any one question may take.

    Raises:
        ConfigError: A setting is wrong, or no host of ``bootstrap.servers`` is known.
    """

    def __init__(self, settings: ClientSettings, name: str, timeout_s: float) -> None:
        check_bootstrap(settings)
        self._timeout = timeout_s
        self._topic = ""  # of what is being read
        self._reporter = FaultReporter(self._told)
        given: dict[str, Any] = {**settings.librdkafka, **_OWN, "group.id": name, "client.id": name}
        for key in _UNWANTED:
            given.pop(key, None)
        given["error_cb"] = lambda error: self._reporter.report(fault_of(error))
        try:
            self._client = Consumer(given, logger=client_log)
        except (KafkaException, ValueError) as error:
            raise refused("consumer", error) from error
        self._open: set[int] = set()
        self._heard = time.monotonic()  # when Kafka last gave something, or was known to have nothing more

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _told(self, fault: KafkaFault) -> None:
        """A question that is not answered says why; while reading, nobody but a person waits."""
        if self._topic:
            client_log.warning("%s", fault.message)
        else:
            client_log.debug("%s", fault.message)

    def close(self) -> None:
        """End its threads."""
        self._client.close()

    # ------------------------------------------------------------------ what there is
    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions.

        Raises:
            ConfigError: There is no such topic.
            KafkaClientError: Nobody answers, or this user may not see it.
        """
        found = self._ask(f"describe topic {topic}", lambda step: self._client.list_topics(topic, timeout=step))
        about = found.topics[topic]
        if about.error is None:
            return sorted(about.partitions)
        if about.error.code() not in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_EXCEPTION):
            raise KafkaClientError.of(f"describe topic {topic}", fault_of(about.error))
        every = self.topics()
        near = difflib.get_close_matches(topic, every, 1)
        raise ConfigError(
            f"There is no topic {topic}.",
            code="BRN-1460",
            remedy=f"Did you mean {near[0]}?" if near else _listed(every),
        )

    def topics(self) -> list[str]:
        """The names of all topics that this user may see.

        Raises:
            KafkaClientError: Nobody answers.
        """
        return sorted(self._ask("list its topics", lambda step: self._client.list_topics(timeout=step)).topics)

    def window(self, topic: str, partition: int) -> Window:
        """The offsets that a partition holds now.

        Raises:
            KafkaClientError: Nobody answers, or this user may not read it.
        """
        place = _Place(topic, partition)
        answer = self._ask(
            f"tell the offsets of {topic}-{partition}",
            lambda step: self._client.get_watermark_offsets(place, timeout=step, cached=False),
        )
        return Window(*answer)

    def offsets_at(self, topic: str, partitions: list[int], timestamp: int) -> dict[int, int | None]:
        """The first offset of each partition whose record is not older than ``timestamp``, in milliseconds.

        Returns:
            ``None`` where all records are older.

        Raises:
            KafkaClientError: Nobody answers, or this user may not read it.
        """
        places = [_Place(topic, partition, timestamp) for partition in partitions]
        answers = self._ask(
            f"look up a time in {topic}", lambda step: self._client.offsets_for_times(places, timeout=step)
        )
        return {place.partition: place.offset if place.offset >= 0 else None for place in answers}

    def _ask(self, doing: str, question: Any) -> Any:
        """In short steps: the library answers only "timed out", the reason comes as an error in between."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                return question(max(0.01, min(max(_STEP, self._timeout / 4), until - time.monotonic())))
            except KafkaException as error:
                fault = fault_of(error)
            if not self._open:
                self._client.poll(0)
            verdict = self._reporter.verdict
            if verdict is not None:
                raise KafkaClientError.of(doing, verdict)
            if fault.name not in _VAGUE:
                raise KafkaClientError.of(doing, fault)
            if time.monotonic() >= until:
                raise KafkaClientError.of(doing, self._reporter.reason or fault)

    # ------------------------------------------------------------------ reading
    def start(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets; what was read before is let go."""
        self._topic = topic
        self._open = {*offsets}
        self._heard = time.monotonic()
        self._client.assign([_Place(topic, partition, offset) for partition, offset in offsets.items()])

    @property
    def at_end(self) -> bool:
        """Whether every partition was read to an end that it had meanwhile."""
        return not self._open

    def fetch(self, most: int) -> list[Message]:
        """What is there, at most so many; waits for a fifth of a second at most.

        Raises:
            KafkaClientError: The log-in was refused, or the topic may not be read, or is gone; or nobody has answered
                for as long as a question may take.
        """
        first = self._client.poll(_STEP)
        if self._reporter.verdict is not None:
            raise KafkaClientError.of(f"let {self._topic} be read", self._reporter.verdict)
        now = time.monotonic()
        if first is None:
            if self._open and now - self._heard > self._timeout and self._reporter.reason is not None:
                raise KafkaClientError.of(f"let {self._topic} be read", self._reporter.reason)
            return []
        self._heard = now
        messages = [first]
        if most > 1:
            messages += self._client.consume(most - 1, 0)
        return [message for message in messages if self._is_record(message)]

    def _is_record(self, message: Message) -> bool:
        error, partition = message.error(), message.partition()
        if error is None:
            return True
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  the library's name
            if partition is not None:
                self._open.discard(partition)
            return False
        fault = fault_of(error)
        if fault.retriable and fault.name != "UNKNOWN_TOPIC_OR_PART":
            self._reporter.report(fault)
            return False
        raise KafkaClientError.of(f"let {self._topic} be read", fault)


def _listed(topics: list[str]) -> str:
    """Which topics there are, unless there are too many to read."""
    names = sorted(name for name in topics if not name.startswith("__"))
    if not names:
        return "The cluster has no topics yet."
    most = 10
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"Topics here are {', '.join(names[:most])}{more}."
