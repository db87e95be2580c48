"""The JDBC source against a real PostgreSQL: modes, types, offsets, tables, and what it refuses."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal

import pytest

from barnabas.connectors.jdbc import source_task
from barnabas.connectors.jdbc.source import JdbcSourceConnector
from barnabas.errors import ConfigError, ConnectError
from barnabas.schema import Date, Instant, LogicalDecimal, Schema, Time, Timestamp, validate_value
from barnabas.testing import SourceHarness

UTC = dt.UTC
T0 = dt.datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def short_polls(monkeypatch):
    monkeypatch.setattr(source_task, "_WAIT_SECONDS", 0.2)


@pytest.fixture
def db(postgres, database):
    with postgres.connect(database) as connection:
        yield connection


@pytest.fixture
def run(postgres, database):
    """Starts a harness; ``run(mode="bulk", **{"table.whitelist": "t"})``."""
    running = []

    def start(offsets=(), **more):
        props = base_props(postgres, database) | {key.replace("_", "."): str(value) for key, value in more.items()}
        harness = SourceHarness(JdbcSourceConnector, props, offsets)
        running.append(harness)
        return harness.start()

    yield start
    for harness in running:
        harness.stop()


def base_props(postgres, database):
    return {
        "connection.url": postgres.jdbc_url(database),
        "connection.user": "postgres",
        "connection.backoff.ms": "50",
        "topic.prefix": "pg-",
        "poll.interval.ms": "20",
    }


def offset_of(harness):
    (offset,) = harness.offsets.values()
    return {name: value for name, value in offset.items() if name != "snapshot"}


def test_bulk_gives_everything_again_and_again(db, run):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, name text)")
    db.execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    harness = run(mode="bulk")
    rows = [{"id": 1, "name": "a"}, {"id": 2, "name": None}]
    records = harness.poll(4)
    assert [record.value for record in records] == rows + rows
    assert records[0].topic == "pg-t"
    assert records[0].source_partition is None
    assert records[0].value_schema == Schema.struct("t", id=Schema.INT32, name=Schema.OPTIONAL_STRING)


def test_incrementing_gives_new_rows_once(db, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    db.execute("INSERT INTO t (name) SELECT 'n' || g FROM generate_series(1, 25) g")
    harness = run(mode="incrementing", batch_max_rows=10)
    assert [value["id"] for value in harness.values(25)] == [*range(1, 26)]
    harness.commit()
    assert harness.offsets == {(("protocol", "1"), ("table", "public.t")): {"incrementing": 25}}
    assert harness.values(1, 0.3) == []
    db.execute("UPDATE t SET name = 'changed'")
    db.execute("INSERT INTO t (name) VALUES ('new')")
    assert harness.values(1) == [{"id": 26, "name": "new"}]
    harness.restart()
    assert harness.values(1) == [{"id": 26, "name": "new"}]


def test_timestamp_gives_new_and_changed_rows(db, run):
    db.execute("CREATE TABLE t (id int, at timestamptz NOT NULL DEFAULT now())")
    db.execute("INSERT INTO t (id) VALUES (1), (2)")
    harness = run(mode="timestamp", timestamp_column_name="at")
    assert [value["id"] for value in harness.values(2)] == [1, 2]
    db.execute("UPDATE t SET at = clock_timestamp() WHERE id = 1")
    assert [value["id"] for value in harness.values(1)] == [1]
    harness.commit()
    (at,) = db.execute("SELECT max(at) FROM t").fetchone()
    assert offset_of(harness) == {
        "timestamp": int(at.timestamp() * 1000),
        "timestamp_nanos": at.microsecond * 1000,
    }
    assert harness.values(1, 0.3) == []
    harness.restart()
    assert harness.values(1, 0.3) == []


def test_timestamp_never_commits_within_equal_timestamps(db, run):
    db.execute("CREATE TABLE t (id int, at timestamp NOT NULL)")
    db.execute(
        "INSERT INTO t SELECT g, '2026-01-01'::timestamp + (g / 7) * interval '1 s' FROM generate_series(0, 34) g"
    )
    harness = run(mode="timestamp", timestamp_column_name="at", batch_max_rows=5)
    seen = set()
    for _ in range(40):
        seen |= {value["id"] for value in harness.values(15, 0.2)}
        harness.commit()
        harness.restart()
        if len(seen) == 35:
            break
    assert seen == set(range(35))
    assert [v["id"] for v in harness.values(1, 0.3)] == []


def test_both_together_order_by_time_then_number(db, run):
    db.execute("CREATE TABLE t (id int NOT NULL, at timestamp NOT NULL)")
    db.execute(
        "INSERT INTO t SELECT g, '2026-01-01'::timestamp + (g % 2) * interval '1 us' FROM generate_series(1, 9) g"
    )
    harness = run(
        mode="timestamp+incrementing", timestamp_column_name="at", incrementing_column_name="id", batch_max_rows=2
    )
    assert [value["id"] for value in harness.values(3)] == [2, 4, 6]
    harness.commit()
    harness.restart()
    rest = [value["id"] for value in harness.values(7, 2)]
    assert rest[-5:] == [1, 3, 5, 7, 9]
    harness.commit()
    assert offset_of(harness) == {"incrementing": 9, "timestamp": 1767225600000, "timestamp_nanos": 1000}


def test_several_timestamp_columns_are_coalesced(db, run):
    db.execute("CREATE TABLE t (id int, changed timestamp, made timestamptz NOT NULL)")
    db.execute(
        "INSERT INTO t VALUES (1, NULL, '2026-01-02Z'), (2, '2026-01-01', '2025-01-01Z'), (3, NULL, '2026-01-03Z')"
    )
    harness = run(mode="timestamp", timestamp_column_name="changed,made")
    assert [value["id"] for value in harness.values(3)] == [2, 1, 3]


def test_a_query_with_a_condition_of_its_own(db, run):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int, w text)")
    db.execute("INSERT INTO t SELECT g, '50%' FROM generate_series(1, 9) g; INSERT INTO u VALUES (5, '{x}'), (7, 'y')")
    query = "SELECT t.id, t.v, u.w FROM t JOIN u USING (id) WHERE t.v LIKE '5_%';"
    harness = run(mode="incrementing", incrementing_column_name="id", query=query)
    records = harness.poll(2)
    assert [record.value for record in records] == [
        {"id": 5, "v": "50%", "w": "{x}"},
        {"id": 7, "v": "50%", "w": "y"},
    ]
    assert records[0].topic == "pg-"
    harness.commit()
    assert harness.offsets == {(("query", "query"),): {"incrementing": 7}}


ALL_TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN price AS numeric(8, 3) NOT NULL;
CREATE TABLE every (
  s int2 NOT NULL, i int4, l int8, f float4, d float8, b bool, t text, v varchar(9), c char(3), y bytea,
  n numeric(10, 2), n0 numeric(6), n_free numeric, p price, da date, ti time, ts timestamp, tz timestamptz, u uuid,
  j json, jb jsonb, m mood, iv interval, ip inet, ia int4[], ta text[], ua uuid[], x xml, mo money, o oid
);
INSERT INTO every VALUES (
  1, 2, 3, 1.5, 0.1, true, 'é', 'v', 'c', '\\x00ff', 1.5, 42, 3.25, 9.5, '2026-01-02', '12:34:56.789012',
  '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678901+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  '{"a": 1}', '{"a": 1}', 'happy', '1 day', '10.0.0.1', '{1,NULL,3}', '{a,"b,c"}',
  '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '<a/>', 12.5, 7
), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def test_every_type(db, run):
    db.execute(ALL_TYPES)
    first, second = run(mode="bulk", db_timezone="Europe/Paris").poll(2)
    for record in (first, second):
        validate_value(record.value_schema, record.value)
    value, fields = first.value, {field.name: field.schema for field in first.value_schema.fields}
    uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert value == {
        "s": 1, "i": 2, "l": 3, "f": 1.5, "d": 0.1, "b": True, "t": "é", "v": "v", "c": "c  ", "y": b"\x00\xff",
        "n": Decimal("1.50"), "n0": Decimal(42), "n_free": Decimal("3.25"), "p": Decimal("9.500"),
        "da": dt.date(2026, 1, 2), "ti": dt.time(12, 34, 56, 789012),
        "ts": dt.datetime(2026, 1, 2, 2, 4, 5, 678901, UTC), "tz": dt.datetime(2026, 1, 2, 1, 4, 5, 678901, UTC),
        "u": uuid, "j": '{"a": 1}', "jb": '{"a": 1}', "m": "happy", "iv": "1 day", "ip": "10.0.0.1",
        "ia": [1, None, 3], "ta": ["a", "b,c"], "ua": [uuid], "x": "<a/>", "mo": "$12.50", "o": 7,
    }  # fmt: skip
    assert fields["s"] == Schema.INT16
    assert fields["p"] == LogicalDecimal.schema(3)
    assert fields["n_free"] == LogicalDecimal.schema(127, optional=True)
    assert -value["n_free"].as_tuple().exponent == 127
    assert fields["da"] == Date.OPTIONAL_SCHEMA
    assert fields["ti"] == Time.OPTIONAL_SCHEMA
    assert fields["ts"] == fields["tz"] == Timestamp.OPTIONAL_SCHEMA
    assert fields["ia"] == Schema.array(Schema.OPTIONAL_INT32, optional=True)
    assert {name for name, item in second.value.items() if item is not None} == {"s", "p"}


def test_times_that_python_does_not_have(db, run):
    db.execute("CREATE TABLE t (a timestamptz, b timestamp, c date, d time)")
    db.execute("INSERT INTO t VALUES ('infinity', '-infinity', 'infinity', '24:00')")
    db.execute("INSERT INTO t VALUES ('2026-01-01Z', '0044-03-15 BC', '20000-1-1', '1:02:03.000004')")
    first, second = run(mode="bulk").values(2)
    assert first == {
        "a": Instant(9223372036825200000),
        "b": Instant(-9223372036832400000),
        "c": Instant((2**31 - 1) * 86_400_000),
        "d": Instant(86_400_000),
    }
    assert second["a"] == T0
    assert second["d"] == dt.time(1, 2, 3, 4)
    assert isinstance(second["b"], Instant)
    assert isinstance(second["c"], Instant)


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        ("none", [Decimal(1), Decimal(2), Decimal(3), Decimal("1.50"), Decimal(10**20)]),
        ("precision_only", [1, 2, 3, Decimal("1.50"), Decimal(10**20)]),
        ("best_fit", [1, 2, 3, 1.5, Decimal(10**20)]),
        ("best_fit_eager_double", [1, 2, 3, 1.5, Decimal(10**20)]),
    ],
)
def test_numeric_mapping(db, run, mapping, wanted):
    db.execute("CREATE TABLE t (a numeric(2), b numeric(4), c numeric(18), d numeric(5, 2), e numeric(30))")
    db.execute("INSERT INTO t VALUES (1, 2, 3, 1.5, 1e20)")
    (record,) = run(mode="bulk", numeric_mapping=mapping).poll(1)
    assert [*record.value.values()] == wanted
    assert [*map(type, record.value.values())] == [*map(type, wanted)]
    validate_value(record.value_schema, record.value)
    if mapping != "none":
        assert [field.schema.type.name for field in record.value_schema.fields[:3]] == ["INT8", "INT16", "INT64"]


@pytest.mark.parametrize(
    ("granularity", "wanted"),
    [
        ("connect_logical", dt.datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)),
        ("micros_long", 1767225600123456),
        ("micros_string", "1767225600123456"),
        ("micros_iso_datetime_string", "2026-01-01T00:00:00.123456"),
        ("nanos_long", 1767225600123456000),
        ("nanos_string", "1767225600123456000"),
        ("nanos_iso_datetime_string", "2026-01-01T00:00:00.123456000"),
    ],
)
def test_timestamp_granularity(db, run, granularity, wanted):
    db.execute("CREATE TABLE t (at timestamp NOT NULL); INSERT INTO t VALUES ('2026-01-01 00:00:00.123456')")
    harness = run(mode="timestamp", timestamp_column_name="at", timestamp_granularity=granularity)
    assert harness.values(1) == [{"at": wanted}]
    harness.commit()
    assert offset_of(harness) == {"timestamp": 1767225600123, "timestamp_nanos": 123456000}


def test_an_offset_of_the_java_connector_goes_on(db, run):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamp NOT NULL)")
    db.execute("INSERT INTO t SELECT g, '2026-01-01'::timestamp + g * interval '1 ms' FROM generate_series(1, 5) g")
    for partition in (
        {"protocol": "1", "table": "public.t"},
        {"table": "t"},
        {"protocol": "1", "table": '"public"."t"'},
    ):
        harness = run([(partition, {"incrementing": 3})], mode="incrementing", incrementing_column_name="id")
        assert [value["id"] for value in harness.values(2)] == [4, 5]
        harness.commit()
        assert harness.offsets[tuple(sorted(partition.items()))] == {"incrementing": 5}
        harness.stop()
        harness = run(
            [(partition, {"timestamp": 1767225600002, "timestamp_nanos": 2000000})],
            mode="timestamp",
            timestamp_column_name="at",
        )
        assert [value["id"] for value in harness.values(3)] == [3, 4, 5]
        harness.stop()


def test_timestamp_initial(db, run):
    db.execute("CREATE TABLE t (id int, at timestamptz NOT NULL)")
    db.execute("INSERT INTO t VALUES (1, '1960-01-01Z'), (2, '2026-01-01Z'), (3, '2026-01-02Z')")
    options = {"mode": "timestamp", "timestamp_column_name": "at"}
    assert [value["id"] for value in run(**options).values(3)] == [1, 2, 3]
    assert [value["id"] for value in run(timestamp_initial=1767225600000, **options).values(1)] == [3]
    harness = run(timestamp_initial=-1, **options)
    assert harness.values(1, 0.3) == []
    db.execute("INSERT INTO t VALUES (4, clock_timestamp())")
    assert [value["id"] for value in harness.values(1)] == [4]


def test_rows_of_the_future_wait(db, run):
    db.execute("CREATE TABLE t (id int, at timestamptz NOT NULL)")
    db.execute("INSERT INTO t VALUES (1, now()), (2, now() + interval '1 hour')")
    harness = run(mode="timestamp", timestamp_column_name="at")
    assert [value["id"] for value in harness.values(2, 1)] == [1]


def test_a_column_that_is_added_while_reading_goes_on(db, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES")
    harness = run(mode="incrementing")
    assert harness.values(1) == [{"id": 1}]
    db.execute("ALTER TABLE t ADD COLUMN note text DEFAULT 'x'; INSERT INTO t DEFAULT VALUES")
    assert harness.values(1) == [{"id": 2, "note": "x"}]


def test_names_without_quotes(db, run):
    db.execute("CREATE TABLE Orders (Id serial PRIMARY KEY, At timestamp NOT NULL DEFAULT now())")
    db.execute("INSERT INTO orders DEFAULT VALUES")
    harness = run(
        mode="timestamp+incrementing",
        quote_sql_identifiers="never",
        table_whitelist="orders",
        timestamp_column_name="AT",
        incrementing_column_name="ID",
    )
    assert [value["id"] for value in harness.values(1)] == [1]


def test_a_table_that_goes_and_comes_back_stops_no_other(db, run, caplog):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (id serial PRIMARY KEY)")
    harness = run(mode="incrementing")
    db.execute("DROP TABLE t; INSERT INTO u DEFAULT VALUES")
    assert [record.topic for record in harness.poll(1)] == ["pg-u"]
    assert harness.values(1, 0.2) == []
    assert caplog.text.count("There is no table public.t any more.") == 1
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, more int); INSERT INTO t DEFAULT VALUES")
    assert harness.values(1) == [{"id": 1, "more": None}]


def test_a_lost_connection_is_made_again(db, run, postgres):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t SELECT FROM generate_series(1, 30)")
    harness = run(mode="incrementing", batch_max_rows=10)
    seen = [value["id"] for value in harness.values(10)]
    db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'barnabas test'")
    seen += [value["id"] for value in harness.values(20)]
    assert seen == [*range(1, 31)]


def test_tables_are_divided_and_new_ones_noticed(db, postgres, database):
    for name in ("a", "b", "c"):
        db.execute(f"CREATE TABLE {name} (id int)")
    db.execute('CREATE SCHEMA other; CREATE TABLE other."d,D" (id int); CREATE VIEW v AS SELECT * FROM a')
    connector = JdbcSourceConnector()
    asked = []

    class Context:
        def request_task_reconfiguration(self):
            asked.append(True)

    connector.initialize(Context())
    connector.start({**base_props(postgres, database), "mode": "bulk", "table.poll.interval.ms": "50"})
    try:
        name = f'"{database}"'
        assert [config["tables"] for config in connector.task_configs(2)] == [
            f'{name}."other"."d,D",{name}."public"."a"',
            f'{name}."public"."b",{name}."public"."c"',
        ]
        assert len(connector.task_configs(10)) == 4
        db.execute("CREATE TABLE e (id int)")
        deadline = time.monotonic() + 10
        while not asked and time.monotonic() < deadline:
            time.sleep(0.02)
        assert asked
        assert len(connector.task_configs(10)) == 5
    finally:
        connector.stop()


# -- what is refused -------------------------------------------------------------------------------------------------


def errors(postgres, database, **more):
    props = base_props(postgres, database) | {"name": "x", "mode": "bulk"}
    props |= {key.replace("_", "."): value for key, value in more.items()}
    return {value.name: value.errors for value in JdbcSourceConnector().validate(props) if value.errors}


def test_validation_is_content_with_what_works(db, postgres, database):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL)")
    assert errors(postgres, database) == {}
    assert errors(postgres, database, mode="incrementing", table_whitelist="t") == {}
    assert errors(postgres, database, mode="timestamp", timestamp_column_name="at", table_include_list="public.t") == {}
    assert errors(postgres, database, query="SELECT 1 AS x") == {}


def test_validation_names_what_is_missing(db, postgres, database):
    db.execute("CREATE TABLE t (id int, at timestamptz, note text); CREATE VIEW v AS SELECT * FROM t")
    db.execute("CREATE TABLE parts (id int) PARTITION BY RANGE (id)")

    def one(key, **more):
        found = errors(postgres, database, **more)
        assert list(found) == [key], found
        return " ".join(found[key])

    assert "no table tt" in one("table.whitelist", table_whitelist="tt")
    assert "table.types" in one("table.whitelist", table_whitelist="parts")
    assert "no table public.tt" in one("table.include.list", table_include_list="public.tt")
    assert "no column idd" in one("incrementing.column.name", mode="incrementing", incrementing_column_name="idd")
    nullable = one("incrementing.column.name", mode="incrementing", incrementing_column_name="id")
    assert 'ALTER TABLE "public"."t" ALTER COLUMN "id" SET NOT NULL' in nullable
    assert "may be NULL" in one("timestamp.column.name", mode="timestamp", timestamp_column_name="at")
    assert "no date" in one("timestamp.column.name", mode="timestamp", timestamp_column_name="note")
    assert "0 columns" in one("incrementing.column.name", mode="incrementing")
    assert "needs timestamp columns" in one("timestamp.column.name", mode="timestamp")
    assert "does not exist" in one("query", query="SELECT * FROM nowhere")
    assert "two columns are called a" in one("query", query="SELECT 1 AS a, 2 AS a")
    assert "sslmode" in one("connection.url", connection_url=postgres.jdbc_url(database) + "?sslmod=x")
    assert "does not exist" in one("connection.url", connection_url=postgres.jdbc_url("nowhere"))
    assert "There is no default" in one("mode", mode="")


def test_validation_says_which_privilege_or_password_is_missing(db, postgres, database):
    db.execute("CREATE SCHEMA s; CREATE TABLE s.t (id int); CREATE TABLE u (id int)")
    role = f"r_{database}"
    db.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'geheim'")
    try:
        found = errors(postgres, database, connection_user=role, connection_password="geheim")
        text = " ".join(found["connection.user"])
        assert f'GRANT USAGE ON SCHEMA "s" TO "{role}"; GRANT SELECT ON "s"."t" TO "{role}";' in text
        assert f'GRANT SELECT ON "public"."u" TO "{role}";' in text
        wrong = errors(postgres, database, connection_user=role, connection_password="falsch")
        assert "ALTER ROLE" in " ".join(wrong["connection.password"])
        assert "falsch" not in str(wrong)
    finally:
        db.execute(f"DROP ROLE {role}")


def test_an_unreachable_host_is_said_at_once(postgres, database):
    found = errors(postgres, database, connection_url="jdbc:postgresql://127.0.0.1:1/x")
    assert "127.0.0.1:1" in " ".join(found["connection.url"])


def test_an_unreachable_database_fails_the_task_after_its_attempts(postgres, database):
    props = base_props(postgres, database) | {
        "mode": "bulk",
        "query": "SELECT 1",
        "connection.url": "jdbc:postgresql://127.0.0.1:1/x",
        "connection.attempts": "2",
    }
    harness = SourceHarness(JdbcSourceConnector, props).start()
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1:1"):
        harness.poll(1, 5)
    harness.stop()


def test_offsets_of_others_are_refused():
    connector = JdbcSourceConnector()
    good = (("protocol", "1"), ("table", "public.t"))
    assert connector.alter_offsets({}, {good: {"incrementing": 5}, (("query", "query"),): None})
    with pytest.raises(ConnectError):
        connector.alter_offsets({}, {(("file", "x"),): {"incrementing": 5}})
    with pytest.raises(ConnectError):
        connector.alter_offsets({}, {good: {"incrementing": "5"}})


def test_a_column_without_time_fails_at_run_time_too(db, run):
    db.execute("CREATE TABLE t (id int)")
    harness = run(mode="incrementing", incrementing_column_name="nope")
    with pytest.raises(ConfigError, match="no column nope"):
        harness.poll(1, 1)
