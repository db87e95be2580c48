"""From a Connect schema to Avro's, with what Avro has no words for in properties: as the Java class does it."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final

from barnabas.converters._avro import words
from barnabas.converters._avro.defaults import default_to_json
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.types import NO_DEFAULT, AvroField, AvroType
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["FromConnect", "scrubbed"]

_PLAIN: Final = {
    Type.INT8: "int",
    Type.INT16: "int",
    Type.INT32: "int",
    Type.INT64: "long",
    Type.FLOAT32: "float",
    Type.FLOAT64: "double",
    Type.BOOLEAN: "boolean",
    Type.STRING: "string",
    Type.BYTES: "bytes",
}
_NARROW: Final = {Type.INT8: "int8", Type.INT16: "int16"}
_LOGICAL: Final = {Date.NAME: "date", Time.NAME: "time-millis", Timestamp.NAME: "timestamp-millis"}
_NULL: Final = AvroType("null")
_NAME: Final = re.compile(r"[^\W\d]\w*")


def scrubbed(name: str) -> str:
    """A name (of a field, or one part of a full name) with underscores for what Avro does not have."""
    made = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return made if made and not made[0].isdigit() else f"x{made}"


class FromConnect:
    """Converts one schema; made anew for each, because names are counted.

    Args:
        settings: The mapping's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unnamed = 0
        self._entries: list[tuple[Schema | None, Schema | None]] = []
        self._made: dict[tuple[Schema, bool], AvroType] = {}

    def convert(self, schema: Schema) -> AvroType:
        """The Avro schema.

        Raises:
            DataError: A name is none in Avro, or a part has no schema.
        """
        return self._type(schema)

    def _type(self, schema: Schema | None, *, bare: bool = False) -> AvroType:
        """The type; ``bare``: without the union that allows nulls."""
        if schema is None:
            raise DataError(
                "A schema within a schema is missing: the items of an array or the values of a map need one.",
                code="BRN-1427",
                remedy="Give the source's schema a type there.",
            )
        key = (schema, bare)
        if schema.name is not None and key in self._made:
            return self._made[key]
        made = self._union(schema) if self._is_union(schema) else self._annotated(schema)
        if schema.optional and not bare and made.kind != "union":
            made = AvroType("union", branches=[made, _NULL] if schema.default is not None else [_NULL, made])
        if schema.name is not None:
            self._made[key] = made
        return made

    # ------------------------------------------------------------------ the type
    def _annotated(self, schema: Schema) -> AvroType:
        if schema.optional and schema.type is Type.STRUCT:
            return self._type(schema.replace(optional=False, default=None), bare=True)
        made = self._base(schema)
        made.props = {**made.props, **self._props(schema)}
        return made

    def _base(self, schema: Schema) -> AvroType:
        match schema.type:
            case Type.STRUCT:
                return self._record(schema)
            case Type.ARRAY:
                return AvroType("array", item=self._type(schema.value_schema))
            case Type.MAP:
                return self._map(schema)
            case Type.STRING if self._enum_word() in schema.parameters and (
                self._settings.enhanced or self._settings.general
            ):
                return self._enum(schema)
            case Type.BYTES if words.FIXED_SIZE in schema.parameters and schema.name != LogicalDecimal.NAME:
                return AvroType("fixed", name=self._full_name(schema.name), size=self._size(schema))
        return AvroType(_PLAIN[schema.type])

    def _record(self, schema: Schema) -> AvroType:
        parameters = schema.parameters
        made = AvroType("record", name=self._full_name(schema.name), doc=parameters.get(words.RECORD_DOC))
        for field in schema.fields:
            name = self._field_name(field.name)
            doc = parameters.get(words.FIELD_DOC + field.name)
            if doc is None and self._settings.discard_type:
                doc = field.schema.doc
            made.fields.append(AvroField(name, self._type(field.schema), doc, self._default(field.schema)))
        names = [field.name for field in made.fields]
        if len({*names}) != len(names):
            raise DataError(
                f"Two fields of {made.label} have one name in Avro: {', '.join(names)}.",
                code="BRN-1429",
                remedy="Rename one of them (ReplaceField), or set scrub.invalid.names=false.",
            )
        return made

    def _default(self, schema: Schema) -> Any:
        if schema.default is None:
            return None if schema.optional else NO_DEFAULT
        try:
            return default_to_json(schema, schema.default)
        except DataError:
            return NO_DEFAULT  # a number that is none: it has no form in JSON

    def _map(self, schema: Schema) -> AvroType:
        keys = schema.key_schema
        text = keys is not None and keys.type is Type.STRING
        if keys is not None and text and (not keys.optional or self._settings.optional_keys):
            return AvroType("map", item=self._type(schema.value_schema))
        if schema.name is None:
            name, props = self._entry_name(schema)
        else:
            name, props = self._full_name(schema.name), {words.INTERNAL_TYPE: words.MAP_ENTRY}
        entry = AvroType("record", name=name, props=props)
        for part, inner in ((words.KEY, keys), (words.VALUE, schema.value_schema)):
            if inner is None:
                self._type(inner)  # says what is wrong
            else:
                entry.fields.append(AvroField(part, self._type(inner), None, self._default(inner)))
        return AvroType("array", item=entry)

    def _entry_name(self, schema: Schema) -> tuple[str, dict[str, Any]]:
        """The name of a map's entries: other maps in the same schema need another one, which readers know as well."""
        kind = (schema.key_schema, schema.value_schema)
        if kind not in self._entries:
            self._entries.append(kind)
        number = self._entries.index(kind)
        full = f"{words.NAMESPACE}.{words.MAP_ENTRY}"
        return (full, {}) if number == 0 else (f"{full}{number + 1}", {words.INTERNAL_TYPE: words.MAP_ENTRY})

    def _is_union(self, schema: Schema) -> bool:
        if schema.type is not Type.STRUCT:
            return False
        return schema.name == words.UNION or words.GENERAL_UNION in schema.parameters

    def _union(self, schema: Schema) -> AvroType:
        members = [self._type(field.schema, bare=True) for field in schema.fields]
        return AvroType("union", branches=[_NULL, *members] if schema.optional else members)

    # ------------------------------------------------------------------ names
    def _full_name(self, name: str | None) -> str:
        if name is None:
            self._unnamed += 1
            return f"{words.NAMESPACE}.{words.DEFAULT_NAME}{self._unnamed if self._unnamed > 1 else ''}"
        parts = name.split(".")
        if self._settings.scrub:
            parts = [scrubbed(part) for part in parts]
        for part in parts:
            self._check_name(part, name)
        return ".".join(parts)

    def _field_name(self, name: str) -> str:
        made = scrubbed(name) if self._settings.scrub else name
        self._check_name(made, name)
        return made

    @staticmethod
    def _check_name(part: str, whole: str) -> None:
        if not _NAME.fullmatch(part):
            raise DataError(
                f"Illegal character in: {part}" if part else f"Empty name: {whole}",
                code="BRN-1429",
                remedy=f"{whole!r} is no name in Avro: rename it, or set scrub.invalid.names=true.",
            )

    # ------------------------------------------------------------------ enums, fixed
    def _enum_word(self) -> str:
        return words.GENERAL_ENUM if self._settings.general else words.ENUM

    def _enum(self, schema: Schema) -> AvroType:
        word, parameters = self._enum_word(), schema.parameters
        name = self._full_name(parameters[word])
        simple = name.rpartition(".")[2]
        kept = {key.removeprefix(f"{word}."): text for key, text in parameters.items() if key.startswith(f"{word}.")}
        return AvroType(
            "enum",
            name=name,
            doc=parameters.get(words.ENUM_DOC + simple),
            symbols=tuple(kept) if self._settings.general else tuple(kept.values()),
            symbol_default=parameters.get(words.ENUM_DEFAULT + simple),
        )

    def _size(self, schema: Schema) -> int:
        text = schema.parameters[words.FIXED_SIZE]
        if not text.isdecimal():
            raise DataError(f"{words.FIXED_SIZE} is {text!r}, which is no size.", code="BRN-1426")
        return int(text)

    # ------------------------------------------------------------------ properties
    def _props(self, schema: Schema) -> dict[str, Any]:
        props: dict[str, Any] = {}
        decimal = _decimal(schema) if schema.name == LogicalDecimal.NAME and schema.type is Type.BYTES else None
        if decimal is not None:
            props |= {"scale": decimal[0], "precision": decimal[1]}
        if self._settings.meta:
            props |= self._kept(schema)
        logical = "decimal" if decimal is not None else _LOGICAL.get(schema.name or "")
        if logical is not None:
            props["logicalType"] = logical
        for key, value in schema.parameters.items():
            if key.startswith("avro"):
                props[key] = value
        return props

    def _kept(self, schema: Schema) -> dict[str, Any]:
        props: dict[str, Any] = {}
        discard = self._settings.discard_type
        if schema.doc is not None and not discard:
            props[words.CONNECT_DOC] = schema.doc
        if schema.version is not None:
            props[words.CONNECT_VERSION] = schema.version
        if schema.parameters:
            props[words.CONNECT_PARAMETERS] = dict(schema.parameters)
        if schema.default is not None and not discard and words.FIELD_DEFAULT not in schema.parameters:
            with contextlib.suppress(DataError):  # as for the field's default
                props[words.CONNECT_DEFAULT] = default_to_json(schema, schema.default)
        if schema.name is not None:
            props[words.CONNECT_NAME] = schema.name
        if schema.type in _NARROW:
            props[words.CONNECT_TYPE] = _NARROW[schema.type]
        return props


def _decimal(schema: Schema) -> tuple[int, int]:
    """Scale and precision."""
    text = schema.parameters.get(words.PRECISION)
    precision = int(text) if text is not None and text.isdecimal() else words.DEFAULT_PRECISION
    return LogicalDecimal.scale(schema), precision
