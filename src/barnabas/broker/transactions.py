"""The transaction coordinator: producer ids, epochs, and what each transaction has touched.

A transaction's end is decided when its ``Prepare…`` state is in the journal; markers and offsets follow, and are
written again when the broker dies in between. As the coordinator, the logs and the offsets live in one process, an end
is complete before it is answered.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import msgspec

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.journal import Journal
from barnabas.broker.offsets import Committed, Place
from barnabas.broker.topics import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from barnabas.broker.groups import GroupCoordinator
    from barnabas.broker.records import BatchHeader
    from barnabas.broker.settings import BrokerSettings
    from barnabas.broker.topics import TopicRegistry

__all__ = ["Transaction", "TransactionCoordinator"]

_logger = logging.getLogger(__name__)
_LAST_EPOCH = (1 << 15) - 2  # the epoch above is kept for fencing
_PRODUCER_IDS = "next_producer_id"

State = Literal["Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"]


class Transaction(msgspec.Struct):
    """The state of one transactional id.

    Attributes:
        producer_id: Stays the same until the epochs are used up.
        epoch: Of the producer that may write; older ones are fenced.
        last_epoch: The epoch before, when its producer itself asked for a new one; else -1.
        timeout_ms: How long a transaction may take.
        state: Names as in Kafka.
        partitions: Topics and partitions in the current transaction.
        groups: Groups whose offsets may be committed in it.
        offsets: Offsets by group that become valid with the commit.
        started: When the transaction began (milliseconds), -1 outside.
        updated: The last change.
    """

    producer_id: int
    epoch: int
    timeout_ms: int
    last_epoch: int = -1
    state: State = "Empty"
    partitions: list[tuple[str, int]] = []
    groups: list[str] = []
    offsets: dict[str, list[tuple[str, int, Committed]]] = {}
    started: int = -1
    updated: int = 0


class TransactionCoordinator:
    """All transactional ids.

    Args:
        data_dir: The broker's folder.
        settings: The broker's.
        topics: Where markers are written.
        groups: Where offsets are committed.
        meta: The broker's own journal, which holds the next producer id.
    """

    def __init__(
        self, data_dir: Path, settings: BrokerSettings, topics: TopicRegistry, groups: GroupCoordinator, meta: Journal
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._groups = groups
        self._meta = meta
        self._journal = Journal(data_dir / "transactions.journal", sync=settings.fsync_each_append)
        self.transactions: dict[str, Transaction] = {
            name: msgspec.convert(value, Transaction) for name, value in self._journal.items()
        }
        self._reconcile()
        for name, transaction in self.transactions.items():
            if transaction.state.startswith("Prepare"):
                self._complete(name, transaction)

    def _reconcile(self) -> None:
        """After recovery: what is not a transaction here is none in the logs."""
        ongoing: dict[tuple[str, int], set[int]] = {}
        for transaction in self.transactions.values():
            for place in transaction.partitions:
                ongoing.setdefault(place, set()).add(transaction.producer_id)
        for topic in self._topics.all():
            for index, log in enumerate(topic.partitions):
                log.states.close_stale(ongoing.get((topic.name, index), set()))

    def _save(self, name: str, transaction: Transaction) -> None:
        transaction.updated = now_ms()
        self._journal.put(name, msgspec.to_builtins(transaction))

    def new_producer_id(self) -> int:
        """A producer id that was never used before."""
        producer_id: int = self._meta.get(_PRODUCER_IDS) or 1000
        self._meta.put(_PRODUCER_IDS, producer_id + 1)
        return producer_id

    def init(self, name: str, timeout_ms: int, producer_id: int, epoch: int) -> tuple[int, int]:
        """Begin a producer's life: abort what its predecessor left open, and fence the predecessor.

        Args:
            name: The transactional id.
            timeout_ms: How long its transactions may take.
            producer_id: What the producer was given before (it wants a new epoch), or -1.
            epoch: The same.

        Returns:
            Producer id and epoch.
        """
        if not name:
            raise ApiError(ErrorCode.INVALID_REQUEST, "the transactional id is empty")
        if not 0 < timeout_ms <= self._settings.transaction_max_timeout_ms:
            raise ApiError(ErrorCode.INVALID_TRANSACTION_TIMEOUT, f"transaction.timeout.ms {timeout_ms}")
        known = self.transactions.get(name)
        if known is None:
            known = self.transactions[name] = Transaction(self.new_producer_id(), -1, timeout_ms)
        elif producer_id >= 0:
            if producer_id == known.producer_id and epoch == known.last_epoch >= 0:
                return known.producer_id, known.epoch  # the answer to the first attempt was lost
            self._check_epoch(known, producer_id, epoch)
        if known.state == "Ongoing":
            self._abort(name, known)
        self._bump(known)
        known.last_epoch = epoch if producer_id >= 0 else -1
        known.timeout_ms = timeout_ms
        known.state = "Empty"
        self._save(name, known)
        return known.producer_id, known.epoch

    def _bump(self, known: Transaction) -> None:
        if known.epoch >= _LAST_EPOCH:
            known.producer_id, known.epoch = self.new_producer_id(), 0
        else:
            known.epoch += 1

    @staticmethod
    def _check_epoch(known: Transaction, producer_id: int, epoch: int) -> None:
        if producer_id != known.producer_id:
            raise ApiError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        if epoch != known.epoch:
            raise ApiError(ErrorCode.PRODUCER_FENCED, "a newer producer with the same transactional id has begun")

    def _find(self, name: str, producer_id: int, epoch: int) -> Transaction:
        known = self.transactions.get(name)
        if known is None:
            raise ApiError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        self._check_epoch(known, producer_id, epoch)
        return known

    @staticmethod
    def _begin(known: Transaction) -> None:
        if known.state != "Ongoing":
            known.state = "Ongoing"
            known.started = now_ms()

    def add_partitions(self, name: str, producer_id: int, epoch: int, places: Iterable[Place]) -> None:
        """The producer is about to write to these partitions, which exist."""
        known = self._find(name, producer_id, epoch)
        new = [place for place in places if place not in known.partitions]
        if not new and known.state == "Ongoing":
            return
        self._begin(known)
        known.partitions = [*known.partitions, *new]
        self._save(name, known)

    def add_group(self, name: str, producer_id: int, epoch: int, group: str) -> None:
        """The producer is about to commit offsets of ``group``."""
        known = self._find(name, producer_id, epoch)
        if group in known.groups and known.state == "Ongoing":
            return
        self._begin(known)
        known.groups = [*known.groups, group]
        self._save(name, known)

    def commit_offsets(
        self, name: str, producer_id: int, epoch: int, group: str, offsets: dict[Place, Committed]
    ) -> None:
        """Offsets that become valid when the transaction is committed."""
        known = self._find(name, producer_id, epoch)
        if known.state != "Ongoing" or group not in known.groups:
            raise ApiError(ErrorCode.INVALID_TXN_STATE, f"group {group} is not part of the transaction")
        merged = {(topic, partition): value for topic, partition, value in known.offsets.get(group, [])}
        merged.update(offsets)
        known.offsets = {**known.offsets, group: [(*place, value) for place, value in merged.items()]}
        self._save(name, known)

    def pending(self, group: str) -> set[Place]:
        """Partitions for which an open transaction has offsets of ``group``."""
        return {
            (topic, partition)
            for known in self.transactions.values()
            for topic, partition, _ in known.offsets.get(group, ())
        }

    def check_write(self, name: str, header: BatchHeader, topic: str, partition: int) -> None:
        """Whether a transactional batch may be written; raises ``ApiError`` when not."""
        known = self.transactions.get(name)
        if known is None or known.producer_id != header.producer_id:
            raise ApiError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        if known.epoch != header.producer_epoch:
            raise ApiError(ErrorCode.INVALID_PRODUCER_EPOCH, "a newer producer with this transactional id has begun")
        if known.state != "Ongoing" or (topic, partition) not in known.partitions:
            raise ApiError(ErrorCode.INVALID_TXN_STATE, f"{topic}-{partition} was not added to the transaction")

    def end(self, name: str, producer_id: int, epoch: int, *, commit: bool) -> None:
        """Commit or abort; the same request may be made twice."""
        known = self._find(name, producer_id, epoch)
        if known.state == ("CompleteCommit" if commit else "CompleteAbort"):
            return
        if known.state != "Ongoing":
            raise ApiError(ErrorCode.INVALID_TXN_STATE, f"the transaction is in state {known.state}")
        known.state = "PrepareCommit" if commit else "PrepareAbort"
        self._save(name, known)
        self._complete(name, known)

    def _abort(self, name: str, known: Transaction) -> None:
        """Abort on behalf of nobody: the producer is fenced by a new epoch."""
        known.epoch += 1
        known.last_epoch = -1
        known.state = "PrepareAbort"
        self._save(name, known)
        self._complete(name, known)

    def _complete(self, name: str, known: Transaction) -> None:
        """Write the markers and offsets of a transaction whose end is decided."""
        commit = known.state == "PrepareCommit"
        now = now_ms()
        for topic_name, partition in known.partitions:
            topic = self._topics.get(topic_name)
            if topic is not None and partition < len(topic.partitions):  # it may have been deleted
                topic.partitions[partition].append_marker(known.producer_id, known.epoch, now, commit=commit)
        if commit:
            for group, offsets in known.offsets.items():
                self._groups.commit(group, {(topic, part): value for topic, part, value in offsets})
        known.state = "CompleteCommit" if commit else "CompleteAbort"
        known.partitions, known.groups, known.offsets, known.started = [], [], {}, -1
        self._save(name, known)

    def expire(self, now: int) -> None:
        """Abort transactions that took too long, and forget ids that were not used for long."""
        for name, known in list(self.transactions.items()):
            if known.state == "Ongoing":
                if now - known.started > known.timeout_ms:
                    _logger.warning("transaction %s took longer than %d ms and is aborted", name, known.timeout_ms)
                    self._abort(name, known)
            elif now - known.updated > self._settings.transactional_id_expiration_ms:
                del self.transactions[name]
                self._journal.put(name, None)

    def close(self) -> None:
        """Bring the journal to the disk and close it."""
        self._journal.close()
