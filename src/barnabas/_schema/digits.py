"""The decimal digits that Java 17 gives a binary floating point number.

They are not always the fewest that give the number back, which is what Python prints (and Java from version 19 on):
2.0 ** -44 is ``5.6843418860808015E-14`` and not ``5.684341886080802E-14``. Whoever compares texts, as keys or as
bytes in a topic, sees the difference. The way there: the number is a fraction of two large integers; digits are divided
off until what is left is less than half the distance to the next number, measured above the number even where the one
below is nearer.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

__all__ = ["DOUBLE", "FLOAT", "Format", "digits_of"]

_LONG_BITS: Final = 62  # whole numbers below 2 ** 63 take a way of their own
_PLAIN_EXPONENTS: Final = range(-3, 8)  # elsewhere there are two digits at least


class Format(NamedTuple):
    """How a kind of number is kept.

    Args:
        bits: Of the fraction, the leading one included.
        least: The exponent of two of the smallest normal number.
    """

    bits: int
    least: int


DOUBLE: Final = Format(53, -1022)
FLOAT: Final = Format(24, -126)


def digits_of(value: float, kind: Format) -> tuple[str, int]:
    """Digits without zeros at the end, and the exponent of ten of the first one.

    Args:
        value: Positive and finite; for :data:`FLOAT`, one that 32 bits can hold.
        kind: Of the number.
    """
    mantissa, exponent = math.frexp(value)
    fraction, power = int(math.ldexp(mantissa, 53)), exponent - 1  # value = fraction * 2 ** (power - 52)
    significant = kind.bits if power >= kind.least else kind.bits - (kind.least - power)
    zeros = (fraction & -fraction).bit_length() - 1
    fraction >>= zeros
    length = 53 - zeros
    if 0 <= length - 1 <= power <= _LONG_BITS:
        return _of_integer(fraction << (power - length + 1), power - significant)
    return _of_fraction(fraction, length, power, significant)


def _of_integer(number: int, excess: int) -> tuple[str, int]:
    """Digits of a whole number; those that its last ``excess`` bits could not tell apart are rounded away."""
    dropped = int((excess - 1) * 0.30103) if excess > 4 else 0  # noqa: PLR2004 - fewer bits make no digit
    if dropped:
        unit = 10**dropped
        number, rest = divmod(number, unit)
        number += rest >= unit // 2
    text = str(number)
    return text.rstrip("0"), len(text) - 1 + dropped


def _of_fraction(fraction: int, length: int, power: int, significant: int) -> tuple[str, int]:
    """Digits divided off one by one."""
    tiny = max(0, length - power - 1)
    exponent = _estimate(fraction, length, power)
    five = max(0, -exponent)
    number_twos = five + tiny + power
    unit_fives, unit_twos = max(0, exponent), max(0, exponent) + tiny
    half_twos = number_twos - significant
    number_twos -= length - 1
    common = min(number_twos, unit_twos)
    number_twos, unit_twos, half_twos = number_twos - common, unit_twos - common, half_twos - common
    if length == 1:  # below a power of two the next number is nearer
        half_twos -= 1
    if half_twos < 0:
        number_twos, unit_twos, half_twos = number_twos - half_twos, unit_twos - half_twos, 0
    number = (fraction * 5**five) << number_twos
    unit = 5**unit_fives << unit_twos
    half = 5**five << half_twos
    limit = _limit(length + number_twos + _bits_of_five(five), unit_twos + 1 + _bits_of_five(unit_fives + 1))
    return _divide(number, unit, half, exponent, limit)


def _divide(number: int, unit: int, half: int, exponent: int, limit: int | None) -> tuple[str, int]:
    """Digits until the rest is small enough.

    Java computes with machine integers where it expects no overflow, and is wrong at times: ``limit`` is the first
    number too large for them, ``None`` where it computes with large ones, and then compares a little otherwise, too.
    """
    tens = unit * 10
    digits: list[int] = []
    first = True
    while True:
        digit, number = divmod(number, unit)
        number *= 10
        half *= 10
        if limit is None:
            low, high = number < half, number + half >= tens
        else:
            half = _wrap(half, limit)
            low = half <= 0 or number < half
            high = half <= 0 or _wrap(number + half, limit) > tens
        if first and digit == 0 and not high:
            exponent -= 1  # the estimate was one too high
        else:
            digits.append(digit)
        if first and exponent not in _PLAIN_EXPONENTS:
            low = high = False
        first = False
        if low or high:
            break
    if high and (not low or (twice := 2 * number) > tens or (twice == tens and digits[-1] % 2)):
        exponent += _round_up(digits)
    return "".join(map(str, digits)).rstrip("0"), exponent


def _round_up(digits: list[int]) -> int:
    """Add one to the last digit; returns 1 if that made one digit more."""
    at = len(digits) - 1
    while at > 0 and digits[at] == 9:  # noqa: PLR2004 - the last digit there is
        digits[at] = 0
        at -= 1
    if digits[at] == 9:  # noqa: PLR2004 - as above
        digits[at] = 1
        return 1
    digits[at] += 1
    return 0


def _estimate(fraction: int, length: int, power: int) -> int:
    """The exponent of ten, or one more."""
    one_to_two = math.ldexp(fraction, 1 - length)
    return math.floor((one_to_two - 1.5) * 0.289529654 + 0.176091259 + power * 0.301029995663981)


def _wrap(number: int, limit: int) -> int:
    return (number + limit) % (2 * limit) - limit


def _limit(*bits: int) -> int | None:
    """The first number too large for the kind of integer that Java takes for so many bits."""
    size = next((size for size in (32, 64) if max(bits) < size), None)
    return None if size is None else 1 << size - 1


def _bits_of_five(power: int) -> int:
    """Bits of 5 ** power; a rough guess beyond 64."""
    if power == 0:
        return 0
    return (5**power).bit_length() if power <= 26 else power * 3  # noqa: PLR2004 - the last one below 64 bits
