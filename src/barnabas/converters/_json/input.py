"""Parsing JSON fast, with the JVM's results.

orjson differs from the JVM's parser in what it refuses, which is tried again, and in two things that it accepts:
numbers beyond 64 bits become floats, negative zeros keep their sign. Both show in the bytes, so a column is searched
for them as a whole, and only rows that have one are parsed the slow way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import copysign
from typing import Any, Final

import msgspec
import orjson

from barnabas.converters._json.columns import numbers_of
from barnabas.converters._json.lenient import parse

__all__ = ["exact_column", "has_negative_zero", "odd_rows", "parse_column", "parse_one"]

_NUL_COMMA: Final = b"\0,"
# Digits alike, and whatever may stand before a number: so that a run of digits can be searched for.
_DIGITS: Final = bytes.maketrans(b"123456789:[ \t\r\n", b"000000000,,,,,,")
_INT64: Final = 1 << 63
_NINETEEN: Final = b"0" * 19
_LONG: Final = re.compile(rb"[,-]0{19}")
_NEGATIVE_ZERO: Final = re.compile(rb"[,:\[ \t\r\n]-0(?:\.0+)?(?:[eE][+-]?[0-9]+)?(?![0-9.eE])")


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
        values = [*map(orjson.loads, payloads)]
    except ValueError:  # one of them is odd
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
    if b",-0" in alike and _NEGATIVE_ZERO.search(joined):
        found.update(at for at, row in enumerate(joined.split(b"\0")) if _NEGATIVE_ZERO.search(row))
    return found


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


_exact: Final = msgspec.json.Decoder(float_hook=_decimal)
