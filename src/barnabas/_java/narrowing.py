"""Java's conversions between numbers, booleans and text: what ``byteValue()``, ``parseInt`` and ``(float)`` do.

Every function takes a number (``bool`` counts as 0 or 1, :class:`decimal.Decimal` as ``BigDecimal``) or a text, and
gives a plain ``int``, ``float`` or ``bool``. In *strict* form they refuse what would come out as something else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from barnabas._schema.java import float32_of, to_float32

__all__ = ["LossyError", "NotNumericError", "UnparsableError", "boolean_of", "float_of", "integer_of", "java_trim"]

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_HEX: Final = re.compile(r"([+-]?)0[xX](?:([0-9a-fA-F]+)\.?|([0-9a-fA-F]*)\.([0-9a-fA-F]+))[pP]([+-]?[0-9]+)[fFdD]?")
_NAMED: Final = {sign + name: float(sign + name) for sign in ("", "+", "-") for name in ("NaN", "Infinity")}
_INTEGER: Final = re.compile(r"[+-]?\d+")
_BLANKS: Final = "".join(map(chr, range(33)))
_DIGITS: Final = 4000  # of one number that Python reads without being told to
_EXACT_FLOAT: Final = 1 << 53
_FAR: Final = 5000  # binary exponents beyond which a number is surely 0 or infinite


class UnparsableError(ValueError):
    """A text is no such number, or one out of range: ``NumberFormatException``."""


class NotNumericError(TypeError):
    """The value is neither number, boolean nor text."""


class LossyError(ValueError):
    """The result would not be what was given; strict forms only."""


def java_trim(text: str) -> str:
    """``String.trim()``: control characters and blanks taken off both ends."""
    return text.strip(_BLANKS)


def integer_of(bits: int, *, strict: bool = False) -> Callable[[Any], int]:
    """To an integer of so many bits.

    Integers lose their upper bits; fractions are cut off, and beyond 32 bits (64 for a ``long``) is the limit.
    """
    half = 1 << (bits - 1)
    limit = half if bits > 32 else 1 << 31  # noqa: PLR2004 - Java goes by way of an int

    def convert(value: Any) -> int:
        if isinstance(value, str):
            return _parsed_integer(value, half)
        if isinstance(value, int):
            number = int(value)
        elif isinstance(value, float):
            number = _truncated(value, limit)
        elif isinstance(value, Decimal):
            number = _whole(value)
        else:
            raise NotNumericError
        wrapped = (number + half) % (2 * half) - half
        if strict and wrapped != value:
            raise LossyError
        return wrapped

    return convert


def float_of(bits: int, *, strict: bool = False) -> Callable[[Any], float]:
    """To a floating point number of 32 or 64 bits: the nearest, infinite where it is too large.

    Strict refuses to make a number infinite, and to round an integer.
    """
    narrow = bits == 32  # noqa: PLR2004 - the smaller of the two
    exact = float32_of if narrow else float

    def convert(value: Any) -> float:
        if isinstance(value, str):
            return _parsed_float(value, narrow=narrow, strict=strict)
        if isinstance(value, float):
            made = to_float32(value) if narrow else float(value)
        elif isinstance(value, int):
            number = int(value)
            made = exact(number)
            if strict and made != number:
                raise LossyError
        elif isinstance(value, Decimal):
            made = exact(value)
        else:
            raise NotNumericError
        if strict and math.isinf(made) and not math.isinf(value):
            raise LossyError
        return made

    return convert


def boolean_of(*, strict: bool = False) -> Callable[[Any], bool]:
    """To a boolean: whole numbers other than 0 are true, and the text ``true`` in any case; all else is false.

    Strict knows 0, 1, ``true`` and ``false`` only.
    """
    long_of = integer_of(64)

    def convert(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            text = value.lower()
            if strict and text not in ("true", "false"):
                raise LossyError
            return text == "true"
        if strict and isinstance(value, int | float | Decimal) and value not in (0, 1):
            raise LossyError
        return long_of(value) != 0

    return convert


def _truncated(value: float, limit: int) -> int:
    if value != value:  # noqa: PLR0124 - not a number
        return 0
    if value >= limit:
        return limit - 1
    return -limit if value <= -limit else int(value)


def _whole(value: Decimal) -> int:
    """The whole part; of a huge one that all 64 lower bits of are 0, as Java is spared, 0."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise NotNumericError
    return 0 if exponent >= 64 or value.adjusted() < 0 else int(value)  # noqa: PLR2004 - 10^64 is a multiple of 2^64


def _parsed_integer(text: str, half: int) -> int:
    if _INTEGER.fullmatch(text) is None or len(text) > _DIGITS:
        raise UnparsableError
    number = int(text)
    if not -half <= number < half:
        raise UnparsableError
    return number


def _parsed_float(text: str, *, narrow: bool, strict: bool) -> float:
    trimmed = java_trim(text)
    named = _NAMED.get(trimmed)
    if named is not None:
        return named
    if _DECIMAL.fullmatch(trimmed) is not None:
        digits = trimmed.rstrip("fFdD")
        made = float32_of(Decimal(digits)) if narrow else float(digits)
    else:
        made = _parsed_hex(trimmed, narrow=narrow)
    if strict and math.isinf(made):
        raise LossyError
    return made


def _parsed_hex(text: str, *, narrow: bool) -> float:
    found = _HEX.fullmatch(text)
    if found is None:
        raise UnparsableError
    sign, whole, before, after, power = found.groups()
    fraction = after or ""
    number = int((whole or before or "") + fraction, 16)
    exponent = int(power[:_DIGITS]) - 4 * len(fraction)
    magnitude = number.bit_length() + exponent
    if number == 0 or magnitude < -_FAR:
        made = 0.0
    elif magnitude > _FAR:
        made = math.inf
    else:
        made = _nearest(number * Fraction(2) ** exponent, narrow=narrow)
    return -made if sign == "-" else made


def _nearest(number: Fraction, *, narrow: bool) -> float:
    if narrow:
        # A binary fraction is a finite decimal one, so that nothing is rounded on the way.
        power = number.denominator.bit_length() - 1
        return (
            float32_of(Decimal(number.numerator * 5**power).scaleb(-power)) if power else float32_of(number.numerator)
        )
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return math.inf
