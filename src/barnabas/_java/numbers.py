"""Numbers inside a text, as ``java.text.DecimalFormat`` finds them for a date: whole ones, no grouping."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Final

from barnabas._java.calendar import to_int

__all__ = ["number_at"]

# Digits of any script; an exponent counts too, with a fraction that is cut off.
_NUMBER: Final = re.compile(r"NaN|(-?)(?:(\d+)(?:E(-?\d+))?|(∞))")
_LONG: Final = 1 << 63
_MAX_INT: Final = (1 << 31) - 1
_LARGEST_EXPONENT: Final = 400
_EXACT: Final = Context(prec=2000)


def number_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The 32-bit number that begins at ``start``, and where it ends.

    Args:
        text: The text.
        start: The position of the first digit, or of a minus.
        end: Nothing from here on belongs to it.
    """
    found = _NUMBER.match(text, start, end)
    if found is None:
        return None
    sign, digits, exponent, infinity = found.groups()
    if infinity:
        value = -_MAX_INT - 1 if sign else _MAX_INT
    elif not digits:
        value = 0  # not a number
    elif exponent is None:
        value = _narrowed(-int(digits) if sign else int(digits))
    else:
        if not -_LONG <= int(exponent) < _LONG:
            return _narrowed(-int(digits) if sign else int(digits)), found.end(2)
        value = _scaled(sign, int(digits), int(exponent))
    return value, found.end()


def _scaled(sign: str, digits: int, exponent: int) -> int:
    if digits == 0:
        return 0
    if abs(exponent) > _LARGEST_EXPONENT:
        exponent = _LARGEST_EXPONENT if exponent > 0 else -_LARGEST_EXPONENT
    value = Decimal(-digits if sign else digits).scaleb(exponent, _EXACT)
    if value == value.to_integral_value(context=_EXACT):
        return _narrowed(int(value))
    return max(-_MAX_INT - 1, min(_MAX_INT, int(value)))


def _narrowed(value: int) -> int:
    """A ``long`` loses its upper half; what is no ``long`` was a ``double``, which goes no further than the limits."""
    if -_LONG <= value < _LONG:
        return to_int(value)
    return _MAX_INT if value > 0 else -_MAX_INT - 1
