"""The source loop against a producer that acknowledges when a test says: offsets, acknowledgements, failures."""

from __future__ import annotations

import pytest
from source_fakes import FILE, Acknowledged, FakeProducer, FakeStore, Run, Scripted, lines

from barnabas import DataError, RecordMetadata, RetriableError, SourceRecord
from barnabas.converters.string import StringConverter
from barnabas.errors import ConnectError
from barnabas.kafka.faults import KafkaClientError, KafkaFault
from barnabas.supervisor import board
from barnabas.transforms import Transformation


def test_records_or_columns_are_the_same_to_kafka():
    record = SourceRecord("t", "x", source_partition=FILE, source_offset={"p": 1})
    run = Run(Scripted([[record], lines("y", "z", to=3)])).go()
    assert [(topic, values) for topic, values, _, _ in run.producer.sent] == [("t", [b"x"]), ("t", [b"y", b"z"])]
    assert run.store.offset() == {"p": 3}
    assert run.reports == [("RUNNING",)]
    assert run.topics == [("c", "t", 0)]
    assert run.wanted == [False]
    assert run.task.stopped == 1
    assert run.slot.words[board.RECORDS_IN] == run.slot.words[board.RECORDS_OUT] == 3


def test_what_is_not_acknowledged_is_not_committed_not_even_at_the_end():
    run = Run(Scripted([lines("x", to=1)]), producer=FakeProducer(acknowledge=False)).go()
    assert run.store.offset() is None
    assert run.producer.closed == 0


def test_what_is_acknowledged_while_stopping_is_committed():
    producer = FakeProducer(acknowledge=False)
    run = Run(Scripted([lines("x", to=1)]), producer=producer, interval=1e9)
    producer.flush = lambda _: producer.ack(producer.tickets[0])
    run.go()
    assert run.store.offset() == {"p": 1}


def test_commit_is_called_at_each_interval_also_when_there_is_nothing_new():
    run = Run(Scripted([lines("x", to=1), None, None])).go()
    assert run.task.commits >= 3


def test_offsets_that_could_not_be_stored_are_stored_with_the_next():
    run = Run(Scripted([lines("x", to=1), None, None]), store=FakeStore(fail=1)).go()
    assert run.store.writes[0] == run.store.writes[1]
    assert run.store.offset() == {"p": 1}
    assert run.slot.words[board.COMMIT_FAILURES] == 1


def test_newer_offsets_replace_those_that_could_not_be_stored():
    run = Run(Scripted([lines("x", to=1), lines("y", to=2), None]), store=FakeStore(fail=1)).go()
    assert run.store.offset() == {"p": 2}


def test_the_reader_gives_what_was_stored():
    task = Scripted([])
    run = Run(task)
    run.store.stored[b'["c",{"f":"a"}]'] = b'{"p":7}'
    task.script = [lambda: seen.append(task.reader.offsets([FILE, {"f": "b"}]))]
    seen = []
    run.go()
    assert seen == [[{"p": 7}, None]]


def test_a_poll_that_may_be_retried_is():
    run = Run(Scripted([RetriableError("busy"), lines("x", to=1)])).go()
    assert run.store.offset() == {"p": 1}


def test_a_poll_that_fails_fails_the_task_after_a_last_commit():
    run = Run(Scripted([lines("x", to=1), ValueError("boom")]), interval=1e9)
    with pytest.raises(ValueError, match="boom"):
        run.go()
    assert run.store.offset() == {"p": 1}
    assert run.task.stopped == 1


def test_a_record_that_kafka_refuses_fails_the_task_and_holds_its_offset():
    producer = FakeProducer(acknowledge=False)

    def refused():
        producer.book.fail_one(producer.tickets[0].base, KafkaFault(10, "MSG_SIZE_TOO_LARGE", "too large"))

    run = Run(Scripted([lines("x", to=1), refused]), producer=producer)
    with pytest.raises(KafkaClientError, match="too large"):
        run.go()
    assert run.store.offset() is None


def test_acknowledgements_are_told_in_order_with_where_the_record_went():
    task = Acknowledged([lines("x", "y", to=2)])
    run = Run(task).go()
    assert task.told == [("x", RecordMetadata("t", 0, 100)), ("y", RecordMetadata("t", 0, 101))]
    assert run.wanted == [True]


class DropX(Transformation):
    def apply(self, record):
        return None if record.value == "x" else record.new_record(topic=f"{record.topic}-2")


