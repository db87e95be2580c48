"""Plans for the compiled part, which reads and writes whole columns; what is right, the reference says.

A plan is a tree of ``(kind, null_at, size, call, fill, names, children)``; the C sources say what each means. Where a
pair of schemas has anything that the compiled part does not do, there is no plan, and the reference does it all.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from barnabas._columns import native
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.to_connect import is_map_entry, member_names
from barnabas.converters._avro.types import AvroField, AvroType
from barnabas.converters._avro.writing import field_sources, is_union, missing
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["Plan", "read_plan", "write_plan"]

Plan = Any
"""What the compiled part keeps of a pair of schemas."""

_ENUM, _FIXED, _ARRAY, _MAP, _RECORD, _UNION, _ENTRIES, _DECIMAL, _CONSTANT = 8, 7, 9, 10, 11, 12, 13, 17, 18
_BYTES: Final = 5
_SIMPLE: Final = {
    (Type.BOOLEAN, "boolean"): (1, 0),
    (Type.INT8, "int"): (2, 8),
    (Type.INT16, "int"): (2, 16),
    (Type.INT32, "int"): (2, 32),
    (Type.INT64, "long"): (2, 64),
    (Type.FLOAT32, "float"): (3, 0),
    (Type.FLOAT64, "double"): (4, 0),
    (Type.BYTES, "bytes"): (_BYTES, -1),
    (Type.STRING, "string"): (6, 0),
}
_WIDER: Final = {
    (Type.INT8, "long"): (2, 8),
    (Type.INT16, "long"): (2, 16),
    (Type.INT32, "long"): (2, 32),
    (Type.FLOAT32, "double"): (4, 0),
}
"""What can be written as a wider type without a change."""

_MOMENTS: Final = {
    (Type.INT32, "int", Date.NAME): 14,
    (Type.INT32, "int", Time.NAME): 15,
    (Type.INT64, "long", Timestamp.NAME): 16,
}
_KEYS: Final = (Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.BOOLEAN, Type.STRING, Type.BYTES)


class _UnknownError(Exception):
    """The compiled part does not do this."""


def read_plan(avro: AvroType, schema: Schema | None, settings: Settings) -> Plan | None:
    """A plan for messages of ``avro`` into values of ``schema``, which was derived from it."""
    return _plan(avro, schema, settings, writes=False)


def write_plan(schema: Schema | None, avro: AvroType, settings: Settings) -> Plan | None:
    """A plan for values of ``schema`` into messages of ``avro``, which may be another than the derived one."""
    return _plan(avro, schema, settings, writes=True)


def _plan(avro: AvroType, schema: Schema | None, settings: Settings, *, writes: bool) -> Plan | None:
    if native is None or schema is None or not hasattr(native, "avro_plan"):
        return None
    try:
        return native.avro_plan(_Planner(settings, writes=writes).node(avro, schema), settings.strict)
    except (_UnknownError, ValueError):
        return None


class _Planner:
    def __init__(self, settings: Settings, *, writes: bool) -> None:
        self._settings = settings
        self._writes = writes

    def node(self, avro: AvroType, schema: Schema | None, null_at: int = -1) -> tuple[Any, ...]:
        if schema is None:
            raise _UnknownError
        only = avro.nullable()
        if only is not None:
            if is_union(schema):
                raise _UnknownError
            return self.node(only, schema, 0 if avro.branches[0].kind == "null" else 1)
        kind, size, call, names, children = self._parts(avro, schema)
        return kind, null_at, size, call, self._fill(schema), tuple(names), tuple(children)

    def _fill(self, schema: Schema) -> Any:
        if not self._writes or (self._settings.keep_nulls and schema.optional):
            return None
        return schema.default

    def _parts(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        if schema.type is Type.BYTES and schema.name == LogicalDecimal.NAME:
            return self._decimal(avro, schema)
        moment = _MOMENTS.get((schema.type, avro.kind, schema.name or ""))
        simple = (moment, 0) if moment is not None else self._simple(avro, schema)
        if simple is not None:
            return *simple, None, [], []
        if avro.kind == "fixed" and schema.type is Type.BYTES and avro.size > 0:
            return _FIXED, avro.size, None, [], []
        if avro.kind == "enum" and schema.type is Type.STRING:
            return _ENUM, 0, None, [*avro.symbols], []
        return self._composed(avro, schema)

    def _simple(self, avro: AvroType, schema: Schema) -> tuple[int, int] | None:
        found = _SIMPLE.get((schema.type, avro.kind))
        if found is None and self._writes:
            found = _WIDER.get((schema.type, avro.kind))
        return found

    def _composed(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        match avro.kind, schema.type:
            case "array", Type.ARRAY:
                return _ARRAY, 0, None, [], [self.node(avro.inner, schema.value_schema)]
            case "array", Type.MAP:
                return self._entries(avro, schema)
            case "map", Type.MAP if schema.key_schema is not None and schema.key_schema.type is Type.STRING:
                return _MAP, 0, None, [], [self.node(avro.inner, schema.value_schema)]
            case "record", Type.STRUCT:
                return self._record(avro, schema)
            case "union", Type.STRUCT if is_union(schema):
                return self._union(avro, schema)
        raise _UnknownError

    def _decimal(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        if avro.kind == "bytes":
            size = -1
        elif avro.kind == "fixed" and not self._writes:
            size = avro.size
        else:
            raise _UnknownError
        convert = LogicalDecimal.to_wire if self._writes else LogicalDecimal.from_wire
        return _DECIMAL, size, partial(convert, schema), [], []

    def _entries(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        keys = schema.key_schema
        if not is_map_entry(avro.inner) or keys is None or keys.type not in _KEYS or keys.name is not None:
            raise _UnknownError
        key, value = (field.type for field in avro.inner.fields)
        return _ENTRIES, 0, None, [], [self.node(key, keys), self.node(value, schema.value_schema)]

    def _record(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        names = [field.name for field in avro.fields]
        if is_union(schema):
            raise _UnknownError
        if self._writes:
            return self._written_record(avro, schema)
        by_name = {field.name: field.schema for field in schema.fields}
        return _RECORD, 0, None, names, [self.node(field.type, by_name[field.name]) for field in avro.fields]

    def _written_record(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        """Fields by their names in the row; constants for those that the row does not have, nothing for its others."""
        sources, names, children = field_sources(schema, avro, self._settings), [], []
        for field, source in zip(avro.fields, sources, strict=True):
            inner = None if source is None else schema.field(source)
            names.append(source)
            if inner is None:
                children.append((_CONSTANT, -1, 0, self._constant(field, avro), None, (), ()))
            else:
                children.append(self.node(field.type, inner.schema))
        dropped = [field.name for field in schema.fields if field.name not in sources]
        return _RECORD, 0, None, [*names, *dropped], [*children, *([None] * len(dropped))]

    def _constant(self, field: AvroField, avro: AvroType) -> bytes:
        from barnabas.converters._avro.wire import Wire  # noqa: PLC0415 - few schemas need the library for it

        return Wire(field.type, self._settings).write(missing(field, avro, self._settings, "value"), b"")

    def _union(self, avro: AvroType, schema: Schema) -> tuple[int, int, Any, list[Any], list[Any]]:
        members = {id(branch): name for name, branch in member_names(avro, self._settings)}
        names = [members.get(id(branch)) for branch in avro.branches]
        if len(members) < 2 or {*members.values()} != {field.name for field in schema.fields}:  # noqa: PLR2004 - a choice
            raise _UnknownError
        by_name = {field.name: field.schema for field in schema.fields}
        children = [
            None if name is None else self.node(branch, by_name[name])
            for name, branch in zip(names, avro.branches, strict=True)
        ]
        return _UNION, 0, None, names, children
