"""Gathering, sending ahead and trying again, with a session that is told what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas import ConnectError, DataError, RetriableError, SinkBatch, SinkRecord
from barnabas.connectors.jdbc.sink_config import SINK
from barnabas.connectors.jdbc.sink_writer import Writer


class Database:
    """Sessions that share what is written; errors to come are listed."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.transactions: list[int] = []
        self.send_errors: list[Exception | None] = []
        self.finish_errors: list[Exception | None] = []
        self.open_errors: list[Exception] = []
        self.finished = True
        self.opened = 0
        self.waits: list[int] = []
        self.now = 0.0

    def open(self) -> Any:
        if self.open_errors:
            raise self.open_errors.pop(0)
        self.opened += 1
        return Session(self)

    def writer(self, **props: str) -> Writer:
        config = SINK.definition.parse({"connection.url": "jdbc:postgresql://h/d", "linger.ms": "0", **props})
        settings = SINK.settings(config)
        return Writer(settings, self.open, self.bad, self.waits.append, clock=lambda: self.now)

    def bad(self, record: SinkRecord, error: ConnectError) -> None:
        del record
        raise error


class Session:
    connection = None

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sent: list[int] | None = None

    @property
    def busy(self) -> bool:
        return self.sent is not None

    def ready(self) -> bool:
        return self.database.finished

    def send(self, batches: list[SinkBatch], last: str = "") -> None:
        assert self.sent is None
        assert last == ""
        if self.database.send_errors and (error := self.database.send_errors.pop(0)):
            raise error
        self.sent = [offset for batch in batches for offset in batch.offsets]

    def finish(self) -> None:
        sent, self.sent = self.sent, None
        if self.database.finish_errors and (error := self.database.finish_errors.pop(0)):
            raise error
        if sent is not None:
            self.database.written += sent
            self.database.transactions.append(len(sent))

    def sift(self, batches: list[SinkBatch], bad: Any, last: str = "") -> None:
        del last
        for batch in batches:
            for record in batch:
                if record.value is None:
                    bad(record, DataError("no value"))
                else:
                    self.database.written.append(record.kafka_offset)

    def close(self) -> None:
        self.sent = None


def batch(*offsets: int) -> SinkBatch:
    return SinkBatch.of([SinkRecord("t", 0, offset, offset) for offset in offsets])


LOST = RetriableError("lost")


def test_while_a_transaction_is_under_way_records_are_gathered_for_the_next() -> None:
    database = Database()
    writer = database.writer()
    database.finished = False
    for offset in range(5):
        writer.take(batch(offset))
    database.finished = True
    writer.take(batch(5))
    writer.flush()
    assert database.written == [0, 1, 2, 3, 4, 5]
    assert database.transactions == [1, 5]


def test_transactions_have_at_most_batch_size_records_and_no_more_pile_up() -> None:
    database = Database()
    writer = database.writer(**{"batch.size": "4"})
    database.finished = False
    for start in range(0, 30, 3):
        writer.take(batch(start, start + 1, start + 2))
        assert start + 3 - len(database.written) <= 4 + 4 + 3
    writer.flush()
    assert database.written == [*range(30)]
    assert max(database.transactions) == 4


def test_records_wait_for_company() -> None:
    database = Database()
    writer = database.writer(**{"linger.ms": "50"})
    writer.take(batch(0))
    assert database.opened == 0
    assert database.waits == [51]
    database.now = 0.06
    writer.take(batch())
    assert database.opened == 1
    writer.flush()
    assert database.written == [0]


def test_a_failure_is_told_before_more_is_taken() -> None:
    database = Database()
    writer = database.writer()
    database.finish_errors = [LOST, LOST]
    writer.take(batch(0))
    for _ in range(2):
        with pytest.raises(RetriableError):
            writer.take(batch(1))
    writer.take(batch(1))
    writer.flush()
    assert database.written == [0, 1]
    assert database.waits == [3000, 3000]


def test_what_was_taken_is_not_asked_for_again_when_sending_fails() -> None:
    database = Database()
    writer = database.writer()
    database.send_errors = [LOST]
    writer.take(batch(0))  # sending fails, but the record was taken
    writer.take(batch(1))
    writer.flush()
    assert database.written == [0, 1]


def test_a_full_pile_waits_before_more_is_taken() -> None:
    database = Database()
    writer = database.writer(**{"batch.size": "2"})
    database.finished = False
    database.finish_errors = [LOST]
    writer.take(batch(0, 1))
    writer.take(batch(2, 3))
    with pytest.raises(RetriableError):
        writer.take(batch(4, 5))
    writer.take(batch(4, 5))
    writer.flush()
    assert database.written == [*range(6)]


def test_after_max_retries_the_task_fails() -> None:
    database = Database()
    writer = database.writer(**{"max.retries": "2"})
    database.finish_errors = [LOST] * 5
    writer.take(batch(0))
    for _ in range(2):
        with pytest.raises(RetriableError):
            writer.take(batch(1))
    with pytest.raises(ConnectError, match="Given up after 3 tries: lost") as caught:
        writer.take(batch(1))
    assert not isinstance(caught.value, RetriableError)


def test_a_success_begins_the_count_anew() -> None:
    database = Database()
    writer = database.writer(**{"max.retries": "1"})
    for offset in range(5):
        database.finish_errors = [LOST]
        writer.take(batch(offset))
        with pytest.raises(RetriableError):
            writer.take(batch())
        writer.take(batch())
    assert database.written == [*range(5)]


def test_a_failed_flush_forgets_everything_because_it_comes_again() -> None:
    database = Database()
    writer = database.writer()
    database.finish_errors = [LOST]
    writer.take(batch(0))
    with pytest.raises(RetriableError):
        writer.flush()
    writer.take(batch(0))
    writer.flush()
    assert database.written == [0]


def test_a_database_that_cannot_be_reached_is_tried_again() -> None:
    database = Database()
    writer = database.writer()
    database.open_errors = [LOST, LOST]
    writer.take(batch(0))
    with pytest.raises(RetriableError):
        writer.take(batch(1))
    writer.take(batch(1))
    writer.flush()
    assert database.written == [0, 1]


@pytest.mark.parametrize("ahead", [True, False], ids=["while sending", "in the end"])
def test_bad_records_are_looked_for_where_there_are_any(ahead: bool) -> None:
    database = Database()
    writer = database.writer()
    errors = database.send_errors if ahead else database.finish_errors
    errors.append(DataError("bad"))
    writer.take(batch(0, 1))
    writer.flush()
    assert database.written == [0, 1]


def test_partitions_that_leave_take_their_records_with_them() -> None:
    database = Database()
    writer = database.writer(**{"linger.ms": "1000"})
    writer.take(batch(0))
    writer.take(SinkBatch.of([SinkRecord("t", 1, 7, 7)]))
    writer.leave([("t", 0)])  # type: ignore[list-item] # as the harness says it
    writer.flush()
    assert database.written == [7]
    database.finish_errors = [LOST]
    database.now = 5000
    writer.take(batch(1))
    writer.leave([("t", 0)])  # type: ignore[list-item]
    writer.flush()
    assert database.written == [7]
