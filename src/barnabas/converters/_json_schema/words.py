"""The words that carry what JSON Schema has no keyword for, and how unions and enums look in Connect."""

from __future__ import annotations

from typing import Final

from barnabas.schema import Schema, Type

__all__ = [
    "ENUM",
    "GENERAL_ENUM",
    "GENERAL_FIELD",
    "GENERAL_NAME",
    "GENERAL_UNION",
    "INDEX",
    "KEY",
    "ONE_OF",
    "PARAMETERS",
    "TYPE",
    "VALUE",
    "VERSION",
    "enum_of",
    "is_entries",
    "is_union",
]

TYPE: Final = "connect.type"
INDEX: Final = "connect.index"
VERSION: Final = "connect.version"
PARAMETERS: Final = "connect.parameters"

KEY: Final = "key"
VALUE: Final = "value"
"""The members of an entry of a map whose keys are no strings."""

ONE_OF: Final = "io.confluent.connect.json.OneOf"
"""The name of a struct that stands for a union: one of its fields has a value."""
ENUM: Final = "io.confluent.connect.json.Enum"
"""The parameter that says that a string is an enum; one more for each of its values."""
GENERAL_UNION: Final = "org.apache.kafka.connect.data.Union"
GENERAL_ENUM: Final = "org.apache.kafka.connect.data.Enum"
"""With ``generalized.sum.type.support``, parameters that all formats share say the same."""
GENERAL_NAME: Final = "connect_union_"
GENERAL_FIELD: Final = "connect_union_field_"


def is_union(schema: Schema) -> bool:
    """Whether a struct stands for a union."""
    return schema.type is Type.STRUCT and (schema.name == ONE_OF or GENERAL_UNION in schema.parameters)


def is_entries(schema: Schema) -> bool:
    """Whether a map is an array of entries in JSON: its keys may be something else than a string."""
    key = schema.key_schema
    return key is None or key.type is not Type.STRING or key.optional


def enum_of(schema: Schema) -> list[str] | None:
    """The values of a string that is an enum, in order; ``None`` if it is none."""
    if schema.type is not Type.STRING:
        return None
    for word in (ENUM, GENERAL_ENUM):
        if word in schema.parameters:
            prefix = f"{word}."
            return [name.removeprefix(prefix) for name in schema.parameters if name.startswith(prefix)]
    return None
