from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.postgres import PostgresServer


def test_the_server_can_decode_logically(postgres: PostgresServer, database: str) -> None:
    with postgres.connect(database) as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        connection.execute("SELECT pg_create_logical_replication_slot('left_behind', 'pgoutput')")
        # the fixture drops the slot together with the database
