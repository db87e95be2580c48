"""What can be found out about a configuration before anything is moved: across keys, and by asking the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barnabas import BarnabasError, ConfigValue
from barnabas.connectors.jdbc.connection import Connector
from barnabas.connectors.jdbc.dialects.base import Dialect, TableId
from barnabas.connectors.jdbc.sink_catalog import Target, find_target, folded, unique_keys
from barnabas.connectors.jdbc.sink_config import Flavour
from barnabas.connectors.jdbc.sink_names import placeholders, table_name
from barnabas.connectors.jdbc.sink_settings import KafkaColumns, SinkSettings

__all__ = ["check"]

_PRIVILEGES = {"insert": ("INSERT",), "upsert": ("INSERT", "UPDATE", "SELECT"), "update": ("UPDATE", "SELECT")}
_QUICK = {"connection.attempts": "1"}


def check(flavour: Flavour, props: Mapping[str, str]) -> list[ConfigValue]:
    """Every key with what is wrong with it.

    Args:
        flavour: The keys.
        props: As given.
    """
    values = flavour.definition.validate(props)
    by_name = {value.name: value for value in values}
    if any(value.errors for value in values):
        return values
    found: list[tuple[str, str]] = []
    try:
        config = flavour.definition.parse({**props, **_QUICK})
        settings = flavour.settings(config)
        found += _across(settings)
        connector = flavour.connector(config, "barnabas: validation")
        if not found:
            found += _in_database(connector, settings, props)
    except BarnabasError as error:
        found.append((error.key or "connection.url", str(error)))
    for key, message in found:
        by_name.get(key, by_name["connection.url"]).add_error(message)
    return values


def _across(settings: SinkSettings) -> list[tuple[str, str]]:
    """What contradicts itself."""
    keys = settings.keys
    mode, fields = keys["key_mode"], keys["key_fields"]
    found = []
    if settings.delete and settings.key_mode != "record_key":
        found.append(
            (keys["delete"], f"{keys['delete']}=true needs {mode}=record_key: deletes go by the record's key.")
        )
    if settings.insert_mode != "insert" and settings.key_mode == "none":
        modes = f"{keys['insert_mode']}={settings.insert_mode}"
        found.append((mode, f"{modes} needs to know the key. Set {mode} to record_key or record_value."))
    if settings.key_mode == "kafka" and len(settings.key_fields) not in (0, len(KafkaColumns)):
        found.append((fields, f"{mode}=kafka needs three names, for topic, partition and offset, or none at all."))
    if settings.key_mode == "record_header" and not settings.key_fields:
        found.append((fields, f"{mode}=record_header needs the names of the headers in {fields}."))
    if not settings.table_format.strip():
        found.append((keys["table_format"], "A table needs a name."))
    return found


def _in_database(connector: Connector, settings: SinkSettings, props: Mapping[str, str]) -> list[tuple[str, str]]:
    with connector.connect() as connection:
        found: list[tuple[str, str]] = []
        for topic in _topics(props):
            name = table_name(settings, topic)
            if topic in settings.table_names or not placeholders(name):
                found += _table(connection, connector, settings, name)
        if settings.insert_mode != "insert" or settings.delete:
            found += _temporary(connection, connector)
        return found


def _topics(props: Mapping[str, str]) -> list[str]:
    return [topic.strip() for topic in props.get("topics", "").split(",") if topic.strip()]


def _table(connection: Any, connector: Connector, settings: SinkSettings, name: str) -> list[tuple[str, str]]:
    dialect, keys = connector.dialect, settings.keys
    table = dialect.parse_table(name)
    target = find_target(connection, dialect, table)
    if target is None:
        return _missing(connection, connector, settings, table)
    found = _allowed(connection, connector, settings, table)
    found += _keyed(connection, dialect, settings, target)
    absent = [field for field in settings.key_fields if folded(dialect, field) not in target.columns]
    if absent and not settings.evolve:
        message = f"The table {table.plain} has no column {', '.join(absent)}; it has {', '.join(target.columns)}."
        found.append((keys["key_fields"], message))
    return found


def _missing(connection: Any, connector: Connector, settings: SinkSettings, table: TableId) -> list[tuple[str, str]]:
    if not settings.create:
        ddl = f"CREATE TABLE {connector.dialect.identifier(table)} (…);"
        message = f"There is no table {table.plain}. {ddl} Or have it created: {settings.keys['create_on']}."
        return [(settings.keys["create"], message)]
    schema = table.schema or connection.execute("SELECT current_schema()").fetchone()[0]
    row = connection.execute(
        "SELECT has_schema_privilege(oid, 'CREATE'), current_user FROM pg_namespace WHERE nspname = %s", [schema]
    ).fetchone()
    if row is None:
        return [(settings.keys["table_format"], f"There is no schema {schema}: CREATE SCHEMA {schema};")]
    if not row[0]:
        return [
            (
                settings.keys["create"],
                f"{row[1]} may not create tables in {schema}. GRANT CREATE ON SCHEMA {schema} TO {row[1]};",
            )
        ]
    return []


def _allowed(connection: Any, connector: Connector, settings: SinkSettings, table: TableId) -> list[tuple[str, str]]:
    identifier = connector.dialect.identifier(table)
    wanted = [*_PRIVILEGES[settings.insert_mode], *(("DELETE", "SELECT") if settings.delete else ())]
    row = connection.execute(
        "SELECT current_user, array(SELECT p FROM unnest(%s::text[]) AS p "
        "WHERE NOT has_table_privilege(to_regclass(%s)::oid, p))",
        [[*dict.fromkeys(wanted)], identifier],
    ).fetchone()
    if not row[1]:
        return []
    lacking = ", ".join(row[1])
    return [
        (
            "connection.user",
            f"{row[0]} may not {lacking} on {table.plain}. GRANT {lacking} ON {identifier} TO {row[0]};",
        )
    ]


def _keyed(connection: Any, dialect: Dialect, settings: SinkSettings, target: Target) -> list[tuple[str, str]]:
    """An upsert goes by a key that the table knows."""
    if settings.insert_mode != "upsert":
        return []
    unique = unique_keys(connection, dialect, target.table)
    fields = settings.key_fields or (KafkaColumns if settings.key_mode == "kafka" else ())
    wanted = frozenset(folded(dialect, field) for field in fields)
    if wanted in unique or (unique and not wanted):
        return []
    identifier = dialect.identifier(target.table)
    columns = dialect.column_list(fields) if fields else "…"
    message = (
        f"An upsert needs a primary key or a unique constraint on ({columns}) of {target.table.plain}. "
        f"ALTER TABLE {identifier} ADD PRIMARY KEY ({columns});"
    )
    return [(settings.keys["key_fields"], message)]


def _temporary(connection: Any, connector: Connector) -> list[tuple[str, str]]:
    row = connection.execute(
        "SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_database(), current_user"
    ).fetchone()
    if row[0]:
        return []
    database = connector.dialect.quote(row[1])
    message = (
        f"{row[2]} may not make temporary tables, through which rows are written. "
        f"GRANT TEMPORARY ON DATABASE {database} TO {row[2]};"
    )
    return [("connection.user", message)]
