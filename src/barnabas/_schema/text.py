"""Values as the text that Java's ``toString`` gives: what StringConverter and FileStreamSink write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from barnabas._columns.texts import java_texts
from barnabas._config.hash_order import hash_order
from barnabas._schema.calendar import DAY_MS, local_fields, zone_name
from barnabas._schema.exact import Float32, Instant, Struct
from barnabas._schema.java import decimal_text, double_text, float_text, integer_text, to_float32
from barnabas._schema.logical import Date, Time, Timestamp
from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas.errors import DataError

__all__ = ["java_string", "java_strings"]

_LONG: Final = 1 << 63
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def java_string(schema: Schema | None, value: Any) -> str:
    """``toString()``: floats and decimals the Java way, ``[a, null]``, ``{k=v}``, ``Struct{field=value}``.

    Args:
        schema: Tells a struct from a map, and how wide a float is; ``None`` is schemaless.
        value: Plain Python, or of an exact class.

    Raises:
        DataError: lists and maps are nested deeper than Python can follow.
    """
    kind = type(value)
    if kind is str:
        return str(value)
    spell = _SPELLINGS.get(kind)
    if spell is None:  # a class derived from one of them
        spell = next((each for known, each in _SPELLINGS.items() if isinstance(value, known)), _own)
    try:
        return spell(schema, value)
    except RecursionError:
        raise DataError("The value is nested too deeply to be written as text.", code="BRN-2105") from None


def java_strings(schema: Schema | None, values: list[Any], *, hashed: bool = False) -> list[str]:
    """A column of values as :func:`java_string` gives them, faster than one after the other.

    Args:
        schema: Of all of them.
        values: Plain Python, or of an exact class.
        hashed: Whether schemaless maps are printed in the order that a ``HashMap`` has, as the JVM's converters and
            transforms make them; otherwise in their own.

    Raises:
        DataError: lists and maps are nested deeper than Python can follow.
    """
    if schema is not None:
        return [java_string(schema, value) for value in values]
    if java_texts is None:
        return [_one_of_many(value, hashed=hashed) for value in values]
    texts, _ = java_texts(values, hashed)
    pairs = zip(texts, values, strict=True)
    return [_one_of_many(value, hashed=hashed) if text is None else text for text, value in pairs]


def _one_of_many(value: Any, *, hashed: bool) -> str:
    try:
        return java_string(None, _as_hashed(value) if hashed else value)
    except RecursionError:
        raise DataError("The value is nested too deeply to be written as text.", code="BRN-2105") from None


def _as_hashed(value: Any) -> Any:
    """The same value, the members of schemaless maps in the order of a ``HashMap``."""
    if isinstance(value, dict) and not isinstance(value, Struct):
        if all(type(key) is str for key in value):
            return {key: _as_hashed(value[key]) for key in _hash_order(tuple(value))}
        return {key: _as_hashed(item) for key, item in value.items()}
    return [_as_hashed(item) for item in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=1024)
def _hash_order(keys: tuple[str, ...]) -> list[str]:
    """As :func:`hash_order`; rows mostly have the same keys."""
    return hash_order(keys)


def _own(_: Schema | None, value: Any) -> str:
    return str(value)


def _float(schema: Schema | None, value: float) -> str:
    narrow = isinstance(value, Float32) or (schema is not None and schema.type is Type.FLOAT32)
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
    if isinstance(value, Struct):
        schema = value.schema
    if schema is None:
        pairs = [
            f"{k if type(k) is str else _schemaless(k)}="
            f"{v if type(v) is str else repr(v) if type(v) is int and -_LONG <= v < _LONG else _schemaless(v)}"
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


def _date(_: Schema | None, value: date | time | Instant) -> str:
    """``java.util.Date.toString``, in the process's time zone: ``Thu Jan 01 00:00:00 UTC 1970``."""
    if isinstance(value, datetime | Instant):
        milliseconds = Timestamp.to_wire(value)
    else:
        milliseconds = Time.to_wire(value) if isinstance(value, time) else Date.to_wire(value) * DAY_MS
    at = local_fields(milliseconds)
    clock = f"{at.hour:02d}:{at.minute:02d}:{at.second:02d}"
    year = at.year if at.year > 0 else 1 - at.year  # of its era, which is not shown
    return f"{at.weekday} {_MONTHS[at.month - 1]} {at.day:02d} {clock} {zone_name(milliseconds)} {year}"


def _bytes(_: Schema | None, value: bytes) -> str:
    return f"[B@{hash(bytes(value)) & 0xFFFFFFFF:x}"  # Java prints the array's identity: no content either


_SPELLINGS: Final[dict[type, Callable[[Schema | None, Any], str]]] = {
    str: lambda _, value: value,
    type(None): lambda _, __: "null",
    bool: lambda _, value: "true" if value else "false",
    int: lambda _, value: integer_text(value),
    float: _float,
    Decimal: lambda _, value: decimal_text(value),
    dict: _map,
    list: _list,
    tuple: _list,
    date: _date,
    time: _date,
    Instant: _date,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    Mapping: _map,
}
"""By class; the first that fits is taken for derived ones."""
