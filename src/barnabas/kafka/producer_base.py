"""What every producer promises, whichever way it reaches the library; columns in, tickets out.

A producer belongs to the one thread that made it. Bytes and records in flight are bounded here and not by the library:
it refuses what does not fit in the middle of a column, here it is known before.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from barnabas.errors import DataError
from barnabas.kafka.faults import KafkaFault
from barnabas.kafka.reporting import FaultReporter
from barnabas.kafka.settings import ClientSettings
from barnabas.kafka.tickets import Ticket, TicketBook

__all__ = ["RECORD_OVERHEAD", "Columns", "GroupOffsets", "Header", "Producer"]

Header = tuple[str, bytes | None]
GroupOffsets = Mapping[tuple[str, int], int]
"""Next offset to read, by topic and partition."""

RECORD_OVERHEAD: Final = 200  # bytes that the library keeps beside each record's own
_PUSH_WAIT: Final = 0.005  # seconds without linger between looks at the reports, while flushing
_FULL_WAIT: Final = 0.02  # seconds between looks at the interrupt callback while there is no room


class Columns(NamedTuple):
    """The columns of one send, of equal length."""

    topic: str
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] | None
    partitions: Sequence[int | None] | None
    timestamps: Sequence[int | None] | None
    headers: Sequence[Sequence[Header] | None] | None


class Producer(abc.ABC):
    """Sends columns to Kafka; order within a partition is that of sending.

    Args:
        settings: Translated settings.
        on_error: Told about trouble that belongs to no record: broken connections, refused log-ins. Called while
            polling.
        want_metadata: Keep partition and offset of each record in its ticket.
    """

    def __init__(
        self, settings: ClientSettings, on_error: Callable[[KafkaFault], None] | None, *, want_metadata: bool
    ) -> None:
        self._book = TicketBook(want_metadata=want_metadata)
        self._reporter = FaultReporter(on_error)
        self._max_records = settings.max_in_flight_records
        self._max_bytes = settings.max_in_flight_bytes

    def send(
        self,
        topic: str,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        partitions: Sequence[int | None] | None = None,
        timestamps: Sequence[int | None] | None = None,
        headers: Sequence[Sequence[Header] | None] | None = None,
        *,
        interrupt: Callable[[], bool] | None = None,
    ) -> Ticket:
        """Hand over a column; the bytes are copied, the lists are the caller's again on return.

        Waits only for room, which is made by acknowledgements; meanwhile reports are served.

        Args:
            topic: For all records.
            values: The payloads; ``None`` is a tombstone.
            keys: Keys, ``None`` for records without; decide the partition as Java's default partitioner does.
            partitions: Partitions; ``None`` lets the partitioner choose.
            timestamps: Milliseconds since the epoch; ``None`` is now. The library cannot express 0: it becomes now.
            headers: Headers in order, or ``None`` for none.
            interrupt: Asked every 20 ms while there is no room; ``True`` ends the sending there.

        Returns:
            A ticket: its ``total`` tells how many were handed over, less than given only when interrupted or when the
            client has failed for good (then ``error`` says why).

        Raises:
            DataError: A value or key is not ``bytes``, or columns differ in length; nothing was sent from the piece
                (up to 4,096 records) that contains it.
        """
        columns = Columns(topic, values, keys, partitions, timestamps, headers)
        for column in (keys, partitions, timestamps, headers):
            if column is not None and len(column) != len(values):
                raise DataError("Columns of different lengths were given to the producer.", code="BRN-2210")
        ticket = self._book.open(topic)
        ticket.error = self._reporter.verdict
        at, size = 0, len(values)
        try:
            while at < size:
                taken = self._enqueue(ticket, columns, at)
                at += taken
                if taken:
                    continue
                if self.poll(_FULL_WAIT) == 0 and ticket.error is not None:
                    break  # waiting for a client that cannot log in would never end
                if interrupt is not None and interrupt():
                    ticket.interrupted = True
                    break
        finally:
            self._book.close()
        return ticket

    @property
    def in_flight(self) -> int:
        """Records handed over and neither acknowledged nor failed."""
        return self._book.in_flight

    def _has_room(self, records: int, cost: int) -> bool:
        """Whether so much may be handed over; a single record of any size may, when nothing else is in flight."""
        book = self._book
        if not book.in_flight:
            return True
        return book.in_flight + records <= self._max_records and book.cost + cost <= self._max_bytes

    def _arrived(self) -> None:
        """Something was acknowledged: whatever was wrong with the client is not final."""
        self._reporter.verdict = None

    def _report(self, fault: KafkaFault) -> None:
        self._reporter.report(fault)
        if fault.fatal:
            self._book.fail_all(fault)

    def flush(self, timeout_s: float) -> bool:
        """Send what waits for company at once and serve reports; whether nothing is in flight at the end."""
        until = time.monotonic() + timeout_s
        while self._book.in_flight:
            left = until - time.monotonic()
            self._push(max(0.0, min(left, _PUSH_WAIT)))
            self.poll(0)
            if left <= 0:
                break
        return not self._book.in_flight

    @abc.abstractmethod
    def _enqueue(self, ticket: Ticket, columns: Columns, at: int) -> int:
        """Hand over some records from this index on; returns how many, 0 when there is no room."""

    @abc.abstractmethod
    def _push(self, timeout_s: float) -> None:
        """For so long, let no batch wait to fill up."""

    @abc.abstractmethod
    def poll(self, timeout_s: float) -> int:
        """Serve reports and errors: waits up to the time-out for the first, then takes what there is.

        Returns:
            How many records were settled.
        """

    @abc.abstractmethod
    def purge(self) -> None:
        """Give up all records in flight: they fail at the next :meth:`poll`; some may arrive all the same."""

    @abc.abstractmethod
    def close(self, timeout_s: float) -> None:
        """Flush for up to the time-out, give up the rest, end all threads. The producer is of no use afterwards."""

    @abc.abstractmethod
    def init_transactions(self, timeout_s: float) -> None:
        """Fence earlier holders of the ``transactional.id`` and finish what they left.

        All transaction calls raise ``KafkaClientError``: ``retriable`` ones may be repeated, ``requires_abort`` says
        that :meth:`abort_transaction` is next, a ``fault.fatal`` one ends the producer.
        """

    @abc.abstractmethod
    def begin_transaction(self) -> None:
        """What is sent from now on belongs to one transaction."""

    @abc.abstractmethod
    def send_offsets(self, offsets: GroupOffsets, group: object, timeout_s: float) -> None:
        """Add consumed offsets to the transaction.

        Args:
            offsets: Next offset to read, by topic and partition.
            group: What ``SinkConsumer.group_metadata()`` gave.
            timeout_s: How long to try.
        """

    @abc.abstractmethod
    def commit_transaction(self, timeout_s: float) -> None:
        """Flush and commit: afterwards readers of committed data see all of it, or, after an error, none."""

    @abc.abstractmethod
    def abort_transaction(self, timeout_s: float) -> None:
        """Throw away what was sent since :meth:`begin_transaction`."""
