"""What a converter with a schema registry extends; a format adds how schemas and values are mapped.

A subclass says its format in class attributes and implements four methods: :meth:`RegistryConverter.setup`,
:meth:`RegistryConverter.make_writer`, :meth:`RegistryConverter.make_reader` and
:meth:`RegistryConverter.record_name` (and, so that errors can name the field, :meth:`RegistryConverter.differences`).
Readers and writers are made once for each schema and kept, so they are where to compile.
"""

from __future__ import annotations

import copy
import importlib.util
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeVar

from barnabas.config import Config, ConfigDef
from barnabas.converters._registry_client import faults
from barnabas.converters._registry_client.client import RegistryClient, remember
from barnabas.converters._registry_client.schemas import AVRO, JSON, PROTOBUF, RegisteredSchema, SchemaText
from barnabas.converters._registry_client.settings import RegistrySettings, registry_def
from barnabas.converters._registry_client.subjects import needs_record
from barnabas.converters._registry_client.wire import HEAD, split, unframed
from barnabas.converters.base import Converter, SchemaColumn, merge_schemas, strict_setting
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue

__all__ = ["Reader", "RegistryConverter", "Writer"]

T = TypeVar("T")

_CONVERTERS: Final = {AVRO: "AvroConverter", PROTOBUF: "ProtobufConverter", JSON: "JsonSchemaConverter"}
_FAILURE_KEPT: Final = 10.0  # seconds for which a schema that failed is not tried again: a topic may be full of it


class Reader(Protocol):
    """Reads messages of one schema id, in one topic."""

    def column(self, payloads: list[bytes]) -> tuple[SchemaColumn, list[Any]]:
        """Messages, frames included, as values with their schema (or a list with one each).

        Raises:
            DataError: One of them is damaged; the caller reads them one by one then.
        """


class Writer(Protocol):
    """Writes values of one Connect schema (or without one) to one topic."""

    def column(self, values: list[Any]) -> list[bytes | None]:
        """Values as messages, frames included; ``None`` for a null that is Kafka's null.

        Raises:
            DataError: One of them cannot be written; the caller writes them one by one then.
        """


class _Failure(NamedTuple):
    until: float
    error: DataError


