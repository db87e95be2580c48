"""AvroConverter: values as Avro whose schemas are kept in a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from barnabas.config import Config
from barnabas.converters._avro.settings import Mapping, avro_def
from barnabas.converters._registry_client.base import Reader, RegistryConverter, Writer
from barnabas.converters._registry_client.schemas import AVRO, RegisteredSchema, SchemaText
from barnabas.errors import DataError
from barnabas.schema import Schema

if TYPE_CHECKING:
    from barnabas.converters._avro.types import AvroType

__all__ = ["AvroConverter"]


class AvroConverter(RegistryConverter):
    """Writes the schemas and bytes that Confluent's class of that name writes, and reads all that it reads.

    The library, fastavro, is imported when the first schema is made ready: the class can be listed and its settings
    checked where the extra is not installed.
    """

    KIND = AVRO
    NEEDS = ("fastavro", "avro")
    READ_FAILURE = "Failed to deserialize data for topic {topic} to Avro: "
    WRITE_FAILURE = "Failed to serialize Avro data from topic {topic} :"
    CONFIG: ClassVar = avro_def()

    mapping: Mapping

    def setup(self, config: Config) -> None:
        """Take the settings of the mapping."""
        self.mapping = Mapping.of(config, strict=self.strict)

    def make_writer(self, topic: str, schema: Schema | None) -> Writer:
        """Derive the Avro schema, have the registry choose, and compile for what it chose."""
        from barnabas.converters._avro.anything import ANYTHING  # noqa: PLC0415 - see the class
        from barnabas.converters._avro.columns import ColumnWriter  # noqa: PLC0415
        from barnabas.converters._avro.from_connect import FromConnect  # noqa: PLC0415
        from barnabas.converters._avro.parsing import parse_schema  # noqa: PLC0415
        from barnabas.converters._avro.printing import print_schema  # noqa: PLC0415

        avro = parse_schema(ANYTHING) if schema is None else FromConnect(self.mapping).convert(schema)
        draft = SchemaText(ANYTHING if schema is None else print_schema(avro))
        chosen = self.choose(topic, avro.name if avro.kind == "record" else None, draft)
        if chosen.schema != draft:
            avro = self._parsed(chosen.schema)
        return ColumnWriter(schema, avro, self.mapping, chosen.id, lambda why: self.unwritable(topic, "BRN-1436", why))

    def make_reader(self, topic: str, registered: RegisteredSchema) -> Reader:
        """Parse the writer's schema and compile for it."""
        from barnabas.converters._avro.columns import ColumnReader  # noqa: PLC0415 - see the class

        avro = self._parsed(registered.schema)
        return ColumnReader(
            avro,
            self.mapping,
            registered.version,
            lambda payload, why: self._damaged(topic, registered.id, payload, why),
        )

    def record_name(self, schema: SchemaText) -> str | None:
        """The full name of the record."""
        avro = self._parsed(schema)
        return avro.name if avro.kind == "record" else None

    def differences(self, reader: SchemaText, writer: SchemaText) -> list[str]:
        """By Avro's rules of schema resolution."""
        from barnabas.converters._avro.compatibility import incompatibilities  # noqa: PLC0415 - see the class

        return incompatibilities(self._parsed(reader), self._parsed(writer))

    def _parsed(self, schema: SchemaText) -> AvroType:
        from barnabas.converters._avro.parsing import parse_schema  # noqa: PLC0415 - see the class

        return parse_schema(schema.text, [each.text for each in self.client.resolve(schema).values()])

    def _damaged(self, topic: str, schema_id: int, payload: bytes, why: Any) -> DataError:
        return self.unreadable(
            topic,
            "BRN-1435",
            f"The {self.kind} ({len(payload)} bytes) is not of its schema, id {schema_id}: {why}. It is damaged or cut "
            "off, or was written with another schema under this id.",
        )
