"""The producer on confluent-kafka's own interface: slower, for platforms where the C library cannot be called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka import Producer as _Client

from barnabas.errors import DataError
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of, refused
from barnabas.kafka.producer_base import RECORD_OVERHEAD, Columns, GroupOffsets, Producer
from barnabas.kafka.reporting import client_log
from barnabas.kafka.settings import ClientSettings
from barnabas.kafka.tickets import Ticket

__all__ = ["ClientProducer"]

_CHUNK: Final = 1024  # records between looks for room


class ClientProducer(Producer):
    """See :class:`Producer`."""

    def __init__(
        self, settings: ClientSettings, on_error: Callable[[KafkaFault], None] | None, *, want_metadata: bool
    ) -> None:
        super().__init__(settings, on_error, want_metadata=want_metadata)
        try:
            self._client: _Client | None = _Client(
                {**settings.librdkafka, "error_cb": lambda error: self._report(fault_of(error))}, logger=client_log
            )
        except (KafkaException, ValueError) as error:
            raise refused("producer", error) from error

    def _enqueue(self, ticket: Ticket, columns: Columns, at: int) -> int:
        end = min(at + _CHUNK, len(columns.values))
        _check_types(columns, at, end)
        produce = self._alive().produce
        for index in range(at, end):
            value = columns.values[index]
            key = None if columns.keys is None else columns.keys[index]
            cost = RECORD_OVERHEAD + len(value or b"") + len(key or b"")
            if not self._has_room(1, cost):
                return index - at
            number = self._book.next
            code: KafkaFault | None = None
            try:
                produce(columns.topic, value, key, **_options(columns, index), on_delivery=self._reporter_of(number))
            except BufferError:
                return index - at
            except KafkaException as error:
                code = fault_of(error)
            self._book.add(ticket, 1, cost)
            if code is not None:
                self._book.fail_one(number, code)
        return end - at

    def _reporter_of(self, number: int) -> Callable[[KafkaError | None, Message], None]:
        return functools.partial(self._delivered, number)

    def _delivered(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._book.fail_one(number, fault_of(error))
            return
        partition, offset = message.partition(), message.offset()
        self._book.acknowledge_one(number, -1 if partition is None else partition, -1 if offset is None else offset)
        self._arrived()

    def poll(self, timeout_s: float) -> int:
        """Serve what has arrived; see :class:`Producer`."""
        client = self._alive()
        before = self._book.in_flight
        if client.poll(timeout_s):
            while client.poll(0):
                pass
        self._book.forget()
        return before - self._book.in_flight

    def _push(self, timeout_s: float) -> None:
        self._alive().flush(timeout_s)

    def purge(self) -> None:
        """Give up what is in flight."""
        self._alive().purge()

    def close(self, timeout_s: float) -> None:
        """Flush, then end all threads."""
        if self._client is None:
            return
        if not self.flush(timeout_s):
            self.purge()
            self.poll(0.1)
        self._client = None

    def _alive(self) -> _Client:
        if self._client is None:
            raise ValueError("the producer is closed")
        return self._client

    # ------------------------------------------------------------------ transactions
    def init_transactions(self, timeout_s: float) -> None:
        """Fence earlier holders of the id."""
        _transact("start transactions", self._alive().init_transactions, timeout_s)

    def begin_transaction(self) -> None:
        """What follows belongs together."""
        _transact("begin a transaction", self._alive().begin_transaction)

    def send_offsets(self, offsets: GroupOffsets, group: object, timeout_s: float) -> None:
        """Add consumed offsets."""
        where = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        _transact("add offsets", self._alive().send_offsets_to_transaction, where, group, timeout_s)

    def commit_transaction(self, timeout_s: float) -> None:
        """Flush and commit."""
        _transact("commit the transaction", self._alive().commit_transaction, timeout_s)
        self.poll(0)

    def abort_transaction(self, timeout_s: float) -> None:
        """Throw it away."""
        _transact("abort the transaction", self._alive().abort_transaction, timeout_s)
        self.poll(0)


def _transact(doing: str, call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except KafkaException as error:
        inner = error.args[0]
        raise KafkaClientError.of(doing, fault_of(inner), requires_abort=inner.txn_requires_abort()) from error


def _options(columns: Columns, index: int) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if columns.partitions is not None and (partition := columns.partitions[index]) is not None:
        options["partition"] = partition
    if columns.timestamps is not None and (timestamp := columns.timestamps[index]) is not None:
        options["timestamp"] = timestamp
    if columns.headers is not None and (headers := columns.headers[index]):
        options["headers"] = list(headers)
    return options


def _check_types(columns: Columns, at: int, end: int) -> None:
    for what, column in (("value", columns.values), ("key", columns.keys)):
        for index in range(at, end) if column is not None else ():
            item = column[index] if column is not None else None
            if item is not None and not isinstance(item, bytes):
                raise DataError(
                    f"The {what} of record {index} is {type(item).__name__}, not bytes.",
                    code="BRN-2212",
                    remedy="Use a converter that returns bytes.",
                )
