"""Bad records of a source: what is sent, what is told, and which offsets wait for dead letters."""

from __future__ import annotations

import json
import logging

import pytest
from letter_fakes import Topic
from source_fakes import FILE, Acknowledged, FakeProducer, Run, Scripted, lines

from barnabas import DataError, RecordMetadata, RetriableError, SourceBatch, SourceRecord, Transformation
from barnabas.converters.json_converter import JsonConverter
from barnabas.converters.string import StringConverter
from barnabas.kafka.faults import KafkaClientError, KafkaFault
from barnabas.record import Headers
from barnabas.supervisor import board
from barnabas.task.failures import ToleranceExceededError
from barnabas.task.policy import ErrorPolicy

SKIP = ErrorPolicy(tolerant=True)
TOLERANT = ErrorPolicy(tolerant=True, topic="dead", context_headers=True)
TOO_LARGE = KafkaFault(10, "MSG_SIZE_TOO_LARGE", "too large")
ERRORS = (board.RECORD_FAILURES, board.RECORD_ERRORS, board.RECORDS_SKIPPED)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("barnabas.task.task_errors._CLOSE", 0.01)


class Picky(StringConverter):
    def from_connect(self, topic, schema, value):
        if str(value).startswith("bad"):
            raise DataError("no good")
        return super().from_connect(topic, schema, value)

    def from_connect_column(self, topic, schema, values):
        return [self.from_connect(topic, schema, value) for value in values]


class Counting(Transformation):
    def __init__(self):
        self.seen = []

    def apply(self, record):
        self.seen.append(record.value)
        if record.value.startswith("odd"):
            raise KeyError(record.value)
        return None if record.value == "drop" else record.new_record(value=record.value.upper())


def rows(*values):
    return [
        SourceRecord("t", value, source_partition=FILE, source_offset={"p": at}) for at, value in enumerate(values, 1)
    ]


def sent(run):
    return [value.decode() for _, values, _, _ in run.producer.sent for value in values]


def counted(run, *words):
    return [run.slot.words[word] for word in words]


def test_a_bad_record_is_skipped_and_told_without_metadata():
    task = Acknowledged([rows("a", "bad", "b")])
    run = Run(task, policy=SKIP, converter=Picky()).go()
    assert sent(run) == ["a", "b"]
    assert sorted(task.told, key=str) == sorted(
        [("bad", None), ("a", RecordMetadata("t", 0, 100)), ("b", RecordMetadata("t", 0, 101))], key=str
    )
    assert run.store.offset() == {"p": 3}
    assert counted(run, *ERRORS, board.DEAD_LETTERS) == [1, 1, 1, 0]


def test_the_offset_of_a_skipped_record_does_not_advance_by_itself():
    run = Run(Scripted([rows("a", "bad")]), policy=SKIP, converter=Picky()).go()
    assert run.store.offset() == {"p": 1}
    alone = Run(Scripted([rows("bad")]), policy=SKIP, converter=Picky()).go()
    assert alone.store.offset() is None


def test_the_offset_of_a_whole_batch_is_that_of_its_end_also_when_its_last_records_fail():
    mixed = SourceBatch(
        "", ["a", "bad"], topics=["t", "u"], source_partition=FILE, source_offset={"p": 2}
    )  # two runs, the last of which is empty
    assert Run(Scripted([mixed]), policy=SKIP, converter=Picky()).go().store.offset() == {"p": 2}
    run = Run(Scripted([lines("a", "bad", to=2)]), policy=SKIP, converter=Picky()).go()
    assert run.store.offset() == {"p": 2}
    assert Run(Scripted([lines("bad", to=2)]), policy=SKIP, converter=Picky()).go().store.offset() is None


def test_a_transform_that_counts_sees_each_record_once():
    counting = Counting()
    task = Acknowledged([rows("a", "odd", "drop", "b")])
    run = Run(task, policy=SKIP, transforms=[counting]).go()
    assert counting.seen == ["a", "odd", "drop", "b"]
    assert sent(run) == ["A", "B"]
    assert sorted(value for value, metadata in task.told if metadata is None) == ["drop", "odd"]
    assert len(task.told) == 4


@pytest.mark.parametrize("transforms", [[], [Counting()]])
def test_without_tolerance_what_came_before_is_sent_and_committed(transforms):
    run = Run(Scripted([rows("a", "b", "bad odd", "c")]), transforms=transforms, converter=Picky())
    if transforms:
        run.task.script = [rows("a", "b", "odd", "c")]
    with pytest.raises(ToleranceExceededError, match=r"source offset \{'p': 3\} \(3 of 4 in its batch\)"):
        run.go()
    assert [value.lower() for value in sent(run)] == ["a", "b"]
    assert run.store.offset() == {"p": 2}
    assert counted(run, *ERRORS) == [1, 1, 0]


