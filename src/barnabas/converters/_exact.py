"""Values that carry their Java class, where a converter asks for one of a certain type.

Off the fast paths: plain values of the right type never come here.
"""

from __future__ import annotations

from typing import Any, Final

from barnabas._schema.exact import WIDTHS, BigInt, Struct
from barnabas._schema.validate import INT_RANGES
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["fits_float", "fits_int", "hashable", "shown"]

_SHOWN: Final = 10**60
_LENGTH: Final = 60


def fits_int(kind: Type, value: Any) -> bool:
    """Whether a value may stand where an integer of ``kind`` is asked for; its range is not looked at."""
    if not isinstance(value, int) or isinstance(value, bool | BigInt):
        return False
    return WIDTHS.get(type(value), kind) is kind


def fits_float(kind: Type, value: Any) -> bool:
    """Whether a value may stand where a float of ``kind`` is asked for; a plain ``int`` of 64 bits may, too."""
    if isinstance(value, float):
        return WIDTHS.get(type(value), kind) is kind
    low, high = INT_RANGES[Type.INT64]
    return type(value) is int and low <= value <= high


def hashable(schema: Schema | None, key: Any) -> Any:
    """A value as the key of a map: a list as a tuple, a struct as one that brings its schema.

    Raises:
        DataError: it is a map, which cannot be a key here.
    """
    if isinstance(key, list):
        items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
        return tuple([hashable(items, item) for item in key])
    if not isinstance(key, dict):
        return key
    if schema is None or schema.type is not Type.STRUCT:
        raise DataError(
            "A map's key is a map, which Python cannot use as a key",
            code="BRN-2122",
            remedy="Use a primitive type for the map's keys, or a struct.",
        )
    return Struct(schema, {f.name: hashable(f.schema, key.get(f.name)) for f in schema.fields})


def shown(value: Any) -> str:
    """A value in an error: short, whatever it is."""
    if isinstance(value, int) and not -_SHOWN < value < _SHOWN:
        return f"of {value.bit_length()} bits"  # Python refuses to print very long numbers
    try:
        text = repr(value)
    except ValueError:  # such a number is inside
        return "with a very long number in it"
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
