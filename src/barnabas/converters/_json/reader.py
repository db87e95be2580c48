"""From parsed JSON to values of a schema: a plan compiled once for each schema."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from barnabas._schema.validate import INT_RANGES
from barnabas.converters._exact import hashable
from barnabas.converters._json.columns import columns_of, converted_lists, rows_of, unchanged, with_columns
from barnabas.converters._json.scalars import (
    LOGICAL,
    PRIMITIVES,
    CoercedError,
    Exactly,
    Reader,
    kind_of,
    to_double,
    wrap,
)
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["CoercedError", "ColumnReader", "ReaderCompiler", "plain_value", "reader_for", "strict_value"]


class ColumnReader:
    """Turns parsed JSON into values.

    Attributes:
        one: For one value.
    """

    def __init__(self, one: Reader, easy: frozenset[type] = frozenset(), limits: tuple[int, int] | None = None) -> None:
        self.one = one
        self._easy = easy
        self._limits = limits

    def column(self, nodes: Sequence[Any]) -> Sequence[Any]:
        """For many; gives ``nodes`` itself where nothing has to change."""
        return nodes if unchanged(nodes, self._easy, self._limits) else [*map(self.one, nodes)]


class _StructReader(ColumnReader):
    def __init__(self, one: Reader, names: tuple[str, ...], parts: list[ColumnReader]) -> None:
        super().__init__(one)
        self._names = names
        self._parts = parts

    def column(self, nodes: Sequence[Any]) -> Sequence[Any]:
        found = columns_of(nodes, self._names)
        if found is None:  # other members are ignored, missing ones are null
            return [*map(self.one, nodes)]
        columns, in_order = found
        read = [part.column(column) for part, column in zip(self._parts, columns, strict=True)]
        if in_order:
            return with_columns(nodes, self._names, columns, read)
        return rows_of(read, self._names)


class _ArrayReader(ColumnReader):
    def __init__(self, one: Reader, items: ColumnReader) -> None:
        super().__init__(one)
        self._items = items

    def column(self, nodes: Sequence[Any]) -> Sequence[Any]:
        found = converted_lists(nodes, self._items.column)
        return [*map(self.one, nodes)] if found is None else found


class _StrictDoubleReader(ColumnReader):
    """Refuses a number beyond the largest double."""

    def column(self, nodes: Sequence[Any]) -> Sequence[Any]:
        if {*map(type, nodes)} == {float} and all(map(isfinite, nodes)):
            return nodes
        return [*map(self.one, nodes)]


def reader_for(schema: Schema | None, *, replace_nulls: bool, strict: bool = False) -> ColumnReader:
    """Compile the plan.

    Args:
        schema: What to read; ``None``: whatever the JSON holds.
        replace_nulls: Read the default where a value is null.
        strict: Raise :class:`CoercedError` where the JVM would change a value silently.
    """
    if schema is None:
        return ColumnReader(strict_value if strict else plain_value)
    return ReaderCompiler(replace_nulls=replace_nulls, strict=strict).reader(schema)


def plain_value(node: Any) -> Any:  # noqa: PLR0911 - one return a type
    """What JSON without a schema reads as: whole numbers as 64 bits (larger ones wrap), others as floats."""
    match node:
        case bool():
            return node
        case int():
            return wrap(node)
        case Decimal():
            return to_double(node)
        case list():
            return [*map(plain_value, node)]
        case dict():
            return {key: plain_value(item) for key, item in node.items()}
        case None | str() | float():
            return node
    return None  # there was no value at all


def strict_value(node: Any) -> Any:
    """The same in strict mode: a number that 64 bits cannot hold is refused, and so is nothing at all."""
    match node:
        case list():
            return [*map(strict_value, node)]
        case dict():
            return {key: strict_value(item) for key, item in node.items()}
    value = plain_value(node)
    if type(node) is int:
        changed = value != node
    else:
        changed = not isfinite(value) if isinstance(value, float) else kind_of(node) == "MISSING"
    if changed:
        raise CoercedError
    return value


def _strictly(read: Reader, exactly: Exactly) -> Reader:
    def read_strictly(node: Any) -> Any:
        if not exactly(node):
            raise CoercedError
        return read(node)

    return read_strictly


def _nullable(schema: Schema, replace_nulls: bool, read: Reader) -> Reader:
    if schema.default is not None and replace_nulls:
        default = schema.default
        if isinstance(default, list | dict):  # each record gets its own: a transform may change it
            return lambda node: deepcopy(default) if node is None else read(node)
        return lambda node: default if node is None else read(node)
    if schema.optional:
        return lambda node: None if node is None else read(node)

    def required(node: Any) -> Any:
        if node is None:
            raise DataError(
                f"Invalid null value for required {schema.type.name} field",
                code="BRN-2154",
                remedy="Make the schema optional, or give a value.",
            )
        return read(node)

    return required


class ReaderCompiler:
    """Makes a plan part by part; another dialect of JSON replaces methods.

    Args:
        replace_nulls: As for :func:`reader_for`.
        strict: As for :func:`reader_for`.
    """

    def __init__(self, *, replace_nulls: bool, strict: bool) -> None:
        self._replace_nulls = replace_nulls
        self._strict = strict

    def reader(self, schema: Schema | None) -> ColumnReader:
        """The plan for a schema."""
        if schema is None:
            return ColumnReader(strict_value if self._strict else plain_value)
        if schema.name in LOGICAL:
            return ColumnReader(self._nullable(schema, self._choose(*LOGICAL[schema.name](schema))))
        if schema.type is Type.STRUCT:
            return self._struct(schema)
        if schema.type is Type.ARRAY:
            items = self.reader(schema.value_schema)
            return _ArrayReader(self._nullable(schema, self._array(items)), items)
        if schema.type is Type.MAP:
            return ColumnReader(self._nullable(schema, self._map(schema)))
        return self._primitive(schema)

    def _choose(self, read: Reader, exactly: Exactly) -> Reader:
        return _strictly(read, exactly) if self._strict else read

    def _nullable(self, schema: Schema, read: Reader) -> Reader:
        return _nullable(schema, self._replace_nulls, read)

    def _primitive(self, schema: Schema) -> ColumnReader:
        easy = _EASY.get(schema.type)
        keeps_null = schema.optional and (schema.default is None or not self._replace_nulls)
        types = frozenset({easy, type(None)} if keeps_null else {easy}) if easy is not None else frozenset()
        read = self._nullable(schema, self._choose(*PRIMITIVES[schema.type]))
        reader = _StrictDoubleReader if self._strict and schema.type is Type.FLOAT64 else ColumnReader
        return reader(read, types, INT_RANGES.get(schema.type))

    def _array(self, items: ColumnReader) -> Reader:
        strict = self._strict

        def read(node: Any) -> Any:
            if strict and not isinstance(node, list):
                raise CoercedError
            if isinstance(node, dict):
                node = [*node.values()]
            return items.column(node) if isinstance(node, list) else []

        return read

    def _map(self, schema: Schema) -> Reader:
        keys, values = self.reader(schema.key_schema).one, self.reader(schema.value_schema).one
        strict = self._strict

        def read_object(node: Any) -> Any:
            if not isinstance(node, dict):
                raise DataError(f"Maps with string fields should be encoded as JSON objects, but found {kind_of(node)}")
            return {key: values(item) for key, item in node.items()}

        def read_pairs(node: Any) -> Any:
            if not isinstance(node, list):
                raise DataError(
                    f"Maps with non-string fields should be encoded as JSON array of tuples, but found {kind_of(node)}"
                )
            found = dict(_pair(entry, schema.key_schema, keys, values) for entry in node)
            if strict and len(found) != len(node):
                raise CoercedError  # a key twice
            return found

        return read_object if schema.key_schema is None or schema.key_schema.type is Type.STRING else read_pairs

    def _struct(self, schema: Schema) -> ColumnReader:
        names = tuple(field.name for field in schema.fields)
        parts = [self._field(field.name, field.schema) for field in schema.fields]
        plan = [(name, part.one) for name, part in zip(names, parts, strict=True)]
        known = frozenset(names)
        strict = self._strict

        def read(node: Any) -> Any:
            if not isinstance(node, dict):
                raise DataError(f"Structs should be encoded as JSON objects, but found {kind_of(node)}")
            if strict and not node.keys() <= known:
                raise CoercedError
            get = node.get
            return {name: one(get(name)) for name, one in plan}

        return _StructReader(self._nullable(schema, read), names, parts)

    def _field(self, name: str, schema: Schema) -> ColumnReader:
        reader = self.reader(schema)
        if schema.optional or (schema.type is not Type.STRING and schema.type is not Type.BYTES):
            return reader
        inner = reader.one

        def required(node: Any) -> Any:  # a number where text is asked for reads as null, which the struct refuses
            value = inner(node)
            if value is None:
                raise DataError(
                    f'Invalid value: null used for required field: "{name}", schema type: {schema.type.name}',
                    code="BRN-2154",
                    remedy=f"The JSON has a {kind_of(node)} there.",
                )
            return value

        easy = schema.type is Type.STRING and schema.name not in LOGICAL
        return ColumnReader(required, frozenset({str}) if easy else frozenset())


def _pair(entry: Any, schema: Schema | None, keys: Reader, values: Reader) -> tuple[Any, Any]:
    if not isinstance(entry, list):
        raise DataError(f"Found invalid map entry instead of array tuple: {kind_of(entry)}")
    if len(entry) != 2:  # noqa: PLR2004 - key and value
        raise DataError(f"Found invalid map entry, expected length 2 but found :{len(entry)}")
    return hashable(schema, keys(entry[0])), values(entry[1])


_EASY: Final[dict[Type, type]] = {
    **dict.fromkeys(INT_RANGES, int),
    Type.FLOAT64: float,
    Type.BOOLEAN: bool,
    Type.STRING: str,
}
"""What the parser gives that needs no change, if it is within range."""
