"""The JSON of an Avro schema into a tree, by the rules of Avro's specification for names and references."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from barnabas.converters._avro.types import NO_DEFAULT, PRIMITIVES, AvroField, AvroType
from barnabas.errors import DataError

__all__ = ["parse_schema"]

_CODE: Final = "BRN-1420"
_NAME: Final = re.compile(r"[^\W\d]\w*")
_RESERVED: Final = frozenset(
    {"type", "name", "namespace", "doc", "aliases", "fields", "items", "values", "symbols", "size", "default", "order"}
)
_DEEPEST: Final = 200


def parse_schema(text: str, references: Iterable[str] = ()) -> AvroType:
    """The tree of a schema.

    Args:
        text: The schema's JSON.
        references: Texts of schemas that it uses by name, each after those that it uses itself.

    Raises:
        DataError: It is no Avro schema.
    """
    names: dict[str, AvroType] = {}
    for reference in references:
        _Parser(names).parse(_json(reference), "", 0)
    return _Parser(names).parse(_json(text), "", 0)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.strip() in PRIMITIVES:
            return text.strip()  # as the Java parser takes it, though it is no JSON
        raise _wrong(f"it is no JSON: {error}") from error


class _Parser:
    """Reads nodes; ``names`` collects the named types."""

    def __init__(self, names: dict[str, AvroType]) -> None:
        self._names = names

    def parse(self, node: Any, space: str, depth: int) -> AvroType:  # noqa: PLR0911 - a table of cases
        if depth > _DEEPEST:
            raise _wrong("it is nested too deeply")
        if isinstance(node, str):
            return self._named(node, space)
        if isinstance(node, list):
            return self._union(node, space, depth)
        if not isinstance(node, dict):
            raise _wrong(f"{json.dumps(node)[:80]} is no type")
        kind = node.get("type")
        props = {key: value for key, value in node.items() if key not in _RESERVED}
        if isinstance(kind, dict | list):  # a type within a type: its attributes belong together
            found = self.parse(kind, space, depth + 1)
            return self._with(found, props) if props and found.kind != "union" else found
        if kind in PRIMITIVES:
            return AvroType(kind, props=props)
        if kind == "array":
            return AvroType(kind, props=props, item=self.parse(_required(node, "items"), space, depth + 1))
        if kind == "map":
            return AvroType(kind, props=props, item=self.parse(_required(node, "values"), space, depth + 1))
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(node, kind, props, space, depth)
        return self._with(self._named(str(kind), space), props)

    @staticmethod
    def _with(found: AvroType, props: Mapping[str, Any]) -> AvroType:
        if not props or found.name is not None:
            return found  # a named type is one thing wherever it is used
        return AvroType(found.kind, props={**found.props, **props}, item=found.item)

    def _named(self, name: str, space: str) -> AvroType:
        if name in PRIMITIVES:
            return AvroType(name)
        for full in (_full(name, space), name):
            if full in self._names:
                return self._names[full]
        raise _wrong(f"there is no type {name}")

    def _union(self, node: list[Any], space: str, depth: int) -> AvroType:
        branches = [self.parse(branch, space, depth + 1) for branch in node]
        labels = [branch.label for branch in branches]
        if any(branch.kind == "union" for branch in branches):
            raise _wrong("a union stands directly in a union")
        twice = [label for at, label in enumerate(labels) if label in labels[:at]]
        if twice:
            raise _wrong(f"{twice[0]} is twice in a union")
        return AvroType("union", branches=branches)

    def _define(self, node: dict[str, Any], kind: str, props: dict[str, Any], space: str, depth: int) -> AvroType:
        name, inner = _names_of(node, space)
        if name in self._names:
            raise _wrong(f"{name} is defined twice")
        doc = node.get("doc")
        made = AvroType(
            "record" if kind == "error" else kind,
            name=name,
            doc=doc if isinstance(doc, str) else None,
            aliases=tuple(_full(alias, inner) for alias in _texts(node.get("aliases", ()), "aliases")),
            props=props,
        )
        self._names[name] = made
        if kind == "enum":
            made.symbols = _texts(_required(node, "symbols"), "symbols")
            default = node.get("default")
            made.symbol_default = default if isinstance(default, str) else None
        elif kind == "fixed":
            made.size = _required(node, "size")
            if not isinstance(made.size, int) or made.size < 0:
                raise _wrong(f"the size of {name} is no number")
        else:
            fields = _required(node, "fields")
            if not isinstance(fields, list):
                raise _wrong(f"the fields of {name} are no list")
            made.fields = [self._field(field, name, inner, depth) for field in fields]
            names = [field.name for field in made.fields]
            if len({*names}) != len(names):
                raise _wrong(f"{name} has two fields of one name")
        return made

    def _field(self, node: Any, record: str, space: str, depth: int) -> AvroField:
        if not isinstance(node, dict) or not isinstance(node.get("name"), str):
            raise _wrong(f"a field of {record} has no name")
        doc = node.get("doc")
        return AvroField(
            _checked(node["name"]),
            self.parse(_required(node, "type"), space, depth + 1),
            doc if isinstance(doc, str) else None,
            node.get("default", NO_DEFAULT),
            _texts(node.get("aliases", ()), "aliases"),
        )


def _names_of(node: Mapping[str, Any], space: str) -> tuple[str, str]:
    """The full name, and the namespace for what is inside."""
    name = _required(node, "name")
    if not isinstance(name, str):
        raise _wrong("a name is no text")
    own = node.get("namespace")
    full = name if "." in name else _full(name, own if isinstance(own, str) else space)
    for part in full.split("."):
        _checked(part)
    return full, full.rpartition(".")[0]


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _wrong(f"{name!r} is no name: letters, digits and _ only")
    return name


def _required(node: Mapping[str, Any], key: str) -> Any:
    if key not in node:
        raise _wrong(f"{json.dumps(node)[:80]} has no {key}")
    return node[key]


def _texts(node: Any, what: str) -> tuple[str, ...]:
    if not isinstance(node, list | tuple) or not all(isinstance(text, str) for text in node):
        raise _wrong(f"{what} are no list of texts")
    return tuple(node)


def _wrong(why: str) -> DataError:
    return DataError(
        f"The Avro schema is malformed: {why}.", code=_CODE, remedy="Correct the schema in the registry or the source."
    )
