"""SetSchemaMetadata: the schema of a record's key or value gets another name or version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas.config import ConfigDef, Type
from barnabas.errors import ConfigError, DataError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.schema import Type as SchemaType
from barnabas.transforms._rows import Change, defaults, edited, plan_rows
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS
from barnabas.transforms.side import Plan, Side, SidedTransformation

__all__ = ["SetSchemaMetadataKey", "SetSchemaMetadataValue"]

R = TypeVar("R", SourceRecord, SinkRecord)

_CODE = "BRN-2178"


class _SetSchemaMetadata(SidedTransformation[R], Generic[R]):
    """What both sides share. Only structs can be renamed; a schemaless value fails the record, a tombstone passes."""

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define("schema.name", Type.STRING, default=None, importance="high", doc="The schema's new name.")
        .define("schema.version", Type.INT, default=None, importance="high", doc="The schema's new version.")
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings; one of name and version is needed."""
        config = self.CONFIG.parse(props)
        given = {"name": config["schema.name"], "version": config["schema.version"]}
        self._parts: dict[str, Any] = {part: value for part, value in given.items() if value is not None}
        if not self._parts:
            raise ConfigError(
                "Neither schema name nor version configured", remedy="Set schema.name, schema.version or both."
            )
        self._replace = config[REPLACE_NULL]

    def plan(self, schema: Schema | None) -> Plan:
        """The same rows under the new schema, and their defaults filled in."""
        if schema is None:
            return Plan(None, _schemaless, lambda values: [_schemaless(value) for value in values])
        if schema.type is not SchemaType.STRUCT:
            return Plan(schema, _no_struct, lambda values: [_no_struct(value) for value in values], skip_null=False)
        return plan_rows(schema, "updating schema metadata", self._change, "change")

    def _change(self, schema: Schema | None) -> Change:
        assert schema is not None, "schemaless values have no metadata"
        constants: dict[str, Any] = {}
        steps = defaults(schema, "d", constants, replace=self._replace)
        changed = schema.replace(**self._parts)
        return Change(changed, "d", edited(steps), constants) if steps else Change(changed, "v")


def _schemaless(value: Any) -> Any:
    if value is None:
        return None
    raise DataError(
        "Schema required for [updating schema metadata]",
        code=_CODE,
        remedy="Use a converter that gives schemas, or guard the transform with a predicate.",
    )


def _no_struct(_: Any) -> Any:
    raise DataError(
        "Cannot list fields on non-struct type", code=_CODE, remedy="Only structs can get a name or a version."
    )


class SetSchemaMetadataKey(_SetSchemaMetadata[R], Generic[R]):
    """Renames the schema of the key."""

    SIDE: ClassVar[Side] = "key"


class SetSchemaMetadataValue(_SetSchemaMetadata[R], Generic[R]):
    """Renames the schema of the value."""
