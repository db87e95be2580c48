"""Checks of scalar columns before Google's library takes them: it would let a boolean pass for a number."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any, Final

from barnabas._schema.validate import INT_RANGES
from barnabas.converters._exact import fits_float, fits_int
from barnabas.converters._protobuf.runtime import descriptor_pb2
from barnabas.converters._protobuf.shapes import Kind
from barnabas.converters._protobuf.values import UnfitError
from barnabas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barnabas.converters._protobuf.shapes import FieldShape
    from barnabas.converters._protobuf.values import Column
    from barnabas.schema import Schema

__all__ = ["column_for"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_UNSIGNED_LONG: Final = frozenset({_PROTO.TYPE_UINT64, _PROTO.TYPE_FIXED64})
_WHOLE: Final = _UNSIGNED_LONG | frozenset(
    getattr(_PROTO, f"TYPE_{name}")
    for name in ("INT32", "SINT32", "SFIXED32", "UINT32", "FIXED32", "INT64", "SINT64", "SFIXED64")
)
_TARGETS: Final = {
    **dict.fromkeys((Type.INT8, Type.INT16, Type.INT32, Type.INT64), _WHOLE),
    Type.FLOAT32: frozenset({_PROTO.TYPE_FLOAT, _PROTO.TYPE_DOUBLE}),
    Type.FLOAT64: frozenset({_PROTO.TYPE_DOUBLE}),
    Type.BOOLEAN: frozenset({_PROTO.TYPE_BOOL}),
    Type.STRING: frozenset({_PROTO.TYPE_STRING}),
    Type.BYTES: frozenset({_PROTO.TYPE_BYTES}),
}
_MASK: Final = (1 << 64) - 1
_INT: Final = frozenset({int})
_FLOAT: Final = frozenset({float})


def column_for(schema: Schema, field: FieldShape) -> Column | None:
    """What checks and changes the values of a field; ``None`` if the schema's type does not go into the field's."""
    kind = schema.type
    if field.kind is Kind.ENUM:
        return _enum(field) if kind is Type.STRING else _integers(kind, field) if kind is Type.INT32 else None
    if field.type not in _TARGETS.get(kind, frozenset()):
        return None
    if kind in INT_RANGES:
        return _integers(kind, field)
    if kind in (Type.FLOAT32, Type.FLOAT64):
        return _floats(kind, field)
    if kind is Type.BYTES:
        return _octets(field)
    return _exactly(bool if kind is Type.BOOLEAN else str, field)


def _integers(kind: Type, field: FieldShape) -> Column:
    low, high = INT_RANGES[kind]
    unsigned = field.type in _UNSIGNED_LONG
    name = field.name

    def write(values: Sequence[Any]) -> Sequence[Any]:
        if not {*map(type, values)} <= _INT:
            if not all(fits_int(kind, value) for value in values):
                raise _unfit(values, name, kind.name, lambda value: fits_int(kind, value))
            values = [int(value) for value in values]
        if values and not (min(values) >= low and max(values) <= high):
            raise UnfitError(f"a number in {name} that is beyond {kind.name}")
        # A long that came from an unsigned number beyond it is negative, and goes back.
        return [value & _MASK for value in values] if unsigned and values and min(values) < 0 else values

    return write


def _floats(kind: Type, field: FieldShape) -> Column:
    name = field.name
    single = field.type == _PROTO.TYPE_FLOAT

    def write(values: Sequence[Any]) -> Sequence[Any]:
        if not {*map(type, values)} <= _FLOAT:
            if not all(fits_float(kind, value) for value in values):
                raise _unfit(values, name, kind.name, lambda value: fits_float(kind, value))
            values = [float(value) for value in values]
        if single:
            try:
                struct.pack(f"<{len(values)}f", *values)  # only with a byte order does it check
            except OverflowError:
                raise UnfitError(f"a number in {name} that is beyond {kind.name}") from None
        return values

    return write


def _octets(field: FieldShape) -> Column:
    plain = frozenset({bytes})
    allowed = (bytes, bytearray, memoryview)

    def write(values: Sequence[Any]) -> Sequence[Any]:
        if {*map(type, values)} <= plain:
            return values
        if not all(isinstance(value, allowed) for value in values):
            raise _unfit(values, field.name, "BYTES", lambda value: isinstance(value, allowed))
        return [bytes(value) for value in values]

    return write


def _exactly(wanted: type, field: FieldShape) -> Column:
    plain = frozenset({wanted})

    def write(values: Sequence[Any]) -> Sequence[Any]:
        if not {*map(type, values)} <= plain and not all(isinstance(value, wanted) for value in values):
            name = "BOOLEAN" if wanted is bool else "STRING"
            raise _unfit(values, field.name, name, lambda value: isinstance(value, wanted))
        return values

    return write


def _enum(field: FieldShape) -> Column:
    enum = field.descriptor.enum_type
    numbers = {value.name: value.number for value in enum.values}
    unknown = re.compile(rf"UNKNOWN_ENUM_VALUE_{re.escape(enum.name)}_(-?[0-9]+)\Z")

    def number(value: Any) -> int:
        found = numbers.get(value) if isinstance(value, str) else None
        if found is None:
            match = unknown.match(value) if isinstance(value, str) else None
            if match is None:
                raise UnfitError(
                    f"{value!r} for {field.name}, which is none of {enum.full_name}",
                    remedy=f"Values are {', '.join(numbers)}.",
                )
            found = int(match[1])
        return found

    return lambda values: [*map(number, values)]


def _unfit(values: Sequence[Any], name: str, kind: str, fits: Any) -> UnfitError:
    wrong = next(value for value in values if not fits(value))
    return UnfitError(f"{type(wrong).__name__} for {name}, which is {kind}")
