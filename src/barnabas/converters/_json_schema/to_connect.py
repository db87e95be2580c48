"""JSON Schema as Connect schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from msgspec import structs

from barnabas._schema.validate import DECIMAL
from barnabas.converters._json_schema.merged import Merged, merge, unsupported
from barnabas.converters._json_schema.references import Documents, Place
from barnabas.converters._json_schema.words import (
    ENUM,
    GENERAL_ENUM,
    GENERAL_FIELD,
    GENERAL_NAME,
    GENERAL_UNION,
    INDEX,
    KEY,
    ONE_OF,
    PARAMETERS,
    TYPE,
    VALUE,
    VERSION,
)
from barnabas.errors import DataError, SchemaBuilderError
from barnabas.schema import Schema, Type

__all__ = ["SchemaReader"]

_NUMBERS: Final = {
    kind.value: kind for kind in (Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.FLOAT32, Type.FLOAT64)
}
_OF_TYPE: Final = {
    "integer": Type.INT64,
    "number": Type.FLOAT64,
    "boolean": Type.BOOLEAN,
    "string": Type.STRING,
}
_OF_VALUE: Final[dict[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number", Decimal: "number"}
_LAST: Final = 1 << 31

Default = Callable[[Schema, Any], Any]


class SchemaReader:
    """Reads one document.

    Args:
        documents: The schema, and what it refers to.
        general: Whether unions and enums look as those of all formats do (``generalized.sum.type.support``).
        optional: Whether properties that are not required become optional fields.
        default: Turns the JSON of a default into a value.
    """

    def __init__(self, documents: Documents, *, general: bool, optional: bool, default: Default) -> None:
        self._documents = documents
        self._general = general
        self._optional = optional
        self._default = default
        self._within: list[int] = []
        self._unions = 0

    def read(self) -> Schema:
        """The Connect schema of the whole.

        Raises:
            DataError: It says what no Connect schema can, refers to what is not there, or contains itself.
        """
        try:
            return self._schema(self._documents.root, "#")
        except RecursionError:
            raise unsupported("#", "is nested too deeply") from None

    def _schema(self, place: Place, path: str, *, optional: bool = False, shared: Merged | None = None) -> Schema:
        merged = merge(place, self._documents, path)
        if shared is not None:  # what stands beside the alternatives of a union holds for each of them
            merged.properties = {**shared.properties, **merged.properties}
            merged.required |= shared.required
        target = id(self._target(place).node)
        if target in self._within:
            raise DataError(
                f"The JSON Schema at {path} contains itself, and Connect schemas are finite",
                code="BRN-1473",
                remedy="Flatten the recursion, or pass the topic through with ByteArrayConverter.",
            )
        self._within.append(target)
        try:
            made = self._kind(merged, path)
        finally:
            self._within.pop()
        return self._described(made, merged, path, optional=optional or merged.null)

    def _target(self, place: Place) -> Place:
        """Where a chain of references ends: what contains itself does so by way of that."""
        while isinstance(place.node, dict) and "$ref" in place.node:
            place = self._documents.find(place.node["$ref"], place.base)
        return place

    def _described(self, made: Schema, merged: Merged, path: str, *, optional: bool) -> Schema:
        """With name, version, text, parameters and default."""
        meta = merged.meta
        if merged.choices or len(merged.types or ()) > 1:
            return made.replace(optional=optional)
        parameters = meta.get(PARAMETERS)
        more = {str(name): str(text) for name, text in parameters.items()} if isinstance(parameters, dict) else {}
        version = meta.get(VERSION)
        made = made.replace(
            optional=optional,
            name=_text(meta.get("title")),
            doc=_text(meta.get("description")),
            version=version if type(version) is int else None,
            parameters={**made.parameters, **more},
        )
        if meta.get("default") is None:
            return made
        try:
            return made.replace(default=self._default(made, meta["default"]))
        except (DataError, SchemaBuilderError) as error:
            raise DataError(
                f"The default of the JSON Schema at {path} does not fit it", code="BRN-1471", remedy=str(error)
            ) from error

    # ------------------------------------------------------------------ kinds
    def _kind(self, merged: Merged, path: str) -> Schema:
        types = merged.types
        if merged.choices:
            choices = sorted(merged.choices, key=lambda choice: _index(choice.node))
            shared = merged if merged.properties else None
            return self._union(
                self._schema(choice, f"{path}/oneOf/{at}", optional=True, shared=shared)
                for at, choice in enumerate(choices)
            )
        if types is not None and len(types) > 1:
            alone = (structs.replace(merged, types=[name], null=False) for name in types)
            return self._union(self._kind(each, path).as_optional() for each in alone)
        kind = types[0] if types else _inferred(merged)
        if kind == "object":
            return self._object(merged, path)
        if kind == "array":
            return self._array(merged, path)
        return self._scalar(kind, merged, path)

    def _scalar(self, kind: str | None, merged: Merged, path: str) -> Schema:
        connect = merged.meta.get(TYPE)
        if kind in ("integer", "number"):
            return Schema(Type.BYTES) if connect == "bytes" else Schema(_NUMBERS.get(connect, _OF_TYPE[kind]))
        if kind == "string":
            if connect == "bytes" or merged.meta.get("title") == DECIMAL:
                return Schema(Type.BYTES)
            return Schema(Type.STRING, parameters=self._enum(merged))
        if kind == "boolean":
            return Schema.BOOLEAN
        if kind is None and merged.null:
            return Schema.STRING  # nothing but null is ever there
        raise unsupported(path, f"has the type {kind}" if kind else "allows everything")

    def _enum(self, merged: Merged) -> dict[str, str]:
        if merged.values is None:
            return {}
        values = [value for value in merged.values if isinstance(value, str)]
        word = GENERAL_ENUM if self._general else ENUM
        marks = {f"{word}.{value}": str(at) if self._general else value for at, value in enumerate(values)}
        return {word: "", **marks}

    def _array(self, merged: Merged, path: str) -> Schema:
        if merged.items is None or isinstance(merged.items.node, list | bool):
            raise unsupported(path, "has items of any kind" if merged.items is None else "has items of several kinds")
        if merged.meta.get(TYPE) == "map":
            entry = merge(merged.items, self._documents, f"{path}/items")
            if KEY in entry.properties and VALUE in entry.properties:
                return Schema.map(
                    self._schema(entry.properties[KEY], f"{path}/items/{KEY}"),
                    self._schema(entry.properties[VALUE], f"{path}/items/{VALUE}"),
                )
        return Schema.array(self._schema(merged.items, f"{path}/items"))

    def _object(self, merged: Merged, path: str) -> Schema:
        more = merged.additional
        has_kind = more is not None and isinstance(more.node, dict) and bool(more.node)
        if more is not None and has_kind and (merged.meta.get(TYPE) == "map" or not merged.properties):
            return Schema.map(Schema.STRING, self._schema(more, f"{path}/additionalProperties"))
        if merged.meta.get(TYPE) == "map":
            raise unsupported(path, "is a map with values of any kind")
        ordered = sorted(merged.properties.items(), key=lambda item: _index(item[1].node))
        fields = {
            name: self._schema(
                inner, f"{path}/properties/{name}", optional=self._optional and name not in merged.required
            )
            for name, inner in ordered
        }
        return Schema(Type.STRUCT, fields=fields)

    def _union(self, choices: Iterable[Schema]) -> Schema:
        name, prefix, parameters = ONE_OF, f"{ONE_OF}.field.", {}
        if self._general:
            name = f"{GENERAL_NAME}{self._unions}"
            self._unions += 1
            prefix, parameters = GENERAL_FIELD, {GENERAL_UNION: name}
        fields = {f"{prefix}{at}": choice for at, choice in enumerate(choices)}
        return Schema(Type.STRUCT, name=name, parameters=parameters, fields=fields)


def _inferred(merged: Merged) -> str | None:
    """The type where none is said."""
    if merged.properties or merged.additional is not None:
        return "object"
    if merged.items is not None:
        return "array"
    values = [*(merged.values or ()), *(merged.constant or ())]
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds <= {int, float, Decimal}:
        return "number"
    return _OF_VALUE.get(kinds.pop()) if len(kinds) == 1 else None


def _index(node: Any) -> int:
    """Where a property stands; those that do not say keep their order, behind the others."""
    found = node.get(INDEX) if isinstance(node, dict) else None
    return found if type(found) is int else _LAST


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
