"""The forms that a point in time has: text, a number, date, time of day, timestamp; each into each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from barnabas._columns.values import to_moments
from barnabas._java.date_format import SimpleDateFormat, UnparseableError, to_milliseconds
from barnabas._schema.exact import BigInt, Instant, Int64
from barnabas._schema.names import java_class, schema_text
from barnabas.errors import ConnectError, DataError
from barnabas.schema import Date, Schema, Time, Timestamp, Type
from barnabas.transforms._cast_column import Column, Fast, by_class

__all__ = ["FORMS", "PRECISIONS", "Conversion", "Conversions"]

FORMS: Final[dict[str, tuple[Schema, Schema]]] = {
    "string": (Schema.STRING, Schema.OPTIONAL_STRING),
    "unix": (Schema.INT64, Schema.OPTIONAL_INT64),
    "Date": (Date.SCHEMA, Date.OPTIONAL_SCHEMA),
    "Time": (Time.SCHEMA, Time.OPTIONAL_SCHEMA),
    "Timestamp": (Timestamp.SCHEMA, Timestamp.OPTIONAL_SCHEMA),
}
"""The schema of each form, required and optional."""
PRECISIONS: Final = {"nanoseconds": 1_000_000, "microseconds": 1000, "milliseconds": 1, "seconds": -1000}
"""How many of the unit are a millisecond; negative: how many milliseconds are one."""
_BY_SCHEMA: Final = {Timestamp.NAME: "Timestamp", Date.NAME: "Date", Time.NAME: "Time"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_PER_MINUTE: Final = 4  # numbers of one minute in a column from which on they are worth a look-up
_MINUTES: Final = 4096
"""So many minutes are remembered."""
_LATER: Final = 1 << 30  # milliseconds: twelve days
_NEAR: Final = 1 << 42  # milliseconds: until 2109
_from_timestamp: Final = datetime.fromtimestamp
_LONG: Final = 1 << 63
_CODE: Final = "BRN-2167"
_REMEDY: Final = "Correct field, or guard the transform with a predicate."

E = TypeVar("E", bound=ConnectError)


class Conversion(NamedTuple):
    """The same conversion for a value and for a column; nulls stay."""

    one: Callable[[Any], Any]
    many: Callable[[Column], Column]


class Conversions:
    """What a transform's settings say.

    Args:
        target: The form to convert to.
        pattern: Of texts, read and written; ``None``: there are none.
        precision: The unit of numbers, one of :data:`PRECISIONS`.
    """

    def __init__(self, target: str, pattern: SimpleDateFormat | None, precision: str) -> None:
        self._target = target
        self._format = pattern
        self._unit = PRECISIONS[precision]

    def schema(self, *, optional: bool) -> Schema:
        """Of converted values."""
        return FORMS[self._target][optional]

    def of(self, schema: Schema | None) -> Conversion:
        """The conversion of values of a schema; of any value if there is none.

        Raises:
            ConnectError: such values are no timestamps.
        """
        form = None if schema is None else _form_of(schema)
        sources = {"string": self._from_text, "unix": self._from_number}
        target = self._to()

        def one(value: Any) -> Any:
            if value is None:
                return None
            source = _inferred(value) if form is None else form
            if source in sources:
                return target(sources[source](value))
            return target(_moment(value, source))

        slowly = by_class(self._ways(form, target), one)
        if form not in (None, "unix") or self._unit != 1 or target is not _same:
            return Conversion(one, slowly)

        def many(column: Column) -> Column:
            made = to_moments(column)
            return slowly(column) if made is None else made

        return Conversion(one, many)

    # -- out of a form ------------------------------------------------------------------------------------------------

    def _from_text(self, value: Any) -> datetime | Instant:
        if not isinstance(value, str):
            raise _refused(DataError, f"Expected string timestamp to be a String, but found {java_class(value)}")
        if self._format is None:
            raise DataError(
                "A text is to be read as a timestamp, but format is not set",
                code=_CODE,
                key="format",
                remedy="Set format, such as yyyy-MM-dd HH:mm:ss.",
            )
        try:
            return self._format.parse(value)
        except UnparseableError as error:
            raise DataError(
                f"Could not parse timestamp: value ({value}) does not match pattern ({self._format.pattern})",
                code=_CODE,
                remedy="Correct format or the data.",
            ) from error

    def _from_number(self, value: Any) -> datetime | Instant:
        if not _is_long(value):
            raise _refused(DataError, f"Expected Unix timestamp to be a Long, but found {java_class(value)}")
        return Timestamp.from_wire(self._milliseconds(int(value)))

    def _milliseconds(self, number: int) -> int:
        if self._unit == 1:
            return number
        if self._unit < 0:
            return _saturated(number * -self._unit)
        return _divided(number, self._unit)

    # -- into a form --------------------------------------------------------------------------------------------------

    def _to(self) -> Callable[[datetime | Instant], Any]:
        if self._target == "string":
            assert self._format is not None, "checked by the transform"
            return self._format.format
        return {"unix": self._to_number, "Date": _to_date, "Time": _to_time, "Timestamp": _same}[self._target]

    def _to_number(self, moment: datetime | Instant) -> int:
        milliseconds = to_milliseconds(moment)
        if self._unit == 1:
            return milliseconds
        if self._unit < 0:
            return _divided(milliseconds, -self._unit)
        return _saturated(milliseconds * self._unit)

    # -- columns ------------------------------------------------------------------------------------------------------

    def _ways(self, form: str | None, target: Callable[[Any], Any]) -> dict[type, Fast]:
        """The fast ways by the values' class; what they find wrong is told by the slow one."""
        same = target is _same
        ways: dict[type, Fast] = {}
        if form in (None, "string") and self._format is not None:
            parse = self._format.parse_column
            ways[str] = parse if same else lambda column: list(map(target, parse(column)))
        if form in (None, "unix") and self._unit == 1:
            ways[int] = self._number_ways(target)
        if form in (None, "Timestamp", "Date", "Time") and same:
            ways[datetime] = lambda column: column if all(_is_utc(moment) for moment in column) else None
        return ways

    def _number_ways(self, target: Callable[[Any], Any]) -> Fast:
        moments = _Moments()
        if target is _same:
            return moments
        if self._target == "string" and self._format is not None:
            write = self._format.format_milliseconds
            return lambda column: list(map(write, column)) if _are_longs(column) else None
        return lambda column: list(map(target, moments(column)))


