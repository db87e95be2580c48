"""Parsing and checking in one step, in C: a decoder made for one schema.

It takes JSON that is exactly what the schema says, in any order of members, and refuses all else (another type, a
number out of range, a member that is missing), which is then read the slower way. So it never coerces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any, Final, NamedTuple, TypedDict

import msgspec

from barnabas._schema.java import to_float32
from barnabas._schema.validate import DECIMAL, INT_RANGES, TIMESTAMP
from barnabas.converters._json.input import has_negative_zero
from barnabas.converters._json.scalars import LOGICAL, PRIMITIVES
from barnabas.schema import Schema, Type

__all__ = ["TypedReader", "typed_reader"]

Convert = Callable[[Any], Any]
Column = Callable[[list[Any]], list[Any]]


class _Plan(NamedTuple):
    """What the decoder is told, and what is left to do with a value that is not null, or with many that are not."""

    kind: Any
    convert: Convert | None = None
    convert_all: Column | None = None


def _same(values: list[Any]) -> list[Any]:
    return values


class TypedReader:
    """Reads texts of one schema; made by :func:`typed_reader`."""

    def __init__(self, plan: _Plan, floats: list[Column]) -> None:
        self._decode = msgspec.json.Decoder(plan.kind).decode
        self._convert = plan.convert
        self._convert_all = plan.convert_all
        self._floats = floats

    def column(self, texts: list[bytes]) -> list[Any] | None:
        """The values; ``None`` if one of them has to be read with more care.

        Raises:
            DataError: one of them cannot be read.
        """
        try:
            rows = [*map(self._decode, texts)]
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        for column in self._floats:
            if has_negative_zero(column(rows)):
                return None
        convert = self._convert
        if self._convert_all is not None and None not in rows:
            return self._convert_all(rows)
        return rows if convert is None else [None if row is None else convert(row) for row in rows]


def typed_reader(schema: Schema | None, *, replace_nulls: bool) -> TypedReader | None:
    """A reader for ``schema``; ``None`` if it has a part that cannot be told to the decoder."""
    plan = _plan(schema, replace_nulls=replace_nulls)
    return None if plan is None else TypedReader(plan, [*_float_columns(schema)])


def _float_columns(schema: Schema | None, rows: Column = _same) -> Iterator[Column]:
    """Functions from values of ``schema`` to all floats at one place in them."""
    if schema is None:
        return
    if schema.type in (Type.FLOAT32, Type.FLOAT64):
        yield rows
    elif schema.type is Type.STRUCT:
        for field in schema.fields:
            yield from _float_columns(field.schema, partial(_members, rows, itemgetter(field.name)))
    elif schema.type is Type.ARRAY:
        yield from _float_columns(schema.value_schema, partial(_items, rows))
    elif schema.type is Type.MAP:
        yield from _float_columns(schema.value_schema, partial(_entries, rows))


def _members(rows: Column, get: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    found = rows(values)
    return [*map(get, found if None not in found else filter(None, found))]


def _items(rows: Column, values: list[Any]) -> list[Any]:
    return [*chain.from_iterable(filter(None, rows(values)))]


def _entries(rows: Column, values: list[Any]) -> list[Any]:
    return [*chain.from_iterable(map(dict.values, filter(None, rows(values))))]


def _plan(schema: Schema | None, *, replace_nulls: bool) -> _Plan | None:
    if schema is None:
        return None
    plan = _required(schema, replace_nulls=replace_nulls)
    if plan is None or not schema.optional or (schema.default is not None and replace_nulls):
        return plan
    return plan._replace(kind=plan.kind | None)


def _required(schema: Schema, *, replace_nulls: bool) -> _Plan | None:
    if schema.name in LOGICAL:
        kind = str if schema.name == DECIMAL else _INTEGERS[Type.INT64 if schema.name == TIMESTAMP else Type.INT32]
        convert = LOGICAL[schema.name](schema)[0]
        return _Plan(kind, convert, partial(_moments, convert) if schema.name == TIMESTAMP else None)
    if schema.type is Type.STRUCT:
        return _struct(schema, replace_nulls=replace_nulls)
    if schema.type is Type.ARRAY:
        items = _plan(schema.value_schema, replace_nulls=replace_nulls)
        return items and _Plan(list[items.kind], items.convert and partial(_list, items.convert))  # type: ignore[name-defined]
    if schema.type is Type.MAP:
        if schema.key_schema is not None and schema.key_schema.type is not Type.STRING:
            return None
        items = _plan(schema.value_schema, replace_nulls=replace_nulls)
        return items and _Plan(dict[str, items.kind], items.convert and partial(_dict, items.convert))  # type: ignore[name-defined]
    return _PRIMITIVE[schema.type]


def _struct(schema: Schema, *, replace_nulls: bool) -> _Plan | None:
    plans = {f.name: _plan(f.schema, replace_nulls=replace_nulls) for f in schema.fields}
    found = {name: plan for name, plan in plans.items() if plan is not None}
    if len(found) != len(plans):
        return None
    kind = TypedDict("Row", {name: plan.kind for name, plan in found.items()})  # type: ignore[misc] # names known at run time only
    left = [(name, plan.convert) for name, plan in found.items() if plan.convert is not None]
    whole = [(name, plan.convert_all or partial(_list, plan.convert)) for name, plan in found.items() if plan.convert]

    def convert(row: dict[str, Any]) -> dict[str, Any]:
        for name, each in left:
            value = row[name]
            if value is not None:
                row[name] = each(value)
        return row

    def convert_all(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for name, each in whole:
            values = [*map(itemgetter(name), rows)]
            for row, value in zip(rows, _present(each, values) if None in values else each(values), strict=True):
                row[name] = value
        return rows

    return _Plan(kind, convert, convert_all) if left else _Plan(kind)


def _present(convert: Column, values: list[Any]) -> list[Any]:
    """Nulls stay; the others go through a conversion that knows none."""
    found = iter(convert([value for value in values if value is not None]))
    return [None if value is None else next(found) for value in values]


def _moments(convert: Convert, values: list[int]) -> list[Any]:
    """Timestamps; those of our time by the quickest way, which is exact for them: see _EXACT_MS."""
    if values and min(values) >= 0 and max(values) < _EXACT_MS:
        moment = datetime.fromtimestamp
        return [moment(value / 1000, UTC) for value in values]
    try:
        return [_EPOCH + _MS * value for value in values]
    except OverflowError:
        return [*map(convert, values)]


def _list(convert: Convert, items: list[Any]) -> list[Any]:
    return [None if item is None else convert(item) for item in items]


def _dict(convert: Convert, items: dict[str, Any]) -> dict[str, Any]:
    return {key: None if item is None else convert(item) for key, item in items.items()}


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_EXACT_MS: Final = 1 << 42  # in the year 2109: until then a double of seconds is less than half a microsecond off
_INTEGERS: Final[dict[Type, Any]] = {
    kind: Annotated[int, msgspec.Meta(ge=low, le=high)] for kind, (low, high) in INT_RANGES.items()
}
_PRIMITIVE: Final[dict[Type, _Plan]] = {
    **{kind: _Plan(known) for kind, known in _INTEGERS.items()},
    Type.FLOAT32: _Plan(float, to_float32),
    Type.FLOAT64: _Plan(float),
    Type.BOOLEAN: _Plan(bool),
    Type.STRING: _Plan(str),
    Type.BYTES: _Plan(str, PRIMITIVES[Type.BYTES][0]),
}
