"""From Connect's values to Protobuf: compiled once for a schema and a message, applied to columns.

Rows become dicts that the constructors of Google's classes take; where nothing changes, the rows themselves are those.
What the constructors would let pass although it is wrong (a boolean as a number, bytes as text, null for a required
field) is found by looking at the types of a whole column at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.converters._json.columns import columns_of, converted_lists
from barnabas.converters._protobuf.messages import SCALARS
from barnabas.converters._protobuf.protos import field_name, is_union
from barnabas.converters._protobuf.rows import row_maker
from barnabas.converters._protobuf.runtime import GetMessageClass
from barnabas.converters._protobuf.scalars import column_for
from barnabas.converters._protobuf.shapes import FieldShape, Kind, MessageShape, shape_of
from barnabas.converters._protobuf.values import Column, UnfitError, dates_to, decimals_to, times_to, timestamps_to
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barnabas.converters._protobuf.flags import Flags

__all__ = ["MessageWriter"]

_LOGICAL: Final[dict[str, tuple[Kind, Column]]] = {
    Date.NAME: (Kind.DATE, dates_to),
    Time.NAME: (Kind.TIME, times_to),
    Timestamp.NAME: (Kind.TIMESTAMP, timestamps_to),
}
_NULL: Final = type(None)
_WORDS: Final = {number: word for word, number in SCALARS.items()}


class MessageWriter:
    """Writes values of one schema as one kind of message.

    Args:
        schema: What the values are.
        descriptor: Google's descriptor of the message: made from the schema, or one that the registry has.
        flags: The settings.
        files: All files by name.

    Raises:
        DataError: The message has no place for a field of the schema, or one of another type.
    """

    def __init__(self, schema: Schema, descriptor: Any, flags: Flags, files: Mapping[str, Any]) -> None:
        self._make = GetMessageClass(descriptor)
        builder = _Builder(flags, files)
        shape = shape_of(descriptor, flags, files)
        self._raw = schema.type is not Type.STRUCT
        if self._raw:
            self._rows: Column = builder.raw(schema, shape)
        else:
            self._rows = builder.struct(schema, shape)

    def column(self, values: Sequence[Any]) -> list[bytes]:
        """Values, none of them ``None``, as messages without frames.

        Raises:
            DataError: One of them does not fit, with the reason.
            TypeError: The same, found by Google's library.
            ValueError: The same.
            OverflowError: The same.
        """
        make = self._make
        return [make(**row).SerializeToString() for row in self._rows(values)]


class _Slot(NamedTuple):
    """A field of a struct: what it is called in Connect and in Protobuf (``None``: it is a union), and its column."""

    source: str
    target: str | None
    column: Column


class _Builder:
    def __init__(self, flags: Flags, files: Mapping[str, Any]) -> None:
        self._flags = flags
        self._files = files

    def raw(self, schema: Schema, shape: MessageShape) -> Column:
        """Primitives as rows of a wrapper's fields."""
        convert = self._value(schema, shape.fields[0])
        return lambda values: [{"value": value} for value in convert(values)]

    def struct(self, schema: Schema, shape: MessageShape) -> Column:
        """Dicts as rows of a message's fields."""
        places = {field.name: field for field in (*shape.fields, *(f for o in shape.oneofs for f in o.fields))}
        slots: list[_Slot] = []
        for field in schema.fields:
            if is_union(field.schema):
                slots.append(_Slot(field.name, None, self._union(field.schema, places, shape)))
            else:
                target = field_name(field.name, self._flags)
                slots.append(_Slot(field.name, target, self._field(field.schema, _place(places, target, shape))))
        return _struct_column(tuple(slots))

    def _union(self, schema: Schema, places: dict[str, FieldShape], shape: MessageShape) -> Column:
        """Structs of a union, ``None`` among them, as rows of the fields that are set."""
        members = []
        for field in schema.fields:
            target = field_name(field.name, self._flags)
            member = field.schema if field.schema.optional else field.schema.replace(optional=True)
            members.append(_Slot(field.name, target, self._field(member, _place(places, target, shape))))
        rows = _struct_column(tuple(members))
        strict = self._flags.strict

        def write(values: Sequence[Any]) -> Sequence[Any]:
            found = rows([{} if value is None else value for value in values])
            if strict and any(sum(item is not None for item in row.values()) > 1 for row in found):
                raise UnfitError("more than one member of a union is set", remedy="Set one of them only.")
            return [{name: item for name, item in row.items() if item is not None} for row in found]

        return _defaulted(schema, write)

    def _field(self, schema: Schema, field: FieldShape) -> Column:
        """Values of a field, ``None`` among them."""
        convert = self._many(schema, field)
        keeps_null = field.has_presence or not self._flags.strict
        name, optional = field.name, schema.optional
        default = None if optional and self._flags.ignore_defaults else schema.default

        def write(values: Sequence[Any]) -> Sequence[Any]:
            if None not in values:
                return convert(values)
            if default is not None:
                return convert([default if value is None else value for value in values])
            if not optional:
                raise UnfitError(f"null for the required field {name}", remedy=f"Give a value for {name}.")
            if not keeps_null:
                raise UnfitError(
                    f"null for {name} would read as its default value",
                    remedy="Set optional.for.nullables=true or wrapper.for.nullables=true.",
                )
            there = [value for value in values if value is not None]
            changed = convert(there)
            if changed is there:
                return values
            each = iter(changed)
            return [None if value is None else next(each) for value in values]

        return write

    def _many(self, schema: Schema, field: FieldShape) -> Column:
        if schema.type is Type.ARRAY and field.repeated and schema.value_schema is not None:
            convert = _without_null(self._value(schema.value_schema, field), f"an element of {field.name}")
            return lambda lists: _lists(lists, convert, field.name)
        if schema.type is Type.MAP and field.kind is Kind.MAP:
            return self._map(schema, field)
        if field.repeated or field.kind is Kind.MAP or schema.type in (Type.ARRAY, Type.MAP):
            raise _mismatch(schema, field)
        return self._value(schema, field)

    def _map(self, schema: Schema, field: FieldShape) -> Column:
        key, value = shape_of(field.descriptor.message_type, self._flags, self._files).fields
        if schema.key_schema is None or schema.value_schema is None:
            raise _mismatch(schema, field)
        keys = _without_null(self._value(schema.key_schema, key), f"a key of {field.name}")
        values = _without_null(self._value(schema.value_schema, value), f"a value of {field.name}")

        def write(maps: Sequence[Any]) -> Sequence[Any]:
            if not all(isinstance(each, dict) for each in maps):
                raise UnfitError(f"something else than a map for {field.name}")
            flat_keys, flat_values = [*chain.from_iterable(maps)], [*chain.from_iterable(map(dict.values, maps))]
            new_keys, new_values = keys(flat_keys), values(flat_values)
            if new_keys is flat_keys and new_values is flat_values:
                return maps
            pairs = zip(new_keys, new_values, strict=True)
            return [dict(next(pairs) for _ in range(len(each))) for each in maps]

        return write

    def _value(self, schema: Schema, field: FieldShape) -> Column:
        """Single values of a field, none of them ``None``."""
        if schema.name == LogicalDecimal.NAME and field.kind is Kind.DECIMAL:
            return decimals_to(schema)
        logical = _LOGICAL.get(schema.name) if schema.name else None
        if logical is not None or field.kind in (Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.TIMESTAMP):
            if logical is None or logical[0] is not field.kind:
                raise _mismatch(schema, field)
            return logical[1]
        if field.kind in (Kind.SCALAR, Kind.ENUM):
            found = column_for(schema, field)
            if found is None:
                raise _mismatch(schema, field)
            return found
        return self._in_message(schema, field)

    def _in_message(self, schema: Schema, field: FieldShape) -> Column:
        shape = shape_of(field.descriptor.message_type, self._flags, self._files)
        if schema.type is Type.STRUCT and field.kind is Kind.MESSAGE:
            return self.struct(schema, shape)
        if schema.type.is_primitive and field.kind is Kind.WRAPPER:
            return self.raw(schema, shape)
        raise _mismatch(schema, field)


