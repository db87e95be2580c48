"""From messages of the stream to gathered events: what a transaction is, what was handed over already, where we are.

Pure but for the tables, which :class:`~.tables.Tables` looks up when the stream describes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from barnabas import DataError
from barnabas.connectors.postgres.batch import Gathered, Transaction
from barnabas.connectors.postgres.position import Place
from barnabas.connectors.postgres.wire import (
    HEADER,
    UNCHANGED,
    Begin,
    Commit,
    LogicalMessage,
    Relation,
    Truncate,
    keepalive,
    read_cells,
    read_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barnabas.connectors.postgres.table import Table

__all__ = ["Decoder", "TableSource"]

_MARK = b"t\0\0\0"
_ROW_KINDS = b"IUDTM"
_KEEPALIVE = 0x6B  # k
_INSERT, _DELETE, _NEW, _WHOLE_OLD = b"IDNO"
_NOTHING, _FIRST, _ALL = 0, 1, 2  # what of a transaction is skipped


class TableSource(Protocol):
    """Gives the tables that the stream describes."""

    def follow(self, relation: Relation) -> Table | None:
        """The table as it is from here on; ``None``: it is not captured."""


class Decoder:
    """The state of one stream.

    Args:
        tables: See :class:`TableSource`.
        place: Where to go on.
        wants_message: Tells by its prefix whether a logical message is captured.
        first_commit: The end of the last transaction before, where it is known: it stands in each event.
    """

    def __init__(
        self,
        tables: TableSource,
        place: Place,
        wants_message: Callable[[str], bool] = lambda _: False,
        first_commit: int | None = None,
    ) -> None:
        self._tables = tables
        self._place = place
        self._resume: Place | None = place if place.within else None
        self._wants_message = wants_message
        self._quick: dict[bytes, tuple[str, Gathered]] = {}
        self._relations: dict[int, Gathered | None] = {}
        self._groups: list[Gathered] = []
        self._begin: Begin | None = None
        self._sequence = "[null," if first_commit is None else f'["{first_commit}",'
        self._transaction = Transaction(None, place.micros, self._sequence)
        self._skip = _NOTHING
        self._count = 0
        self.messages: list[tuple[LogicalMessage, Transaction, int]] = []
        """Logical messages of the last :meth:`take`, with their positions."""
        self.keepalive_end = 0
        self.reply_wanted = False

    @property
    def within(self) -> bool:
        """Whether the last message was within a transaction."""
        return self._begin is not None

    @property
    def place(self) -> Place:
        """Where we are after the messages that were taken."""
        return self._place

    def advance(self, lsn: int) -> None:
        """Nothing for us is before ``lsn``: the server says so while no transaction is on its way."""
        if not self._place.within and lsn > self._place.done:
            self._place = self._place._replace(done=lsn)

    def take(self, messages: Sequence[bytes]) -> list[Gathered]:
        """Gather the events of these messages, those of a table as it was before those of it as it is.

        The groups are the decoder's: they are filled anew by the next call.

        Raises:
            DataError: A message cannot be read.
        """
        self._clear()
        quick = {} if self._skip else self._quick
        transaction = self._transaction
        last: bytes | None = None
        counter = 0
        for data in messages:
            found = quick.get(data[25:33])
            if found is not None:
                op, group = found
                cells = data[33:].split(_MARK)
                if len(cells) != group.pieces or cells[0]:
                    cells = read_cells(data, 31)[0]
                group.after.append(cells)
                group.events.append((op, data[1:9], transaction, counter))
                last = data
                counter += 1
            elif data[0] == _KEEPALIVE:
                self.keepalive_end, reply = keepalive(data)
                self.reply_wanted |= reply
            elif data[HEADER] in _ROW_KINDS:
                if not self._passed(data):
                    self._row(data, transaction, counter)
                    quick = self._quick
                last = data
                counter += 1
            else:
                self._control(data)
                quick = {} if self._skip else self._quick
                transaction = self._transaction
                last = None
        if last is not None:
            self._pause_at(last, messages)
        return [group for group in self._groups if group.events]

    def _clear(self) -> None:
        current = {id(group) for group in self._relations.values()}
        self._groups = [group for group in self._groups if id(group) in current]
        for group in self._groups:
            group.clear()
        self.messages = []

    # ------------------------------------------------------------------ rows
    def _row(self, data: bytes, transaction: Transaction, counter: int) -> None:
        """Rows that the quick way has no place for: with an old row, deletes; and what is no row."""
        kind = data[HEADER]
        if kind in b"TM":
            self._other(data, transaction, counter)
            return
        oid = int.from_bytes(data[26:30], "big")
        group = self._relations.get(oid)
        if group is None:
            if oid not in self._relations:
                raise DataError(
                    f"PostgreSQL sent a row of the table with oid {oid} without having described it.",
                    code="BRN-6134",
                    remedy="Please report it, with the version of the server.",
                )
            return
        part, at = data[30], 31
        if kind == _DELETE:
            group.before.append(read_cells(data, at)[0])
            group.events.append(("d", data[1:9], transaction, counter))
        elif part == _NEW:
            group.after.append(read_cells(data, at)[0])
            group.events.append(("c" if kind == _INSERT else "u", data[1:9], transaction, counter))
        else:
            old, at = read_cells(data, at)
            new = read_cells(data, at + 1)[0]
            if part == _WHOLE_OLD and UNCHANGED in new:  # the old row has the large values, too
                new = [before if cell is UNCHANGED else cell for cell, before in zip(new, old, strict=True)]
            group.before.append(old)
            group.after.append(new)
            group.events.append(("U", data[1:9], transaction, counter))

    def _other(self, data: bytes, transaction: Transaction, counter: int) -> None:
        message = read_message(data)
        if isinstance(message, Truncate):
            for oid in message.oids:
                group = self._relations.get(oid)
                if group is not None:
                    group.events.append(("t", data[1:9], transaction, counter))
        elif isinstance(message, LogicalMessage) and self._wants_message(message.prefix):
            known = transaction if message.transactional else transaction._replace(xid=None)
            self.messages.append((message, known, int.from_bytes(data[1:9], "big")))

    # ------------------------------------------------------------------ transactions
    def _control(self, data: bytes) -> None:
        message = read_message(data)
        if isinstance(message, Relation):
            self._describe(message)
        elif isinstance(message, Begin):
            self._open(message)
        elif isinstance(message, Commit):
            self._commit(message)

    def _open(self, begin: Begin) -> None:
        self._begin = begin
        self._transaction = Transaction(begin.xid, begin.micros, self._sequence)
        resume = self._resume
        if begin.commit_lsn < self._place.done:
            self._skip = _ALL
        elif resume is None:
            self._skip = _NOTHING
        elif resume.xid is None or (resume.xid & 0xFFFFFFFF) == begin.xid:
            self._skip, self._count = _FIRST, 0
        else:  # the transaction that was half done is not there any more
            self._skip, self._resume = _NOTHING, None

    def _commit(self, commit: Commit) -> None:
        begin, self._begin = self._begin, None
        self._sequence = f'["{commit.end_lsn}",'
        if begin is not None and self._skip != _ALL:
            self._resume = None
            self._place = Place(commit.end_lsn, xid=begin.xid, micros=begin.micros)
        self._skip = _NOTHING

    def _describe(self, relation: Relation) -> None:
        former = self._relations.get(relation.oid)
        table = self._tables.follow(relation)
        if former is not None and former.table is table:
            return
        oid = relation.oid.to_bytes(4, "big")
        for head in [head for head in self._quick if head[1:5] == oid]:
            del self._quick[head]
        if table is None:
            self._relations[relation.oid] = None
            return
        group = self._relations[relation.oid] = Gathered(table)
        self._groups.append(group)
        tail = oid + b"N" + table.width.to_bytes(2, "big")
        self._quick[b"I" + tail] = ("c", group)
        self._quick[b"U" + tail] = ("u", group)

    # ------------------------------------------------------------------ places
    def _passed(self, data: bytes) -> bool:
        """Whether this event was handed over before the stream was resumed."""
        if self._skip != _FIRST:
            return self._skip == _ALL
        resume = self._resume
        assert resume is not None, "what the first events are skipped for"
        lsn = int.from_bytes(data[1:9], "big")
        if lsn < resume.event:
            return True
        if lsn == resume.event and self._count < resume.taken:
            self._count += 1
            return True
        self._skip, self._resume = _NOTHING, None
        return False

    def _pause_at(self, last: bytes, messages: Sequence[bytes]) -> None:
        """The batch ends within a transaction: say after which event."""
        begin = self._begin
        if self._skip or begin is None:  # still behind what was handed over; or a message outside of transactions
            return
        lsn, same, whole = last[1:9], 0, True
        for data in reversed(messages):
            if data[0] == _KEEPALIVE or data[HEADER] in b"RYO":
                continue
            if data[HEADER] not in _ROW_KINDS or data[1:9] != lsn:
                whole = False
                break
            same += 1
        number, before = int.from_bytes(lsn, "big"), self._place
        if whole and before.within and before.event == number:
            same += before.taken
        self._place = Place(before.done, number, same, within=True, xid=begin.xid, micros=begin.micros)
