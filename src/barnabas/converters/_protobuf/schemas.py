"""Connect's schemas for Protobuf's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.flags import ENUM, GENERAL_ENUM, GENERAL_UNION, PRECISION, TAG, UNION
from barnabas.converters._protobuf.runtime import descriptor_pb2
from barnabas.converters._protobuf.shapes import WRAPPERS, FieldShape, Kind, MessageShape, OneofShape, shape_of
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.converters._protobuf.flags import Flags

__all__ = ["CONNECT_TYPE", "SCALE", "SchemaMaker", "is_raw", "union_field"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
CONNECT_TYPE: Final = "connect.type"
SCALE: Final = "scale"
_INTERNAL: Final = frozenset({CONNECT_TYPE, SCALE, "precision"})
_NARROW: Final = {"int8": Type.INT8, "int16": Type.INT16}
_TYPES: Final = {
    _PROTO.TYPE_DOUBLE: Type.FLOAT64,
    _PROTO.TYPE_FLOAT: Type.FLOAT32,
    _PROTO.TYPE_INT32: Type.INT32,
    _PROTO.TYPE_SINT32: Type.INT32,
    _PROTO.TYPE_SFIXED32: Type.INT32,
    _PROTO.TYPE_UINT32: Type.INT64,
    _PROTO.TYPE_FIXED32: Type.INT64,
    _PROTO.TYPE_INT64: Type.INT64,
    _PROTO.TYPE_UINT64: Type.INT64,
    _PROTO.TYPE_SINT64: Type.INT64,
    _PROTO.TYPE_FIXED64: Type.INT64,
    _PROTO.TYPE_SFIXED64: Type.INT64,
    _PROTO.TYPE_BOOL: Type.BOOLEAN,
    _PROTO.TYPE_STRING: Type.STRING,
    _PROTO.TYPE_BYTES: Type.BYTES,
}
_LOGICAL: Final = {Kind.DATE: Date.SCHEMA, Kind.TIME: Time.SCHEMA, Kind.TIMESTAMP: Timestamp.SCHEMA}
_GENERAL_PREFIX: Final = "connect_union_"
_GENERAL_FIELD: Final = "connect_union_field_"


def is_raw(descriptor: Any, flags: Flags) -> bool:
    """Whether a message at the top stands for the primitive in it."""
    return flags.wrapper_for_raw and descriptor.full_name in WRAPPERS


def union_field(oneof: OneofShape, flags: Flags) -> str:
    """What the field of a oneof is called in a struct."""
    if flags.general:
        return f"{_GENERAL_FIELD}{oneof.index}"
    return f"{oneof.name}_{oneof.index}" if flags.index_for_unions else oneof.name


class SchemaMaker:
    """Makes the schemas of one file's messages.

    Args:
        flags: The settings.
        files: All files by name.
    """

    def __init__(self, flags: Flags, files: Mapping[str, Any]) -> None:
        self._flags = flags
        self._files = files
        self._path: list[str] = []

    def root(self, descriptor: Any, version: int | None) -> Schema:
        """The schema of what stands in a topic: a struct, or a primitive where the message is a wrapper of one.

        Raises:
            DataError: A message contains itself, which no schema here can say.
        """
        shape = shape_of(descriptor, self._flags, self._files)
        found = _scalar(shape.fields[0]) if is_raw(descriptor, self._flags) else self.message(shape)
        return found if version is None else found.replace(version=version)

    def message(self, shape: MessageShape) -> Schema:
        """The schema of a message, required."""
        full = shape.descriptor.full_name
        if full in self._path:
            circle = " → ".join([*self._path[self._path.index(full) :], full])
            raise DataError(
                f"Protobuf message {full} contains itself ({circle}), which a schema of Connect cannot say here.",
                code="BRN-1445",
                remedy="Read the topic with ByteArrayConverter, or write it with a schema without the circle.",
            )
        self._path.append(full)
        fields: dict[str, Schema] = {}
        for oneof in shape.oneofs:
            if self._flags.flatten_unions:
                fields.update({field.name: self.field(field) for field in oneof.fields})
            else:
                fields[union_field(oneof, self._flags)] = self._union(oneof)
        for field in shape.fields:
            if field.name in fields:
                raise DataError(
                    f"Protobuf message {full} has a field {field.name}, and a oneof that would be called so.",
                    code="BRN-1446",
                    remedy="Set flatten.unions=true, or change generate.index.for.unions.",
                )
            fields[field.name] = self.field(field)
        self._path.pop()
        return Schema(
            Type.STRUCT,
            name=full if self._flags.enhanced else shape.descriptor.name,
            doc=(shape.meta.doc or None) if self._flags.meta else None,
            fields=fields,
        )

    def field(self, field: FieldShape) -> Schema:
        """The schema of a field, with its number."""
        made = self._value(field)
        everything = not self._flags.marks_nullables
        if field.repeated:
            made = Schema.array(made.replace(optional=everything))
            return self._numbered(made, field, optional=everything)
        # A message that is not set is null, whatever is marked: the schema says so.
        nullable = everything or field.optional or field.oneof is not None or field.kind.is_message
        return self._numbered(made, field, optional=nullable)

    def _numbered(self, made: Schema, field: FieldShape, *, optional: bool) -> Schema:
        return made.replace(
            optional=optional,
            doc=(field.meta.doc or None) if self._flags.meta else None,
            parameters={**made.parameters, **self._extra(field), TAG: str(field.number)},
        )

    def _extra(self, field: FieldShape) -> dict[str, str]:
        if not self._flags.meta:
            return {}
        return {key: value for key, value in field.meta.params.items() if key not in _INTERNAL}

    def _union(self, oneof: OneofShape) -> Schema:
        fields = {field.name: self.field(field) for field in oneof.fields}
        if self._flags.general:
            name = f"{_GENERAL_PREFIX}{oneof.index}"
            return Schema(Type.STRUCT, name=name, optional=True, parameters={GENERAL_UNION: oneof.name}, fields=fields)
        return Schema(Type.STRUCT, name=f"{UNION}.{oneof.name}", optional=True, fields=fields)

    def _value(self, field: FieldShape) -> Schema:
        if field.kind in _LOGICAL:
            return _LOGICAL[field.kind]
        if field.kind is Kind.SCALAR:
            return _scalar(field)
        if field.kind is Kind.DECIMAL:
            return _decimal(field)
        if field.kind is Kind.ENUM:
            return self._enum(field.descriptor.enum_type)
        return self._of_message(field.kind, shape_of(field.descriptor.message_type, self._flags, self._files))

    def _of_message(self, kind: Kind, shape: MessageShape) -> Schema:
        if kind is Kind.WRAPPER:
            return _scalar(shape.fields[0])
        return self._map(shape) if kind is Kind.MAP else self.message(shape)

    def _map(self, entry: MessageShape) -> Schema:
        key, value = entry.fields
        name = entry.descriptor.full_name if self._flags.enhanced else entry.descriptor.name
        return Schema(Type.MAP, name=name, key_schema=self.field(key), value_schema=self.field(value))

    def _enum(self, enum: Any) -> Schema:
        word = GENERAL_ENUM if self._flags.general else ENUM
        parameters = {word: enum.full_name if self._flags.enhanced else enum.name}
        parameters.update({f"{word}.{value.name}": str(value.number) for value in enum.values})
        return Schema(Type.INT32 if self._flags.int_for_enums else Type.STRING, parameters=parameters)


def _scalar(field: FieldShape) -> Schema:
    found = _TYPES[field.type]
    return Schema(_NARROW.get(field.meta.params.get(CONNECT_TYPE, ""), found) if found is Type.INT32 else found)


def _decimal(field: FieldShape) -> Schema:
    params = field.meta.params
    made = LogicalDecimal.schema(_number(params.get(SCALE)) or 0)
    precision = _number(params.get("precision"))
    return made if precision is None else made.replace(parameters={**made.parameters, PRECISION: str(precision)})


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None
