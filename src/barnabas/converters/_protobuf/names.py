"""Names in Protobuf: which ones are derived from others, and which ones are allowed."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["add_synthetic_oneofs", "entry_name", "is_valid", "json_name", "scrubbed"]

_VALID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_INVALID: Final = re.compile(r"[^A-Za-z0-9_]", re.ASCII)


def entry_name(field: str) -> str:
    """The message that holds the entries of a map field: ``my_map`` gives ``MyMapEntry``."""
    pieces: list[str] = []
    upper = True
    for char in field:
        if char == "_":
            upper = True
        else:
            pieces.append(char.upper() if upper and char.isascii() else char)
            upper = False
    return "".join(pieces) + "Entry"


def json_name(field: str) -> str:
    """What JSON calls a field if it is not said otherwise: ``my_field`` gives ``myField``."""
    pieces: list[str] = []
    upper = False
    for char in field:
        if char == "_":
            upper = True
        else:
            pieces.append(char.upper() if upper else char)
            upper = False
    return "".join(pieces)


def is_valid(name: str) -> bool:
    """Whether Protobuf takes it for the name of a field, a message or a value."""
    return _VALID.match(name) is not None


def scrubbed(name: str) -> str:
    """A valid name that is near: each character that is not allowed becomes an underscore, a leading digit gets an x.

    Which is what ``scrub.invalid.names`` asks for.
    """
    if not name or is_valid(name):
        return name
    clean = _INVALID.sub("_", name)
    return clean if is_valid(clean) else f"x{clean}"


def add_synthetic_oneofs(message: Any) -> None:
    """What ``optional`` means in proto3: a oneof of one, declared after all real ones, and named after the field.

    Args:
        message: A ``DescriptorProto`` whose fields are marked ``proto3_optional``, and are in no oneof yet.
    """
    taken = {field.name for field in message.field} | {oneof.name for oneof in message.oneof_decl}
    for field in message.field:
        if field.proto3_optional and not field.HasField("oneof_index"):
            name = field.name if field.name.startswith("_") else f"_{field.name}"
            while name in taken:
                name = f"X{name}"
            taken.add(name)
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=name)
