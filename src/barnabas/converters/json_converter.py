"""JsonConverter: values as JSON, with the schema in an envelope or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from barnabas.config import CaseInsensitiveValidString, Type
from barnabas.converters._json.input import parse_column, parse_one
from barnabas.converters._json.lenient import MISSING, JsonError
from barnabas.converters._json.output import dump, dump_column, dump_schemaless_column
from barnabas.converters._json.reader import ColumnReader, NeedsExactNumbers, reader_for
from barnabas.converters._json.schema_text import schema_from_json, schema_to_json
from barnabas.converters._json.writer import ColumnWriter, writer_for
from barnabas.converters.base import SchemaColumn, UniversalConverter, converter_def, merge_schemas
from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JsonConverter"]

_ENVELOPE: Final = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. '
    "If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration."
)
_UNREADABLE: Final = "Converting byte[] to Kafka Connect data failed due to serialization error: "
_PAYLOAD: Final = b'"payload":'


class JsonConverter(UniversalConverter):
    """Writes JSON byte for byte as Kafka Connect on the JVM does, and reads all that it reads.

    With ``schemas.enable=true`` every message carries its schema: ``{"schema":…,"payload":…}``. Without, whole numbers
    read as ``int`` of 64 bits, others as ``float``, objects as ``dict``.
    """

    CONFIG = (
        converter_def()
        .define(
            "schemas.enable",
            Type.BOOLEAN,
            default=True,
            importance="high",
            group="Schemas",
            order_in_group=0,
            width="medium",
            display_name="Enable Schemas",
            doc="Whether each message carries its schema in an envelope.",
        )
        .define(
            "schemas.cache.size",
            Type.INT,
            default=1000,
            importance="high",
            group="Schemas",
            order_in_group=1,
            width="medium",
            display_name="Schema Cache Size",
            doc="How many schemas to keep prepared, in each direction.",
        )
        .define(
            "schema.content",
            Type.STRING,
            default=None,
            importance="high",
            group="Schemas",
            order_in_group=2,
            width="medium",
            display_name="Schema Content",
            doc="A schema as JSON for messages that carry none; they are then read without an envelope.",
        )
        .define(
            "decimal.format",
            Type.STRING,
            default="BASE64",
            validator=CaseInsensitiveValidString("NUMERIC", "BASE64"),
            importance="low",
            group="Serialization",
            order_in_group=0,
            width="medium",
            display_name="Decimal Format",
            doc="Decimals as base64 of their bytes, exact for every reader, or as numbers.",
        )
        .define(
            "replace.null.with.default",
            Type.BOOLEAN,
            default=True,
            importance="low",
            group="Serialization",
            order_in_group=1,
            width="medium",
            display_name="Replace null with default",
            doc="Whether null is replaced by the schema's default, where it has one.",
        )
    )

    def __init__(self) -> None:
        self.configure({})

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Read the settings; all of them can be left out."""
        self._kind = configs.get("converter.type") or ("key" if is_key else "value")
        known = {key: value for key, value in configs.items() if key in self.CONFIG.keys}
        config = self.CONFIG.parse({**known, "converter.type": _valid_kind(self._kind)})
        self._schemas: bool = config["schemas.enable"]
        self._cache_size: int = config["schemas.cache.size"]
        self._numeric: bool = config["decimal.format"].upper() == "NUMERIC"
        self._replace: bool = config["replace.null.with.default"]
        self._writers: dict[Schema | None, tuple[bytes, ColumnWriter]] = {}
        self._readers: dict[str, tuple[Schema | None, ColumnReader]] = {}
        self._head: tuple[bytes, Schema | None, ColumnReader] | None = None
        self._fixed: tuple[Schema, ColumnReader] | None = None
        if config["schema.content"]:
            self._fixed = self._parse_content(config["schema.content"])

    # -- to bytes -----------------------------------------------------------------------------------------------------

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """One value as JSON; null without a schema stays null."""
        return self.from_connect_column(topic, schema, [value])[0]

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """Values of one schema as JSON."""
        del topic
        head, writer = self._writer(schema)
        if schema is not None:
            return [*dump_column(writer.column(values), head)]
        if None not in values:
            return [*dump_schemaless_column(values, head)]
        written = iter(dump_schemaless_column([value for value in values if value is not None], head))
        return [None if value is None else next(written) for value in values]

    def _writer(self, schema: Schema | None) -> tuple[bytes, ColumnWriter]:
        found = self._writers.get(schema)
        if found is None:
            text = dump(schema_to_json(schema, self._default_to_json))
            writer = writer_for(schema, numeric_decimals=self._numeric, replace_nulls=self._replace)
            found = (b'{"schema":%b,"payload":' % text if self._schemas else b""), writer
            _remember(self._writers, schema, found, self._cache_size)
        return found

    def _default_to_json(self, schema: Schema, default: Any) -> Any:
        return writer_for(schema, numeric_decimals=self._numeric, replace_nulls=self._replace).one(default)

    # -- from bytes ---------------------------------------------------------------------------------------------------

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """One message as a value; null stays null, and so does an empty message without schemas."""
        del topic
        if payload is None:
            return SchemaAndValue(None, None)
        try:
            return self._read(payload, parse_one(payload))
        except NeedsExactNumbers:
            return self._read(payload, parse_one(payload, exact=True))
        except JsonError as error:
            raise self._unreadable(payload, error) from error

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """Messages as values."""
        if not self._schemas:
            return None, self._read_schemaless(payloads)
        if self._fixed is None:
            found = self._read_enveloped(payloads)
            if found is not None:
                return found
        pairs = [self.to_connect(topic, payload) for payload in payloads]
        return merge_schemas([pair.schema for pair in pairs]), [pair.value for pair in pairs]

    def _read_schemaless(self, payloads: list[bytes | None]) -> list[Any]:
        try:
            if None not in payloads:
                return parse_column(payloads)  # type: ignore[arg-type] # no None in it
            values = iter(parse_column([payload for payload in payloads if payload is not None]))
            return [None if payload is None else next(values) for payload in payloads]
        except JsonError as error:
            bad = next(payload for payload in payloads if payload is not None and not _parses(payload))
            raise self._unreadable(bad, error) from error

    def _read_enveloped(self, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]] | None:
        """Messages that start with the same bytes up to their payload, as mostly; else ``None``."""
        first = payloads[0] if payloads else None
        if first is None or (self._head is None and not self._learn(first)) or self._head is None:
            return None
        head, schema, reader = self._head
        if not first.startswith(head):
            if not self._learn(first):
                return None
            head, schema, reader = self._head
        size = len(head)
        texts = [p[size:-1] for p in payloads if p is not None and p.startswith(head) and p.endswith(b"}")]
        if len(texts) != len(payloads):
            return None
        try:
            return schema, [*reader.column(parse_column(texts, plain=False))]
        except (JsonError, NeedsExactNumbers):
            return None  # record by record

    def _learn(self, payload: bytes) -> bool:
        """Remember the schema of a message by the bytes before its payload."""
        at = payload.find(_PAYLOAD)
        while at >= 0:
            head = payload[: at + len(_PAYLOAD)]
            try:
                envelope = orjson.loads(head + b"null}")
            except ValueError:
                at = payload.find(_PAYLOAD, at + 1)
                continue
            if envelope.keys() != {"schema", "payload"}:
                return False
            try:
                self._head = (head, *self._reader(envelope["schema"]))
            except NeedsExactNumbers:
                return False  # in a default
            return True
        return False

    def _read(self, payload: bytes, node: Any) -> SchemaAndValue:
        if not self._schemas:
            return SchemaAndValue(None, reader_for(None, replace_nulls=False).one(node))
        if self._fixed is not None:
            schema, reader = self._fixed
            return SchemaAndValue(schema, reader.one(node))
        if not isinstance(node, dict) or node.keys() != {"schema", "payload"}:
            raise DataError(
                _ENVELOPE,
                code="BRN-2151",
                key=f"{self._kind}.converter.schemas.enable",
                remedy=remedy_for(payload, self._kind),
            )
        found, reader = self._reader(node["schema"])
        return SchemaAndValue(found, reader.one(node["payload"]))

    def _reader(self, node: Any) -> tuple[Schema | None, ColumnReader]:
        key = repr(node)
        found = self._readers.get(key)
        if found is None:
            schema = schema_from_json(node, self._default_from_json)
            found = schema, reader_for(schema, replace_nulls=self._replace)
            _remember(self._readers, key, found, self._cache_size)
        return found

    def _default_from_json(self, schema: Schema, node: Any) -> Any:
        return reader_for(schema, replace_nulls=self._replace).one(node)

    def _parse_content(self, text: str) -> tuple[Schema, ColumnReader] | None:
        try:
            node = parse_one(text.encode("utf-8", "replace"), exact=True)
        except JsonError as error:
            raise DataError(
                "Failed to parse schema in converter config due to serialization error: ",
                code="BRN-2156",
                key=f"{self._kind}.converter.schema.content",
                remedy=f"It is no JSON: {error}.",
            ) from error
        schema = schema_from_json(None if node is MISSING else node, self._default_from_json)
        return None if schema is None else (schema, reader_for(schema, replace_nulls=self._replace))

    def _unreadable(self, payload: bytes, error: JsonError) -> DataError:
        return DataError(
            _UNREADABLE,
            code="BRN-2150",
            key=f"{self._kind}.converter",
            remedy=f"{error}. {remedy_for(payload, self._kind)}",
        )


def _valid_kind(kind: str) -> str:
    return kind if kind in ("key", "value", "header") else "value"  # nobody else's settings are checked here


def _parses(payload: bytes) -> bool:
    try:
        parse_one(payload)
    except JsonError:
        return False
    return True


def _remember(cache: dict[Any, Any], key: Any, value: Any, size: int) -> None:
    """Keep it, and let go of the oldest entry where there is no more room."""
    if size > 0:
        while len(cache) >= size:
            del cache[next(iter(cache))]
        cache[key] = value
