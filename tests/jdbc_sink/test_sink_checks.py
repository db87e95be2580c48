"""What validation finds, and the SQL it gives for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from barnabas.connectors.jdbc.sink import JdbcSinkConnector
from barnabas.connectors.jdbc.sink_debezium import DebeziumJdbcSinkConnector
from services.process import free_port

if TYPE_CHECKING:
    from services.postgres import PostgresServer

WRITER = "sink_writer"


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as name:
        with postgres.connect(name) as connection:
            connection.execute(f"CREATE ROLE {WRITER} LOGIN PASSWORD 'right'")
            connection.execute("CREATE TABLE keyless (id bigint, n int)")
            connection.execute("CREATE TABLE keyed (id bigint PRIMARY KEY, n int)")
            connection.execute("CREATE TABLE closed (id bigint PRIMARY KEY)")
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            connection.execute(f"GRANT ALL ON keyless, keyed TO {WRITER}")
        yield name
        with postgres.connect(name) as connection:
            connection.execute(f"DROP OWNED BY {WRITER}")
            connection.execute(f"DROP ROLE {WRITER}")


def found(
    postgres: PostgresServer, shop: str, props: dict[str, str], connector: Any = JdbcSinkConnector
) -> dict[str, str]:
    given = {"connection.url": postgres.jdbc_url(shop), "connection.user": WRITER, "connection.password": "right"}
    values = connector().validate({"name": "sink", "topics": "keyed", **given, **props})
    return {value.name: " ".join(value.errors) for value in values if value.errors}


UPSERT = {"insert.mode": "upsert", "pk.mode": "record_key", "pk.fields": "id"}


@pytest.mark.parametrize(
    "props",
    [{}, UPSERT, {**UPSERT, "topics": "keyless", "insert.mode": "update"}, {"topics.regex": "k.*", "topics": ""}],
)
def test_what_is_right_passes(postgres: PostgresServer, shop: str, props: dict[str, str]) -> None:
    assert found(postgres, shop, props) == {}


@pytest.mark.parametrize(
    ("props", "key", "said"),
    [
        ({"connection.password": "wrong"}, "connection.password", "ALTER ROLE sink_writer PASSWORD"),
        ({"connection.url": "jdbc:oracle:thin:@h"}, "connection.url", "jdbc:postgresql"),
        ({"connection.url": "nonsense"}, "connection.url", "jdbc:postgresql://"),
        ({"topics": "closed"}, "connection.user", 'GRANT INSERT ON "closed" TO sink_writer'),
        ({"topics": "absent"}, "auto.create", 'CREATE TABLE "absent"'),
        ({"topics": "absent", "auto.create": "true"}, "auto.create", "GRANT CREATE ON SCHEMA public TO sink_writer"),
        ({"topics": "no.where", "auto.create": "true"}, "table.name.format", "CREATE SCHEMA no"),
        ({**UPSERT, "topics": "keyless"}, "pk.fields", 'ALTER TABLE "keyless" ADD PRIMARY KEY ("id")'),
        ({**UPSERT, "pk.fields": "nr"}, "pk.fields", "no column nr"),
        ({"delete.enabled": "true"}, "delete.enabled", "pk.mode=record_key"),
        ({"delete.enabled": "true", "pk.mode": "record_value"}, "delete.enabled", "pk.mode=record_key"),
        ({"insert.mode": "upsert"}, "pk.mode", "needs to know the key"),
        ({"pk.mode": "kafka", "pk.fields": "a,b"}, "pk.fields", "three names"),
        ({"db.timezone": "Mars/Olympus"}, "db.timezone", "no time zone"),
        ({"topics.to.tables.mapping": "x"}, "topics.to.tables.mapping", "topic:table"),
        ({"insert.mode": "replace"}, "insert.mode", "UPSERT"),
        ({"table.name.format": " "}, "table.name.format", "name"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    postgres: PostgresServer, shop: str, props: dict[str, str], key: str, said: str
) -> None:
    errors = found(postgres, shop, props)
    assert [*errors] == [key]
    assert said in errors[key]
    assert "right" not in errors[key]


def test_a_host_that_does_not_answer(postgres: PostgresServer, shop: str) -> None:
    errors = found(postgres, shop, {"connection.url": f"jdbc:postgresql://127.0.0.1:{free_port()}/x"})
    assert "listen_addresses" in errors["connection.url"]


def test_temporary_tables_have_to_be_allowed(postgres: PostgresServer, shop: str) -> None:
    with postgres.connect(shop) as connection:
        connection.execute(f"REVOKE TEMPORARY ON DATABASE {shop} FROM PUBLIC")
        try:
            assert "GRANT TEMPORARY ON DATABASE" in found(postgres, shop, UPSERT)["connection.user"]
            assert found(postgres, shop, {}) == {}
        finally:
            connection.execute(f"GRANT TEMPORARY ON DATABASE {shop} TO PUBLIC")


def test_the_same_under_debeziums_names(postgres: PostgresServer, shop: str) -> None:
    props = {"connection.username": WRITER, "insert.mode": "upsert", "primary.key.mode": "none"}
    assert [*found(postgres, shop, props, DebeziumJdbcSinkConnector)] == ["primary.key.mode"]
    assert found(postgres, shop, {**props, "primary.key.mode": "record_key"}, DebeziumJdbcSinkConnector) == {}
    missing = {"primary.key.mode": "record_key", "collection.name.format": "absent"}
    assert (
        "schema.evolution=basic"
        in found(postgres, shop, {**props, **missing}, DebeziumJdbcSinkConnector)["schema.evolution"]
    )
