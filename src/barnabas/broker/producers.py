"""What a partition remembers of its producers: sequence numbers, open transactions, aborted transactions.

Pure state; the log feeds it every batch that it appends, or finds when it recovers.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.records import NO_PRODUCER

if TYPE_CHECKING:
    from barnabas.broker.records import BatchHeader

__all__ = ["AbortedTransaction", "Producer", "ProducerStates", "WrittenBatch"]

_REMEMBERED = 5  # batches a client may have in flight while idempotent
_SEQUENCE_MASK = 0x7FFFFFFF


class AbortedTransaction(NamedTuple):
    """Offsets of the first record and of the abort marker of a transaction, for consumers that read committed."""

    producer_id: int
    first_offset: int
    last_offset: int


class WrittenBatch(NamedTuple):
    """Enough of a batch to recognise that it is sent again."""

    first_sequence: int
    last_sequence: int
    base_offset: int
    timestamp: int


class Producer(msgspec.Struct):
    """One producer id as this partition knows it; ``transaction_start`` is -1 outside of transactions."""

    epoch: int
    batches: list[WrittenBatch] = []
    transaction_start: int = -1
    last_timestamp: int = 0


class ProducerStates:
    """All producers of one partition.

    ``open`` maps producer ids to the first offset of their unfinished transaction. Its insertion order is the order
    of offsets, because only ever newer offsets are added: the first value is the last stable offset.
    """

    def __init__(self) -> None:
        self.producers: dict[int, Producer] = {}
        self.open: dict[int, int] = {}
        self.aborted: list[AbortedTransaction] = []

    def first_unstable(self) -> int | None:
        """The first offset of the oldest open transaction."""
        return next(iter(self.open.values()), None)

    def duplicate_of(self, header: BatchHeader) -> WrittenBatch | None:
        """The batch that was written before with the same sequence numbers.

        Raises ``ApiError``: INVALID_PRODUCER_EPOCH for a fenced producer, OUT_OF_ORDER_SEQUENCE_NUMBER when a batch
        before this one is missing.
        """
        known = self.producers.get(header.producer_id)
        if known is None:
            return None
        if header.producer_epoch < known.epoch:
            raise ApiError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"producer {header.producer_id} has epoch {known.epoch} here, the batch has {header.producer_epoch}",
            )
        first, last = header.base_sequence, header.last_sequence
        if header.producer_epoch > known.epoch:
            if first:
                raise ApiError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, f"a new epoch begins with sequence {first}")
            return None
        for written in known.batches:
            if written.first_sequence == first and written.last_sequence == last:
                return written
        if known.batches and first != (known.batches[-1].last_sequence + 1) & _SEQUENCE_MASK:
            raise ApiError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"sequence {first} came after {known.batches[-1].last_sequence} of producer {header.producer_id}",
            )
        return None

    def wrote(self, header: BatchHeader) -> None:
        """A data batch with its final offsets was appended."""
        producer_id = header.producer_id
        if producer_id == NO_PRODUCER:
            return
        known = self.producers.get(producer_id)
        if known is None or known.epoch != header.producer_epoch:
            start = known.transaction_start if known else -1
            known = self.producers[producer_id] = Producer(header.producer_epoch, [], start)
        known.last_timestamp = header.max_timestamp
        known.batches.append(
            WrittenBatch(header.base_sequence, header.last_sequence, header.base_offset, header.max_timestamp)
        )
        del known.batches[:-_REMEMBERED]
        if header.transactional and known.transaction_start < 0:
            known.transaction_start = header.base_offset
            self.open[producer_id] = header.base_offset

    def ended(self, header: BatchHeader, *, commit: bool) -> None:
        """A transaction marker with its final offset was appended."""
        producer_id = header.producer_id
        known = self.producers.get(producer_id)
        if known is None or known.epoch != header.producer_epoch:
            known = self.producers[producer_id] = Producer(header.producer_epoch)
        known.transaction_start = -1
        known.last_timestamp = header.max_timestamp
        start = self.open.pop(producer_id, None)
        if start is not None and not commit:
            self.aborted.append(AbortedTransaction(producer_id, start, header.base_offset))

    def aborted_between(self, start: int, stop: int) -> list[AbortedTransaction]:
        """Aborted transactions with records in ``[start, stop)``."""
        first = bisect_left(self.aborted, start, key=lambda transaction: transaction.last_offset)
        return [transaction for transaction in self.aborted[first:] if transaction.first_offset < stop]

    def forget_before(self, log_start: int) -> None:
        """Records before ``log_start`` are gone: so are their aborted transactions."""
        first = bisect_left(self.aborted, log_start, key=lambda transaction: transaction.last_offset)
        del self.aborted[:first]

    def close_stale(self, ongoing: set[int]) -> None:
        """Forget open transactions of producers that, says the coordinator, have none here.

        They are an artefact of recovery: compaction may have removed the marker, but not the records, of a committed
        transaction.
        """
        for producer_id in [each for each in self.open if each not in ongoing]:
            del self.open[producer_id]
            self.producers[producer_id].transaction_start = -1

    def expire(self, before: int) -> None:
        """Forget producers whose last record is older than ``before`` (milliseconds since 1970)."""
        for producer_id, known in list(self.producers.items()):
            if known.last_timestamp < before and known.transaction_start < 0:
                del self.producers[producer_id]
