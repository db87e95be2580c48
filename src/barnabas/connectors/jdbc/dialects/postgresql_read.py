"""Rows of a query in PostgreSQL: a cursor in the server, fetched in binary a batch at a time, decoded in C."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import time as clock
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from barnabas import ConfigError
from barnabas.connectors.jdbc.dialects.base import Column, Reader, TypeMapping
from barnabas.connectors.jdbc.dialects.postgresql_guard import READING
from barnabas.connectors.jdbc.dialects.postgresql_types import selected
from barnabas.connectors.postgres.driver import load
from barnabas.schema import Date, Instant, Timestamp

if TYPE_CHECKING:
    from barnabas.connectors.jdbc.dialects.postgresql import PostgreSqlDialect

__all__ = ["PostgreSqlReader", "begin"]

_ISOLATION = {
    "default": " ISOLATION LEVEL REPEATABLE READ",  # the query sees exactly what its snapshot says
    "read_uncommitted": " ISOLATION LEVEL READ UNCOMMITTED",
    "read_committed": " ISOLATION LEVEL READ COMMITTED",
    "repeatable_read": " ISOLATION LEVEL REPEATABLE READ",
    "serializable": " ISOLATION LEVEL SERIALIZABLE",
}
# A paused task is not called at all: the server ends a transaction that nobody reads from any more, since an open one
# keeps it from cleaning up after everybody.
_LOCAL = "SET LOCAL cursor_tuple_fraction = 1.0; SET LOCAL idle_in_transaction_session_timeout = '10min'"
# A standby does not tell who is running: all from the oldest on count as such.
_SNAPSHOT = """
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN concat(pg_catalog.txid_snapshot_xmin(s), ':',
  pg_catalog.txid_snapshot_xmin(s), ':') ELSE s::text END
FROM pg_catalog.txid_current_snapshot() AS s
"""
_CURSOR = "barnabas_rows"
_Y2K_MS = 946_684_800_000
_Y2K_DAYS = 10_957
_DAY_MICROS = 86_400_000_000
_FOREVER_MS = 9_223_372_036_825_200_000  # what Java's driver makes of infinity
_LONG_AGO_MS = -9_223_372_036_832_400_000
_INT64, _INT32 = struct.Struct("!q"), struct.Struct("!i")


def begin(connection: Any, isolation: str) -> str:
    """See :meth:`Dialect.begin`."""
    connection.execute(f"BEGIN{_isolation(isolation)}; {_LOCAL}; {READING}")
    (snapshot,) = connection.execute(_SNAPSHOT).fetchone()
    return str(snapshot)


class PostgreSqlReader(Reader):
    """See :class:`Reader`; the connection may be used for nothing else until it is closed."""

    def __init__(
        self,
        dialect: PostgreSqlDialect,
        connection: Any,
        query: str,
        columns: Sequence[Column],
        mapping: TypeMapping,
    ) -> None:
        self.columns = columns
        self._dialect = dialect
        self._connection = connection
        self._open = True
        fields = ", ".join(_field(dialect, column, mapping) for column in columns)
        wrapped = query.replace("{columns}", fields, 1)
        connection.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {wrapped}", prepare=False)

    def rows(self, size: int) -> list[tuple[Any, ...]]:
        """The next ones."""
        with self._dialect.explained("fetch rows"):
            cursor = self._connection.execute(f"FETCH FORWARD {size} FROM {_CURSOR}", binary=True, prepare=False)
            try:
                fetched: list[tuple[Any, ...]] = cursor.fetchall()
            except load().DataError:
                return _decoded_wide(self._connection, cursor.pgresult)
        return fetched

    def close(self) -> None:
        """End the transaction, unless the connection is gone."""
        if self._open:
            self._open = False
            if not self._connection.closed and not self._connection.broken:
                with self._dialect.explained("end the query"):
                    self._connection.execute("ROLLBACK")


def _isolation(mode: str) -> str:
    found = _ISOLATION.get(mode.lower())
    if found is None:
        raise ConfigError(
            f"PostgreSQL has no transaction isolation {mode}.",
            code="BRN-6156",
            key="transaction.isolation.mode",
            remedy=f"Use one of {', '.join(_ISOLATION)}.",
        )
    return found


def _field(dialect: PostgreSqlDialect, column: Column, mapping: TypeMapping) -> str:
    name = dialect.quote(column.name)
    return f"{selected(column, mapping).expression.format(name)} AS {name}"


def _decoded_wide(connection: Any, result: Any) -> list[tuple[Any, ...]]:
    """The same rows again, with times that Python's classes cannot hold as Instants: slower, so only where needed."""
    adapt = load("psycopg.adapt")
    adapters = adapt.AdaptersMap(connection.adapters)
    for name, loader in _wide_loaders().items():
        adapters.register_loader(name, loader)
    transformer = adapt.Transformer.from_context(_Context(connection, adapters))
    transformer.set_pgresult(result)
    rows: list[tuple[Any, ...]] = transformer.load_rows(0, result.ntuples, tuple)
    return rows


class _Context:
    """What the driver takes adapters from."""

    def __init__(self, connection: Any, adapters: Any) -> None:
        self.connection = connection
        self.adapters = adapters


@cache
def _wide_loaders() -> dict[str, type[Any]]:
    loader: Any = load("psycopg.adapt").Loader
    binary = load("psycopg.pq").Format.BINARY

    class Moment(loader):  # type: ignore[misc]  # the driver is loaded when it is needed first
        format = binary

        def load(self, data: Any) -> Any:
            (micros,) = _INT64.unpack(data)
            if -(1 << 63) < micros < (1 << 63) - 1:
                whole, rest = divmod(micros, 1000)
                found = Timestamp.from_wire(whole + _Y2K_MS)
                return found if isinstance(found, Instant) else found + timedelta(microseconds=rest)
            return Instant(_FOREVER_MS if micros > 0 else _LONG_AGO_MS)

    class Day(loader):  # type: ignore[misc]
        format = binary

        def load(self, data: Any) -> Any:
            (days,) = _INT32.unpack(data)
            if -(1 << 31) < days < (1 << 31) - 1:
                return Date.from_wire(days + _Y2K_DAYS)
            return Date.from_wire(days)

    class Clock(loader):  # type: ignore[misc]
        format = binary

        def load(self, data: Any) -> Any:
            (micros,) = _INT64.unpack(data)
            if micros < _DAY_MICROS:
                seconds, rest = divmod(micros, 1_000_000)
                return clock(seconds // 3600, seconds // 60 % 60, seconds % 60, rest)
            return Instant(micros // 1000)

    return {"timestamptz": Moment, "date": Day, "time": Clock}
