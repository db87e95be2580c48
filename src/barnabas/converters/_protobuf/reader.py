"""From Google's messages to Connect's values: compiled once for each message, applied to columns."""

from __future__ import annotations

from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.rows import row_maker
from barnabas.converters._protobuf.runtime import GetMessageClass, descriptor_pb2
from barnabas.converters._protobuf.schemas import SchemaMaker, is_raw, union_field
from barnabas.converters._protobuf.shapes import FieldShape, Kind, MessageShape, OneofShape, shape_of
from barnabas.converters._protobuf.values import (
    Column,
    dates_of,
    decimals_of,
    narrowed,
    refuse_unsigned,
    signed,
    times_of,
    timestamps_of,
)
from barnabas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barnabas.converters._protobuf.flags import Flags
    from barnabas.schema import Schema

__all__ = ["MessageReader"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_UNSIGNED_LONG: Final = frozenset({_PROTO.TYPE_UINT64, _PROTO.TYPE_FIXED64})
_BITS: Final = {Type.INT8: 8, Type.INT16: 16}
_LOGICAL: Final[dict[Kind, Column]] = {
    Kind.DECIMAL: decimals_of,
    Kind.DATE: dates_of,
    Kind.TIME: times_of,
    Kind.TIMESTAMP: timestamps_of,
}


class MessageReader:
    """Reads one kind of message.

    Args:
        descriptor: Google's descriptor of it.
        flags: The settings.
        files: All files by name.
        version: The schema's version in the registry, if known.

    Attributes:
        schema: The schema of what comes out.

    Raises:
        DataError: The message contains itself.
    """

    schema: Schema

    def __init__(self, descriptor: Any, flags: Flags, files: Mapping[str, Any], version: int | None = None) -> None:
        self.schema = SchemaMaker(flags, files).root(descriptor, version)
        self._parse = GetMessageClass(descriptor).FromString
        self._whole = has_required(descriptor, set())
        self._name = descriptor.full_name
        builder = _Builder(flags, files)
        if is_raw(descriptor, flags):
            field = shape_of(descriptor, flags, files).fields[0]
            self._convert = builder.fetch(field, builder.schemas.field(field), attrgetter("value"))
        else:
            self._convert = builder.message(shape_of(descriptor, flags, files))

    def column(self, bodies: list[bytes]) -> list[Any]:
        """Messages without frames as values.

        Raises:
            ValueError: One of them is damaged (Google's ``DecodeError``), or lacks a required field.
            DataError: Strict mode refuses a value.
        """
        messages = [*map(self._parse, bodies)]
        if self._whole:
            for message in messages:
                missing = message.FindInitializationErrors() if not message.IsInitialized() else []
                if missing:
                    raise ValueError(f"Message missing required fields: {', '.join(missing)}")
        return self._convert(messages)


def has_required(descriptor: Any, seen: set[str]) -> bool:
    """Whether a message, or one in it, has a field that proto2 calls required."""
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    proto = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(proto)
    return any(part.label == _PROTO.LABEL_REQUIRED for part in proto.field) or any(
        field.message_type is not None and has_required(field.message_type, seen) for field in descriptor.fields
    )


class _Builder:
    """Puts functions together that take a list of messages and give a list of values."""

    def __init__(self, flags: Flags, files: Mapping[str, Any]) -> None:
        self._flags = flags
        self._files = files
        self.schemas = SchemaMaker(flags, files)

    def message(self, shape: MessageShape) -> Callable[[Sequence[Any]], list[Any]]:
        """Messages to dicts."""
        names: list[str] = []
        fetches: list[Callable[[Sequence[Any]], list[Any]]] = []
        for oneof in shape.oneofs:
            if self._flags.flatten_unions:
                names += [field.name for field in oneof.fields]
                fetches += [self.field(field) for field in oneof.fields]
            else:
                names.append(union_field(oneof, self._flags))
                fetches.append(self._union(oneof))
        names += [field.name for field in shape.fields]
        fetches += [self.field(field) for field in shape.fields]
        if not names:
            return lambda messages: [{} for _ in messages]
        rows = row_maker(names)
        return lambda messages: rows([fetch(messages) for fetch in fetches])

    def field(self, field: FieldShape) -> Callable[[Sequence[Any]], list[Any]]:
        """Messages to the values of a field."""
        return self.fetch(field, self.schemas.field(field), attrgetter(field.name))

    def fetch(
        self, field: FieldShape, schema: Schema, get: Callable[[Any], Any]
    ) -> Callable[[Sequence[Any]], list[Any]]:
        """The same, for a field that is got in a certain way."""
        if field.kind is Kind.MAP:
            return self._map(field, get)
        convert = self._convert(field, schema.value_schema if field.repeated and schema.value_schema else schema)
        if field.repeated:
            return _lists(get, convert)
        # What is not set reads as its default value, unless null can say so.
        null = field.kind.is_message and not (self._flags.struct_for_nulls and field.kind is Kind.MESSAGE)
        if field.optional or field.oneof is not None or null:
            return _present(get, field.name, convert)
        if convert is None:
            return lambda messages: [*map(get, messages)]
        return lambda messages: [*convert([*map(get, messages)])]

    def _convert(self, field: FieldShape, schema: Schema) -> Column | None:
        """What makes values of one field, ``None`` where Google's are right already."""
        if field.kind in _LOGICAL:
            return _LOGICAL[field.kind]
        if field.kind is Kind.WRAPPER:
            shape = shape_of(field.descriptor.message_type, self._flags, self._files)
            inner = self._scalar(shape.fields[0], schema)
            get = attrgetter("value")
            return (lambda m: [*map(get, m)]) if inner is None else (lambda m: inner([*map(get, m)]))
        if field.kind is Kind.MESSAGE:
            return self.message(shape_of(field.descriptor.message_type, self._flags, self._files))
        if field.kind is Kind.ENUM:
            if self._flags.int_for_enums:
                return None
            labels = _Labels(field.descriptor.enum_type)
            return lambda numbers: [*map(labels.__getitem__, numbers)]
        return self._scalar(field, schema)

    def _scalar(self, field: FieldShape, schema: Schema) -> Column | None:
        if field.type in _UNSIGNED_LONG:
            return refuse_unsigned if self._flags.strict else signed
        bits = _BITS.get(schema.type)
        return None if bits is None else narrowed(bits, strict=self._flags.strict)

    def _map(self, field: FieldShape, get: Callable[[Any], Any]) -> Callable[[Sequence[Any]], list[Any]]:
        key, value = shape_of(field.descriptor.message_type, self._flags, self._files).fields
        keys = self._convert(key, self.schemas.field(key))
        values = self._convert(value, self.schemas.field(value))

        def fetch(messages: Sequence[Any]) -> list[dict[Any, Any]]:
            # Sorted, because Google's library keeps no order that would be the same tomorrow.
            containers = [*map(get, messages)]
            if keys is None and values is None:
                return [{key: container[key] for key in sorted(container)} for container in containers]
            pairs = [sorted(container.items()) for container in containers]
            flat = [*chain.from_iterable(pairs)]
            left = [pair[0] for pair in flat]
            right = [pair[1] for pair in flat]
            both = zip(left if keys is None else keys(left), right if values is None else values(right), strict=True)
            return [dict(islice(both, len(some))) for some in pairs]

        return fetch

    def _union(self, oneof: OneofShape) -> Callable[[Sequence[Any]], list[Any]]:
        """Messages to the one member that is set, as a struct; ``None`` where none is."""
        members = {field.name: self.field(field) for field in oneof.fields}
        empty = dict.fromkeys(members)
        name = oneof.name

        def fetch(messages: Sequence[Any]) -> list[Any]:
            found: list[Any] = [None] * len(messages)
            groups: dict[str, list[int]] = {}
            for at, message in enumerate(messages):
                which = message.WhichOneof(name)
                if which is not None:
                    groups.setdefault(which, []).append(at)
            for which, places in groups.items():
                values = members[which]([messages[at] for at in places])
                for at, value in zip(places, values, strict=True):
                    found[at] = {**empty, which: value}
            return found

        return fetch


class _Labels(dict[int, str]):
    """From the numbers of an enum to its names; where several have one number the first one is taken."""

    def __init__(self, enum: Any) -> None:
        super().__init__({value.number: value.name for value in reversed(list(enum.values))})
        self._name = enum.name

    def __missing__(self, number: int) -> str:
        """The name that the Java library makes up: a newer schema may have it."""
        return f"UNKNOWN_ENUM_VALUE_{self._name}_{number}"


def _present(get: Callable[[Any], Any], name: str, convert: Column | None) -> Callable[[Sequence[Any]], list[Any]]:
    """Values of a field, ``None`` where it is not set."""
    if convert is None:
        return lambda messages: [get(m) if m.HasField(name) else None for m in messages]

    def fetch(messages: Sequence[Any]) -> list[Any]:
        flags = [m.HasField(name) for m in messages]
        there = [get(m) for m, flag in zip(messages, flags, strict=True) if flag]
        if len(there) == len(flags):
            return [*convert(there)]
        each = iter(convert(there))
        return [next(each) if flag else None for flag in flags]

    return fetch


def _lists(get: Callable[[Any], Any], convert: Column | None) -> Callable[[Sequence[Any]], list[Any]]:
    """Values of a repeated field."""
    if convert is None:
        return lambda messages: [[*items] for items in map(get, messages)]

    def fetch(messages: Sequence[Any]) -> list[Any]:
        lists = [*map(get, messages)]
        each = iter(convert([*chain.from_iterable(lists)]))
        return [[*islice(each, size)] for size in map(len, lists)]

    return fetch
