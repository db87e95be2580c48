"""The interfaces of converters: between Connect values and the bytes in Kafka."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from barnabas.config import ConfigDef, Type, ValidString, parse_value
from barnabas.connector import Versioned
from barnabas.schema import Schema, SchemaAndValue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONVERTER_TYPE",
    "Converter",
    "HeaderConverter",
    "SchemaColumn",
    "UniversalConverter",
    "converter_def",
    "strict_setting",
]

CONVERTER_TYPE = "converter.type"

SchemaColumn = Schema | list[Schema | None] | None
"""The schema of a whole column where it is the same throughout, else a list with one each."""


def converter_def() -> ConfigDef:
    """The definition that converters which can also be header converters start from."""
    return ConfigDef().define(
        CONVERTER_TYPE,
        Type.STRING,
        validator=ValidString("key", "value", "header"),
        importance="low",
        doc="What is converted: key, value or header. Set by the worker.",
    )


def strict_setting(configs: Mapping[str, Any]) -> bool:
    """The setting ``strict`` of a converter: refuse what Kafka Connect would change silently; false if it is not set.

    It is in no converter's definition, because what the definitions list is equal to the JVM's.

    Raises:
        ConfigError: neither true nor false.
    """
    found = configs.get("strict")
    return found if isinstance(found, bool) else bool(parse_value("strict", found, Type.BOOLEAN))


class Converter(Versioned, ABC):
    """Turns values into bytes for producers, and bytes into values for sinks.

    One object for the keys and one for the values of a task, used on the task's thread only. Subclasses implement the
    record forms; the column forms loop over them and may be overridden where a column is faster, with the same results.
    """

    CONFIG: ClassVar[ConfigDef] = ConfigDef()
    """What :meth:`config` returns by default."""

    def config(self) -> ConfigDef:
        """The definition of the settings, which users write below ``key.converter.`` or ``value.converter.``."""
        return self.CONFIG

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Called once before anything is converted.

        Args:
            configs: The settings, prefix removed.
            is_key: Whether keys are converted.

        Raises:
            ConfigError: a setting is wrong.
        """

    @abstractmethod
    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """One value as bytes; ``None`` is Kafka's null.

        Raises:
            DataError: it cannot be written. Fails the task unless ``errors.tolerance=all`` skips the record.
        """

    @abstractmethod
    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """Bytes as a value with its schema.

        Raises:
            DataError: they are not what this converter reads. Fails the task unless the record is skipped.
        """

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """Many values of one schema as bytes.

        Raises:
            DataError: one of them cannot be written; the caller walks the records to find which.
        """
        one = self.from_connect
        return [one(topic, schema, value) for value in values]

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """Many bytes of one topic as values.

        Returns:
            Their schema (one for all, or a list with one each), and the values.

        Raises:
            DataError: some of them cannot be read; the caller walks the records to find which.
        """
        pairs = [self.to_connect(topic, payload) for payload in payloads]
        return merge_schemas([pair.schema for pair in pairs]), [pair.value for pair in pairs]

    def close(self) -> None:
        """Release what :meth:`configure` opened; called once when the task stops."""


class HeaderConverter(Versioned, ABC):
    """Turns header values into bytes and back; otherwise as :class:`Converter`."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef()
    """What :meth:`config` returns by default."""

    def config(self) -> ConfigDef:
        """The definition of the settings, which users write below ``header.converter.``."""
        return self.CONFIG

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Called once before anything is converted; ``configs`` holds ``converter.type=header``."""

    @abstractmethod
    def from_connect_header(self, topic: str, name: str, schema: Schema | None, value: Any) -> bytes | None:
        """The value of one header as bytes.

        Raises:
            DataError: it cannot be written.
        """

    @abstractmethod
    def to_connect_header(self, topic: str, name: str, payload: bytes | None) -> SchemaAndValue:
        """The bytes of one header as a value with its schema.

        Raises:
            DataError: they are not what this converter reads.
        """

    def close(self) -> None:
        """Release what :meth:`configure` opened; called once when the task stops."""


class UniversalConverter(Converter, HeaderConverter):
    """A converter that treats header values like any others."""

    def from_connect_header(self, topic: str, name: str, schema: Schema | None, value: Any) -> bytes | None:
        """The value of one header as bytes."""
        del name
        return self.from_connect(topic, schema, value)

    def to_connect_header(self, topic: str, name: str, payload: bytes | None) -> SchemaAndValue:
        """The bytes of one header as a value with its schema."""
        del name
        return self.to_connect(topic, payload)


def merge_schemas(schemas: list[Schema | None]) -> SchemaColumn:
    """One schema where all are the same, else the list."""
    if not schemas:
        return None
    first = schemas[0]
    return first if all(schema is first for schema in schemas) else schemas
