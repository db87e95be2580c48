"""``Cast``: fields, or the whole key or value, to another type."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import partial
from typing import Any, ClassVar, Generic, Literal, TypeVar

from barnabas.config import ConfigDef
from barnabas.config import Type as ConfigType
from barnabas.errors import BarnabasError, DataError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Field, Schema, SchemaBuilder, Type
from barnabas.transforms._cast_column import column_caster
from barnabas.transforms._cast_spec import Spec, parse_spec, unsupported
from barnabas.transforms._cast_value import caster
from barnabas.transforms._members import Member, plan_members
from barnabas.transforms._rows import required
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, strict_of
from barnabas.transforms.side import Plan, SidedTransformation

__all__ = ["Cast", "CastKey", "CastValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class Cast(SidedTransformation[R], Generic[R]):
    """Casts numbers, booleans, texts and bytes, as Java does: numbers without room lose their upper bits.

    A schemaless map gets a null for each field of the spec that it does not have. With ``strict=true`` a value that
    would not stay the same is refused.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "spec",
            ConfigType.LIST,
            validator=Spec(),
            importance="high",
            doc="`field:type,…` to cast fields, or one type to cast the whole key or value. Types: int8, int16, "
            "int32, int64, float32, float64, boolean, string. Bytes can only be cast to string (base64).",
        )
        .define(REPLACE_NULL, ConfigType.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        config = self.CONFIG.parse(props)
        self._spec = parse_spec(config["spec"])
        self._replace: bool = config[REPLACE_NULL]
        self._strict = strict_of(props)

    def plan(self, schema: Schema | None) -> Plan:
        """What to do with values of a schema."""
        try:
            if self._spec.whole is not None:
                return self._whole(schema, self._spec.whole)
            return self._schemaless() if schema is None else self._struct(schema)
        except BarnabasError as error:
            return _refusing(schema, error)

    # -- the whole value ----------------------------------------------------------------------------------------------

    def _whole(self, schema: Schema | None, target: Type) -> Plan:
        one = caster(schema, target, strict=self._strict)
        many = column_caster(schema, target, one, strict=self._strict)
        if schema is None:
            return Plan(None, one, many)
        builder = _named_as(schema, SchemaBuilder(target))
        if schema.optional:
            builder.optional()
        if schema.default is not None:
            builder.default(one(schema.default))
        return Plan(builder.build(), one, many)

    # -- fields -------------------------------------------------------------------------------------------------------

    def _schemaless(self) -> Plan:
        members = [self._member(None, name, target) for name, target in self._spec.fields.items()]
        return plan_members(None, members, "cast types")

    def _struct(self, schema: Schema) -> Plan:
        if schema.type is not Type.STRUCT:
            raise DataError(
                "Cannot list fields on non-struct type",
                code="BRN-2166",
                remedy="Give one type as the spec to cast the whole value, or guard the transform with a predicate.",
            )
        builder = _named_as(schema, SchemaBuilder.struct())
        members: list[Member] = []
        for field in schema.fields:
            target = self._spec.fields.get(field.name)
            if target is None:
                builder.field(field.name, field.schema)
                members += self._kept(field)
            else:
                member = self._member(field, field.name, target)
                builder.field(field.name, self._cast_schema(field.schema, target, member))
                members.append(member)
        if schema.optional:
            builder.optional()
        if schema.default is not None:
            raise DataError(unsupported(Type.STRUCT, "from"), code="BRN-2164", remedy="Remove the struct's default.")
        return plan_members(builder.build(), members, "cast types")

    @staticmethod
    def _cast_schema(schema: Schema, target: Type, member: Member) -> Schema:
        default = None if schema.default is None or member.one is None else member.one(schema.default)
        return Schema(target, optional=schema.optional, default=default)

    def _member(self, field: Field | None, name: str, target: Type) -> Member:
        schema = None if field is None else field.schema
        one = caster(schema, target, strict=self._strict)
        many = column_caster(schema, target, one, strict=self._strict)
        made = Member(name) if field is None else self._nulls(field, target)
        return made._replace(one=one, many=many)

    def _kept(self, field: Field) -> list[Member]:
        """A field that stays as it is, unless a null of it becomes something else or is refused."""
        member = self._nulls(field, field.schema.type)
        return [] if member.default is None and member.needed is None else [member]

    def _nulls(self, field: Field, target: Type) -> Member:
        default = field.schema.default if self._replace else None
        optional = field.schema.optional or default is not None
        return Member(field.name, default, None if optional else partial(required, field.name, Schema(target)))


class CastKey(Cast[R], Generic[R]):
    """``Cast`` of keys."""

    SIDE: ClassVar[Literal["key", "value"]] = "key"


class CastValue(Cast[R], Generic[R]):
    """``Cast`` of values."""


def _named_as(schema: Schema, builder: SchemaBuilder) -> SchemaBuilder:
    """A schema to be with another one's name, version, doc and parameters."""
    if schema.name is not None:
        builder.name(schema.name)
    if schema.version is not None:
        builder.version(schema.version)
    if schema.doc is not None:
        builder.doc(schema.doc)
    return builder.parameters(schema.parameters)


def _refusing(schema: Schema | None, error: BarnabasError) -> Plan:
    """A plan for a schema of which only a null can pass."""

    def one(value: Any) -> Any:
        if value is not None:
            raise copy(error)  # one that is raised again would collect traces
        return None

    return Plan(schema, one, lambda values: list(map(one, values)))
