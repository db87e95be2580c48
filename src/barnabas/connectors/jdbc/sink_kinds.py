"""What a column's values are, as far as a database cares: one word for each schema, and its text form."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, Literal

import orjson

from barnabas.schema import Date, Instant, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["ANY_NAME", "Kind", "instant_micros", "json_text", "kind_of", "micros_of", "text_form"]

Kind = Literal[
    "int",
    "float",
    "bool",
    "string",
    "bytes",
    "decimal",
    "date",
    "time",
    "timestamp",
    "days",
    "time_ms",
    "time_us",
    "time_ns",
    "stamp_ms",
    "stamp_us",
    "stamp_ns",
    "json",
    "array",
    "any",
]
"""``days`` to ``stamp_ns`` are whole numbers that stand for a date, a time of day or a timestamp since the epoch."""

ANY_NAME: Final = "barnabas.Any"
"""The name of a schema whose values may be anything."""

_TYPES: Final[dict[Type, Kind]] = {
    Type.INT8: "int",
    Type.INT16: "int",
    Type.INT32: "int",
    Type.INT64: "int",
    Type.FLOAT32: "float",
    Type.FLOAT64: "float",
    Type.BOOLEAN: "bool",
    Type.STRING: "string",
    Type.BYTES: "bytes",
    Type.ARRAY: "array",
    Type.MAP: "json",
    Type.STRUCT: "json",
}
_LOGICAL: Final[dict[str | None, Kind]] = {
    LogicalDecimal.NAME: "decimal",
    Date.NAME: "date",
    Time.NAME: "time",
    Timestamp.NAME: "timestamp",
    ANY_NAME: "any",
}
_DEBEZIUM: Final[dict[str | None, Kind]] = {
    "io.debezium.time.Date": "days",
    "io.debezium.time.Time": "time_ms",
    "io.debezium.time.MicroTime": "time_us",
    "io.debezium.time.NanoTime": "time_ns",
    "io.debezium.time.Timestamp": "stamp_ms",
    "io.debezium.time.MicroTimestamp": "stamp_us",
    "io.debezium.time.NanoTimestamp": "stamp_ns",
}
_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_UNIX_TO_POSTGRES: Final = (_POSTGRES_EPOCH - _EPOCH) // _MICROSECOND
_NAIVE: Final = datetime(1970, 1, 1)  # noqa: DTZ001  what a column without a time zone holds


def kind_of(schema: Schema, *, debezium: bool = True) -> Kind:
    """What values of a schema are.

    Args:
        schema: A column's.
        debezium: Whether the names that Debezium gives to numbers which stand for points in time count.
    """
    found = _LOGICAL.get(schema.name) or (_DEBEZIUM.get(schema.name) if debezium else None)
    return found or _TYPES[schema.type]


def micros_of(values: list[Any], zone: tzinfo | None) -> list[int]:
    """Timestamps as PostgreSQL counts them: microseconds since the year 2000.

    Args:
        values: Aware, none of them ``None``.
        zone: Whose wall clock to count by; ``None`` for UTC.
    """
    if zone is not None:
        values = [value if isinstance(value, Instant) else _wall(value, zone) for value in values]
    try:
        spans = [value - _POSTGRES_EPOCH for value in values]
        return [(span.days * 86400 + span.seconds) * 1_000_000 + span.microseconds for span in spans]
    except TypeError:
        return [instant_micros(value) for value in values]


def instant_micros(value: Any) -> int:
    """As :func:`micros_of`, of a single value that may be beyond what Python's own class can hold."""
    if isinstance(value, Instant):
        return value.milliseconds * 1000 - _UNIX_TO_POSTGRES
    return int((value - _POSTGRES_EPOCH) // _MICROSECOND)


def _wall(value: datetime, zone: tzinfo) -> datetime:
    return value.astimezone(zone).replace(tzinfo=UTC)


def text_form(kind: Kind, *, zone: tzinfo | None = None, naive: bool = False) -> Callable[[Any], str]:
    """How values of a kind read as text that a database takes for them; never called with ``None``.

    Args:
        kind: Of the values.
        zone: For timestamps where the column keeps none: whose wall clock.
        naive: Whether the column keeps no time zone.
    """
    if kind == "timestamp" and naive:
        return lambda value: _naive_text(value, zone)
    return _TEXTS[kind]


def _naive_text(value: Any, zone: tzinfo | None) -> str:
    if isinstance(value, Instant):
        return _stamp_text(value)
    return str(value.astimezone(zone or UTC).replace(tzinfo=None).isoformat(" "))


def _stamp_text(value: Any) -> str:
    if isinstance(value, Instant):
        raise ValueError(f"{value.milliseconds} milliseconds since the epoch is outside the years 1 to 9999")  # noqa: TRY004  of the right type
    return str(value.isoformat(" "))


def _numbered(unit: str) -> Callable[[int], str]:
    one = {"ms": timedelta(milliseconds=1), "us": _MICROSECOND}.get(unit)

    def text(value: int) -> str:
        since = timedelta(microseconds=value // 1000) if one is None else one * value
        return (_NAIVE + since).isoformat(" ")

    return text


def _time_of_day(unit: str) -> Callable[[int], str]:
    stamp = _numbered(unit)
    return lambda value: stamp(value).partition(" ")[2]


def _float_text(value: float) -> str:
    return repr(float(value))


def _day_text(value: int) -> str:
    return date.fromordinal(_EPOCH_DAY + value).isoformat()


def _decimal_text(value: Decimal) -> str:
    return format(value, "f")


def _iso(value: date | time) -> str:
    return value.isoformat()


def _bool_text(value: bool) -> str:
    return "true" if value else "false"


def _hex(value: bytes) -> str:
    return "\\x" + value.hex()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Instant):
        return value.milliseconds
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def json_text(value: Any) -> str:
    """A map, struct or list as JSON: bytes in base64, decimals as text, so that nothing is rounded."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _same(value: str) -> str:
    return value + ""  # raises for what is no text


def _any_text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


_TEXTS: Final[dict[Kind, Callable[[Any], str]]] = {
    "int": lambda value: str(int(value)),
    "float": _float_text,
    "bool": _bool_text,
    "string": _same,
    "bytes": _hex,
    "decimal": _decimal_text,
    "date": _iso,
    "time": _iso,
    "timestamp": _stamp_text,
    "days": _day_text,
    "time_ms": _time_of_day("ms"),
    "time_us": _time_of_day("us"),
    "time_ns": _time_of_day("ns"),
    "stamp_ms": _numbered("ms"),
    "stamp_us": _numbered("us"),
    "stamp_ns": _numbered("ns"),
    "json": json_text,
    "array": json_text,
    "any": _any_text,
}
