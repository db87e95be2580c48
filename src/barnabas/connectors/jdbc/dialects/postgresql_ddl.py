"""PostgreSQL's statements for tables that are written to, and the types of their columns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from barnabas import DataError, Schema
from barnabas.schema import Date, LogicalDecimal, Time, Timestamp, Type

__all__ = ["Statements", "ddl_type"]

_TYPES = {
    Type.INT8: "SMALLINT",
    Type.INT16: "SMALLINT",
    Type.INT32: "INT",
    Type.INT64: "BIGINT",
    Type.FLOAT32: "REAL",
    Type.FLOAT64: "DOUBLE PRECISION",
    Type.BOOLEAN: "BOOLEAN",
    Type.STRING: "TEXT",
    Type.BYTES: "BYTEA",
}
_LOGICAL = {
    LogicalDecimal.NAME: "DECIMAL",
    Date.NAME: "DATE",
    Time.NAME: "TIME",
    Timestamp.NAME: "TIMESTAMP",
    "io.debezium.data.Json": "JSONB",
    "io.debezium.data.Uuid": "UUID",
    "io.debezium.data.Xml": "XML",
}


def ddl_type(schema: Schema) -> str:
    """The type of the column that a field becomes.

    Raises:
        DataError: A map or a struct has none.
    """
    if schema.name in _LOGICAL:
        return _LOGICAL[schema.name]
    if schema.type is Type.ARRAY and schema.value_schema is not None:
        return f"{ddl_type(schema.value_schema)}[]"
    found = _TYPES.get(schema.type)
    if found is None:
        raise DataError(
            f"A field of type {schema.type.name} has no column type.",
            code="BRN-6154",
            remedy="Flatten it (the transform Flatten), or leave it out.",
        )
    return found


class Statements:
    """Statements in the words of one way of quoting.

    Args:
        quote: Quotes one identifier.
    """

    def __init__(self, quote: Callable[[str], str]) -> None:
        self._quote = quote

    def _list(self, names: Sequence[str]) -> str:
        return ", ".join(map(self._quote, names))

    def _column(self, name: str, schema: Schema, keys: Sequence[str] = ()) -> str:
        null = " NOT NULL" if name in keys or not schema.optional else ""
        return f"{self._quote(name)} {ddl_type(schema)}{null}"

    def create_table(self, table: str, fields: Mapping[str, Schema], keys: Sequence[str]) -> str:
        """A table for these fields."""
        lines = [self._column(name, schema, keys) for name, schema in fields.items()]
        if keys:
            lines.append(f"PRIMARY KEY ({self._list(keys)})")
        return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(lines)})"

    def add_columns(self, table: str, fields: Mapping[str, Schema]) -> str:
        """More columns. They may be NULL: rows that are there already have no value for them."""
        added = ", ".join(
            f"ADD COLUMN IF NOT EXISTS {self._quote(name)} {ddl_type(schema)}" for name, schema in fields.items()
        )
        return f"ALTER TABLE {table} {added}"

    def insert_from(self, table: str, staging: str, columns: Sequence[str]) -> str:
        """All rows of a staging table."""
        names = self._list(columns)
        return f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging}"  # noqa: S608  identifiers are quoted

    def upsert_from(self, table: str, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """Likewise; what is there already is replaced."""
        others = [name for name in columns if name not in keys]
        action = f"UPDATE SET {', '.join(f'{self._quote(n)} = EXCLUDED.{self._quote(n)}' for n in others)}"
        return (
            f"{self.insert_from(table, staging, columns)} ON CONFLICT ({self._list(keys)}) "
            f"DO {action if others else 'NOTHING'}"
        )

    def update_from(self, table: str, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """Only what is there already."""
        others = [name for name in columns if name not in keys] or list(keys)
        assigned = ", ".join(f"{self._quote(name)} = s.{self._quote(name)}" for name in others)
        return f"UPDATE {table} AS t SET {assigned} FROM {staging} AS s WHERE {self._same(keys)}"  # noqa: S608  identifiers are quoted

    def delete_from(self, table: str, staging: str, keys: Sequence[str]) -> str:
        """The rows whose keys are in a staging table."""
        return f"DELETE FROM {table} AS t USING {staging} AS s WHERE {self._same(keys)}"  # noqa: S608  identifiers are quoted

    def _same(self, keys: Sequence[str]) -> str:
        return " AND ".join(f"t.{self._quote(key)} = s.{self._quote(key)}" for key in keys)
