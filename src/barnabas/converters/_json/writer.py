"""From values with a schema to JSON: a plan compiled once for each schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import repeat
from math import isfinite
from operator import is_
from typing import Any, Final

import orjson

from barnabas._schema.exact import Instant, Struct
from barnabas._schema.java import float_text, to_float32
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp
from barnabas._schema.validate import DATE, DECIMAL, INT_RANGES, TIME, TIMESTAMP
from barnabas.converters._exact import fits_float, fits_int, shown
from barnabas.converters._json.columns import (
    columns_of,
    converted_dicts,
    converted_lists,
    rows_of,
    unchanged,
    with_columns,
)
from barnabas.converters._json.output import (
    base64_text,
    decimal_node,
    double_node,
    dump_nodes,
    floats_are_plain,
    number_node,
    schemaless_node,
)
from barnabas.converters._json.scalars import CoercedError
from barnabas.converters.java_text import java_class
from barnabas.errors import DataError
from barnabas.schema import Schema, Type

__all__ = ["ColumnWriter", "StructWriter", "Writer", "WriterCompiler", "writer_for"]

Writer = Callable[[Any], Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class ColumnWriter:
    """Turns values of one schema into what :func:`~barnabas.converters._json.output.dump_column` takes.

    Attributes:
        one: For one value.
    """

    def __init__(self, one: Writer, easy: frozenset[type] = frozenset(), limits: tuple[int, int] | None = None) -> None:
        self.one = one
        self._easy = easy  # Python types that need no change
        self._limits = limits

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        """For many; gives ``values`` itself where nothing has to change."""
        return values if unchanged(values, self._easy, self._limits) else [*map(self.one, values)]


class StructWriter(ColumnWriter):
    """Works field by field, so that a column of structs costs a few C loops a field.

    Attributes:
        names: Of the fields.
        parts: Their writers.
        bare: Positions of fields with which a struct that lacks them has to be written by itself.
    """

    def __init__(
        self, one: Writer, names: tuple[str, ...], parts: list[ColumnWriter], bare: tuple[int, ...] = ()
    ) -> None:
        super().__init__(one)
        self.names = names
        self.parts = parts
        self.bare = bare

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        if len(values) > 1 and values[0] is values[-1] and type(values[0]) is dict:
            shared = values[0]
            if all(map(is_, values, repeat(shared))):
                return [orjson.Fragment(dump_nodes([self.one(shared)]))] * len(values)
        found = columns_of(values, self.names)
        if found is None:
            return self._with_gaps(values)
        columns, in_order = found
        for at in self.bare:
            if None in columns[at]:
                return [*map(self.one, values)]
        written = [part.column(column) for part, column in zip(self.parts, columns, strict=True)]
        if in_order:
            return with_columns(values, self.names, columns, written)
        return rows_of(written, self.names)

    def _with_gaps(self, values: Sequence[Any]) -> Sequence[Any]:
        """Where some are null, the others are a column still."""
        present = [value for value in values if value is not None]
        if len(present) == len(values):
            return [*map(self.one, values)]
        nothing = self.one(None)
        written = self.column(present) if present else present
        if written is present and nothing is None:
            return values
        rest = iter(written)
        return [nothing if value is None else next(rest) for value in values]


class _DecimalWriter(ColumnWriter):
    """Leaves decimals of the right scale as they are: their bytes are written with everything else, in one call."""

    def __init__(self, one: Writer, scale: int) -> None:
        super().__init__(one)
        self._fits = Decimal(0).scaleb(-scale).same_quantum

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        fits = {*map(type, values)} == {Decimal} and all(map(self._fits, values))
        return values if fits else [*map(self.one, values)]


class _ArrayWriter(ColumnWriter):
    def __init__(self, one: Writer, items: ColumnWriter) -> None:
        super().__init__(one)
        self._items = items

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        found = converted_lists(values, self._items.column)
        return [*map(self.one, values)] if found is None else found


class _MapWriter(ColumnWriter):
    """Maps with text for keys: all their values are one column."""

    def __init__(self, one: Writer, items: ColumnWriter) -> None:
        super().__init__(one)
        self._items = items

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        found = converted_dicts(values, self._items.column)
        return [*map(self.one, values)] if found is None else found


class _MomentWriter(ColumnWriter):
    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        if {*map(type, values)} == {datetime}:
            try:
                return [(value - _EPOCH) // _MILLISECOND for value in values]
            except TypeError:
                pass  # one without a time zone, which is refused
        return [*map(self.one, values)]


class _DoubleWriter(ColumnWriter):
    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        if {*map(type, values)} == {float} and floats_are_plain(values):
            return values
        return [*map(self.one, values)]


def writer_for(
    schema: Schema | None, *, numeric_decimals: bool, replace_nulls: bool, strict: bool = False
) -> ColumnWriter:
    """Compile the plan.

    Args:
        schema: What the values are; ``None``: plain Python.
        numeric_decimals: Decimals as numbers, not as base64 of their bytes.
        replace_nulls: Write the default where a value is null.
        strict: Raise :class:`CoercedError` for what would be read back as something else.
    """
    return WriterCompiler(numeric_decimals=numeric_decimals, replace_nulls=replace_nulls, strict=strict).writer(schema)


class WriterCompiler:
    """Makes a plan part by part; another dialect of JSON replaces methods.

    Args:
        numeric_decimals: As for :func:`writer_for`.
        replace_nulls: As for :func:`writer_for`.
        strict: As for :func:`writer_for`.
    """

    def __init__(self, *, numeric_decimals: bool, replace_nulls: bool, strict: bool) -> None:
        self._numeric = numeric_decimals
        self._replace_nulls = replace_nulls
        self._strict = strict

    def writer(self, schema: Schema | None) -> ColumnWriter:
        """The plan for a schema."""
        if schema is None:
            return ColumnWriter(partial(schemaless_node, strict=self._strict))
        null = self._null(schema)
        if schema.type is Type.STRUCT:
            return self._struct(schema, null)
        if schema.type is Type.ARRAY:
            items = self.writer(schema.value_schema)
            return _ArrayWriter(_nullable(null, _array(schema, items)), items)
        if schema.type is Type.MAP:
            return self._map_column(schema, null)
        return self._logical(schema, null) or self._primitive(schema, null)

    def _logical(self, schema: Schema, null: Callable[[], Any]) -> ColumnWriter | None:
        if schema.name == DECIMAL:
            write = _nullable(null, self._decimal(schema))
            return ColumnWriter(write) if self._numeric else _DecimalWriter(write, LogicalDecimal.scale(schema))
        if schema.name not in _LOGICAL:
            return None
        write = _nullable(null, _logical(schema))
        return _MomentWriter(write) if schema.name == TIMESTAMP else ColumnWriter(write)

    def _primitive(self, schema: Schema, null: Callable[[], Any]) -> ColumnWriter:
        write, easy = _PRIMITIVES[schema.type](schema)
        if self._strict and schema.type in (Type.FLOAT32, Type.FLOAT64):
            write = _finite(write)
        if schema.type is Type.FLOAT64:
            return _DoubleWriter(_nullable(null, write))
        keeps_null = schema.optional and (schema.default is None or not self._replace_nulls)
        types = frozenset({*easy, type(None)} if keeps_null and easy else easy)
        return ColumnWriter(_nullable(null, write), types, INT_RANGES.get(schema.type))

    def _null(self, schema: Schema) -> Callable[[], Any]:
        if schema.default is not None and self._replace_nulls:
            node = self.writer(schema.replace(default=None)).one(schema.default)
            return lambda: node
        if schema.optional:
            return lambda: None
        return _no_default

    def _decimal(self, schema: Schema) -> Writer:
        numeric = self._numeric

        def write(value: Any) -> Any:
            if not isinstance(value, Decimal):
                raise _invalid("Decimal", "BigDecimal", value, schema)
            return decimal_node(value) if numeric else base64_text(LogicalDecimal.to_wire(schema, value))

        return write

    def _map_column(self, schema: Schema, null: Callable[[], Any]) -> ColumnWriter:
        keys, values = self.writer(schema.key_schema), self.writer(schema.value_schema)
        write = _nullable(null, self._map(schema, keys, values))
        return _MapWriter(write, values) if self._is_object(schema) else ColumnWriter(write)

    def _is_object(self, schema: Schema) -> bool:
        """Whether a map is an object in JSON."""
        return schema.key_schema is not None and schema.key_schema.type is Type.STRING

    def _map(self, schema: Schema, keys: ColumnWriter, values: ColumnWriter) -> Writer:
        as_object = self._is_object(schema)
        strict = self._strict

        def write(value: Any) -> Any:
            if not isinstance(value, dict) or isinstance(value, Struct):
                raise _mismatch(schema, value)
            pairs = [(keys.one(key), values.one(item)) for key, item in value.items()]
            if as_object:
                if strict and None in value:
                    raise CoercedError
                return {"null" if key is None else key: item for key, item in pairs}
            return [[key, item] for key, item in pairs]

        return write

    def _struct(self, schema: Schema, null: Callable[[], Any]) -> StructWriter:
        names = tuple(field.name for field in schema.fields)
        parts = [self.writer(field.schema) for field in schema.fields]
        plan = [(name, part.one) for name, part in zip(names, parts, strict=True)]
        known = frozenset(names)

        def write(value: Any) -> Any:
            if value is None:
                return null()
            if type(value) is not dict:
                _check_struct(schema, value)
            if not value.keys() <= known:
                unknown = next(key for key in value if key not in known)
                raise _other_struct(f"The value has {unknown!r}, which is no field of {schema!r}.")
            get = value.get
            return {name: one(get(name)) for name, one in plan}

        return StructWriter(write, names, parts)


def _check_struct(schema: Schema, value: Any) -> None:
    if not isinstance(value, dict):
        raise _mismatch(schema, value)
    if isinstance(value, Struct) and value.schema != schema:
        raise _other_struct(f"It is a struct of {value.schema!r}, not of {schema!r}.")


def _other_struct(remedy: str) -> DataError:
    return DataError("Mismatching schema.", code="BRN-2152", remedy=remedy)


def _array(schema: Schema, items: ColumnWriter) -> Writer:
    def write(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _mismatch(schema, value)
        return items.column(value)

    return write


def _nullable(null: Callable[[], Any], write: Writer) -> Writer:
    return lambda value: null() if value is None else write(value)


def _finite(write: Writer) -> Writer:
    def write_finite(value: Any) -> Any:
        if isinstance(value, float) and not isfinite(value):
            raise CoercedError
        return write(value)

    return write_finite


def _no_default() -> Any:
    raise DataError(
        "Conversion error: null value for field that is required and has no default value",
        code="BRN-2153",
        remedy="Give a value, or make the schema optional.",
    )


def _mismatch(schema: Schema, value: Any) -> DataError:
    is_map = isinstance(value, Mapping) and not isinstance(value, Struct)
    return DataError(
        f"Invalid type for {schema.type.name}: {java_class({}) if is_map else java_class(value, schema)}",
        code="BRN-2152",
        remedy=f"The value is the Python {value.__class__.__name__} {shown(value)}, which does not fit {schema!r}.",
    )


def _invalid(logical: str, java: str, value: Any, schema: Schema) -> DataError:
    return DataError(
        f"Invalid type for {logical}, expected {java} but was {java_class(value, schema)}",
        code="BRN-2152",
        remedy=f"The value is a Python {value.__class__.__name__}.",
    )


_LOGICAL: Final[dict[str | None, tuple[str, Callable[[Any], int], type]]] = {
    DATE: ("Date", Date.to_wire, date),
    TIME: ("Time", Time.to_wire, time),
    TIMESTAMP: ("Timestamp", Timestamp.to_wire, datetime),
}


def _logical(schema: Schema) -> Writer:
    word, convert, kind = _LOGICAL[schema.name]

    def write(value: Any) -> Any:
        if not isinstance(value, kind | datetime | Instant):
            raise _invalid(word, "Date", value, schema)
        return convert(value)

    return write


def _integer(schema: Schema) -> tuple[Writer, set[type]]:
    low, high = INT_RANGES[schema.type]

    def write(value: Any) -> Any:
        if type(value) is not int and not fits_int(schema.type, value):
            raise _mismatch(schema, value)
        if not low <= value <= high:
            raise _mismatch(schema, value)
        return value

    return write, {int}


def _double(schema: Schema) -> tuple[Writer, set[type]]:
    def write(value: Any) -> Any:
        if type(value) is float:
            return double_node(value)
        return double_node(_as_float(schema, value))

    return write, set()


def _float(schema: Schema) -> tuple[Writer, set[type]]:
    def write(value: Any) -> Any:
        return number_node(float_text(to_float32(_as_float(schema, value))))

    return write, set()


def _as_float(schema: Schema, value: Any) -> float:
    if not fits_float(schema.type, value):
        raise _mismatch(schema, value)
    return float(value)


def _exactly(kind: type) -> Callable[[Schema], tuple[Writer, set[type]]]:
    def build(schema: Schema) -> tuple[Writer, set[type]]:
        def write(value: Any) -> Any:
            if not isinstance(value, kind):
                raise _mismatch(schema, value)
            return value

        return write, {kind}

    return build


def _bytes(schema: Schema) -> tuple[Writer, set[type]]:
    def write(value: Any) -> Any:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise _mismatch(schema, value)
        return base64_text(value)

    return write, {bytes}


_PRIMITIVES: Final[dict[Type, Callable[[Schema], tuple[Writer, set[type]]]]] = {
    Type.INT8: _integer,
    Type.INT16: _integer,
    Type.INT32: _integer,
    Type.INT64: _integer,
    Type.FLOAT32: _float,
    Type.FLOAT64: _double,
    Type.BOOLEAN: _exactly(bool),
    Type.STRING: _exactly(str),
    Type.BYTES: _bytes,
}
