"""Points in time into text, one field of a pattern after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from barnabas._java.calendar import Moment
from barnabas._java.date_pattern import MOST_DIGITS, Letters
from barnabas._java.date_texts import DAYS, ERAS, HALVES, MONTHS, SHORT_DAYS, SHORT_MONTHS
from barnabas._java.zone_names import display_name
from barnabas._java.zones import Zone

__all__ = ["writer"]

_LONG_FORM: Final = 4
_SHORT_FORM: Final = 3
_MINUTE: Final = 60_000


def writer(pattern: list[Letters | str]) -> Callable[[int, Zone], str]:
    """What writes a point in time (milliseconds) on the wall of a zone."""
    pieces = [_constant(piece) if isinstance(piece, str) else _field(piece) for piece in pattern]

    def write(milliseconds: int, zone: Zone) -> str:
        moment = Moment(milliseconds, zone)
        return "".join([piece(moment, zone) for piece in pieces])

    return write


_Piece = Callable[[Moment, Zone], str]


def _constant(text: str) -> _Piece:
    return lambda _, __: text


def _field(piece: Letters) -> _Piece:
    letter, count = piece
    if letter in _NUMBERS:
        return partial(_number, _NUMBERS[letter], min(count, MOST_DIGITS))
    return partial(_TEXTS[letter], count)


def _number(take: Callable[[Moment], int], width: int, moment: Moment, _: Zone) -> str:
    return _padded(take(moment), width)


def _padded(value: int, width: int) -> str:
    return f"-{-value:0{width}d}" if value < 0 else f"{value:0{width}d}"


def _year(take: Callable[[Moment], int], count: int, moment: Moment, _: Zone) -> str:
    value = take(moment)
    if count == 2:  # noqa: PLR2004 - two letters mean two digits
        return f"{'-' if value < 0 else ''}{abs(value) % 100:02d}"
    return _padded(value, min(count, MOST_DIGITS))


def _month(count: int, moment: Moment, _: Zone) -> str:
    if count >= _LONG_FORM:
        return MONTHS[moment.month - 1]
    return SHORT_MONTHS[moment.month - 1] if count == _SHORT_FORM else f"{moment.month:0{count}d}"


def _weekday(count: int, moment: Moment, _: Zone) -> str:
    return (DAYS if count >= _LONG_FORM else SHORT_DAYS)[moment.weekday - 1]


def _zone_name(count: int, moment: Moment, zone: Zone) -> str:
    return display_name(zone, daylight=moment.offset.daylight != 0, long=count >= _LONG_FORM)


def _rfc_offset(_: int, moment: Moment, __: Zone) -> str:
    total = moment.offset.total
    minutes = abs(total) // _MINUTE
    return f"{'-' if total <= -_MINUTE else '+'}{minutes // 60:02d}{minutes % 60:02d}"


def _iso_offset(count: int, moment: Moment, _: Zone) -> str:
    total = moment.offset.total
    if total == 0:
        return "Z"
    minutes = abs(total) // _MINUTE
    hours = f"{'-' if total <= -_MINUTE else '+'}{minutes // 60:02d}"
    return hours if count == 1 else f"{hours}{':' if count == _SHORT_FORM else ''}{minutes % 60:02d}"


_NUMBERS: Final[dict[str, Callable[[Moment], int]]] = {
    "d": lambda moment: moment.day,
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "K": lambda moment: moment.hour % 12,
    "h": lambda moment: moment.hour % 12 or 12,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
    "S": lambda moment: moment.millisecond,
    "D": lambda moment: moment.day_of_year,
    "F": lambda moment: moment.day_of_week_in_month,
    "w": lambda moment: moment.week_of_year,
    "W": lambda moment: moment.week_of_month,
    "u": lambda moment: (moment.weekday - 2) % 7 + 1,
}
_TEXTS: Final[dict[str, Callable[[int, Moment, Zone], str]]] = {
    "G": lambda _, moment, __: ERAS[moment.era],
    "y": partial(_year, lambda moment: moment.year_of_era),
    "Y": partial(_year, lambda moment: moment.week_year),
    "M": _month,
    "L": _month,
    "E": _weekday,
    "a": lambda _, moment, __: HALVES[moment.hour // 12],
    "z": _zone_name,
    "Z": _rfc_offset,
    "X": _iso_offset,
}