def test_dropped_records_are_told_without_metadata_and_do_not_move_offsets_alone():
    task = Acknowledged([lines("x", to=1)])
    run = Run(task, transforms=[DropX()]).go()
    assert task.told == [("x", None)]
    assert run.store.offset() is None


def test_a_batch_that_is_kept_in_part_moves_to_its_end():
    task = Acknowledged([lines("y", "x", to=2)])
    run = Run(task, transforms=[DropX()]).go()
    assert sorted(task.told, key=str) == sorted([("x", None), ("y", RecordMetadata("t-2", 0, 100))], key=str)
    assert run.store.offset() == {"p": 2}
    assert run.producer.sent[0][0] == "t-2"


def test_topics_of_one_batch_wait_for_each_other():
    """The last run's acknowledgement must not carry the offset past an earlier run that is not acknowledged."""
    producer = FakeProducer(acknowledge=False)
    rows = [
        SourceRecord("a", "1", source_partition=FILE, source_offset={"p": 1}),
        SourceRecord("b", "2", source_partition=FILE, source_offset={"p": 2}),
    ]

    def second_only():
        producer.ack(producer.tickets[1])

    run = Run(Scripted([rows, second_only, None]), producer=producer).go()
    assert run.store.offset() is None
    assert len(producer.sent) == 2


def test_partitions_mixed_in_one_batch_keep_their_own_offsets():
    rows = [SourceRecord("t", str(n), source_partition={"f": "ab"[n % 2]}, source_offset={"p": n}) for n in range(6)]
    run = Run(Scripted([rows])).go()
    assert run.store.offset({"f": "a"}) == {"p": 4}
    assert run.store.offset({"f": "b"}) == {"p": 5}
    assert len(run.producer.sent) == 1


def test_a_half_acknowledged_batch_commits_its_front_when_each_record_has_an_offset():
    producer = FakeProducer(acknowledge=False)
    rows = [SourceRecord("t", str(n), source_partition=FILE, source_offset={"p": n}) for n in range(4)]

    def two():
        producer.ack(producer.tickets[0], 2)

    run = Run(Scripted([rows, two, None]), producer=producer).go()
    assert run.store.offset() == {"p": 1}


def test_records_without_a_source_partition_are_sent_and_forgotten():
    run = Run(Scripted([[SourceRecord("t", "x")]])).go()
    assert run.producer.sent[0][1] == [b"x"]
    assert run.store.writes == []


def test_a_bad_record_is_named_by_its_origin():
    class Picky(StringConverter):
        def from_connect(self, topic, schema, value):
            if value == "bad":
                raise DataError("cannot")
            return super().from_connect(topic, schema, value)

        def from_connect_column(self, topic, schema, values):
            return [self.from_connect(topic, schema, value) for value in values]

    rows = [SourceRecord("t", value, source_partition=FILE, source_offset={"p": 9}) for value in ("good", "bad")]
    run = Run(Scripted([rows]), converter=Picky())
    with pytest.raises(ConnectError, match=r"topic t.*'f': 'a'.*'p': 9.*2 of 2.*cannot") as caught:
        run.go()
    assert caught.value.message == "Tolerance exceeded in error handler"
    assert isinstance(caught.value.__cause__, DataError)
    assert [values for _, values, _, _ in run.producer.sent] == [[b"good"]], "what came before it is sent"


def test_a_paused_task_is_not_polled_but_goes_on_committing():
    producer = FakeProducer(acknowledge=False)

    def paused():
        run.control.pause()

    run = Run(Scripted([lines("x", to=1), paused, lines("y", to=2)]), producer=producer)
    reported = run.control.report

    def report(state, error=None):
        reported(state, error)
        if state == "PAUSED":
            producer.ack(producer.tickets[0])
            run.control._paused = True
            run.control._changed.set()
            run.waits = 0

    run.control.report = report
    wait = run.control.wait

    def counted(seconds):
        run.waits += 1
        if run.waits == 3:
            assert run.store.offset() == {"p": 1}
            producer.acknowledge = True
            run.control.resume()
        wait(min(seconds, 0.01))

    run.control.wait = counted
    run.waits = 100
    run.go()
    assert [state for state, *_ in run.reports] == ["RUNNING", "PAUSED", "RUNNING"]
    assert run.store.offset() == {"p": 2}


def test_a_task_that_starts_paused_is_not_touched():
    task = Scripted([])
    run = Run(task, paused=True)
    run.control.stop()
    run.go()
    assert not hasattr(task, "context")
    assert run.reports == [("PAUSED",)]
