"""Connect schemas as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from barnabas._schema.validate import DECIMAL
from barnabas.converters._json_schema.words import (
    ENUM,
    GENERAL_ENUM,
    INDEX,
    KEY,
    PARAMETERS,
    TYPE,
    VALUE,
    VERSION,
    enum_of,
    is_entries,
    is_union,
)
from barnabas.schema import Schema, Type

__all__ = ["JsonSchemaMaker"]

_NULL: Final = {"type": "null"}
_PLAIN: Final[dict[Type, dict[str, Any]]] = {
    **{kind: {"type": "integer", TYPE: kind.value} for kind in (Type.INT8, Type.INT16, Type.INT32, Type.INT64)},
    **{kind: {"type": "number", TYPE: kind.value} for kind in (Type.FLOAT32, Type.FLOAT64)},
    Type.BOOLEAN: {"type": "boolean"},
    Type.STRING: {"type": "string"},
    Type.BYTES: {"type": "string", TYPE: "bytes"},
}


class JsonSchemaMaker:
    """Writes schemas.

    Args:
        additional: Whether objects may have members that the schema does not list.
        required: Whether fields that are not optional are listed as required.
        default: Turns a default value into JSON.
    """

    def __init__(self, *, additional: bool, required: bool, default: Callable[[Schema, Any], Any]) -> None:
        self._additional = additional
        self._required = required
        self._default = default

    def make(self, schema: Schema) -> dict[str, Any]:
        """The JSON Schema of a Connect schema, as an object."""
        return self._nullable(schema)

    def _nullable(self, schema: Schema) -> dict[str, Any]:
        """A null beside it where it is optional; a union has its null among its alternatives."""
        made = self._body(schema)
        return {"oneOf": [_NULL, made]} if schema.optional and not is_union(schema) else made

    def _indexed(self, schema: Schema, index: int) -> dict[str, Any]:
        return {**self._nullable(schema), INDEX: index}

    def _body(self, schema: Schema) -> dict[str, Any]:
        if is_union(schema):
            return self._union(schema)
        made = self._kind(schema)
        if schema.name is not None:
            made["title"] = schema.name
        if schema.version is not None:
            made[VERSION] = schema.version
        if schema.doc is not None:
            made["description"] = schema.doc
        parameters = {name: text for name, text in schema.parameters.items() if not _is_enum(schema, name)}
        if parameters:
            made[PARAMETERS] = parameters
        if schema.default is not None:
            made["default"] = self._default(schema, schema.default)
        return made

    def _kind(self, schema: Schema) -> dict[str, Any]:
        if schema.type is Type.STRUCT:
            return self._object(schema)
        if schema.type is Type.ARRAY:
            return {"type": "array", "items": self._nullable_or_any(schema.value_schema)}
        if schema.type is Type.MAP:
            return self._map(schema)
        values = enum_of(schema)
        if values is not None:
            return {"enum": values}
        if schema.name == DECIMAL:
            return {"type": "number", TYPE: "bytes"}
        return dict(_PLAIN[schema.type])

    def _nullable_or_any(self, schema: Schema | None) -> dict[str, Any]:
        return {} if schema is None else self._nullable(schema)

    def _map(self, schema: Schema) -> dict[str, Any]:
        keys, values = schema.key_schema, schema.value_schema
        if not is_entries(schema):
            return {"type": "object", TYPE: "map", "additionalProperties": self._nullable_or_any(values)}
        entry = {
            KEY: {**self._nullable_or_any(keys), INDEX: 0},
            VALUE: {**self._nullable_or_any(values), INDEX: 1},
        }
        return {"type": "array", TYPE: "map", "items": {"type": "object", "properties": entry}}

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties = {field.name: self._indexed(field.schema, field.index) for field in schema.fields}
        made: dict[str, Any] = {"type": "object", "properties": properties}
        required = [field.name for field in schema.fields if not field.schema.optional]
        if self._required and required:
            made["required"] = required
        if not self._additional:
            made["additionalProperties"] = False
        return made

    def _union(self, schema: Schema) -> dict[str, Any]:
        choices = [{**self._body(field.schema), INDEX: field.index} for field in schema.fields]
        return {"oneOf": [_NULL, *choices] if schema.optional else choices}


def _is_enum(schema: Schema, name: str) -> bool:
    return schema.type is Type.STRING and any(
        name == word or name.startswith(f"{word}.") for word in (ENUM, GENERAL_ENUM)
    )
