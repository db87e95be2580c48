"""What can be wrong with bytes, and schemas whose bytes cannot be trusted; known without the library."""

from __future__ import annotations

from barnabas.converters._avro.types import AvroType
from barnabas.errors import DataError

__all__ = ["WireError", "refuse_empty_items"]


class WireError(Exception):
    """Bytes are not of the schema, or a wire value is not; the caller knows which record."""


def refuse_empty_items(avro: AvroType, seen: frozenset[int] = frozenset()) -> None:
    """An array of items without any bytes may claim to be of any length: three bytes could keep us busy for ever.

    Raises:
        DataError: There is one.
    """
    if id(avro) in seen:
        return
    seen |= {id(avro)}
    if avro.kind == "array" and _may_be_empty(avro.inner, frozenset()):
        raise DataError(
            f"The Avro schema has an array of items that take no bytes ({avro.inner.label}).",
            code="BRN-1420",
            remedy="Such arrays say nothing but their length: use a number instead.",
        )
    for inner in (*avro.branches, *(field.type for field in avro.fields), *([avro.item] if avro.item else [])):
        refuse_empty_items(inner, seen)


def _may_be_empty(avro: AvroType, seen: frozenset[int]) -> bool:
    if avro.kind == "record":
        return id(avro) in seen or all(_may_be_empty(field.type, seen | {id(avro)}) for field in avro.fields)
    return avro.kind == "null" or (avro.kind == "fixed" and avro.size == 0)
