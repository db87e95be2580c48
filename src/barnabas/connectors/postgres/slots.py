"""The replication slot and the publication on the server: their state, and making them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas import ConnectError
from barnabas.connectors.postgres.driver import load
from barnabas.connectors.postgres.wire import lsn_text, parse_lsn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barnabas.connectors.postgres.catalog import TableId
    from barnabas.connectors.postgres.connection import Server

__all__ = ["Publication", "Slot", "look_up", "slot_is_ahead", "slot_is_gone", "slot_is_lost"]

log = logging.getLogger(__name__)

_SLOT = """
SELECT plugin, slot_type, database, active_pid, restart_lsn::text, confirmed_flush_lsn::text,
       to_jsonb(s)->>'wal_status', (to_jsonb(s)->>'safe_wal_size')::bigint,
       CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END
FROM pg_replication_slots s WHERE slot_name = %s"""


class Slot(NamedTuple):
    """A replication slot as the server shows it.

    Args:
        confirmed: Up to where the server may have forgotten; 0 when it does not say.
        active_pid: The server process that reads from it.
        wal_status: ``reserved``, ``extended``, ``unreserved`` or ``lost`` (from PostgreSQL 13).
        safe_bytes: How much more WAL may be written before the slot is lost; ``None``: no limit.
        lag_bytes: How much WAL the server keeps for it.
    """

    plugin: str | None
    kind: str
    database: str | None
    active_pid: int | None
    confirmed: int
    wal_status: str | None
    safe_bytes: int | None
    lag_bytes: int | None


def look_up(connection: Any, name: str) -> Slot | None:
    """The slot of that name."""
    row = connection.execute(_SLOT, [name]).fetchone()
    if row is None:
        return None
    plugin, kind, database, pid, restart, confirmed, status, safe, lag = row
    return Slot(plugin, kind, database, pid, parse_lsn(confirmed or restart or "0/0"), status, safe, lag)


def check_slot(slot: Slot, name: str, database: str) -> None:
    """Refuse a slot that is somebody else's.

    Raises:
        ConnectError: It belongs to another plugin or database.
    """
    if slot.plugin == "pgoutput" and slot.database == database:
        return
    what = f"of the plugin {slot.plugin}" if slot.kind == "logical" else "a physical one"
    where = f" in the database {slot.database}" if slot.database not in (None, database) else ""
    raise ConnectError(
        f"The replication slot {name} is {what}{where}; pgoutput in {database} is needed.",
        code="BRN-6123",
        key="slot.name",
        remedy=f"Choose another name, or drop it: SELECT pg_drop_replication_slot('{name}');",
    )


def slot_is_lost(name: str) -> ConnectError:
    """The server has removed WAL that was still needed."""
    return ConnectError(
        f"The replication slot {name} is lost: the server removed changes that had not been read yet "
        "(max_slot_wal_keep_size).",
        code="BRN-6129",
        key="slot.name",
        remedy="Changes are missing, so the tables have to be read again: set snapshot.mode=when_needed, which drops "
        f"the slot and takes a snapshot, or do it by hand: SELECT pg_drop_replication_slot('{name}'); and delete the "
        "connector's offsets.",
    )


def slot_is_gone(name: str, lsn: int) -> ConnectError:
    """There is an offset, but no slot."""
    return ConnectError(
        f"The replication slot {name} does not exist, but the connector has read up to {lsn_text(lsn)} before: changes "
        "since then may be lost.",
        code="BRN-6130",
        key="slot.name",
        remedy="Correct slot.name if it is another one. Else choose: snapshot.mode=when_needed reads the tables again; "
        "offset.mismatch.strategy=trust_slot goes on with a new slot and accepts the gap.",
    )


def slot_is_ahead(name: str, confirmed: int, stored: int) -> ConnectError:
    """The server may have forgotten what the connector has not got yet."""
    return ConnectError(
        f"The replication slot {name} stands at {lsn_text(confirmed)}, beyond the stored offset {lsn_text(stored)}: "
        "changes between them may be lost, because the slot was made anew or somebody else read from it.",
        code="BRN-6128",
        key="offset.mismatch.strategy",
        remedy="Choose: snapshot.mode=when_needed reads the tables again; offset.mismatch.strategy=trust_slot goes on "
        "from the slot and accepts the gap; or restore the offsets that belong to this slot.",
    )


class Publication:
    """Which tables the server sends.

    Args:
        server: For the role's name in errors.
        name: ``publication.name``.
        mode: ``publication.autocreate.mode``.
        via_root: ``publish.via.partition.root``.
    """

    def __init__(self, server: Server, name: str, mode: str, *, via_root: bool) -> None:
        self._server = server
        self.name = name
        self._mode = mode
        self._via_root = via_root

    def ensure(self, connection: Any, tables: Sequence[TableId]) -> None:
        """Make it, or make it fit, as the mode says; before the slot, which cannot see what comes later.

        Raises:
            ConnectError: It is missing and must not be made, or the role may not make it.
        """
        exists = self.all_tables(connection) is not None
        if not exists and self._mode == "disabled":
            raise self.missing()
        if not exists:
            self._make(connection, tables)
        elif self._mode == "filtered" and not self.all_tables(connection):
            self._adjust(connection, tables)

    def _make(self, connection: Any, tables: Sequence[TableId]) -> None:
        errors = load("psycopg.errors")
        with self._server.explained(f"create the publication {self.name}"):
            try:
                connection.execute(self._create(tables))
            except (errors.DuplicateObject, errors.UniqueViolation):
                log.info("The publication %s was made by somebody else at the same time.", self.name)
            else:
                log.info("Made the publication %s.", self.name)

    def all_tables(self, connection: Any) -> bool | None:
        """Whether it is for all tables; ``None``: there is none."""
        row = connection.execute("SELECT puballtables FROM pg_publication WHERE pubname = %s", [self.name]).fetchone()
        return None if row is None else bool(row[0])

    def published(self, connection: Any) -> set[tuple[str, str]]:
        """The tables that it has, as schema and name."""
        query = "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = %s"
        return {(schema, name) for schema, name in connection.execute(query, [self.name]).fetchall()}

    def missing(self) -> ConnectError:
        """There is none, and it must not be made."""
        return ConnectError(
            f"The publication {self.name} does not exist.",
            code="BRN-6124",
            key="publication.name",
            remedy=f'Create it: CREATE PUBLICATION "{self.name}" FOR TABLE …; or let publication.autocreate.mode '
            "(filtered, all_tables) do it.",
        )

    def statement(self, tables: Sequence[TableId]) -> str:
        """The SQL that makes it, for people."""
        return str(self._create(tables).as_string(None))

    def _create(self, tables: Sequence[TableId]) -> Any:
        sql = load("psycopg.sql")
        what = sql.SQL("")
        if self._mode == "all_tables":
            what = sql.SQL(" FOR ALL TABLES")
        elif self._mode == "filtered" and tables:
            what = sql.SQL(" FOR TABLE {}").format(self._names(tables))
        options = sql.SQL(" WITH (publish_via_partition_root = true)" if self._via_root else "")
        return sql.SQL("CREATE PUBLICATION {}{}{}").format(sql.Identifier(self.name), what, options)

    def _adjust(self, connection: Any, tables: Sequence[TableId]) -> None:
        if self.published(connection) == {(table.schema, table.name) for table in tables} or not tables:
            return
        sql = load("psycopg.sql")
        statement = sql.SQL("ALTER PUBLICATION {} SET TABLE {}").format(sql.Identifier(self.name), self._names(tables))
        with self._server.explained(f"change the publication {self.name}"):
            connection.execute(statement)
        log.info("The publication %s has now the tables %s.", self.name, ", ".join(map(str, tables)))

    @staticmethod
    def _names(tables: Sequence[TableId]) -> Any:
        sql = load("psycopg.sql")
        return sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
