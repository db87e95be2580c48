"""JsonSchemaConverter: values as JSON whose schema is kept in a registry."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import orjson

from barnabas.config import CaseInsensitiveValidString, Config, ConfigDef, Type
from barnabas.converters._json.envelope import TextReader
from barnabas.converters._json.input import parse_one
from barnabas.converters._json.lenient import MISSING, JsonError
from barnabas.converters._json.output import dump_column
from barnabas.converters._json.scalars import CoercedError, NeedsExactNumbers
from barnabas.converters._json_schema.differences import differences
from barnabas.converters._json_schema.explain import unfit, unlike
from barnabas.converters._json_schema.from_connect import JsonSchemaMaker
from barnabas.converters._json_schema.merged import unsupported
from barnabas.converters._json_schema.reading import is_simple, make_reader
from barnabas.converters._json_schema.references import Documents
from barnabas.converters._json_schema.to_connect import SchemaReader
from barnabas.converters._json_schema.validation import DRAFTS, Check, make_check
from barnabas.converters._json_schema.writing import make_writer
from barnabas.converters._registry_client.base import Reader, RegistryConverter, Writer
from barnabas.converters._registry_client.schemas import JSON, RegisteredSchema, SchemaText
from barnabas.converters._registry_client.settings import registry_def
from barnabas.converters._registry_client.wire import HEAD, frame
from barnabas.converters.base import SchemaColumn
from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError
from barnabas.schema import Schema

__all__ = ["JsonSchemaConverter"]

_GROUP: Final = "JSON Schema"


def _definition() -> ConfigDef:
    made = registry_def()
    for name, default, doc in (
        ("json.fail.invalid.schema", False, "Check every message against its schema, written and read."),
        ("json.fail.unknown.properties", True, "For Java objects only: a converter has none."),
        ("json.oneof.for.nullables", True, "For schemas of Java classes only: a converter has none."),
        ("object.additional.properties", True, "Whether objects may have members that their schema does not list."),
        ("use.optional.for.nonrequired", False, "Whether properties that are not required are optional fields."),
        ("generalized.sum.type.support", False, "Unions and enums look as those of Avro and Protobuf do."),
        ("ignore.default.for.nullables", False, "A null of an optional schema stays null, even if it has a default."),
    ):
        made.define(name, Type.BOOLEAN, default=default, importance="low", group=_GROUP, doc=doc)
    made.define(
        "decimal.format",
        Type.STRING,
        default="BASE64",
        validator=CaseInsensitiveValidString("NUMERIC", "BASE64"),
        importance="low",
        group=_GROUP,
        doc="Decimals as base64 of their bytes, or as numbers.",
    )
    made.define(
        "json.schema.spec.version",
        Type.STRING,
        default="draft_7",
        validator=CaseInsensitiveValidString(*DRAFTS),
        importance="low",
        group=_GROUP,
        doc="The draft of JSON Schema by which messages are checked, where their schema does not say.",
    )
    made.define(
        "json.default.property.inclusion",
        Type.STRING,
        default="",
        importance="low",
        group=_GROUP,
        doc="For Java objects only: a converter has none.",
    )
    return made


class JsonSchemaConverter(RegistryConverter):
    """Writes the JSON that Confluent's class of that name writes, and reads all that it reads.

    A message is JSON behind the number of its schema. Values and schemas correspond as described in
    ``docs/converters.md``; nothing is checked against the schema unless ``json.fail.invalid.schema`` says so.
    """

    KIND = JSON
    NEEDS = ("jsonschema", "jsonschema")
    READ_FAILURE = "Converting byte[] to Kafka Connect data failed due to serialization error of topic {topic}: "
    WRITE_FAILURE = "Converting Kafka Connect data to byte[] failed due to serialization error of topic {topic}: "
    CONFIG: ClassVar[ConfigDef] = _definition()

    def setup(self, config: Config) -> None:
        """Take the format's own settings."""
        self._validated: bool = config["json.fail.invalid.schema"]
        self._general: bool = config["generalized.sum.type.support"]
        self._optional: bool = config["use.optional.for.nonrequired"]
        self._keep_nulls: bool = config["ignore.default.for.nullables"]
        self._numeric: bool = config["decimal.format"].upper() == "NUMERIC"
        self._draft: str = config["json.schema.spec.version"].lower()
        self._maker = JsonSchemaMaker(
            additional=config["object.additional.properties"], required=self._optional, default=self._default_to_json
        )

    def record_name(self, schema: SchemaText) -> str | None:
        """The schema's title."""
        node = self._parse(schema)
        title = node.get("title") if isinstance(node, dict) else None
        return title if isinstance(title, str) else None

    def differences(self, reader: SchemaText, writer: SchemaText) -> list[str]:
        """Why data of one schema do not fit another, property by property."""
        return differences(self._parse(reader), self._parse(writer))

    # ------------------------------------------------------------------ schemas
    def make_writer(self, topic: str, schema: Schema | None) -> Writer:
        """For values of this schema."""
        if schema is None:
            raise DataError(
                self.WRITE_FAILURE.format(topic=topic),
                code="BRN-1477",
                key=f"{self.kind}.converter",
                remedy=f"The {self.kind} has no schema, which JsonSchemaConverter needs: use JsonConverter with "
                "schemas.enable=false, or a connector that gives schemas.",
            )
        chosen = self.choose(topic, schema.name, self.make_draft(schema))
        check = self._check(chosen.schema) if self._validated else None
        return _Writer(self, topic, schema, frame(chosen.id), check)

    def make_reader(self, topic: str, registered: RegisteredSchema) -> Reader:
        """For messages with this schema."""
        check = self._check if self._validated else None
        try:
            schema = self.connect_schema(registered.schema)
            return _Reader(self, topic, schema, registered, check(registered.schema) if check else None)
        except RecursionError:
            raise unsupported("#", "is nested too deeply") from None

    def make_draft(self, schema: Schema) -> SchemaText:
        """A Connect schema as JSON Schema; one that is no object names its draft: some registries need it."""
        try:
            node = self._maker.make(schema)
            if node.get("type") != "object":
                node = {"$schema": DRAFTS[self._draft], **node}
            return SchemaText(orjson.dumps(node).decode(), JSON)
        except (RecursionError, TypeError) as error:  # the latter is what orjson says of depth, and of half surrogates
            raise DataError(
                f"The schema cannot be written as JSON Schema: {error or 'it is nested too deeply'}",
                code="BRN-1477",
                remedy="Flatten it, and have its texts be Unicode.",
            ) from error

    def connect_schema(self, text: SchemaText) -> Schema:
        """A JSON Schema as Connect schema; references are resolved.

        Raises:
            DataError: No Connect schema can say that.
        """
        documents = Documents(self._parse(text, exact=True), self._others(text, exact=True))
        return SchemaReader(
            documents, general=self._general, optional=self._optional, default=self._default_from_json
        ).read()

    def _parse(self, schema: SchemaText, *, exact: bool = False) -> Any:
        """The schema's JSON; ``exact``: fractions with all their digits, which defaults need."""
        try:
            return parse_one(schema.text.encode(), exact=True, whole=True) if exact else orjson.loads(schema.text)
        except ValueError as error:
            raise DataError(
                f"The JSON Schema in the registry is no JSON: {error}",
                code="BRN-1470",
                remedy="Register it again, corrected.",
            ) from error

    def _others(self, schema: SchemaText, *, exact: bool = False) -> dict[str, Any]:
        return {name: self._parse(other, exact=exact) for name, other in self.client.resolve(schema).items()}

    def _check(self, schema: SchemaText) -> Check:
        return make_check(self._parse(schema), self._others(schema), self._draft)

    # ------------------------------------------------------------------ plans
    def column_reader(self, schema: Schema) -> TextReader:
        """What reads texts of a schema."""
        reader = make_reader(schema, keep_nulls=self._keep_nulls, strict=self.strict)
        slow = self.strict or not is_simple(schema)
        return TextReader(schema, reader, replace_nulls=not self._keep_nulls, strict=slow)

    def nodes(self, schema: Schema, values: list[Any], topic: str) -> list[Any]:
        """Values as what JSON is written from."""
        writer = self._plan(schema, strict=self.strict)
        try:
            return [*writer.column(values)]
        except CoercedError:
            raise self.unwritable(topic, "BRN-1476", "It would be read back as something else (strict).") from None
        except RecursionError:
            raise self.unwritable(topic, "BRN-1477", "The value is nested too deeply.") from None

    def _plan(self, schema: Schema, *, strict: bool) -> Any:
        return make_writer(schema, numeric_decimals=self._numeric, keep_nulls=self._keep_nulls, strict=strict)

    def _default_to_json(self, schema: Schema, default: Any) -> Any:
        return orjson.Fragment(dump_column([self._plan(schema, strict=False).one(default)])[0])

    def _default_from_json(self, schema: Schema, node: Any) -> Any:
        try:
            return make_reader(schema, keep_nulls=True, strict=True).one(node)
        except CoercedError:
            raise DataError(f"It is {node!r:.100}, which is no {schema.type.name}") from None

    def unfit(self, schema: Schema, node: Any, error: DataError, registered: RegisteredSchema) -> DataError:
        """The error about a message that its schema does not describe; says where, and which schema it is."""
        where = unfit(schema, node, keep_nulls=self._keep_nulls, root=self.kind)
        version = f", version {registered.version} of subject {registered.subject}" if registered.version else ""
        more = f"{error.remedy} " if error.remedy else ""
        remedy = (
            f"{more}{where} It was written with schema id {registered.id}{version}: correct the writer or the schema."
        )
        return DataError(error.message, code=error.code, key=error.key or f"{self.kind}.converter", remedy=remedy)

    def strictly(self, schema: Schema, node: Any, topic: str) -> DataError:
        """The error about a message that strict mode refuses."""
        where = unlike(schema, node, keep_nulls=self._keep_nulls, root=self.kind)
        remedy = "Correct the writer or the schema, or set strict=false, which does that as Kafka Connect does."
        return self.unreadable(topic, "BRN-1476", f"{where} {remedy}")

    def not_json(self, topic: str, text: bytes, reason: str) -> DataError:
        """The error about a message that is no JSON behind its schema's number."""
        looks = remedy_for(text, self.kind) if text else "Nothing is there."
        return self.unreadable(topic, "BRN-1474", f"Behind the schema's id stands no JSON ({reason}). {looks}")


