"""PostgreSQL behind the seam of the JDBC connectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from barnabas import ConfigError, Schema
from barnabas.connectors.jdbc.dialects import postgresql_catalog as catalog
from barnabas.connectors.jdbc.dialects.base import (
    Barrier,
    Column,
    Dialect,
    Guard,
    Quoting,
    Reader,
    TableId,
    TypeMapping,
)
from barnabas.connectors.jdbc.dialects.postgresql_ddl import Statements
from barnabas.connectors.jdbc.dialects.postgresql_guard import barrier, still_open, unseen
from barnabas.connectors.jdbc.dialects.postgresql_read import PostgreSqlReader, begin
from barnabas.connectors.jdbc.dialects.postgresql_types import field_schema
from barnabas.connectors.jdbc.url import JdbcUrl
from barnabas.connectors.postgres.driver import load
from barnabas.connectors.postgres.faults import JDBC_KEYS, explained

__all__ = ["PostgreSqlDialect"]

_CONNECT_TIMEOUT = "10"
_KEEPALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""A server that is gone without a word is noticed within a minute."""

_SESSION = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "extra_float_digits": "1"}
"""What texts of values depend on; the driver's decoders expect it so."""

_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^."]+))\s*(?:\.|$)')
_MOST_PARTS = 3
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


