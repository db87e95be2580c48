"""A template, compiled into a plan over columns."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from barnabas import ConfigError, Schema
from barnabas.config import nearest
from barnabas.connectors.datagen.generators import GENERATORS, Generator

__all__ = ["Template"]

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")

Columns = Sequence[list[Any]]


class _Node(Protocol):
    """A place in the template."""

    @property
    def schema(self) -> Schema:
        """Describes its values."""

    def rows(self, columns: Columns, size: int) -> list[Any]:
        """Its values, given those of all generators."""


@dataclass(frozen=True)
class _Literal:
    value: Any
    schema: Schema

    def rows(self, columns: Columns, size: int) -> list[Any]:
        del columns
        return [self.value] * size


@dataclass(frozen=True)
class _Leaf:
    at: int
    schema: Schema

    def rows(self, columns: Columns, size: int) -> list[Any]:
        del size
        return columns[self.at]


@dataclass(frozen=True)
class _Text:
    """Text around placeholders."""

    parts: tuple[_Literal | _Leaf, ...]
    schema: Schema = Schema.STRING

    def rows(self, columns: Columns, size: int) -> list[Any]:
        return ["".join(map(str, row)) for row in zip(*(part.rows(columns, size) for part in self.parts), strict=True)]


@dataclass(frozen=True)
class _Object:
    names: tuple[str, ...]
    members: tuple[_Node, ...]
    schema: Schema

    def rows(self, columns: Columns, size: int) -> list[Any]:
        if not self.names:
            return [{} for _ in range(size)]
        names = self.names
        values = zip(*(member.rows(columns, size) for member in self.members), strict=True)
        return [dict(zip(names, row)) for row in values]  # noqa: B905  as long as each other; strict costs a third


@dataclass(frozen=True)
class _List:
    entries: tuple[_Node, ...]
    schema: Schema

    def rows(self, columns: Columns, size: int) -> list[Any]:
        if not self.entries:
            return [[] for _ in range(size)]
        return [*map(list, zip(*(entry.rows(columns, size) for entry in self.entries), strict=True))]


@dataclass
class _Compiler:
    key: str
    typed: bool
    generators: list[Generator] = field(default_factory=list)

    def node(self, value: Any) -> _Node:
        if isinstance(value, dict):
            members = tuple(map(self.node, value.values()))
            fields = {name: member.schema for name, member in zip(value, members, strict=True)}
            return _Object(tuple(value), members, Schema.struct(None, **fields))
        if isinstance(value, list):
            return self._list(tuple(map(self.node, value)))
        if isinstance(value, str) and _PLACEHOLDER.search(value):
            return self._text(value)
        return _Literal(value, _schema_of(value))

    def _list(self, entries: tuple[_Node, ...]) -> _List:
        schemas = list(dict.fromkeys(entry.schema for entry in entries))
        if self.typed and len(schemas) > 1:
            raise self.wrong("a list has entries of different types, which a schema cannot describe")
        return _List(entries, Schema.array(schemas[0] if schemas else Schema.OPTIONAL_STRING))

    def _text(self, text: str) -> _Node:
        whole = _PLACEHOLDER.fullmatch(text)
        if whole and "{{" not in whole[1]:
            return self._leaf(whole[1])
        pieces = _PLACEHOLDER.split(text)  # text, placeholder, text, …
        parts = [
            self._leaf(piece) if at % 2 else _Literal(piece, Schema.STRING)
            for at, piece in enumerate(pieces)
            if at % 2 or piece
        ]
        return _Text(tuple(parts))

    def _leaf(self, text: str) -> _Leaf:
        generator = self._generator(text)
        self.generators.append(generator)
        return _Leaf(len(self.generators) - 1, generator.schema)

    def _generator(self, text: str) -> Generator:
        try:
            name, *arguments = shlex.split(text)
        except ValueError:
            raise self.wrong(f"{{{{{text}}}}} says nothing, or a quote in it is not closed") from None
        if name not in GENERATORS:
            near = nearest(name, GENERATORS)
            remedy = f"Did you mean {near}?" if near else f"There are: {', '.join(GENERATORS)}."
            raise self.wrong(f"{{{{{text}}}}} is unknown", remedy)
        make, usage = GENERATORS[name]
        try:
            inspect.signature(make).bind(*arguments)
        except TypeError:
            raise self.wrong(f"{{{{{text}}}}} has too few or too many arguments", f"Write {usage}.") from None
        try:
            return make(*arguments)
        except (ValueError, OverflowError) as error:
            raise self.wrong(f"{{{{{text}}}}}: {error}", f"Write {usage}.") from error

    def wrong(self, message: str, remedy: str | None = None) -> ConfigError:
        return ConfigError(f"{self.key}: {message}.", code="BRN-7301", key=self.key, remedy=remedy)


def _schema_of(value: Any) -> Schema:
    if value is None:
        return Schema.OPTIONAL_STRING
    kinds = {bool: Schema.BOOLEAN, int: Schema.INT64, float: Schema.FLOAT64}
    return kinds.get(type(value), Schema.STRING)


class Template:
    """What records look like.

    Args:
        text: JSON; texts in it may hold placeholders. What is no JSON object, list or quoted text is taken as text.
        key: The configuration key it came from, for errors.
        typed: Whether a schema will be wanted.

    Raises:
        ConfigError: It is malformed, or asks for something unknown.
    """

    def __init__(self, text: str, key: str = "template", *, typed: bool = False) -> None:
        compiler = _Compiler(key, typed)
        self._root = compiler.node(_parsed(text, compiler))
        self._generators = compiler.generators

    @property
    def schema(self) -> Schema:
        """Describes the values."""
        return self._root.schema

    @property
    def fields(self) -> tuple[str, ...]:
        """The members of an object; empty for other values."""
        return self._root.names if isinstance(self._root, _Object) else ()

    def block(self, ids: range, seed: str) -> Block:
        """Everything that chance decides for these ids: the same for the same seed."""
        rng = Random(seed)  # noqa: S311  made-up data keeps no secrets
        columns = [[] if generator.live else generator.column(ids, rng) for generator in self._generators]
        return Block(self._root, self._generators, columns, ids)


def _parsed(text: str, compiler: _Compiler) -> Any:
    if not text.lstrip().startswith(("{", "[", '"')) or text.lstrip().startswith("{{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise compiler.wrong(f"this is no JSON: {error}", "Write JSON, with placeholders inside quotes.") from error


@dataclass(frozen=True)
class Block:
    """Some records in the making."""

    root: _Node
    generators: Sequence[Generator]
    columns: Columns
    ids: range

    def rows(self, start: int, stop: int) -> list[Any]:
        """Values of the records from ``start`` to before ``stop``, counted within the block; times are of now."""
        ids = self.ids[start:stop]
        live = Random(0)  # noqa: S311  live generators do not use it
        columns = [
            generator.column(ids, live) if generator.live else column[start:stop]
            for generator, column in zip(self.generators, self.columns, strict=True)
        ]
        return self.root.rows(columns, len(ids))
