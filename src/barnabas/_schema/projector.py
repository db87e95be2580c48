"""A value written with one schema, as a reader with another one sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

from barnabas._schema.java import float32_of
from barnabas._schema.names import java_class, schema_text
from barnabas._schema.types import Type
from barnabas._schema.validate import validate_value
from barnabas.errors import DataError, SchemaProjectorError

if TYPE_CHECKING:
    from barnabas._schema.model import Schema

__all__ = ["project"]

_WIDENING: Final = (Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.FLOAT32, Type.FLOAT64)
_FLOATS: Final = (Type.FLOAT32, Type.FLOAT64)


def project(source: Schema, value: Any, target: Schema) -> Any:
    """The value as ``target`` describes it: fields left out, added with their defaults, numbers widened.

    Args:
        source: The schema the value was written with.
        value: A value of that schema.
        target: The schema it is read with: of the same name and parameters, and of the same type or a wider number.

    Returns:
        A value of ``target``; the one given is not changed.

    Raises:
        SchemaProjectorError: the schemas are incompatible.
        DataError: the value does not fit its own schema, or the result not ``target``.
    """
    _check(source, target)
    if value is None:
        if not source.optional or target.optional:
            return None
        return _default(target)
    if source.optional and not target.optional:
        _default(target)  # a reader who requires a value has to say what it is where the writer may leave it out
    match target.type:
        case Type.STRUCT:
            return _struct(source, value, target)
        case Type.ARRAY:
            return [_element(source, item, target) for item in _expect(source, value, list)]
        case Type.MAP:
            keys = _inner(source.key_schema, target.key_schema)
            return {
                project(keys[0], key, keys[1]): _element(source, item, target)
                for key, item in _expect(source, value, dict).items()
            }
    return _primitive(source, value, target)


def _check(source: Schema, target: Schema) -> None:
    if source.type is not target.type and not _is_widening(source.type, target.type):
        _refuse(
            f"Schema type mismatch. source type: {source.type.name} and target type: {target.type.name}",
            "Only numbers can change their type, and only to a wider one.",
        )
    if source.name != target.name:
        _refuse(
            f"Schema name mismatch. source name: {source.name or 'null'} and target name: {target.name or 'null'}",
            "Both schemas have to have the same name.",
        )
    if source.parameters != target.parameters:
        _refuse(
            f"Schema parameters not equal. source parameters: {_parameters(source)} "
            f"and target parameters: {_parameters(target)}",
            "Both schemas have to have the same parameters.",
        )


def _is_widening(source: Type, target: Type) -> bool:
    return source in _WIDENING and target in _WIDENING and _WIDENING.index(source) < _WIDENING.index(target)


def _default(target: Schema) -> Any:
    if target.default is None:
        _refuse(
            "Writer schema is optional, however, target schema does not provide a default value.",
            "Give the target a default, or make it optional.",
        )
    return target.default


def _struct(source: Schema, value: Any, target: Schema) -> dict[str, Any]:
    _expect(source, value, dict)
    made: dict[str, Any] = {}
    for name, _, wanted in target.fields:
        written = source.field(name)
        if written is not None:
            given = value.get(name)
            try:
                made[name] = project(written.schema, written.schema.default if given is None else given, wanted)
            except SchemaProjectorError as error:
                raise SchemaProjectorError(f"Error projecting {name}", remedy=str(error)) from error
        elif wanted.optional:
            made[name] = None
        elif wanted.default is not None:
            made[name] = wanted.default
        else:
            _refuse(
                f"Required field `{name}` is missing from source schema: {schema_text(source)}",
                "Give the field a default, or make it optional.",
            )
        if made[name] is not None or wanted.default is None:
            validate_value(wanted, made[name])
    return made


def _element(source: Schema, item: Any, target: Schema) -> Any:
    written, wanted = _inner(source.value_schema, target.value_schema)
    return project(written, item, wanted)


def _inner(source: Schema | None, target: Schema | None) -> tuple[Schema, Schema]:
    if source is None or target is None:
        raise SchemaProjectorError("A container whose elements have no schema cannot be projected.")
    return source, target


def _primitive(source: Schema, value: Any, target: Schema) -> Any:
    if source.type is target.type or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    if target.type not in _FLOATS:
        return int(value)
    if isinstance(value, int) and target.type is Type.FLOAT32:
        return float32_of(value)  # rounded once
    return float(value)


def _expect(source: Schema, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise DataError(
            f"Invalid Java object for schema with type {source.type.name}: {java_class(value)} for value",
            code="BRN-2160",
            remedy=f"Give a {kind.__name__}.",
        )
    return value


def _parameters(schema: Schema) -> str:
    pairs = ", ".join(f"{name}={text}" for name, text in schema.parameters.items())
    return f"{{{pairs}}}" if pairs else "null"


def _refuse(message: str, remedy: str) -> NoReturn:
    raise SchemaProjectorError(message, remedy=remedy)
