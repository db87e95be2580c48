"""From an Avro schema to Connect's: types, names, documentation, defaults, and what the mapping keeps in properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from barnabas.converters._avro import words
from barnabas.converters._avro.anything import is_anything
from barnabas.converters._avro.defaults import default_from_json
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.types import NO_DEFAULT, AvroType
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

__all__ = ["ToConnect", "is_map_entry", "member_names"]

_PLAIN: Final = {
    "boolean": Type.BOOLEAN,
    "int": Type.INT32,
    "long": Type.INT64,
    "float": Type.FLOAT32,
    "double": Type.FLOAT64,
    "bytes": Type.BYTES,
    "fixed": Type.BYTES,
    "string": Type.STRING,
    "enum": Type.STRING,
}
_INTEGERS: Final = {"int8": Type.INT8, "int16": Type.INT16}
_LOGICAL: Final = {
    ("int", "date"): Date.SCHEMA,
    ("int", "time-millis"): Time.SCHEMA,
    ("long", "timestamp-millis"): Timestamp.SCHEMA,
}
_DEFAULT: Final = f"{words.NAMESPACE}.{words.DEFAULT_NAME}"


class ToConnect:
    """Converts one schema; made anew for each, because unions are counted.

    Args:
        settings: The mapping's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unions = 0
        self._open: list[str] = []  # the records that we are in: none of them may come again
        self._made: dict[tuple[int, bool], Schema] = {}

    def convert(self, avro: AvroType, version: int | None = None) -> Schema | None:
        """The Connect schema; ``None`` where values stand without one.

        Args:
            avro: The whole schema.
            version: Its version in the registry: that of the result, unless the schema itself says one.

        Raises:
            DataError: Connect has nothing for it: a null by itself, a record that contains itself.
        """
        made = self._type(avro, optional=False)
        if made is None or made.version is not None or version is None:
            return made
        return made.replace(version=version)

    def _type(
        self, avro: AvroType, *, optional: bool, default: Any = NO_DEFAULT, doc: str | None = None
    ) -> Schema | None:
        if is_anything(avro):
            return None
        plain = default is NO_DEFAULT and doc is None and not self._settings.general
        if plain and (id(avro), optional) in self._made:
            return self._made[id(avro), optional]
        if avro.kind == "union":
            only = avro.nullable()
            if only is not None:
                return self._type(only, optional=True, default=NO_DEFAULT if default is None else default, doc=doc)
            if len(avro.branches) == 1 and self._settings.flatten_single:
                return self._type(avro.branches[0], optional=optional, default=default, doc=doc)
        made = self._annotated(avro, self._base(avro), optional=optional, default=default, doc=doc)
        if plain:
            self._made[id(avro), optional] = made
        return made

    def _inner(self, avro: AvroType) -> Schema | None:
        return self._type(avro, optional=False)

    # ------------------------------------------------------------------ the bare type
    def _base(self, avro: AvroType) -> Schema:  # noqa: PLR0911 - a table of cases
        match avro.kind:
            case "record":
                return self._struct(avro)
            case "union":
                return self._union(avro)
            case "array":
                entry = avro.inner
                if not is_map_entry(entry):
                    return Schema.array(self._inner(entry))
                key, value = _entry_types(entry)
                return Schema.map(self._inner(key), self._inner(value))
            case "map":
                return Schema.map(Schema.STRING, self._inner(avro.inner))
            case "enum":
                return Schema(Type.STRING, parameters=self._enum_parameters(avro))
            case "null":
                raise DataError(
                    "Standalone null schemas are not supported by this converter",
                    code="BRN-1422",
                    remedy="Use null in a union only.",
                )
        if avro.kind in ("bytes", "fixed"):
            return _bytes(avro)
        return _number(avro)

    def _struct(self, avro: AvroType) -> Schema:
        name = avro.label
        if name in self._open:
            raise DataError(
                f"The record {name} contains itself ({' → '.join([*self._open, name])}), which no Connect schema can.",
                code="BRN-1423",
                remedy="Use ByteArrayConverter to pass such data through, or flatten them before.",
            )
        parameters: dict[str, str] = {}
        if self._settings.meta and avro.doc is not None:
            parameters[words.RECORD_DOC] = avro.doc
        fields: dict[str, Schema] = {}
        self._open.append(name)
        for field in avro.fields:
            if self._settings.meta and field.doc is not None:
                parameters[words.FIELD_DOC + field.name] = field.doc
            made = self._type(field.type, optional=False, default=field.default, doc=field.doc)
            fields[field.name] = _required(made, name, field.name)
        self._open.pop()
        return Schema(Type.STRUCT, fields=fields, parameters=parameters)

    def _union(self, avro: AvroType) -> Schema:
        general = self._settings.general
        name = words.UNION
        if general:
            name = f"{words.UNION_NAME}{self._unions}"
            self._unions += 1
        fields: dict[str, Schema] = {}
        for member, branch in member_names(avro, self._settings):
            if member in fields:
                raise DataError(
                    f"Multiple union schemas map to the Connect union field name {member}",
                    code="BRN-1424",
                    remedy="Set enhanced.avro.schema.support=true, which uses full names.",
                )
            fields[member] = _required(self._type(branch, optional=True), name, member)
        return Schema(
            Type.STRUCT,
            name=name,
            optional=any(branch.kind == "null" for branch in avro.branches),
            fields=fields,
            parameters={words.GENERAL_UNION: name} if general else None,
        )

    def _enum_parameters(self, avro: AvroType) -> dict[str, str]:
        made: dict[str, str] = {}
        if self._settings.meta and avro.doc is not None:
            made[words.ENUM_DOC + avro.simple_name] = avro.doc
        if self._settings.meta and avro.symbol_default is not None:
            made[words.ENUM_DEFAULT + avro.simple_name] = avro.symbol_default
        word = words.GENERAL_ENUM if self._settings.general else words.ENUM
        made[word] = avro.label
        for at, symbol in enumerate(avro.symbols):
            made[f"{word}.{symbol}"] = str(at) if self._settings.general else symbol
        return made

    # ------------------------------------------------------------------ what stands beside the type
    def _annotated(self, avro: AvroType, base: Schema, *, optional: bool, default: Any, doc: str | None) -> Schema:
        settings, props = self._settings, avro.props
        changes: dict[str, Any] = {"parameters": dict(base.parameters)}
        if settings.meta:
            changes["doc"] = doc if doc is not None or settings.discard_type else _own_doc(avro)
            changes["version"] = _version(props, base.version)
            changes["parameters"] |= _parameters(props)
            changes["parameters"] |= {
                key: value for key, value in props.items() if key.startswith("avro") and isinstance(value, str)
            }
        if optional or base.optional:
            changes["optional"] = True
        changes["name"] = _name(avro, base)
        kept = props.get(words.CONNECT_DEFAULT) if not settings.discard_type else None
        if default in (NO_DEFAULT, None):
            default = kept
        elif kept is None:
            changes["parameters"][words.FIELD_DEFAULT] = "true"
        made = base.replace(**changes)
        return made if default is None else self._defaulted(made, avro, default)

    def _defaulted(self, schema: Schema, avro: AvroType, default: Any) -> Schema:
        try:
            return schema.replace(default=default_from_json(schema, avro, default))
        except DataError as error:
            if self._settings.strict:
                raise DataError(
                    f"The default {default!r} in an Avro schema does not fit its type.",
                    code="BRN-1421",
                    remedy=f"Correct the schema: {error}",
                ) from error
            # Old schemas have such defaults, from times when nobody checked them; the data can be read without.
            parameters = {key: value for key, value in schema.parameters.items() if key != words.FIELD_DEFAULT}
            return schema.replace(parameters=parameters)


