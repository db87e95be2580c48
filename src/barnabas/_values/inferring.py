"""The schema that a value seems to have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from barnabas._schema.exact import WIDTHS, BigInt, Struct
from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas.errors import SchemaBuilderError

__all__ = ["infer"]

_LONG: Final = 1 << 63


def infer(value: Any) -> Schema | None:  # noqa: PLR0911 - one return a kind of value
    """The schema, or ``None``: decimals and points in time could have several, empty containers any.

    Elements count with their type alone: a map in a list makes a list of maps of whatever.

    Raises:
        SchemaBuilderError: a container with nothing but nulls.
    """
    match value:
        case bool():
            return Schema.BOOLEAN
        case BigInt():
            return None
        case int():
            fits = -_LONG <= value < _LONG
            return Schema(WIDTHS.get(value.__class__, Type.INT64)) if fits else None
        case float():
            return Schema(WIDTHS.get(value.__class__, Type.FLOAT64))
        case str():
            return Schema.STRING
        case bytes() | bytearray() | memoryview():
            return Schema.BYTES
        case Struct():
            return value.schema
        case list() | tuple() if value:
            found, items = _elements(value)
            return Schema.array(items) if found else None
        case dict() if value:
            found, items = _elements(value.values())
            found_keys, keys = _elements(value) if found else (False, None)
            return Schema.map(keys, items) if found_keys else None
    return None


def _elements(values: Iterable[Any]) -> tuple[bool, Schema | None]:
    """Whether all are of one type, and that one."""
    kind: Type | None = None
    optional = False
    for value in values:
        if value is None:
            optional = True
            continue
        schema = infer(value)
        if schema is None or kind not in (None, schema.type):
            return False, None
        kind = schema.type
    if kind is None:
        raise SchemaBuilderError(
            "type cannot be null", code="BRN-2107", remedy="A container with nothing but nulls has no schema."
        )
    return True, Schema(kind, optional=optional)