def test_a_batch_that_was_cut_does_not_commit_its_end():
    run = Run(Scripted([lines("a", "bad", "c", to=3)]), converter=Picky())
    with pytest.raises(ToleranceExceededError):
        run.go()
    assert sent(run) == ["a"]
    assert run.store.offset() is None
    run = Run(Scripted([lines("a", "odd", "c", to=3)]), transforms=[Counting()])
    with pytest.raises(ToleranceExceededError):
        run.go()
    assert run.store.offset() is None


def test_what_may_heal_is_tried_again():
    class Flaky(Counting):
        def apply(self, record):
            self.seen.append(record.value)
            if self.seen.count(record.value) < 3:
                raise RetriableError("not now")
            return record

    flaky = Flaky()
    run = Run(Scripted([rows("a", "b")]), policy=ErrorPolicy(retry_timeout=60.0), transforms=[flaky])
    run.loop._pipeline._operator._wait = lambda _seconds: None
    run.go()
    assert flaky.seen == ["a"] * 3 + ["b"] * 3
    assert sent(run) == ["a", "b"]
    assert counted(run, board.RETRIES) == [4]


def test_a_stop_while_waiting_sends_nothing_more():
    class Later(Transformation):
        def apply(self, record):
            raise RetriableError("not now")

    run = Run(Scripted([rows("a")]), policy=ErrorPolicy(retry_timeout=None, tolerant=True), transforms=[Later()])
    run.loop._pipeline._operator._wait = lambda _seconds: run.control.stop()
    run.loop._pipeline._operator._stopping = lambda: run.control.stopping
    run.go()
    assert sent(run) == []
    assert run.store.offset() is None


# ---------------------------------------------------------------------- dead letters
def test_a_dead_letter_says_where_the_record_came_from():
    dead = Topic()
    record = SourceRecord(
        "t",
        {"bad": 1.5, "when": b"\xff", 2: [None]},
        key="k",
        timestamp=77,
        headers=Headers().add("h", "x"),
        source_partition={"f": "ä"},
        source_offset={"p": 9},
    )

    class Refusing(StringConverter):
        def from_connect(self, topic, schema, value):
            raise DataError("never")

        def from_connect_column(self, topic, schema, values):
            raise DataError("never")

    Run(Scripted([[record]]), policy=TOLERANT, letters=dead, converter=Refusing()).go()
    ((value, key, stamp, headers),) = dead
    assert json.loads(value) == {"bad": 1.5, "when": "/w==", "2": [None]}
    assert (key, stamp) == (b"k", 77)
    assert headers[0] == ("h", b"x")
    named = {name.removeprefix("__connect.errors."): text for name, text in headers[1:]}
    assert [*named][-2:] == ["source.partition", "source.offset"]
    assert (named["topic"], named["partition"], named["offset"]) == (b"t", None, None)
    assert (named["stage"], named["exception.message"]) == (b"VALUE_CONVERTER", b"never")
    assert named["source.partition"].decode() == '{"f": "ä"}'
    assert named["source.offset"] == b'{"p": 9}'


def test_a_record_that_a_transform_refuses_is_converted_as_it_was_polled():
    dead = Topic()
    plain = JsonConverter()
    plain.configure({"schemas.enable": "false"})
    run = Run(
        Scripted([rows("odd")]), policy=ErrorPolicy(tolerant=True, topic="dead"), letters=dead, transforms=[Counting()]
    )
    run.loop._pipeline._value = plain
    run.go()
    assert [*dead] == [(b'"odd"', None, None, None)]


def test_offsets_beyond_a_bad_record_wait_for_its_letter():
    dead = Topic(after=None)
    task = Acknowledged([rows("a", "bad", "b"), [], []])
    run = Run(task, policy=TOLERANT, letters=dead, converter=Picky()).go()
    assert sent(run) == ["a", "b"]
    assert run.store.offset() is None
    assert ("bad", None) not in task.told
    dead = Topic()
    task = Acknowledged([rows("a", "bad", "b"), [], []])
    run = Run(task, policy=TOLERANT, letters=dead, converter=Picky()).go()
    assert run.store.offset() == {"p": 3}
    assert ("bad", None) in task.told