class RegistryConverter(Converter):
    """See the module.

    Attributes:
        settings: What is configured about the registry.
        client: The registry.
        kind: ``key`` or ``value``.
        strict: Refuse what Kafka Connect would change silently.
        interrupted: Whether the task is to end; set by the task, so that nothing waits for an answer then.
    """

    KIND: ClassVar[str]
    """The registry's name of the format: ``AVRO``, ``PROTOBUF`` or ``JSON``."""

    NEEDS: ClassVar[tuple[str, str]]
    """The library's module, and the extra that brings it."""

    READ_FAILURE: ClassVar[str]
    """The sentence of the Java class when it cannot read; ``{topic}`` stands for the topic."""

    WRITE_FAILURE: ClassVar[str]
    """The same for writing."""

    CONFIG: ClassVar[ConfigDef] = registry_def()

    interrupted: Callable[[], bool] = staticmethod(lambda: False)
    settings: RegistrySettings
    client: RegistryClient
    kind: str
    strict: bool

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Read the settings; nothing is asked of the registry before there are data.

        Raises:
            ConfigError: A setting is wrong.
            PluginError: The library is not installed; names the extra.
        """
        name = type(self).__name__
        if importlib.util.find_spec(self.NEEDS[0]) is None:
            raise faults.missing_extra(name, *self.NEEDS)
        definition = self.config()
        config = definition.parse({key: value for key, value in configs.items() if key in definition.keys})
        self.kind = "key" if is_key else "value"
        self.strict = strict_setting(configs)
        self.settings = RegistrySettings.of(config, configs, is_key=is_key)
        interrupted = lambda: self.interrupted()  # noqa: E731, PLW0108 - the task sets it later
        self.client = RegistryClient(self.settings, interrupted=interrupted)
        self._readers: dict[tuple[str, bytes], Reader] = {}
        self._writers: dict[tuple[str, Schema | None], tuple[float | None, Writer]] = {}
        self._failures: dict[Any, _Failure] = {}
        self.setup(config)

    def close(self) -> None:
        """Let go of connections; also of a converter that was never configured."""
        if hasattr(self, "client"):
            self.client.close()

    # ------------------------------------------------------------------ of the format
    @abstractmethod
    def setup(self, config: Config) -> None:
        """Called once, last in :meth:`configure`: take the format's own settings."""

    @abstractmethod
    def make_writer(self, topic: str, schema: Schema | None) -> Writer:
        """For values of this schema; asks :meth:`choose` for what to write with.

        Raises:
            DataError: The schema cannot be written in this format, or the registry does not take it.
            OutageError: The registry does not answer.
        """

    @abstractmethod
    def make_reader(self, topic: str, registered: RegisteredSchema) -> Reader:
        """For messages with this schema, whose kind is ours; ``version`` is that in the topic's subject, if it has one.

        Raises:
            DataError: The schema cannot be read.
            OutageError: The registry does not answer (references are resolved with it).
        """

    @abstractmethod
    def record_name(self, schema: SchemaText) -> str | None:
        """The full name of the schema's record (message, title), for subjects named by it; ``None`` without one."""

    def differences(self, reader: SchemaText, writer: SchemaText) -> list[str]:
        """Why data of the schema ``writer`` cannot be read with ``reader``, naming fields; empty: they can.

        The default knows nothing, so everything is accepted that the registry accepts.
        """
        del reader, writer
        return []

    # ------------------------------------------------------------------ to bytes
    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """One value."""
        return self.from_connect_column(topic, schema, [value])[0]

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """Values of one schema; nulls without a schema stay nulls, and ask nothing of the registry."""
        if schema is None and values.count(None) == len(values):
            return [None] * len(values)
        return self._writer(topic, schema).column(values)

    def _writer(self, topic: str, schema: Schema | None) -> Writer:
        key = (topic, schema)
        found = self._writers.get(key)
        if found is not None and (found[0] is None or time.monotonic() < found[0]):
            return found[1]
        self._check_failure(key)
        try:
            writer = self.make_writer(topic, schema)
        except DataError as error:
            self._note_failure(key, error)
            raise
        until = None
        if self.settings.use_latest and self.settings.latest_for is not None:
            until = time.monotonic() + self.settings.latest_for
        return remember(self._writers, key, (until, writer), self.settings.cache_size)[1]

    def choose(self, topic: str, record: str | None, draft: SchemaText) -> RegisteredSchema:
        """What to write with, by the settings: the draft itself, registered or looked up, or the subject's newest.

        Args:
            topic: Where to.
            record: The full name of the draft's record, for the subject.
            draft: The schema that the data have.

        Raises:
            DataError: The registry does not take or have it; names subject, version and field.
            OutageError: The registry does not answer.
        """
        settings = self.settings
        subject = settings.strategy(topic, settings.is_key, record)
        if settings.auto_register:
            try:
                return self.client.register(subject, draft)
            except faults.IncompatibleSchemaError as error:
                raise self._explained(error, subject, draft) from error
        if settings.use_id is not None:
            found = self.client.schema_by_id(settings.use_id, subject)
            self._check_kind(found)
            return self._checked(found, draft, "id.compatibility.strict" if settings.id_strict else None)
        if settings.use_latest:
            found = self.client.latest(subject)
            self._check_kind(found)
            return self._checked(found, draft, "latest.compatibility.strict" if settings.latest_strict else None)
        return self.client.lookup(subject, draft)

    def _checked(self, found: RegisteredSchema, draft: SchemaText, switch: str | None) -> RegisteredSchema:
        if switch is not None and found.schema != draft:
            differences = self.differences(found.schema, draft)
            if differences:
                raise faults.incompatible(found.subject or "", found.version, differences, switch)
        return found

    def _explained(self, error: faults.IncompatibleSchemaError, subject: str, draft: SchemaText) -> DataError:
        """Registries tell of conflicts in many ways, or not at all: look for the fields ourselves."""
        try:
            newest = self.client.latest(subject)
            both = (self.differences(draft, newest.schema), self.differences(newest.schema, draft))
        except DataError:
            return error  # what the registry said has to do
        found = next((some for some in both if some), [])
        if not found:
            return error
        message = f"{error.message} (against version {newest.version}: {'; '.join(found)})"
        return faults.IncompatibleSchemaError(message, key=error.key, remedy=error.remedy)

    # ------------------------------------------------------------------ from bytes
    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """One message."""
        if payload is None:
            return SchemaAndValue(None, None)
        schema, values = self._reader(topic, payload).column([payload])
        return SchemaAndValue(schema[0] if isinstance(schema, list) else schema, values[0])

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """Messages: those of one schema id together."""
        filled = [payload for payload in payloads if payload is not None]
        if not filled:
            return None, [None] * len(payloads)
        if len(filled) == len(payloads):
            head = filled[0][:HEAD]
            if all(payload.startswith(head) for payload in filled):
                return self._reader(topic, filled[0]).column(filled)
        return self._mixed(topic, payloads)

    def _mixed(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        groups: dict[bytes, list[int]] = {}
        for at, payload in enumerate(payloads):
            if payload is not None:
                groups.setdefault(payload[:HEAD], []).append(at)
        schemas: list[Schema | None] = [None] * len(payloads)
        values: list[Any] = [None] * len(payloads)
        for places in groups.values():
            some: list[bytes] = [payloads[at] for at in places]  # type: ignore[misc] # none of them is None
            schema, read = self._reader(topic, some[0]).column(some)
            each = schema if isinstance(schema, list) else [schema] * len(read)
            for at, one, value in zip(places, each, read, strict=True):
                schemas[at], values[at] = one, value
        return merge_schemas(schemas), values

    def _reader(self, topic: str, payload: bytes) -> Reader:
        key = (topic, payload[:HEAD])
        found = self._readers.get(key)
        if found is not None:
            return found
        framed = split(payload)
        if framed is None:
            raise unframed(payload, self.READ_FAILURE.format(topic=topic), self.kind, type(self).__name__)
        self._check_failure(key)
        try:
            reader = self.make_reader(topic, self._registered(topic, framed[0]))
        except DataError as error:
            self._note_failure(key, error)
            raise
        return remember(self._readers, key, reader, self.settings.cache_size)

    def _registered(self, topic: str, schema_id: int) -> RegisteredSchema:
        """The schema, with its version in the subject that the topic's settings give."""
        settings = self.settings
        named = needs_record(settings.strategy)
        subject = None if named else settings.strategy(topic, settings.is_key, None)
        found = self.client.schema_by_id(schema_id, subject)
        self._check_kind(found)
        if named:
            record = self.record_name(found.schema)
            subject = None if record is None else settings.strategy(topic, settings.is_key, record)
        version = None if subject is None else self._version(schema_id, subject)
        return RegisteredSchema(found.schema, schema_id, subject, version)

    def _version(self, schema_id: int, subject: str) -> int | None:
        try:
            return self.client.version_of(schema_id, subject)
        except faults.UnknownSchemaError:
            return None  # written under another subject, or deleted there: it can be read all the same

    def _check_kind(self, found: RegisteredSchema) -> None:
        kind = found.schema.kind
        if kind != self.KIND:
            setting = f"{self.kind}.converter"
            raise faults.wrong_kind(found.id, kind, setting, type(self).__name__, _CONVERTERS.get(kind))

    # ------------------------------------------------------------------ errors
    def unreadable(self, topic: str, code: str, why: str) -> DataError:
        """The error for a message that cannot be read, in the Java class's words; ``why`` are sentences of ours."""
        return DataError(self.READ_FAILURE.format(topic=topic), code=code, key=f"{self.kind}.converter", remedy=why)

    def unwritable(self, topic: str, code: str, why: str) -> DataError:
        """The same for a value that cannot be written."""
        return DataError(self.WRITE_FAILURE.format(topic=topic), code=code, key=f"{self.kind}.converter", remedy=why)

    def _note_failure(self, key: Any, error: DataError) -> None:
        remember(self._failures, key, _Failure(time.monotonic() + _FAILURE_KEPT, error), self.settings.cache_size)

    def _check_failure(self, key: Any) -> None:
        """Where errors are tolerated, each record of a schema fails in its turn, without asking the registry again."""
        found = self._failures.get(key)
        if found is not None and time.monotonic() < found.until:
            raise copy.copy(found.error)
