"""The schema itself: an immutable, hashable, interned description of a value."""

from __future__ import annotations

import struct
import threading
import weakref
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self, cast

from barnabas._schema.exact import WIDTHS, Struct
from barnabas._schema.types import Field, Type
from barnabas._schema.validate import validate_value
from barnabas.errors import DataError, SchemaBuilderError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Schema", "SchemaAndValue"]


_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class Schema:
    """Describes a value; stands beside it, never inside it. ``None`` in a schema's place means schemaless.

    Immutable, hashable, safe to share between threads, and interned: making an equal schema twice gives the same
    object, also after pickling, so ``schema is last_schema`` is a sufficient test on hot paths (``==`` holds anyway).
    Make one with the constants (``Schema.INT64``, ``Schema.OPTIONAL_STRING``), the shorthands :meth:`struct`,
    :meth:`array` and :meth:`map`, or a :class:`~barnabas.schema.SchemaBuilder`.

    Attributes:
        type: What kind of value.
        optional: Whether the value may be ``None``.
        default: The value to use where none is given, in the form values have; ``None``: no default.
        name: The schema's own name, such as a table's, or a logical type's.
        version: A number that grows with incompatible changes.
        doc: A text for people.
        parameters: More text properties, such as the scale of a decimal; read-only.
        fields: Members of a STRUCT in order; empty for all other types.

    Raises:
        SchemaBuilderError: the parts contradict each other (duplicate field, default of another type).
    """

    __slots__ = (
        "__weakref__",
        "_by_name",
        "_hash",
        "_key",
        "_key_schema",
        "_value_schema",
        "default",
        "doc",
        "fields",
        "name",
        "optional",
        "parameters",
        "type",
        "version",
    )

    type: Type
    optional: bool
    default: Any
    name: str | None
    version: int | None
    doc: str | None
    parameters: Mapping[str, str]
    fields: tuple[Field, ...]
    _by_name: dict[str, Field]
    _hash: int
    _key: tuple[Any, ...]
    _key_schema: Schema | None
    _value_schema: Schema | None

    _interned: ClassVar[weakref.WeakValueDictionary[tuple[Any, ...], Schema]] = weakref.WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    INT8: ClassVar[Schema]
    INT16: ClassVar[Schema]
    INT32: ClassVar[Schema]
    INT64: ClassVar[Schema]
    FLOAT32: ClassVar[Schema]
    FLOAT64: ClassVar[Schema]
    BOOLEAN: ClassVar[Schema]
    STRING: ClassVar[Schema]
    BYTES: ClassVar[Schema]
    OPTIONAL_INT8: ClassVar[Schema]
    OPTIONAL_INT16: ClassVar[Schema]
    OPTIONAL_INT32: ClassVar[Schema]
    OPTIONAL_INT64: ClassVar[Schema]
    OPTIONAL_FLOAT32: ClassVar[Schema]
    OPTIONAL_FLOAT64: ClassVar[Schema]
    OPTIONAL_BOOLEAN: ClassVar[Schema]
    OPTIONAL_STRING: ClassVar[Schema]
    OPTIONAL_BYTES: ClassVar[Schema]

    def __new__(
        cls,
        type: Type,  # noqa: A002 - the attribute's name, and what Kafka Connect calls it
        *,
        optional: bool = False,
        default: Any = None,
        name: str | None = None,
        version: int | None = None,
        doc: str | None = None,
        parameters: Mapping[str, str] | None = None,
        fields: Mapping[str, Schema] | None = None,
        key_schema: Schema | None = None,
        value_schema: Schema | None = None,
    ) -> Self:
        """Give the one schema with these parts."""
        members = tuple(Field(n, i, s) for i, (n, s) in enumerate((fields or {}).items()))
        key = (
            type,
            optional,
            _freeze(default),
            name,
            version,
            doc,
            tuple((parameters or {}).items()),
            tuple((f.name, f.schema) for f in members),
            key_schema,
            value_schema,
        )
        found = cast("Self | None", cls._interned.get(key))
        if found is not None:
            return found
        self = super().__new__(cls)
        put = object.__setattr__
        put(self, "type", type)
        put(self, "optional", optional)
        put(self, "default", default)
        put(self, "name", name)
        put(self, "version", version)
        put(self, "doc", doc)
        put(self, "parameters", MappingProxyType(dict(parameters)) if parameters else _EMPTY)
        put(self, "fields", members)
        put(self, "_by_name", {f.name: f for f in members})
        put(self, "_key_schema", key_schema)
        put(self, "_value_schema", value_schema)
        put(self, "_key", key)
        put(self, "_hash", hash(key))
        self._check()
        with cls._lock:
            return cast("Self", cls._interned.setdefault(key, self))

    def _check(self) -> None:
        if self.fields and self.type is not Type.STRUCT:
            raise SchemaBuilderError(f"Cannot create fields on type {self.type.name}")
        for field in self.fields:
            if not isinstance(field.schema, Schema):
                raise SchemaBuilderError(
                    f"The schema of field '{field.name}' is a {field.schema.__class__.__name__}, not a Schema.",
                    remedy="Give a Schema, e.g. Schema.STRING; the struct's own name is positional.",
                )
        if self.default is not None:
            try:
                validate_value(self, self.default)
            except DataError as error:
                raise SchemaBuilderError("Invalid default value") from error

    # -- shorthands ---------------------------------------------------------------------------------------------------

    @staticmethod
    def struct(name: str | None = None, /, **fields: Schema) -> Schema:
        """A required STRUCT: ``Schema.struct("Order", id=Schema.INT64, note=Schema.OPTIONAL_STRING)``."""
        return Schema(Type.STRUCT, name=name, fields=fields)

    @staticmethod
    def array(items: Schema | None, *, optional: bool = False) -> Schema:
        """An ARRAY of ``items`` (``None``: element type unknown)."""
        return Schema(Type.ARRAY, optional=optional, value_schema=items)

    @staticmethod
    def map(keys: Schema | None, values: Schema | None, *, optional: bool = False) -> Schema:
        """A MAP from ``keys`` to ``values`` (``None``: type unknown)."""
        return Schema(Type.MAP, optional=optional, key_schema=keys, value_schema=values)

    def as_optional(self) -> Schema:
        """The same schema, allowing ``None``."""
        return self.replace(optional=True)

    def replace(self, **changes: Any) -> Schema:
        """The same schema with some of its parts changed; takes the constructor's keywords."""
        parts: dict[str, Any] = {
            "optional": self.optional,
            "default": self.default,
            "name": self.name,
            "version": self.version,
            "doc": self.doc,
            "parameters": self.parameters,
            "fields": {f.name: f.schema for f in self.fields},
            "key_schema": self._key_schema,
            "value_schema": self._value_schema,
        }
        return Schema(changes.pop("type", self.type), **(parts | changes))

    # -- parts --------------------------------------------------------------------------------------------------------

    def field(self, name: str) -> Field | None:
        """The member of that name, ``None`` if there is none.

        Raises:
            DataError: this is no STRUCT.
        """
        if self.type is not Type.STRUCT:
            raise DataError("Cannot look up fields on non-struct type")
        return self._by_name.get(name)

    @property
    def key_schema(self) -> Schema | None:
        """Schema of a MAP's keys.

        Raises:
            DataError: this is no MAP.
        """
        if self.type is not Type.MAP:
            raise DataError("Cannot look up key schema on non-map type")
        return self._key_schema

    @property
    def value_schema(self) -> Schema | None:
        """Schema of a MAP's values or an ARRAY's elements.

        Raises:
            DataError: this is neither.
        """
        if self.type is not Type.MAP and self.type is not Type.ARRAY:
            raise DataError("Cannot look up value schema on non-array and non-map type")
        return self._value_schema

    # -- data model ---------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A Schema is immutable: use replace({name}=…) for a changed copy.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("A Schema is immutable.")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Schema) and self._hash == other._hash and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def __copy__(self) -> Schema:
        return self

    def __deepcopy__(self, memo: object) -> Schema:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        parts = {
            "optional": self.optional,
            "default": self.default,
            "name": self.name,
            "version": self.version,
            "doc": self.doc,
            "parameters": dict(self.parameters),
            "fields": {f.name: f.schema for f in self.fields},
            "key_schema": self._key_schema,
            "value_schema": self._value_schema,
        }
        return _remake, (self.type, parts)

    def __repr__(self) -> str:
        inside = ""
        if self.type is Type.STRUCT:
            inside = "{" + ", ".join(f"{f.name}: {f.schema!r}" for f in self.fields) + "}"
        elif self.type is Type.ARRAY:
            inside = f"[{self._value_schema!r}]"
        elif self.type is Type.MAP:
            inside = f"[{self._key_schema!r}, {self._value_schema!r}]"
        title = f" '{self.name}'" if self.name else ""
        return f"<{self.type.name}{'?' if self.optional else ''}{title}{inside}>"


class SchemaAndValue(NamedTuple):
    """A value with the schema that describes it (``None``: schemaless)."""

    schema: Schema | None
    value: Any


def _remake(type: Type, parts: dict[str, Any]) -> Schema:  # noqa: A002 - as in the constructor
    return Schema(type, **parts)


def _freeze(value: Any) -> Any:
    """A hashable stand-in for a default that keeps 1, 1.0 and True, and 0.0 and -0.0, apart."""
    match value:
        case float():
            return float, struct.pack(">d", value)
        case list() | tuple():
            return list, tuple(map(_freeze, value))
        case dict():
            own = value.schema if isinstance(value, Struct) else None
            return dict, own, tuple((_freeze(k), _freeze(v)) for k, v in value.items())
        case bytearray() | memoryview():
            return bytes, bytes(value)
        case Decimal():
            return Decimal, value.as_tuple()  # 1.0 and 1.00 are different decimals
    kind = value.__class__
    return (int, int(value)) if kind in WIDTHS else (kind, value)


for _type in Type:
    if _type.is_primitive:
        setattr(Schema, _type.name, Schema(_type))
        setattr(Schema, f"OPTIONAL_{_type.name}", Schema(_type, optional=True))
