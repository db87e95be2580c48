"""Columns into PostgreSQL's binary COPY, in C loops.

A row is the number of its fields, and for each field its length and its bytes. Neighbouring fields of fixed size are
packed by one format for the whole row, together with the length of the field of varying size that follows; so a row
with three texts costs four calls, whatever else is in it, and no Python code runs for a single value of the usual
types.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from itertools import chain, repeat
from typing import Any, Final, NamedTuple
from uuid import UUID

from barnabas.connectors.jdbc.sink_kinds import Kind, json_text, kind_of, micros_of, text_form
from barnabas.connectors.postgres.driver import load
from barnabas.schema import Schema

__all__ = ["HEADER", "TRAILER", "BinaryField", "PgType", "binary_field", "binary_rows"]

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What a binary COPY starts with."""

TRAILER: Final = b"\xff\xff"
"""What it ends with."""

Column = Sequence[Any]


class PgType(NamedTuple):
    """A column's type, domains resolved.

    Args:
        oid: Its number in ``pg_type``.
        name: As in ``pg_type``: ``int4``, ``varchar``.
        kind: ``b`` base type, ``e`` enum; others are not written in binary.
        element: Of an array.
    """

    oid: int
    name: str
    kind: str = "b"
    element: PgType | None = None


class BinaryField(NamedTuple):
    """How one column is written.

    Args:
        code: The format of :mod:`struct`; empty where fields vary in size.
        size: Bytes of a field, where fixed.
        convert: From a column without nulls to what is packed (a number for each), where fixed and not the same.
        one: A value's bytes, where they vary.
        checked: Whether a null may be among the values: looking for it costs time. A bool is always looked at, because
            :mod:`struct` would take a null for false.
    """

    code: str
    size: int
    convert: Callable[[Column], Column] | None
    one: Callable[[Any], bytes] | None
    checked: bool

    def single(self, value: Any) -> bytes:
        """The bytes of one value that is not null."""
        if self.one is not None:
            return self.one(value)
        packed = self.convert([value])[0] if self.convert is not None else value
        return _packer("!" + self.code)(packed)


@functools.lru_cache(1024)
def _packer(code: str) -> Callable[..., bytes]:
    return struct.Struct(code).pack


def binary_rows(fields: Sequence[BinaryField], columns: Sequence[Column]) -> bytes:
    """The rows of columns, without header and trailer.

    Raises:
        struct.error, TypeError, ValueError, AttributeError, ArithmeticError: A value is not what its field takes.
    """
    code = "!h"
    parts: list[Iterable[Any]] = [repeat(len(fields))]
    pieces: list[Iterable[bytes]] = []
    for field, column in zip(fields, columns, strict=True):
        if field.one is None and not (field.checked and None in column):
            code += "i" + field.code
            parts += (repeat(field.size), column if field.convert is None else field.convert(column))
            continue
        data, sizes = _varying(field, column)
        pieces += (map(_packer(code + "i"), *parts, sizes), data)
        code, parts = "!", []
    if parts:
        pieces.append(map(_packer(code), *parts))
    return b"".join(pieces[0] if len(pieces) == 1 else chain.from_iterable(zip(*pieces, strict=True)))


def _varying(field: BinaryField, column: Column) -> tuple[list[bytes], Iterable[int]]:
    """Bytes and length of each field; the length of null is -1."""
    one = field.one or field.single
    if field.checked and None in column:
        data = [b"" if value is None else one(value) for value in column]
        return data, [-1 if value is None else len(part) for value, part in zip(column, data, strict=True)]
    data = [*map(one, column)]
    return data, map(len, data)


# ---------------------------------------------------------------------------------------------------- which field
_TEXT_LIKE: Final = frozenset({"text", "varchar", "bpchar", "name", "citext", "xml", "json"})
_INTEGERS: Final = {"int2": ("h", 2), "int4": ("i", 4), "int8": ("q", 8)}
_FLOATS: Final = {"float4": ("f", 4), "float8": ("d", 8)}
_DAYS_TO_2000: Final = 10957
_ORDINAL_2000: Final = date(2000, 1, 1).toordinal()
_MICROS_TO_2000: Final = _DAYS_TO_2000 * 86_400_000_000
_NUMBERS: Final = frozenset({"int", "days", "time_ms", "time_us", "time_ns", "stamp_ms", "stamp_us", "stamp_ns"})


def binary_field(
    schema: Schema, kind: Kind, target: PgType, *, zone: tzinfo | None = None, debezium: bool = True
) -> BinaryField | None:
    """How values of a schema are written into a column of a type; ``None``: not in binary, only as text.

    Args:
        schema: Of the values.
        kind: Of the values.
        target: The column's type.
        zone: Whose wall clock a column without time zone keeps; ``None`` for UTC.
        debezium: See :func:`kind_of`; for the elements of arrays.
    """
    if target.element is not None:
        return _array(schema, kind, target.element, zone, debezium=debezium)
    fixed = _fixed(kind, target.name, zone)
    if fixed is not None:
        return BinaryField(*fixed, one=None, checked=schema.optional or kind == "bool")
    one = _one(kind, target)
    return None if one is None else BinaryField("", 0, None, one, schema.optional)


