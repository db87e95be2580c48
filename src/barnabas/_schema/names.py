"""What Java calls a value's class, and how it prints a schema: messages name them."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from barnabas._schema.exact import WIDTHS, BigInt, Instant, Struct
from barnabas._schema.types import Type

if TYPE_CHECKING:
    from barnabas._schema.model import Schema

__all__ = ["java_class", "schema_text"]

_INTEGERS: Final = {Type.INT8: "Byte", Type.INT16: "Short", Type.INT32: "Integer"}
_LONG: Final = 1 << 63
_CLASSES: Final[dict[type, str]] = {
    str: "class java.lang.String",
    **dict.fromkeys((bytes, bytearray, memoryview), "class [B"),
    **dict.fromkeys((list, tuple), "class java.util.ArrayList"),
    Struct: "class org.apache.kafka.connect.data.Struct",
    dict: "class java.util.LinkedHashMap",
    Decimal: "class java.math.BigDecimal",
    **dict.fromkeys((date, time, Instant), "class java.util.Date"),
}


def java_class(value: Any, schema: Schema | None = None) -> str:
    """``class java.lang.Long`` and the like: the Java class that carries such a value.

    Args:
        value: The value.
        schema: Tells how wide a plain number is meant to be (64 bits without), and whether a dict is a struct.
    """
    if isinstance(value, bool):
        return "class java.lang.Boolean"
    if isinstance(value, int):
        return f"class java.{_integer_class(value, schema)}"
    if isinstance(value, float):
        narrow = WIDTHS.get(value.__class__, schema.type if schema is not None else None) is Type.FLOAT32
        return "class java.lang.Float" if narrow else "class java.lang.Double"
    if isinstance(value, dict) and schema is not None and schema.type is Type.STRUCT:
        return _CLASSES[Struct]
    name = next((name for known, name in _CLASSES.items() if isinstance(value, known)), None)
    return name or f"class {value.__class__.__module__}.{value.__class__.__qualname__}"


def _integer_class(value: int, schema: Schema | None) -> str:
    if isinstance(value, BigInt) or not -_LONG <= value < _LONG:
        return "math.BigInteger"
    width = WIDTHS.get(value.__class__, schema.type if schema is not None else Type.INT64)
    return f"lang.{_INTEGERS.get(width, 'Long')}"


def schema_text(schema: Schema) -> str:
    """``Schema.toString()``: ``Schema{STRING}``, or ``Schema{name:STRUCT}``."""
    return f"Schema{{{schema.name}:{schema.type.name}}}" if schema.name is not None else f"Schema{{{schema.type.name}}}"
