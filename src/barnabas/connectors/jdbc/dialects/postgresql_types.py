"""PostgreSQL's types as fields: which schema a column has, and how the server is asked for its values. Pure.

The server does the conversions, in its own code and once for a column: what arrives is what the driver decodes in C and
what the field's schema takes, so that no function of Python's runs for a value.
"""

from __future__ import annotations

from typing import NamedTuple

from barnabas import Schema
from barnabas.connectors.jdbc.dialects.base import Column, TypeMapping
from barnabas.schema import Date, LogicalDecimal, Time, Timestamp, Type

__all__ = ["Selected", "field_schema", "selected"]

_NO_SCALE = 127
"""The scale of decimals whose column has none: with so many digits behind the point nearly every value is exact."""

_MOST_DIGITS = 1000  # what numeric(p, s) allows for p
_INT8_DIGITS, _INT16_DIGITS, _INT32_DIGITS, _INT64_DIGITS = 2, 4, 9, 18
_PLAIN = {
    "int2": Schema.INT16,
    "int4": Schema.INT32,
    "int8": Schema.INT64,
    "float4": Schema.FLOAT32,
    "float8": Schema.FLOAT64,
    "bool": Schema.BOOLEAN,
    "text": Schema.STRING,
    "varchar": Schema.STRING,
    "bpchar": Schema.STRING,
    "bytea": Schema.BYTES,
}


class Selected(NamedTuple):
    """How a column is selected.

    Attributes:
        expression: SQL, with ``{}`` where the column's identifier goes.
        schema: Of the field.
    """

    expression: str
    schema: Schema


_AS_THEY_ARE = {
    **{kind: Selected("{}", schema) for kind, schema in _PLAIN.items()},
    "date": Selected("{}", Date.SCHEMA),
    "time": Selected("{}", Time.SCHEMA),
    "oid": Selected("{}::int8", Schema.INT64),
    "inet": Selected("textin(inet_out({}))", Schema.STRING),  # a cast would show the mask of a single host
}


def field_schema(column: Column, mapping: TypeMapping) -> Schema:
    """The schema of the field that a column becomes."""
    return selected(column, mapping).schema


def selected(column: Column, mapping: TypeMapping) -> Selected:
    """How to select a column."""
    found = _item(column, mapping)
    if column.array:
        return _array(column, found)
    return found._replace(schema=found.schema.as_optional()) if column.nullable else found


def _array(column: Column, item: Selected) -> Selected:
    """Arrays of more than one dimension come as their text: a Connect array has one type of items."""
    schema = Schema.array(item.schema.as_optional())
    cast = item.expression.partition("::")[2]
    known = column.type in _PLAIN or item.schema.type is Type.STRING
    if not known or (cast and cast != "text"):
        text = Schema.OPTIONAL_STRING if column.nullable else Schema.STRING
        return Selected("{}::text", text)
    return Selected(f"{{}}::{cast}[]" if cast else "{}", schema.as_optional() if column.nullable else schema)


def _item(column: Column, mapping: TypeMapping) -> Selected:
    kind = column.type
    if kind == "numeric":
        return _numeric(column, mapping)
    if kind in {"timestamp", "timestamptz"}:
        return _timestamp(kind, mapping)
    return _AS_THEY_ARE.get(kind) or Selected("{}::text", Schema.STRING)


def _numeric(column: Column, mapping: TypeMapping) -> Selected:
    precision, scale, wanted = column.precision, column.scale, mapping.numeric
    if wanted != "none" and precision is not None and scale is not None:
        whole = _whole(precision - min(scale, 0)) if scale <= 0 else None
        if whole is not None and (scale == 0 or wanted != "precision_only"):
            return whole
        if scale > 0 and (wanted == "best_fit_eager_double" or (wanted == "best_fit" and precision <= _INT64_DIGITS)):
            return Selected("{}::float8", Schema.FLOAT64)
    if scale is None:
        if wanted == "best_fit_eager_double":
            return Selected("{}::float8", Schema.FLOAT64)
        return Selected(f"{{}}::numeric({_MOST_DIGITS},{_NO_SCALE})", LogicalDecimal.schema(_NO_SCALE))
    return Selected("{}", LogicalDecimal.schema(scale))


def _whole(digits: int) -> Selected | None:
    """The smallest integer that has room for so many digits."""
    for limit, schema, sent in (
        (_INT8_DIGITS, Schema.INT8, "int2"),
        (_INT16_DIGITS, Schema.INT16, "int2"),
        (_INT32_DIGITS, Schema.INT32, "int4"),
        (_INT64_DIGITS, Schema.INT64, "int8"),
    ):
        if digits <= limit:
            return Selected(f"{{}}::{sent}", schema)
    return None


def _timestamp(kind: str, mapping: TypeMapping) -> Selected:
    zone = mapping.timezone.replace("'", "''").replace("{", "{{").replace("}", "}}")
    moment = "{0}" if kind == "timestamptz" else f"({{0}} AT TIME ZONE '{zone}')"
    form = mapping.timestamp
    micros = f"(extract(epoch FROM {moment}) * 1000000)::int8"
    if form == "connect_logical":
        return Selected(moment, Timestamp.SCHEMA)
    if form.endswith("_long"):
        return Selected(micros if form == "micros_long" else f"{micros} * 1000", Schema.INT64)
    if form.endswith("iso_datetime_string"):
        fraction = "US" if form.startswith("micros") else 'US"000"'
        return Selected(f"to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.{fraction}')", Schema.STRING)
    return Selected(f"({micros if form == 'micros_string' else f'{micros} * 1000'})::text", Schema.STRING)
