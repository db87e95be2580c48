"""Records into a real database: modes, tables made and widened, bad records, offsets in the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from barnabas import ConnectError, DataError, RetriableError, SinkRecord, TopicPartition
from barnabas.connectors.jdbc.sink import JdbcSinkConnector
from barnabas.connectors.jdbc.sink_debezium import DebeziumJdbcSinkConnector
from barnabas.schema import LogicalDecimal, Schema, Type
from barnabas.testing import SinkHarness

if TYPE_CHECKING:
    from services.postgres import PostgresServer

KEY = Schema.struct("Key", id=Schema.INT64)
ROW = Schema.struct("Row", id=Schema.INT64, name=Schema.OPTIONAL_STRING)
WHERE = TopicPartition("test", 0)
UPSERT = {"insert.mode": "upsert", "pk.mode": "record_key", "auto.create": "true"}


class Tables:
    def __init__(self, postgres: PostgresServer, database: str) -> None:
        self.postgres, self.database = postgres, database
        self.harnesses: list[SinkHarness] = []

    def sql(self, query: str) -> list[Any]:
        with self.postgres.connect(self.database) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def sink(
        self, props: dict[str, str] | None = None, connector: Any = JdbcSinkConnector, **options: Any
    ) -> SinkHarness:
        user = "connection.user" if connector is JdbcSinkConnector else "connection.username"
        given = {"connection.url": self.postgres.jdbc_url(self.database), user: "postgres", **(props or {})}
        if connector is JdbcSinkConnector:
            given = {"retry.backoff.ms": "1", **given}
        harness = SinkHarness(connector, given, **options)
        self.harnesses.append(harness)
        return harness.start()


@pytest.fixture(scope="module")
def name(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as name:
        yield name


@pytest.fixture
def tables(postgres: PostgresServer, name: str) -> Iterator[Tables]:
    made = Tables(postgres, name)
    made.sql("DROP SCHEMA IF EXISTS public, shop CASCADE; CREATE SCHEMA public")
    yield made
    for harness in made.harnesses:
        harness.stop()


def change(key: int, value: dict[str, Any] | None, schema: Schema = ROW) -> SinkRecord:
    return SinkRecord("", 0, 0, value, key={"id": key}, key_schema=KEY, value_schema=schema if value else None)


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"row {number}"} for number in numbers]


def test_a_table_is_made_with_its_key_and_widened(tables: Tables) -> None:
    harness = tables.sink({**UPSERT, "auto.evolve": "true"})
    harness.put([change(1, {"id": 1, "name": "a"})])
    harness.flush()
    wide = Schema.struct(
        "Row", id=Schema.INT64, name=Schema.OPTIONAL_STRING, price=LogicalDecimal.schema(2, optional=True),
        tags=Schema.array(Schema.STRING, optional=True), more=Schema.map(Schema.STRING, Schema.INT32, optional=True),
    )  # fmt: skip
    harness.put(
        [change(2, {"id": 2, "name": "b", "tags": ["x"], "more": {"k": 1}}, wide), change(1, None or rows(1)[0])]
    )
    harness.flush()
    assert tables.sql("SELECT id, name, price, tags, more FROM test ORDER BY id") == [
        (1, "row 1", None, None, None),
        (2, "b", None, ["x"], {"k": 1}),
    ]
    keys = "SELECT attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = indrelid AND attnum = ANY(indkey)"
    assert tables.sql(f"{keys} WHERE indrelid = 'test'::regclass AND indisprimary") == [("id",)]


@pytest.mark.parametrize("what", ["table", "column"])
def test_nothing_is_made_unless_that_is_wanted(tables: Tables, what: str) -> None:
    if what == "column":
        tables.sql("CREATE TABLE test (id bigint)")
    harness = tables.sink()
    harness.put(rows(1), value_schema=ROW)
    with pytest.raises(ConnectError, match=f"no {what}") as caught:
        harness.flush()
    assert ("CREATE TABLE" if what == "table" else "ADD COLUMN") in str(caught.value)
    tables.sql('CREATE TABLE IF NOT EXISTS test (id bigint); ALTER TABLE test ADD COLUMN IF NOT EXISTS "name" text')
    harness.deliver()
    harness.put(rows(1), value_schema=ROW)
    harness.flush()
    assert tables.sql("SELECT DISTINCT id, name FROM test") == [(1, "row 1")]


def test_updates_add_no_rows(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id bigint PRIMARY KEY, name text, other int DEFAULT 5); INSERT INTO test VALUES (1)")
    harness = tables.sink({**UPSERT, "insert.mode": "update"})
    harness.put([change(number, rows(number)[0]) for number in (1, 2, 1)])
    harness.flush()
    assert tables.sql("SELECT * FROM test") == [(1, "row 1", 5)]


def test_deletes_and_upserts_of_the_same_keys(tables: Tables) -> None:
    harness = tables.sink({**UPSERT, "delete.enabled": "true"})
    harness.put([change(9, None)])
    harness.flush()
    harness.put([change(number % 7, rows(number)[0] if number % 3 else None) for number in range(50)])
    harness.put([change(1, None), change(2, rows(99)[0]), change(2, None), change(3, None), change(3, rows(3)[0])])
    harness.flush()
    expected: dict[int, int] = {}
    for number in range(50):
        expected.pop(number % 7, None)
        if number % 3:
            expected[number % 7] = number
    expected = {key: number for key, number in expected.items() if key > 3} | (
        {0: expected[0]} if 0 in expected else {}
    )
    assert dict(tables.sql("SELECT id, name FROM test")) == {k: f"row {n}" for k, n in (expected | {3: 3}).items()}


def test_a_topic_with_dots_names_a_schema_and_identifiers_may_be_unquoted(tables: Tables) -> None:
    tables.sql('CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id bigint, "Name" text)')
    tables.sql("CREATE TABLE shop.plain (id bigint, name text)")
    schema = Schema.struct(None, id=Schema.INT64, Name=Schema.STRING)
    for props in (
        {"table.name.format": "shop.Orders"},
        {"table.name.format": "Shop.Plain", "quote.sql.identifiers": "never"},
    ):
        harness = tables.sink(props)
        harness.put([{"id": 1, "Name": "x"}], value_schema=schema)
        harness.stop()
    assert tables.sql('SELECT * FROM shop."Orders" UNION ALL SELECT * FROM shop.plain') == [(1, "x")] * 2


@pytest.mark.parametrize("quoting", ["always", "never"])
def test_names_that_are_more_than_names_do_no_harm(tables: Tables, quoting: str) -> None:
    tables.sql("CREATE TABLE victim (id int)")
    name = 'x int); DROP TABLE victim; --"'
    schema = Schema(Type.STRUCT, fields={name: Schema.INT32, "Id": Schema.INT32})
    harness = tables.sink(
        {"auto.create": "true", "auto.evolve": "true", "quote.sql.identifiers": quoting, "table.name.format": "a;b"}
    )
    harness.put([{name: 1, "Id": 2}], value_schema=schema)
    harness.flush()
    assert tables.sql('SELECT * FROM "a;b"') == [(1, 2)]
    assert tables.sql("SELECT * FROM victim") == []


@pytest.mark.parametrize("mode", ["insert", "upsert"])
def test_one_bad_record_costs_one_record(tables: Tables, mode: str) -> None:
    tables.sql("CREATE TABLE test (id bigint PRIMARY KEY, name varchar(6), CHECK (id <> 50))")
    harness = tables.sink({**UPSERT, "insert.mode": mode})
    values = rows(*range(100))
    values[10]["name"], values[20]["id"], values[30]["name"] = "too long", "no number", "a\0b"
    harness.put([change(value["id"] if isinstance(value["id"], int) else 20, value) for value in values])
    harness.flush()
    bad = {record.kafka_offset: str(error) for record, error in harness.errant}
    assert sorted(bad) == [10, 30, 50]  # the key comes from the record's key, so that 20 is fine
    assert tables.sql("SELECT count(*) FROM test") == [(97,)]
    assert all(f"Record at test-0, offset {offset}" in text for offset, text in bad.items())
    assert "name" in bad[10]
    assert harness.committed == {WHERE: 100}


def test_a_value_of_another_type_costs_one_record(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id int)")
    harness = tables.sink()
    harness.put([{"id": 1}, {"id": 1 << 40}, {"id": 3}], value_schema=Schema.struct(None, id=Schema.INT64))
    harness.flush()
    assert [record.kafka_offset for record, _ in harness.errant] == [1]
    assert tables.sql("SELECT id FROM test ORDER BY id") == [(1,), (3,)]


def test_records_without_schema_are_reported_one_by_one(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id bigint, name text)")
    harness = tables.sink()
    good = [SinkRecord("", 0, 0, row, value_schema=ROW) for row in rows(0, 2)]
    harness.put([good[0], SinkRecord("", 0, 0, {"id": 1}), good[1], SinkRecord("", 0, 0, None)])
    harness.flush()
    assert [(record.kafka_offset, error.code) for record, error in harness.errant] == [(1, "BRN-6180"), (3, "BRN-6184")]
    assert tables.sql("SELECT id FROM test ORDER BY id") == [(0,), (2,)]


@pytest.mark.parametrize("errors", [None, "fail"])
def test_without_tolerance_the_record_is_named_and_nothing_of_its_batch_is_written(
    tables: Tables, errors: str | None
) -> None:
    tables.sql("CREATE TABLE test (id bigint PRIMARY KEY, name text)")
    harness = tables.sink(errors=errors)
    harness.put(rows(1, 2, 1, 3), value_schema=ROW)
    with pytest.raises(ConnectError) as caught:
        harness.flush()
    named = caught.value if errors is None else caught.value.__cause__ or caught.value
    assert "test-0, offset 2" in str(named) or errors == "fail"
    assert tables.sql("SELECT count(*) FROM test") == [(0,)]


def test_messages_without_values_where_those_are_secret(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id int)")
    harness = tables.sink({"trim.sensitive.log": "true"}, errors=None)
    harness.put([{"id": 1 << 40}], value_schema=Schema.struct(None, id=Schema.INT64))
    with pytest.raises(DataError) as caught:
        harness.flush()
    assert str(1 << 40) not in str(caught.value)


def test_a_table_that_changes_meanwhile_is_looked_at_again(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id bigint PRIMARY KEY, name text)")
    harness = tables.sink({**UPSERT, "auto.evolve": "true", "pk.mode": "record_value", "pk.fields": "id"})
    harness.put(rows(1), value_schema=ROW)
    harness.flush()
    tables.sql("ALTER TABLE test RENAME COLUMN name TO former; ALTER TABLE test ALTER COLUMN id TYPE numeric")
    harness.put(rows(2), value_schema=ROW)
    for _ in range(3):
        try:
            harness.flush()
            break
        except RetriableError:
            harness.deliver()
    assert tables.sql("SELECT id::int, former, name FROM test ORDER BY 1") == [(1, "row 1", None), (2, None, "row 2")]


# -------------------------------------------------------------------------------------- offsets in the database
def test_rows_are_written_once_whatever_kafka_knows(tables: Tables) -> None:
    props = {"auto.create": "true", "exactly.once.table": "progress"}
    harness = tables.sink(props)
    harness.put(rows(*range(10)), value_schema=ROW)
    harness.flush()
    harness.stop()
    again = tables.sink(props, committed={WHERE: 3})  # Kafka lags behind
    again.send(rows(*range(20)), value_schema=ROW)
    again.deliver()
    again.flush()
    assert again.rewinds == [{WHERE: 10}]
    assert tables.sql("SELECT count(*), count(DISTINCT id) FROM test") == [(20, 20)]
    assert tables.sql("SELECT connector, topic, kafka_partition, next_offset FROM progress") == [
        ("test", "test", 0, 20)
    ]


def test_a_task_whose_partition_was_taken_over_writes_no_more(tables: Tables) -> None:
    props = {"auto.create": "true", "exactly.once.table": "progress"}
    old, new = tables.sink(props), tables.sink(props)
    for harness in (new, old):
        harness.send(rows(*range(3)), value_schema=ROW)
        harness.deliver()
    new.flush()
    with pytest.raises(ConnectError) as caught:
        old.flush()
    assert caught.value.code == "BRN-6192"
    assert tables.sql("SELECT count(*) FROM test") == [(3,)]


def test_a_transaction_whose_end_nobody_heard_of_is_not_written_again(tables: Tables) -> None:
    harness = tables.sink({"auto.create": "true", "exactly.once.table": "progress", "linger.ms": "0"})
    harness.put(rows(1), value_schema=ROW)
    harness.flush()
    for number in range(2, 12):
        harness.send(rows(number), value_schema=ROW)
        harness.deliver(retries=5)  # sent, not waited for
        tables.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'barnabas%'")
    harness.deliver(retries=5)
    harness.flush()
    assert tables.sql("SELECT count(*), count(DISTINCT id) FROM test") == [(11, 11)]


def test_bad_records_and_offsets_in_one_transaction(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id int PRIMARY KEY, name text)")
    harness = tables.sink({"exactly.once.table": "progress"})
    harness.put(rows(1, 1, 2), value_schema=ROW)
    harness.flush()
    assert [record.kafka_offset for record, _ in harness.errant] == [1]
    assert tables.sql("SELECT next_offset FROM progress") == [(3,)]


def test_offsets_that_a_user_alters_are_altered_in_the_database(tables: Tables) -> None:
    harness = tables.sink({"exactly.once.table": "progress", "auto.create": "true"})
    harness.put(rows(1, 2), value_schema=ROW)
    harness.flush()
    assert harness.connector.alter_offsets(harness.props, {WHERE: 1, TopicPartition("test", 1): None})
    assert tables.sql("SELECT kafka_partition, next_offset FROM progress") == [(0, 1)]


# ------------------------------------------------------------------------------------------------ Debezium's
STATE = Schema.struct("db.Value", id=Schema.INT64, name=Schema.OPTIONAL_STRING).as_optional()
SOURCE = Schema.struct("Source", table=Schema.STRING, db=Schema.STRING)
EVENT = Schema.struct("db.Envelope", before=STATE, after=STATE, source=SOURCE, op=Schema.STRING)
SOURCE_VALUE = {"table": "people", "db": "shop"}


def event(op: str, key: int, after: dict[str, Any] | None = None) -> SinkRecord:
    value = {"before": None, "after": after, "source": SOURCE_VALUE, "op": op}
    return SinkRecord("", 0, 0, value, key={"id": key}, key_schema=KEY, value_schema=EVENT)


@pytest.mark.parametrize("deletes", [True, False])
def test_change_events_are_opened(tables: Tables, deletes: bool) -> None:
    props = {
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "schema.evolution": "basic",
        "delete.enabled": str(deletes),
        "truncate.enabled": "true",
        "collection.name.format": "${source.db}_${source.table}",
    }
    harness = tables.sink(props, DebeziumJdbcSinkConnector)
    harness.put([event("r", 7, {"id": 7, "name": "gone"}), event("t", 0), event("c", 1, {"id": 1, "name": "a"})])
    harness.put(
        [event("u", 1, {"id": 1, "name": "b"}), event("c", 2, {"id": 2, "name": "c"}), event("d", 2), event("m", 0)]
    )
    harness.put([change(2, None)])
    harness.flush()
    left = [] if deletes else [(2, "c")]
    assert tables.sql("SELECT id, name FROM shop_people ORDER BY id") == [(1, "b"), *left]


def test_fields_of_one_topic_left_out_and_former_names_of_keys(tables: Tables) -> None:
    schema = Schema.struct(None, a=Schema.INT32, b=Schema.INT32)
    props = {"schema.evolution": "basic", "field.exclude.list": "t:b", "table.name.format": "x_${topic}"}
    harness = tables.sink(props, DebeziumJdbcSinkConnector, partitions=[("t", 0), ("u", 0)])
    for topic in ("t", "u"):
        harness.put([{"a": 1, "b": 2}], value_schema=schema, partition=TopicPartition(topic, 0))
    harness.flush()
    assert tables.sql("SELECT * FROM x_t") == [(1,)]
    assert tables.sql("SELECT * FROM x_u") == [(1, 2)]


def test_dots_in_topics_and_times_as_numbers(tables: Tables) -> None:
    schema = Schema.struct(None, id=Schema.INT64, at=Schema(Type.INT64, name="io.debezium.time.MicroTimestamp"))
    harness = tables.sink(
        {"schema.evolution": "basic", "primary.key.mode": "none"}, DebeziumJdbcSinkConnector, partitions=[("a.b.c", 0)]
    )
    harness.put([{"id": 1, "at": 1_000_000}], value_schema=schema)
    harness.flush()
    assert tables.sql("SELECT at::text FROM a_b_c") == [("1970-01-01 00:00:01",)]


def test_columns_for_values_without_schema(tables: Tables) -> None:
    harness = tables.sink({"infer.columns": "true", "auto.create": "true", "auto.evolve": "true"})
    harness.put([{"a": 1, "b": "x"}, {"a": 2.5, "c": [1, {"d": None}]}])
    harness.flush()
    harness.put([{"a": 3, "e": True}])
    harness.flush()
    assert tables.sql("SELECT a, b, c, e FROM test ORDER BY a") == [
        (1.0, "x", None, None),
        (2.5, None, [1, {"d": None}], None),
        (3.0, None, None, True),
    ]


def test_many_rows_at_once_with_an_error_at_the_end(tables: Tables) -> None:
    tables.sql("CREATE TABLE test (id bigint PRIMARY KEY, name text)")
    harness = tables.sink({"batch.size": "100000"})
    wide = [{"id": number, "name": "x" * 200} for number in range(30_000)]
    harness.put([*wide, {"id": 5, "name": "again"}], value_schema=ROW)
    harness.flush()
    assert [record.kafka_offset for record, _ in harness.errant] == [30_000]
    assert tables.sql("SELECT count(*) FROM test") == [(30_000,)]
