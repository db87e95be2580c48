"""The types of a schema, and a struct's field."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from barnabas._schema.model import Schema

__all__ = ["Field", "Type"]


class Type(enum.Enum):
    """The twelve types of a schema; ``.value`` is Kafka Connect's lower-case name (``int8``, ``float32``)."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOOLEAN = "boolean"
    STRING = "string"
    BYTES = "bytes"
    ARRAY = "array"
    MAP = "map"
    STRUCT = "struct"

    @property
    def is_primitive(self) -> bool:
        """Whether a value of this type holds no other values."""
        return self not in (Type.ARRAY, Type.MAP, Type.STRUCT)


class Field(NamedTuple):
    """One member of a STRUCT schema."""

    name: str
    index: int  # type: ignore[assignment] # the name Kafka Connect gives it; nobody searches a field as a tuple
    schema: Schema
