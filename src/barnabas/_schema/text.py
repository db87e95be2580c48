"""Values as the text that Java's ``toString`` gives: what StringConverter and FileStreamSink write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.java import decimal_text, double_text, float_text, to_float32
from barnabas._schema.logical import Timestamp
from barnabas._schema.model import Schema
from barnabas._schema.types import Type

__all__ = ["java_string"]

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_JULIAN_UNTIL: Final = datetime(1582, 10, 15, tzinfo=UTC)
_AS_IS: Final = frozenset({str, int})  # whose own text is Java's


def java_string(schema: Schema | None, value: Any) -> str:
    """``toString()``: floats and decimals the Java way, ``[a, null]``, ``{k=v}``, ``Struct{field=value}``.

    Args:
        schema: Tells a struct from a map, and how wide a float is; ``None`` is schemaless.
        value: Plain Python.
    """
    kind = type(value)
    if kind in _AS_IS:
        return str(value)
    spell = _SPELLINGS.get(kind)
    if spell is None:  # a class derived from one of them
        spell = next((each for known, each in _SPELLINGS.items() if isinstance(value, known)), _own)
    return spell(schema, value)


def _own(_: Schema | None, value: Any) -> str:
    return str(value)


def _float(schema: Schema | None, value: float) -> str:
    narrow = schema is not None and schema.type is Type.FLOAT32
    return float_text(to_float32(value)) if narrow else double_text(value)


def _list(schema: Schema | None, value: list[Any]) -> str:
    items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
    return f"[{', '.join([v if type(v) is str else java_string(items, v) for v in value])}]"


def _schemaless(value: Any) -> str:
    """Like :func:`java_string`, for what sits inside a schemaless map: one look-up, one call."""
    spell = _SPELLINGS.get(type(value))
    return java_string(None, value) if spell is None else spell(None, value)


def _map(schema: Schema | None, value: Mapping[Any, Any]) -> str:
    """A map, or a struct: that leaves out what is null, and puts no blank behind the comma."""
    if schema is None:
        pairs = [
            f"{k if type(k) is str else _schemaless(k)}={v if type(v) in _AS_IS else _schemaless(v)}"
            for k, v in value.items()
        ]
        return f"{{{', '.join(pairs)}}}"
    if schema.type is Type.STRUCT:
        fields = ((name, inner, value.get(name)) for name, _, inner in schema.fields)
        return (
            f"Struct{{{','.join([f'{name}={java_string(inner, v)}' for name, inner, v in fields if v is not None])}}}"
        )
    keys, values = (schema.key_schema, schema.value_schema) if schema.type is Type.MAP else (None, None)
    return f"{{{', '.join([f'{java_string(keys, k)}={java_string(values, v)}' for k, v in value.items()])}}}"


def _date(_: Schema | None, value: date | time) -> str:
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


def _bytes(_: Schema | None, value: bytes) -> str:
    return f"[B@{hash(bytes(value)) & 0xFFFFFFFF:x}"  # Java prints the array's identity: no content either


_SPELLINGS: Final[dict[type, Callable[[Schema | None, Any], str]]] = {
    str: lambda _, value: value,
    type(None): lambda _, __: "null",
    bool: lambda _, value: "true" if value else "false",
    float: _float,
    Decimal: lambda _, value: decimal_text(value),
    dict: _map,
    list: _list,
    tuple: _list,
    date: _date,
    time: _date,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    Mapping: _map,
}
"""By class; the first that fits is taken for derived ones."""
