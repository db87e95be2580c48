"""What masked values become: nothing, of the same Java class, or a replacement."""

from __future__ import annotations

import contextlib
import copy
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.exact import BigInt, Float32, Float64, Instant, Int8, Int16, Int32, Int64, Struct
from barnabas._schema.java import to_float32
from barnabas._schema.names import java_class
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type
from barnabas.transforms._rows import strictly

__all__ = ["Mask", "mask_by_class", "mask_of_schema"]

_CODE: Final = "BRN-2173"
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?(?P<places>\d*)|\.(?P<only>\d+))(?:[eE](?P<exponent>[+-]?\d{1,10}))?")
_INTEGER: Final = re.compile(r"[+-]?\d+")
_INT_MAX: Final = 2**31 - 1
_LONG: Final = 1 << 63
_WORD: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}
_FLOATS: Final = (Type.FLOAT32, Type.FLOAT64)
_DATES: Final[dict[str | None, Any]] = {Date.NAME: _EPOCH.date(), Time.NAME: time(), Timestamp.NAME: _EPOCH}
_CLASSES: Final[dict[type, Type]] = {
    Int8: Type.INT8,
    Int16: Type.INT16,
    Int32: Type.INT32,
    Int64: Type.INT64,
    Float32: Type.FLOAT32,
    Float64: Type.FLOAT64,
    float: Type.FLOAT64,
}


class Mask:
    """What to put in the place of a value.

    Args:
        replacement: For numbers and text; ``None``: zero, and text without characters.
        strict: Whether a replacement that does not fit a number's type is refused, and not bent.
    """

    def __init__(self, replacement: str | None, *, strict: bool) -> None:
        self._replacement = replacement
        self._strict = strict

    @property
    def replaces(self) -> bool:
        """Whether there is a replacement."""
        return self._replacement is not None

    def text(self) -> str:
        """For text."""
        return self._replacement or ""

    def number(self, kind: Type) -> int | float:
        """For a number of that type: as Java narrows it, silently, unless strict.

        Raises:
            DataError: the replacement is no number.
        """
        text = self._replacement
        if text is None:
            return 0.0 if kind in _FLOATS else 0
        exact = _number(text)
        if exact is None:
            raise DataError(f"Unable to convert {text} (class java.lang.String) to a number", code=_CODE)
        bent = _float(text, kind) if kind in _FLOATS else _wrapped(exact, _BITS[kind])
        if self._strict and (math.isinf(bent) if isinstance(bent, float) else bent != exact):
            raise strictly(f"The replacement {text} does not fit into {kind.name}: it would become {bent}.")
        return bent

    def big(self, pattern: re.Pattern[str]) -> Decimal:
        """For numbers without limits: a decimal as it is written.

        Raises:
            DataError: the replacement is no such number.
        """
        text = self._replacement
        if text is None:
            return Decimal(0)
        exact = _number(text) if pattern.fullmatch(text) else None
        if exact is None:
            raise DataError(f"Unable to convert {text} (class java.lang.String) to number", code=_CODE)
        return exact

    def decimal(self) -> Decimal:
        """For a ``BigDecimal``."""
        return self.big(_NUMBER)

    def integer(self) -> BigInt:
        """For a ``BigInteger``."""
        return BigInt(self.big(_INTEGER))

    def refusal(self, java: str) -> DataError:
        """The error for a class that cannot be masked so."""
        text = f" {java} with custom replacement." if self.replaces else f": {java}"
        return DataError(
            f"Cannot mask value of type{text}",
            code=_CODE,
            remedy="Drop the field with ReplaceField instead." if not self.replaces else "Leave the replacement out.",
        )


def mask_of_schema(mask: Mask, schema: Schema, name: str) -> tuple[str, dict[str, Any]]:
    """How to mask the values of a schema: an expression over ``x``, and the constant ``name`` that it may mention."""
    if schema.type in _EMPTY and not mask.replaces:
        return _EMPTY[schema.type], {}
    try:
        made = _constant(mask, schema)
    except DataError as error:
        return f"{name}(x)", {name: _raising(error)}
    return (f"{name}(x)", {name: _failing(mask, schema)}) if made is None else (name, {name: made})


def _constant(mask: Mask, schema: Schema) -> Any:
    """What every value of a schema becomes; ``None`` if there is no such thing."""
    if schema.name == LogicalDecimal.NAME:
        return mask.decimal()
    if schema.name in _DATES or schema.type is Type.BOOLEAN:
        return None if mask.replaces else _DATES.get(schema.name, False)
    if schema.type is Type.STRING:
        return mask.text()
    return mask.number(schema.type) if schema.type in _BITS or schema.type in _FLOATS else None


def mask_by_class(mask: Mask) -> tuple[dict[type, Any], Callable[[Any], Any]]:
    """How to mask values that have no schema: constants by class, and a function for all classes."""
    constants: dict[type, Any] = {type(None): None, str: mask.text()}
    if not mask.replaces:
        constants |= {bool: False, date: _EPOCH.date(), time: time(), datetime: _EPOCH, Instant: _EPOCH}
    with contextlib.suppress(DataError):  # it is raised when a number has to be masked
        constants |= {kind: kind(mask.number(width)) for kind, width in _CLASSES.items()}
        if not mask.replaces or mask.number(Type.INT64) == mask.decimal():
            constants[int] = mask.number(Type.INT64)  # the same for one of more than 64 bits

    def other(value: Any) -> Any:
        if type(value) in constants:
            return constants[type(value)]
        if isinstance(value, bool):
            raise mask.refusal(java_class(value))
        if isinstance(value, int):
            return mask.integer() if _is_big(value) else mask.number(_CLASSES.get(type(value), Type.INT64))
        for kind, make in _MAKERS.items():
            if isinstance(value, kind):
                return make(mask)
        if isinstance(value, list | dict) and not isinstance(value, Struct) and not mask.replaces:
            return [] if isinstance(value, list) else {}
        raise mask.refusal(java_class(value))

    return constants, other


def _is_big(value: int) -> bool:
    return isinstance(value, BigInt) or not -_LONG <= value < _LONG


def _failing(mask: Mask, schema: Schema) -> Callable[[Any], Any]:
    def fail(value: Any) -> Any:
        raise mask.refusal(java_class(value, schema))

    return fail


def _raising(error: DataError) -> Callable[[Any], Any]:
    def fail(_: Any) -> Any:
        raise copy.copy(error)  # an error that is raised again would collect traces

    return fail


def _number(text: str) -> Decimal | None:
    """What ``new BigDecimal(text)`` reads."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    places = len(found["places"] or found["only"] or "")
    scale = places - int(found["exponent"] or 0)
    return Decimal(text) if abs(scale) <= _INT_MAX else None


def _wrapped(number: Decimal, bits: int) -> int:
    """``longValue()``, narrowed: the lowest bits of the whole part."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "a number"
    if exponent >= _WORD or number.adjusted() < 0:
        return 0  # a multiple of 2 ** 64, or a fraction: without writing out its zeros
    half = 1 << (bits - 1)
    return (int(number) + half) % (2 * half) - half


def _float(text: str, kind: Type) -> float:
    number = float(text)
    return to_float32(number) if kind is Type.FLOAT32 else number


_EMPTY: Final = {Type.ARRAY: "[]", Type.MAP: "{}"}
_MAKERS: Final[dict[type, Callable[[Mask], Any]]] = {
    float: lambda mask: mask.number(Type.FLOAT64),
    Decimal: Mask.decimal,
    str: Mask.text,
}
