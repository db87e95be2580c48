"""The snapshot: all captured tables as they were at one moment, read by COPY on one or more connections.

The moment is that of the replication slot where the slot was made for it: the stream goes on exactly where the snapshot
ends. Where the slot was there before (a snapshot that was interrupted), the stream repeats what happened between the
slot and this snapshot: rows are sent twice then, and end as they are.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from itertools import pairwise
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas.connectors.postgres.batch import Transaction
from barnabas.connectors.postgres.copying import Copy, cells_of, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barnabas.connectors.postgres.connection import Server
    from barnabas.connectors.postgres.table import Table

__all__ = ["Moment", "Piece", "Snapshot", "pieces_of"]

log = logging.getLogger(__name__)

_LARGE_PAGES = 4096
"""Pages of 8 kB from which on a table is read in several pieces."""


class Moment(NamedTuple):
    """When a snapshot is of: its position in the WAL, a transaction id, the time, and the name to share it under."""

    lsn: int
    xid: int
    micros: int
    shared: str

    def mark(self, kind: str) -> Transaction:
        """What source blocks of the snapshot say."""
        return Transaction(self.xid, self.micros, "[null,", kind)

    def offset(self, *, completed: bool) -> dict[str, Any]:
        """The offset of records of the snapshot."""
        return {
            "snapshot_completed": completed,
            "snapshot": "INITIAL",
            "lsn": self.lsn,
            "txId": self.xid,
            "ts_usec": self.micros,
        }


class Piece(NamedTuple):
    """A part of a table that one connection reads."""

    table: Table
    query: str


class Lines(NamedTuple):
    """Lines of a table; none: a piece of it has ended."""

    table: Table
    lines: list[bytes]


def pieces_of(table: Table, pages: int, readers: int, override: str | None) -> list[Piece]:
    """Cut a table into ranges of pages, so that several connections read it; small ones stay whole."""
    count = 1 if override is not None else min(readers, pages // _LARGE_PAGES + 1)
    if count == 1:
        return [Piece(table, select(table, override))]
    bounds: list[int | None] = [pages * at // count for at in range(count)]
    cuts = pairwise([*bounds, None])
    return [Piece(table, select(table, None, (first or 0, last))) for first, last in cuts]


def open_transaction(server: Server, shared: str | None) -> Any:
    """A connection whose transaction sees one moment: the shared one, or its own.

    Raises:
        ConnectError: It cannot be had.
    """
    connection = server.connect()
    with server.explained("begin the snapshot's transaction"):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if shared is not None:
            connection.execute(f"SET TRANSACTION SNAPSHOT '{shared}'")
    return connection


class Snapshot:
    """A snapshot under way: asked for the next lines until there are none.

    Args:
        server: Where.
        moment: When.
        pieces: What, in the order of reading.
        readers: How many connections read.
        size: Lines that are handed over at a time.
        connection: One that has the snapshot already; it is closed at the end.
    """

    def __init__(
        self, server: Server, moment: Moment, pieces: Sequence[Piece], readers: int, size: int, connection: Any
    ) -> None:
        self._server = server
        self.moment = moment
        self._size = size
        self._left: dict[int, int] = {}
        for piece in pieces:
            self._left[id(piece.table)] = self._left.get(id(piece.table), 0) + 1
        self._connection = connection
        self._copy: Copy | None = None
        self._todo = deque(pieces)
        self._stop = threading.Event()
        self._queue: queue.Queue[Lines | Exception] = queue.Queue(2 * readers)
        self._threads: list[threading.Thread] = []
        if readers > 1 and len(pieces) > 1:
            for number in range(min(readers, len(pieces))):
                thread = threading.Thread(target=self._work, name=f"snapshot-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def next(self) -> Lines | None:
        """Lines of a table, none where the table has ended; ``None`` at the end of everything.

        Raises:
            ConnectError: A table cannot be read; the snapshot has to begin anew.
        """
        if not any(self._left.values()):
            return None
        found = self._take() if self._threads else self._read()
        if not found.lines:
            self._left[id(found.table)] -= 1
            if self._left[id(found.table)]:
                return self.next()  # another piece of it is still being read
        return found

    def _read(self) -> Lines:
        if self._copy is None:
            piece = self._todo.popleft()
            self._copy = Copy(self._server, self._connection, piece.table, piece.query)
        table = self._copy.table
        lines = [] if self._copy.ended else self._copy.read(self._size)
        if not lines:
            self._copy = None
        return Lines(table, lines)

    def _take(self) -> Lines:
        found = self._queue.get()
        if isinstance(found, Exception):
            raise found
        return found

    def _work(self) -> None:
        """Read pieces until none is left; runs on a thread with a connection of its own."""
        try:
            connection = open_transaction(self._server, self.moment.shared)
            try:
                while not self._stop.is_set():
                    try:
                        piece = self._todo.popleft()
                    except IndexError:
                        return
                    copy = Copy(self._server, connection, piece.table, piece.query)
                    while not copy.ended and not self._stop.is_set():
                        lines = copy.read(self._size)
                        if lines:
                            self._give(Lines(piece.table, lines))
                    self._give(Lines(piece.table, []))
            finally:
                connection.close()
        except Exception as error:  # noqa: BLE001 - it is raised by the task's thread
            self._give(error)

    def _give(self, found: Lines | Exception) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(found, timeout=0.2)
            except queue.Full:
                continue
            return

    def close(self) -> None:
        """End all connections."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._connection.close()


class Marked(NamedTuple):
    """Rows of a table with the marks of their place in the snapshot."""

    table: Table
    rows: list[list[bytes | None]]
    marks: list[Transaction]


class Marker:
    """Says which row is the first or last, of its table and of all. It holds one row of each table back until it knows.

    Args:
        moment: Of the snapshot.
        tables: How many tables there are to come.
    """

    def __init__(self, moment: Moment, tables: int) -> None:
        self._held: dict[int, list[bytes | None]] = {}
        self._left = tables
        self._begun: set[int] = set()
        self._any = False
        self._marks: Mapping[str, Transaction] = {
            kind: moment.mark(kind)
            for kind in ("true", "first", "first_in_data_collection", "last_in_data_collection", "last")
        }

    def take(self, found: Lines) -> Marked:
        """Rows that can be handed over now."""
        key = id(found.table)
        rows = cells_of(found.lines)
        if rows:
            held = self._held.pop(key, None)
            if held is not None:
                rows.insert(0, held)
            self._held[key] = rows.pop()
            return Marked(found.table, rows, self._first(key, len(rows)))
        self._left -= 1
        held = self._held.pop(key, None)
        if held is None:
            return Marked(found.table, [], [])
        if self._left == 0:
            kind = "last"
        elif not self._any:
            kind = "first"
        else:
            kind = "last_in_data_collection"
        self._any = True
        return Marked(found.table, [held], [self._marks[kind]])

    def _first(self, key: int, count: int) -> list[Transaction]:
        marks = [self._marks["true"]] * count
        if count and key not in self._begun:
            marks[0] = self._marks["first_in_data_collection" if self._any else "first"]
            self._begun.add(key)
            self._any = True
        return marks


def now_micros() -> int:
    """The time as the offsets have it."""
    return time_ns() // 1000
