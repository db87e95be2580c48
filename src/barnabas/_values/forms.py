"""From the exact values of the parser to the plain ones that stand beside a schema."""

from __future__ import annotations

from typing import Any, Final

from barnabas._schema.exact import WIDTHS, Float64, FrozenMap, Instant, Int64
from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas._values.moments import moment

__all__ = ["plain"]

_WIDEST: Final = (Int64, Float64)  # what a schemaless plain number means anyway


def plain(schema: Schema | None, value: Any) -> Any:
    """The value as it stands beside ``schema``: exact where the schema does not say what it is.

    An element may differ from the schema of its container: of several inner containers, the last one decides.
    """
    kind = value.__class__
    width = WIDTHS.get(kind)
    if width is not None:
        same = kind in _WIDEST if schema is None else schema.type is width and schema.name is None
        return value if not same else int(value) if isinstance(value, int) else float(value)
    if kind is Instant:
        return moment(schema, value.milliseconds)
    if kind is list or kind is tuple:
        items = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
        return kind([plain(items, item) for item in value])
    if kind is dict or kind is FrozenMap:
        known = schema is not None and schema.type is Type.MAP
        keys, values = (schema.key_schema, schema.value_schema) if schema is not None and known else (None, None)
        return kind({plain(keys, key): plain(values, item) for key, item in value.items()})
    return value
