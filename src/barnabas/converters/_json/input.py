"""Parsing JSON fast, with the JVM's results.

Fast parsers differ from the JVM's in what they refuse, which is tried again the slow way, and in two kinds of numbers:
those beyond 64 bits, and zeros with a minus. A column without a schema is read by a decoder that refuses the former by
itself, and searched for the latter as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import copysign
from types import GenericAlias
from typing import Annotated, Any, Final

import msgspec
import orjson

from barnabas._schema.validate import INT_RANGES
from barnabas.converters._json.columns import numbers_of
from barnabas.converters._json.lenient import parse
from barnabas.schema import Type

__all__ = ["exact_column", "has_negative_zero", "odd_rows", "parse_column", "parse_one"]

_NUL_COMMA: Final = b"\0,"
# Digits alike, and whatever may stand before a number: so that a run of digits can be searched for.
_DIGITS: Final = bytes.maketrans(b"123456789:[ \t\r\n", b"000000000,,,,,,")
_INT64: Final = 1 << 63
_NINETEEN: Final = b"0" * 19
_LONG: Final = re.compile(rb"[,-]0{19}")
_NEGATIVE_ZERO: Final = re.compile(
    rb"-0(?:\.0+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![0-9.eE])"
)  # starts literally: fast
_LEVELS: Final = 6


def parse_one(payload: bytes, *, exact: bool = False, whole: bool = False) -> Any:
    """One value.

    Args:
        payload: The text.
        exact: Fractions as decimals with all their digits.
        whole: Refuse text behind the value, and nothing at all.

    Raises:
        JsonError: it is no JSON.
    """
    if exact:
        return parse(payload, whole=whole)
    try:
        value = orjson.loads(payload)
    except ValueError:
        return parse(payload, whole=whole)
    return parse(payload) if odd_rows([payload], [value]) else value


def parse_column(payloads: list[bytes], read: Callable[[Any], Any], *, whole: bool = False) -> list[Any]:
    """Many values without a schema.

    Args:
        payloads: The texts.
        read: Makes a value of what the slow parser gives; the fast one's needs no change.
        whole: As for :func:`parse_one`.

    Raises:
        JsonError: one of them is no JSON.
    """
    try:
        values = [*map(_schemaless, payloads)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # one of them is odd, or deep
    else:
        for at in _rows_with_negative_zero(payloads):
            values[at] = read(parse(payloads[at]))
        return values
    try:
        values = [*map(orjson.loads, payloads)]
    except ValueError:
        return [read(parse_one(payload, whole=whole)) for payload in payloads]
    for at in odd_rows(payloads, values):
        values[at] = read(parse(payloads[at]))
    return values


def exact_column(payloads: list[bytes]) -> list[Any] | None:
    """Many values that are valid JSON and not odd, fractions as decimals; ``None`` if one needs the slow parser."""
    try:
        return [*map(_exact.decode, payloads)]
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None


def odd_rows(payloads: Sequence[bytes], values: Sequence[Any]) -> set[int]:
    """The rows of valid JSON that may hold a number which orjson reads differently.

    Args:
        payloads: The texts.
        values: What orjson made of them; where none of those numbers can be among them, the texts are not searched.
    """
    numbers = numbers_of(values)
    if numbers is not None and not any(map(_odd_floats, numbers[0])) and not any(map(_odd_ints, numbers[1])):
        return set()
    joined = b",%b" % _NUL_COMMA.join(payloads)  # no valid JSON contains a NUL
    alike = joined.translate(_DIGITS)
    found: set[int] = set()
    if _NINETEEN in alike:
        found.update(at for at, row in enumerate(alike.split(b"\0")) if _LONG.search(row))
    found.update(_rows_with_negative_zero(payloads))
    return found


def _rows_with_negative_zero(payloads: Sequence[bytes]) -> list[int]:
    """The rows with a zero with a minus, or a text that looks like it; a plain ``-0`` is read alike by all parsers."""
    if _NEGATIVE_ZERO.search(b"\0".join(payloads)) is None:
        return []
    return [at for at, row in enumerate(payloads) if _NEGATIVE_ZERO.search(row)]


def _odd_floats(group: Sequence[float]) -> bool:
    """Whether one may have been a whole number beyond 64 bits, or is a negative zero."""
    low, high = min(group), max(group)
    if high >= _INT64 or low <= -_INT64:
        return True
    return low <= 0.0 and has_negative_zero(group)


def _odd_ints(group: Sequence[int]) -> bool:
    return max(group) >= _INT64


def has_negative_zero(group: Sequence[float | None]) -> bool:
    """Whether one of them is a zero with a minus."""
    return 0.0 in group and any(value == 0.0 and copysign(1.0, value) < 0 for value in group if value is not None)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    return number or number.copy_abs()  # the JVM's decimals have no negative zero


def _any_kind() -> Any:
    """The type of all JSON down to a few levels, with whole numbers of 64 bits only."""
    low, high = INT_RANGES[Type.INT64]
    plain: Any = Annotated[int, msgspec.Meta(ge=low, le=high)] | float | str | bool | None
    kind: Any = plain
    for _ in range(_LEVELS):
        kind = plain | GenericAlias(list, (kind,)) | GenericAlias(dict, (str, kind))
    return kind


_schemaless: Final = msgspec.json.Decoder(_any_kind()).decode
_exact: Final = msgspec.json.Decoder(float_hook=_decimal)
