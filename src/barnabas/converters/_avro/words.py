"""Names that the mapping writes into schemas, so that they come back as they were; the Java class uses the same."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CONNECT_DEFAULT",
    "CONNECT_DOC",
    "CONNECT_NAME",
    "CONNECT_PARAMETERS",
    "CONNECT_TYPE",
    "CONNECT_VERSION",
    "DEFAULT_NAME",
    "DEFAULT_PRECISION",
    "ENUM",
    "ENUM_DEFAULT",
    "ENUM_DOC",
    "FIELD_DEFAULT",
    "FIELD_DOC",
    "FIXED_SIZE",
    "GENERAL_ENUM",
    "GENERAL_UNION",
    "INTERNAL_TYPE",
    "KEY",
    "MAP_ENTRY",
    "NAMESPACE",
    "PRECISION",
    "RECORD_DOC",
    "UNION",
    "UNION_FIELD",
    "UNION_NAME",
    "VALUE",
]

NAMESPACE: Final = "io.confluent.connect.avro"
DEFAULT_NAME: Final = "ConnectDefault"
MAP_ENTRY: Final = "MapEntry"
KEY: Final = "key"
VALUE: Final = "value"

# Properties of Avro schemas.
CONNECT_DOC: Final = "connect.doc"
CONNECT_VERSION: Final = "connect.version"
CONNECT_PARAMETERS: Final = "connect.parameters"
CONNECT_DEFAULT: Final = "connect.default"
CONNECT_NAME: Final = "connect.name"
CONNECT_TYPE: Final = "connect.type"
INTERNAL_TYPE: Final = "connect.internal.type"

# Parameters of Connect schemas.
RECORD_DOC: Final = f"{NAMESPACE}.record.doc"
FIELD_DOC: Final = f"{NAMESPACE}.field.doc."
FIELD_DEFAULT: Final = f"{NAMESPACE}.field.default"
ENUM_DOC: Final = f"{NAMESPACE}.enum.doc."
ENUM_DEFAULT: Final = f"{NAMESPACE}.enum.default."
ENUM: Final = f"{NAMESPACE}.Enum"
UNION: Final = f"{NAMESPACE}.Union"
GENERAL_ENUM: Final = "org.apache.kafka.connect.data.Enum"
GENERAL_UNION: Final = "org.apache.kafka.connect.data.Union"
UNION_NAME: Final = "connect_union_"
UNION_FIELD: Final = "connect_union_field_"
FIXED_SIZE: Final = "connect.fixed.size"
PRECISION: Final = "connect.decimal.precision"

DEFAULT_PRECISION: Final = 64
"""The precision of decimals whose schema does not say: Avro wants one."""
