"""What Java's ``toString`` and ``getClass`` would say of a value: converters write it, messages name it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.java import decimal_text, double_text, float_text, to_float32
from barnabas._schema.logical import Timestamp
from barnabas.schema import Schema, Type

__all__ = ["java_class", "java_string"]

_INTEGERS: Final = {Type.INT8: "Byte", Type.INT16: "Short", Type.INT32: "Integer"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_JULIAN_UNTIL: Final = datetime(1582, 10, 15, tzinfo=UTC)
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


def java_string(schema: Schema | None, value: Any) -> str:  # noqa: PLR0911 - one return a type
    """``toString()``: floats and decimals the Java way, ``[a, null]``, ``{k=v}``, ``Struct{field=value}``."""
    match value:
        case None:
            return "null"
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            narrow = schema is not None and schema.type is Type.FLOAT32
            return float_text(to_float32(value)) if narrow else double_text(value)
        case Decimal():
            return decimal_text(value)
        case list():
            items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
            return f"[{', '.join(java_string(items, item) for item in value)}]"
        case dict():
            return _dict_string(schema, value)
        case date() | time():
            return _date_string(value)
        case bytes() | bytearray() | memoryview():
            return f"[B@{hash(bytes(value)) & 0xFFFFFFFF:x}"  # Java prints the array's identity: no content either
    return str(value)


def _dict_string(schema: Schema | None, value: dict[Any, Any]) -> str:
    if schema is not None and schema.type is Type.STRUCT:
        parts = (
            f"{name}={java_string(inner, value[name])}"
            for name, _, inner in schema.fields
            if value.get(name) is not None
        )
        return f"Struct{{{','.join(parts)}}}"
    known = schema is not None and schema.type is Type.MAP
    keys, values = (schema.key_schema, schema.value_schema) if known and schema is not None else (None, None)
    return f"{{{', '.join(f'{java_string(keys, k)}={java_string(values, v)}' for k, v in value.items())}}}"


def _date_string(value: date | time) -> str:
    """``java.util.Date.toString`` in UTC: ``Thu Jan 01 00:00:00 UTC 1970``."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
    elif isinstance(value, time):
        moment = datetime.combine(date(1970, 1, 1), value, UTC)
    else:
        moment = datetime.combine(value, time(), UTC)
    year, month, day = moment.year, moment.month, moment.day
    if moment < _JULIAN_UNTIL:
        year, month, day = _julian(Timestamp.to_wire(moment) // 86_400_000)
    clock = moment.strftime("%H:%M:%S")
    return f"{_DAYS[moment.weekday()]} {_MONTHS[month - 1]} {day:02d} {clock} UTC {year}"


def _julian(days: int) -> tuple[int, int, int]:
    """Year, month and day in the Julian calendar, which Java's dates use before 1582-10-15."""
    c = days + 2_440_588 + 32_082
    d = (4 * c + 3) // 1461
    e = c - (1461 * d) // 4
    m = (5 * e + 2) // 153
    return d - 4800 + m // 10, m + 3 - 12 * (m // 10), e - (153 * m + 2) // 5 + 1
