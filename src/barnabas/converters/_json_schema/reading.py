"""From parsed JSON to values: as for JsonConverter, but for unions, maps of entries, and nulls where none may be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from barnabas.converters._exact import hashable
from barnabas.converters._json.reader import CoercedError, ColumnReader, ReaderCompiler
from barnabas.converters._json.scalars import Reader, kind_of
from barnabas.converters._json_schema.unions import Chooser
from barnabas.converters._json_schema.words import KEY, VALUE, is_entries, is_union
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["is_simple", "make_reader"]


def make_reader(schema: Schema, *, keep_nulls: bool, strict: bool) -> ColumnReader:
    """Compile the plan.

    Args:
        schema: What to read.
        keep_nulls: A null of an optional schema stays null, even if there is a default.
        strict: Raise :class:`CoercedError` where Kafka Connect would change a value silently.
    """
    return _Compiler(keep_nulls=keep_nulls, strict=strict).reader(schema)


def is_simple(schema: Schema | None) -> bool:
    """Whether the JSON of a schema is what JsonConverter has for it: no union, no map of entries."""
    if schema is None:
        return True
    if schema.type is Type.STRUCT:
        return not is_union(schema) and all(is_simple(field.schema) for field in schema.fields)
    if schema.type is Type.MAP:
        return not is_entries(schema) and is_simple(schema.value_schema)
    return schema.type is not Type.ARRAY or is_simple(schema.value_schema)


class _Compiler(ReaderCompiler):
    def __init__(self, *, keep_nulls: bool, strict: bool) -> None:
        super().__init__(replace_nulls=not keep_nulls, strict=strict)

    def reader(self, schema: Schema | None) -> ColumnReader:
        if schema is not None and is_union(schema):
            return ColumnReader(self._nullable(schema, self._union(schema)))
        return super().reader(schema)

    def _nullable(self, schema: Schema, read: Reader) -> Reader:
        default = schema.default
        if default is not None and (self._replace_nulls or not schema.optional):
            if isinstance(default, list | dict):  # each record gets its own: a transform may change it
                return lambda node: deepcopy(default) if node is None else read(node)
            return lambda node: default if node is None else read(node)
        if schema.optional or not self._strict:
            return lambda node: None if node is None else read(node)

        def required(node: Any) -> Any:
            if node is None:
                raise CoercedError
            return read(node)

        return required

    def _field(self, name: str, schema: Schema) -> ColumnReader:
        del name
        return self.reader(schema)

    def _map(self, schema: Schema) -> Reader:
        if not is_entries(schema):
            return super()._map(schema)
        keys, values, strict = self.reader(schema.key_schema).one, self.reader(schema.value_schema).one, self._strict

        def entry(node: Any) -> tuple[Any, Any]:
            if not isinstance(node, dict) or KEY not in node:
                raise DataError(f"An entry of a map has to be an object with {KEY} and {VALUE}, but is {kind_of(node)}")
            return hashable(schema.key_schema, keys(node[KEY])), values(node.get(VALUE))

        def read(node: Any) -> Any:
            if not isinstance(node, list):
                raise DataError(
                    f"Maps with non-string keys should be encoded as JSON arrays of entries, but found {kind_of(node)}"
                )
            found = dict(map(entry, node))
            if strict and len(found) != len(node):
                raise CoercedError  # a key twice
            return found

        return read

    def _union(self, schema: Schema) -> Reader:
        choose = Chooser(schema).choose
        names = [field.name for field in schema.fields]
        readers = [self.reader(field.schema).one for field in schema.fields]

        def read(node: Any) -> Any:
            at = choose(node)
            if at is None:
                raise DataError(
                    f"A JSON {kind_of(node)} is none of the union's alternatives",
                    code="BRN-1478",
                    remedy=f"It may be: {', '.join(field.schema.type.name for field in schema.fields)}.",
                )
            made: dict[str, Any] = dict.fromkeys(names)
            made[names[at]] = readers[at](node)
            return made

        return read
