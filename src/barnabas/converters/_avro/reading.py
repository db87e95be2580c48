"""From wire values to Connect's, compiled for a pair of schemas: what is the same in both is not touched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from barnabas.converters._avro.anything import from_anything, is_anything
from barnabas.converters._avro.defaults import hashable
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.to_connect import is_map_entry, member_names
from barnabas.converters._avro.types import AvroType
from barnabas.converters._avro.words import KEY, VALUE
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type, from_wire

__all__ = ["Conversion", "is_logical", "read_column", "reading"]

Conversion = Callable[[Any], Any]
"""From a value that is not null to another; it may change a dict that it is given, which nobody else holds."""

_LOGICAL: Final = {
    (Type.BYTES, LogicalDecimal.NAME),
    (Type.INT32, Date.NAME),
    (Type.INT32, Time.NAME),
    (Type.INT64, Timestamp.NAME),
}
_BITS: Final = {Type.INT8: 8, Type.INT16: 16}


def is_logical(schema: Schema) -> bool:
    """Whether values of the schema are of a class of their own: decimals, dates, times, timestamps."""
    return (schema.type, schema.name) in _LOGICAL


def reading(avro: AvroType, schema: Schema | None, settings: Settings) -> Conversion | None:  # noqa: PLR0911 - a table of cases
    """The conversion of values that are not null; ``None`` where they are the same in both."""
    if schema is None:
        return from_anything if is_anything(avro) else None
    match avro.kind:
        case "union":
            return _union(avro, schema, settings)
        case "record":
            return _members([(f.name, reading(f.type, _of(schema, f.name), settings)) for f in avro.fields])
        case "array":
            return _array(avro, schema, settings)
        case "map":
            inner = reading(avro.inner, schema.value_schema, settings)
            return inner and partial(_map, inner)
    if is_logical(schema):
        return partial(from_wire, schema)
    if avro.kind == "int" and schema.type is Type.INT32 and not is_logical(schema):
        return _whole
    if schema.type in _BITS:
        return partial(_narrow, _BITS[schema.type], settings.strict)
    return None


def read_column(conversion: Conversion | None, values: list[Any]) -> list[Any]:
    """Convert a column, nulls included."""
    if conversion is None:
        return values
    return [None if value is None else conversion(value) for value in values]


def _of(schema: Schema, name: str) -> Schema | None:
    field = schema.field(name)
    return None if field is None else field.schema


def _union(avro: AvroType, schema: Schema, settings: Settings) -> Conversion | None:
    only = avro.nullable()
    if only is None and len(avro.branches) == 1 and settings.flatten_single:
        only = avro.branches[0]
    if only is not None:
        return reading(only, schema, settings)
    return _members(
        [(name, reading(branch, _of(schema, name), settings)) for name, branch in member_names(avro, settings)]
    )


def _members(members: list[tuple[str, Conversion | None]]) -> Conversion | None:
    convert = [(name, conversion) for name, conversion in members if conversion is not None]

    def converted(row: dict[str, Any]) -> dict[str, Any]:
        for name, conversion in convert:
            value = row.get(name)
            if value is not None:
                row[name] = conversion(value)
        return row

    return converted if convert else None


def _array(avro: AvroType, schema: Schema, settings: Settings) -> Conversion | None:
    if schema.type is Type.MAP and is_map_entry(avro.inner):
        key, value = (field.type for field in avro.inner.fields)
        keys, values = schema.key_schema, schema.value_schema
        return partial(_entries, reading(key, keys, settings), reading(value, values, settings), keys)
    inner = reading(avro.inner, schema.value_schema, settings)
    return inner and partial(read_column, inner)


def _map(inner: Conversion, held: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value is None else inner(value) for key, value in held.items()}


def _entries(
    key: Conversion | None, value: Conversion | None, schema: Schema | None, pairs: list[dict[str, Any]]
) -> dict[Any, Any]:
    keys = read_column(key, [pair[KEY] for pair in pairs])
    values = read_column(value, [pair[VALUE] for pair in pairs])
    return dict(zip([hashable(each, schema) for each in keys], values, strict=True))


def _whole(number: int) -> int:
    if not -(1 << 31) <= number < 1 << 31:
        raise DataError(
            f"{number} has no room in Avro's int.", code="BRN-1431", remedy="The message is damaged: see its writer."
        )
    return number


def _narrow(bits: int, strict: bool, number: int) -> int:
    """A number of 32 bits in a schema for fewer: the lower ones, as in Java."""
    half = 1 << (bits - 1)
    if strict and not -half <= number < half:
        raise DataError(
            f"{number} has no room in {bits} bits, which the schema's connect.type says.",
            code="BRN-1431",
            remedy="Correct the writer, or set strict=false to have the upper bits cut off, as Kafka Connect does.",
        )
    return ((number + half) & (2 * half - 1)) - half
