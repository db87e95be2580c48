"""Why data written with one version of a schema cannot be read with another."""

from __future__ import annotations

from typing import Any, Final

from barnabas.converters._protobuf.messages import SCALARS
from barnabas.converters._protobuf.runtime import descriptor_pb2

__all__ = ["differences_of"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_WORDS: Final = {number: name for name, number in SCALARS.items()}
# Types with the same bytes: one may become the other.
_ALIKE: Final = (
    frozenset({"int32", "uint32", "int64", "uint64", "bool", "enum"}),
    frozenset({"sint32", "sint64"}),
    frozenset({"string", "bytes"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)


def differences_of(reader: Any, writer: Any) -> list[str]:
    """Each difference as a phrase that names message and field; empty where there is none.

    Args:
        reader: The ``FileDescriptorProto`` that is to be read with.
        writer: The one that data were written with.
    """
    found: list[str] = []
    theirs = {message.name: message for message in writer.message_type}
    for place, message in enumerate(reader.message_type):
        other = theirs.get(message.name)
        if other is None and place == 0 and writer.message_type:
            other = writer.message_type[0]  # renamed: the data say nothing of names
        if other is not None:
            _compare(message, other, message.name, found)
    return found


def _compare(reader: Any, writer: Any, path: str, found: list[str]) -> None:
    numbers = {field.number: field for field in writer.field}
    names = {field.name: field for field in writer.field}
    for field in reader.field:
        other = numbers.get(field.number)
        where = f"field {field.name} ({field.number}) of {path}"
        if other is None:
            renumbered = names.get(field.name)
            if renumbered is not None:
                found.append(f"{where} had the number {renumbered.number}")
            elif field.label == _PROTO.LABEL_REQUIRED:
                found.append(f"{where} is required and missing in the data")
            continue
        was, now = _type(other), _type(field)
        if was != now and not any({was, now} <= alike for alike in _ALIKE):
            found.append(f"{where} was {was} and is {now}")
        elif (other.label == _PROTO.LABEL_REPEATED) != (field.label == _PROTO.LABEL_REPEATED) and was not in (
            "string",
            "bytes",
        ):
            found.append(f"{where} {'was' if other.label == _PROTO.LABEL_REPEATED else 'is now'} repeated")
    theirs = {message.name: message for message in writer.nested_type}
    for nested in reader.nested_type:
        if nested.name in theirs:
            _compare(nested, theirs[nested.name], f"{path}.{nested.name}", found)


def _type(field: Any) -> str:
    if field.type in _WORDS:
        return _WORDS[field.type]
    return "enum" if field.type == _PROTO.TYPE_ENUM else str(field.type_name.rpartition(".")[2])
