"""HeaderFrom: fields of a record's key or value become headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.headers import headers_of
from barnabas._columns.source import literal
from barnabas._schema.names import schema_text
from barnabas.config import ConfigDef, Type, ValidString
from barnabas.errors import ConfigError, DataError
from barnabas.record import Batch, Header, Headers, SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.schema import Type as SchemaType
from barnabas.transforms._rows import Change, basics, defaults, dropping, edited, field_of, plan_rows, strictly
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, NonEmptyList, strict_of
from barnabas.transforms.side import Plan, Plans, Side, SidedTransformation, operating, replaced, spans

__all__ = ["HeaderFromKey", "HeaderFromValue"]

R = TypeVar("R", SourceRecord, SinkRecord)


class _HeaderFrom(SidedTransformation[R], Generic[R]):
    """What both sides share.

    Headers are added after those that are there, whatever their names. A field that the schema does not have fails the
    record; one that a schemaless map lacks becomes a null header, or with ``strict`` fails too.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define("fields", Type.LIST, importance="high", validator=NonEmptyList(), doc="The fields, in order.")
        .define(
            "headers",
            Type.LIST,
            importance="high",
            validator=NonEmptyList(),
            doc="The name of the header for each field, in the order of the fields.",
        )
        .define(
            "operation",
            Type.STRING,
            importance="high",
            validator=ValidString("move", "copy"),
            doc="move takes the fields away, copy leaves them.",
        )
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )

    def __init__(self) -> None:
        super().__init__()
        self._headers_of = Plans(self._header_plan)

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings; there has to be a header for each field."""
        config = self.CONFIG.parse(props)
        self._fields: list[str] = config["fields"]
        self._headers: list[str] = config["headers"]
        if len(self._fields) != len(self._headers):
            raise ConfigError(
                "'fields' config must have the same number of elements as 'headers' config.",
                key="headers",
                remedy="Name a header for each field.",
            )
        self._move = config["operation"] == "move"
        self._purpose = f"header {config['operation']}"
        self._replace = config[REPLACE_NULL]
        self._strict = strict_of(props)

    def plan(self, schema: Schema | None) -> Plan:
        """What is left of values."""
        return plan_rows(
            schema, self._purpose, self._rest if self._move else lambda schema: Change(schema, "v"), "refuse"
        )

    def apply(self, record: R) -> R:
        """Change one record."""
        key = self.SIDE == "key"
        schema, value = (record.key_schema, record.key) if key else (record.value_schema, record.value)
        plan = self.planned(schema)
        rest = plan.one(value)
        headers = Headers(record.headers or ())
        headers.extend(self._headers_of(schema).one(value))
        if key:
            return record.new_record(key=rest, key_schema=plan.schema, headers=headers)
        return record.new_record(value=rest, value_schema=plan.schema, headers=headers)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Change a column; its headers are made when they are first asked for, unless a record may have none."""
        schema, schemas, column = operating(batch, self.SIDE)
        rest = self.changed(schema, schemas, column)  # looks at every value: what is still to be done cannot fail

        def headers() -> list[Headers | None]:
            quick = self._quick_headers(batch, schema, column) if schemas is None else None
            if quick is not None:
                return quick
            added: list[list[Header]] = []
            for start, end in spans(schemas) if schemas is not None else ((0, len(column)),):
                here = schema if schemas is None else schemas[start]
                added += self._headers_of(here).many(column[start:end])
            old = batch.headers
            if old is None:
                return list(map(Headers, added))
            return [Headers(had + new) if had else Headers(new) for had, new in zip(old, added, strict=True)]

        sure = all(map(self._never_fails, {schema} if schemas is None else set(schemas)))
        return replaced(batch, self.SIDE, *rest, headers=headers if sure else headers()), None

    def _quick_headers(self, batch: Batch[R], schema: Schema | None, column: list[Any]) -> list[Headers | None] | None:
        """Where the values are rows that have all the fields, and no null among them has another meaning."""
        if self._strict or (schema is not None and schema.type is not SchemaType.STRUCT):
            return None
        fields = [None if schema is None else schema.field(name) for name in self._fields]
        plain = schema is None or all(
            field is not None and field.schema.optional and field.schema.default is None for field in fields
        )
        columns = [rows.column(column, name) for name in self._fields] if plain else [None]
        found = tuple([values for values in columns if values is not None])
        if len(found) < len(self._fields):
            return None
        schemas = tuple([None if field is None else field.schema for field in fields])
        return headers_of(batch.headers, len(column), tuple(self._headers), found, schemas)

    def _never_fails(self, schema: Schema | None) -> bool:
        """Whether headers can be made of every row, so that it can wait until somebody asks for them."""
        if schema is None:
            return not self._strict
        if schema.type is not SchemaType.STRUCT:
            return False
        fields = [schema.field(name) for name in self._fields]
        return all(
            field is not None and (field.schema.optional or (self._replace and field.schema.default is not None))
            for field in fields
        )

    def _rest(self, schema: Schema | None) -> Change:
        steps = edited(dropping(dict.fromkeys(self._fields)))
        if schema is None:
            return Change(None, "d", steps)
        builder = basics(schema)
        for field in schema.fields:
            if field.name not in self._fields:
                builder.field(field.name, field.schema)
        changed = builder.build()
        constants: dict[str, Any] = {}
        steps += defaults(changed, "d", constants, replace=self._replace)
        return Change(changed, "d", steps, constants)

    def _header_plan(self, schema: Schema | None) -> Plan:
        """A list of headers for each value."""
        return plan_rows(schema, self._purpose, self._taken, "refuse")

    def _taken(self, schema: Schema | None) -> Change:
        constants: dict[str, Any] = {"header": Header, "there": _there}
        made = []
        for at, (name, header) in enumerate(zip(self._fields, self._headers, strict=True)):
            if schema is None:
                value = f"there(v, {literal(name)})" if self._strict else field_of("v", name)
                made.append(f"header({literal(header)}, {value})")
            else:
                value = self._value(schema, name, at, constants)
                made.append(f"header({literal(header)}, {value}, schema{at})")
        return Change(None, f"[{', '.join(made)}]", constants=constants)

    def _value(self, schema: Schema, name: str, at: int, constants: dict[str, Any]) -> str:
        field = schema.field(name)
        if field is None:
            known = ", ".join(f.name for f in schema.fields)
            raise DataError(f"Unknown field: {name}", code="BRN-2175", key="fields", remedy=f"Fields are: {known}.")
        constants[f"schema{at}"] = field.schema
        default = None
        if self._replace and field.schema.default is not None:
            default = f"default{at}"
            constants[default] = field.schema.default
        value = field_of("v", name, default)
        if field.schema.optional:
            return value
        constants[f"null{at}"] = _refuse_null(field.schema)
        return f"(null{at}() if (y := {value}) is None else y)"


def _there(row: dict[str, Any], name: str) -> Any:
    if name not in row:
        raise strictly(f"There is no field {name!r} for a header.")
    return row[name]


def _refuse_null(schema: Schema) -> Callable[[], Any]:
    def refuse() -> Any:
        raise DataError(
            f"A null value requires an optional schema but was {schema_text(schema)}",
            code="BRN-2174",
            remedy="Give a value, or make the field optional.",
        )

    return refuse


class HeaderFromKey(_HeaderFrom[R], Generic[R]):
    """Fields of the key become headers."""

    SIDE: ClassVar[Side] = "key"


class HeaderFromValue(_HeaderFrom[R], Generic[R]):
    """Fields of the value become headers."""
