"""From parsed JSON to values of a schema: a plan compiled once for each schema.

Silent coercions are the JVM's: a number where a string is asked for reads as null, a string where a number is asked for
as 0, 300 as an INT8 as 44. A stricter reader would stop pipelines that run today.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from barnabas._schema.java import to_float32
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp
from barnabas._schema.validate import DATE, DECIMAL, TIME, TIMESTAMP
from barnabas.converters._exact import hashable
from barnabas.converters._json.columns import columns_of, rows_of, unchanged_lists
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["ColumnReader", "NeedsExactNumbers", "plain_value", "reader_for"]

Reader = Callable[[Any], Any]
_INT64_BITS: Final = 64
_INT32: Final = 1 << 31


class NeedsExactNumbers(Exception):  # noqa: N818 - a signal between reader and parser, never seen outside
    """The value has a fraction whose exact digits matter: parse it again with decimals."""


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
        if self._easy and {*map(type, nodes)} <= self._easy and self._within(nodes):
            return nodes
        return [*map(self.one, nodes)]

    def _within(self, nodes: Sequence[Any]) -> bool:
        if self._limits is None or not nodes:
            return True
        return None not in nodes and min(nodes) >= self._limits[0] and max(nodes) <= self._limits[1]


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
        if in_order and all(one is other for one, other in zip(read, columns, strict=True)):
            return nodes
        return rows_of(read, self._names)


class _ArrayReader(ColumnReader):
    def __init__(self, one: Reader, items: ColumnReader) -> None:
        super().__init__(one)
        self._items = items

    def column(self, nodes: Sequence[Any]) -> Sequence[Any]:
        return nodes if unchanged_lists(nodes, self._items.column) else [*map(self.one, nodes)]


def reader_for(schema: Schema | None, *, replace_nulls: bool) -> ColumnReader:
    """Compile the plan.

    Args:
        schema: What to read; ``None``: whatever the JSON holds.
        replace_nulls: Read the default where a value is null.
    """
    if schema is None:
        return ColumnReader(plain_value)
    if schema.name in _LOGICAL:
        return ColumnReader(_nullable(schema, replace_nulls, _LOGICAL[schema.name](schema)))
    if schema.type is Type.STRUCT:
        return _struct(schema, replace_nulls)
    if schema.type is Type.ARRAY:
        items = reader_for(schema.value_schema, replace_nulls=replace_nulls)
        return _ArrayReader(_nullable(schema, replace_nulls, _array(items)), items)
    if schema.type is Type.MAP:
        return ColumnReader(_nullable(schema, replace_nulls, _map(schema, replace_nulls)))
    read, easy = _PRIMITIVES[schema.type]
    keeps_null = schema.optional and (schema.default is None or not replace_nulls)
    bits = _BITS.get(schema.type)
    limits = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if bits else None
    types = frozenset({easy, type(None)} if keeps_null else {easy}) if easy is not None else frozenset()
    return ColumnReader(_nullable(schema, replace_nulls, read), types, limits)


def plain_value(node: Any) -> Any:  # noqa: PLR0911 - one return a type
    """What JSON without a schema reads as: whole numbers as 64 bits (larger ones wrap), others as floats."""
    match node:
        case bool():
            return node
        case int():
            return _wrap(node, _INT64_BITS)
        case Decimal():
            return float(node)
        case list():
            return [*map(plain_value, node)]
        case dict():
            return {key: plain_value(item) for key, item in node.items()}
        case None | str() | float():
            return node
    return None  # there was no value at all


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


def _array(items: ColumnReader) -> Reader:
    def read(node: Any) -> Any:
        if isinstance(node, dict):
            node = [*node.values()]
        return items.column(node) if isinstance(node, list) else []

    return read


def _map(schema: Schema, replace_nulls: bool) -> Reader:
    keys = reader_for(schema.key_schema, replace_nulls=replace_nulls).one
    values = reader_for(schema.value_schema, replace_nulls=replace_nulls).one

    def read_object(node: Any) -> Any:
        if not isinstance(node, dict):
            raise DataError(f"Maps with string fields should be encoded as JSON objects, but found {_kind(node)}")
        return {key: values(item) for key, item in node.items()}

    def read_pairs(node: Any) -> Any:
        if not isinstance(node, list):
            raise DataError(
                f"Maps with non-string fields should be encoded as JSON array of tuples, but found {_kind(node)}"
            )
        return dict(_pair(entry, schema.key_schema, keys, values) for entry in node)

    return read_object if schema.key_schema is None or schema.key_schema.type is Type.STRING else read_pairs


def _pair(entry: Any, schema: Schema | None, keys: Reader, values: Reader) -> tuple[Any, Any]:
    if not isinstance(entry, list):
        raise DataError(f"Found invalid map entry instead of array tuple: {_kind(entry)}")
    if len(entry) != 2:  # noqa: PLR2004 - key and value
        raise DataError(f"Found invalid map entry, expected length 2 but found :{len(entry)}")
    return hashable(schema, keys(entry[0])), values(entry[1])


def _struct(schema: Schema, replace_nulls: bool) -> ColumnReader:
    names = tuple(field.name for field in schema.fields)
    parts = [_field(field.name, field.schema, replace_nulls) for field in schema.fields]
    plan = [(name, part.one) for name, part in zip(names, parts, strict=True)]

    def read(node: Any) -> Any:
        if not isinstance(node, dict):
            raise DataError(f"Structs should be encoded as JSON objects, but found {_kind(node)}")
        get = node.get
        return {name: one(get(name)) for name, one in plan}

    return _StructReader(_nullable(schema, replace_nulls, read), names, parts)


def _field(name: str, schema: Schema, replace_nulls: bool) -> ColumnReader:
    reader = reader_for(schema, replace_nulls=replace_nulls)
    if schema.optional or (schema.type is not Type.STRING and schema.type is not Type.BYTES):
        return reader
    inner = reader.one

    def required(node: Any) -> Any:  # a number where text is asked for reads as null, which the struct then refuses
        value = inner(node)
        if value is None:
            raise DataError(
                f'Invalid value: null used for required field: "{name}", schema type: {schema.type.name}',
                code="BRN-2154",
                remedy=f"The JSON has a {_kind(node)} there.",
            )
        return value

    return ColumnReader(
        required, frozenset({str}) if schema.type is Type.STRING and schema.name not in _LOGICAL else frozenset()
    )


def _integer(bits: int) -> Reader:
    def read(node: Any) -> Any:
        kind = type(node)
        if kind is int:
            return _wrap(node, bits)
        if kind is float:
            raise NeedsExactNumbers
        return _wrap(_whole(node), bits) if kind is Decimal else 0

    return read


def _whole(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= _INT64_BITS:
        return 0  # a multiple of 2**64, of which only the lower bits count; and 10**(10**9) must not be computed
    return int(number) if number.adjusted() >= 0 else 0


def _wrap(number: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return number if -half <= number < half else (number + half) % (2 * half) - half


def _double(node: Any) -> Any:
    return float(node) if isinstance(node, int | float | Decimal) and not isinstance(node, bool) else 0.0


def _float(node: Any) -> Any:
    return to_float32(_double(node))


def _boolean(node: Any) -> Any:
    return node is True


def _string(node: Any) -> Any:
    return node if isinstance(node, str) else None


def _bytes(node: Any) -> Any:
    if not isinstance(node, str):
        return None
    try:
        return _base64(node)
    except (binascii.Error, ValueError) as error:
        raise DataError("Invalid bytes field", remedy=f"It has to be base64 with padding: {error}.") from error


def _base64(text: str) -> bytes:
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True) if text else b64decode(b"")


def _decimal(schema: Schema) -> Reader:
    def read(node: Any) -> Any:
        if type(node) is float:
            raise NeedsExactNumbers
        if isinstance(node, Decimal):
            return node
        if isinstance(node, int) and not isinstance(node, bool):
            return LogicalDecimal.of(node, 0)
        if not isinstance(node, str):
            raise DataError(
                f"Invalid type for Decimal, underlying representation should be numeric or bytes but was {_kind(node)}"
            )
        try:
            return LogicalDecimal.from_wire(schema, _base64(node))
        except (DataError, binascii.Error, ValueError) as error:
            raise DataError("Invalid bytes for Decimal field", remedy=f"{node!r:.60}: {error}") from error

    return read


def _date(schema: Schema) -> Reader:
    del schema
    return lambda node: Date.from_wire(_int32("Date", node))


def _time(schema: Schema) -> Reader:
    del schema
    return lambda node: Time.from_wire(_int32("Time", node))


def _timestamp(schema: Schema) -> Reader:
    del schema

    def read(node: Any) -> Any:
        if type(node) is not int:
            raise DataError(
                f"Invalid type for Timestamp, underlying representation should be integral but was {_kind(node)}"
            )
        return Timestamp.from_wire(_wrap(node, _INT64_BITS))

    return read


def _int32(logical: str, node: Any) -> int:
    if type(node) is not int or not -_INT32 <= node < _INT32:
        raise DataError(
            f"Invalid type for {logical}, underlying representation should be integer but was {_kind(node)}"
        )
    return node


def _kind(node: Any) -> str:  # noqa: PLR0911 - one return a type
    match node:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int() | float() | Decimal():
            return "NUMBER"
        case str():
            return "STRING"
        case list():
            return "ARRAY"
        case dict():
            return "OBJECT"
    return "MISSING"


_LOGICAL: Final[dict[str | None, Callable[[Schema], Reader]]] = {
    DECIMAL: _decimal,
    DATE: _date,
    TIME: _time,
    TIMESTAMP: _timestamp,
}
_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}
_PRIMITIVES: Final[dict[Type, tuple[Reader, type | None]]] = {
    **{kind: (_integer(bits), int) for kind, bits in _BITS.items()},
    Type.FLOAT32: (_float, None),
    Type.FLOAT64: (_double, float),
    Type.BOOLEAN: (_boolean, bool),
    Type.STRING: (_string, str),
    Type.BYTES: (_bytes, None),
}
