"""Schemas in JSON: the ``schema`` member of the envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.errors import DataError, SchemaBuilderError
from barnabas.schema import Schema, SchemaBuilder, Type

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["schema_from_json", "schema_to_json"]

_NAMES: Final = {Type.FLOAT32: "float", Type.FLOAT64: "double"}
_TYPES: Final = {_NAMES.get(kind, kind.value): kind for kind in Type}
_INT32: Final = 1 << 31


def schema_to_json(schema: Schema | None, convert: Callable[[Schema, Any], Any]) -> dict[str, Any] | None:
    """The schema as a JSON object, members in the JVM's order.

    Args:
        schema: What to describe.
        convert: Turns a default value into JSON.
    """
    if schema is None:
        return None
    out: dict[str, Any] = {"type": _NAMES.get(schema.type, schema.type.value)}
    if schema.type is Type.ARRAY:
        out["items"] = schema_to_json(schema.value_schema, convert)
    elif schema.type is Type.MAP:
        out["keys"] = schema_to_json(schema.key_schema, convert)
        out["values"] = schema_to_json(schema.value_schema, convert)
    elif schema.type is Type.STRUCT:
        out["fields"] = [{**(schema_to_json(inner, convert) or {}), "field": name} for name, _, inner in schema.fields]
    out["optional"] = schema.optional
    for member in ("name", "version", "doc"):
        found = getattr(schema, member)
        if found is not None:
            out[member] = found
    if schema.parameters:
        out["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        out["default"] = convert(schema, schema.default)
    return out


def schema_from_json(node: Any, convert: Callable[[Schema, Any], Any]) -> Schema | None:
    """The schema that a JSON object describes; ``None`` for null.

    Args:
        node: Parsed JSON.
        convert: Turns the JSON of a default into a value of the schema.

    Raises:
        DataError: it describes none.
    """
    if node is None:
        return None
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(kind, str):
        raise DataError(
            "Schema must contain 'type' field", code="BRN-2156", remedy='Write "schema":{"type":"string"}, …'
        )
    found = _TYPES.get(kind)
    if found is None:
        raise DataError(f"Unknown schema type: {kind}", code="BRN-2156", remedy=f"Types are {', '.join(_TYPES)}.")
    builder = _builder(found, node, convert)
    if node.get("optional") is True:
        builder.optional()
    _describe(builder, node)
    return _with_default(builder.build(), node, convert) if "default" in node else builder.build()


def _builder(kind: Type, node: dict[str, Any], convert: Callable[[Schema, Any], Any]) -> SchemaBuilder:
    if kind is Type.ARRAY:
        return SchemaBuilder.array(_part(node, "items", "Array schema did not specify the element type", convert))
    if kind is Type.MAP:
        keys = _part(node, "keys", "Map schema did not specify the key type", convert)
        return SchemaBuilder.map(keys, _part(node, "values", "Map schema did not specify the value type", convert))
    builder = SchemaBuilder(kind)
    if kind is Type.STRUCT:
        fields = node.get("fields")
        if not isinstance(fields, list):
            raise DataError('Struct schema\'s "fields" argument is not an array.', code="BRN-2156")
        for field in fields:
            name = field.get("field") if isinstance(field, dict) else None
            if not isinstance(name, str):
                raise DataError("Struct schema's field name not specified properly", code="BRN-2156")
            schema = schema_from_json(field, convert)
            assert schema is not None, "an object describes a schema"
            builder.field(name, schema)
    return builder


def _part(node: dict[str, Any], member: str, complaint: str, convert: Callable[[Schema, Any], Any]) -> Schema | None:
    found = node.get(member)
    if found is None:
        raise DataError(complaint, code="BRN-2156")
    return schema_from_json(found, convert)


def _describe(builder: SchemaBuilder, node: dict[str, Any]) -> None:
    name, version, doc, parameters = (node.get(member) for member in ("name", "version", "doc", "parameters"))
    if isinstance(name, str):
        builder.name(name)
    if isinstance(version, int) and not isinstance(version, bool):
        builder.version((version + _INT32) % (2 * _INT32) - _INT32)
    if isinstance(doc, str):
        builder.doc(doc)
    if isinstance(parameters, dict):
        for key, value in parameters.items():
            if not isinstance(value, str):
                raise DataError("Schema parameters must have string values.", code="BRN-2156")
            builder.parameter(key, value)


def _with_default(schema: Schema, node: dict[str, Any], convert: Callable[[Schema, Any], Any]) -> Schema:
    default = convert(schema, node["default"])
    if schema.type is Type.STRUCT and default is not None:
        # The JVM builds such a default against a schema that is not finished, and so refuses every one of them.
        raise SchemaBuilderError("Invalid default value", remedy="A struct cannot have a default in a JSON schema.")
    return schema.replace(default=default)