class PostgreSqlDialect(Dialect):
    """PostgreSQL 12 and later, by psycopg."""

    def __init__(self, url: JdbcUrl, quoting: Quoting = "always") -> None:
        super().__init__(url, quoting)
        self._statements = Statements(self.quote)

    # -- connections -------------------------------------------------------------------------------------------------

    def connect(self, user: str | None, password: str | None, application: str = "barnabas") -> Any:
        """See :meth:`Dialect.connect`."""
        url = self.url
        settings: dict[str, Any] = {
            "connect_timeout": _CONNECT_TIMEOUT,
            "application_name": application,
            "client_encoding": "UTF8",
            **_KEEPALIVE,
            **url.parameters,
            "host": ",".join(host for host, _ in url.hosts),
            "port": ",".join(str(port) for _, port in url.hosts),
        }
        who = user or url.user
        word = password if password is not None else url.password
        settings |= {key: value for key, value in (("user", who), ("password", word)) if value is not None}
        if url.database:
            settings["dbname"] = url.database
        with self.explained(f"connect to {url}", user=who or ""):
            connection = load().connect(autocommit=True, **settings)
            try:
                wanted = {**url.session, **_SESSION}
                calls = ", ".join(["set_config(%s, %s, false)"] * len(wanted))
                connection.execute(f"SELECT {calls}", [part for setting in wanted.items() for part in setting])
            except BaseException:
                connection.close()
                raise
        return connection

    def explained(self, doing: str, *, user: str = "") -> AbstractContextManager[None]:
        """See :meth:`Dialect.explained`."""
        return explained(doing, JDBC_KEYS, user=user)

    # -- names -------------------------------------------------------------------------------------------------------

    def quote(self, name: str) -> str:
        """In double quotes, or as it is; what could be more than a name is quoted in any case."""
        if self.quoting == "never" and _PLAIN.fullmatch(name):
            return name
        return '"' + name.replace('"', '""') + '"'

    def parse_table(self, text: str) -> TableId:
        """See :meth:`Dialect.parse_table`."""
        parts: list[str] = []
        at = 0
        while at < len(text) or not parts:
            found = _PART.match(text, at)
            if found is None or len(parts) == _MOST_PARTS:
                raise ConfigError(
                    f"{text!r} is no name of a table.",
                    code="BRN-6155",
                    remedy='Write table, schema.table or database.schema.table; names with dots in them as "a.b".',
                )
            parts.append(found[1].replace('""', '"') if found[1] else found[2].strip())
            at = found.end()
        *above, name = parts
        catalog_name, schema = [None] * (_MOST_PARTS - 1 - len(above)) + [*above]
        return TableId(catalog_name, schema, name)

    # -- the catalogue -----------------------------------------------------------------------------------------------

    def tables(
        self,
        connection: Any,
        types: Sequence[str],
        catalog_pattern: str | None = None,
        schema_pattern: str | None = None,
    ) -> list[TableId]:
        """See :meth:`Dialect.tables`."""
        with self.explained("list the tables"):
            return catalog.tables(connection, types, catalog_pattern, schema_pattern)

    def find_table(self, connection: Any, table: TableId) -> TableId | None:
        """See :meth:`Dialect.find_table`."""
        with self.explained(f"look for the table {table.plain}"):
            return catalog.find_table(connection, self.identifier(table))

    def columns(self, connection: Any, table: TableId) -> list[Column]:
        """See :meth:`Dialect.columns`."""
        with self.explained(f"read the columns of {table.plain}"):
            found = table if table.schema is not None else catalog.find_table(connection, self.identifier(table))
            return [] if found is None else catalog.columns(connection, found)

    def unreadable(self, connection: Any, tables: Sequence[TableId]) -> dict[TableId, str]:
        """See :meth:`Dialect.unreadable`."""
        with self.explained("ask for privileges"):
            return catalog.unreadable(connection, {self.identifier(table): table for table in tables})

    def query_columns(self, connection: Any, query: str) -> list[Column]:
        """See :meth:`Dialect.query_columns`."""
        with self.explained("prepare the query"):
            return catalog.query_columns(connection, query)

    # -- types -------------------------------------------------------------------------------------------------------

    def field_schema(self, column: Column, mapping: TypeMapping) -> Schema:
        """See :meth:`Dialect.field_schema`."""
        return field_schema(column, mapping)

    # -- writing -----------------------------------------------------------------------------------------------------

    def create_table(self, table: TableId, fields: Mapping[str, Schema], keys: Sequence[str]) -> str:
        """See :meth:`Dialect.create_table`."""
        return self._statements.create_table(self.identifier(table), fields, keys)

    def add_columns(self, table: TableId, fields: Mapping[str, Schema]) -> str:
        """See :meth:`Dialect.add_columns`."""
        return self._statements.add_columns(self.identifier(table), fields)

    def not_null(self, table: TableId, column: Column) -> str:
        """See :meth:`Dialect.not_null`."""
        return f"ALTER TABLE {self.identifier(table)} ALTER COLUMN {self.quote(column.name)} SET NOT NULL"

    def upsert_from(self, table: TableId, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """See :meth:`Dialect.upsert_from`."""
        return self._statements.upsert_from(self.identifier(table), staging, columns, keys)

    def update_from(self, table: TableId, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """See :meth:`Dialect.update_from`."""
        return self._statements.update_from(self.identifier(table), staging, columns, keys)

    def delete_from(self, table: TableId, staging: str, keys: Sequence[str]) -> str:
        """See :meth:`Dialect.delete_from`."""
        return self._statements.delete_from(self.identifier(table), staging, keys)

    # -- reading -----------------------------------------------------------------------------------------------------

    def begin(self, connection: Any, isolation: str) -> str:
        """See :meth:`Dialect.begin`."""
        with self.explained("begin a transaction"):
            return begin(connection, isolation)

    def knows_writers(self, connection: Any, table: TableId) -> bool:
        """See :meth:`Dialect.knows_writers`."""
        with self.explained(f"look for the table {table.plain}"):
            return catalog.is_stored(connection, table)

    def unseen(self, before: str, now: str) -> str:
        """See :meth:`Dialect.unseen`."""
        return unseen(before, now)

    def read(
        self,
        connection: Any,
        query: str,
        columns: Sequence[Column],
        mapping: TypeMapping,
    ) -> Reader:
        """See :meth:`Dialect.read`."""
        with self.explained("start the query"):
            return PostgreSqlReader(self, connection, query, columns, mapping)

    def is_moment(self, column: Column) -> bool:
        """See :meth:`Dialect.is_moment`."""
        return column.type in {"timestamp", "timestamptz"} and not column.array

    def is_number(self, column: Column) -> bool:
        """See :meth:`Dialect.is_number`."""
        whole = column.type in {"int2", "int4", "int8", "oid"} or (
            column.type == "numeric" and column.scale in {0, None}
        )
        return whole and not column.array

    def moment(self, column: Column, timezone: str) -> str:
        """See :meth:`Dialect.moment`."""
        name = self.quote(column.name)
        return name if column.type == "timestamptz" else f"({name} AT TIME ZONE {_literal(timezone)})"

    def moment_literal(self, at: datetime, column: Column | None, timezone: str) -> str:
        """See :meth:`Dialect.moment_literal`."""
        moment = f"'{at.isoformat()}'::timestamptz"
        return (
            moment
            if column is None or column.type == "timestamptz"
            else f"({moment} AT TIME ZONE {_literal(timezone)})"
        )

    def barrier(self, connection: Any, query: str, guard: Guard) -> Barrier:
        """See :meth:`Dialect.barrier`."""
        with self.explained("look for open transactions"):
            return barrier(connection, query, guard)

    def still_open(self, connection: Any, transactions: Sequence[str]) -> list[str]:
        """See :meth:`Dialect.still_open`."""
        with self.explained("look for open transactions"):
            return still_open(connection, transactions)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
