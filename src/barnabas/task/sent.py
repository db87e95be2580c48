"""What a source task has handed to its producer and must still hear about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.record import RecordMetadata, SourceBatch, SourceRecord
from barnabas.task.offsets import Progress

if TYPE_CHECKING:
    from barnabas.kafka.faults import KafkaFault
    from barnabas.kafka.producer import Ticket
    from barnabas.task.source_pipeline import Outgoing

__all__ = ["Sent"]


class Sent:
    """One call to the producer; a :class:`Progress` in which skipped records count as arrived.

    Args:
        ticket: The producer's.
        polled: The batch that they are from, where somebody may ask for a record: the task that wants to hear of each,
            or the dead letter of one that Kafka refuses.
        outgoing: What was sent; its bytes are kept for dead letters.
    """

    __slots__ = ("_front", "_polled", "_skipped", "outgoing", "seen", "ticket", "told")

    def __init__(self, ticket: Ticket, polled: SourceBatch | None = None, outgoing: Outgoing | None = None) -> None:
        self.ticket = ticket
        self._polled = polled
        self.outgoing = outgoing
        self.told = 0  # records from the front that the task has heard of
        self.seen = 0  # refusals dealt with
        self._skipped: dict[int, Progress | None] = {}
        self._front = 0

    def record(self, index: int) -> SourceRecord:
        """A record as it was polled."""
        assert self._polled is not None, "kept where it may be asked for"
        assert self.outgoing is not None, "likewise"
        return self._polled[self.outgoing.row(index)]

    def refused(self) -> list[tuple[int, KafkaFault]]:
        """Refusals that were not yet dealt with."""
        new = self.ticket.errors[self.seen :]
        self.seen += len(new)
        return new

    def skip(self, index: int, letter: Progress | None) -> None:
        """This record was refused and is left out; counts once its dead letter is written."""
        self._skipped[index] = letter

    def _gone(self, index: int) -> bool:
        letter = self._skipped[index]
        return letter is None or letter.done

    @property
    def done(self) -> bool:
        """Whether every record arrived, or was left out and its dead letter is written."""
        if not self._skipped:
            return self.ticket.done
        settled = self.ticket.acked + len(self._skipped) >= self.ticket.total
        return settled and all(map(self._gone, self._skipped))

    @property
    def contiguous(self) -> int:
        """How many records from the front, likewise; never too many."""
        if not self._skipped:
            return self.ticket.contiguous
        if self.done:
            return self.ticket.total
        places = self.ticket.metadata
        if places is None:
            return self.ticket.contiguous
        while self._front < self.ticket.total and (
            self._gone(self._front) if self._front in self._skipped else places[self._front][0] >= 0
        ):
            self._front += 1
        return self._front

    def metadata(self, index: int) -> RecordMetadata | None:
        """Where a record went; ``None`` for one that was left out."""
        if index in self._skipped:
            return None
        places = self.ticket.metadata
        partition, offset = places[index] if places else (-1, -1)
        return RecordMetadata(self.ticket.topic, partition, offset)