def is_map_entry(avro: AvroType) -> bool:
    """Whether a record stands for an entry of a map, in an array that stands for the map."""
    if avro.kind != "record":
        return False
    full = f"{words.NAMESPACE}.{words.MAP_ENTRY}"
    return avro.name == full or avro.props.get(words.INTERNAL_TYPE) == words.MAP_ENTRY


def member_names(avro: AvroType, settings: Settings) -> list[tuple[str, AvroType]]:
    """The fields of the struct that stands for a union, each with its branch; null has none."""
    made = []
    for at, branch in enumerate(avro.branches):
        if branch.kind == "null":
            continue
        if settings.general:
            made.append((f"{words.UNION_FIELD}{at}", branch))
        else:
            made.append((branch.label if settings.enhanced else branch.simple_name, branch))
    return made


def _entry_types(entry: AvroType) -> tuple[AvroType, AvroType]:
    by_name = {field.name: field.type for field in entry.fields}
    if [field.name for field in entry.fields] != [words.KEY, words.VALUE]:
        raise DataError(
            "Found map encoded as array of key-value pairs, but array elements do not match the expected format.",
            code="BRN-1425",
            remedy=f"The record {entry.label} has to have the fields key and value; it has {', '.join(by_name)}.",
        )
    return by_name[words.KEY], by_name[words.VALUE]


