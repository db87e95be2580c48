"""What is wrong on the server is said before the connector runs: at the right key, with the SQL that repairs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from barnabas import ConnectError, RetriableError
from barnabas.connectors.postgres.faults import JDBC_KEYS, explained, fault
from barnabas.connectors.postgres.source import PostgresCdcSource
from services.postgres import PostgresServer
from services.process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def validate(postgres: PostgresServer, database: str) -> Callable[..., dict[str, list[str]]]:
    def run(**settings: Any) -> dict[str, list[str]]:
        props = {
            "name": "cdc",
            "database.hostname": "127.0.0.1",
            "database.port": str(postgres.port),
            "database.user": "postgres",
            "database.dbname": database,
            "topic.prefix": "p",
            **{key.replace("_", "."): str(value) for key, value in settings.items()},
        }
        found = PostgresCdcSource().validate(props)
        return {value.name: value.errors for value in found if value.errors}

    return run


@pytest.fixture
def role(postgres: PostgresServer, database: str) -> str:
    name = f"role_{database}"
    with postgres.connect(database) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")
    return name


def only(found: dict[str, list[str]], key: str) -> str:
    assert [*found] == [key], found
    (error,) = found[key]
    return error


def test_a_good_configuration_has_no_errors(validate: Callable[..., Any]) -> None:
    assert validate() == {}


def test_a_wrong_password(validate: Callable[..., Any], role: str) -> None:
    error = only(validate(database_user=role, database_password="wrong"), "database.password")
    assert "password authentication failed" in error
    assert f"ALTER ROLE {role} PASSWORD" in error
    assert "BRN-6103" in error


def test_a_role_that_may_nothing(
    validate: Callable[..., Any], role: str, postgres: PostgresServer, database: str
) -> None:
    with postgres.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    found = validate(database_user=role, database_password="right")
    denied, read = found["database.user"]
    assert f'ALTER ROLE "{role}" REPLICATION;' in denied
    assert f'GRANT SELECT ON public.t TO "{role}";' in read
    (publication,) = found["publication.name"]
    assert 'CREATE PUBLICATION "dbz_publication" FOR ALL TABLES' in publication
    with postgres.connect(database) as connection:
        connection.execute(f"ALTER ROLE {role} REPLICATION; GRANT SELECT ON t TO {role}")
        connection.execute("CREATE PUBLICATION dbz_publication FOR ALL TABLES")
    assert validate(database_user=role, database_password="right") == {}


def test_databases_and_hosts_that_are_not_there(validate: Callable[..., Any]) -> None:
    assert "BRN-6105" in only(validate(database_dbname="nothing"), "database.dbname")
    assert "BRN-6101" in only(validate(database_port=free_port()), "database.hostname")
    assert "BRN-6102" in only(validate(database_hostname="nowhere.invalid"), "database.hostname")
    assert "BRN-6107" in only(validate(database_sslmode="require"), "database.sslmode")


def test_slots_and_publications(validate: Callable[..., Any], postgres: PostgresServer, database: str) -> None:
    with postgres.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE keyless (a int)")
        connection.execute("SELECT pg_create_logical_replication_slot('other', 'test_decoding')")
        assert "BRN-6123" in only(validate(slot_name="other"), "slot.name")
        connection.execute("SELECT pg_create_physical_replication_slot('physical')")
        assert "BRN-6123" in only(validate(slot_name="physical"), "slot.name")
        connection.execute("SELECT pg_drop_replication_slot('physical')")
        missing = {"publication_autocreate_mode": "disabled", "publication_name": "pub"}
        assert "BRN-6124" in only(validate(**missing), "publication.name")
        connection.execute("CREATE PUBLICATION pub FOR TABLE t")
        error = only(validate(**missing), "publication.name")
        assert 'ALTER PUBLICATION "pub" ADD TABLE public.keyless;' in error
        error = only(validate(**{"table.include.list": "public.keyless"}), "table.include.list")
        assert "ALTER TABLE public.keyless REPLICA IDENTITY FULL;" in error


def test_a_slot_that_is_in_use(validate: Callable[..., Any], postgres: PostgresServer, database: str) -> None:
    pq = psycopg.pq
    with postgres.connect(database) as connection:
        connection.execute("CREATE PUBLICATION p")
        connection.execute("SELECT pg_create_logical_replication_slot('busy', 'pgoutput')")
        stream = pq.PGconn.connect(f"{postgres.conninfo(database)} replication=database".encode())
        result = stream.exec_(b"START_REPLICATION SLOT busy LOGICAL 0/0 (proto_version '1', publication_names 'p')")
        assert result.status == pq.ExecStatus.COPY_BOTH
        error = only(validate(slot_name="busy"), "slot.name")
        stream.finish()
    assert "BRN-6122" in error
    assert "pg_terminate_backend(" in error


def test_too_little_in_the_wal(tmp_path: Any, validate: Callable[..., Any]) -> None:
    with PostgresServer(tmp_path / "replica", {"wal_level": "replica"}) as server:
        error = only(validate(database_port=server.port, database_dbname="postgres"), "database.hostname")
    assert "ALTER SYSTEM SET wal_level = logical;" in error
    assert "BRN-6120" in error


def test_settings_that_cannot_be(validate: Callable[..., Any]) -> None:
    found = validate(plugin_name="wal2json", slot_name="Upper", **{"table.include.list": "a("})
    assert {*found} == {"plugin.name", "slot.name", "table.include.list"}
    assert all("BRN-6132" in error or "Invalid value" in error for errors in found.values() for error in errors)


def test_what_may_heal_is_tried_again(postgres: PostgresServer, database: str) -> None:
    with postgres.connect(database) as one, postgres.connect(database) as other:
        one.execute("CREATE TABLE t (id int)")
        pid = one.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(RetriableError) as caught, explained("read t"):
            one.execute("SELECT 1")
        assert caught.value.code in ("BRN-6109", "BRN-6110")
        with pytest.raises(ConnectError) as refused, explained("read nothing", JDBC_KEYS):
            other.execute("SELECT * FROM nothing")
    assert not isinstance(refused.value, RetriableError)
    assert (refused.value.code, refused.value.key) == ("BRN-6113", None)


def test_errors_of_ours_pass_through() -> None:
    error = ConnectError("mine")
    assert fault(error, "do it") is error
