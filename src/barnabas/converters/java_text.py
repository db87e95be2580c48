"""What Java's ``getClass`` would say of a value: messages name it."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from barnabas.schema import Schema, Type

__all__ = ["java_class"]

_INTEGERS: Final = {Type.INT8: "Byte", Type.INT16: "Short", Type.INT32: "Integer"}
_LONG: Final = 1 << 63


def java_class(value: Any, schema: Schema | None = None) -> str:
    """``class java.lang.Long`` and the like: the Java class that carries such a value.

    Args:
        value: The value.
        schema: Tells how wide an integer is meant to be; 64 bits without.
    """
    match value:
        case bool():
            name = "lang.Boolean"
        case int():
            fits = -_LONG <= value < _LONG
            name = f"lang.{_INTEGERS.get(schema.type, 'Long') if schema else 'Long'}" if fits else "math.BigInteger"
        case float():
            name = "lang.Float" if schema is not None and schema.type is Type.FLOAT32 else "lang.Double"
        case str():
            name = "lang.String"
        case bytes() | bytearray() | memoryview():
            return "class [B"
        case list():
            name = "util.ArrayList"
        case dict():
            name = "util.LinkedHashMap"
        case Decimal():
            name = "math.BigDecimal"
        case date() | time():
            name = "util.Date"
        case _:
            return f"class {value.__class__.__module__}.{value.__class__.__qualname__}"
    return f"class java.{name}"
