"""What a configuration needs on the server, looked at before anything runs; complaints stand at the key concerned."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from barnabas import BarnabasError, ConfigError
from barnabas.connectors.postgres.catalog import Catalog, TableRow
from barnabas.connectors.postgres.connection import Server
from barnabas.connectors.postgres.filters import Filters
from barnabas.connectors.postgres.session import captured_tables
from barnabas.connectors.postgres.slots import Publication, check_slot, look_up, slot_is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barnabas import Config, ConfigValue

__all__ = ["check_server"]

log = logging.getLogger(__name__)

_SHOWN = 5
_ROLE = """
SELECT rolsuper, rolreplication OR pg_has_role(rolname, 'rds_replication', 'MEMBER')
FROM pg_roles WHERE rolname = current_user"""
_PLAIN_ROLE = "SELECT rolsuper, rolreplication FROM pg_roles WHERE rolname = current_user"
_DEFAULT_KEY = "database.hostname"


def check_server(config: Config, values: Mapping[str, ConfigValue]) -> None:
    """Add an error for everything that would keep the connector from running.

    Args:
        config: A configuration without errors in itself.
        values: Where errors go, by key.
    """
    for error in _complaints(config):
        value = values.get(error.key or _DEFAULT_KEY) or values[_DEFAULT_KEY]
        value.add_error(error.describe())


def _complaints(config: Config) -> Iterator[BarnabasError]:
    server = Server(config)
    try:
        connection = server.connect()
    except BarnabasError as error:
        yield error
        return
    try:
        with server.explained("look at the server"):
            checks = (_wal_level(connection), _role(connection, server), _slot(connection, config, server))
            yield from (error for error in checks if error is not None)
            yield from _tables(connection, config, server)
    except BarnabasError as error:
        yield error
    finally:
        connection.close()


def _wal_level(connection: Any) -> BarnabasError | None:
    level = connection.execute("SHOW wal_level").fetchone()[0]
    if level == "logical":
        return None
    return ConfigError(
        f"The server's wal_level is {level}, which has too little in it to capture changes.",
        code="BRN-6120",
        key="database.hostname",
        remedy="ALTER SYSTEM SET wal_level = logical; then restart the server.",
    )


def _role(connection: Any, server: Server) -> BarnabasError | None:
    has_rds = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'rds_replication'").fetchone()
    superuser, replication = connection.execute(_ROLE if has_rds else _PLAIN_ROLE).fetchone()
    if superuser or replication:
        return None
    return ConfigError(
        f"The role {server.user} may not replicate.",
        code="BRN-6121",
        key="database.user",
        remedy=f'ALTER ROLE "{server.user}" REPLICATION;',
    )


def _slot(connection: Any, config: Config, server: Server) -> BarnabasError | None:
    name = config["slot.name"]
    slot = look_up(connection, name)
    if slot is None:
        return _room(connection)
    try:
        check_slot(slot, name, server.database)
    except BarnabasError as error:
        return error
    if slot.wal_status == "lost" and config["snapshot.mode"].lower() != "when_needed":
        return slot_is_lost(name)
    if slot.active_pid is not None and not _is_ours(connection, slot.active_pid):
        return ConfigError(
            f"The replication slot {name} is in use by the server process {slot.active_pid}.",
            code="BRN-6122",
            key="slot.name",
            remedy="Each connector needs a slot of its own. To end the one that has it: "
            f"SELECT pg_terminate_backend({slot.active_pid});",
        )
    return None


def _is_ours(connection: Any, pid: int) -> bool:
    """Whether a connector like this one reads from the slot: a running connector may be validated anew."""
    row = connection.execute("SELECT application_name FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    return row is None or str(row[0] or "").startswith("barnabas")


def _room(connection: Any) -> BarnabasError | None:
    used, most = connection.execute(
        "SELECT (SELECT count(*) FROM pg_replication_slots), current_setting('max_replication_slots')::int"
    ).fetchone()
    if used < most:
        return None
    return ConfigError(
        f"All {most} replication slots of the server are taken.",
        code="BRN-6127",
        key="slot.name",
        remedy="Drop unused ones (SELECT pg_drop_replication_slot('…');), or ALTER SYSTEM SET max_replication_slots = "
        "…; then restart the server.",
    )


def _tables(connection: Any, config: Config, server: Server) -> Iterator[BarnabasError]:
    via_root = config["publish.via.partition.root"]
    filters = Filters(config)
    catalog = Catalog(connection)
    rows = captured_tables(catalog, filters, via_root=via_root)
    if not rows and any(config[f"{kind}.include.list"] for kind in ("table", "schema")):
        log.warning("No table fits the include lists now; those made later are captured.")
    mode = config["publication.autocreate.mode"].lower()
    publication = Publication(server, config["publication.name"], mode, via_root=via_root)
    for_all = publication.all_tables(connection)
    if for_all is None and mode == "disabled":
        yield publication.missing()
    if for_all is None and mode == "all_tables" and not connection.execute(_PLAIN_ROLE).fetchone()[0]:
        yield ConfigError(
            f"The publication {publication.name} does not exist, and only a superuser can make one for all tables.",
            code="BRN-6124",
            key="publication.name",
            remedy=f"Let a superuser do it: {publication.statement([])}; or set publication.autocreate.mode=filtered.",
        )
    if for_all is False and mode == "disabled":
        published = publication.published(connection)
        absent = [str(row.id) for row in rows if (row.id.schema, row.id.name) not in published]
        if absent:
            yield ConfigError(
                f"The publication {publication.name} leaves out captured tables: {_list(absent)}.",
                code="BRN-6125",
                key="publication.name",
                remedy=f'ALTER PUBLICATION "{publication.name}" ADD TABLE {absent[0]};',
            )
    yield from _readable(connection, config, server, rows)
    if for_all or for_all is False or mode != "no_tables":
        yield from _identities(catalog, filters, rows)


def _readable(connection: Any, config: Config, server: Server, rows: list[TableRow]) -> Iterator[BarnabasError]:
    if config["snapshot.mode"].lower() in ("never", "no_data"):
        return
    denied = [
        str(row.id)
        for row in rows
        if not connection.execute("SELECT has_table_privilege(%s::oid, 'SELECT')", [row.oid]).fetchone()[0]
        or not connection.execute("SELECT has_schema_privilege(%s, 'USAGE')", [row.id.schema]).fetchone()[0]
    ]
    if denied:
        schema = denied[0].partition(".")[0]
        yield ConfigError(
            f"The role {server.user} may not read captured tables: {_list(denied)}.",
            code="BRN-6112",
            key="database.user",
            remedy=f'GRANT USAGE ON SCHEMA {schema} TO "{server.user}"; '
            f'GRANT SELECT ON {denied[0]} TO "{server.user}";',
        )


def _identities(catalog: Catalog, filters: Filters, rows: list[TableRow]) -> Iterator[BarnabasError]:
    """A published table without a replica identity refuses updates and deletes to everybody."""
    for row in rows:
        keyed = any(column.position for column in catalog.columns(row.oid))
        if row.identity == "f" or (row.identity == "d" and keyed) or row.identity == "i":
            continue
        if row.identity == "n" or not keyed:
            log.warning(
                "Table %s has no primary key: once it is published, PostgreSQL refuses UPDATE and DELETE on it. "
                "ALTER TABLE %s REPLICA IDENTITY FULL; (BRN-6126)",
                row.id,
                row.id,
            )
            if filters.key(row.id) is None and _is_named(filters, row):
                yield ConfigError(
                    f"Table {row.id} has neither a primary key nor another replica identity: once it is published, "
                    "PostgreSQL refuses UPDATE and DELETE on it.",
                    code="BRN-6126",
                    key="table.include.list",
                    remedy=f"Add a primary key, or: ALTER TABLE {row.id} REPLICA IDENTITY FULL; or leave it out with "
                    "table.exclude.list.",
                )


def _is_named(filters: Filters, row: TableRow) -> bool:
    return filters.names_tables and filters.table(row.id)


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
