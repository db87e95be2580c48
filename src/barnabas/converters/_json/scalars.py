"""From parsed JSON to values without parts: numbers, texts, bytes, logical types.

Silent coercions are the JVM's: a number where a string is asked for reads as null, a string where a number is asked for
as 0, 300 as an INT8 as 44. Refusing them by default would stop pipelines that run today; strict mode does, and each
reader has a question beside it that says whether it takes the value as it is.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.java import to_float32
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp
from barnabas._schema.validate import DATE, DECIMAL, TIME, TIMESTAMP
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = [
    "LOGICAL",
    "PRIMITIVES",
    "CoercedError",
    "Exactly",
    "NeedsExactNumbers",
    "Reader",
    "kind_of",
    "to_double",
    "wrap",
]

Reader = Callable[[Any], Any]
Exactly = Callable[[Any], bool]
INT64_BITS: Final = 64
_INT32: Final = 1 << 31
_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: INT64_BITS}


class CoercedError(Exception):
    """Strict mode: the value would be changed silently. Who catches it finds out where it is, and says so."""


class NeedsExactNumbers(Exception):  # noqa: N818 - a signal between reader and parser, never seen outside
    """The value has a fraction whose exact digits matter: parse it again with decimals."""


def wrap(number: int, bits: int = INT64_BITS) -> int:
    """The lower bits, as the JVM keeps of a number that is too large."""
    half = 1 << (bits - 1)
    return number if -half <= number < half else (number + half) % (2 * half) - half


def to_double(number: float | Decimal) -> float:
    """The nearest double; too large ones become infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def kind_of(node: Any) -> str:  # noqa: PLR0911 - one return a type
    """What the JVM's parser calls it, in messages."""
    match node:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int() | float() | Decimal():
            return "NUMBER"
        case str():
            return "STRING"
        case list():
            return "ARRAY"
        case dict():
            return "OBJECT"
    return "MISSING"


# -- primitive types --------------------------------------------------------------------------------------------------


def _integer(bits: int) -> tuple[Reader, Exactly]:
    half = 1 << (bits - 1)

    def read(node: Any) -> Any:
        kind = type(node)
        if kind is int:
            return wrap(node, bits)
        if kind is float:
            raise NeedsExactNumbers
        return wrap(_whole(node), bits) if kind is Decimal else 0

    def exactly(node: Any) -> bool:
        kind = type(node)
        if kind is Decimal:
            return bool(node.adjusted() < INT64_BITS and node == node.to_integral_value() and -half <= node < half)
        return kind is float or (kind is int and -half <= node < half)  # a float is looked at again as a decimal

    return read, exactly


def _whole(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= INT64_BITS:
        return 0  # a multiple of 2**64, of which only the lower bits count; and 10**(10**9) must not be computed
    return int(number) if number.adjusted() >= 0 else 0


def _double(node: Any) -> Any:
    return to_double(node) if isinstance(node, int | float | Decimal) and not isinstance(node, bool) else 0.0


def _float(node: Any) -> Any:
    return to_float32(_double(node))


def _is_number(node: Any) -> bool:
    return isinstance(node, int | float | Decimal) and not isinstance(node, bool)


def _boolean(node: Any) -> Any:
    return node is True


def _string(node: Any) -> Any:
    return node if isinstance(node, str) else None


def _bytes(node: Any) -> Any:
    if not isinstance(node, str):
        return None
    try:
        return _base64(node)
    except (binascii.Error, ValueError) as error:
        raise DataError("Invalid bytes field", remedy=f"It has to be base64 with padding: {error}.") from error


def _base64(text: str) -> bytes:
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True) if text else b64decode(b"")


def _is_text(node: Any) -> bool:
    return isinstance(node, str)


PRIMITIVES: Final[dict[Type, tuple[Reader, Exactly]]] = {
    **{kind: _integer(bits) for kind, bits in _BITS.items()},
    Type.FLOAT32: (_float, lambda node: _is_number(node) and math.isfinite(_float(node))),
    Type.FLOAT64: (_double, lambda node: _is_number(node) and math.isfinite(_double(node))),
    Type.BOOLEAN: (_boolean, lambda node: isinstance(node, bool)),
    Type.STRING: (_string, _is_text),
    Type.BYTES: (_bytes, _is_text),
}

# -- logical types ----------------------------------------------------------------------------------------------------


def _decimal(schema: Schema) -> tuple[Reader, Exactly]:
    def read(node: Any) -> Any:
        if type(node) is float:
            raise NeedsExactNumbers
        if isinstance(node, Decimal):
            return node
        if isinstance(node, int) and not isinstance(node, bool):
            return LogicalDecimal.of(node, 0)
        if not isinstance(node, str):
            raise DataError(
                f"Invalid type for Decimal, underlying representation should be numeric or bytes but was "
                f"{kind_of(node)}"
            )
        try:
            return LogicalDecimal.from_wire(schema, _base64(node))
        except (DataError, binascii.Error, ValueError) as error:
            raise DataError("Invalid bytes for Decimal field", remedy=f"{node!r:.60}: {error}") from error

    def exactly(node: Any) -> bool:
        if isinstance(node, Decimal):
            return -int(node.as_tuple().exponent) == LogicalDecimal.scale(schema)
        return not isinstance(node, int) or isinstance(node, bool) or LogicalDecimal.scale(schema) == 0

    return read, exactly


def _date(schema: Schema) -> tuple[Reader, Exactly]:
    del schema
    return lambda node: Date.from_wire(_int32("Date", node)), _is_fine


def _time(schema: Schema) -> tuple[Reader, Exactly]:
    del schema
    return lambda node: Time.from_wire(_int32("Time", node)), _is_fine


def _timestamp(schema: Schema) -> tuple[Reader, Exactly]:
    del schema

    def read(node: Any) -> Any:
        if type(node) is not int:
            raise DataError(
                f"Invalid type for Timestamp, underlying representation should be integral but was {kind_of(node)}"
            )
        return Timestamp.from_wire(wrap(node))

    return read, lambda node: type(node) is not int or wrap(node) == node


def _is_fine(_: Any) -> bool:
    return True  # what does not fit is refused by the reader itself


def _int32(logical: str, node: Any) -> int:
    if type(node) is not int or not -_INT32 <= node < _INT32:
        raise DataError(
            f"Invalid type for {logical}, underlying representation should be integer but was {kind_of(node)}"
        )
    return node


LOGICAL: Final[dict[str | None, Callable[[Schema], tuple[Reader, Exactly]]]] = {
    DECIMAL: _decimal,
    DATE: _date,
    TIME: _time,
    TIMESTAMP: _timestamp,
}
