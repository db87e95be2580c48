"""A producer of dead letters that acknowledges when told to."""

from __future__ import annotations

from barnabas.kafka.tickets import TicketBook
from barnabas.task.dead_letters import DeadLetters


class Producer:
    """Acknowledges when told to, or after so many polls."""

    def __init__(self, after=None):
        self.book = TicketBook(want_metadata=False)
        self.sent = []
        self.tickets = []
        self.after = after
        self.closed = None

    def send(self, topic, values, keys, timestamps, headers, interrupt=None):
        ticket = self.book.open(topic)
        self.book.add(ticket, len(values), 1)
        self.book.close()
        self.sent += zip(values, keys, timestamps, headers, strict=True)
        self.tickets.append(ticket)
        return ticket

    def ack(self, ticket, first=0, last=None):
        last = ticket.total - 1 if last is None else last
        self.book.acknowledge(ticket, ticket.base + first, ticket.base + last, last - first + 1)

    def refuse(self, ticket, at, fault):
        self.book.fail_one(ticket.base + at, fault)

    @property
    def in_flight(self):
        return self.book.in_flight

    def poll(self, _seconds):
        if self.after is not None:
            self.after -= 1
            if self.after <= 0:
                for ticket in self.tickets:
                    if not ticket.settled:
                        self.ack(ticket)
        return 0

    def flush(self, seconds):
        self.poll(seconds)
        return not self.in_flight

    def close(self, seconds):
        self.closed = seconds


class Topic(list):
    """The dead letter topic of a run: ``Run(…, letters=topic)``; a list of what is in it or on its way.

    Args:
        after: Polls until letters are acknowledged; ``None``: never by themselves.
    """

    def __init__(self, after=1):
        super().__init__()
        self.producer = Producer(after)
        self.producer.sent = self

    def __call__(self, tally):
        return DeadLetters(self.producer, "dead", tally)

    def __bool__(self):
        return True

    def header(self, name):
        """One context header of each letter."""
        found = [dict(headers or ()) for _, _, _, headers in self]
        return [headers.get(f"__connect.errors.{name}", b"").decode() for headers in found]
