"""ExtractField: a record's key or value becomes one of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas.config import ConfigDef, Type, invalid
from barnabas._schema.exact import Struct
from barnabas.errors import IllegalArgumentError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms._compiled import literal
from barnabas.transforms._field_path import SYNTAX, define_syntax, parse_path
from barnabas.transforms._rows import Change, Nulls, RowTransformation, field_of, not_rows, strictly
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, strict_of
from barnabas.transforms.side import Side

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
        row, guards, value = "v", "", ""
        for at, step in enumerate(self._steps):
            if at:
                row = f"x{at}"
                guards += f"None if ({row} if type({row} := {value}) is dict else inner({row})) is None else "
            value = f"there({row}, {literal(step)})" if self._strict else field_of(row, step)
        return Change(None, guards + value, constants={"inner": _inner, "there": self._there})

    def _there(self, row: dict[str, Any], step: str) -> Any:
        if step not in row:
            raise strictly(f"The value has no field {step!r}, which {self._field!r} asks for.")
        return row[step]


def _inner(value: Any) -> Any:
    """What lies on a path through schemaless values and is no plain dict."""
    if value is None or (isinstance(value, dict) and not isinstance(value, Struct)):
        return value
    raise not_rows(None, value, "nested field access")


def _nowhere() -> Any:
    raise IllegalArgumentError("fromIndex(0) > toIndex(-1)", key="field", remedy="Name a field: the path is empty.")


class ExtractFieldKey(_ExtractField[R], Generic[R]):
    """The key becomes one of its fields."""

    SIDE: ClassVar[Side] = "key"


class ExtractFieldValue(_ExtractField[R], Generic[R]):
    """The value becomes one of its fields."""
