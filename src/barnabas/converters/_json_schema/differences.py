"""Why data of one JSON Schema do not fit another: enough to name the property in an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

__all__ = ["differences"]

_DEEPEST: Final = 50


def differences(reader: Any, writer: Any) -> list[str]:
    """What data of ``writer`` may hold that ``reader`` refuses, each with its place."""
    return [*_differences(reader, writer, "$", 0)]


def _differences(reader: Any, writer: Any, path: str, depth: int) -> Iterator[str]:
    if not isinstance(reader, dict) or not isinstance(writer, dict) or depth > _DEEPEST:
        return
    wanted, given = _types(reader), _types(writer)
    refused = given - wanted - ({"integer"} if "number" in wanted else set())
    if wanted and given and refused:
        yield f"{path}: {' or '.join(sorted(given))} does not fit {' or '.join(sorted(wanted))}"
        return
    reader, writer = _inner(reader), _inner(writer)
    yield from _members(reader, writer, path, depth)
    for word, step in (("items", "[]"), ("additionalProperties", ".*")):
        yield from _differences(reader.get(word), writer.get(word), f"{path}{step}", depth + 1)


def _members(reader: dict[str, Any], writer: dict[str, Any], path: str, depth: int) -> Iterator[str]:
    ours, theirs = _dict(reader, "properties"), _dict(writer, "properties")
    sure = set(writer.get("required") or ())
    for name in reader.get("required") or ():
        inner = ours.get(name)
        if name not in sure and not (isinstance(inner, dict) and "default" in inner):
            yield f"{path}.{name}: it is required, and the data may lack it"
    for name, inner in theirs.items():
        if name in ours:
            yield from _differences(ours[name], inner, f"{path}.{name}", depth + 1)
        elif reader.get("additionalProperties") is False:
            yield f"{path}.{name}: there is no such property, and no others are allowed"


def _choices(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = node.get("oneOf", node.get("anyOf"))
    return [choice for choice in found if isinstance(choice, dict)] if isinstance(found, list) else []


def _types(node: dict[str, Any]) -> set[str]:
    """The names of types that a value may have; empty: it is not said."""
    found = node.get("type")
    if isinstance(found, str):
        return {found}
    if isinstance(found, list):
        return {name for name in found if isinstance(name, str)}
    if "enum" in node:
        return {"string"} if all(isinstance(value, str) for value in node["enum"] or ()) else set()
    inner = [_types(choice) for choice in _choices(node)]
    return set().union(*inner) if inner and all(inner) else set()


def _inner(node: dict[str, Any]) -> dict[str, Any]:
    """What there is beside null."""
    some = [choice for choice in _choices(node) if choice.get("type") != "null"]
    return some[0] if len(some) == 1 else node


def _dict(node: dict[str, Any], word: str) -> dict[str, Any]:
    found = node.get(word)
    return found if isinstance(found, dict) else {}
