"""MaskField: fields of a record's key or value lose what they say, and keep their type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.rows import Column, Fast
from barnabas._columns.source import literal
from barnabas.config import ConfigDef, NonEmptyString, Type
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms._masks import Mask, mask_by_class, mask_of_schema
from barnabas.transforms._rows import Change, Nulls, RowTransformation, defaults, edited, strictly
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, NamesOnce, distinct, strict_of
from barnabas.transforms.side import Side

__all__ = ["MaskFieldKey", "MaskFieldValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class _MaskField(RowTransformation[R], Generic[R]):
    """What both sides share.

    Nulls stay null. Fields that a struct lacks are ignored and those a schemaless map lacks are added as null; with
    ``strict`` both fail the record, and so does a replacement that a number has no room for.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define("fields", Type.LIST, importance="high", validator=NamesOnce(empty=False), doc="The fields to mask.")
        .define(
            "replacement",
            Type.STRING,
            default=None,
            importance="low",
            validator=NonEmptyString(),
            doc="What numbers and text are replaced with, instead of zero or nothing.",
        )
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )
    PURPOSE: ClassVar[str] = "mask fields"
    NULLS: ClassVar[Nulls] = "refuse"

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings."""
        config = self.CONFIG.parse(props)
        self._fields = distinct(config["fields"])
        self._strict = strict_of(props)
        self._mask = Mask(config["replacement"], strict=self._strict)
        self._replace = config[REPLACE_NULL]

    def change(self, schema: Schema | None) -> Change:
        """A copy in which the fields are overwritten."""
        return self._in_map() if schema is None else self._in_struct(schema)

    def _in_map(self) -> Change:
        known, mask = mask_by_class(self._mask)

        def slowly(row: dict[str, Any], made: dict[str, Any]) -> None:
            for name in self._fields:
                value = row.get(name)
                made[name] = None if value is None else mask(value)

        constants: dict[str, Any] = {"known": known, "slowly": slowly, "missing": self._missing}
        checks, steps = [], []
        for name in map(literal, self._fields):
            if self._strict:
                checks.append(f"if {name} not in v: missing({name})")
            steps.append(f"    d[{name}] = known[type(v.get({name}))]")
        trying = edited(checks, ["try:"], steps, ["except KeyError: slowly(v, d)"])
        return Change(None, "d", trying, constants, None if self._strict else self._of_texts())

    def _of_texts(self) -> Fast:
        """For rows that have all the fields, and text in them: most of what is masked is text."""
        put = rows.putting(self._fields, skipped=[False] * len(self._fields), nulls=False)
        masks = (self._mask.text(),) * len(self._fields)

        def hasty(values: Column) -> Column | None:
            for name in self._fields:
                found = rows.column(values, name)
                if found is None or not rows.all_of(found, str):
                    return None
            return put(values, masks)

        return hasty

    def _in_struct(self, schema: Schema) -> Change:
        constants: dict[str, Any] = {}
        steps = edited(defaults(schema, "d", constants, replace=self._replace))
        for at, name in enumerate(self._fields):
            field = schema.field(name)
            if field is None:
                if self._strict:
                    self._missing(name)
                continue
            value, constant = mask_of_schema(self._mask, field.schema, f"mask{at}")
            constants |= constant
            steps.append(f"if (x := d.get({literal(name)})) is not None: d[{literal(name)}] = {value}")
        return Change(schema, "d", steps, constants)

    @staticmethod
    def _missing(name: str) -> None:
        raise strictly(f"The field {name!r} that is to be masked does not exist.")


class MaskFieldKey(_MaskField[R], Generic[R]):
    """Masks fields of the key."""

    SIDE: ClassVar[Side] = "key"


class MaskFieldValue(_MaskField[R], Generic[R]):
    """Masks fields of the value."""
