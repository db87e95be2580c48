"""Values as the text that Java's ``toString`` gives, which is what FileStreamSink writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

from barnabas.schema import Type

if TYPE_CHECKING:
    from barnabas import Schema

__all__ = ["java_text"]


def java_text(value: Any, schema: Schema | None = None) -> str:
    """Like Java's ``String.valueOf``; bytes, which Java shows as an address, are read as UTF-8 instead.

    Args:
        value: Plain Python.
        schema: Tells a struct (``Struct{a=1,b=2}``) from a map (``{a=1, b=2}``).
    """
    for kinds, spell in _SPELLINGS:
        if isinstance(value, kinds):
            return spell(value, schema)
    return str(value)


def _mapping(value: Mapping[Any, Any], schema: Schema | None) -> str:
    return _struct(value, schema) if schema is not None and schema.type is Type.STRUCT else _map(value, schema)


def _list(value: Sequence[Any], schema: Schema | None) -> str:
    items = None if schema is None else schema.value_schema
    return "[" + ", ".join(java_text(entry, items) for entry in value) + "]"


def _struct(value: Mapping[str, Any], schema: Schema) -> str:
    """Kafka's Struct leaves out what is null, and puts no blank behind the comma."""
    known = ((field, value.get(field.name)) for field in schema.fields)
    return (
        "Struct{" + ",".join(f"{field.name}={java_text(v, field.schema)}" for field, v in known if v is not None) + "}"
    )


def _map(value: Mapping[Any, Any], schema: Schema | None) -> str:
    keys, values = (None, None) if schema is None else (schema.key_schema, schema.value_schema)
    return "{" + ", ".join(f"{java_text(k, keys)}={java_text(v, values)}" for k, v in value.items()) + "}"


_LEAST_PLAIN, _MOST_PLAIN = 1e-3, 1e7


def _double(value: float) -> str:
    """``Double.toString``: plain between 10^-3 and 10^7, otherwise ``1.0E10``."""
    if value != value:  # noqa: PLR0124  the definition of NaN
        return "NaN"
    size = abs(value)
    if size == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    if size == 0 or _LEAST_PLAIN <= size < _MOST_PLAIN:
        return repr(value)
    shortest = next(text for text in (f"{value:.{places}e}" for places in range(1, 18)) if float(text) == value)
    digits, _, exponent = shortest.partition("e")
    return f"{digits}E{int(exponent)}"


def _date(value: date) -> str:
    """``java.util.Date``, which carries dates and timestamps, in UTC."""
    moment = (
        value.astimezone(UTC)
        if isinstance(value, datetime)
        else datetime(value.year, value.month, value.day, tzinfo=UTC)
    )
    day, month = moment.strftime("%w"), moment.month
    names = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[int(day)]} {months[month - 1]} {moment:%d %H:%M:%S} UTC {moment.year:04d}"


_SPELLINGS: tuple[tuple[Any, Callable[[Any, Schema | None], str]], ...] = (
    (str, lambda value, _: value),
    (NoneType, lambda _value, _: "null"),
    (bool, lambda value, _: "true" if value else "false"),
    (float, lambda value, _: _double(value)),
    ((bytes, bytearray, memoryview), lambda value, _: bytes(value).decode("utf-8", "replace")),
    (Mapping, _mapping),
    ((list, tuple), _list),
    (date, lambda value, _: _date(value)),
)
"""The first that fits is taken: a bool is an int, and a datetime is a date."""
