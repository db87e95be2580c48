"""What transforms of fields have in common, and what they demand of a value, in Kafka Connect's words."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from barnabas._columns.rows import Fast
from barnabas._columns.source import literal
from barnabas._schema.exact import Struct
from barnabas._schema.names import java_class
from barnabas.errors import DataError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema, SchemaBuilder, Type
from barnabas.transforms._compiled import rows
from barnabas.transforms.side import Plan, SidedTransformation

__all__ = [
    "Change",
    "Nulls",
    "RowTransformation",
    "basics",
    "class_name",
    "defaults",
    "dropping",
    "edited",
    "field_of",
    "not_rows",
    "plan_rows",
    "required",
    "strictly",
]

R = TypeVar("R", SourceRecord, SinkRecord)

Nulls = Literal["pass", "change", "refuse"]
"""What a null does: stay as it is, get the new schema and stay ``None``, or fail."""


class Change(NamedTuple):
    """What is done to rows of one schema, as source (see :mod:`barnabas.transforms._compiled`).

    Args:
        schema: Of the changed values.
        result: An expression over ``v``, the row.
        steps: Statements before it.
        constants: What else they mention.
        hasty: A faster way for columns of rows that lack no field.
    """

    schema: Schema | None
    result: str
    steps: Sequence[str] = ()
    constants: Mapping[str, Any] = {}
    hasty: Fast | None = None


class RowTransformation(SidedTransformation[R], Generic[R]):
    """Changes structs and schemaless maps."""

    PURPOSE: ClassVar[str]
    """What it does, as errors name it."""

    NULLS: ClassVar[Nulls] = "pass"

    @abstractmethod
    def change(self, schema: Schema | None) -> Change:
        """What to do with rows of this schema, which is a STRUCT or ``None``.

        Raises:
            DataError: none of them can be transformed.
        """

    def plan(self, schema: Schema | None) -> Plan:
        """Compile the change."""
        return plan_rows(schema, self.PURPOSE, self.change, self.NULLS)


def plan_rows(
    schema: Schema | None, purpose: str, change: Callable[[Schema | None], Change], nulls: Nulls = "pass"
) -> Plan:
    """The plan for values of a schema that shall have fields.

    Args:
        schema: Any schema.
        purpose: What is done, as errors name it.
        change: Says what to do; asked only if values of the schema have fields.
        nulls: What a null does.
    """

    def other(value: Any) -> Any:
        """A value that is no plain dict; gives a plain dict where it is one of a derived class."""
        if value is None and nulls != "refuse":
            return None
        if isinstance(value, dict) and (has_fields if schema is not None else not isinstance(value, Struct)):
            return pair.one(dict(value))
        raise not_rows(schema, value, purpose)

    has_fields = schema is not None and schema.type is Type.STRUCT
    skip = nulls == "pass"
    if schema is not None and not has_fields:
        return _refusing(schema, lambda value: not_rows(schema, value, purpose), skip)
    try:
        made = change(schema)
    except DataError as error:
        return _refusing(schema, _instead(schema, purpose, error), skip)
    pair = rows(
        made.result, "other(v)", steps=made.steps, constants={**made.constants, "other": other}, hasty=made.hasty
    )
    return Plan(made.schema, pair.one, pair.many, skip)


def _instead(schema: Schema | None, purpose: str, error: DataError) -> Callable[[Any], DataError]:
    """The error for a value that cannot be changed: Kafka Connect looks at the value before the schema's fields."""

    def answer(value: Any) -> DataError:
        if value is None or (isinstance(value, dict) and (schema is not None or not isinstance(value, Struct))):
            return copy.copy(error)  # an error that is raised again would collect traces
        return not_rows(schema, value, purpose)

    return answer


def _refusing(schema: Schema | None, error: Callable[[Any], DataError], skip_null: bool) -> Plan:
    def one(value: Any) -> Any:
        if value is None and skip_null:
            return None
        raise error(value)

    return Plan(schema, one, lambda values: [one(value) for value in values], skip_null)


# -- errors -----------------------------------------------------------------------------------------------------------


def class_name(value: Any, schema: Schema | None = None) -> str:
    """The name of the Java class that carries such a value, ``null`` for none."""
    return "null" if value is None else java_class(value, schema).removeprefix("class ")


def not_rows(schema: Schema | None, value: Any, purpose: str) -> DataError:
    """The error for a value without fields where fields are needed."""
    found = class_name(value, schema)
    if schema is None:
        text = f"Only Map objects supported in absence of schema for [{purpose}], found: {found}"
    else:
        text = f"Only Struct objects supported for [{purpose}], found: {found}"
    remedy = (
        "Guard the transform with a predicate, or use a converter that gives structs or maps, such as JsonConverter."
    )
    return DataError(text, code="BRN-2171", remedy=remedy)


def strictly(text: str) -> DataError:
    """The error of strict mode for what Kafka Connect would do in silence."""
    return DataError(
        text, code="BRN-2176", remedy="Correct the setting, guard the transform with a predicate, or set strict=false."
    )


# -- source -----------------------------------------------------------------------------------------------------------


def field_of(row: str, name: str | None, default: str | None = None, variable: str = "x") -> str:
    """An expression for a field's value.

    Args:
        row: A variable with a dict.
        name: The field.
        default: A constant to take instead of a null.
        variable: One that the expression may use.
    """
    if default is None:
        return f"{row}.get({literal(name)})"
    return f"({default} if ({variable} := {row}.get({literal(name)})) is None else {variable})"


def edited(*edits: Iterable[str]) -> list[str]:
    """Statements that make ``d``, a copy of the row, and edit it."""
    return ["d = v.copy()", *chain.from_iterable(edits)]


def dropping(names: Iterable[str]) -> list[str]:
    """Statements that take fields out of ``d``."""
    return [f"d.pop({literal(name)}, None)" for name in names]


def defaults(schema: Schema | None, row: str, constants: dict[str, Any], *, replace: bool) -> list[str]:
    """Statements that treat nulls of a copied row as Kafka Connect does when it copies the fields one by one.

    Args:
        schema: Of the copy; its fields are those to look at.
        row: The variable with the copy.
        constants: Receives the defaults.
        replace: Whether defaults replace nulls (``replace.null.with.default``); otherwise a null in a required field
            is refused, default or not.
    """
    steps = []
    for field in schema.fields if schema is not None else ():
        if field.schema.default is None or (not replace and field.schema.optional):
            continue
        name = literal(field.name)
        if replace:
            constant = f"default{len(constants)}"
            constants[constant] = field.schema.default
            steps.append(f"if {row}.get({name}) is None: {row}[{name}] = {constant}")
        else:
            constant = f"required{len(constants)}"
            constants[constant] = _refuse_null(field.name, field.schema)
            steps.append(f"if {row}.get({name}) is None: {constant}()")
    return steps


def _refuse_null(name: str, schema: Schema) -> Callable[[], None]:
    def refuse() -> None:
        raise required(name, schema)

    return refuse


def required(name: str, schema: Schema) -> DataError:
    """The error for a null in a required field."""
    return DataError(
        f'Invalid value: null used for required field: "{name}", schema type: {schema.type.name}',
        code="BRN-2174",
        remedy="Give a value, or make the field optional.",
    )


def basics(schema: Schema) -> SchemaBuilder:
    """A STRUCT without fields: name, version, doc and parameters of another one; required, and without its default."""
    builder = SchemaBuilder.struct().parameters(schema.parameters)
    if schema.name is not None:
        builder.name(schema.name)
    if schema.version is not None:
        builder.version(schema.version)
    return builder if schema.doc is None else builder.doc(schema.doc)
