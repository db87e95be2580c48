"""One value cast to another type, as Kafka Connect casts it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._java.narrowing import LossyError, NotNumericError, UnparsableError, boolean_of, float_of, integer_of
from barnabas._schema.calendar import DAY_MS, local_fields
from barnabas._schema.exact import WIDTHS, BigInt, Instant, Struct
from barnabas._schema.java import to_float32
from barnabas._schema.names import java_class
from barnabas.errors import DataError
from barnabas.schema import Date, Schema, Time, Timestamp, Type, java_string, to_wire
from barnabas.transforms._cast_spec import INPUTS, unsupported

__all__ = ["EXACT", "caster", "date_text"]

Cast = Callable[[Any], Any]
_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}
_FLOAT_BITS: Final = {Type.FLOAT32: 32, Type.FLOAT64: 64}
_DATES: Final = frozenset({Date.NAME, Time.NAME, Timestamp.NAME})
EXACT: Final[dict[Type, type]] = {kind: cls for cls, kind in WIDTHS.items() if kind not in (Type.INT64, Type.FLOAT64)}
"""Classes that a schemaless result needs, lest it be taken for the widest number."""


def caster(schema: Schema | None, target: Type, *, strict: bool) -> Cast:
    """What casts a value of a schema; ``None`` stays ``None``.

    Args:
        schema: Of the value; ``None``: its class tells, and so does the result's.
        target: One of the types that can be cast to.
        strict: Whether to refuse what would lose something.
    """
    convert = _conversion(schema, target, strict=strict)
    check = _check_class if schema is None else None
    refused = schema is not None and schema.type not in INPUTS

    def cast(value: Any) -> Any:
        if value is None:
            return None
        if refused and schema is not None:
            raise DataError(unsupported(schema.type, "from"), code="BRN-2164", remedy=_REMEDY)
        if check is not None:
            check(value)
        try:
            return convert(value)
        except UnparsableError:
            raise DataError(
                f"Value ({value}) was out of range for requested data type",
                code="BRN-2165",
                remedy=f"It is no {target.value}: correct the data, or cast to a type that has room for it.",
            ) from None
        except NotNumericError:
            raise DataError(
                f"Unexpected type in Cast transformation: {java_class(value, schema)}", code="BRN-2164", remedy=_REMEDY
            ) from None
        except LossyError:
            raise DataError(
                f"Value ({java_string(schema, value)}) cannot be cast to {target.value} without losing something",
                code="BRN-2169",
                remedy="Correct the data, cast to a type that has room for it, or set strict=false.",
            ) from None

    return cast


_REMEDY: Final = (
    "Cast numbers, booleans and texts; bytes can only be cast to string. Leave such a field out of the spec."
)


def _conversion(schema: Schema | None, target: Type, *, strict: bool) -> Cast:
    if target is Type.STRING:
        return lambda value: _text(schema, value)
    convert: Cast = boolean_of(strict=strict)
    if target in _BITS:
        convert = integer_of(_BITS[target], strict=strict)
    elif target in _FLOAT_BITS:
        convert = float_of(_FLOAT_BITS[target], strict=strict)
    if schema is None:
        exact = EXACT.get(target)
        return convert if exact is None else lambda value: exact(convert(value))
    if schema.name in _DATES:
        return lambda value: convert(to_wire(schema, value))
    if schema.type is Type.FLOAT32:
        return lambda value: convert(to_float32(value) if isinstance(value, float) else value)
    return convert


def _check_class(value: Any) -> None:
    """Refuse what has no type in Kafka Connect's data model, and what has one that cannot be cast."""
    if isinstance(value, list | tuple | dict):
        kind = Type.STRUCT if isinstance(value, Struct) else Type.MAP if isinstance(value, dict) else Type.ARRAY
        raise DataError(unsupported(kind, "from"), code="BRN-2164", remedy=_REMEDY)
    known = isinstance(value, bool | int | float | str | bytes | bytearray | memoryview)
    if not known or isinstance(value, BigInt) or (isinstance(value, int) and not -_LONG <= value < _LONG):
        raise DataError(
            f"Cast transformation was passed a value of type {java_class(value)} which is not supported by "
            "Connect's data API",
            code="BRN-2164",
            remedy="Without a schema decimals and dates cannot be cast: convert them where the record is made.",
        )


_LONG: Final = 1 << 63


def _text(schema: Schema | None, value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    if isinstance(value, date | time | Instant):
        return date_text(value)
    if isinstance(value, bool | int | float | str | Decimal):
        return java_string(schema, value)
    raise NotNumericError


def date_text(value: date | time | Instant) -> str:
    """A time of day before 1970-01-02, a day at midnight UTC, else both; shown in the process's time zone."""
    if isinstance(value, datetime | Instant):
        milliseconds = Timestamp.to_wire(value)
    else:
        milliseconds = Time.to_wire(value) if isinstance(value, time) else Date.to_wire(value) * DAY_MS
    at = local_fields(milliseconds)
    clock = f"{at.hour:02d}:{at.minute:02d}:{at.second:02d}.{at.millisecond:03d}Z"
    if milliseconds < DAY_MS:
        return clock
    day = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
    return day if milliseconds % DAY_MS == 0 else f"{day}T{clock}"