def test_other_source_partitions_do_not_wait():
    dead = Topic(after=None)
    other = SourceRecord("t", "x", source_partition={"f": "b"}, source_offset={"p": 5})
    run = Run(Scripted([[*rows("bad", "b"), other]]), policy=TOLERANT, letters=dead, converter=Picky()).go()
    assert run.store.offset() is None
    assert run.store.offset({"f": "b"}) == {"p": 5}


def test_without_tolerance_the_record_that_fails_the_task_is_in_the_topic_as_well():
    dead = Topic()
    run = Run(Scripted([rows("a", "bad")]), policy=ErrorPolicy(topic="dead"), letters=dead, converter=Picky())
    with pytest.raises(ToleranceExceededError):
        run.go()
    assert [letter[0] for letter in dead] == [b'"bad"'], "as JSON: its converter refuses it"


def test_the_log_names_the_records_origin(caplog):
    caplog.set_level(logging.ERROR, "barnabas.errors")
    Run(Scripted([rows("bad secret")]), policy=ErrorPolicy(tolerant=True, log=True), converter=Picky()).go()
    assert "Executing stage 'VALUE_CONVERTER'" in caplog.text
    assert """sourcePartition={"f": "a"}, sourceOffset={"p": 1}""" in caplog.text
    assert "secret" not in caplog.text


# ---------------------------------------------------------------------- what Kafka refuses
class Choosy(FakeProducer):
    """Refuses values that say so."""

    def __init__(self, fault=TOO_LARGE):
        super().__init__()
        self.fault = fault

    def send(self, topic, values, **columns):
        self.acknowledge = False
        ticket = super().send(topic, values, **columns)
        for at, value in enumerate(values):
            if value.startswith(b"huge"):
                self.book.fail_one(ticket.base + at, self.fault)
            else:
                self.book.acknowledge_one(ticket.base + at, 0, 100 + at)
        return ticket


def test_a_refused_record_fails_the_task_unless_that_is_tolerated():
    run = Run(Scripted([rows("a", "huge", "b"), []]), producer=Choosy())
    with pytest.raises(KafkaClientError, match="too large"):
        run.go()
    assert run.store.offset() == {"p": 1}


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_refused_record_is_skipped_and_its_offset_advances(acknowledged):
    task = (Acknowledged if acknowledged else Scripted)([rows("a", "huge", "b"), []])
    run = Run(task, policy=SKIP, producer=Choosy()).go()
    assert run.store.offset() == {"p": 3}
    if acknowledged:
        assert task.told == [("a", RecordMetadata("t", 0, 100)), ("huge", None), ("b", RecordMetadata("t", 0, 102))]
    assert counted(run, board.RECORDS_OUT, board.RECORD_FAILURES) == [2, 1]


def test_a_refused_record_goes_to_the_dead_letter_topic_and_holds_its_offset():
    dead = Topic(after=None)
    run = Run(Scripted([rows("a", "huge", "b"), []]), policy=TOLERANT, letters=dead, producer=Choosy()).go()
    assert run.store.offset() != {"p": 3}
    assert [letter[0] for letter in dead] == [b"huge"]
    assert dead.header("stage") == ["KAFKA_PRODUCE"]
    assert dead.header("class.name") == ["org.apache.kafka.connect.runtime.WorkerSourceTask"]
    run = Run(Scripted([rows("a", "huge", "b"), [], []]), policy=TOLERANT, letters=Topic(), producer=Choosy()).go()
    assert run.store.offset() == {"p": 3}


def test_a_client_that_is_of_no_use_fails_the_task_whatever_is_tolerated():
    fault = KafkaFault(-195, "_FATAL", "fenced", fatal=True)
    run = Run(Scripted([rows("huge"), []]), policy=SKIP, producer=Choosy(fault))
    with pytest.raises(KafkaClientError, match="fenced"):
        run.go()


def test_an_impossible_topic_is_the_records_fault():
    class Nameless(FakeProducer):
        def send(self, topic, values, **columns):
            if topic == "no topic":
                raise DataError("'no topic' cannot be the name of a topic.", code="BRN-2211")
            return super().send(topic, values, **columns)

    dead = Topic()
    record = SourceRecord("no topic", "x", source_partition=FILE, source_offset={"p": 9})
    run = Run(Scripted([[record, *rows("a")], []]), policy=TOLERANT, letters=dead, producer=Nameless()).go()
    assert sent(run) == ["a"]
    assert [letter[0] for letter in dead] == [b"x"]
    run = Run(Scripted([[record]]), producer=Nameless())
    with pytest.raises(DataError, match="cannot be the name of a topic"):
        run.go()
