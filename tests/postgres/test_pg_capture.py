"""The connector against a real PostgreSQL, run by the harness."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from barnabas import ConnectError
from barnabas.connectors.postgres.source import PostgresCdcSource
from barnabas.testing import SourceHarness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.postgres import PostgresServer

Rows = dict[Any, Any]


class Capture:
    """A connector for one database, and the tables that its records add up to."""

    def __init__(self, server: PostgresServer, database: str, **settings: str) -> None:
        self.settings = {
            "database.hostname": "127.0.0.1",
            "database.port": str(server.port),
            "database.user": "postgres",
            "database.dbname": database,
            "topic.prefix": "p",
            "slot.name": f"slot_{database}",
            "status.update.interval.ms": "100",
            "poll.interval.ms": "50",
            **settings,
        }
        self.offsets: Any = []
        self.records: list[Any] = []
        self.tables: dict[str, Rows] = {}
        self.harness: SourceHarness | None = None

    def start(self, **settings: str) -> Capture:
        self.harness = SourceHarness(PostgresCdcSource, {**self.settings, **settings}, offsets=self.offsets)
        self.harness.start()
        return self

    def stop(self, *, commit: bool = True) -> None:
        assert self.harness is not None
        if commit:
            self.harness.commit()
        self.offsets = self.harness.offsets
        self.harness.stop()

    def until(self, condition: Callable[[], bool], timeout: float = 15) -> None:
        assert self.harness is not None
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, (self.records[-3:], self.tables)
            for record in self.harness.poll_batch():
                self.records.append(record)
                self._apply(record)

    def _apply(self, record: Any) -> None:
        if record.value is not None and "op" not in record.value:
            return  # a heartbeat
        rows = self.tables.setdefault(record.topic, {})
        key = tuple(record.key.values()) if record.key else None
        if record.value is None or record.value["op"] == "d":
            rows.pop(key, None)
        elif "after" in record.value:
            rows[key] = record.value["after"]


@pytest.fixture
def capture(postgres: PostgresServer, database: str) -> Iterator[Callable[..., Capture]]:
    made: list[Capture] = []

    def make(**settings: str) -> Capture:
        made.append(Capture(postgres, database, **settings))
        return made[-1]

    yield make
    for each in made:
        if each.harness is not None:
            each.harness.stop()


@pytest.fixture
def sql(postgres: PostgresServer, database: str) -> Iterator[Callable[[str], Any]]:
    with postgres.connect(database) as connection:
        connection.execute("SET synchronous_commit = on")  # what is committed is in the WAL at once
        yield connection.execute


T = "p.public.t"


def test_a_snapshot_and_what_happens_after_it(sql: Callable[[str], Any], capture: Callable[..., Capture]) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    sql("INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 5000) i")
    run = capture().start()
    run.until(lambda: bool(run.records))
    sql("UPDATE t SET v = 'changed' WHERE id <= 10")  # while the snapshot is read
    sql("DELETE FROM t WHERE id = 11")
    run.until(lambda: len(run.records) >= 5012)
    assert run.tables[T] == {(row[0],): {"id": row[0], "v": row[1]} for row in sql("SELECT * FROM t").fetchall()}
    marks = [record.value["source"]["snapshot"] for record in run.records[:5000]]
    assert marks[0] == "first"
    assert marks[-1] == "last"
    assert {*marks[1:-1]} == {"true"}
    assert [record.value["op"] for record in run.records[5000:5011]] == [*"u" * 10, "d"]


def test_several_connections_read_a_snapshot(sql: Callable[[str], Any], capture: Callable[..., Capture]) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE none (a int)")
    sql("ALTER TABLE t ALTER v SET STORAGE EXTERNAL; ALTER TABLE none REPLICA IDENTITY FULL")
    sql("INSERT INTO t SELECT i, repeat('x', 1900) FROM generate_series(1, 40000) i")
    sql("INSERT INTO u SELECT generate_series(1, 100)")
    run = capture(**{"snapshot.max.threads": "3"}).start()
    run.until(lambda: len(run.records) >= 40100, 30)
    assert len(run.records) == 40100
    assert len(run.tables[T]) == 40000
    assert len(run.tables["p.public.u"]) == 100
    marks = [record.value["source"]["snapshot"] for record in run.records]
    assert (marks[0], marks[-1], marks.count("last"), marks.count("first")) == ("first", "last", 1, 1)


def test_a_stopped_connector_goes_on_within_a_transaction(
    sql: Callable[[str], Any], capture: Callable[..., Capture]
) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    run = capture(**{"max.batch.size": "70"}).start()
    run.until(lambda: _streams(sql))
    sql("INSERT INTO t SELECT i FROM generate_series(1, 500) i")
    sql("INSERT INTO t SELECT i FROM generate_series(501, 600) i")
    for most in (100, 300, 520):
        run.until(lambda most=most: len(run.records) >= most)
        run.stop()
        run.start()
    run.until(lambda: len(run.records) >= 600)
    assert [record.key["id"] for record in run.records] == [*range(1, 601)]


def _streams(sql: Callable[[str], Any]) -> bool:
    return bool(sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'").fetchone()[0])


def test_an_interrupted_snapshot_begins_anew_and_loses_nothing(
    sql: Callable[[str], Any], capture: Callable[..., Capture]
) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    sql("INSERT INTO t SELECT i, 'a' FROM generate_series(1, 9000) i")
    run = capture().start()
    run.until(lambda: len(run.records) >= 3000)
    run.stop()
    sql("DELETE FROM t WHERE id < 100; UPDATE t SET v = 'b' WHERE id < 200")
    run.start()
    sql("INSERT INTO t VALUES (10000, 'end')")
    run.until(lambda: (10000,) in run.tables[T] and len(run.tables[T]) == 8902)
    assert run.tables[T] == {(row[0],): {"id": row[0], "v": row[1]} for row in sql("SELECT * FROM t").fetchall()}


def test_the_server_may_forget_what_is_stored_and_what_is_not_for_us(
    sql: Callable[[str], Any], capture: Callable[..., Capture]
) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)")
    run = capture(**{"table.include.list": "public.t", "publication.autocreate.mode": "filtered"}).start()
    run.until(lambda: _streams(sql))
    assert run.harness is not None

    def confirmed() -> int:
        query = "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE database = current_database()"
        return int(sql(query).fetchone()[0])

    def lag() -> int:
        run.harness.commit()  # type: ignore[union-attr]
        return int(sql("SELECT pg_current_wal_lsn() - '0/0'").fetchone()[0]) - confirmed()

    before = confirmed()
    sql("INSERT INTO t VALUES (1)")
    run.until(lambda: len(run.records) == 1)
    assert confirmed() == before  # handed over is not stored
    run.until(lambda: lag() < 500)
    sql("INSERT INTO other SELECT generate_series(1, 20000)")
    assert lag() > 500_000
    run.until(lambda: lag() < 500)
    assert len(run.records) == 1


def test_a_slot_that_moved_on_is_not_trusted(sql: Callable[[str], Any], capture: Callable[..., Capture]) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    run = capture().start()
    sql("INSERT INTO t VALUES (1)")
    run.until(lambda: len(run.records) == 1)
    run.until(lambda: _streams(sql))
    run.stop()
    slot = run.settings["slot.name"]
    sql("INSERT INTO t VALUES (2)")
    _when_free(sql, f"SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())")
    run.start()
    with pytest.raises(ConnectError, match="beyond the stored offset") as caught:
        run.until(lambda: False)
    assert caught.value.code == "BRN-6128"
    run.stop(commit=False)
    run.start(**{"offset.mismatch.strategy": "trust_slot"})
    run.until(lambda: _streams(sql))
    sql("INSERT INTO t VALUES (3)")
    run.until(lambda: len(run.records) == 2)
    assert run.records[-1].key == {"id": 3}
    run.stop()
    _when_free(sql, f"SELECT pg_drop_replication_slot('{slot}')")
    run.start()
    with pytest.raises(ConnectError, match="does not exist") as caught:
        run.until(lambda: False)
    assert caught.value.code == "BRN-6130"
    run.stop(commit=False)
    run.start(**{"snapshot.mode": "when_needed"})
    run.until(lambda: len(run.records) == 5)
    assert len(run.tables[T]) == 3


def _when_free(sql: Callable[[str], Any], statement: str) -> None:
    """A walsender lives a little longer than its client's connection."""
    end = time.monotonic() + 10
    while sql("SELECT count(*) FROM pg_replication_slots WHERE active").fetchone()[0]:
        assert time.monotonic() < end
        time.sleep(0.05)
    sql(statement)


