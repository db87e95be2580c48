"""Which records Kafka has acknowledged: tickets, counted by reports that cover many records at once.

Records are numbered in the order in which they were handed over; a ticket is a range of numbers. Reports come per
partition, in order, each covering up to thousands of records: it is enough to look at the first and last number of
each, so that nothing is paid per record when all goes well.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import repeat

from barnabas.kafka.faults import KafkaFault

__all__ = ["Ticket", "TicketBook"]


class Ticket:
    """The fate of one :meth:`Producer.send`. Read-only for its user; changes while the producer is polled.

    Attributes:
        topic: Where the records go.
        total: How many records were handed over: fewer than asked when the sending was interrupted.
        acked: How many were acknowledged.
        interrupted: The interrupt callback ended the sending early.
        error: The first failure, of a record or of the whole client; ``None`` so far.
        errors: Failures by record: ``(index in the ticket, fault)``, in order of arrival.
        metadata: ``(partition, offset)`` for each record, ``(-1, -1)`` until it is acknowledged; ``None`` unless the
            producer was opened with ``want_metadata``.
    """

    __slots__ = (
        "_front",
        "_spans",
        "acked",
        "base",
        "cost",
        "error",
        "errors",
        "interrupted",
        "metadata",
        "topic",
        "total",
    )

    def __init__(self, topic: str, base: int) -> None:
        self.topic = topic
        self.base = base
        self.total = 0
        self.acked = 0
        self.cost = 0
        self.interrupted = False
        self.error: KafkaFault | None = None
        self.errors: list[tuple[int, KafkaFault]] = []
        self.metadata: list[tuple[int, int]] | None = None
        self._front = 0  # up to here metadata is known
        self._spans: list[tuple[int, int, int]] = []  # (last, first, count) of what was acknowledged, by index

    @property
    def done(self) -> bool:
        """All records acknowledged."""
        return self.acked == self.total

    @property
    def settled(self) -> bool:
        """Nothing is outstanding: every record was acknowledged or failed."""
        return self.acked + len(self.errors) >= self.total

    @property
    def contiguous(self) -> int:
        """How many records from the front are known to be acknowledged: never too many.

        Exact when the ticket is done, when the producer keeps metadata, and when the topic has one partition. Where
        reports of several partitions interleave, it is the longest front that whole reports fill without a gap.
        """
        if self.acked == self.total:
            return self.total
        if self.metadata is not None:
            while self._front < self.total and self.metadata[self._front][0] >= 0:
                self._front += 1
            return self._front
        filled = front = 0
        for last, _, count in sorted(self._spans):
            # Every record is in one span at most: as many as there are places means that none is missing.
            filled += count
            if filled == last + 1:
                front = filled
        return front

    def acknowledge(self, first: int, last: int, count: int) -> None:
        """``count`` records, of which the first and last index are these, are safe."""
        self.acked += count
        if self.acked == self.total:
            self._spans.clear()
        else:
            self._spans.append((last, first, count))

    def fail(self, index: int, fault: KafkaFault) -> None:
        """This record will never arrive."""
        self.errors.append((index, fault))
        if self.error is None:
            self.error = fault


class TicketBook:
    """The open tickets of one producer, found by record number."""

    def __init__(self, *, want_metadata: bool) -> None:
        self.want_metadata = want_metadata
        self.next = 1  # the number of the next record; 0 would be a null pointer
        self.in_flight = 0  # records handed over and not yet settled
        self.cost = 0  # bytes that those occupy, about
        self.peak = 0  # the most of them so far
        self._open: list[Ticket] = []
        self._bases: list[int] = []
        self._filling: Ticket | None = None  # records are still being added: not to be forgotten

    def open(self, topic: str) -> Ticket:
        """A ticket for the records handed over from now on, until the next one is opened."""
        ticket = Ticket(topic, self.next)
        if self.want_metadata:
            ticket.metadata = []
        self._filling = ticket
        self._open.append(ticket)
        self._bases.append(self.next)
        return ticket

    def add(self, ticket: Ticket, count: int, cost: int) -> None:
        """``count`` more records were handed over under the newest ticket, occupying ``cost`` bytes."""
        ticket.total += count
        ticket.cost += cost
        if ticket.metadata is not None:
            ticket.metadata.extend([(-1, -1)] * count)
        self.next += count
        self.in_flight += count
        self.cost += cost
        self.peak = max(self.peak, self.cost)

    def close(self) -> None:
        """Nothing more will be added to the newest ticket."""
        self._filling = None
        if self._open and not self._open[-1].total:  # it has no numbers: the next ticket begins where it does
            self._open.pop()
            self._bases.pop()
        self.forget()

    def find(self, number: int) -> Ticket:
        """The ticket of a record."""
        return self._open[bisect_right(self._bases, number) - 1]

    def acknowledge(self, ticket: Ticket, first: int, last: int, count: int) -> None:
        """Records of one ticket arrived; ``first`` and ``last`` are record numbers."""
        ticket.acknowledge(first - ticket.base, last - ticket.base, count)
        self._settle(ticket, count)

    def acknowledge_run(self, ticket: Ticket, first: int, count: int, partition: int, offset: int) -> None:
        """Neighbouring records of one ticket arrived side by side, the first of them at this offset."""
        if ticket.metadata is not None:
            at = first - ticket.base
            ticket.metadata[at : at + count] = zip(repeat(partition, count), range(offset, offset + count), strict=True)
        self.acknowledge(ticket, first, first + count - 1, count)

    def acknowledge_one(self, number: int, partition: int, offset: int) -> None:
        """One record arrived, and this is where it is."""
        ticket = self.find(number)
        if ticket.metadata is not None:
            ticket.metadata[number - ticket.base] = (partition, offset)
        self.acknowledge(ticket, number, number, 1)

    def fail_one(self, number: int, fault: KafkaFault) -> None:
        """One record will not arrive."""
        ticket = self.find(number)
        ticket.fail(number - ticket.base, fault)
        self._settle(ticket, 1)

    def fail_all(self, fault: KafkaFault) -> None:
        """The client is of no use: everything open has failed, although some of it may still arrive."""
        for ticket in self._open:
            if ticket.error is None:
                ticket.error = fault

    def _settle(self, ticket: Ticket, count: int) -> None:
        self.in_flight -= count
        if ticket.settled:
            self.cost -= ticket.cost
            ticket.cost = 0
        else:
            share = ticket.cost * count // (ticket.total - ticket.acked - len(ticket.errors) + count)
            self.cost -= share
            ticket.cost -= share

    def forget(self) -> None:
        """Drop settled tickets from the front; called after a round of reports."""
        gone = 0
        for ticket in self._open:
            if not ticket.settled or ticket is self._filling:
                break
            gone += 1
        if gone:
            del self._open[:gone]
            del self._bases[:gone]
