"""The tables that are written to, as PostgreSQL's catalogue describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from barnabas.connectors.jdbc.dialects.base import Dialect, TableId
from barnabas.connectors.jdbc.sink_binary import PgType

__all__ = ["Target", "TargetColumn", "find_target", "folded", "unique_keys"]

# Domains stand for their base type, which may be a domain again; what they check is checked when rows arrive.
_COLUMNS = """
WITH RECURSIVE base(attnum, type, strict) AS (
  SELECT attnum, atttypid, attnotnull FROM pg_catalog.pg_attribute
  WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT b.attnum, t.typbasetype, b.strict OR t.typnotnull
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
)
SELECT a.attname, t.oid::int8, t.typname, t.typtype::text, e.oid::int8, e.typname, e.typtype::text,
  b.strict AND NOT a.atthasdef AND a.attidentity = ''
FROM base b
JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum = b.attnum
JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
ORDER BY a.attnum
"""
_UNIQUE = """
SELECT array_agg(a.attname::text) FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = pg_catalog.to_regclass(%s) AND i.indisunique AND i.indpred IS NULL AND i.indimmediate
GROUP BY i.indexrelid
"""


class TargetColumn(NamedTuple):
    """One column.

    Args:
        name: As the catalogue has it.
        type: Its type, domains resolved.
        required: Whether a row must give it a value.
    """

    name: str
    type: PgType
    required: bool


class Target(NamedTuple):
    """A table.

    Args:
        table: Its name, with its schema where that was said.
        columns: Its columns by name; in lower case where identifiers are not quoted.
    """

    table: TableId
    columns: dict[str, TargetColumn]


def folded(dialect: Dialect, name: str) -> str:
    """A column's name as the catalogue has it: what is not quoted is in lower case there."""
    return name.lower() if dialect.quote(name) == name else name


def find_target(connection: Any, dialect: Dialect, table: TableId) -> Target | None:
    """The table as it is now; ``None``: there is none."""
    identifier = dialect.identifier(table)
    rows = connection.execute(_COLUMNS, [identifier, identifier]).fetchall()
    columns = [TargetColumn(row[0], _type(*row[1:7]), row[7]) for row in rows]
    found = {column.name: column for column in columns}
    if not found and connection.execute("SELECT pg_catalog.to_regclass(%s)", [identifier]).fetchone()[0] is None:
        return None
    return Target(table, found)


def unique_keys(connection: Any, dialect: Dialect, table: TableId) -> list[frozenset[str]]:
    """The sets of columns by which no two rows of a table are the same."""
    rows: Sequence[Any] = connection.execute(_UNIQUE, [dialect.identifier(table)]).fetchall()
    return [frozenset(row[0]) for row in rows]


def _type(
    oid: int, name: str, kind: str, element: int | None, element_name: str | None, element_kind: str | None
) -> PgType:
    inner = PgType(element, element_name or "", element_kind or "b") if element is not None else None
    return PgType(oid, name, kind, inner)
