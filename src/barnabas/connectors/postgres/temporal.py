"""Dates and times in events, for each of the time precision modes. Pure; see :mod:`.codecs`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from barnabas import Schema
from barnabas.connectors.postgres import moments
from barnabas.schema import Date, Instant, Time, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barnabas.connectors.postgres.modes import Modes

__all__ = ["temporal"]

Found = tuple[Schema, "Callable[[Sequence[bytes]], list[Any]]", Any, Any]

_MILLIS, _MICROS, _NANOS = 3, 6, 9
_PER: Final = {_MILLIS: 1000, _MICROS: 1, _NANOS: 1}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What PostgreSQL's driver for Java has for infinite timestamps, in milliseconds.
_FOREVER_MILLIS: Final = {
    moments.FOREVER: 9_223_372_036_825_200_000,
    -moments.FOREVER - 1: -9_223_372_036_832_400_000,
}


def temporal(name: str, typmod: int, modes: Modes) -> Found | None:
    """Schema, function over a column, fallback and placeholder of a type of dates and times; ``None``: it is none."""
    precision = typmod if typmod >= 0 else 6
    if name == "date":
        return _date(modes.time)
    if name == "time":
        return _time(precision, modes.time)
    if name == "timestamp":
        return _timestamp(precision, modes.time)
    if name == "timestamptz":
        zero = "1970-01-01T00:00:00" + ("." + "0" * precision if precision else "") + "Z"
        schema = _named(Schema.STRING, "ZonedTimestamp")
        return schema, moments.zoned_stamps(precision), zero, modes.placeholder
    if name == "timetz":
        schema = _named(Schema.STRING, "ZonedTime")
        return schema, _each(moments.zoned_time), "00:00:00Z", modes.placeholder
    return None


def _named(base: Schema, name: str) -> Schema:
    return base.replace(name=f"io.debezium.time.{name}", version=1)


def _each(convert: Callable[[str], Any]) -> Callable[[Sequence[bytes]], list[Any]]:
    return lambda cells: [convert(cell.decode("ascii")) for cell in cells]


def _date(mode: str) -> Found:
    if mode == "connect":
        return Date.SCHEMA, lambda cells: [*map(_as_date, moments.date_column(cells))], date(1970, 1, 1), None
    if mode == "isostring":
        return (
            _named(Schema.STRING, "IsoDate"),
            lambda cells: [_iso_date(days) for days in moments.date_column(cells)],
            "1970-01-01Z",
            None,
        )
    return _named(Schema.INT32, "Date"), moments.date_column, 0, None


def _iso_date(days: int) -> str:
    return moments.iso_stamp(days * 86_400_000_000).partition("T")[0] + "Z"


def _as_date(days: int) -> date | Instant:
    try:
        return date(1970, 1, 1) + timedelta(days=days)
    except OverflowError:
        return Instant(days * 86_400_000)


def _unit(mode: str, precision: int, *, of_day: bool) -> int:
    if mode == "nanoseconds":
        return _NANOS
    if mode == "microseconds" or (of_day and mode == "adaptive_time_microseconds"):
        return _MICROS
    return _MILLIS if precision <= _MILLIS else _MICROS


def _time(precision: int, mode: str) -> Found:
    clock = moments.clock_micros
    if mode == "connect":
        return Time.SCHEMA, _each(lambda text: _as_time(clock(text))), time(0), None
    if mode == "isostring":
        return _named(Schema.STRING, "IsoTime"), _each(lambda text: _iso_time(clock(text))), "00:00:00Z", None
    unit = _unit(mode, precision, of_day=True)
    if unit == _MILLIS:
        return _named(Schema.INT32, "Time"), _each(lambda text: clock(text) // 1000), 0, None
    if unit == _NANOS:
        return _named(Schema.INT64, "NanoTime"), _each(lambda text: clock(text) * 1000), 0, None
    return _named(Schema.INT64, "MicroTime"), _each(clock), 0, None


def _iso_time(micros: int) -> str:
    if micros == 86_400_000_000:  # noqa: PLR2004 - 24:00:00
        return "24:00:00Z"
    return moments.iso_stamp(micros).partition("T")[2]


def _as_time(micros: int) -> time | Instant:
    try:
        return (_EPOCH + timedelta(microseconds=micros)).time() if micros < 86_400_000_000 else Instant(micros // 1000)  # noqa: PLR2004
    except OverflowError:
        return Instant(micros // 1000)


def _timestamp(precision: int, mode: str) -> Found:
    column = moments.stamp_column
    if mode == "connect":
        return Timestamp.SCHEMA, lambda cells: [*map(_as_datetime, column(cells))], _EPOCH, None
    if mode == "isostring":
        schema = _named(Schema.STRING, "IsoTimestamp")
        return schema, lambda cells: [*map(moments.iso_stamp, column(cells))], "1970-01-01T00:00:00Z", None
    unit = _unit(mode, precision, of_day=False)
    if unit == _MILLIS:
        return _named(Schema.INT64, "Timestamp"), lambda cells: [_scaled(each, -1) for each in column(cells)], 0, None
    if unit == _NANOS:
        schema = _named(Schema.INT64, "NanoTimestamp")
        return schema, lambda cells: [_scaled(each, 1) for each in column(cells)], 0, None
    return _named(Schema.INT64, "MicroTimestamp"), column, 0, None


def _scaled(micros: int, direction: int) -> int:
    """To milliseconds (-1) or nanoseconds (1), where what has no room stays at the end of the range."""
    if direction < 0:
        return _FOREVER_MILLIS.get(micros) or micros // 1000
    return max(-moments.FOREVER - 1, min(moments.FOREVER, micros * 1000))


def _as_datetime(micros: int) -> datetime | Instant:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return Instant(_scaled(micros, -1))
