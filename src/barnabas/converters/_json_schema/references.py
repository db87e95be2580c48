"""Where a ``$ref`` leads: within the document, to a ``$id`` or an anchor, or into another one of the registry."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from barnabas.errors import DataError

__all__ = ["Documents", "Place"]

_OF_SCHEMAS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_SINGLE: Final = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


class Place(NamedTuple):
    """A schema and the address that references in it are relative to."""

    node: Any
    base: str


class Documents:
    """A schema with all others that it refers to.

    Args:
        root: The schema, parsed.
        others: Parsed schemas by the names that references call them.
    """

    def __init__(self, root: Any, others: dict[str, Any]) -> None:
        self._named: dict[str, Place] = {}
        self.root = self._enter(root, "")
        for name, node in others.items():
            place = self._enter(node, name)
            self._named.setdefault(name, place)

    def _enter(self, node: Any, base: str) -> Place:
        place = Place(node, _own_base(node, base))
        self._named.setdefault(place.base, place)
        self._index(node, base)
        return place

    def _index(self, node: Any, base: str) -> None:
        """Note every ``$id`` and anchor below a schema."""
        waiting = [Place(node, base)]
        while waiting:
            here, outer = waiting.pop()
            if not isinstance(here, dict):
                continue
            inner = _own_base(here, outer)
            for word in ("$id", "id", "$anchor"):
                name = here.get(word)
                if isinstance(name, str):
                    target = f"#{name}" if word == "$anchor" else name
                    self._named.setdefault(
                        _join(inner if target.startswith("#") else outer, target), Place(here, inner)
                    )
            waiting += [Place(child, inner) for child in _children(here)]

    def find(self, reference: Any, base: str) -> Place:
        """The schema that a ``$ref`` means.

        Raises:
            DataError: There is none.
        """
        if not isinstance(reference, str):
            raise _unknown(str(reference))
        for full in (_join(base, reference), reference):
            found = self._named.get(full)
            if found is not None:
                return found
            address, fragment = urldefrag(full)
            document = self._named.get(address)
            if document is not None and (not fragment or fragment.startswith("/")):
                return _point(document, fragment, reference)
        raise _unknown(reference)


def _own_base(node: Any, base: str) -> str:
    """What references in a schema are relative to: its ``$id``, unless that only names a place."""
    own = node.get("$id", node.get("id")) if isinstance(node, dict) else None
    return urldefrag(_join(base, own))[0] if isinstance(own, str) and not own.startswith("#") else base


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference).removesuffix("#")
    except ValueError:  # no address at all
        return reference


def _children(node: dict[str, Any]) -> list[Any]:
    found: list[Any] = [node[word] for word in _SINGLE if isinstance(node.get(word), dict)]
    for word in _LISTS:
        if isinstance(node.get(word), list):
            found += node[word]
    for word in _OF_SCHEMAS:
        if isinstance(node.get(word), dict):
            found += node[word].values()
    return found


def _point(document: Place, pointer: str, reference: str) -> Place:
    """Follow a JSON pointer."""
    node, base = document
    for step in unquote(pointer).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            raise _unknown(reference)
        base = _own_base(node, base)
    return Place(node, base)


def _unknown(reference: str) -> DataError:
    return DataError(
        f"The JSON Schema refers to {reference:.200}, which is not there",
        code="BRN-1472",
        remedy="Add the definition, or register the schema with a reference of that name.",
    )
