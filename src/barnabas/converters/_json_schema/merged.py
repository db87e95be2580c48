"""One JSON Schema with everything that its ``$ref`` and ``allOf`` add to it, in one place."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from barnabas.converters._json_schema.references import Documents, Place
from barnabas.errors import DataError

__all__ = ["Merged", "merge", "unsupported"]

_META: Final = ("title", "description", "default", "connect.type", "connect.version", "connect.parameters")
_SHAPE: Final = frozenset(
    {"$ref", "type", "properties", "items", "enum", "const", "oneOf", "anyOf", "allOf", "additionalProperties"}
)
_MOST: Final = 100  # schemas that one may be put together from


class Merged(msgspec.Struct):
    """What the keywords of a schema and of those that it consists of say together.

    Args:
        types: The names in ``type``; ``None``: nothing is said.
        meta: Title, description, default and what belongs to Connect: the outermost wins.
        properties: By name, in order.
        required: Names of properties.
        additional: ``additionalProperties``.
        items: Of an array.
        values: ``enum``.
        constant: ``const``, as the only entry of a list.
        choices: The alternatives of ``oneOf`` or ``anyOf``, without null; more than one, or none.
        null: Whether null is one of the alternatives, types or values.
    """

    types: list[str] | None = None
    meta: dict[str, Any] = msgspec.field(default_factory=dict)
    properties: dict[str, Place] = msgspec.field(default_factory=dict)
    required: set[str] = msgspec.field(default_factory=set)
    additional: Place | None = None
    items: Place | None = None
    values: list[Any] | None = None
    constant: list[Any] | None = None
    choices: list[Place] = msgspec.field(default_factory=list)
    null: bool = False


def merge(place: Place, documents: Documents, path: str) -> Merged:
    """Put a schema together.

    Args:
        place: The schema.
        documents: Where references lead.
        path: Where it is, for errors.

    Raises:
        DataError: It has a form that says nothing about values, refers to what is not there, or to itself.
    """
    made = Merged()
    _Merger(documents, path).add(made, place, 0)
    return made


def unsupported(path: str, what: str) -> DataError:
    """The error for a schema that Connect has no place for."""
    return DataError(
        f"The JSON Schema at {path} {what}, which no Connect schema can say",
        code="BRN-1471",
        remedy="Give it a type, or read the topic with JsonConverter behind ByteArrayConverter's pass-through.",
    )


class _Merger:
    def __init__(self, documents: Documents, path: str) -> None:
        self._documents = documents
        self._path = path
        self._count = 0

    def add(self, made: Merged, place: Place, depth: int) -> None:
        node, base = place
        self._count += 1
        if self._count > _MOST or depth > _MOST:
            raise DataError(
                f"The JSON Schema at {self._path} consists of itself, or of very many others",
                code="BRN-1473",
                remedy="Have each $ref and allOf lead to something smaller.",
            )
        if not isinstance(node, dict):
            raise unsupported(self._path, "allows everything" if node is True else "is no schema")
        for word in _META:
            if word in node:
                made.meta.setdefault(word, node[word])
        if "$ref" in node:
            self.add(made, self._documents.find(node["$ref"], base), depth + 1)
        for part in _list(node, "allOf"):
            self.add(made, Place(part, base), depth + 1)
        _add_own(made, node, base)
        for word in ("oneOf", "anyOf"):
            if word in node:
                self._add_choices(made, [Place(part, base) for part in _list(node, word)], depth)

    def _add_choices(self, made: Merged, choices: list[Place], depth: int) -> None:
        some = [choice for choice in choices if not _is_null(choice.node)]
        made.null |= len(some) < len(choices)
        if len(some) == 1:
            self.add(made, some[0], depth + 1)
        elif any(isinstance(choice.node, dict) and not _SHAPE.isdisjoint(choice.node) for choice in some):
            made.choices = made.choices or some  # else they say which members go together, and nothing of types


def _add_own(made: Merged, node: dict[str, Any], base: str) -> None:
    types = node.get("type")
    names = [types] if isinstance(types, str) else types if isinstance(types, list) else None
    if names is not None:
        some = [name for name in names if name != "null"]
        made.null |= len(some) < len(names)
        if made.types is None or not made.types:
            made.types = some
    properties = node.get("properties")
    if isinstance(properties, dict):
        made.properties |= {name: Place(inner, base) for name, inner in properties.items()}
    made.required.update(name for name in _list(node, "required") if isinstance(name, str))
    if "additionalProperties" in node:
        made.additional = Place(node["additionalProperties"], base)
    if "items" in node:
        made.items = Place(node["items"], base)
    if "const" in node:
        made.constant = made.constant or [node["const"]]
    values = node.get("enum")
    if isinstance(values, list):
        made.values = made.values or values
        made.null |= None in values


def _list(node: dict[str, Any], word: str) -> list[Any]:
    found = node.get(word)
    return found if isinstance(found, list) else []


def _is_null(node: Any) -> bool:
    return isinstance(node, dict) and (
        node.get("type") in ("null", ["null"]) or ("const" in node and node["const"] is None)
    )