def _struct_column(slots: tuple[_Slot, ...]) -> Column:
    names = tuple(slot.source for slot in slots)
    targets = tuple(slot.target for slot in slots)
    known = frozenset(names)
    merge = _merger(targets)

    def write(rows: Sequence[Any]) -> Sequence[Any]:
        found = columns_of(rows, names)
        columns = _slow_columns(rows, names, known) if found is None else found[0]
        written = [slot.column(column) for slot, column in zip(slots, columns, strict=True)]
        if found is not None and targets == names and all(a is b for a, b in zip(written, columns, strict=True)):
            return rows
        return merge(written, len(rows))

    return write


def _merger(targets: tuple[str | None, ...]) -> Callable[[list[Sequence[Any]], int], list[dict[str, Any]]]:
    """What makes rows out of columns; those of unions (without a name) bring rows of their own."""
    names = [name for name in targets if name is not None]
    plain = [place for place, name in enumerate(targets) if name is not None]
    unions = [place for place, name in enumerate(targets) if name is None]
    rows_of = row_maker(names) if names else None

    def merge(columns: list[Sequence[Any]], count: int) -> list[dict[str, Any]]:
        rows = [{} for _ in range(count)] if rows_of is None else rows_of([columns[place] for place in plain])
        for place in unions:
            for row, members in zip(rows, columns[place], strict=True):
                row.update(members)
        return rows

    return merge


