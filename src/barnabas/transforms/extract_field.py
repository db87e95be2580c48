"""ExtractField: a record's key or value becomes one of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.source import literal
from barnabas._schema.exact import Struct
from barnabas.config import ConfigDef, Type, invalid
from barnabas.errors import IllegalArgumentError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.schema import Type as SchemaType
from barnabas.transforms._compiled import tried
from barnabas.transforms._field_path import SYNTAX, define_syntax, parse_path
from barnabas.transforms._rows import Change, Nulls, RowTransformation, field_of, not_rows, strictly
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, strict_of
from barnabas.transforms.side import Plan, Side

__all__ = ["ExtractFieldKey", "ExtractFieldValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class _ExtractField(RowTransformation[R], Generic[R]):
    """What both sides share.

    A field that the schema does not have fails the record; one that a schemaless map lacks is null, or with ``strict``
    fails too.
    """

    CONFIG: ClassVar[ConfigDef] = define_syntax(
        ConfigDef()
        .define("field", Type.STRING, importance="medium", doc="The field to take.")
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )
    PURPOSE: ClassVar[str] = "field extraction"
    NULLS: ClassVar[Nulls] = "change"

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings; a path with a lone backtick is refused."""
        config = self.CONFIG.parse(props)
        self._field = config["field"]
        if self._field is None:
            raise invalid("field", None, "Value must be non-null", remedy="Name the field to take.")
        self._steps = parse_path(self._field, config[SYNTAX])
        self._replace = config[REPLACE_NULL]
        self._strict = strict_of(props)

    def plan(self, schema: Schema | None) -> Plan:
        """Compile the look-ups, twice: once for columns of rows that lack nothing on the path."""
        plan = super().plan(schema)
        if self._strict or not self._steps or (schema is not None and not self._without_defaults(schema)):
            return plan
        return Plan(plan.schema, plan.one, tried(rows.reaching(self._steps), plan.many), plan.skip_null)

    def _without_defaults(self, schema: Schema) -> bool:
        """Whether the path is one of the schema's, and a null on it is what it is."""
        here = schema
        for step in self._steps:
            field = here.field(step) if here.type is SchemaType.STRUCT else None
            if field is None or field.schema.default is not None:
                return False
            here = field.schema
        return True

    def change(self, schema: Schema | None) -> Change:
        """One look-up a step of the path."""
        if not self._steps:
            return Change(None, "nowhere()", constants={"nowhere": _nowhere})
        return self._from_map() if schema is None else self._from_struct(schema)

    def _from_struct(self, schema: Schema) -> Change:
        constants: dict[str, Any] = {}
        row, here, guards, value = "v", schema, "", ""
        for at, step in enumerate(self._steps):
            field = here.field(step)
            if field is None:
                known = ", ".join(f.name for f in here.fields)
                raise IllegalArgumentError(f"Unknown field: {self._field}", key="field", remedy=f"Fields are: {known}.")
            if at:
                row = f"x{at}"
                guards += f"None if ({row} := {value}) is None else "
            here = field.schema
            default = None
            if self._replace and here.default is not None:
                default = f"default{at}"
                constants[default] = here.default
            value = field_of(row, step, default, f"y{at}")
        return Change(here, guards + value, constants=constants)

    def _from_map(self) -> Change:
        constants: dict[str, Any] = {"there": self._there}
        last = len(self._steps) - 1
        value = self._look_up(f"x{last}" if last else "v", self._steps[last])
        for at in range(last - 1, -1, -1):
            found = self._look_up(f"x{at}" if at else "v", self._steps[at])
            constants[f"deep{at}"] = partial(self._deep, self._steps[at + 1 :])
            value = f"({value} if type(x{at + 1} := {found}) is dict else deep{at}(x{at + 1}))"
        return Change(None, value, constants=constants)

    def _look_up(self, row: str, step: str) -> str:
        return f"there({row}, {literal(step)})" if self._strict else field_of(row, step)

    def _deep(self, steps: tuple[str, ...], value: Any) -> Any:
        """Where a path goes on from a value that is no plain dict."""
        for step in steps:
            if value is None:
                return None
            if not isinstance(value, dict) or isinstance(value, Struct):
                raise not_rows(None, value, "nested field access")
            value = self._there(value, step) if self._strict else value.get(step)
        return value

    def _there(self, row: dict[str, Any], step: str) -> Any:
        if step not in row:
            raise strictly(f"The value has no field {step!r}, which {self._field!r} asks for.")
        return row[step]


def _nowhere() -> Any:
    raise IllegalArgumentError("fromIndex(0) > toIndex(-1)", key="field", remedy="Name a field: the path is empty.")


class ExtractFieldKey(_ExtractField[R], Generic[R]):
    """The key becomes one of its fields."""

    SIDE: ClassVar[Side] = "key"


class ExtractFieldValue(_ExtractField[R], Generic[R]):
    """The value becomes one of its fields."""
