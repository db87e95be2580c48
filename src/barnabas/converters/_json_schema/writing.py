"""From values to JSON: as for JsonConverter, but for unions, maps of entries, and nulls where none may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from barnabas.converters._json.scalars import CoercedError
from barnabas.converters._json.writer import ColumnWriter, StructWriter, Writer, WriterCompiler
from barnabas.converters._json_schema.words import KEY, VALUE, is_entries, is_union
from barnabas.errors import DataError
from barnabas.schema import Schema, Struct

__all__ = ["make_writer"]


def make_writer(schema: Schema, *, numeric_decimals: bool, keep_nulls: bool, strict: bool) -> ColumnWriter:
    """Compile the plan; what it gives is for :func:`~barnabas.converters._json.output.dump_column`.

    Args:
        schema: What the values are.
        numeric_decimals: Decimals as numbers, not as base64 of their bytes.
        keep_nulls: A null of an optional schema stays null, even if there is a default.
        strict: Raise :class:`CoercedError` for what would be read back as something else.
    """
    return _Compiler(numeric_decimals=numeric_decimals, keep_nulls=keep_nulls, strict=strict).writer(schema)


class _Compiler(WriterCompiler):
    def __init__(self, *, numeric_decimals: bool, keep_nulls: bool, strict: bool) -> None:
        super().__init__(numeric_decimals=numeric_decimals, replace_nulls=not keep_nulls, strict=strict)

    def writer(self, schema: Schema | None) -> ColumnWriter:
        if schema is not None and is_union(schema):
            return ColumnWriter(self._union(schema, self._null(schema)))
        return super().writer(schema)

    def _null(self, schema: Schema) -> Callable[[], Any]:
        if schema.default is not None and (self._replace_nulls or not schema.optional):
            node = self.writer(schema.replace(default=None)).one(schema.default)
            return lambda: node
        return _refuse if self._strict and not schema.optional else lambda: None

    def _struct(self, schema: Schema, null: Callable[[], Any]) -> StructWriter:
        plain = super()._struct(schema, null)
        bare = [field for field in schema.fields if not field.schema.optional and field.schema.default is None]
        without = {field.name for field in bare}
        whole = plain.one

        def write(value: Any) -> Any:
            """A required field without a value is left out, as on the JVM."""
            node = whole(value)
            if value is not None and any(value.get(name) is None for name in without):
                return {name: part for name, part in node.items() if part is not None or name not in without}
            return node

        return StructWriter(write, plain.names, plain.parts, tuple(field.index for field in bare))

    def _is_object(self, schema: Schema) -> bool:
        return not is_entries(schema)

    def _map(self, schema: Schema, keys: ColumnWriter, values: ColumnWriter) -> Writer:
        plain = super()._map(schema, keys, values)
        if not is_entries(schema):
            return plain
        key_of, item_of = keys.one, values.one

        def write(value: Any) -> Any:
            if not isinstance(value, dict) or isinstance(value, Struct):
                return plain(value)  # which refuses it
            return [{KEY: key_of(key), VALUE: item_of(item)} for key, item in value.items()]

        return write

    def _union(self, schema: Schema, null: Callable[[], Any]) -> Writer:
        parts = [(field.name, self.writer(field.schema).one) for field in schema.fields]

        def write(value: Any) -> Any:
            if value is None:
                return null()
            if isinstance(value, dict):
                for name, one in parts:
                    if value.get(name) is not None:
                        return one(value[name])
            raise DataError(
                f"A union needs a value in one of its fields, but is {type(value).__name__}",
                code="BRN-1478",
                remedy=f"Its fields are {', '.join(name for name, _ in parts)}.",
            )

        return write


def _refuse() -> Any:
    raise CoercedError
