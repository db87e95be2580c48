"""JdbcSource loses no row: not of transactions that end late, not among equal timestamps."""

from __future__ import annotations

import subprocess
import time

import pytest

from barnabas.connectors.jdbc import source_task
from barnabas.connectors.jdbc.source import JdbcSourceConnector
from barnabas.testing import SourceHarness
from services.postgres import PostgresServer
from services.process import wait_for


@pytest.fixture(autouse=True)
def short_polls(monkeypatch):
    monkeypatch.setattr(source_task, "_WAIT_SECONDS", 0.2)


@pytest.fixture
def db(postgres, database):
    with postgres.connect(database) as connection:
        yield connection


@pytest.fixture
def other(postgres, database):
    """A session with a transaction that the test opens and ends."""
    with postgres.connect(database) as connection:
        yield connection


@pytest.fixture
def run(postgres, database):
    running = []

    def start(**more):
        props = {
            "connection.url": postgres.jdbc_url(database),
            "connection.user": "postgres",
            "poll.interval.ms": "10",
        } | {key.replace("_", "."): str(value) for key, value in more.items()}
        running.append(SourceHarness(JdbcSourceConnector, props))
        return running[-1].start()

    yield start
    for harness in running:
        harness.stop()


def ids(harness, count, timeout=5.0):
    return [value["id"] for value in harness.values(count, timeout)]


