"""The fluent way to make a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas._schema.model import Schema
from barnabas._schema.types import Type
from barnabas.errors import SchemaBuilderError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SchemaBuilder"]


class SchemaBuilder:
    """Builds a :class:`~barnabas.schema.Schema` step by step; every step returns the builder.

    ::

        SchemaBuilder.struct().name("Order").field("id", Schema.INT64).field("note", Schema.OPTIONAL_STRING).build()

    Not safe to share between threads; what :meth:`build` gives is. A step that contradicts an earlier one raises
    :class:`~barnabas.errors.SchemaBuilderError` at once; a default is checked by :meth:`build`.
    """

    def __init__(self, type: Type, *, key_schema: Schema | None = None, value_schema: Schema | None = None) -> None:  # noqa: A002 - as in Schema
        self._type = type
        self._key_schema = key_schema
        self._value_schema = value_schema
        self._fields: dict[str, Schema] = {}
        self._parameters: dict[str, str] = {}
        self._set: dict[str, Any] = {}

    @staticmethod
    def int8() -> SchemaBuilder:
        """Start an INT8."""
        return SchemaBuilder(Type.INT8)

    @staticmethod
    def int16() -> SchemaBuilder:
        """Start an INT16."""
        return SchemaBuilder(Type.INT16)

    @staticmethod
    def int32() -> SchemaBuilder:
        """Start an INT32."""
        return SchemaBuilder(Type.INT32)

    @staticmethod
    def int64() -> SchemaBuilder:
        """Start an INT64."""
        return SchemaBuilder(Type.INT64)

    @staticmethod
    def float32() -> SchemaBuilder:
        """Start a FLOAT32."""
        return SchemaBuilder(Type.FLOAT32)

    @staticmethod
    def float64() -> SchemaBuilder:
        """Start a FLOAT64."""
        return SchemaBuilder(Type.FLOAT64)

    @staticmethod
    def boolean() -> SchemaBuilder:
        """Start a BOOLEAN."""
        return SchemaBuilder(Type.BOOLEAN)

    @staticmethod
    def string() -> SchemaBuilder:
        """Start a STRING."""
        return SchemaBuilder(Type.STRING)

    @staticmethod
    def bytes() -> SchemaBuilder:
        """Start a BYTES."""
        return SchemaBuilder(Type.BYTES)

    @staticmethod
    def struct() -> SchemaBuilder:
        """Start a STRUCT; add members with :meth:`field`."""
        return SchemaBuilder(Type.STRUCT)

    @staticmethod
    def array(items: Schema | None) -> SchemaBuilder:
        """Start an ARRAY of ``items``."""
        return SchemaBuilder(Type.ARRAY, value_schema=items)

    @staticmethod
    def map(keys: Schema | None, values: Schema | None) -> SchemaBuilder:
        """Start a MAP from ``keys`` to ``values``."""
        return SchemaBuilder(Type.MAP, key_schema=keys, value_schema=values)

    def field(self, name: str, schema: Schema) -> SchemaBuilder:
        """Add a member to a STRUCT."""
        if self._type is not Type.STRUCT:
            raise SchemaBuilderError(f"Cannot create fields on type {self._type.name}")
        if not name:
            raise SchemaBuilderError("fieldName cannot be null.")
        if name in self._fields:
            raise SchemaBuilderError(f"Cannot create field because of field name duplication {name}")
        self._fields[name] = schema
        return self

    def optional(self) -> SchemaBuilder:
        """Allow ``None``."""
        return self._once("optional", value=True)

    def required(self) -> SchemaBuilder:
        """Refuse ``None``; this is so unless :meth:`optional` is called."""
        return self._once("optional", value=False)

    def default(self, value: Any) -> SchemaBuilder:
        """The value where none is given, in the form values of this schema have."""
        return self._once("default", value)

    def name(self, name: str) -> SchemaBuilder:
        """The schema's own name."""
        return self._once("name", name)

    def version(self, version: int) -> SchemaBuilder:
        """The schema's version."""
        return self._once("version", version)

    def doc(self, doc: str) -> SchemaBuilder:
        """A text for people."""
        return self._once("doc", doc)

    def parameter(self, name: str, value: str) -> SchemaBuilder:
        """Add one text property."""
        self._parameters[name] = value
        return self

    def parameters(self, parameters: Mapping[str, str]) -> SchemaBuilder:
        """Add text properties."""
        self._parameters.update(parameters)
        return self

    def build(self) -> Schema:
        """The schema.

        Raises:
            SchemaBuilderError: the default does not fit.
        """
        return Schema(
            self._type,
            parameters=self._parameters,
            fields=self._fields,
            key_schema=self._key_schema,
            value_schema=self._value_schema,
            **self._set,
        )

    def _once(self, part: str, value: Any) -> SchemaBuilder:
        if part in self._set:
            raise SchemaBuilderError(f"Invalid SchemaBuilder call: {part} has already been set.")
        self._set[part] = value
        return self
