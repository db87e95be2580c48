"""Numbers as Java prints them: what the JVM's converters write, byte for byte."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Final

from barnabas._schema.logical import LogicalDecimal

__all__ = ["decimal_text", "double_text", "float32_of", "float_text", "integer_text", "to_float32"]

_FLOAT: Final = struct.Struct(">f")
_BITS: Final = struct.Struct(">i")
_FLOAT_MAX: Final = 3.4028234663852886e38
_FLOAT_LIMIT: Final = 2.0**128 - 2.0**103  # halfway between the largest float and the one that would come next
_PLAIN_FROM: Final = 1e-3
_PLAIN_BELOW: Final = 1e7
_FLOAT_DIGITS: Final = 9
_DECIMAL_PLAIN_FROM: Final = -6
_PRINTABLE: Final = 1 << 2000  # numbers below have fewer digits than the least limit that Python can be given


def to_float32(value: float) -> float:
    """The nearest number that 32 bits can hold; too large ones become infinite."""
    try:
        rounded: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def float32_of(number: Decimal | int) -> float:
    """The nearest number of 32 bits, rounded once; too large ones become infinite."""
    try:
        wide = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
    narrow = to_float32(wide)
    if narrow == wide or not math.isfinite(wide):
        return narrow
    if math.isinf(narrow):
        below = abs(wide) == _FLOAT_LIMIT and abs(Decimal(number)) < Decimal(_FLOAT_LIMIT)
        return math.copysign(_FLOAT_MAX, wide) if below else narrow
    # Rounding twice goes wrong where the number of 64 bits is halfway between two of 32.
    other = _neighbour(narrow, wide)
    exact = Decimal(wide)
    if (narrow + other) / 2 != wide or exact == number:
        return narrow
    return max(narrow, other) if number > exact else min(narrow, other)


def double_text(value: float) -> str:
    """``Double.toString``."""
    plain = repr(value)
    if _PLAIN_FROM <= value < _PLAIN_BELOW or -_PLAIN_BELOW < value <= -_PLAIN_FROM or value == 0.0:
        return plain
    if value != value or value in (math.inf, -math.inf):  # noqa: PLR0124 - NaN is not itself
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - as above
    # The shortest digits that give the number back, but never fewer than two: of those the nearest, so that the
    # smallest number is 4.9E-324 and not 5.0E-324.
    two = f"{value:.1e}"
    if float(two) == value:
        return _with_exponent(two)
    number = Decimal(plain)  # not formatted again: the nearest number of as many digits may be another one
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    return _with_exponent(f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:]}e{number.adjusted()}")


def float_text(value: float) -> str:
    """``Float.toString`` of a number that 32 bits can hold (see :func:`to_float32`)."""
    if not math.isfinite(value) or value == 0.0:
        return double_text(value)
    text = next(
        t
        for n in range(1, _FLOAT_DIGITS)
        if to_float32(float(t := f"{value:.{n}e}")) == value or n == _FLOAT_DIGITS - 1
    )
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return repr(float(text))
    return _with_exponent(text)


def decimal_text(value: Decimal) -> str:
    """``BigDecimal.toString``: an exponent only where the scale is negative or the number very small."""
    unscaled, scale = LogicalDecimal.parts(value)
    digits = integer_text(abs(unscaled))
    sign = "-" if unscaled < 0 else ""
    exponent = len(digits) - 1 - scale
    if scale >= 0 and exponent >= _DECIMAL_PLAIN_FROM:
        if scale == 0:
            return sign + digits
        padded = digits.rjust(scale + 1, "0")
        return f"{sign}{padded[:-scale]}.{padded[-scale:]}"
    point = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{sign}{point}E{exponent:+d}" if exponent else sign + point


def integer_text(value: int) -> str:
    """``BigInteger.toString``: of any size, where Python refuses to print many thousands of digits."""
    return int.__repr__(value) if -_PRINTABLE < value < _PRINTABLE else format(Decimal(value), "f")


def _with_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' if mantissa.endswith('.') else ''}E{int(exponent)}"


def _neighbour(narrow: float, towards: float) -> float:
    """The next number of 32 bits in the direction of ``towards``."""
    if narrow == 0.0:
        return math.copysign(_FLOAT.unpack(_BITS.pack(1))[0], towards)
    bits: int = _BITS.unpack(_FLOAT.pack(narrow))[0]
    found: float = _FLOAT.unpack(_BITS.pack(bits + (1 if abs(towards) > abs(narrow) else -1)))[0]
    return found
