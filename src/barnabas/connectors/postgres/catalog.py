"""What the system catalog says: types, tables, columns, keys. Read once for each type and each version of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Catalog", "Column", "PgType", "TableId"]


class TableId(NamedTuple):
    """A table's schema and name."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class PgType(NamedTuple):
    """A type; a domain has ``base``, an array ``element``, an enum ``labels``."""

    name: str
    element: PgType | None = None
    base: PgType | None = None
    base_typmod: int = -1
    labels: tuple[str, ...] = ()


class Column(NamedTuple):
    """A column of a table.

    Args:
        name: As the catalog has it, whatever its case.
        type: Its type.
        typmod: The type's modifier, -1 without one: length, precision and scale.
        required: NOT NULL.
        default: The default's expression; ``None`` without one.
        position: Its place in the primary key, from 1; 0 outside.
        generated: Computed by the server from other columns, which the WAL has no value for.
    """

    name: str
    type: PgType
    typmod: int
    required: bool
    default: str | None
    position: int
    generated: bool = False


_TABLES = """
SELECT n.nspname, c.relname, c.oid::bigint, c.relkind::text, c.relreplident::text, c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2"""
_COLUMNS = """
SELECT a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1,
       a.attgenerated::text, a.attidentity::text
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"""
_TYPE = """
SELECT t.typname, t.typtype::text, t.typelem::bigint, t.typbasetype::bigint, t.typtypmod, t.typcategory::text,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
FROM pg_type t WHERE t.oid = %s::oid"""


class TableRow(NamedTuple):
    """A table as the catalog lists it."""

    id: TableId
    oid: int
    kind: str
    identity: str
    partition: bool


class Catalog:
    """Asks through one connection, which may run in any transaction.

    Args:
        connection: psycopg's; replaced by :meth:`use` after a reconnect.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._types: dict[int, PgType] = {}

    def use(self, connection: Any) -> None:
        """Ask through another connection from now on."""
        self._connection = connection

    def tables(self) -> list[TableRow]:
        """All ordinary and partitioned tables outside the system's schemas."""
        rows = self._rows(_TABLES)
        return [
            TableRow(TableId(schema, name), oid, kind, identity, part)
            for schema, name, oid, kind, identity, part in rows
        ]

    def columns(self, oid: int) -> list[Column]:
        """The columns of a table in order; empty where it is gone."""
        return [
            Column(name, self.type(kind), typmod, required, _default(default, identity), position, bool(generated))
            for name, kind, typmod, required, default, position, generated, identity in self._rows(_COLUMNS, [oid])
        ]

    def type(self, oid: int) -> PgType:
        """A type by its oid; one that is gone has the name ``unknown``."""
        found = self._types.get(oid)
        if found is None:
            found = self._types[oid] = self._type(oid)
        return found

    def forget_enums(self) -> None:
        """Ask again for types with labels, which ALTER TYPE … ADD VALUE may have changed."""
        self._types = {oid: kind for oid, kind in self._types.items() if not _has_labels(kind)}

    def _type(self, oid: int) -> PgType:
        rows = self._rows(_TYPE, [oid])
        if not rows:
            return PgType("unknown")
        name, kind, element, base, typmod, category, labels = rows[0]
        if kind == "d":
            return PgType(name, base=self.type(base), base_typmod=typmod)
        if category == "A" and element:
            return PgType(name, element=self.type(element))
        return PgType(name, labels=tuple(labels or ()))

    def _rows(self, query: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(query, values).fetchall()
        return rows


def _default(expression: str | None, identity: str) -> str | None:
    return "nextval(identity)" if identity else expression


def _has_labels(kind: PgType) -> bool:
    inner = kind.element or kind.base
    return bool(kind.labels) or (inner is not None and _has_labels(inner))