class _Reader:
    """Reads messages of one schema."""

    def __init__(
        self,
        converter: JsonSchemaConverter,
        topic: str,
        schema: Schema,
        registered: RegisteredSchema,
        check: Check | None,
    ) -> None:
        self._converter = converter
        self._topic = topic
        self._schema = schema
        self._registered = registered
        self._texts = converter.column_reader(schema)
        self._check = check

    def column(self, payloads: list[bytes]) -> tuple[SchemaColumn, list[Any]]:
        """Messages as values."""
        texts = [payload[HEAD:] for payload in payloads]
        if self._check is not None:
            return self._schema, [*map(self._one, texts)]
        values = self._fast(texts)
        return self._schema, [*map(self._alone, texts)] if values is None else values

    def _fast(self, texts: list[bytes]) -> list[Any] | None:
        """Read as a whole; ``None`` if one of them needs care, or is wrong."""
        try:
            return self._texts.column(texts)
        except DataError:
            return None

    def _alone(self, text: bytes) -> Any:
        """One of a column that was not read as a whole: as it would be read if it had come alone."""
        values = self._fast([text])
        return self._one(text) if values is None else values[0]

    def _one(self, text: bytes) -> Any:
        try:
            node = self._parse(text, exact=False)
            if self._check is not None:
                self._refuse(self._check(node))
            try:
                return self._value(node)
            except NeedsExactNumbers:
                return self._value(self._parse(text, exact=True))
        except JsonError as error:
            raise self._converter.not_json(self._topic, text, str(error)) from error
        except RecursionError:
            raise self._converter.not_json(self._topic, text, "nested too deeply") from None

    def _parse(self, text: bytes, *, exact: bool) -> Any:
        node = parse_one(text, exact=exact, whole=self._converter.strict)
        if node is MISSING:
            raise JsonError("the input is empty")
        return node

    def _value(self, node: Any) -> Any:
        try:
            return self._texts.reader.one(node)
        except CoercedError:
            raise self._converter.strictly(self._schema, node, self._topic) from None
        except DataError as error:
            raise self._converter.unfit(self._schema, node, error, self._registered) from error

    def _refuse(self, reason: str | None) -> None:
        if reason is not None:
            raise self._converter.unreadable(
                self._topic,
                "BRN-1475",
                f"JSON does not match its schema at {reason}. Correct the writer, or set "
                f"{self._converter.kind}.converter.json.fail.invalid.schema=false.",
            )


class _Writer:
    """Writes values of one schema to one topic."""

    def __init__(
        self, converter: JsonSchemaConverter, topic: str, schema: Schema, head: bytes, check: Check | None
    ) -> None:
        self._converter = converter
        self._topic = topic
        self._schema = schema
        self._head = head
        self._check = check
        self._bare = not schema.optional and schema.default is None

    def column(self, values: list[Any]) -> list[bytes | None]:
        """Values as messages; a null that the schema has no place for is Kafka's null."""
        if self._bare and None in values:
            texts = iter(self._texts([value for value in values if value is not None]))
            return [None if value is None else next(texts) for value in values]
        return [*self._texts(values)]

    def _texts(self, values: list[Any]) -> list[bytes]:
        head = self._head
        texts = dump_column(self._converter.nodes(self._schema, values, self._topic))
        if self._check is not None:
            for text in texts:
                self._refuse(self._check(orjson.loads(text)))
        return [head + text for text in texts]

    def _refuse(self, reason: str | None) -> None:
        if reason is not None:
            raise self._converter.unwritable(
                self._topic,
                "BRN-1475",
                f"JSON does not match its schema at {reason}. Correct the data or the schema; decimals match theirs "
                "with decimal.format=NUMERIC only.",
            )
