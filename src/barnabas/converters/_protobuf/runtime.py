"""Google's Protobuf library, which is an extra: the one place that imports it.

It ships no type information; what is taken from it is ``Any`` for the type checker.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

from google.protobuf import descriptor_pb2, text_format  # type: ignore[import-untyped] # none shipped
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped] # the same
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped] # the same
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped] # the same

__all__ = [
    "GOOGLE_FILES",
    "DecodeError",
    "DescriptorPool",
    "EncodeError",
    "FileProto",
    "GetMessageClass",
    "descriptor_pb2",
    "google_file",
    "is_repeated",
    "text_format",
]

FileProto: Any = descriptor_pb2.FileDescriptorProto
"""The class of a parsed file."""

GOOGLE_FILES: Final[frozenset[str]] = frozenset(
    f"google/protobuf/{name}.proto"
    for name in (
        "any",
        "api",
        "descriptor",
        "duration",
        "empty",
        "field_mask",
        "source_context",
        "struct",
        "timestamp",
        "type",
        "wrappers",
    )
)
"""The files that come with the library."""


def google_file(name: str) -> Any:
    """One of :data:`GOOGLE_FILES` as a parsed file."""
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return FileProto.FromString(module.DESCRIPTOR.serialized_pb)


def is_repeated(field: Any) -> bool:
    """Whether a field descriptor is of a list or a map; what older versions of the library call it differs."""
    found = getattr(field, "is_repeated", None)
    return bool(field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED if found is None else found)
