"""What PostgreSQL's catalogue says about tables and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from barnabas.connectors.jdbc.dialects.base import Column, TableId
from barnabas.connectors.postgres.driver import load

__all__ = ["columns", "find_table", "is_stored", "query_columns", "tables", "unreadable"]

_KINDS = {
    "TABLE": "r",
    "PARTITIONED TABLE": "p",
    "VIEW": "v",
    "MATERIALIZED VIEW": "m",
    "FOREIGN TABLE": "f",
}
"""What ``table.types`` calls the kinds of relation."""

_TABLES = """
SELECT pg_catalog.current_database(), n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY(%s) AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
  AND (%s::text IS NULL OR n.nspname LIKE %s) AND (%s::text IS NULL OR pg_catalog.current_database() LIKE %s)
ORDER BY 2, 3
"""
_FIND = """
SELECT pg_catalog.current_database(), n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass(%s)
"""
_KIND = """
SELECT c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s
"""
# Not to_regclass: that needs a privilege on the schema, of which people are to be told in better words.
_OID = """
SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s
"""
# Domains stand for their base type, which may be a domain again.
_COLUMNS = """
WITH RECURSIVE base(attnum, type, typmod, strict) AS (
  SELECT attnum, atttypid, atttypmod, attnotnull
  FROM pg_catalog.pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT b.attnum, t.typbasetype, t.typtypmod, b.strict OR t.typnotnull
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
)
SELECT a.attname, t.typname, e.typname, b.strict, b.typmod,
  coalesce(pg_catalog.array_position(i.indkey::int2[], a.attnum) + 1, 0), a.atthasdef OR a.attidentity <> '',
  a.attidentity <> '' OR coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false)
FROM base b
JOIN pg_catalog.pg_attribute a ON a.attrelid = %s AND a.attnum = b.attnum
JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
ORDER BY a.attnum
"""
_TYPES = """
SELECT t.oid, t.typname, e.typname FROM pg_catalog.pg_type t
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' WHERE t.oid = ANY(%s)
"""
_RIGHTS = """
SELECT n.nspname, pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
  (SELECT coalesce(bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')), true)
   FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  current_user
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s
"""
_TIMES = frozenset({"time", "timetz", "timestamp", "timestamptz"})
_HEADER = 4  # typmods of numeric have these four added, precision in the upper half, eleven signed bits of scale below
_SCALE_BITS, _SCALE_SIGN = 0x7FF, 0x400
_MICROSECONDS = 6


def tables(connection: Any, types: Sequence[str], catalogs: str | None, schemas: str | None) -> list[TableId]:
    """All of these types that are neither temporary nor the system's own."""
    kinds = [_KINDS[kind.strip().upper()] for kind in types if kind.strip().upper() in _KINDS]
    rows = connection.execute(_TABLES, [kinds, schemas, schemas, catalogs, catalogs]).fetchall()
    return [TableId(*row) for row in rows]


def find_table(connection: Any, identifier: str) -> TableId | None:
    """The one that this identifier means with the session's search path."""
    row = connection.execute(_FIND, [identifier]).fetchone()
    return None if row is None else TableId(*row)


def columns(connection: Any, table: TableId) -> list[Column]:
    """Of a table, view or partitioned table whose schema is known."""
    row = connection.execute(_OID, [table.schema, table.name]).fetchone()
    if row is None:
        return []
    return [
        _column(name, kind, items, typmod=typmod, nullable=not strict, key=key, defaults=(has_default, numbered))
        for name, kind, items, strict, typmod, key, has_default, numbered in connection.execute(
            _COLUMNS, [row[0], row[0]]
        ).fetchall()
    ]


def is_stored(connection: Any, table: TableId) -> bool:
    """Whether it has rows of its own, or partitions that have: a materialised view is written anew each time."""
    row = connection.execute(_KIND, [table.schema, table.name]).fetchone()
    return row is not None and row[0] in {"r", "p"}


def unreadable(connection: Any, tables: Mapping[str, TableId]) -> dict[TableId, str]:
    """From each table that may not be read to the SQL that would allow it; ``tables`` by their identifiers."""
    quote = load("psycopg.sql").Identifier
    found: dict[TableId, str] = {}
    for identifier, table in tables.items():
        row = connection.execute(_RIGHTS, [table.schema, table.name]).fetchone()
        if row is None or (row[1] and row[2]):
            continue
        who = quote(row[3]).as_string(connection)
        schema = quote(row[0]).as_string(connection)
        use = "" if row[1] else f"GRANT USAGE ON SCHEMA {schema} TO {who}; "
        found[table] = f"{use}GRANT SELECT ON {identifier} TO {who};"
    return found


def query_columns(connection: Any, query: str) -> list[Column]:
    """Of a query: prepared and described, never run."""
    low = connection.pgconn
    with connection.lock:
        _checked(low.prepare(b"", query.encode()))
        found = _checked(low.describe_prepared(b""))
    names = [(found.fname(at) or b"").decode() for at in range(found.nfields)]
    oids = [found.ftype(at) for at in range(found.nfields)]
    typmods = [found.fmod(at) for at in range(found.nfields)]
    types = {oid: (kind, items) for oid, kind, items in connection.execute(_TYPES, [oids]).fetchall()}
    return [
        _column(name, types[oid][0], types[oid][1], typmod=typmod)
        for name, oid, typmod in zip(names, oids, typmods, strict=True)
    ]


def _checked(result: Any) -> Any:
    pq = load("psycopg.pq")
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise load("psycopg.errors").error_from_result(result, encoding="utf-8")
    return result


def _column(
    name: str,
    kind: str,
    items: str | None,
    *,
    typmod: int,
    nullable: bool = True,
    key: int = 0,
    defaults: tuple[bool, bool] = (False, False),
) -> Column:
    base = kind if items is None else items
    precision, scale = _sizes(base, typmod)
    return Column(name, base, nullable, precision, scale, key, items is not None, *defaults)


def _sizes(kind: str, typmod: int) -> tuple[int | None, int | None]:
    if kind in _TIMES:
        return (_MICROSECONDS if typmod < 0 else typmod), None
    if kind != "numeric" or typmod < _HEADER:
        return None, None
    scale = (typmod - _HEADER) & _SCALE_BITS
    return (typmod - _HEADER) >> 16, scale - 2 * _SCALE_SIGN if scale & _SCALE_SIGN else scale
