"""The type that all elements of a parsed container have, and making them so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.calendar import DAY_MS
from barnabas._schema.exact import Float32, Float64, Instant, Int8, Int16, Int32, Int64
from barnabas._schema.java import to_float32
from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas._schema.validate import DATE, TIME, TIMESTAMP
from barnabas._values.numbers import long_of, wrap

__all__ = ["Merger", "Misfit", "align"]

_WIDENING: Final = (Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.FLOAT32, Type.FLOAT64)
_INT: Final = 1 << 31


class Misfit(Exception):  # noqa: N818 - never leaves the parser: the text is a string, that is all
    """The text is no container after all."""


class Merger:
    """Finds the schema that all elements fit; ``schema`` is ``None`` where there is none, or no element has one."""

    __slots__ = ("_incompatible", "schema")

    def __init__(self) -> None:
        self.schema: Schema | None = None
        self._incompatible = False

    def merge(self, latest: Schema | None) -> None:
        """Take one more element's schema into account; null has none."""
        if latest is None or self._incompatible:
            return
        self.schema = latest if self.schema is None else _common(self.schema, latest)
        self._incompatible = self.schema is None


def _common(one: Schema, latest: Schema) -> Schema | None:
    if one.type is latest.type:
        return latest  # whatever its name and its elements are: the last one decides
    if one.type in _WIDENING and latest.type in _WIDENING:
        return max(one, latest, key=lambda schema: _WIDENING.index(schema.type))
    return None


def align(schema: Schema, value: Any) -> Any:
    """An element as the common schema wants it.

    Raises:
        Misfit: it cannot be.
    """
    if value is None:
        raise Misfit  # the schema of elements is never optional
    make = _LOGICAL.get(schema.name) if schema.name is not None else None
    make = make or _PLAIN.get(schema.type)
    return value if make is None else make(value)


def _number(value: Any) -> Any:
    if isinstance(value, Instant):
        raise Misfit
    return value


def _date(value: Any) -> Instant:
    return value if isinstance(value, Instant) else Instant(wrap(long_of(value), _INT) * DAY_MS)


def _time(value: Any) -> Instant:
    if isinstance(value, Instant):
        return value
    milliseconds = wrap(long_of(value), _INT)
    if not 0 <= milliseconds <= DAY_MS:
        raise Misfit
    return Instant(milliseconds)


def _timestamp(value: Any) -> Instant:
    return value if isinstance(value, Instant) else Instant(long_of(value))


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, Decimal):
        raise Misfit
    return value


_PLAIN: Final[Mapping[Type, Callable[[Any], Any]]] = {
    Type.INT8: lambda value: Int8(_number(value)),
    Type.INT16: lambda value: Int16(_number(value)),
    Type.INT32: lambda value: Int32(_number(value)),
    Type.INT64: lambda value: Int64(_number(value)),
    Type.FLOAT32: lambda value: Float32(to_float32(float(_number(value)))),
    Type.FLOAT64: lambda value: Float64(_number(value)),
    Type.BYTES: _decimal,
}
_LOGICAL: Final[Mapping[str, Callable[[Any], Any]]] = {DATE: _date, TIME: _time, TIMESTAMP: _timestamp}
