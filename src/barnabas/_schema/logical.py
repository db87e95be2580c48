"""Logical types: a name on a schema that gives its values a richer Python type.

Each has ``to_wire`` (the Python value into what its base type holds) and ``from_wire`` (back).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, ClassVar, Final

from barnabas._schema.exact import Instant
from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas._schema.validate import DATE, DECIMAL, TIME, TIMESTAMP
from barnabas.errors import DataError

__all__ = ["Date", "LogicalDecimal", "Time", "Timestamp", "from_wire", "to_wire"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.date().toordinal()
_MS: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000
_EXACT: Final = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)


class LogicalDecimal:
    """Exact decimal numbers (:class:`decimal.Decimal`) with a fixed number of places, kept as BYTES."""

    NAME: ClassVar[str] = DECIMAL

    @staticmethod
    def schema(scale: int, *, optional: bool = False) -> Schema:
        """The schema of decimals with ``scale`` places after the point (negative: before it)."""
        return Schema(Type.BYTES, name=DECIMAL, version=1, parameters={"scale": str(scale)}, optional=optional)

    @staticmethod
    def scale(schema: Schema) -> int:
        """How many places the schema asks for.

        Raises:
            DataError: it does not say, or not with a number.
        """
        text = schema.parameters.get("scale")
        if text is None:
            raise DataError("Invalid Decimal schema: scale parameter not found.")
        try:
            return int(text)
        except ValueError:
            raise DataError(
                "Invalid scale parameter found in Decimal schema: ", remedy=f"It is {text!r}: give a number."
            ) from None

    @staticmethod
    def to_wire(schema: Schema, value: Decimal) -> bytes:
        """The unscaled number as big-endian two's complement, as short as possible.

        Raises:
            DataError: the value has another scale than the schema, or is NaN or infinite. Nothing is rounded silently.
        """
        unscaled, scale = LogicalDecimal.parts(value)
        wanted = LogicalDecimal.scale(schema)
        if scale != wanted:
            raise DataError(
                "Decimal value has mismatching scale for given Decimal schema. "
                f"Schema has scale {wanted}, value has scale {scale}.",
                remedy=f"Round it yourself: value.quantize(Decimal('1E{-wanted}')).",
            )
        return unscaled.to_bytes(((unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8) + 1, "big", signed=True)

    @staticmethod
    def from_wire(schema: Schema, wire: bytes) -> Decimal:
        """The decimal that :meth:`to_wire` took apart.

        Raises:
            DataError: no bytes, or a schema without a scale.
        """
        if not wire:
            raise DataError("Invalid bytes for Decimal field")
        return LogicalDecimal.of(int.from_bytes(wire, "big", signed=True), LogicalDecimal.scale(schema))

    @staticmethod
    def of(unscaled: int, scale: int) -> Decimal:
        """``unscaled`` / 10 ** ``scale``, exactly, whatever the ambient decimal context is."""
        return Decimal(unscaled).scaleb(-scale, context=_EXACT)

    @staticmethod
    def parts(value: Decimal) -> tuple[int, int]:
        """The unscaled number and the scale.

        Raises:
            DataError: NaN or infinite.
        """
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise DataError(f"{value} cannot be a decimal on the wire", remedy="Send None, or use FLOAT64.")
        number = int(Decimal((sign, digits, 0)))  # not from text: Python limits how many digits that may have
        return number, -exponent


class Date:
    """Calendar days (:class:`datetime.date`), kept as INT32 days since 1970-01-01."""

    NAME: ClassVar[str] = DATE
    SCHEMA: ClassVar[Schema] = Schema(Type.INT32, name=DATE, version=1)
    OPTIONAL_SCHEMA: ClassVar[Schema] = SCHEMA.as_optional()

    @staticmethod
    def to_wire(value: date | Instant) -> int:
        """Days since the epoch. A datetime is accepted at midnight UTC.

        Raises:
            DataError: a datetime at another time of day.
        """
        if isinstance(value, datetime | Instant):
            days, rest = divmod(Timestamp.to_wire(value), _DAY_MS)
            if rest:
                raise DataError(
                    "Kafka Connect Date type should not have any time fields set to non-zero values.",
                    remedy="Give value.date(), or use the Timestamp type.",
                )
            return days
        return value.toordinal() - _EPOCH_DAY

    @staticmethod
    def from_wire(days: int) -> date | Instant:
        """The day; an :class:`~barnabas.schema.Instant` outside the years 1 to 9999."""
        try:
            return date.fromordinal(days + _EPOCH_DAY)
        except (ValueError, OverflowError):
            return Instant(days * _DAY_MS)


class Time:
    """Times of day (:class:`datetime.time`, UTC), kept as INT32 milliseconds since midnight."""

    NAME: ClassVar[str] = TIME
    SCHEMA: ClassVar[Schema] = Schema(Type.INT32, name=TIME, version=1)
    OPTIONAL_SCHEMA: ClassVar[Schema] = SCHEMA.as_optional()

    @staticmethod
    def to_wire(value: time | datetime | Instant) -> int:
        """Milliseconds since midnight; finer parts are cut off. A datetime is accepted on 1970-01-01, 24:00 included.

        Raises:
            DataError: a datetime on another day.
        """
        if isinstance(value, datetime | Instant):
            wire = Timestamp.to_wire(value)
            if not 0 <= wire <= _DAY_MS:
                raise DataError(
                    "Kafka Connect Time type should not have any date fields set to non-zero values.",
                    remedy="Give value.time(), or use the Timestamp type.",
                )
            return wire
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000 + value.microsecond // 1000

    @staticmethod
    def from_wire(milliseconds: int) -> time | Instant:
        """The time of day; an :class:`~barnabas.schema.Instant` for 24:00.

        Raises:
            DataError: not within a day.
        """
        if milliseconds == _DAY_MS:
            return Instant(milliseconds)
        if not 0 <= milliseconds < _DAY_MS:
            raise DataError(
                f"Time values must use number of milliseconds greater than 0 and less than {_DAY_MS}",
                remedy=f"It is {milliseconds}.",
            )
        seconds, ms = divmod(milliseconds, 1000)
        minutes, second = divmod(seconds, 60)
        return time(minutes // 60, minutes % 60, second, ms * 1000)


class Timestamp:
    """Points in time (aware :class:`datetime.datetime`, UTC), kept as INT64 milliseconds since the epoch."""

    NAME: ClassVar[str] = TIMESTAMP
    SCHEMA: ClassVar[Schema] = Schema(Type.INT64, name=TIMESTAMP, version=1)
    OPTIONAL_SCHEMA: ClassVar[Schema] = SCHEMA.as_optional()

    @staticmethod
    def to_wire(value: datetime | Instant) -> int:
        """Milliseconds since the epoch; microseconds are cut off (towards the past).

        Raises:
            DataError: the datetime has no time zone: which point in time it means would depend on the machine.
        """
        if isinstance(value, Instant):
            return value.milliseconds
        if value.tzinfo is None:
            raise DataError(
                f"The datetime {value.isoformat()} has no time zone",
                remedy="Make it aware: value.replace(tzinfo=timezone.utc).",
            )
        return (value - _EPOCH) // _MS

    @staticmethod
    def from_wire(milliseconds: int) -> datetime | Instant:
        """The point in time, in UTC; an :class:`~barnabas.schema.Instant` outside the years 1 to 9999."""
        try:
            return _EPOCH + timedelta(milliseconds=milliseconds)
        except OverflowError:
            return Instant(milliseconds)


def to_wire(schema: Schema, value: Any) -> Any:
    """What the schema's base type holds for a value of a logical type; any other value unchanged.

    Raises:
        DataError: the value cannot be written.
    """
    if value is None or schema.name is None:
        return value
    if schema.name == DECIMAL:
        return LogicalDecimal.to_wire(schema, value)
    converter = _BY_NAME.get(schema.name)
    return converter.to_wire(value) if converter is not None else value


def from_wire(schema: Schema, wire: Any) -> Any:
    """The value of a logical type from what its base type holds; any other value unchanged.

    Raises:
        DataError: Python has no such value.
    """
    if wire is None or schema.name is None:
        return wire
    if schema.name == DECIMAL:
        return LogicalDecimal.from_wire(schema, wire)
    converter = _BY_NAME.get(schema.name)
    return converter.from_wire(wire) if converter is not None else wire


_BY_NAME: Final[dict[str, Any]] = {DATE: Date, TIME: Time, TIMESTAMP: Timestamp}
