"""ByteArrayConverter: bytes as they are."""

from __future__ import annotations

from typing import Any, Final

from barnabas.converters.base import SchemaColumn, UniversalConverter, converter_def
from barnabas.converters.java_text import java_class
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue, Type

__all__ = ["ByteArrayConverter"]

_BYTES: Final = (bytes, bytearray, memoryview)


class ByteArrayConverter(UniversalConverter):
    """Passes bytes through untouched; refuses everything else."""

    CONFIG = converter_def()

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes."""
        _check_schema(topic, schema)
        if value is None or isinstance(value, bytes):
            return value
        if isinstance(value, _BYTES):
            return bytes(value)
        raise DataError(
            f"ByteArrayConverter is not compatible with objects of type {java_class(value, schema)}",
            key="value.converter",
            remedy=f"It is a Python {value.__class__.__name__}: use StringConverter or JsonConverter, or send bytes.",
        )

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """The bytes; the schema is always optional bytes."""
        del topic
        return SchemaAndValue(Schema.OPTIONAL_BYTES, payload)

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """The bytes."""
        _check_schema(topic, schema)
        if {*map(type, values)} <= {bytes, type(None)}:
            return values
        one = self.from_connect
        return [one(topic, schema, value) for value in values]

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """The bytes."""
        del topic
        return Schema.OPTIONAL_BYTES, payloads


def _check_schema(topic: str, schema: Schema | None) -> None:
    if schema is not None and schema.type is not Type.BYTES:
        raise DataError(
            f"Invalid schema type for ByteArrayConverter: {schema.type.name}",
            key="value.converter",
            remedy=f"Records for topic {topic} are no bytes: use StringConverter or JsonConverter.",
        )
