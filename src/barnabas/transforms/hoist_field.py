"""HoistField: a record's key or value becomes the only field of a struct or map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.rows import Column
from barnabas.config import ConfigDef, Type
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema, SchemaBuilder
from barnabas.transforms._rows import required
from barnabas.transforms.side import Plan, Side, SidedTransformation

__all__ = ["HoistFieldKey", "HoistFieldValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class _HoistField(SidedTransformation[R], Generic[R]):
    """What both sides share. A null is wrapped as well, unless its schema requires a value: that fails the record."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef().define(
        "field", Type.STRING, importance="medium", doc="The name of the one field that is made."
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings."""
        self._field: str = self.CONFIG.parse(props)["field"]

    def plan(self, schema: Schema | None) -> Plan:
        """A dict with one member."""
        name = self._field
        hoist = rows.hoisting(name)

        def hoisted(values: Column) -> Column:
            made = hoist(values)
            assert made is not None, "it is for every column"
            return made

        if schema is None:
            return Plan(None, lambda value: {name: value}, hoisted, False)
        if not name:
            return Plan(schema, self._unnamed, lambda values: [self._unnamed(value) for value in values], False)
        wrapped = SchemaBuilder.struct().field(name, schema).build()
        if schema.optional:
            return Plan(wrapped, lambda value: {name: value}, hoisted, False)

        def refuse() -> Any:
            raise required(name, schema)

        return Plan(
            wrapped,
            lambda value: {name: value} if value is not None else refuse(),
            lambda values: [{name: value} if value is not None else refuse() for value in values],
            False,
        )

    @staticmethod
    def _unnamed(_: Any) -> Any:
        SchemaBuilder.struct().field("", Schema.STRING)


class HoistFieldKey(_HoistField[R], Generic[R]):
    """The key becomes the only field of a struct or map."""

    SIDE: ClassVar[Side] = "key"


class HoistFieldValue(_HoistField[R], Generic[R]):
    """The value becomes the only field of a struct or map."""
