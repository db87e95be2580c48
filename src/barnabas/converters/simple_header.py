"""SimpleHeaderConverter: header values as readable text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.java import decimal_text, double_text, float_text, to_float32
from barnabas._schema.logical import Date, Time, Timestamp
from barnabas._schema.validate import INT_RANGES
from barnabas.converters.base import HeaderConverter
from barnabas.converters.string import decode_utf8, encode_utf8
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue, Type

__all__ = ["SimpleHeaderConverter"]

_DAY_MS: Final = 86_400_000
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME: Final = re.compile(r"\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII)
_TIMESTAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII)
_INTEGERS: Final = (Schema.INT8, Schema.INT16, Schema.INT32, Schema.INT64)


class SimpleHeaderConverter(HeaderConverter):
    """Writes values as text, and guesses the type back from the text.

    A number comes back as the smallest type that holds it, so a round trip may change types: INT64 1 reads as INT8 1.
    """

    def from_connect_header(self, topic: str, name: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text of the value; null stays null."""
        del topic, name
        if value is None:
            return None
        return encode_utf8(value if isinstance(value, str) else _text(schema, value))

    def to_connect_header(self, topic: str, name: str, payload: bytes | None) -> SchemaAndValue:
        """What the text seems to be."""
        del topic, name
        if payload is None:
            return SchemaAndValue(None, None)
        return _guess(decode_utf8(payload))


def _text(schema: Schema | None, value: Any) -> str:  # noqa: PLR0911 - one return a type
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case float():
            narrow = schema is not None and schema.type is Type.FLOAT32
            return float_text(to_float32(value)) if narrow else double_text(value)
        case Decimal():
            return decimal_text(value)
        case list():
            items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
            return f"[{','.join(_text(items, item) for item in value)}]"
        case dict():
            return _dict_text(schema, value)
        case date() | time():
            return _moment_text(value)
        case bytes() | bytearray() | memoryview():
            return b64encode(value).decode("ascii")
    return str(value)


def _dict_text(schema: Schema | None, value: dict[Any, Any]) -> str:
    if schema is not None and schema.type is Type.STRUCT:
        pairs = [f"{_text(None, f.name)}:{_text(f.schema, value.get(f.name))}" for f in schema.fields]
    else:
        keys, values = (schema.key_schema, schema.value_schema) if schema and schema.type is Type.MAP else (None, None)
        pairs = [f"{_text(keys, key)}:{_text(values, item)}" for key, item in value.items()]
    return f"{{{','.join(pairs)}}}"


def _moment_text(value: date | time) -> str:
    """Date, time or both: which one is decided by the value, whatever its type, as on the JVM."""
    if isinstance(value, datetime):
        wire = Timestamp.to_wire(value)
    elif isinstance(value, time):
        wire = Time.to_wire(value)
    else:
        wire = Date.to_wire(value) * _DAY_MS
    moment = Timestamp.from_wire(wire)
    clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    if 0 <= wire < _DAY_MS:
        return clock
    day = f"{moment.year:04d}-{moment:%m-%d}"
    return day if wire % _DAY_MS == 0 else f"{day}T{clock}"


def _guess(text: str) -> SchemaAndValue:
    word = text.strip()
    found = _scalar(word) or _container(word)
    if found is not None:
        return found
    if word == "null":
        return SchemaAndValue(None, None)
    return SchemaAndValue(Schema.STRING, text)


def _scalar(word: str) -> SchemaAndValue | None:
    if word in ("true", "false"):
        return SchemaAndValue(Schema.BOOLEAN, word == "true")
    if _NUMBER.fullmatch(word):
        return _number(Decimal(word))
    return _moment(word)


def _number(number: Decimal) -> SchemaAndValue:
    if number == number.to_integral_value():
        whole = int(number)
        for schema in _INTEGERS:
            low, high = INT_RANGES[schema.type]
            if low <= whole <= high:
                return SchemaAndValue(schema, whole)
    wide = float(number)
    narrow = to_float32(wide)
    if narrow not in (float("inf"), float("-inf")) and (narrow or not number):
        return SchemaAndValue(Schema.FLOAT32, narrow)
    return SchemaAndValue(Schema.FLOAT64, wide)


def _moment(word: str) -> SchemaAndValue | None:
    try:
        if _TIMESTAMP.fullmatch(word):
            return SchemaAndValue(Timestamp.SCHEMA, _parse_moment(word))
        if _DATE.fullmatch(word):
            return SchemaAndValue(Date.SCHEMA, _parse_moment(f"{word}T00:00:00.000Z").date())
        if _TIME.fullmatch(word):
            hours, minutes, seconds = int(word[:2]), int(word[3:5]), int(word[6:8])
            milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(word[9:12])
            return SchemaAndValue(Time.SCHEMA, Time.from_wire(milliseconds))
    except (ValueError, DataError):
        return None  # Python has no such moment: it stays text
    return None


def _parse_moment(word: str) -> datetime:
    return datetime.strptime(word, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _container(word: str) -> SchemaAndValue | None:
    """Lists and maps with quoted keys, as far as they are JSON; anything else stays text."""
    if word[:1] not in ("[", "{"):
        return None
    try:
        parsed = json.loads(word, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return _typed(parsed)


def _typed(value: Any) -> SchemaAndValue | None:
    """A parsed container with a schema; ``None`` where elements have no common type."""
    match value:
        case bool():
            return SchemaAndValue(Schema.BOOLEAN, value)
        case int() | Decimal():
            return _number(Decimal(value))
        case str():
            return SchemaAndValue(Schema.STRING, value)
        case list():
            parts = _typed_all(value)
            if parts is not None:
                return SchemaAndValue(Schema.array(_common(parts)), [part.value for part in parts])
        case dict():
            parts = _typed_all([*value.values()])
            if parts is not None:
                made = dict(zip(value, (part.value for part in parts), strict=True))
                return SchemaAndValue(Schema.map(Schema.STRING if value else None, _common(parts)), made)
    return None


def _typed_all(values: list[Any]) -> list[SchemaAndValue] | None:
    parts = [part for part in map(_typed, values) if part is not None]
    return parts if len(parts) == len(values) else None


def _common(parts: list[SchemaAndValue]) -> Schema | None:
    """The schema that all have, integers widened; ``None`` where there is none."""
    found: Schema | None = None
    for part in parts:
        schema = part.schema
        if found is None or found is schema or schema is None:
            found = schema
        elif found in _INTEGERS and schema in _INTEGERS:
            found = max(found, schema, key=_INTEGERS.index)
        elif found.type is Type.ARRAY and schema.type is Type.ARRAY:
            found = Schema.array(None)
        else:
            return None
    return found
