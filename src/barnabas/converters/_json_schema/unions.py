"""Which alternative of a union a JSON value is: by its kind, for objects by their members; the first of several."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.validate import DECIMAL, INT_RANGES
from barnabas.converters._json_schema.words import KEY, enum_of, is_entries, is_union
from barnabas.schema import Schema, Type

__all__ = ["Chooser"]

Score = Callable[[Any], int | None]
"""How well a value fits; ``None``: not at all."""

_FLOATS: Final = (Type.FLOAT32, Type.FLOAT64)


class Chooser:
    """For one union.

    Args:
        schema: A struct that stands for it.
    """

    def __init__(self, schema: Schema) -> None:
        self._scores = [_score(field.schema) for field in schema.fields]

    def choose(self, node: Any) -> int | None:
        """The position of the alternative that fits best; ``None`` if none does."""
        best: int | None = None
        most = -1
        for at, score in enumerate(self._scores):
            found = score(node)
            if found is not None and found > most:
                best, most = at, found
        return best

    def score(self, node: Any) -> int | None:
        """How well the best alternative fits."""
        return max((found for score in self._scores if (found := score(node)) is not None), default=None)


def _score(schema: Schema | None) -> Score:
    if schema is None:
        return lambda _: 0
    if schema.type is Type.STRUCT:
        return Chooser(schema).score if is_union(schema) else _struct(schema)
    if schema.type is Type.ARRAY:
        return _array(schema)
    if schema.type is Type.MAP:
        return _map(schema)
    return _scalar(schema)


def _scalar(schema: Schema) -> Score:
    kind = schema.type
    if schema.name == DECIMAL:
        return lambda node: 0 if isinstance(node, str | float | Decimal) or type(node) is int else None
    if kind in INT_RANGES:
        low, high = INT_RANGES[kind]
        return lambda node: 0 if type(node) is int and low <= node <= high else None
    if kind in _FLOATS:
        return lambda node: 0 if isinstance(node, float | Decimal) or type(node) is int else None
    if kind is Type.BOOLEAN:
        return lambda node: 0 if isinstance(node, bool) else None
    values = enum_of(schema)
    if values is not None:
        known = frozenset(values)
        return lambda node: 1 if isinstance(node, str) and node in known else None
    return lambda node: 0 if isinstance(node, str) else None


def _array(schema: Schema) -> Score:
    inner = _score(schema.value_schema)

    def score(node: Any) -> int | None:
        if not isinstance(node, list):
            return None
        return 0 if not node else inner(node[0]) if node[0] is not None else 0

    return score


def _map(schema: Schema) -> Score:
    if not is_entries(schema):
        return lambda node: 0 if isinstance(node, dict) else None
    return lambda node: 1 if isinstance(node, list) and all(isinstance(e, dict) and KEY in e for e in node) else None


def _struct(schema: Schema) -> Score:
    parts = {field.name: (field.schema.optional, _score(field.schema)) for field in schema.fields}

    def score(node: Any) -> int | None:
        """Members that fit count, with all that is in them; one that is of another kind rules it out."""
        if not isinstance(node, dict):
            return None
        found = 0
        for name, (optional, inner) in parts.items():
            value = node.get(name)
            if value is None:
                found += name in node and optional
                continue
            part = inner(value)
            if part is None:
                return None
            found += 2 + part
        return found

    return score
