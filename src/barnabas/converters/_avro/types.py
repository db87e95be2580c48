"""An Avro schema as a tree; named types that occur twice are one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["NO_DEFAULT", "PRIMITIVES", "AvroField", "AvroType"]

PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class _NoDefault:
    """Stands for a default that was not given: ``null`` is one."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final = _NoDefault()


@dataclass(eq=False)
class AvroField:
    """A field of a record; ``default`` as JSON has it."""

    name: str
    type: AvroType
    doc: str | None = None
    default: Any = NO_DEFAULT
    aliases: tuple[str, ...] = ()


@dataclass(eq=False)
class AvroType:
    """A node; which attributes mean something depends on ``kind``.

    Attributes:
        kind: A primitive type's name, or array, map, record, enum, fixed, union.
        name: The full name of a record, enum or fixed.
        doc: Of a record or enum.
        aliases: Former full names.
        props: What else stands in the schema, such as ``logicalType``.
        item: Of an array, or the values of a map.
        fields: Of a record.
        branches: Of a union.
        symbols: Of an enum.
        symbol_default: Of an enum.
        size: Of a fixed, in bytes.
    """

    kind: str
    name: str | None = None
    doc: str | None = None
    aliases: tuple[str, ...] = ()
    props: Mapping[str, Any] = field(default_factory=dict)
    item: AvroType | None = None
    fields: list[AvroField] = field(default_factory=list)
    branches: list[AvroType] = field(default_factory=list)
    symbols: tuple[str, ...] = ()
    symbol_default: str | None = None
    size: int = 0

    @property
    def label(self) -> str:
        """What tells it from other branches of a union: its full name, or its type."""
        return self.name or self.kind

    @property
    def simple_name(self) -> str:
        """The name without its namespace, or the type."""
        return self.label.rpartition(".")[2]

    @property
    def logical(self) -> str | None:
        """``logicalType``."""
        found = self.props.get("logicalType")
        return found if isinstance(found, str) else None

    @property
    def inner(self) -> AvroType:
        """Of an array or map: its items or values."""
        assert self.item is not None, "an array or a map"
        return self.item

    def nullable(self) -> AvroType | None:
        """The other branch of a union of two of which one is null; ``None`` if it is none of those."""
        if self.kind != "union" or len(self.branches) != 2:  # noqa: PLR2004 - null, and the other
            return None
        others = [branch for branch in self.branches if branch.kind != "null"]
        return others[0] if len(others) == 1 else None
