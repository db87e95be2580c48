"""A tree as the JSON that Apache Avro prints: each named type where it occurs first, then its name."""

from __future__ import annotations

import json
from typing import Any

from barnabas.converters._avro.types import NO_DEFAULT, AvroField, AvroType
from barnabas.errors import DataError

__all__ = ["print_schema"]


def print_schema(avro: AvroType) -> str:
    """The text of a schema, in the order of members and without the spaces that Java's has.

    Raises:
        DataError: Two different types have one name.
    """
    return json.dumps(_Printer().node(avro, ""), separators=(",", ":"), ensure_ascii=False)


class _Printer:
    def __init__(self) -> None:
        self._known: dict[str, AvroType] = {}

    def node(self, avro: AvroType, space: str) -> Any:
        if avro.kind == "union":
            return [self.node(branch, space) for branch in avro.branches]
        if avro.kind in ("array", "map"):
            name = "items" if avro.kind == "array" else "values"
            return {"type": avro.kind, name: self.node(avro.inner, space), **avro.props}
        if avro.name is None:
            return {"type": avro.kind, **avro.props} if avro.props else avro.kind
        own, _, simple = avro.name.rpartition(".")
        known = self._known.get(avro.name)
        if known is not None:
            if known is not avro and print_schema(known) != print_schema(avro):
                raise DataError(
                    f"Can't redefine: {avro.name}",
                    code="BRN-1428",
                    remedy="Two different structs have this name: rename one of them.",
                )
            return simple if own == space else avro.name
        self._known[avro.name] = avro
        made: dict[str, Any] = {"type": avro.kind, "name": simple}
        if own != space:
            made["namespace"] = own
        return {**made, **self._inside(avro, own), **avro.props}

    def _inside(self, avro: AvroType, space: str) -> dict[str, Any]:
        made: dict[str, Any] = {} if avro.doc is None else {"doc": avro.doc}
        if avro.kind == "record":
            made["fields"] = [self._field(field, space) for field in avro.fields]
        elif avro.kind == "enum":
            made["symbols"] = [*avro.symbols]
            if avro.symbol_default is not None:
                made["default"] = avro.symbol_default
        else:
            made["size"] = avro.size
        return made

    def _field(self, field: AvroField, space: str) -> dict[str, Any]:
        made: dict[str, Any] = {"name": field.name, "type": self.node(field.type, space)}
        if field.doc is not None:
            made["doc"] = field.doc
        if field.default is not NO_DEFAULT:
            made["default"] = field.default
        return made
