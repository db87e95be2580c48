"""Columns for values without schema: what is found in a batch decides, unless the table has the column already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas import DataError, SinkBatch
from barnabas.connectors.jdbc.sink_kinds import ANY_NAME
from barnabas.schema import Date, Instant, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["ANY", "inferred"]

ANY: Final = Schema(Type.STRING, name=ANY_NAME, version=1, optional=True)
"""For values of several kinds, lists and maps: texts as they are where the column is of text, otherwise JSON."""

_DECIMAL: Final = LogicalDecimal.schema(0, optional=True)
_KINDS: Final[dict[type, Schema]] = {
    bool: Schema.OPTIONAL_BOOLEAN,
    int: Schema.OPTIONAL_INT64,
    float: Schema.OPTIONAL_FLOAT64,
    str: Schema.OPTIONAL_STRING,
    bytes: Schema.OPTIONAL_BYTES,
    Decimal: _DECIMAL,
    datetime: Timestamp.OPTIONAL_SCHEMA,
    date: Date.OPTIONAL_SCHEMA,
    time: Time.OPTIONAL_SCHEMA,
    Instant: Timestamp.OPTIONAL_SCHEMA,
}


def inferred(run: SinkBatch) -> SinkBatch:
    """The batch with a schema for values and keys where they have none.

    Raises:
        DataError: A value is no map.
    """
    if run.key_schema is None and run.keys:
        keys, schema = _column(run.keys)
        run = run.replace(keys=keys, key_schema=schema)
    if run.value_schema is None and run.values.count(None) != len(run):
        if any(value is not None and not isinstance(value, dict) for value in run.values):
            raise DataError(
                "The record's value is no map, so it has no columns.",
                code="BRN-6180",
                remedy="Wrap it with the transform HoistField, or drop such records.",
            )
        values, schema = _maps(run.values)
        run = run.replace(values=values, value_schema=schema)
    return run


def _column(values: list[Any]) -> tuple[list[Any], Schema | None]:
    if {*map(type, values)} - {type(None)} == {dict}:
        return _maps(values)
    schema = _schema(values)
    return _as(schema, values), schema


def _maps(rows: list[Any]) -> tuple[list[Any], Schema]:
    """Rows with all members that any of them has, in the order of their first appearance."""
    names = dict.fromkeys(name for row in rows if row is not None for name in row)
    columns: dict[str, list[Any]] = {}
    fields: dict[str, Schema] = {}
    for name in names:
        column = [None if row is None else row.get(name) for row in rows]
        schema = _schema(column)
        if schema is not None:  # nothing but nulls: not a column yet
            fields[str(name)] = schema
            columns[str(name)] = _as(schema, column)
    made: list[Any] = [
        None if row is None else {name: column[at] for name, column in columns.items()} for at, row in enumerate(rows)
    ]
    return made, Schema(Type.STRUCT, fields=fields)


def _schema(values: Iterable[Any]) -> Schema | None:
    kinds = {_kind(value) for value in values if value is not None}
    if not kinds:
        return None
    if kinds == {int, float}:
        return Schema.OPTIONAL_FLOAT64
    if kinds == {int, Decimal}:
        return _DECIMAL
    return _KINDS.get(kinds.pop(), ANY) if len(kinds) == 1 else ANY


def _kind(value: Any) -> type:
    """Its class; subclasses of numbers say how wide they are, which the columns of a table say themselves."""
    if isinstance(value, bool):
        return bool
    if isinstance(value, int):
        return int if -(1 << 63) <= value < 1 << 63 else Decimal
    if isinstance(value, float):
        return float
    return Decimal if isinstance(value, Decimal) else type(value)


def _as(schema: Schema | None, values: list[Any]) -> list[Any]:
    """Numbers of several kinds as the widest of them."""
    if schema is _DECIMAL:
        return [None if value is None else Decimal(value) for value in values]
    if schema is Schema.OPTIONAL_FLOAT64:
        return [None if value is None else float(value) for value in values]
    return values
