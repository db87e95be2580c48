"""What the fields of a message are to Connect: decided once, for schemas, readers and writers alike."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from barnabas.converters._protobuf.meta import meta_of
from barnabas.converters._protobuf.runtime import descriptor_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.converters._protobuf.flags import Flags
    from barnabas.converters._protobuf.meta import Meta

__all__ = ["WRAPPERS", "FieldShape", "Kind", "MessageShape", "OneofShape", "shape_of"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_MESSAGES: Final = frozenset({_PROTO.TYPE_MESSAGE, _PROTO.TYPE_GROUP})

WRAPPERS: Final = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
"""Messages with one field called value, which stand for a primitive that may be null."""


class Kind(enum.Enum):
    """What a value is, apart from there being many of it."""

    SCALAR = enum.auto()
    ENUM = enum.auto()
    MESSAGE = enum.auto()
    MAP = enum.auto()
    WRAPPER = enum.auto()
    DECIMAL = enum.auto()
    DATE = enum.auto()
    TIME = enum.auto()
    TIMESTAMP = enum.auto()

    @property
    def is_message(self) -> bool:
        """Whether Protobuf knows if a single one is set."""
        return self not in (Kind.SCALAR, Kind.ENUM, Kind.MAP)


_LOGICAL: Final = {
    "confluent.type.Decimal": Kind.DECIMAL,
    "google.type.Date": Kind.DATE,
    "google.type.TimeOfDay": Kind.TIME,
    "google.protobuf.Timestamp": Kind.TIMESTAMP,
}


class FieldShape(NamedTuple):
    """A field.

    Args:
        name: Its name.
        number: Its number.
        type: Protobuf's type, as a number of ``FieldDescriptorProto``.
        kind: What it is to Connect.
        repeated: Whether it is a list (a map is none).
        optional: Whether it is marked so that null and the default value are told apart.
        oneof: The name of the oneof it is in; ``None`` if it is in none that somebody wrote.
        descriptor: Google's descriptor.
        meta: Its documentation and parameters.
    """

    name: str
    number: int
    type: int
    kind: Kind
    repeated: bool
    optional: bool
    oneof: str | None
    descriptor: Any
    meta: Meta

    @property
    def has_presence(self) -> bool:
        """Whether the data say if it is set."""
        return not self.repeated and (self.optional or self.oneof is not None or self.kind.is_message)


class OneofShape(msgspec.Struct, frozen=True):
    """A oneof.

    Args:
        name: Its name.
        index: Its place among the oneofs of the message.
        fields: Its members.
    """

    name: str
    index: int
    fields: tuple[FieldShape, ...]


class MessageShape(NamedTuple):
    """A message: its fields outside of oneofs, its oneofs, and its documentation."""

    descriptor: Any
    fields: tuple[FieldShape, ...]
    oneofs: tuple[OneofShape, ...]
    meta: Meta


def shape_of(descriptor: Any, flags: Flags, files: Mapping[str, Any]) -> MessageShape:
    """What a message is to Connect.

    Args:
        descriptor: Google's descriptor.
        flags: The settings.
        files: All files by name: what says whether something was written as ``optional``.
    """
    proto = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(proto)
    file = files.get(descriptor.file.name)
    proto2 = file is not None and file.syntax in ("", "proto2")
    fields = [_field(part, descriptor.fields_by_name[part.name], proto, flags, proto2=proto2) for part in proto.field]
    oneofs = (
        OneofShape(oneof.name, index, tuple(field for field in fields if field.oneof == oneof.name))
        for index, oneof in enumerate(proto.oneof_decl)
    )
    return MessageShape(
        descriptor,
        tuple(field for field in fields if field.oneof is None),
        tuple(oneof for oneof in oneofs if oneof.fields),
        meta_of(proto.options),
    )


def _field(part: Any, descriptor: Any, message: Any, flags: Flags, *, proto2: bool) -> FieldShape:
    kind = _kind(part, descriptor, flags)
    in_oneof = part.HasField("oneof_index") and not part.proto3_optional
    repeated = part.label == _PROTO.LABEL_REPEATED
    optional = part.proto3_optional
    plain = not (optional or repeated or in_oneof) and part.label != _PROTO.LABEL_REQUIRED
    if plain and descriptor.has_presence:
        optional = flags.optional_for_proto2 if proto2 else not kind.is_message
    return FieldShape(
        name=part.name,
        number=part.number,
        type=part.type,
        kind=kind,
        repeated=repeated and kind is not Kind.MAP,
        optional=optional,
        oneof=message.oneof_decl[part.oneof_index].name if in_oneof else None,
        descriptor=descriptor,
        meta=meta_of(part.options),
    )


def _kind(part: Any, descriptor: Any, flags: Flags) -> Kind:
    if part.type == _PROTO.TYPE_ENUM:
        return Kind.ENUM
    if part.type not in _MESSAGES:
        return Kind.SCALAR
    message = descriptor.message_type
    if message.GetOptions().map_entry:
        return Kind.MAP
    if flags.wrapper_for_nullables and message.full_name in WRAPPERS:
        return Kind.WRAPPER
    return _LOGICAL.get(message.full_name, Kind.MESSAGE)
