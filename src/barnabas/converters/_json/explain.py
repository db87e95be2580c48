"""Strict mode: where a value would have been changed silently, and how.

Slow, and only called once it is known that there is such a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from barnabas.converters._exact import shown
from barnabas.converters._json.lenient import MISSING
from barnabas.converters._json.output import schemaless_node
from barnabas.converters._json.reader import reader_for
from barnabas.converters._json.scalars import CoercedError, NeedsExactNumbers
from barnabas.converters._json.writer import writer_for
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["explain_read", "explain_write"]

Check = Callable[[Schema | None, Any], Any]
Place = tuple[str, Schema | None, Any]
_REMEDY = "or set strict=false, which does that as Kafka Connect does."


def explain_read(schema: Schema | None, node: Any, *, root: str, replace_nulls: bool, key: str) -> DataError:
    """The error about the first place in parsed JSON that a strict reader refuses.

    Args:
        schema: What it was read with.
        node: The JSON.
        root: What the path starts with.
        replace_nulls: As for the reader.
        key: The setting to name.
    """
    path, inner, found = _locate(
        (root, schema, node),
        _node_parts,
        lambda part, value: reader_for(part, replace_nulls=replace_nulls, strict=True).one(value),
    )
    unknown = _unknown_member(inner, found)
    if unknown is not None:
        what = f"{path}.{unknown}: it would be left out, because its struct has no such field."
    else:
        now = "nothing at all" if found is MISSING else shown(found)
        wanted = f"its schema says {inner.type.name}" if inner is not None else "64 bits are all there is"
        what = f"{path}: {now} would be read as {_lenient(inner, found, replace_nulls)}, because {wanted}."
    return DataError(what, code="BRN-2123", key=key, remedy=f"Correct the writer or the schema, {_REMEDY}")


def explain_write(schema: Schema | None, value: Any, *, root: str, key: str) -> DataError:
    """The same about a value that a strict writer refuses."""

    def write(part: Schema | None, item: Any) -> None:
        if part is None:
            schemaless_node(item, strict=True)
        else:
            writer_for(part, numeric_decimals=True, replace_nulls=False, strict=True).one(item)

    path, _, found = _locate((root, schema, value), _value_parts, write)
    what = f"{path}: {shown(found)} has no place in JSON: it would be written as text."
    return DataError(what, code="BRN-2124", key=key, remedy=f"Send null, {_REMEDY}")


def _locate(place: Place, parts: Callable[[Schema | None, Any], Iterator[Place]], check: Check) -> Place:
    path, schema, value = place
    for suffix, inner, part in parts(schema, value):
        try:
            check(inner, part)
        except CoercedError:
            return _locate((path + suffix, inner, part), parts, check)
        except (DataError, NeedsExactNumbers):
            continue  # another error, which is not what was seen first
    return path, schema, value


def _node_parts(schema: Schema | None, node: Any) -> Iterator[Place]:
    if schema is not None and schema.type is Type.STRUCT and isinstance(node, dict):
        yield from ((f".{f.name}", f.schema, node.get(f.name)) for f in schema.fields)
    elif schema is not None and schema.type is Type.MAP and isinstance(node, list):
        for at, entry in enumerate(node):
            yield f"[{at}].key", schema.key_schema, entry[0]
            yield f"[{at}].value", schema.value_schema, entry[1]
    else:
        yield from _plain_parts(schema, node)


def _value_parts(schema: Schema | None, value: Any) -> Iterator[Place]:
    if schema is not None and schema.type is Type.STRUCT and isinstance(value, dict):
        yield from ((f".{f.name}", f.schema, value.get(f.name)) for f in schema.fields)
    else:
        yield from _plain_parts(schema, value)


def _plain_parts(schema: Schema | None, value: Any) -> Iterator[Place]:
    if schema is not None and schema.type not in (Type.ARRAY, Type.MAP):
        return
    inner = schema.value_schema if schema is not None else None
    if isinstance(value, list | tuple):
        yield from ((f"[{at}]", inner, item) for at, item in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f".{key}" if isinstance(key, str) else f"[{shown(key)}]", inner, v) for key, v in value.items())


def _unknown_member(schema: Schema | None, node: Any) -> str | None:
    if schema is None or schema.type is not Type.STRUCT or not isinstance(node, dict):
        return None
    return next((name for name in node if schema.field(name) is None), None)


def _lenient(schema: Schema | None, node: Any, replace_nulls: bool) -> str:
    try:
        return shown(reader_for(schema, replace_nulls=replace_nulls).one(node))
    except DataError:
        return "null"  # which is refused in turn
