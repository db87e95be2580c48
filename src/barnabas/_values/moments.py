"""Dates, times and timestamps: from text and to text, in the process's time zone although the text ends in ``Z``.

The patterns are Java's ``yyyy-MM-dd``, ``HH:mm:ss.SSS'Z'`` and ``yyyy-MM-dd'T'HH:mm:ss.SSS'Z'``, where Z is a letter
and no zone, read leniently: blanks before a number, the 30th of February, 25 o'clock, and whatever follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from barnabas._schema.calendar import DAY_MS, days_of, local_fields, utc_of_wall
from barnabas._schema.exact import Instant
from barnabas._schema.logical import Date, Time, Timestamp
from barnabas._schema.model import Schema
from barnabas._schema.validate import DATE, TIME
from barnabas._values.numbers import wrap

__all__ = ["milliseconds_of", "moment", "moment_text", "parse_moment"]

_NUMBER: Final = r"[ \t]*(-?\d+)(?:E(-?\d+))?"
_DATE: Final = f"{_NUMBER}-{_NUMBER}-{_NUMBER}"
_TIME: Final = rf"{_NUMBER}:{_NUMBER}:{_NUMBER}\.{_NUMBER}Z"
# By the length of the text, which is the only thing that decides which pattern is tried.
_PATTERNS: Final[Mapping[int, tuple[Schema, re.Pattern[str]]]] = {
    10: (Date.SCHEMA, re.compile(_DATE)),
    13: (Time.SCHEMA, re.compile(_TIME)),
    24: (Timestamp.SCHEMA, re.compile(f"{_DATE}T{_TIME}")),
}
_EPOCH: Final = (1970, 1, 1)
_MIDNIGHT: Final = (0, 0, 0, 0)
_LONG: Final = 1 << 63
_INT: Final = 1 << 31
_DIGITS_MAX: Final = 30


def parse_moment(text: str) -> tuple[Schema, Instant] | None:
    """The logical type of a text of such length and form, or ``None``; a colon may have a backslash before it."""
    plain = text.replace("\\:", ":")
    length = len(plain) if plain.isascii() else len(plain.encode("utf-16-le", "surrogatepass")) // 2
    known = _PATTERNS.get(length)
    match = known[1].match(plain) if known is not None else None
    if known is None or match is None:
        return None
    groups = match.groups()
    if not plain.isascii() and any(part is not None and max(part) > "\uffff" for part in groups):
        return None  # digits beyond the first 65,536 characters are none to Java
    numbers = [_number(groups[i], groups[i + 1]) for i in range(0, len(groups), 2)]
    schema = known[0]
    if schema is Date.SCHEMA:
        return schema, _instant(numbers, _MIDNIGHT)
    if schema is Time.SCHEMA:
        return schema, _instant(_EPOCH, numbers)
    return schema, _instant(numbers[:3], numbers[3:])


def moment_text(milliseconds: int) -> str:
    """The text of a point in time; which of the three forms is decided by the number, whatever the schema says."""
    at = local_fields(milliseconds)
    clock = f"{at.hour:02d}:{at.minute:02d}:{at.second:02d}.{at.millisecond:03d}Z"
    if milliseconds < DAY_MS:
        return clock
    year = at.year if at.year > 0 else 1 - at.year
    day = f"{year:04d}-{at.month:02d}-{at.day:02d}"
    return day if milliseconds % DAY_MS == 0 else f"{day}T{clock}"


def milliseconds_of(value: date | time | Instant) -> int:
    """Milliseconds since the epoch, which is what Java's one class for all of them holds."""
    if isinstance(value, datetime | Instant):
        return Timestamp.to_wire(value)
    return Time.to_wire(value) if isinstance(value, time) else Date.to_wire(value) * DAY_MS


def moment(schema: Schema | None, milliseconds: int) -> Any:
    """The Python value for a point in time, in the form that values of the schema have where they can."""
    name = schema.name if schema is not None else None
    if name == DATE and milliseconds % DAY_MS == 0:
        return Date.from_wire(milliseconds // DAY_MS)
    if name == TIME:
        return Time.from_wire(milliseconds) if 0 <= milliseconds < DAY_MS else Instant(milliseconds)
    return Timestamp.from_wire(milliseconds)


def _number(digits: str, exponent: str | None) -> int:
    """``Number.intValue()`` of what Java's lenient number format reads: the ``E`` of scientific numbers included."""
    number = int(digits)
    if exponent is not None:
        power = int(exponent)
        number = number * 10 ** min(power, _DIGITS_MAX) if power >= 0 else int(number / 10 ** min(-power, _DIGITS_MAX))
    if -_LONG <= number < _LONG:
        return wrap(number, _INT)
    return _INT - 1 if number > 0 else -_INT


def _instant(day: Any, clock: Any) -> Instant:
    hour, minute, second, millisecond = clock
    carry, rest = divmod(((hour * 60 + minute) * 60 + second) * 1000 + millisecond, DAY_MS)
    wall = days_of(day[0], day[1], day[2] + carry) * DAY_MS + rest
    return Instant(utc_of_wall(wrap(wall, _LONG)))
