"""Bytes to wire values and back with fastavro, which knows Avro's encoding; logical types and names of unions are ours.

A member of a union of several types is read as a record with one field, whose encoding is the same: so the struct that
stands for the union in Connect comes out of it, and says which member it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any, Final

import fastavro

from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.to_connect import member_names
from barnabas.converters._avro.types import AvroType
from barnabas.converters._avro.wire_errors import WireError
from barnabas.errors import DataError

__all__ = ["Wire"]

_BROKEN: Final = (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, MemoryError)
_Tag = Callable[[Any], Any]


class Wire:
    """Reads and writes data of one schema.

    Args:
        avro: The schema.
        settings: How members of unions are called, and whether malformed text is refused.

    Raises:
        DataError: The schema is one that the library does not take.
    """

    def __init__(self, avro: AvroType, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, AvroType] = {}
        self._tags: dict[str, list[_Tag | None]] = {}
        self._unions: dict[int, list[str]] = {}
        self._errors = "strict" if settings.strict else "replace"
        self._schema: Any = self._node(avro)
        self._tag = self._tagger(avro)
        try:
            self._schema = fastavro.parse_schema(self._schema)
        except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType) as error:
            raise DataError(f"The Avro schema is malformed: {error}.", code="BRN-1420") from error

    def read(self, payload: bytes, start: int) -> Any:
        """The wire value of a message whose data begin at ``start``; what follows it is ignored, as in Java.

        Raises:
            WireError: The data are damaged, or of another schema.
        """
        stream = BytesIO(payload)
        stream.seek(start)
        try:
            return fastavro.schemaless_reader(stream, self._schema, None, handle_unicode_errors=self._errors)
        except _BROKEN as error:
            raise WireError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error

    def write(self, value: Any, head: bytes) -> bytes:
        """A wire value as bytes behind ``head``.

        Raises:
            WireError: It is not of the schema.
        """
        stream = BytesIO(head)
        stream.seek(len(head))
        try:
            fastavro.schemaless_writer(stream, self._schema, value if self._tag is None else self._tag(value))
        except (*_BROKEN, AttributeError) as error:
            raise WireError(f"{type(error).__name__}: {error}") from error
        return stream.getvalue()

    # ------------------------------------------------------------------ the schema for the library
    def _node(self, avro: AvroType) -> Any:
        match avro.kind:
            case "union":
                return self._union(avro)
            case "array":
                return {"type": "array", "items": self._node(avro.inner)}
            case "map":
                return {"type": "map", "values": self._node(avro.inner)}
        if avro.name is None:
            return avro.kind
        if avro.name in self._known:
            return avro.name
        self._known[avro.name] = avro
        made: dict[str, Any] = {"type": avro.kind, "name": avro.name}
        if avro.kind == "record":
            made["fields"] = [{"name": field.name, "type": self._node(field.type)} for field in avro.fields]
        elif avro.kind == "enum":
            made["symbols"] = [*avro.symbols]
        else:
            made["size"] = avro.size
        return made

    def _union(self, avro: AvroType) -> list[Any]:
        if avro.nullable() is not None or self._is_single(avro):
            return [self._node(branch) for branch in avro.branches]
        number = len(self._unions)
        members = {id(branch): name for name, branch in member_names(avro, self._settings)}
        names = self._unions.setdefault(id(avro), [])
        made: list[Any] = []
        for at, branch in enumerate(avro.branches):
            if branch.kind == "null":
                made.append("null")
                continue
            name = f"barnabas.union{number}.member{at}"
            names.append(name)
            made.append(
                {"type": "record", "name": name, "fields": [{"name": members[id(branch)], "type": self._node(branch)}]}
            )
        return made

    def _is_single(self, avro: AvroType) -> bool:
        return len(avro.branches) == 1 and self._settings.flatten_single

    # ------------------------------------------------------------------ saying which member of a union is meant
    def _tagger(self, avro: AvroType) -> _Tag | None:
        """A function that puts the name of its type beside each member of a union, for the library; ``None``: as is."""
        match avro.kind:
            case "union":
                return self._union_tagger(avro)
            case "array":
                tag = self._tagger(avro.inner)
                return tag and partial(_tag_items, tag)
            case "map":
                tag = self._tagger(avro.inner)
                return tag and partial(_tag_values, tag)
            case "record":
                return self._record_tagger(avro)
        return None

    def _record_tagger(self, avro: AvroType) -> _Tag | None:
        name = avro.label
        if name not in self._tags:
            tags = self._tags.setdefault(name, [])
            tags.extend(self._tagger(field.type) for field in avro.fields)
        pairs = [(field.name, at) for at, field in enumerate(avro.fields)]
        tags = self._tags[name]

        def tagged(row: dict[str, Any]) -> dict[str, Any]:
            made = {}
            for field, at in pairs:
                tag, value = tags[at], row.get(field)
                made[field] = value if tag is None else tag(value)
            return made

        # While its own fields are looked at, a record that contains itself cannot know whether it needs tags.
        return tagged if len(tags) < len(pairs) or any(tags) else None

    def _union_tagger(self, avro: AvroType) -> _Tag:
        if self._is_single(avro) or (only := avro.nullable()) is not None:
            branch = avro.branches[0] if self._is_single(avro) else only
            assert branch is not None, "one or the other"
            tag, label = self._tagger(branch), branch.label
            return lambda value: None if value is None else (label, value if tag is None else tag(value))
        members = [
            (name, self._unions[id(avro)][at], self._tagger(branch))
            for at, (name, branch) in enumerate(member_names(avro, self._settings))
        ]

        def tagged(value: dict[str, Any] | None) -> Any:
            if value is None:
                return None
            for member, name, tag in members:
                held = value.get(member)
                if held is not None:
                    return name, {member: held if tag is None else tag(held)}
            return None

        return tagged


def _tag_items(tag: _Tag, items: list[Any]) -> list[Any]:
    return [*map(tag, items)]


def _tag_values(tag: _Tag, values: dict[str, Any]) -> dict[str, Any]:
    return {key: tag(value) for key, value in values.items()}
