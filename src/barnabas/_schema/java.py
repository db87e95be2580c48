"""Numbers as Java prints them: what the JVM's converters write, byte for byte."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Final

from barnabas._schema.digits import DOUBLE, FLOAT, Format, digits_of
from barnabas._schema.logical import LogicalDecimal

__all__ = ["decimal_text", "double_text", "float32_of", "float_text", "integer_text", "to_float32"]

_FLOAT: Final = struct.Struct(">f")
_BITS: Final = struct.Struct(">i")
_FLOAT_MAX: Final = 3.4028234663852886e38
_FLOAT_LIMIT: Final = 2.0**128 - 2.0**103  # halfway between the largest float and the one that would come next
_PLAIN_FROM: Final = 1e-3
_PLAIN_BELOW: Final = 1e7
_SURE_LENGTH: Final = 16  # of a text with fifteen digits
_SURE_FROM: Final = 0.0625
_POWER_OF_TWO: Final = 0.5  # as frexp has it
_POWERS_OF_TWO: Final = (0.5, -0.5)
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
    """``Double.toString`` of Java 17."""
    plain = repr(value)
    size = abs(value)
    # In this range the fewest digits are Java's, too, but for powers of two; and far below one, where Java's integers
    # may overflow at the sixteenth digit.
    if (
        _PLAIN_FROM <= size < _PLAIN_BELOW
        and (size >= _SURE_FROM or len(plain) <= _SURE_LENGTH)
        and math.frexp(size)[0] != _POWER_OF_TWO
    ):
        return plain
    return _text(value, DOUBLE)


def float_text(value: float) -> str:
    """``Float.toString`` of Java 17, for a number that 32 bits can hold (see :func:`to_float32`)."""
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW and math.frexp(value)[0] not in _POWERS_OF_TWO:
        short = float(f"{value:.6g}")  # as with doubles: so few digits that give the number back are Java's
        if to_float32(short) == value:
            return repr(short)
    return _text(value, FLOAT)


def decimal_text(value: Decimal) -> str:
    """``BigDecimal.toString``: an exponent only where the scale is negative or the number very small."""
    if not value.is_finite():
        LogicalDecimal.parts(value)  # raises, and says why
    negative, places, power = value.as_tuple()
    scale = -int(power)
    digits = "".join(map(str, places))
    sign = "-" if negative and value else ""
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


def _text(value: float, kind: Format) -> str:
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN is not itself
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0.0:
        return f"{sign}0.0"
    size = abs(value)
    digits, exponent = digits_of(size, kind)
    if not _PLAIN_FROM <= size < _PLAIN_BELOW:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"


def _neighbour(narrow: float, towards: float) -> float:
    """The next number of 32 bits in the direction of ``towards``."""
    if narrow == 0.0:
        return math.copysign(_FLOAT.unpack(_BITS.pack(1))[0], towards)
    bits: int = _BITS.unpack(_FLOAT.pack(narrow))[0]
    found: float = _FLOAT.unpack(_BITS.pack(bits + (1 if abs(towards) > abs(narrow) else -1)))[0]
    return found
