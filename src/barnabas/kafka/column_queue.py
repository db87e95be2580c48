"""Reading messages as columns: a queue of the C library that partitions deliver to, beside the client's own.

The client object keeps all that it does but reading: membership, rebalances, commits and errors still come through its
``poll``. Partitions are forwarded to the queue here before they are assigned, and the compiled part takes messages out
of it without making an object of each. Where it cannot be used, :func:`open_column_queue` returns ``None`` and the
client reads as usual.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from barnabas._columns import native
from barnabas.kafka import _librdkafka
from barnabas.kafka.fetched import Columns
from barnabas.record import TopicPartition

if TYPE_CHECKING:
    from confluent_kafka import Consumer

__all__ = ["ColumnQueue", "open_column_queue"]

_FUNCTIONS: Final = (
    "rd_kafka_consume_batch_queue",
    "rd_kafka_message_destroy",
    "rd_kafka_message_timestamp",
    "rd_kafka_message_headers",
    "rd_kafka_header_get_all",
    "rd_kafka_topic_name",
    "rd_kafka_message_errstr",
)
_HANDLE_OFFSET: Final = object.__basicsize__  # the client object's first member is the library's handle
_WAKE: Final = b"1"
_DRAINED: Final = 4096
_MOST_EVENTS: Final = 1000


class ColumnQueue:
    """Belongs to one consumer and its thread; to be closed before the consumer is.

    Args:
        library: The C library.
        handle: Of the consumer.
    """

    def __init__(self, library: Any, handle: int) -> None:
        self._library = library
        self._handle = handle
        self._functions = tuple(_address(library, name) for name in _FUNCTIONS)
        self._queue: int = library.rd_kafka_queue_new(handle)
        self._events: int = library.rd_kafka_queue_get_consumer(handle)
        self._partitions: dict[TopicPartition, int] = {}
        self._wakes, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for queue in (self._queue, self._events):
            library.rd_kafka_queue_io_event_enable(queue, self._woken, _WAKE, len(_WAKE))

    def take(self, partitions: Iterable[TopicPartition]) -> None:
        """Have these deliver here from now on; to be called before they are assigned."""
        for place in partitions:
            if place not in self._partitions:
                queue = self._library.rd_kafka_queue_get_partition(self._handle, place.topic.encode(), place.partition)
                assert queue, "a partition that is being assigned is known"
                self._partitions[place] = queue
                self._library.rd_kafka_queue_forward(queue, self._queue)

    @property
    def has_events(self) -> bool:
        """Whether the client's ``poll`` has anything to tell."""
        return bool(self._library.rd_kafka_queue_length(self._events))

    def wait(self, timeout_s: float) -> None:
        """Return when there are messages or events, or after so many seconds."""
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._wakes, _DRAINED)) == _DRAINED:
                pass
        if not self.has_events and not self._library.rd_kafka_queue_length(self._queue):
            select.select([self._wakes], [], [], timeout_s)

    def fetch(self, most: int) -> Columns:
        """Messages that are there already; none where there are none."""
        assert native is not None, "checked when this was made"
        return Columns(*native.fetch(self._functions, self._queue, most, 0))

    def close(self) -> None:
        """Drop what was not read, and let go of the partitions; the consumer has to be closed at once."""
        for queue in self._partitions.values():
            self._library.rd_kafka_queue_forward(queue, None)
            self._library.rd_kafka_queue_destroy(queue)
        self._partitions.clear()
        for queue in (self._queue, self._events):
            self._library.rd_kafka_queue_io_event_enable(queue, -1, None, 0)
            self._library.rd_kafka_queue_destroy(queue)
        os.close(self._wakes)
        os.close(self._woken)


def open_column_queue(client: Consumer, client_id: str) -> ColumnQueue | None:
    """A queue for this consumer; ``None`` where the compiled part or the library cannot be used.

    Args:
        client: Not subscribed yet.
        client_id: Its ``client.id``: by the name that the library gives the client its handle is known to be right.
    """
    library = _librdkafka.load()
    if native is None or library is None:
        return None
    handle = ctypes.c_void_p.from_address(id(client) + _HANDLE_OFFSET).value
    if not handle or not library.rd_kafka_name(handle).startswith(f"{client_id}#consumer-".encode()):
        return None
    return ColumnQueue(library, handle)


def _address(library: Any, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
