"""From Connect's values to wire values, compiled for a pair of schemas, checking them on the way.

The Avro schema may be another than the one that the Connect schema would give: the subject's newest, say. Fields are
matched by name; what the data do not have is filled with the schema's default, and what the schema does not have is
left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from barnabas._schema.validate import INT_RANGES
from barnabas.converters._avro.anything import is_anything, to_anything
from barnabas.converters._avro.defaults import default_from_json
from barnabas.converters._avro.from_connect import scrubbed
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.to_connect import ToConnect, is_map_entry, member_names
from barnabas.converters._avro.types import NO_DEFAULT, AvroField, AvroType
from barnabas.converters._avro.words import GENERAL_UNION, KEY, UNION, VALUE
from barnabas.errors import DataError
from barnabas.schema import Schema, Type, to_wire, validate_value

__all__ = ["Conversion", "field_sources", "is_union", "missing", "writing"]

Conversion = Callable[[Any], Any]
"""From a Connect value, perhaps null, to a wire value."""

_FITS: Final = {
    Type.INT8: ("int", "long", "float", "double"),
    Type.INT16: ("int", "long", "float", "double"),
    Type.INT32: ("int", "long", "float", "double"),
    Type.INT64: ("long", "float", "double"),
    Type.FLOAT32: ("float", "double"),
    Type.FLOAT64: ("double",),
    Type.BOOLEAN: ("boolean",),
    Type.STRING: ("string", "enum", "bytes"),
    Type.BYTES: ("bytes", "fixed", "string"),
    Type.ARRAY: ("array",),
    Type.MAP: ("map", "array"),
    Type.STRUCT: ("record",),
}
"""The Avro types that values of a Connect type can be written as."""


def writing(schema: Schema | None, avro: AvroType, settings: Settings, path: str = "value") -> Conversion:
    """The conversion of values of a Connect schema.

    Args:
        schema: Of the values; ``None``: they have none.
        avro: What they are written as.
        settings: The mapping's.
        path: Where they are, for errors.

    Raises:
        DataError: Values of the one cannot be written as the other.
    """
    if schema is None:
        if is_anything(avro):
            return to_anything
        raise _unfit(path, "values without a schema", avro)
    if avro.kind == "union":
        return _union(schema, avro, settings, path)
    convert = _present(schema, avro, settings, path)
    return partial(_required, schema, _filler(schema, settings), convert, path)


def _filler(schema: Schema, settings: Settings) -> Any:
    """What a null becomes; ``None``: it stays one."""
    return None if settings.keep_nulls and schema.optional else schema.default


def _required(schema: Schema, default: Any, convert: Conversion, path: str, value: Any) -> Any:
    if value is None:
        if default is None:
            raise DataError(
                f"Found null value for non-optional schema at {path}",
                code="BRN-1432",
                remedy=f"Make the source's schema optional there, or fill it; it is {schema.type.value} now.",
            )
        value = default
    return convert(value)


# ---------------------------------------------------------------------- values that are there
def _present(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:  # noqa: PLR0911 - a table of cases
    """The conversion of values that are not null, to a type that is no union."""
    if avro.kind not in _FITS[schema.type]:
        raise _unfit(path, schema.type.value, avro)
    match schema.type:
        case Type.STRUCT:
            return _record(schema, avro, settings, path)
        case Type.ARRAY:
            inner = writing(schema.value_schema, avro.inner, settings, f"{path}[]")
            return partial(_array, schema, inner)
        case Type.MAP:
            return _map(schema, avro, settings, path)
        case Type.STRING if avro.kind == "enum":
            return partial(_enum, schema, frozenset(avro.symbols), path)
        case Type.BYTES if avro.kind == "fixed":
            return partial(_fixed, schema, avro, path)
        case Type.FLOAT32 | Type.FLOAT64:
            return partial(_float, schema)
        case Type.INT8 | Type.INT16 | Type.INT32 | Type.INT64:
            return partial(_integer, schema, *INT_RANGES[schema.type], avro.kind in ("float", "double"))
    return partial(_scalar, schema, _TARGETS.get((schema.type, avro.kind)))


def _scalar(schema: Schema, target: Conversion | None, value: Any) -> Any:
    validate_value(schema, value)
    wire = to_wire(schema, value)
    if schema.type is Type.BYTES:
        wire = bytes(wire)
    return wire if target is None else target(wire)


_TARGETS: Final[dict[tuple[Type, str], Conversion]] = {
    (Type.STRING, "bytes"): lambda text: text.encode(),
    (Type.BYTES, "string"): lambda data: data.decode("utf-8", "replace"),
}


def _integer(schema: Schema, low: int, high: int, as_float: bool, value: Any) -> Any:
    if type(value) is not int or not low <= value <= high:
        validate_value(schema, value)
        value = int(to_wire(schema, value))
        if not low <= value <= high:
            raise DataError(f"{value} has no room in {schema.type.value}.", code="BRN-1431")
    return float(value) if as_float else value


def _float(schema: Schema, value: Any) -> float:
    if type(value) is not float:
        validate_value(schema, value)
    try:
        return float(value)
    except OverflowError as error:
        raise DataError(f"{value} has no room in {schema.type.value}.", code="BRN-1431") from error


def _enum(schema: Schema, symbols: frozenset[str], path: str, value: Any) -> str:
    validate_value(schema, value)
    if value not in symbols:
        raise DataError(
            f"{value!r} at {path} is no symbol of the enum",
            code="BRN-1433",
            remedy=f"Symbols are {', '.join(sorted(symbols))}: correct the value, or add it to the schema.",
        )
    return str(value)


def _fixed(schema: Schema, avro: AvroType, path: str, value: Any) -> bytes:
    validate_value(schema, value)
    wire = bytes(to_wire(schema, value))
    if len(wire) < avro.size and avro.logical == "decimal":
        wire = int.from_bytes(wire, "big", signed=True).to_bytes(avro.size, "big", signed=True)
    if len(wire) != avro.size:
        raise DataError(
            f"{len(wire)} bytes at {path} are not the {avro.size} of {avro.label}",
            code="BRN-1433",
            remedy="Correct the value, or the size in the schema.",
        )
    return wire


def _array(schema: Schema, inner: Conversion, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        validate_value(schema, value)
    return [inner(item) for item in value]


def _map(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    if avro.kind == "map":
        inner = writing(schema.value_schema, avro.inner, settings, f"{path}{{}}")
        keys = Schema.STRING if schema.key_schema is None else schema.key_schema
        return partial(_text_map, schema, keys, inner)
    if not is_map_entry(avro.inner):
        raise _unfit(path, "map", avro)
    key, value = (field.type for field in avro.inner.fields)
    return partial(
        _entries,
        schema,
        writing(schema.key_schema, key, settings, f"{path}{{key}}"),
        writing(schema.value_schema, value, settings, f"{path}{{}}"),
    )


def _text_map(schema: Schema, keys: Schema, inner: Conversion, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        validate_value(schema, value)
    for key in value:
        if type(key) is not str:
            validate_value(keys, key)
            if key is None:
                raise DataError("A map has null as a key, which Avro's maps cannot.", code="BRN-1433")
    return {key: inner(item) for key, item in value.items()}


def _entries(schema: Schema, key: Conversion, inner: Conversion, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        validate_value(schema, value)
    return [{KEY: key(each), VALUE: inner(item)} for each, item in value.items()]


# ---------------------------------------------------------------------- records
def _record(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    known = frozenset(field.name for field in schema.fields)
    parts: list[tuple[str, str, Conversion]] = []
    fixed: dict[str, Any] = {}
    for field, name in zip(avro.fields, field_sources(schema, avro, settings), strict=True):
        if name is None:
            fixed[field.name] = missing(field, avro, settings, path)
            continue
        inner = schema.field(name)
        assert inner is not None, "one of its fields"
        parts.append((field.name, name, writing(inner.schema, field.type, settings, f"{path}.{name}")))
    dropped = known - {name for _, name, _ in parts}
    if dropped and settings.strict:
        raise DataError(
            f"Fields {', '.join(sorted(dropped))} of {path} are not in the Avro schema {avro.label}.",
            code="BRN-1434",
            remedy="Add them to the subject's schema, or set strict=false to leave them out.",
        )
    return partial(_struct, schema, known, parts, fixed)


def field_sources(schema: Schema, avro: AvroType, settings: Settings) -> list[str | None]:
    """For each field of the record, the field of the struct that it is written from, by name or alias."""
    names = {scrubbed(field.name) if settings.scrub else field.name: field.name for field in schema.fields}
    return [
        next((names[each] for each in (field.name, *field.aliases) if each in names), None) for field in avro.fields
    ]


def missing(field: AvroField, avro: AvroType, settings: Settings, path: str) -> Any:
    """The wire value of a field that the data do not have.

    Raises:
        DataError: It has no default.
    """
    if field.default is NO_DEFAULT:
        raise DataError(
            f"Field {field.name} of {avro.label} has no default value and is missing in {path}.",
            code="BRN-1434",
            remedy="Add the field to the data, or a default to the schema.",
        )
    schema = ToConnect(settings).convert(field.type)
    if schema is None or field.default is None:
        return None
    return writing(schema, field.type, settings, path)(default_from_json(schema, field.type, field.default))


def _struct(
    schema: Schema,
    known: frozenset[str],
    parts: list[tuple[str, str, Conversion]],
    fixed: dict[str, Any],
    value: Any,
) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= known or type(value) is not dict:
        validate_value(schema, value)
    get = value.get
    made = {name: convert(get(source)) for name, source, convert in parts}
    return {**made, **fixed} if fixed else made


# ---------------------------------------------------------------------- unions
def _union(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    optional = any(branch.kind == "null" for branch in avro.branches)
    others = [branch for branch in avro.branches if branch.kind != "null"]
    if len(others) == 1 and is_union(schema):
        convert = _single(schema, others[0], settings, path)
    elif len(others) == 1:
        convert = _present(schema, others[0], settings, path)
    elif is_union(schema):
        convert = _member(schema, avro, settings, path)
    else:
        convert = _one_of(schema, avro, settings, path)
    if not optional:
        return partial(_required, schema, _filler(schema, settings), convert, path)
    return partial(_nullable, _filler(schema, settings), convert)


def _single(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    """The struct of a union of one type, which stands without the struct."""
    if len(schema.fields) != 1:
        raise _unfit(path, "a union of several types", avro)
    name, _, inner = schema.fields[0]
    convert = _present(inner, avro, settings, f"{path}.{name}")

    def unwrapped(value: Any) -> Any:
        if not isinstance(value, dict) or value.get(name) is None:
            raise DataError(f"No member of the union at {path} has a value.", code="BRN-1432")
        return convert(value[name])

    return unwrapped


def _nullable(default: Any, convert: Conversion, value: Any) -> Any:
    if value is None:
        return None if default is None else convert(default)
    return convert(value)


def is_union(schema: Schema) -> bool:
    """Whether a struct stands for a union."""
    return schema.type is Type.STRUCT and (schema.name == UNION or GENERAL_UNION in schema.parameters)


def _member(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    """The struct of a union: its one member that is not null."""
    by_name = dict(member_names(avro, settings))
    members: list[tuple[str, str, Conversion]] = []
    for at, field in enumerate(schema.fields):
        branch = by_name.get(field.name)
        names = [*by_name]
        if branch is None and at < len(names):
            branch = by_name[names[at]]
        if branch is None:
            raise _unfit(f"{path}.{field.name}", "a union's member", avro)
        target = next(name for name, each in by_name.items() if each is branch)
        members.append((field.name, target, _present(field.schema, branch, settings, f"{path}.{field.name}")))

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            validate_value(schema, value)
        for source, target, inner in members:
            held = value.get(source)
            if held is not None:
                return {target: inner(held)}
        if not schema.optional:
            raise DataError(f"No member of the union at {path} has a value.", code="BRN-1432")
        return None

    return convert


def _one_of(schema: Schema, avro: AvroType, settings: Settings, path: str) -> Conversion:
    """Plain values into a union of several types: the first that takes them."""
    for name, branch in member_names(avro, settings):
        try:
            inner = _present(schema, branch, settings, path)
        except DataError:
            continue
        return partial(_as_member, name, inner)
    raise _unfit(path, schema.type.value, avro)


def _as_member(name: str, inner: Conversion, value: Any) -> dict[str, Any]:
    return {name: inner(value)}


def _unfit(path: str, what: str, avro: AvroType) -> DataError:
    kind = " or ".join(branch.label for branch in avro.branches) if avro.kind == "union" else avro.label
    return DataError(
        f"Cannot write {what} at {path} as Avro's {kind}.",
        code="BRN-1434",
        remedy="Change the data (Cast, or the source's schema), or the schema of the subject.",
    )
