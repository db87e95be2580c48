"""``TimestampConverter``: a point in time from one form into another."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import partial
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

from barnabas._java.date_format import SimpleDateFormat
from barnabas.config import ConfigDef, ValidString
from barnabas.config import Type as ConfigType
from barnabas.errors import ConfigError, ConnectError, DataError, IllegalArgumentError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Field, Schema, Type
from barnabas.transforms._members import Member, plan_members
from barnabas.transforms._rows import basics, not_rows, required
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, strict_of
from barnabas.transforms._timestamps import FORMS, PRECISIONS, Conversion, Conversions
from barnabas.transforms.side import Plan, SidedTransformation

__all__ = ["TimestampConverter", "TimestampConverterKey", "TimestampConverterValue"]

R = TypeVar("R", SourceRecord, SinkRecord)
_PURPOSE: Final = "converting timestamp formats"


class TimestampConverter(SidedTransformation[R], Generic[R]):
    """Converts a field, or the whole key or value, to text, a number, a date, a time of day or a timestamp.

    Texts are read and written in UTC, as leniently as ``java.text.SimpleDateFormat`` reads them; with ``strict=true``
    a text with numbers out of range, or with something behind the date, is refused.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "field",
            ConfigType.STRING,
            default="",
            importance="high",
            doc="The field with the timestamp; empty if it is the whole key or value.",
        )
        .define(
            "target.type",
            ConfigType.STRING,
            validator=ValidString(*FORMS),
            importance="high",
            doc="What to convert to: string, unix (a number), Date, Time or Timestamp.",
        )
        .define(
            "format",
            ConfigType.STRING,
            default="",
            importance="medium",
            doc="The pattern of texts, as `java.text.SimpleDateFormat` has it: `yyyy-MM-dd HH:mm:ss.SSS`.",
        )
        .define(
            "unix.precision",
            ConfigType.STRING,
            default="milliseconds",
            validator=ValidString(*PRECISIONS),
            importance="low",
            doc="The unit of numbers, read and written; what is finer than milliseconds is cut off.",
        )
        .define(REPLACE_NULL, ConfigType.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        config = self.CONFIG.parse(props)
        self._field: str = config["field"]
        self._replace: bool = config[REPLACE_NULL]
        pattern, target = config["format"], config["target.type"]
        written = None
        if pattern:
            written = _pattern(pattern, strict=strict_of(props))
        elif target == "string":
            raise ConfigError(
                "TimestampConverter requires format option to be specified when using string timestamps",
                code="BRN-1002",
                key="format",
                remedy="Set format, such as yyyy-MM-dd HH:mm:ss.",
            )
        self._conversions = Conversions(target, written, config["unix.precision"])

    def plan(self, schema: Schema | None) -> Plan:
        """What to do with values of a schema; a null becomes one of the new schema."""
        if not self._field:
            conversion = self._conversions.of(schema)
            made = None if schema is None else self._conversions.schema(optional=schema.optional)
            return Plan(made, *conversion, skip_null=False)
        if schema is None:
            return plan_members(
                None, [Member(self._field, None, None, *self._conversions.of(None))], _PURPOSE, skip_null=False
            )
        if schema.type is not Type.STRUCT:
            return _refusing(schema)
        members = [member for field in schema.fields for member in self._member(field)]
        made = self._made(schema)
        plan = plan_members(made, members, _PURPOSE, skip_null=False)
        if schema.default is None:
            return plan
        return plan_members(made.replace(default=plan.one(schema.default)), members, _PURPOSE, skip_null=False)

    def _made(self, schema: Schema) -> Schema:
        """The schema of converted structs, without a default."""
        builder = basics(schema)
        for field in schema.fields:
            converted = field.name == self._field
            optional = field.schema.optional
            builder.field(field.name, self._conversions.schema(optional=optional) if converted else field.schema)
        return (builder.optional() if schema.optional else builder).build()

    def _member(self, field: Field) -> list[Member]:
        schema = field.schema
        conversion = None
        if field.name == self._field:
            try:
                conversion = self._conversions.of(schema)
            except ConnectError as error:
                return [Member(field.name, None, None, *_failing(error))]
            schema = self._conversions.schema(optional=schema.optional)
        default = field.schema.default if self._replace else None
        needed = None if schema.optional or default is not None else partial(required, field.name, schema)
        if conversion is not None:
            return [Member(field.name, default, needed, *conversion)]
        return [] if default is None and needed is None else [Member(field.name, default, needed)]


class TimestampConverterKey(TimestampConverter[R], Generic[R]):
    """``TimestampConverter`` for keys."""

    SIDE: ClassVar[Literal["key", "value"]] = "key"


class TimestampConverterValue(TimestampConverter[R], Generic[R]):
    """``TimestampConverter`` for values."""


def _pattern(text: str, *, strict: bool) -> SimpleDateFormat:
    try:
        return SimpleDateFormat(text, strict=strict)
    except IllegalArgumentError as error:
        raise ConfigError(
            f"Invalid value java.lang.IllegalArgumentException: {error.message} for configuration "
            f"TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: {text}",
            code=error.code,
            key="format",
            remedy=error.remedy,
        ) from error


def _refusing(schema: Schema) -> Plan:
    """The plan for values that have no fields."""

    def one(value: Any) -> Any:
        if value is not None:
            raise not_rows(schema, value, _PURPOSE)
        raise DataError(
            "Cannot list fields on non-struct type",
            code="BRN-2166",
            remedy="Leave field empty to convert the whole value, or guard the transform with a predicate.",
        )

    return Plan(schema, one, lambda values: list(map(one, values)), skip_null=False)


def _failing(error: ConnectError) -> Conversion:
    """A conversion that fails for every value, nulls too."""

    def one(_: Any) -> Any:
        raise copy(error)  # one that is raised again would collect traces

    return Conversion(one, lambda values: list(map(one, values)))