class _Moments:
    """Makes columns of numbers moments; numbers are mostly of the minutes of the columns before.

    Adding to a moment is fast; what is slow is to make what is added, and to divide numbers of more than 30 bits.
    """

    def __init__(self) -> None:
        self._first = 0
        self._minutes: dict[int, datetime] = {}
        self._within: list[timedelta] = []

    def __call__(self, column: list[int]) -> list[datetime]:
        """The moments.

        Raises:
            OverflowError: one is out of range.
        """
        try:
            return self._known(column)
        except KeyError:
            pass
        first, last = min(column), max(column)
        if first <= -_NEAR or last >= _NEAR:
            return [_EPOCH + timedelta(0, 0, number * 1000) for number in column]
        minutes = last // _MINUTE_MS - first // _MINUTE_MS + 1
        if minutes * _PER_MINUTE > len(column):
            # A float of the seconds is exact to less than a microsecond.
            return [_from_timestamp(number / 1000, UTC) for number in column]
        if len(self._minutes) + minutes > _MINUTES or not -_LATER < first - self._first < _LATER:
            self._first = first // _MINUTE_MS * _MINUTE_MS
            self._minutes.clear()
        self._within = _within_minute()
        begin = (first - self._first) // _MINUTE_MS
        for minute in range(begin, begin + minutes):
            self._minutes[minute] = _EPOCH + timedelta(minutes=self._first // _MINUTE_MS + minute)
        return self._known(column)

    def _known(self, column: list[int]) -> list[datetime]:
        first, minutes, within = self._first, self._minutes, self._within
        return [minutes[(past := number - first) // _MINUTE_MS] + within[past % _MINUTE_MS] for number in column]


@cache
def _within_minute() -> list[timedelta]:
    """Every millisecond of a minute: 3 MB, once a process that has use for it."""
    return [timedelta(0, 0, number * 1000) for number in range(_MINUTE_MS)]


def _form_of(schema: Schema) -> str:
    form = _BY_SCHEMA.get(schema.name) if schema.name is not None else None
    if form is not None:
        return form
    if schema.type is Type.STRING:
        return "string"
    if schema.type is Type.INT64:
        return "unix"
    raise _refused(ConnectError, f"Schema {schema_text(schema)} does not correspond to a known timestamp type format")


def _inferred(value: Any) -> str:
    if isinstance(value, date | time | Instant):
        return "Timestamp"
    if isinstance(value, str):
        return "string"
    if _is_long(value):
        return "unix"
    raise _refused(DataError, f"TimestampConverter does not support {java_class(value)} objects as timestamps")


def _moment(value: Any, form: str) -> datetime | Instant:
    if isinstance(value, datetime):
        if not _is_utc(value):
            Timestamp.to_wire(value)  # refuses one without a time zone
            return value.astimezone(UTC)
        return value
    if isinstance(value, Instant):
        return Timestamp.from_wire(value.milliseconds)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, time):
        return datetime.combine(_EPOCH.date(), value, UTC)
    raise _refused(DataError, f"Expected {form} to be a java.util.Date, but found {java_class(value)}")


def _is_utc(moment: datetime) -> bool:
    return moment.tzinfo is UTC


def _is_long(value: Any) -> bool:
    plain = type(value) is int or isinstance(value, Int64)
    return plain and not isinstance(value, BigInt) and -_LONG <= value < _LONG


def _are_longs(column: list[int]) -> bool:
    return min(column) >= -_LONG and max(column) < _LONG


def _same(moment: datetime | Instant) -> datetime | Instant:
    return moment


def _to_date(moment: datetime | Instant) -> date | Instant:
    return moment.date() if isinstance(moment, datetime) else Date.from_wire(moment.milliseconds // _DAY_MS)


def _to_time(moment: datetime | Instant) -> time | Instant:
    return moment.time() if isinstance(moment, datetime) else Time.from_wire(moment.milliseconds % _DAY_MS)


def _saturated(number: int) -> int:
    return max(-_LONG, min(_LONG - 1, number))


def _divided(number: int, by: int) -> int:
    """Towards zero."""
    return number // by if number >= 0 else -(-number // by)


def _refused(kind: type[E], message: str) -> E:
    return kind(message, code=_CODE, remedy=_REMEDY)
