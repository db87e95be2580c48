"""The messages that lately went to ``put``, as they were read: what a dead letter of a reported record is made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from barnabas.kafka import messages as columns

if TYPE_CHECKING:
    from barnabas.kafka.messages import AnyMessage, Messages
    from barnabas.record import SinkRecord, TopicPartition

__all__ = ["Originals"]

_MOST: Final = 32 << 20  # bytes
_OVERHEAD: Final = 300  # of a message object


class _Poll:
    """The messages of one poll, indexed when first asked."""

    def __init__(self, messages: Messages, ends: Mapping[TopicPartition, int]) -> None:
        self.messages = messages
        self.ends = ends
        self._index: dict[tuple[str | None, int | None, int | None], AnyMessage] | None = None

    def measure(self) -> int:
        """Bytes that it occupies, about."""
        return sum(map(len, self.messages)) + _OVERHEAD * len(self.messages)

    def find(self, where: TopicPartition, offset: int) -> AnyMessage | None:
        """The message that was read there."""
        if offset >= self.ends.get(where, 0):
            return None
        if self._index is None:
            places = zip(
                columns.topics(self.messages),
                columns.partitions(self.messages),
                columns.offsets(self.messages),
                strict=True,
            )
            self._index = dict(zip(places, self.messages, strict=True))
        return self._index.get((where.topic, where.partition, offset))


class Originals:
    """Keeps the messages of the last polls: always of the last, and of earlier ones while a task may report them.

    A task may report a record long after ``put``; kept is what is not committed, up to 32 MiB. What is older than that
    is written with the converters, as Kafka Connect does for records that are not its own.
    """

    def __init__(self) -> None:
        self._polls: deque[_Poll] = deque()
        self._sizes: deque[int] = deque()
        self.keep = False
        """Whether earlier polls are kept too: the task has asked for the reporter."""

    def add(self, messages: Messages, ends: Mapping[TopicPartition, int]) -> None:
        """The messages of a poll, and the offset after the last of each partition."""
        if not self.keep:
            self._polls = deque([_Poll(messages, ends)])
            return
        self._polls.append(_Poll(messages, ends))
        self._sizes.append(self._polls[-1].measure())
        while len(self._sizes) > 1 and sum(self._sizes) > _MOST:
            self._drop()

    def _drop(self) -> None:
        if len(self._sizes) == len(self._polls):  # a poll from before anybody asked was not measured
            self._sizes.popleft()
        self._polls.popleft()

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Records before these offsets will not be reported any more."""
        while len(self._polls) > 1:
            if any(offsets.get(where, 0) < end for where, end in self._polls[0].ends.items()):
                return
            self._drop()

    def find(self, record: SinkRecord) -> AnyMessage | None:
        """The message that a record was made of."""
        where, offset = record.original, record.original_kafka_offset
        for poll in reversed(self._polls):
            found = poll.find(where, offset)
            if found is not None:  # not "if found": a message without a value is as long as nothing
                return found
        return None
