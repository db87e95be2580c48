"""Tables read as a whole by COPY: pieces of a snapshot, and lines into cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from barnabas.connectors.postgres.driver import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barnabas.connectors.postgres.connection import Server
    from barnabas.connectors.postgres.table import Table

__all__ = ["Copy", "cells_of", "select"]

_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_MEANING = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def select(table: Table, override: str | None = None, pages: tuple[int, int | None] | None = None) -> str:
    """The SELECT that gives a table's captured columns, of a range of its pages where one is given."""
    sql = load("psycopg.sql")
    names = sql.SQL(", ").join(sql.Identifier(plan.column.name) for plan in table.plans)
    if override is not None:
        text = sql.SQL("SELECT {} FROM ({}) AS chosen").format(names, sql.SQL(override))
    else:
        text = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(*table.id))
        if pages is not None:
            first, last = pages
            text += sql.SQL(f" WHERE ctid >= '({first},0)'")
            if last is not None:
                text += sql.SQL(f" AND ctid < '({last},0)'")
    return str(text.as_string(None))


def cells_of(lines: Sequence[bytes]) -> list[list[bytes | None]]:
    """Cells of lines of COPY in its text format, line ends included."""
    rows: list[list[bytes | None]] = [[*line[:-1].split(b"\t")] for line in lines]
    for at, line in enumerate(lines):
        if b"\\" in line:
            rows[at] = [None if cell == b"\\N" else _plain(cell) for cell in line[:-1].split(b"\t")]
    return rows


def _plain(cell: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: _MEANING.get(found[1], found[1]), cell) if b"\\" in cell else cell


class Copy:
    """One COPY under way on a connection of its own transaction.

    Args:
        server: For errors.
        connection: psycopg's, in a transaction with the snapshot.
        table: What is read.
        query: The SELECT.
    """

    def __init__(self, server: Server, connection: Any, table: Table, query: str) -> None:
        self._server = server
        self.table = table
        self._connection = connection.pgconn
        self._doing = f"read table {table.id}"
        status = load("psycopg.pq").ExecStatus
        with server.explained(self._doing):
            result = self._connection.exec_(f"COPY ({query}) TO STDOUT".encode())
            if result.status != status.COPY_OUT:
                raise load("psycopg.errors").error_from_result(result)
        self._fatal = status.FATAL_ERROR
        self.ended = False

    def read(self, limit: int) -> list[bytes]:
        """The next lines, at most ``limit``; fewer only at the end.

        Raises:
            ConnectError: The connection is gone, or the role may not read that.
        """
        lines: list[bytes] = []
        take, append = self._connection.get_copy_data, lines.append
        with self._server.explained(self._doing):
            for _ in range(limit):
                size, data = take(0)
                if size < 0:
                    self._finish()
                    break
                append(bytes(data))
        return lines

    def _finish(self) -> None:
        self.ended = True
        result = self._connection.get_result()
        while result is not None:
            if result.status == self._fatal:
                raise load("psycopg.errors").error_from_result(result)
            result = self._connection.get_result()
