"""The neutral encoding of the vectors: values and schemas as JSON, whatever language reads them.

Values are ``null`` or objects with a type tag: ``{"t": "int32", "v": 5}``. Where a value's tag agrees with the schema
beside it, it decodes to plain Python; elsewhere (no schema, or one of another type) to the exact class, because there
the tag says more than plain Python could. A schemaless ``int64`` or ``float64`` is what a plain number means anyway.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from barnabas._schema.exact import WIDTHS, BigInt, Float32, Float64, Instant, Int8, Int16, Int32, Int64, Struct
from barnabas._schema.java import to_float32
from barnabas.errors import BarnabasError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["decode", "decode_schema", "encode", "encode_schema", "error_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS: Final = 86_400_000
_INT64: Final = 1 << 63
_EXACT: Final[dict[str, type]] = {
    "int8": Int8,
    "int16": Int16,
    "int32": Int32,
    "int64": Int64,
    "float32": Float32,
    "float64": Float64,
}
_WIDEST: Final = ("int64", "float64")


def error_of(stage: str, error: Exception) -> dict[str, Any]:
    """An error in the neutral encoding; one that is not ours keeps its Python name, which no recording has."""
    if isinstance(error, BarnabasError):
        return {"error": {"stage": stage, "class": error.java_class, "message": error.message}}
    return {"error": {"stage": stage, "class": f"python.{type(error).__qualname__}", "message": str(error)}}


# -- schemas ----------------------------------------------------------------------------------------------------------


def decode_schema(node: dict[str, Any] | None) -> Schema | None:
    if node is None:
        return None
    bare = Schema(
        Type(node["type"]),
        optional=node["optional"],
        name=node.get("name"),
        version=node.get("version"),
        doc=node.get("doc"),
        parameters=node.get("parameters"),
        fields={f["name"]: decode_schema(f["schema"]) for f in node.get("fields", ())},
        key_schema=decode_schema(node.get("key")),
        value_schema=decode_schema(node.get("value") or node.get("items")),
    )
    return bare.replace(default=decode(bare, node["default"])) if node.get("default") is not None else bare


def encode_schema(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    out: dict[str, Any] = {"type": schema.type.value, "optional": schema.optional}
    for part in ("name", "version", "doc"):
        if getattr(schema, part) is not None:
            out[part] = getattr(schema, part)
    if schema.parameters:
        out["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        out["default"] = encode(schema, schema.default)
    if schema.type is Type.STRUCT:
        out["fields"] = [{"name": f.name, "schema": encode_schema(f.schema)} for f in schema.fields]
    elif schema.type is Type.MAP:
        out |= {"key": encode_schema(schema.key_schema), "value": encode_schema(schema.value_schema)}
    elif schema.type is Type.ARRAY:
        out["items"] = encode_schema(schema.value_schema)
    return out


# -- values into Python -----------------------------------------------------------------------------------------------


def decode(schema: Schema | None, node: dict[str, Any] | None) -> Any:
    if node is None:
        return None
    return _DECODERS[node["t"]](schema, node)


def _decode_number(schema: Schema | None, node: dict[str, Any]) -> Any:
    kind, text = node["t"], node["v"]
    number: int | float = int(text) if kind.startswith("int") else float(text)
    if kind == "float32":
        number = to_float32(number)
    plain = schema.type.value == kind if schema is not None else kind in _WIDEST
    return number if plain else _EXACT[kind](number)


def _decode_decimal(_: Schema | None, node: dict[str, Any]) -> Decimal:
    return LogicalDecimal.of(int(node["unscaled"]), node["scale"])


def _decode_date(schema: Schema | None, node: dict[str, Any]) -> Any:
    milliseconds = int(node["v"])
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return Instant(milliseconds)
    if schema is not None and schema.name == Date.NAME and milliseconds % _DAY_MS == 0:
        return moment.date()
    if schema is not None and schema.name == Time.NAME and 0 <= milliseconds < _DAY_MS:
        return moment.time()
    return moment


def _decode_array(schema: Schema | None, node: dict[str, Any]) -> list[Any]:
    items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
    return [decode(items, item) for item in node["v"]]


def _decode_map(schema: Schema | None, node: dict[str, Any]) -> Mapping[Any, Any]:
    known = schema is not None and schema.type is Type.MAP
    keys, values = (schema.key_schema, schema.value_schema) if known else (None, None)
    found = {_hashable(keys, decode(keys, key)): decode(values, item) for key, item in node["v"]}
    # A plain dict is a struct where the schema says so; a mapping of another class is not.
    return MappingProxyType(found) if schema is not None and schema.type is Type.STRUCT else found


def _hashable(schema: Schema | None, key: Any) -> Any:
    """A list as a tuple, a struct as one that brings its schema: what a dict can have as keys."""
    if isinstance(key, list):
        return tuple(key)
    if isinstance(key, dict) and not isinstance(key, Struct) and schema is not None and schema.type is Type.STRUCT:
        return Struct(schema, key)
    return key


def _decode_struct(schema: Schema | None, node: dict[str, Any]) -> dict[str, Any]:
    own = decode_schema(node["schema"]) if "schema" in node else schema
    assert own is not None, "a struct has a schema beside it, or brings one"
    fields = {name: decode(own.field(name).schema, item) for name, item in node["v"].items() if item is not None}
    return Struct(own, fields) if "schema" in node else fields


_DECODERS: Final[dict[str, Callable[[Schema | None, dict[str, Any]], Any]]] = {
    **dict.fromkeys(_EXACT, _decode_number),
    **dict.fromkeys(("bytes", "bytebuffer"), lambda _, node: b64decode(node["v"])),
    **dict.fromkeys(("boolean", "string"), lambda _, node: node["v"]),
    "bigint": lambda _, node: BigInt(node["v"]),
    "decimal": _decode_decimal,
    "date": _decode_date,
    "array": _decode_array,
    "map": _decode_map,
    "struct": _decode_struct,
}


# -- values from Python -----------------------------------------------------------------------------------------------


def encode(schema: Schema | None, value: Any) -> dict[str, Any] | None:  # noqa: C901, PLR0911 - one branch a type
    match value:
        case None:
            return None
        case bool():
            return {"t": "boolean", "v": value}
        case int():
            return _encode_int(schema, value)
        case float():
            return _encode_float(schema, value)
        case str():
            return {"t": "string", "v": value}
        case bytes() | bytearray() | memoryview():
            return {"t": "bytes", "v": b64encode(value).decode()}
        case Decimal():
            unscaled, scale = LogicalDecimal.parts(value)
            return {"t": "decimal", "unscaled": str(unscaled), "scale": scale}
        case Instant() | date() | time():
            return {"t": "date", "v": str(_milliseconds(value))}
        case list() | tuple():
            items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
            return {"t": "array", "v": [encode(items, item) for item in value]}
        case dict():
            return _encode_dict(schema, value)
    raise AssertionError(f"a {type(value).__qualname__} is no Connect value: {value!r}")


def _encode_int(schema: Schema | None, value: int) -> dict[str, Any]:
    if isinstance(value, BigInt):
        return {"t": "bigint", "v": str(int(value))}
    width = WIDTHS.get(type(value))
    if width is None and schema is not None and schema.type in _NUMBERS:
        width = schema.type
    if width in (Type.FLOAT32, Type.FLOAT64):
        return _encode_float(schema, float(value))
    if width is None:
        width = Type.INT64
        if not -_INT64 <= value < _INT64:
            return {"t": "bigint", "v": str(value)}
    return {"t": width.value, "v": str(int(value)) if width is Type.INT64 else int(value)}


def _encode_float(schema: Schema | None, value: float) -> dict[str, Any]:
    width = WIDTHS.get(type(value))
    if width is None:
        width = Type.FLOAT32 if schema is not None and schema.type is Type.FLOAT32 else Type.FLOAT64
    number = float(value)
    return {"t": width.value, "v": number if math.isfinite(number) else _special(number)}


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _milliseconds(value: Instant | date | time) -> int:
    if isinstance(value, Instant):
        return value.milliseconds
    if isinstance(value, datetime):
        return Timestamp.to_wire(value)
    return Date.to_wire(value) * _DAY_MS if isinstance(value, date) else Time.to_wire(value)


def _encode_dict(schema: Schema | None, value: dict[Any, Any]) -> dict[str, Any]:
    own = value.schema if isinstance(value, Struct) else schema
    if own is not None and own.type is Type.STRUCT:
        known = {f.name: f.schema for f in own.fields}
        names = [*known, *(name for name in value if name not in known)]  # one too many has to show
        fields = {name: encode(known.get(name), value.get(name)) for name in names}
        return {"t": "struct", "v": fields} | ({} if own is schema else {"schema": encode_schema(own)})
    keys, values = (own.key_schema, own.value_schema) if own is not None and own.type is Type.MAP else (None, None)
    return {"t": "map", "v": [[encode(keys, key), encode(values, item)] for key, item in value.items()]}


_NUMBERS: Final = frozenset(WIDTHS.values())
