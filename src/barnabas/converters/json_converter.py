"""JsonConverter: values as JSON, with the schema in an envelope or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from barnabas._columns.texts import json_texts, json_values
from barnabas.config import CaseInsensitiveValidString, Type
from barnabas.converters._json.envelope import EnvelopeReader, TextReader
from barnabas.converters._json.explain import explain_read, explain_write
from barnabas.converters._json.input import parse_column, parse_one
from barnabas.converters._json.lenient import MISSING, JsonError
from barnabas.converters._json.output import dump, dump_column, dump_schemaless_column
from barnabas.converters._json.reader import ColumnReader, reader_for
from barnabas.converters._json.scalars import CoercedError, NeedsExactNumbers
from barnabas.converters._json.schema_text import schema_from_json, schema_to_json
from barnabas.converters._json.writer import ColumnWriter, writer_for
from barnabas.converters.base import (
    SchemaColumn,
    UniversalConverter,
    converter_def,
    merge_schemas,
    strict_setting,
)
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
_UNWRITABLE: Final = "Converting Kafka Connect data to byte[] failed due to serialization error: "


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
        """Read the settings; all of them can be left out.

        ``strict`` is one, too, though not of the definition: it refuses what Kafka Connect would change silently.
        """
        self._kind = configs.get("converter.type") or ("key" if is_key else "value")
        known = {key: value for key, value in configs.items() if key in self.CONFIG.keys}
        config = self.CONFIG.parse({**known, "converter.type": _valid_kind(self._kind)})
        self._strict = strict_setting(configs)
        self._schemas: bool = config["schemas.enable"]
        self._cache_size: int = config["schemas.cache.size"]
        self._numeric: bool = config["decimal.format"].upper() == "NUMERIC"
        self._replace: bool = config["replace.null.with.default"]
        self._writers: dict[Schema | None, tuple[bytes, ColumnWriter]] = {}
        self._readers: dict[bytes | str, tuple[Schema | None, ColumnReader]] = {}
        self._plain = self._compile(None)
        self._envelopes = EnvelopeReader(self._reader, self._read, replace_nulls=self._replace, strict=self._strict)
        self._fixed: TextReader | None = None
        if config["schema.content"]:
            self._fixed = self._parse_content(config["schema.content"])

    # -- to bytes -----------------------------------------------------------------------------------------------------

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """One value as JSON; null without a schema stays null."""
        return self.from_connect_column(topic, schema, [value])[0]

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """Values of one schema as JSON."""
        del topic
        try:
            return self._write(schema, values)
        except CoercedError:
            pass  # one of them, which has to be found
        except RecursionError:
            raise DataError(_UNWRITABLE, code="BRN-2155", remedy="The value is nested too deeply.") from None
        return [self._write_strictly(schema, value) for value in values]

    def _write_strictly(self, schema: Schema | None, value: Any) -> bytes | None:
        try:
            return self._write(schema, [value])[0]
        except CoercedError:
            pass
        raise explain_write(schema, value, root=self._kind, key=f"{self._kind}.converter.strict")

    def _write(self, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        head, writer = self._writer(schema)
        if schema is not None:
            return [*dump_column(writer.column(values), head)]
        if json_texts is None:
            return self._write_schemaless(values, head)
        texts, left = json_texts(values, head)
        if left:
            at = [at for at, text in enumerate(texts) if text is None]
            for place, text in zip(at, self._write_schemaless([values[place] for place in at], head), strict=True):
                texts[place] = text
        return texts

    def _write_schemaless(self, values: list[Any], head: bytes) -> list[bytes | None]:
        filled = [value for value in values if value is not None]
        texts = dump_schemaless_column(filled, head, strict=self._strict)
        if len(filled) == len(values):
            return [*texts]
        each = iter(texts)
        return [None if value is None else next(each) for value in values]

    def _writer(self, schema: Schema | None) -> tuple[bytes, ColumnWriter]:
        found = self._writers.get(schema)
        if found is None:
            text = dump(schema_to_json(schema, self._default_to_json))
            writer = writer_for(
                schema, numeric_decimals=self._numeric, replace_nulls=self._replace, strict=self._strict
            )
            found = (b'{"schema":%b,"payload":' % text if self._schemas else b""), writer
            _remember(self._writers, schema, found, self._cache_size)
        return found

    def _default_to_json(self, schema: Schema, default: Any) -> Any:
        return writer_for(schema, numeric_decimals=self._numeric, replace_nulls=self._replace).one(default)

    # -- from bytes ---------------------------------------------------------------------------------------------------

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """One message as a value; null stays null, and so does an empty message without schemas."""
        del topic
        return SchemaAndValue(None, None) if payload is None else self._read(payload)

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """Messages as values."""
        del topic
        if not self._schemas:
            return None, self._read_schemaless(payloads)
        if self._fixed is None:
            return self._envelopes.column(payloads)
        if None not in payloads:
            values = self._fixed.column(payloads)  # type: ignore[arg-type] # no None in it
            if values is not None:
                return self._fixed.schema, values
        pairs = [SchemaAndValue(None, None) if payload is None else self._read(payload) for payload in payloads]
        return merge_schemas([pair.schema for pair in pairs]), [pair.value for pair in pairs]

    def _read_schemaless(self, payloads: list[bytes | None]) -> list[Any]:
        if json_values is None:
            return self._read_carefully(payloads)
        values, left = json_values(payloads)
        if left:
            at = [at for at, value in enumerate(values) if value is ...]
            for place, value in zip(at, self._read_carefully([payloads[place] for place in at]), strict=True):
                values[place] = value
        return values

    def _read_carefully(self, payloads: list[bytes | None]) -> list[Any]:
        filled = [payload for payload in payloads if payload is not None]
        try:
            values = parse_column(filled, self._plain.one, whole=self._strict)
        except (JsonError, CoercedError, RecursionError):
            values = [self._read(payload).value for payload in filled]  # one of them says what is wrong
        if len(filled) == len(payloads):
            return values
        each = iter(values)
        return [None if payload is None else next(each) for payload in payloads]

    def _read(self, payload: bytes) -> SchemaAndValue:
        try:
            if not self._schemas:
                return self._read_plain(payload)
            try:
                return self._convert(payload, parse_one(payload, whole=self._strict))
            except NeedsExactNumbers:
                return self._convert(payload, parse_one(payload, exact=True, whole=self._strict))
        except JsonError as error:
            raise self._unreadable(payload, str(error)) from error
        except RecursionError:
            raise self._unreadable(payload, "nested too deeply") from None

    def _read_plain(self, payload: bytes) -> SchemaAndValue:
        try:
            return SchemaAndValue(None, parse_column([payload], self._plain.one, whole=self._strict)[0])
        except CoercedError:
            return self._value(None, self._plain, parse_one(payload, whole=self._strict), self._kind)

    def _convert(self, payload: bytes, node: Any) -> SchemaAndValue:
        if self._fixed is not None:
            return self._value(self._fixed.schema, self._fixed.reader, node, self._kind)
        if not isinstance(node, dict) or node.keys() != {"schema", "payload"}:
            raise DataError(
                _ENVELOPE,
                code="BRN-2151",
                key=f"{self._kind}.converter.schemas.enable",
                remedy=remedy_for(payload, self._kind, "JsonConverter with schemas.enable=true"),
            )
        return self._value(*self._reader(node["schema"]), node["payload"], "payload")

    def _value(self, schema: Schema | None, reader: ColumnReader, node: Any, root: str) -> SchemaAndValue:
        try:
            return SchemaAndValue(schema, reader.one(node))
        except CoercedError:
            pass
        key = f"{self._kind}.converter.strict"
        raise explain_read(schema, node, root=root, replace_nulls=self._replace, key=key)

    def _reader(self, node: Any) -> tuple[Schema | None, ColumnReader]:
        try:
            key: bytes | str = orjson.dumps(node)
        except TypeError:  # exact numbers, or ones beyond 64 bits
            key = repr(node)
        found = self._readers.get(key)
        if found is None:
            schema = schema_from_json(node, self._default_from_json)
            found = schema, self._compile(schema)
            _remember(self._readers, key, found, self._cache_size)
        return found

    def _compile(self, schema: Schema | None) -> ColumnReader:
        return reader_for(schema, replace_nulls=self._replace, strict=self._strict)

    def _default_from_json(self, schema: Schema, node: Any) -> Any:
        return reader_for(schema, replace_nulls=self._replace).one(node)

    def _parse_content(self, text: str) -> TextReader | None:
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
        if schema is None:
            return None
        return TextReader(schema, self._compile(schema), replace_nulls=self._replace, strict=self._strict)

    def _unreadable(self, payload: bytes, reason: str) -> DataError:
        return DataError(
            _UNREADABLE,
            code="BRN-2150",
            key=f"{self._kind}.converter",
            remedy=f"{remedy_for(payload, self._kind, 'JsonConverter')} (The parser says: {reason}.)",
        )


def _valid_kind(kind: str) -> str:
    return kind if kind in ("key", "value", "header") else "value"  # nobody else's settings are checked here


def _remember(cache: dict[Any, Any], key: Any, value: Any, size: int) -> None:
    """Keep it, and let go of the oldest entry where there is no more room."""
    if size > 0:
        while len(cache) >= size:
            del cache[next(iter(cache))]
        cache[key] = value
