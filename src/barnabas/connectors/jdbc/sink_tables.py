"""Tables made and widened as the settings allow, and what stands ready to write to each of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from barnabas import ConnectError
from barnabas.connectors.jdbc.dialects.base import Dialect, TableId
from barnabas.connectors.jdbc.sink_catalog import Target, find_target, folded
from barnabas.connectors.jdbc.sink_kinds import Kind, kind_of
from barnabas.connectors.jdbc.sink_load import Loader
from barnabas.connectors.jdbc.sink_settings import SinkSettings
from barnabas.connectors.jdbc.sink_steps import Step
from barnabas.schema import Date, Schema, Time, Timestamp, Type

__all__ = ["Bound", "Tables", "ddl_schema"]

log = logging.getLogger(__name__)

_DDL: Mapping[Kind, Schema] = {
    "days": Date.SCHEMA,
    "time_ms": Time.SCHEMA,
    "time_us": Time.SCHEMA,
    "time_ns": Time.SCHEMA,
    "stamp_ms": Timestamp.SCHEMA,
    "stamp_us": Timestamp.SCHEMA,
    "stamp_ns": Timestamp.SCHEMA,
}
_JSON = Schema(Type.STRING, name="io.debezium.data.Json", version=1)
_HAPPENED = {"42P07", "42701", "23505", "42710"}  # somebody else made the same table or column meanwhile


def ddl_schema(name: str, schema: Schema, settings: SinkSettings) -> Schema:
    """The schema that decides about the type of a column that has to be made."""
    kind = kind_of(schema, debezium=settings.debezium or name in settings.stamp_fields)
    if kind in ("json", "any"):
        return _JSON.replace(optional=schema.optional)
    found = _DDL.get(kind)
    if found is not None:
        return found.replace(optional=schema.optional)
    return schema if settings.debezium else schema.replace(name=schema.name if kind in _LOGICAL else None)


_LOGICAL: frozenset[Kind] = frozenset({"decimal", "date", "time", "timestamp"})


class Bound:
    """A table and a set of columns, ready to be written to.

    Args:
        table: Where.
        names: The columns, as the table has them.
        keys: Those of the key.
        loader: Writes the rows.
        stage: The staging table for them.
    """

    def __init__(self, table: TableId, names: Sequence[str], keys: Sequence[str], loader: Loader, stage: str) -> None:
        self.table = table
        self.names = names
        self.keys = keys
        self.loader = loader
        self.stage = stage
        self.staged = False  # the staging table was made in this session


class Tables:
    """What is known of the tables, in one session.

    Args:
        dialect: The database's.
        settings: The connector's.
    """

    def __init__(self, dialect: Dialect, settings: SinkSettings) -> None:
        self._dialect = dialect
        self._settings = settings
        self._targets: dict[str, Target] = {}
        self._bound: dict[tuple[Any, ...], Bound] = {}
        self._stages: dict[tuple[str, ...], str] = {}  # kept: a name must not stand for two tables at once

    def forget(self) -> None:
        """Look at every table anew: something about one of them was not as expected."""
        self._targets.clear()
        self._bound.clear()

    def bind(self, connection: Any, step: Step) -> Bound | None:
        """What a step needs; asks the catalogue, and makes table and columns, the first time only.

        ``None``: the step deletes from a table that is still to be made, for rows with more columns than the key.

        Raises:
            ConnectError: The table or a column is missing, and may not be made.
        """
        key = (step.table, step.kind == "delete", tuple(step.keys.items()), tuple(step.fields.items()))
        bound = self._bound.get(key)
        if bound is None:
            if step.kind == "delete" and self._settings.create and not self._exists(connection, step.table):
                return None
            bound = self._bound[key] = self._bind(connection, step)
        return bound

    def _exists(self, connection: Any, name: str) -> bool:
        return name in self._targets or bool(find_target(connection, self._dialect, self._dialect.parse_table(name)))

    def _bind(self, connection: Any, step: Step) -> Bound:
        columns = {**step.keys, **step.fields}
        target = self._targets.get(step.table) or self._find(connection, step.table, columns, [*step.keys])
        missing = {name: schema for name, schema in columns.items() if self._fold(name) not in target.columns}
        if missing:
            target = self._widen(connection, target, missing)
        self._targets[step.table] = target
        found = [target.columns[self._fold(name)] for name in columns]
        names = [column.name for column in found]
        loader = Loader(columns, [column.type for column in found], self._settings.zone)
        stage = self._stages.setdefault((step.table, *names), f"pg_temp.barnabas_stage_{len(self._stages)}")
        return Bound(target.table, names, names[: len(step.keys)], loader, stage)

    def _fold(self, name: str) -> str:
        return folded(self._dialect, name)

    def _find(self, connection: Any, name: str, columns: Mapping[str, Schema], keys: Sequence[str]) -> Target:
        table = self._dialect.parse_table(name)
        target = find_target(connection, self._dialect, table)
        if target is not None:
            return target
        fields = {column: ddl_schema(column, schema, self._settings) for column, schema in columns.items()}
        sql = self._dialect.create_table(table, fields, keys)
        if not self._settings.create:
            raise ConnectError(
                f"There is no table {table.plain}.",
                code="BRN-6190",
                key=self._settings.keys["create"],
                remedy=f"Create it: {sql}; or have it created: {self._settings.keys['create_on']}.",
            )
        self._change(connection, sql, f"create the table {table.plain}")
        return self._again(connection, table)

    def _widen(self, connection: Any, target: Target, missing: Mapping[str, Schema]) -> Target:
        fields = {column: ddl_schema(column, schema, self._settings) for column, schema in missing.items()}
        sql = self._dialect.add_columns(target.table, fields)
        if not self._settings.evolve:
            target = self._again(connection, target.table)  # somebody may have added them since it was looked at
            if all(self._fold(name) in target.columns for name in missing):
                return target
            raise ConnectError(
                f"The table {target.table.plain} has no column {', '.join(missing)}.",
                code="BRN-6189",
                key=self._settings.keys["evolve"],
                remedy=f"Add it: {sql}; or have it added: {self._settings.keys['evolve_on']}; or leave the field out "
                f"with {self._settings.keys['include']}.",
            )
        self._change(connection, sql, f"add columns to {target.table.plain}")
        return self._again(connection, target.table)

    def _change(self, connection: Any, sql: str, doing: str) -> None:
        log.info("To %s: %s", doing, sql)
        with self._dialect.explained(doing):
            try:
                with connection.transaction():
                    connection.execute(sql)
            except Exception as error:
                if getattr(error, "sqlstate", None) not in _HAPPENED:
                    raise
                log.info("It was there already when it came to %s.", doing)

    def _again(self, connection: Any, table: TableId) -> Target:
        target = find_target(connection, self._dialect, table)
        if target is None:
            raise ConnectError(
                f"The table {table.plain} was made, but is not found.",
                code="BRN-6190",
                remedy="Say in which schema it is: schema.table, or ?currentSchema= in connection.url.",
            )
        return target
