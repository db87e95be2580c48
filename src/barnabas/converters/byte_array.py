"""ByteArrayConverter: bytes as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters.base import SchemaColumn, UniversalConverter, converter_def
from barnabas.converters.java_text import java_class
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ByteArrayConverter"]

_BYTES: Final = (bytes, bytearray, memoryview)


class ByteArrayConverter(UniversalConverter):
    """Passes bytes through untouched; refuses everything else."""

    CONFIG = converter_def()

    def __init__(self) -> None:
        self._kind = "value"

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Remember what is converted, for messages."""
        self._kind = configs.get("converter.type") or ("key" if is_key else "value")

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The bytes."""
        self._check_schema(topic, schema)
        if value is None or isinstance(value, bytes):
            return value
        if isinstance(value, _BYTES):
            return bytes(value)
        raise DataError(
            f"ByteArrayConverter is not compatible with objects of type {java_class(value, schema)}",
            code="BRN-2157",
            key=f"{self._kind}.converter",
            remedy=f"It is a Python {value.__class__.__name__}: use StringConverter or JsonConverter, or send bytes.",
        )

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """The bytes; the schema is always optional bytes."""
        del topic
        return SchemaAndValue(Schema.OPTIONAL_BYTES, payload)

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """The bytes."""
        self._check_schema(topic, schema)
        if {*map(type, values)} <= {bytes, type(None)}:
            return values
        one = self.from_connect
        return [one(topic, schema, value) for value in values]

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """The bytes."""
        del topic
        return Schema.OPTIONAL_BYTES, payloads

    def _check_schema(self, topic: str, schema: Schema | None) -> None:
        if schema is not None and schema.type is not Type.BYTES:
            raise DataError(
                f"Invalid schema type for ByteArrayConverter: {schema.type.name}",
                code="BRN-2157",
                key=f"{self._kind}.converter",
                remedy=f"Records for topic {topic} are no bytes: use StringConverter or JsonConverter.",
            )