def _slow_columns(rows: Sequence[Any], names: tuple[str, ...], known: frozenset[str]) -> list[list[Any]]:
    for row in rows:
        if not isinstance(row, dict):
            raise UnfitError(f"{type(row).__name__} for a struct", remedy="Give a dict with the fields.")
        if not row.keys() <= known:
            raise UnfitError(f"{min(map(str, row.keys() - known))} is no field of the struct")
    return [[row.get(name) for row in rows] for name in names]


def _lists(lists: Sequence[Any], convert: Column, name: str) -> Sequence[Any]:
    found = converted_lists(lists, convert)
    if found is not None:
        return found
    if not all(isinstance(each, list | tuple) for each in lists):
        raise UnfitError(f"something else than a list for {name}")
    return [[*convert([*each])] for each in lists]


def _without_null(convert: Column, what: str) -> Column:
    def write(values: Sequence[Any]) -> Sequence[Any]:
        if _NULL in {*map(type, values)}:
            raise UnfitError(f"null as {what}, which Protobuf cannot say", remedy="Leave it out.")
        return convert(values)

    return write


def _defaulted(schema: Schema, write: Column) -> Column:
    if schema.default is None:
        return write
    return lambda values: write([schema.default if value is None else value for value in values])


def _place(places: Mapping[str, FieldShape], name: str, shape: MessageShape) -> FieldShape:
    found = places.get(name)
    if found is None:
        raise DataError(
            f"Message {shape.descriptor.full_name} in the registry has no field {name}, which the data have",
            code="BRN-1448",
            remedy="Register a schema that has it, or drop the field with ReplaceField.",
        )
    return found


def _mismatch(schema: Schema, field: FieldShape) -> DataError:
    there = field.descriptor.message_type or field.descriptor.enum_type
    title = there.full_name if there is not None else _WORDS[field.type]
    many = "repeated " if field.repeated else ""
    return DataError(
        f"Field {field.name} is {schema.name or schema.type.name} in the data and {many}{title} in the message",
        code="BRN-1448",
        remedy="Cast the field, or register a schema of the same type.",
    )