def _bytes(avro: AvroType) -> Schema:
    made = Schema.BYTES
    if avro.logical == "decimal":
        scale, precision = avro.props.get("scale"), avro.props.get("precision")
        made = LogicalDecimal.schema(scale if isinstance(scale, int) else 0)
        if precision is not None and not isinstance(precision, int):
            raise DataError("The precision of a decimal must be a JSON Integer.", code="BRN-1426")
        if precision not in (None, words.DEFAULT_PRECISION):
            made = made.replace(parameters={**made.parameters, words.PRECISION: str(precision)})
    if avro.kind == "fixed":
        made = made.replace(parameters={**made.parameters, words.FIXED_SIZE: str(avro.size)})
    return made


def _number(avro: AvroType) -> Schema:
    """Numbers and text; logical types that Connect does not know are what they are kept as."""
    if avro.logical is not None:
        return _LOGICAL.get((avro.kind, avro.logical)) or Schema(_PLAIN[avro.kind])
    kind = avro.props.get(words.CONNECT_TYPE)
    if avro.kind == "int" and kind is not None:
        if kind not in _INTEGERS:
            raise DataError(f"Connect type annotation for Avro int field is {kind}", code="BRN-1426")
        return Schema(_INTEGERS[kind])
    return Schema(_PLAIN[avro.kind])


def _name(avro: AvroType, base: Schema) -> str | None:
    named = _text(avro.props, words.CONNECT_NAME)
    name = named
    if name is None and avro.name is not None:
        name = avro.name
    if name is None or name == _DEFAULT:
        return base.name
    if base.name is None:
        return name
    if named is not None and named != base.name:
        raise DataError(
            f"Mismatched names: name already added to SchemaBuilder ({base.name}) differs from name in source "
            f"schema ({named})",
            code="BRN-1426",
        )
    return base.name


def _version(props: Mapping[str, Any], built: int | None) -> int | None:
    version = props.get(words.CONNECT_VERSION)
    if version is None:
        return built
    if not isinstance(version, int) or isinstance(version, bool):
        raise DataError(f"Invalid Connect version found: {version}", code="BRN-1426")
    return version


def _parameters(props: Mapping[str, Any]) -> dict[str, str]:
    found = props.get(words.CONNECT_PARAMETERS)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DataError(f"Expected JSON object for schema parameters but found: {found}", code="BRN-1426")
    for value in found.values():
        if not isinstance(value, str):
            raise DataError(f"Expected schema parameter values to be strings but found: {value}", code="BRN-1426")
    return found


def _text(props: Mapping[str, Any], key: str) -> str | None:
    found = props.get(key)
    return found if isinstance(found, str) else None


def _own_doc(avro: AvroType) -> str | None:
    kept = _text(avro.props, words.CONNECT_DOC)
    return avro.doc if kept is None else kept


def _required(made: Schema | None, record: str, field: str) -> Schema:
    if made is None:
        raise DataError(
            f"Field {field} of {record} holds values without a schema, which a struct's fields cannot.",
            code="BRN-1427",
            remedy="Give the field a type of its own.",
        )
    return made
