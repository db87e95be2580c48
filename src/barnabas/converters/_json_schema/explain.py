"""Which part of parsed JSON cannot be read, or would be changed silently. Slow, and only called once there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from barnabas.converters._exact import shown
from barnabas.converters._json.reader import CoercedError
from barnabas.converters._json.scalars import NeedsExactNumbers
from barnabas.converters._json_schema.reading import make_reader
from barnabas.converters._json_schema.unions import Chooser
from barnabas.converters._json_schema.words import KEY, VALUE, is_entries, is_union
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["unfit", "unlike"]


Refused = Callable[[Schema, Any], bool]


def unlike(schema: Schema, node: Any, *, keep_nulls: bool, root: str) -> str:
    """The innermost place that a strict reader refuses, and what is there."""
    path, inner, found = _locate(schema, node, root, lambda part, value: _fails(part, value, keep_nulls, CoercedError))
    if inner.type is Type.STRUCT and isinstance(found, dict):
        known = {field.name for field in inner.fields}
        unknown = next((name for name in found if name not in known), None)
        if unknown is not None:
            return f"{path}.{unknown} would be left out, because its struct has no such field."
    return f"{path}: {shown(found)} would be read as something else, because its schema says {inner.type.name}."


def unfit(schema: Schema, node: Any, *, keep_nulls: bool, root: str) -> str:
    """The innermost place that no reader takes, and what is there."""
    path, inner, found = _locate(schema, node, root, lambda part, value: _fails(part, value, keep_nulls, DataError))
    wanted = "a union" if is_union(inner) else inner.type.name
    return f"At {path} is {shown(found)}, where the schema says {wanted}."


def _locate(schema: Schema, node: Any, path: str, refused: Refused) -> tuple[str, Schema, Any]:
    while True:
        found = next((part for part in _parts(schema, node, path) if refused(part[1], part[2])), None)
        if found is None:
            return path, schema, node
        path, schema, node = found


def _fails(schema: Schema, node: Any, keep_nulls: bool, how: type[Exception]) -> bool:
    try:
        make_reader(schema, keep_nulls=keep_nulls, strict=how is CoercedError).one(node)
    except how:
        return True
    except (NeedsExactNumbers, DataError):
        return False
    return False


def _parts(schema: Schema, node: Any, path: str) -> Iterator[tuple[str, Schema, Any]]:
    if isinstance(node, dict) and schema.type is Type.STRUCT and not is_union(schema):
        yield from ((f"{path}.{field.name}", field.schema, node.get(field.name)) for field in schema.fields)
    elif is_union(schema):
        at = Chooser(schema).choose(node)
        if at is not None:
            yield path, schema.fields[at].schema, node
    elif isinstance(node, list) and schema.type is Type.ARRAY and schema.value_schema is not None:
        yield from ((f"{path}[{at}]", schema.value_schema, item) for at, item in enumerate(node))
    elif schema.type is Type.MAP and schema.value_schema is not None:
        yield from _entries(schema, schema.value_schema, node, path)


def _entries(schema: Schema, values: Schema, node: Any, path: str) -> Iterator[tuple[str, Schema, Any]]:
    if isinstance(node, dict) and not is_entries(schema):
        yield from ((f"{path}.{key}", values, item) for key, item in node.items())
    elif isinstance(node, list) and is_entries(schema):
        for at, entry in enumerate(node):
            if isinstance(entry, dict) and KEY in entry:
                if schema.key_schema is not None:
                    yield f"{path}[{at}].{KEY}", schema.key_schema, entry[KEY]
                yield f"{path}[{at}].{VALUE}", values, entry.get(VALUE)
