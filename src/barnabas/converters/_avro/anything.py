"""Values without a schema, as the Java class writes them: a record that says which kind of value it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from barnabas.converters._avro.defaults import hashable
from barnabas.converters._avro.types import AvroType
from barnabas.converters._avro.words import DEFAULT_NAME, KEY, MAP_ENTRY, NAMESPACE, VALUE
from barnabas.errors import DataError
from barnabas.schema import BigInt, Float32, Int8, Int16, Int32

__all__ = ["ANYTHING", "from_anything", "is_anything", "to_anything"]

_ARRAY: Final = "array"
_MAP: Final = "map"
_KINDS: Final = ("boolean", "bytes", "double", "float", "int", "long", "string")
_LONG: Final = 1 << 63


def _definition() -> dict[str, Any]:
    def optional(kind: Any) -> dict[str, Any]:
        return {"type": ["null", kind], "default": None}

    entry = {
        "type": "record",
        "name": MAP_ENTRY,
        "fields": [{"name": KEY, "type": DEFAULT_NAME}, {"name": VALUE, "type": DEFAULT_NAME}],
    }
    return {
        "type": "record",
        "name": DEFAULT_NAME,
        "namespace": NAMESPACE,
        "fields": [
            *({"name": kind, **optional(kind)} for kind in _KINDS),
            {"name": _ARRAY, **optional({"type": "array", "items": DEFAULT_NAME})},
            {"name": _MAP, **optional({"type": "array", "items": entry})},
        ],
    }


ANYTHING: Final = json.dumps(_definition(), separators=(",", ":"))
"""The schema of values without one."""


def is_anything(avro: AvroType) -> bool:
    """Whether this is that schema."""
    return (
        avro.kind == "record"
        and avro.name == f"{NAMESPACE}.{DEFAULT_NAME}"
        and [field.name for field in avro.fields] == [*_KINDS, _ARRAY, _MAP]
    )


def from_anything(wire: Mapping[str, Any]) -> Any:
    """The value that a record of that schema holds; integers and floats of 32 bits keep their width."""
    for kind, held in wire.items():
        if held is None:
            continue
        match kind:
            case "array":
                return [from_anything(item) for item in held]
            case "map":
                return {hashable(from_anything(pair[KEY]), None): from_anything(pair[VALUE]) for pair in held}
            case "int":
                return Int32(held)
            case "float":
                return Float32(held)
        return held
    return None


def to_anything(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - a table of cases
    """The record for a value.

    Raises:
        DataError: There is no kind for it.
    """
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolean": value}
    if isinstance(value, int) and not isinstance(value, BigInt) and -_LONG <= value < _LONG:
        return {"int" if isinstance(value, Int8 | Int16 | Int32) else "long": int(value)}
    if isinstance(value, float):
        return {"float" if isinstance(value, Float32) else "double": float(value)}
    if isinstance(value, str):
        return {"string": value}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value)}
    if isinstance(value, list | tuple):
        return {"array": [to_anything(item) for item in value]}
    if isinstance(value, dict):
        return {"map": [{KEY: to_anything(key), VALUE: to_anything(item)} for key, item in value.items()]}
    raise DataError(
        f"Unsupported type of a value without a schema: {type(value).__name__}",
        code="BRN-1430",
        remedy="Give it a schema, or convert it: text, numbers, booleans, bytes, lists and maps can be written.",
    )
