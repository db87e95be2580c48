"""Values as the text from which most of them can be read back: what headers and casts to strings are written as."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from barnabas._schema.exact import Instant, Struct
from barnabas._schema.model import Schema
from barnabas._schema.names import java_class
from barnabas._schema.text import java_string
from barnabas._schema.types import Type
from barnabas._values.moments import milliseconds_of, moment_text
from barnabas.errors import DataError

__all__ = ["value_text"]


def value_text(schema: Schema | None, value: Any) -> str:
    """The text of a value that stands for itself: strings are raw.

    Raises:
        DataError: a value of a class that no schema describes.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode("ascii")
    try:
        return _embedded(schema, value)
    except RecursionError:
        raise DataError("The value is nested too deeply to be written as text.", code="BRN-2105") from None


def _embedded(schema: Schema | None, value: Any) -> str:  # noqa: PLR0911 - one return a type
    match value:
        case None:
            return "null"
        case bool() | int() | float() | Decimal():
            return java_string(schema, value)
        case str():
            return _quoted(value)
        case bytes() | bytearray() | memoryview():
            return f'"{b64encode(value).decode("ascii")}"'
        case date() | time() | Instant():
            return moment_text(milliseconds_of(value))
        case list() | tuple():
            items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
            return f"[{','.join([_embedded(items, item) for item in value])}]"
        case Mapping():
            return f"{{{','.join(_pairs(schema, value))}}}"
    raise DataError(
        f"Failed to serialize unexpected value type {java_class(value).removeprefix('class ')}: {value}",
        code="BRN-2104",
        remedy="Give a value that a schema can describe.",
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _pairs(schema: Schema | None, value: Mapping[Any, Any]) -> Iterable[str]:
    own = value.schema if isinstance(value, Struct) else schema
    if own is not None and own.type is Type.STRUCT:
        for name, _, inner in own.fields:
            item = value.get(name)
            yield f"{_quoted(name)}:{_embedded(inner, inner.default if item is None else item)}"
        return
    keys, values = (own.key_schema, own.value_schema) if own is not None and own.type is Type.MAP else (None, None)
    for key, item in value.items():
        yield f"{_embedded(keys, key)}:{_embedded(values, item)}"
