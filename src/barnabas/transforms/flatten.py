"""Flatten: nested fields of a record's key or value become fields of their own, named by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas.config import ConfigDef, Type
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms._compiled import tried
from barnabas.transforms._flat import FlatMaps, FlatStructs
from barnabas.transforms._rows import Change, RowTransformation
from barnabas.transforms._settings import strict_of
from barnabas.transforms.side import Plan, Side

__all__ = ["FlattenKey", "FlattenValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class _Flatten(RowTransformation[R], Generic[R]):
    """What both sides share.

    Arrays stay as they are, and so does a null. With a schema, maps fail the record, and children of a field that may
    be null may be null. Where two fields of schemaless maps get one name the later one stays; with ``strict`` that
    fails the record.
    """

    CONFIG: ClassVar[ConfigDef] = ConfigDef().define(
        "delimiter", Type.STRING, default=".", importance="medium", doc="What stands between the names of a path."
    )
    PURPOSE: ClassVar[str] = "flattening"

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings."""
        delimiter = self.CONFIG.parse(props)["delimiter"]
        self._delimiter = "null" if delimiter is None else str(delimiter)  # as Java joins a null to text
        self._strict = strict_of(props)

    def plan(self, schema: Schema | None) -> Plan:
        """Compile the change."""
        made = super().plan(schema)
        if schema is not None:
            return made
        return Plan(None, made.one, tried(rows.flattening(self._delimiter), made.many))

    def change(self, schema: Schema | None) -> Change:
        """A copy, edited."""
        if schema is None:
            return Change(None, "flat(v)", constants={"flat": FlatMaps(self._delimiter, strict=self._strict)})
        made = FlatStructs(schema, self._delimiter)
        return Change(made.schema, "d" if made.steps else "v", made.steps, made.constants)


class FlattenKey(_Flatten[R], Generic[R]):
    """Flattens the key."""

    SIDE: ClassVar[Side] = "key"


class FlattenValue(_Flatten[R], Generic[R]):
    """Flattens the value."""