def _fixed(kind: Kind, name: str, zone: tzinfo | None) -> tuple[str, int, Callable[[Column], Column] | None] | None:
    """Code, size and conversion of a field with a fixed size."""
    if name in _INTEGERS:
        return (*_INTEGERS[name], None) if kind in _NUMBERS else None
    if name in _FLOATS and kind in ("int", "float", "decimal"):
        return (*_FLOATS[name], (lambda column: [*map(float, column)]) if kind == "decimal" else None)
    if name == "bool" and kind == "bool":
        return "?", 1, None
    if name == "date":
        return _dates(kind)
    if name == "time":
        return _times(kind)
    return _stamps(kind, zone if name == "timestamp" else None) if name in ("timestamp", "timestamptz") else None


def _dates(kind: Kind) -> tuple[str, int, Callable[[Column], Column]] | None:
    if kind == "date":
        return "i", 4, lambda column: [value.toordinal() - _ORDINAL_2000 for value in column]
    if kind == "days":
        return "i", 4, lambda column: [value - _DAYS_TO_2000 for value in column]
    return None


def _times(kind: Kind) -> tuple[str, int, Callable[[Column], Column] | None] | None:
    if kind == "time":
        return "q", 8, lambda column: [_time_micros(value) for value in column]
    if kind == "time_us":
        return "q", 8, None
    if kind == "time_ms":
        return "q", 8, lambda column: [value * 1000 for value in column]
    if kind == "time_ns":
        return "q", 8, lambda column: [value // 1000 for value in column]
    return None


def _time_micros(value: Any) -> int:
    return int(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond)


def _stamps(kind: Kind, zone: tzinfo | None) -> tuple[str, int, Callable[[Column], Column]] | None:
    if kind == "timestamp":
        return "q", 8, lambda column: micros_of([*column], zone)
    if kind == "stamp_ms":
        return "q", 8, lambda column: [value * 1000 - _MICROS_TO_2000 for value in column]
    if kind == "stamp_us":
        return "q", 8, lambda column: [value - _MICROS_TO_2000 for value in column]
    if kind == "stamp_ns":
        return "q", 8, lambda column: [value // 1000 - _MICROS_TO_2000 for value in column]
    return None


def _one(kind: Kind, target: PgType) -> Callable[[Any], bytes] | None:
    """A value's bytes where they vary in size."""
    if target.kind == "e" or target.name in _TEXT_LIKE:
        return str.encode if kind == "string" else _encoded(_form(kind, target))
    if target.name == "jsonb":
        text = _form(kind, target)
        return lambda value: b"\x01" + text(value).encode()
    if target.name == "bytea" and kind == "bytes":
        return bytes
    if target.name == "uuid" and kind == "string":
        return lambda value: UUID(value).bytes
    if target.name == "numeric":
        return _numeric(kind)
    return None


def _form(kind: Kind, target: PgType) -> Callable[[Any], str]:
    """As text; whatever has no type of its own is JSON where JSON is wanted."""
    return json_text if kind == "any" and target.name in ("json", "jsonb") else text_form(kind)


def _encoded(text: Callable[[Any], str]) -> Callable[[Any], bytes]:
    return lambda value: text(value).encode()


def _numeric(kind: Kind) -> Callable[[Any], bytes] | None:
    psycopg = load()
    binary = load("psycopg.adapt").PyFormat.BINARY
    dump: Callable[[Any], bytes] = psycopg.adapters.get_dumper(Decimal, binary)(Decimal).dump
    if kind == "decimal":
        return dump
    if kind == "int":
        return lambda value: dump(Decimal(int(value)))
    if kind == "float":
        return lambda value: dump(Decimal(repr(float(value))))
    return None


def _array(schema: Schema, kind: Kind, element: PgType, zone: tzinfo | None, *, debezium: bool) -> BinaryField | None:
    """One dimension; other shapes go as text."""
    items = schema.value_schema if kind == "array" else None
    if items is None:
        return None
    inner = kind_of(items, debezium=debezium)
    field = None if inner == "array" else binary_field(items, inner, element, zone=zone, debezium=debezium)
    if field is None:
        return None
    single, oid = field.single, element.oid

    def one(values: Sequence[Any]) -> bytes:
        if not values:
            return struct.pack("!iiI", 0, 0, oid)
        parts = [struct.pack("!iiIii", 1, int(None in values), oid, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(b"\xff\xff\xff\xff")
                continue
            data = single(value)
            parts += (struct.pack("!i", len(data)), data)
        return b"".join(parts)

    return BinaryField("", 0, None, one, checked=True)
