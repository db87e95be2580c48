"""Numbers from text, and from one another, as Java's classes do it."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.exact import Float32, Float64, Int8, Int16, Int32, Int64
from barnabas._schema.java import float32_of
from barnabas._schema.logical import LogicalDecimal
from barnabas._schema.model import Schema
from barnabas._schema.validate import INT_RANGES

__all__ = ["big_decimal", "long_of", "parse_number", "wrap"]

_DECIMAL: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?)(\d+))?")
_SMALL_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_EXPONENT_DIGITS: Final = 10
_INT: Final = 1 << 31
_LONG: Final = 1 << 63
_LONG_DIGITS: Final = 19
_ALL_ZERO_BITS: Final = 64  # a power of ten from this one on leaves nothing in the lowest 64 bits
_INTEGERS: Final = ((Schema.INT8, Int8), (Schema.INT16, Int16), (Schema.INT32, Int32), (Schema.INT64, Int64))


def big_decimal(text: str) -> Decimal | None:
    """``new BigDecimal(text)``; ``None`` where Java refuses. Digits of any script count, blanks do not."""
    match = _DECIMAL.fullmatch(text)
    if match is None or (not text.isascii() and max(text) > "\uffff"):  # Java looks at 16 bits at a time
        return None
    sign, exponent = match.groups()
    if exponent is not None:
        significant = exponent.lstrip("0") if exponent.isascii() else str(Decimal(exponent))
        if len(significant) > _EXPONENT_DIGITS:
            return None
        mantissa = text[: match.start(1) - 1]
        power = int(f"{sign}{significant or 0}")
        if not (-_INT <= power < _INT and -_INT <= len(mantissa.partition(".")[2]) - power < _INT):
            return None
    number = Decimal(text)
    return number or number.copy_abs()  # Java has no negative zero here


def parse_number(text: str) -> tuple[Schema, Any] | None:
    """The smallest type that holds the number: integers first, then floats, then a decimal; ``None``: no number."""
    number = None
    if _SMALL_INTEGER.fullmatch(text) is not None:  # nearly all: without a detour
        whole: int | None = int(text)
    else:
        number = big_decimal(text)
        if number is None:
            return None
        whole = _whole(number)
    if whole is not None:
        for schema, exact in _INTEGERS:
            low, high = INT_RANGES[schema.type]
            if low <= whole <= high:
                return schema, exact(whole)
    assert number is not None, "every number of 18 digits fits 64 bits"
    exponent = number.as_tuple().exponent
    if exponent != 0:
        narrow = float32_of(number)
        if math.isfinite(narrow):
            return Schema.FLOAT32, Float32(narrow)
        wide = float(number)
        if math.isfinite(wide):
            return Schema.FLOAT64, Float64(wide)
    return LogicalDecimal.schema(-int(exponent)), number


def long_of(value: float | Decimal) -> int:
    """``Number.longValue()``: cut off towards zero; floats stop at the ends of the range, the others wrap around."""
    if isinstance(value, int):
        return wrap(value, _LONG)
    if isinstance(value, float):
        if not math.isfinite(value):
            return 0 if math.isnan(value) else _LONG - 1 if value > 0 else -_LONG
        return max(-_LONG, min(int(value), _LONG - 1))
    exponent = int(value.as_tuple().exponent)
    if not value or value.adjusted() < 0 or exponent >= _ALL_ZERO_BITS:
        return 0
    return wrap(int(value), _LONG)


def wrap(number: int, half: int) -> int:
    """The number that Java's narrowing gives, where ``half`` is the first one too large."""
    return (number + half) % (2 * half) - half


def _whole(number: Decimal) -> int | None:
    """The integer that the number is, if it may fit 64 bits."""
    if not number:
        return 0
    if not 0 <= number.adjusted() < _LONG_DIGITS or number != number.to_integral_value():
        return None
    return int(number)
