"""ValueToKey: fields of the value become the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.rows import Fast
from barnabas._columns.source import dict_of, literal
from barnabas.config import ConfigDef, Type
from barnabas.errors import DataError
from barnabas.record import Batch, SinkRecord, SourceRecord
from barnabas.schema import Schema, SchemaBuilder
from barnabas.transforms._rows import Change, field_of, plan_rows, strictly
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, NamesOnce, distinct, strict_of
from barnabas.transforms.side import Plan, SidedTransformation, operating, replaced

__all__ = ["ValueToKey"]

R = TypeVar("R", SourceRecord, SinkRecord)


class ValueToKey(SidedTransformation[R], Generic[R]):
    """Replaces the key with a struct or map of some fields of the value, which stays as it is.

    A field that the schema does not have fails the record; one that a schemaless map lacks is null in the key, or with
    ``strict`` fails too. So does a value that is null.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define("fields", Type.LIST, importance="high", validator=NamesOnce(empty=False), doc="The key's fields.")
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings."""
        config = self.CONFIG.parse(props)
        self._fields = distinct(config["fields"])
        self._replace = config[REPLACE_NULL]
        self._strict = strict_of(props)

    def plan(self, schema: Schema | None) -> Plan:
        """From values to keys."""
        return plan_rows(schema, "copying fields from value to key", self._change, "refuse")

    def apply(self, record: R) -> R:
        """Change one record."""
        plan = self.planned(record.value_schema)
        return record.new_record(key=plan.one(record.value), key_schema=plan.schema)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Make the column of keys."""
        if batch.value_schemas is None:
            plan = self.planned(batch.value_schema)
            return batch.replace(keys=plan.many(batch.values), key_schema=plan.schema), None
        return replaced(batch, "key", *self.changed(*operating(batch, "value"))), None

    def _change(self, schema: Schema | None) -> Change:
        if schema is None:
            members = {name: field_of("v", name) for name in self._fields}
            if self._strict:
                members = {name: f"there(v, {literal(name)})" for name in self._fields}
                return Change(None, dict_of(members), constants={"there": _there})
            return Change(None, dict_of(members), hasty=self._hastily())
        constants: dict[str, Any] = {}
        members = {}
        builder = SchemaBuilder.struct()
        for at, name in enumerate(self._fields):
            field = schema.field(name)
            if field is None:
                known = ", ".join(f.name for f in schema.fields)
                raise DataError(
                    f"Field does not exist: {name}", code="BRN-2175", key="fields", remedy=f"Fields are: {known}."
                )
            builder.field(name, field.schema)
            default = None
            if self._replace and field.schema.default is not None:
                default = f"default{at}"
                constants[default] = field.schema.default
            members[name] = field_of("v", name, default)
        return Change(builder.build(), dict_of(members), (), constants, None if constants else self._hastily())

    def _hastily(self) -> Fast:
        """For values that have all the fields."""
        return rows.selecting({name: name for name in self._fields}, nulls=False)


def _there(row: dict[str, Any], name: str) -> Any:
    if name not in row:
        raise strictly(f"The value has no field {name!r} for the key.")
    return row[name]
