"""Columns of single values: from what Google's library holds to what Connect's schemas say, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from barnabas._schema.calendar import days_of
from barnabas._schema.exact import Instant
from barnabas.converters._protobuf.flags import PRECISION
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp

__all__ = [
    "Column",
    "UnfitError",
    "dates_of",
    "dates_to",
    "decimals_of",
    "decimals_to",
    "narrowed",
    "signed",
    "times_of",
    "times_to",
    "timestamps_of",
    "timestamps_to",
]

Column = Callable[[Sequence[Any]], Sequence[Any]]
"""Values of one field in many records, none of them ``None``, into others; the same object where none changes."""

_LONG: Final = 1 << 63
_NANOS: Final = 1_000_000
_TIMESTAMP: Final = attrgetter("seconds", "nanos")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_UINT32: Final = (1 << 32) - 1


class UnfitError(DataError):
    """A value does not fit; says why, in a sentence for a person."""

    code = "BRN-1446"


def signed(values: Sequence[int]) -> Sequence[int]:
    """Unsigned numbers of 64 bits as Java's signed ones: those beyond become negative."""
    if not values or max(values) < _LONG:
        return values
    return [value - 2 * _LONG if value >= _LONG else value for value in values]


def refuse_unsigned(values: Sequence[int]) -> Sequence[int]:
    """The same, in strict mode."""
    if values and max(values) >= _LONG:
        raise UnfitError(
            "an unsigned number is beyond what INT64 holds", remedy="Read it without strict, as a negative one."
        )
    return values


def narrowed(bits: int, *, strict: bool) -> Column:
    """Numbers whose schema is narrower than Protobuf's type: Java takes the lowest bits, strict mode refuses."""
    half = 1 << (bits - 1)

    def narrow(values: Sequence[int]) -> Sequence[int]:
        if not values or (min(values) >= -half and max(values) < half):
            return values
        if strict:
            raise UnfitError(f"a number is beyond what INT{bits} holds", remedy="Correct connect.type of the field.")
        return [(value + half) % (2 * half) - half for value in values]

    return narrow


def timestamps_of(messages: Sequence[Any]) -> list[Any]:
    """``google.protobuf.Timestamp`` as points in time, to the millisecond."""
    pairs = [*map(_TIMESTAMP, messages)]
    try:
        return [_EPOCH + timedelta(0, seconds, nanos // _NANOS * 1000) for seconds, nanos in pairs]
    except OverflowError:  # one of them is beyond what Python's own class holds
        return [Timestamp.from_wire(seconds * 1000 + nanos // _NANOS) for seconds, nanos in pairs]


def timestamps_to(values: Sequence[Any]) -> list[dict[str, int]]:
    """The way back."""
    if {*map(type, values)} == {datetime} and {value.tzinfo for value in values} == {UTC}:
        spans = [value - _EPOCH for value in values]
        return [
            {"seconds": span.days * 86_400 + span.seconds, "nanos": span.microseconds // 1000 * _NANOS}
            for span in spans
        ]
    found = []
    for value in values:
        if not isinstance(value, datetime | Instant):
            raise UnfitError(f"{type(value).__name__} is no timestamp")
        seconds, rest = divmod(Timestamp.to_wire(value), 1000)
        found.append({"seconds": seconds, "nanos": rest * _NANOS})
    return found


def dates_of(messages: Sequence[Any]) -> list[Any]:
    """``google.type.Date`` as days; month 13 is in the next year, as Java's calendar has it."""
    return [_date(m.year, m.month, m.day) for m in messages]


def _date(year: int, month: int, day: int) -> Any:
    try:
        return date(year, month, day)
    except ValueError:
        return Date.from_wire(days_of(year, month, day))


def dates_to(values: Sequence[Any]) -> list[dict[str, int]]:
    """The way back."""
    found = []
    for value in values:
        day = Date.from_wire(Date.to_wire(value)) if isinstance(value, datetime | Instant) else value
        if not isinstance(day, date):
            raise UnfitError(
                f"{type(value).__name__} is no day that google.type.Date holds",
                remedy="Give a date of the years 1 to 9999.",
            )
        found.append({"year": day.year, "month": day.month, "day": day.day})
    return found


def times_of(messages: Sequence[Any]) -> list[Any]:
    """``google.type.TimeOfDay`` as times, to the millisecond."""
    return [Time.from_wire(((m.hours * 60 + m.minutes) * 60 + m.seconds) * 1000 + m.nanos // _NANOS) for m in messages]


def times_to(values: Sequence[Any]) -> list[dict[str, int]]:
    """The way back."""
    found = []
    for value in values:
        if not isinstance(value, time | datetime | Instant):
            raise UnfitError(f"{type(value).__name__} is no time of day")
        seconds, rest = divmod(Time.to_wire(value), 1000)
        minutes, second = divmod(seconds, 60)
        found.append({"hours": minutes // 60, "minutes": minutes % 60, "seconds": second, "nanos": rest * _NANOS})
    return found


def decimals_of(messages: Sequence[Any]) -> list[Decimal]:
    """``confluent.type.Decimal`` as numbers; no bytes mean zero."""
    return [LogicalDecimal.of(int.from_bytes(m.value, "big", signed=True), m.scale) for m in messages]


def decimals_to(schema: Schema) -> Column:
    """The way back, for decimals of a schema; one of another scale is refused."""
    text = schema.parameters.get(PRECISION, "")
    declared = int(text) if text.isdigit() and int(text) <= _MAX_UINT32 else None
    scale = LogicalDecimal.scale(schema)

    def write(values: Sequence[Any]) -> list[dict[str, Any]]:
        found = []
        for value in values:
            if not isinstance(value, Decimal):
                raise UnfitError(f"{type(value).__name__} is no decimal")
            digits = len(value.as_tuple().digits)
            wire = LogicalDecimal.to_wire(schema, value)
            found.append({"value": wire, "precision": digits if declared is None else declared, "scale": scale})
        return found

    return write