def test_a_lost_connection_is_made_again(
    sql: Callable[[str], Any], capture: Callable[..., Capture], postgres: PostgresServer
) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    run = capture(**{"retriable.restart.connector.wait.ms": "100"}).start()
    run.until(lambda: _streams(sql))
    for number in range(4):
        sql(f"INSERT INTO t VALUES ({number})")
        run.until(lambda number=number: len(run.records) > number)
        sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
    assert [record.key["id"] for record in run.records] == [0, 1, 2, 3]
    assert run.harness is not None
    assert run.harness.retries


def test_heartbeats_and_messages(sql: Callable[[str], Any], capture: Callable[..., Capture]) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE beats (n int)")
    query = "INSERT INTO beats VALUES (1)"
    run = capture(**{"heartbeat.interval.ms": "100", "heartbeat.action.query": query}).start()
    run.until(lambda: _streams(sql))
    sql("SELECT pg_logical_emit_message(true, 'a', 'content')")
    run.until(lambda: {"__debezium-heartbeat.p", "p.message"} <= {record.topic for record in run.records})
    (message,) = [record for record in run.records if record.topic == "p.message"]
    assert message.value["message"] == {"prefix": "a", "content": b"content"}
    assert sql("SELECT count(*) > 0 FROM beats").fetchone()[0]


def test_columns_keys_and_operations_of_choice(sql: Callable[[str], Any], capture: Callable[..., Capture]) -> None:
    sql("CREATE TABLE t (id int PRIMARY KEY, a int, secret text); CREATE TABLE gone (id int PRIMARY KEY)")
    sql("INSERT INTO t VALUES (1, 2, 'x')")
    run = capture(
        **{
            "column.exclude.list": "public\\.t\\.secret",
            "table.exclude.list": "public.gone",
            "message.key.columns": "public.t:a",
            "skipped.operations": "u,d",
            "topic.delimiter": "-",
            "tombstones.on.delete": "false",
            "extended.headers.enabled": "false",
        }
    ).start()
    run.until(lambda: _streams(sql))
    sql("UPDATE t SET secret = 'y'; DELETE FROM t; INSERT INTO gone VALUES (1); INSERT INTO t VALUES (3, 4, 'z')")
    run.until(lambda: len(run.records) == 2)
    assert [(record.topic, record.key, record.value["after"]) for record in run.records] == [
        ("p-public-t", {"a": 2}, {"id": 1, "a": 2}),
        ("p-public-t", {"a": 4}, {"id": 3, "a": 4}),
    ]
    assert run.records[0].headers is None
