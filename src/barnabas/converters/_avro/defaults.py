"""Default values: Connect's as JSON in Avro schemas, and back."""

from __future__ import annotations

import math
from typing import Any

from barnabas.converters._avro.types import AvroType
from barnabas.converters._avro.words import KEY, VALUE
from barnabas.errors import DataError
from barnabas.schema import Schema, Type, from_wire, to_wire, validate_value

__all__ = ["default_from_json", "default_to_json", "hashable"]

_INTEGERS = (Type.INT8, Type.INT16, Type.INT32, Type.INT64)


def default_to_json(schema: Schema, value: Any) -> Any:  # noqa: PLR0911 - a table of cases
    """A value as the default of an Avro field.

    Raises:
        DataError: JSON has no such value (a number that is none).
    """
    if value is None:
        return None
    wire = to_wire(schema, value)
    match schema.type:
        case Type.BYTES:
            return bytes(wire).decode("latin-1")
        case Type.FLOAT32 | Type.FLOAT64:
            if not math.isfinite(wire):
                raise DataError(f"The default {wire} has no form in an Avro schema.", code="BRN-1421")
            return float(wire)
        case Type.ARRAY:
            return [_inner_to_json(schema.value_schema, item) for item in wire]
        case Type.MAP:
            pairs = [
                (_inner_to_json(schema.key_schema, k), _inner_to_json(schema.value_schema, v)) for k, v in wire.items()
            ]
            if schema.key_schema is not None and schema.key_schema.type is Type.STRING:
                return dict(pairs)
            return [{KEY: key, VALUE: item} for key, item in pairs]
        case Type.STRUCT:
            return {field.name: _inner_to_json(field.schema, wire.get(field.name)) for field in schema.fields}
    return wire


def _inner_to_json(schema: Schema | None, value: Any) -> Any:
    return value if schema is None else default_to_json(schema, value)


def default_from_json(schema: Schema, avro: AvroType, node: Any) -> Any:
    """The value that a default in an Avro schema means.

    Args:
        schema: Connect's, without a default itself.
        avro: The Avro schema that it comes from; of a union, any branch counts.
        node: The default, as JSON has it.

    Raises:
        DataError: It does not fit.
    """
    if node is None:
        return None
    value = _from_json(schema, avro, node)
    validate_value(schema, value)
    return value


def _from_json(schema: Schema, avro: AvroType, node: Any) -> Any:  # noqa: PLR0911 - a table of cases
    if avro.kind == "union":
        return _of_union(schema, avro, node)
    match schema.type:
        case Type.BYTES if isinstance(node, str):
            return from_wire(schema, _latin(node))
        case Type.FLOAT32 | Type.FLOAT64 if isinstance(node, int | float) and not isinstance(node, bool):
            return float(node)
        case Type.ARRAY if isinstance(node, list):
            return [_inner_from_json(schema.value_schema, avro.inner, item) for item in node]
        case Type.MAP if isinstance(node, dict):
            return {key: _inner_from_json(schema.value_schema, avro.inner, item) for key, item in node.items()}
        case Type.MAP if isinstance(node, list):
            return _pairs(schema, avro.inner, node)
        case Type.STRUCT if isinstance(node, dict):
            return {
                field.name: _inner_from_json(schema.fields[at].schema, field.type, node.get(field.name))
                for at, field in enumerate(avro.fields)
            }
    if schema.type in _INTEGERS and (isinstance(node, bool) or not isinstance(node, int)):
        raise DataError(f"The default {node!r} is no whole number.", code="BRN-1421")
    return from_wire(schema, node)


def _of_union(schema: Schema, avro: AvroType, node: Any) -> Any:
    """Of a nullable type or a single one: itself; of others: the struct with the first member that takes it."""
    others = [branch for branch in avro.branches if branch.kind != "null"]
    if len(others) == 1:
        return _inner_from_json(schema, others[0], node)
    for field, branch in zip(schema.fields, others, strict=True):
        try:
            return {field.name: default_from_json(field.schema, branch, node)}
        except DataError:
            continue
    raise DataError(f"The default {node!r} is of none of the union's types.", code="BRN-1421")


def _inner_from_json(schema: Schema | None, avro: AvroType, node: Any) -> Any:
    return node if schema is None or node is None else _from_json(schema, avro, node)


def _pairs(schema: Schema, entry: AvroType, node: list[Any]) -> dict[Any, Any]:
    made = {}
    for pair in node:
        if not isinstance(pair, dict):
            raise DataError(f"The default {pair!r} is no entry of a map.", code="BRN-1421")
        key = _inner_from_json(schema.key_schema, entry.fields[0].type, pair.get(KEY))
        made[hashable(key, schema.key_schema)] = _inner_from_json(
            schema.value_schema, entry.fields[1].type, pair.get(VALUE)
        )
    return made


def hashable(key: Any, schema: Schema | None) -> Any:
    """A key of a map as Python can have it: lists as tuples, structs with their schema, maps that nobody changes."""
    from barnabas._schema.exact import FrozenMap, Struct  # noqa: PLC0415 - few maps have such keys

    if isinstance(key, list):
        items = None if schema is None else schema.value_schema
        return tuple(hashable(item, items) for item in key)
    if isinstance(key, dict):
        return Struct(schema, key) if schema is not None and schema.type is Type.STRUCT else FrozenMap(key)
    return key


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise DataError("The default of bytes has characters beyond 255.", code="BRN-1421") from error
