"""Values that say more than plain Python does: the width of a number, the schema of a struct, a date too far away.

Nobody has to use them: a plain ``int`` fits every integer schema that has room for it. They exist where Kafka Connect
carries a Java class that plain Python would lose: schemaless values (a transform casts to ``int8`` without a schema),
and points in time outside the years 1 to 9999. Everything accepts them; they behave like the plain value.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from barnabas._schema.types import Type

if TYPE_CHECKING:
    from barnabas._schema.model import Schema

__all__ = [
    "WIDTHS",
    "BigInt",
    "Float32",
    "Float64",
    "FrozenMap",
    "Instant",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Struct",
]


class Int8(int):
    """A schemaless ``java.lang.Byte``. As every class here, it fits a schema of its own type only."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.INT8


class Int16(int):
    """A schemaless ``java.lang.Short``."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.INT16


class Int32(int):
    """A schemaless ``java.lang.Integer``."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.INT32


class Int64(int):
    """A ``java.lang.Long`` and nothing else; schemaless, a plain ``int`` means the same."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.INT64


class BigInt(int):
    """A ``java.math.BigInteger``; schemaless, a plain ``int`` beyond 64 bits means the same. It fits no schema."""

    __slots__ = ()


class Float32(float):
    """A schemaless ``java.lang.Float``: the value has to be one that 32 bits can hold."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.FLOAT32


class Float64(float):
    """A ``java.lang.Double`` and nothing else; schemaless, a plain ``float`` means the same."""

    __slots__ = ()
    TYPE: ClassVar[Type] = Type.FLOAT64


class Struct(dict[str, Any]):
    """A struct that brings its schema: where none stands beside it, or another one.

    Two of them are equal if their schemas and all their fields are; a plain dict is compared as a dict. It may be the
    key of a map: whoever uses it so must not change it.

    Args:
        schema: A STRUCT schema.
        fields: Values by field name; a missing name means ``None``.
    """

    __slots__ = ("schema",)

    def __init__(self, schema: Schema, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(fields or {})
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct):
            return super().__eq__(other)
        return self.schema == other.schema and all(self.get(f.name) == other.get(f.name) for f in self.schema.fields)

    def __ne__(self, other: object) -> bool:
        return not self == other  # a dict's own would not ask for the schema

    def __hash__(self) -> int:  # type: ignore[override] # a dict has none
        return hash((self.schema, tuple([_hash(self.get(f.name)) for f in self.schema.fields])))


class FrozenMap(dict[Any, Any]):
    """A map that is the key of another map: nobody may change it."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override] # a dict has none
        return hash(frozenset([(key, _hash(value)) for key, value in self.items()]))


class Instant(msgspec.Struct, frozen=True, order=True):
    """A point in time that :class:`datetime.datetime` cannot hold: milliseconds since the epoch, as Java counts them.

    Dates, times of day and timestamps of a schema are this where their number is out of Python's range, so that nothing
    is lost on the way through. Within the range it is never made, but accepted.
    """

    milliseconds: int


def _hash(value: Any) -> int:
    """The same number for values that are equal; lists and maps all share one."""
    return hash(value) if isinstance(value, Hashable) and not isinstance(value, Mapping | tuple) else 0


WIDTHS: Final[dict[type, Type]] = {cls: cls.TYPE for cls in (Int8, Int16, Int32, Int64, Float32, Float64)}
"""From the class of a value that carries its width to the type it means."""
