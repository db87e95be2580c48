"""One value into another type: numbers, decimals, dates, containers, whatever the JVM makes of it.

Java's conversions are generous: numbers wrap around, text is parsed first, dates count milliseconds or days. What
cannot be converted is named as Java names it.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any, Final, NoReturn

from barnabas._schema.calendar import DAY_MS, days_of
from barnabas._schema.exact import Instant, Struct
from barnabas._schema.java import double_text
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp
from barnabas._schema.model import Schema
from barnabas._schema.names import java_class, schema_text
from barnabas._schema.text import java_string
from barnabas._schema.types import Type
from barnabas._schema.validate import DATE, TIME, TIMESTAMP
from barnabas._values.forms import plain
from barnabas._values.moments import milliseconds_of, moment
from barnabas._values.numbers import big_decimal, long_of, wrap
from barnabas._values.parser import parse
from barnabas.errors import DataError

__all__ = ["as_double", "as_long", "to_boolean", "to_date", "to_decimal", "to_list", "to_map", "to_struct"]

_CODE: Final = "BRN-2104"
_INT: Final = 1 << 31
_CHRIST_MS: Final = days_of(1, 1, 1) * DAY_MS
_BEFORE_CHRIST_MS: Final = days_of(1 - 1970, 1, 1) * DAY_MS
_ARRAY: Final = Schema(Type.ARRAY)
_MAP: Final = Schema(Type.MAP)
_STRUCT: Final = Schema(Type.STRUCT)
_MOMENTS: Final = (date, time, Instant)


def as_long(schema: Schema | None, value: Any, own: Schema | None = None) -> int:
    """The number that 64 bits make of a value.

    Args:
        schema: What the value was said to be: messages name it, and a date counts as it says.
        value: Anything.
        own: What the value really is, where that is another schema.

    Raises:
        DataError: no number can be made of it.
    """
    if isinstance(value, str):
        number = big_decimal(value)
        if number is not None:
            return long_of(number)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return long_of(value)
    if schema is None or not isinstance(value, _MOMENTS) or schema.name not in _WIRES:
        _refuse(value, own or schema, "a number" if schema is None else schema_text(schema))
    wire: int = _WIRES[schema.name].to_wire(Instant(milliseconds_of(value)))
    return wire


def as_double(schema: Schema | None, value: Any) -> float:
    """The 64 bit float nearest to a value.

    Raises:
        DataError: no number can be made of it.
    """
    number = big_decimal(value) if isinstance(value, str) else value
    if isinstance(number, int | float | Decimal) and not isinstance(number, bool):
        try:
            return float(number + 0 if isinstance(number, Decimal) and not number else number)
        except OverflowError:  # an integer beyond all floats
            return float("inf") if number > 0 else float("-inf")
    return float(as_long(schema, value))


def to_boolean(schema: Schema | None, value: Any) -> bool:
    """Whether it is, or says, ``true``, or is a number other than 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        found = parse(value).value
        if isinstance(found, bool):
            return found
    return as_long(schema, value) != 0


def to_decimal(value: Any, scale: int) -> Decimal:
    """A decimal with the places that the value brings; ``scale`` matters for bytes alone."""
    wanted = LogicalDecimal.schema(scale)
    match value:
        case None:
            _refuse_null()
        case Decimal():
            return value
        case bytes() | bytearray() | memoryview():
            return LogicalDecimal.from_wire(wanted, bytes(value))
        case str():
            number = big_decimal(value)
        case int() | float() if not isinstance(value, bool):
            number = big_decimal(double_text(as_double(None, value)))
        case _:
            _refuse(value, None, schema_text(wanted))
    if number is None:
        raise DataError(f"{value} is no decimal number.", code=_CODE, remedy="Give digits, a point, an exponent.")
    return number


def to_date(wanted: Schema, schema: Schema | None, value: Any) -> Any:
    """A date, time or timestamp, as the name of ``wanted`` says.

    A date whose schema is unknown stays what it is. Text that is a date is refused where the schema says it is text:
    so does Java.
    """
    own = schema
    if isinstance(value, str):
        own, value = parse(value)
    if value is None:
        _refuse_null()
    if isinstance(value, _MOMENTS):
        milliseconds = milliseconds_of(value)
        if schema is None:
            return moment(wanted, milliseconds)
        found = _between(wanted.name or "", schema, milliseconds)
        if found is not None:
            return moment(wanted, found)
    number = as_long(schema, value, own)
    if wanted.name == TIMESTAMP:
        return Timestamp.from_wire(number)
    return (Date if wanted.name == DATE else Time).from_wire(wrap(number, _INT))


def to_list(schema: Schema | None, value: Any) -> list[Any]:
    """The list that it is, or that its text says; of text, elements are exact values."""
    own, value = _unpacked(schema, value)
    if not isinstance(value, list):
        _refuse(value, own, schema_text(_ARRAY))
    return value


def to_map(schema: Schema | None, value: Any) -> dict[Any, Any]:
    """The map that it is, or that its text says; of text, keys and values are exact values."""
    own, value = _unpacked(schema, value)
    if not isinstance(value, dict) or _is_struct(own, value):
        _refuse(value, own, schema_text(_MAP))
    return value


def to_struct(schema: Schema | None, value: Any) -> dict[str, Any]:
    """The struct that it is; nothing else becomes one."""
    if value is None:
        _refuse_null()
    if not isinstance(value, dict) or not _is_struct(schema, value):
        _refuse(value, schema, schema_text(_STRUCT))
    return value


def _is_struct(schema: Schema | None, value: Any) -> bool:
    return isinstance(value, Struct) or (schema is not None and schema.type is Type.STRUCT)


def _unpacked(schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
    """The value and its own schema; text is parsed, and gives exact values, since nobody is told the schema."""
    if isinstance(value, str):
        schema, found = parse(value)
        value = plain(None, found) if isinstance(found, list | dict) else found
    if value is None:
        _refuse_null()
    return schema, value


def _between(wanted: str, schema: Schema, milliseconds: int) -> int | None:
    """Milliseconds of one logical type made another one; ``None`` where there is no way."""
    if schema.name == wanted:
        return milliseconds
    if schema.name == TIMESTAMP and wanted == DATE:
        days = abs(milliseconds) // DAY_MS  # cut off towards 1970
        return wrap(days if milliseconds >= 0 else -days, _INT) * DAY_MS
    if schema.name == TIMESTAMP:
        # Java sets the year to 1970 and leaves the era: a time of day before Christ is one in 1970 before Christ.
        era = 0 if milliseconds >= _CHRIST_MS else _BEFORE_CHRIST_MS
        return milliseconds_of(Time.from_wire(wrap(era + milliseconds % DAY_MS, _INT)))
    if wanted == TIMESTAMP and schema.name == DATE:
        return Date.to_wire(Instant(milliseconds)) * DAY_MS
    if wanted == TIMESTAMP and schema.name == TIME:
        return Time.to_wire(Instant(milliseconds))
    return None


def _refuse(value: Any, schema: Schema | None, target: str) -> NoReturn:
    raise DataError(
        f"Unable to convert {java_string(schema, value)} ({java_class(value, schema)}) to {target}",
        code=_CODE,
        remedy="Give a value that can be converted, or leave it as it is.",
    )


def _refuse_null() -> NoReturn:
    raise DataError(
        "Unable to convert a null value to a schema that requires a value",
        code=_CODE,
        remedy="Give a value, or filter out what has none.",
    )


_WIRES: Final[dict[str | None, Any]] = {DATE: Date, TIME: Time, TIMESTAMP: Timestamp}
