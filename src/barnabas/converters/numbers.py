"""The converters for one number or boolean, as Kafka's own serializers write them: big-endian, fixed width."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, ClassVar, Final

from barnabas._schema.exact import WIDTHS
from barnabas.converters._exact import fits_float, fits_int, shown
from barnabas.converters.base import UniversalConverter, converter_def
from barnabas.converters.java_text import java_class
from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BooleanConverter",
    "DoubleConverter",
    "FloatConverter",
    "IntegerConverter",
    "LongConverter",
    "NumberConverter",
    "ShortConverter",
]


_BARE: Final = (
    "without a schema, where an int has 64 bits and a float is a double: give it a schema, or a class such as Int32"
)


class NumberConverter(UniversalConverter):
    """What they have in common: null stays null, reading gives the optional schema, any other width is refused."""

    CONFIG = converter_def()
    WORD: ClassVar[str]
    """Kafka's word for the type, in messages."""
    FORMAT: ClassVar[struct.Struct]
    SCHEMA: ClassVar[Schema]

    def __init__(self) -> None:
        self._kind = "value"

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Remember what is converted, for messages."""
        self._kind = configs.get("converter.type") or ("key" if is_key else "value")

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The number's bytes."""
        del topic
        if value is None:
            return None
        if (schema is None or schema.type is self.SCHEMA.type) and self._accepts(schema, value):
            try:
                return self.FORMAT.pack(value)
            except (struct.error, OverflowError):
                pass  # too large: refused below
        raise self._refuse(schema, value)

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """The number."""
        del topic
        if payload is None:
            return SchemaAndValue(self.SCHEMA, None)
        try:
            return SchemaAndValue(self.SCHEMA, self.FORMAT.unpack(payload)[0])
        except struct.error:
            raise self._unreadable(payload) from None

    def _accepts(self, schema: Schema | None, value: Any) -> bool:
        kind = self.SCHEMA.type
        return fits_int(kind, value) and (schema is not None or WIDTHS.get(type(value), Type.INT64) is kind)

    def _refuse(self, schema: Schema | None, value: Any) -> DataError:
        typed = f"of {schema!r}" if schema is not None else _BARE
        return DataError(
            f"Failed to serialize to {self.WORD} (was {java_class(value, schema)}): ",
            code="BRN-2158",
            key=f"{self._kind}.converter",
            remedy=f"It is the Python {value.__class__.__name__} {shown(value)} {typed}. "
            "Or use the converter of its type, or JsonConverter.",
        )

    def _unreadable(self, payload: bytes) -> DataError:
        return DataError(
            f"Failed to deserialize {self.WORD}: ",
            code="BRN-2159",
            key=f"{self._kind}.converter",
            remedy=remedy_for(payload, self._kind, type(self).__name__),
        )


class ShortConverter(NumberConverter):
    """INT16 in two bytes."""

    WORD, FORMAT, SCHEMA = "short", struct.Struct(">h"), Schema.OPTIONAL_INT16


class IntegerConverter(NumberConverter):
    """INT32 in four bytes."""

    WORD, FORMAT, SCHEMA = "integer", struct.Struct(">i"), Schema.OPTIONAL_INT32


class LongConverter(NumberConverter):
    """INT64 in eight bytes."""

    WORD, FORMAT, SCHEMA = "long", struct.Struct(">q"), Schema.OPTIONAL_INT64


class _FloatConverter(NumberConverter):
    def _accepts(self, schema: Schema | None, value: Any) -> bool:
        kind = self.SCHEMA.type
        if schema is not None:
            return fits_float(kind, value)
        return isinstance(value, float) and WIDTHS.get(type(value), Type.FLOAT64) is kind


class FloatConverter(_FloatConverter):
    """FLOAT32 in four bytes."""

    WORD, FORMAT, SCHEMA = "float", struct.Struct(">f"), Schema.OPTIONAL_FLOAT32


class DoubleConverter(_FloatConverter):
    """FLOAT64 in eight bytes."""

    WORD, FORMAT, SCHEMA = "double", struct.Struct(">d"), Schema.OPTIONAL_FLOAT64


class BooleanConverter(NumberConverter):
    """BOOLEAN in one byte, 0 or 1."""

    WORD, FORMAT, SCHEMA = "boolean", struct.Struct(">?"), Schema.OPTIONAL_BOOLEAN

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The byte."""
        if schema is not None and schema.type is not Type.BOOLEAN:
            raise DataError(
                f"Invalid schema type for BooleanConverter: {schema.type.name}",
                code="BRN-2158",
                key=f"{self._kind}.converter",
                remedy="Use a converter of its type, or JsonConverter.",
            )
        return super().from_connect(topic, schema, value)

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """The boolean; any byte but 0 and 1 is refused."""
        if payload is not None and payload not in (b"\x00", b"\x01"):
            raise self._unreadable(payload)
        return super().to_connect(topic, payload)

    def _accepts(self, schema: Schema | None, value: Any) -> bool:
        del schema
        return isinstance(value, bool)

    def _refuse(self, schema: Schema | None, value: Any) -> DataError:
        return DataError(
            f"BooleanConverter is not compatible with objects of type {java_class(value, schema)}",
            code="BRN-2158",
            key=f"{self._kind}.converter",
            remedy=f"It is a Python {value.__class__.__name__}: use a converter of its type, or JsonConverter.",
        )