def test_a_row_waits_for_a_lower_number_whose_transaction_is_open(db, other, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")
    db.execute("INSERT INTO t DEFAULT VALUES")
    harness = run(mode="incrementing")
    assert ids(harness, 1, 0.2) == []
    db.execute("INSERT INTO t DEFAULT VALUES")
    other.execute("COMMIT")
    assert ids(harness, 3) == [1, 2, 3]


def test_without_the_guard_it_is_lost(db, other, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")
    db.execute("INSERT INTO t DEFAULT VALUES")
    harness = run(mode="incrementing", transaction_guard="none")
    assert ids(harness, 1) == [2]
    other.execute("COMMIT")
    assert ids(harness, 1, 0.2) == []


def test_an_older_transaction_that_took_its_number_later(db, other, postgres, database, run):
    """Transaction ids are no order: the younger one has the lower number."""
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE elsewhere (x int)")
    with postgres.connect(database) as third:
        third.execute("BEGIN; INSERT INTO elsewhere VALUES (1)")  # has its transaction id
        other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")  # a higher one, and number 1
        third.execute("INSERT INTO t DEFAULT VALUES; COMMIT")  # number 2
        harness = run(mode="incrementing", table_whitelist="t")
        assert ids(harness, 1, 0.2) == []
        other.execute("COMMIT")
        assert ids(harness, 2) == [1, 2]


@pytest.mark.parametrize("sequence", ["t_id_seq", "numbers"])
def test_a_number_that_was_taken_for_later_is_waited_for(db, other, run, sequence):
    """What object-relational mappers do: ask for the number first, and insert at the end."""
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (id serial); CREATE SEQUENCE numbers")
    other.execute(f"BEGIN; SELECT nextval('{sequence}')")
    db.execute("INSERT INTO t VALUES (2)")
    harness = run(mode="incrementing", table_whitelist="t")
    assert ids(harness, 1, 0.2) == []
    other.execute("INSERT INTO t VALUES (1); COMMIT")
    assert ids(harness, 2) == [1, 2]
    other.execute("BEGIN; INSERT INTO u DEFAULT VALUES")
    db.execute("INSERT INTO t VALUES (3)")
    assert ids(harness, 1) == [3]


def test_readers_do_not_wait_for_each_other(db, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
    db.execute("INSERT INTO t SELECT FROM generate_series(1, 20)")
    options = {"mode": "timestamp+incrementing", "timestamp_column_name": "at", "batch_max_rows": 5}
    slow = run(**options)
    assert ids(slow, 5) == [*range(1, 6)]
    assert ids(run(**options), 20) == [*range(1, 21)]
    assert ids(slow, 15) == [*range(6, 21)]


def test_no_privilege_is_needed_to_see_who_writes(db, other, run, database):
    role = f"g_{database}"
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
    db.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON t TO {role}")
    try:
        other.execute("BEGIN; SELECT 1")
        db.execute("INSERT INTO t DEFAULT VALUES")
        harness = run(mode="timestamp", timestamp_column_name="at", connection_user=role, connection_password="x")
        assert ids(harness, 1, 0.2) == []
        other.execute("INSERT INTO t DEFAULT VALUES; COMMIT")
        assert ids(harness, 2) == [2, 1]
        harness.stop()
    finally:
        db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_rollback_sets_free_what_waits(db, other, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")
    db.execute("INSERT INTO t DEFAULT VALUES")
    harness = run(mode="incrementing")
    assert ids(harness, 1, 0.2) == []
    other.execute("ROLLBACK")
    assert ids(harness, 1) == [2]


def test_writers_of_other_tables_hold_nothing_up(db, other, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (x int)")
    db.execute("INSERT INTO t DEFAULT VALUES")
    other.execute("BEGIN; INSERT INTO u VALUES (1)")
    assert ids(run(mode="incrementing"), 1) == [1]


@pytest.mark.parametrize("relation", ["view", "partition", "query"])
def test_writers_are_found_behind_what_is_read(db, other, run, relation):
    db.execute("CREATE TABLE t (id serial, part int NOT NULL) PARTITION BY LIST (part)")
    db.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2)")
    db.execute("CREATE VIEW v AS SELECT id, part FROM t WHERE part > 0")
    options = {
        "view": {"table_types": "VIEW", "validate_non_null": "false"},
        "partition": {"table_types": "PARTITIONED TABLE"},
        "query": {"query": "SELECT * FROM v", "topic_prefix": "q"},
    }[relation]
    other.execute("BEGIN; INSERT INTO t1 (id, part) VALUES (nextval('t_id_seq'), 1)")
    db.execute("INSERT INTO t (part) VALUES (2)")
    harness = run(mode="incrementing", incrementing_column_name="id", **options)
    assert ids(harness, 1, 0.2) == []
    other.execute("COMMIT")
    assert ids(harness, 2) == [1, 2]


@pytest.mark.parametrize("mode", ["timestamp", "timestamp+incrementing"])
def test_a_time_waits_for_a_transaction_that_began_before_it(db, other, run, mode):
    """``now()`` is when a transaction began, however late it writes."""
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
    other.execute("BEGIN; SELECT 1")
    db.execute("INSERT INTO t DEFAULT VALUES")
    harness = run(mode=mode, timestamp_column_name="at", incrementing_column_name="id")
    assert ids(harness, 1, 0.2) == []
    other.execute("INSERT INTO t DEFAULT VALUES; COMMIT")
    assert ids(harness, 2) == [2, 1]


def test_a_change_that_is_committed_late_is_seen(db, other, run):
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
    db.execute("INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES")
    harness = run(mode="timestamp", timestamp_column_name="at")
    assert sorted(ids(harness, 2)) == [1, 2]
    other.execute("BEGIN; UPDATE t SET at = now() WHERE id = 1")
    db.execute("UPDATE t SET at = now() WHERE id = 2")
    assert ids(harness, 1, 0.2) == []
    other.execute("COMMIT")
    assert sorted(ids(harness, 2)) == [1, 2]


def test_seconds_only(db, run):
    """A column that rounds to seconds may be ahead of the clock, and gets more of the same second later."""
    db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz(0) NOT NULL DEFAULT clock_timestamp())")
    harness = run(mode="timestamp", timestamp_column_name="at")
    seen = []
    deadline = time.monotonic() + 2.2
    written = 0
    while time.monotonic() < deadline:
        db.execute("INSERT INTO t DEFAULT VALUES")
        written += 1
        seen += [record.value["id"] for record in harness.poll_batch()] if written % 8 == 0 else []
        time.sleep(0.01)
    seen += ids(harness, written - len(seen))
    assert sorted(seen) == [*range(1, written + 1)]


@pytest.mark.parametrize("partitioned", [False, True])
@pytest.mark.parametrize("mode", ["timestamp", "timestamp+incrementing"])
def test_rows_with_a_time_that_was_over_already(db, run, mode, partitioned):
    """All with one timestamp of the application's, written one after the other, and changed without another time."""
    parts = " PARTITION BY LIST (id)" if partitioned else ""
    db.execute(f"CREATE TABLE t (id int NOT NULL, at timestamptz NOT NULL){parts}")
    if partitioned:
        db.execute("CREATE TABLE t0 PARTITION OF t DEFAULT")
    options = {"table_types": "PARTITIONED TABLE"} if partitioned else {}
    harness = run(mode=mode, timestamp_column_name="at", incrementing_column_name="id", batch_max_rows=2, **options)
    seen = []
    for number in reversed(range(10)):
        db.execute("INSERT INTO t VALUES (%s, '2026-01-01Z')", [number])
        if number % 3 == 0:
            seen += ids(harness, 10 - number - len(seen))
            harness.commit()
            harness.restart()
    assert sorted(seen) == [*range(10)]
    db.execute("INSERT INTO t VALUES (10, '2025-12-31 23:59:55Z'), (11, '2025-12-31 23:59:45Z')")
    assert ids(harness, 2, 0.3) == [10]


def test_a_prepared_transaction_is_waited_for(tmp_path_factory):
    settings = {"max_prepared_transactions": "5"}
    server = PostgresServer(tmp_path_factory.mktemp("prepared"), settings)
    with server, server.connect() as db, server.connect() as other:
        db.execute("CREATE TABLE t (id serial PRIMARY KEY)")
        other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")
        db.execute("INSERT INTO t DEFAULT VALUES")
        props = {
            "connection.url": server.jdbc_url(),
            "connection.user": "postgres",
            "mode": "incrementing",
            "poll.interval.ms": "10",
        }
        with SourceHarness(JdbcSourceConnector, props) as harness:
            assert ids(harness, 1, 0.2) == []
            other.execute("PREPARE TRANSACTION 'p'")
            assert ids(harness, 1, 0.2) == []
            db.execute("COMMIT PREPARED 'p'")
            assert ids(harness, 2) == [1, 2]


@pytest.fixture
def standby(tmp_path):
    """A primary and a standby that follows it."""
    primary = PostgresServer(tmp_path / "primary")
    with primary:
        primary.stop()
        link = {"primary_conninfo": primary.conninfo(), "hot_standby": "on"}
        follower = PostgresServer(tmp_path / "standby", link)
        subprocess.run(["cp", "-a", primary.data, follower.data], check=True)
        (follower.data / "standby.signal").touch()
        primary.start()
        with follower:
            yield primary, follower


def test_a_standby_waits_too(standby):
    primary, follower = standby
    with primary.connect() as db, primary.connect() as other:
        db.execute("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
        with follower.connect() as there:
            wait_for(lambda: there.execute("SELECT to_regclass('t')").fetchone()[0] is not None)
        for number, mode in ((1, "incrementing"), (3, "timestamp")):
            other.execute("BEGIN; INSERT INTO t DEFAULT VALUES")
            db.execute("INSERT INTO t DEFAULT VALUES")
            with follower.connect() as there:
                wait_for(lambda: there.execute("SELECT max(id) FROM t").fetchone()[0] == number + 1)  # noqa: B023  at once
            props = {
                "connection.url": follower.jdbc_url(),
                "connection.user": "postgres",
                "mode": mode,
                "timestamp.column.name": "at",
                "timestamp.lookback.ms": "1",
                "poll.interval.ms": "10",
            }
            with SourceHarness(JdbcSourceConnector, props) as harness:
                before = ids(harness, 2, 0.4)
                assert number + 1 not in before
                other.execute("COMMIT")
                assert [*before, *ids(harness, number + 1 - len(before))] == [*range(1, number + 2)]
