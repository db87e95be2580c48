"""Text into values, values into text, and every conversion between types that Kafka Connect knows.

These are the rules by which headers are read and written and ``Cast`` and ``InsertHeader`` make values. They are
Java's, surprises included: ``docs/values.md`` lists them. Whatever is given as input, the only error is a
:class:`~barnabas.errors.DataError`.

Every ``convert_to_…`` takes the schema that describes the value (``None``: schemaless) and the value. Results are plain
Python values of the type that the function is named after. Dates in text are in the process's time zone, as on the JVM.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.exact import Instant
from barnabas._schema.java import to_float32
from barnabas._schema.logical import Date, Time, Timestamp
from barnabas._schema.model import Schema, SchemaAndValue
from barnabas._values import conversions
from barnabas._values.forms import plain
from barnabas._values.inferring import infer
from barnabas._values.numbers import wrap
from barnabas._values.parser import parse
from barnabas._values.text import value_text

__all__ = [
    "convert_to_boolean",
    "convert_to_byte",
    "convert_to_date",
    "convert_to_decimal",
    "convert_to_double",
    "convert_to_float",
    "convert_to_int",
    "convert_to_list",
    "convert_to_long",
    "convert_to_map",
    "convert_to_short",
    "convert_to_string",
    "convert_to_struct",
    "convert_to_time",
    "convert_to_timestamp",
    "infer_schema",
    "parse_string",
]

_BYTE: Final = 1 << 7
_SHORT: Final = 1 << 15
_INT: Final = 1 << 31


def parse_string(text: str | None) -> SchemaAndValue:
    """The value that a text seems to be: the smallest number, a boolean, a date, a list, a map; else the text itself.

    ``null`` has neither schema nor value. Elements of a list or map whose types have nothing in common have no schema,
    and are of exact classes (``Int8``, …).

    Raises:
        DataError: lists and maps are nested more than 200 deep, or a map has both true and 1 as keys.
    """
    if text is None:
        return SchemaAndValue(None, None)
    schema, value = parse(text)
    return SchemaAndValue(schema, plain(schema, value))


def infer_schema(value: Any) -> Schema | None:
    """The schema of a schemaless value; ``None`` where several would do: decimals, dates, empty or mixed containers.

    Raises:
        SchemaBuilderError: a container holds nothing but nulls.
    """
    return infer(value)


def convert_to_boolean(schema: Schema | None, value: Any) -> bool | None:
    """``true`` and ``false`` as text; any number but 0, after it was cut off to an integer, is true.

    Raises:
        DataError: it is neither boolean nor number.
    """
    return None if value is None else conversions.to_boolean(schema, value)


def convert_to_byte(schema: Schema | None, value: Any) -> int | None:
    """An INT8: numbers wrap around, 300 becomes 44.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else wrap(conversions.as_long(schema, value), _BYTE)


def convert_to_short(schema: Schema | None, value: Any) -> int | None:
    """An INT16: numbers wrap around.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else wrap(conversions.as_long(schema, value), _SHORT)


def convert_to_int(schema: Schema | None, value: Any) -> int | None:
    """An INT32: numbers wrap around.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else wrap(conversions.as_long(schema, value), _INT)


def convert_to_long(schema: Schema | None, value: Any) -> int | None:
    """An INT64: floats too large become the largest, integers and decimals wrap around.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else conversions.as_long(schema, value)


def convert_to_float(schema: Schema | None, value: Any) -> float | None:
    """A FLOAT32: the nearest one to the FLOAT64.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else to_float32(conversions.as_double(schema, value))


def convert_to_double(schema: Schema | None, value: Any) -> float | None:
    """A FLOAT64.

    Raises:
        DataError: it is no number.
    """
    return None if value is None else conversions.as_double(schema, value)


def convert_to_decimal(schema: Schema | None, value: Any, scale: int) -> Decimal:
    """A decimal; only bytes take ``scale``, anything else keeps the places it has.

    Raises:
        DataError: it is no number, or null.
    """
    del schema
    return conversions.to_decimal(value, scale)


def convert_to_string(schema: Schema | None, value: Any) -> str | None:
    """The text that :func:`parse_string` reads; a text stays as it is.

    Raises:
        DataError: it is a value that no schema can describe.
    """
    return None if value is None else value_text(schema, value)


def convert_to_date(schema: Schema | None, value: Any) -> date | datetime | time | Instant:
    """A day: of a timestamp, without its time; a number counts days.

    Raises:
        DataError: it is none of these, or null.
    """
    return _moment(Date.SCHEMA, schema, value)


def convert_to_time(schema: Schema | None, value: Any) -> date | datetime | time | Instant:
    """A time of day: of a timestamp, in UTC; a number counts milliseconds.

    Raises:
        DataError: it is none of these, or null, or a number of milliseconds beyond a day.
    """
    return _moment(Time.SCHEMA, schema, value)


def convert_to_timestamp(schema: Schema | None, value: Any) -> date | datetime | time | Instant:
    """A point in time; a number counts milliseconds since 1970.

    Raises:
        DataError: it is none of these, or null.
    """
    return _moment(Timestamp.SCHEMA, schema, value)


def convert_to_list(schema: Schema | None, value: Any) -> list[Any]:
    """The list itself, or the one that a text says, with elements of exact classes.

    Raises:
        DataError: it is no list, or null.
    """
    return conversions.to_list(schema, value)


def convert_to_map(schema: Schema | None, value: Any) -> dict[Any, Any]:
    """The map itself, or the one that a text says, with keys and values of exact classes.

    Raises:
        DataError: it is no map, or null.
    """
    return conversions.to_map(schema, value)


def convert_to_struct(schema: Schema | None, value: Any) -> dict[str, Any]:
    """The struct itself.

    Raises:
        DataError: it is no struct, or null.
    """
    return conversions.to_struct(schema, value)


def _moment(wanted: Schema, schema: Schema | None, value: Any) -> date | datetime | time | Instant:
    found: date | datetime | time | Instant = conversions.to_date(wanted, schema, value)
    return found
