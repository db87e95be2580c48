"""Bad records of a sink: what is put, what goes to the dead letter topic and the log, and what may be committed."""

from __future__ import annotations

import logging

import pytest
from letter_fakes import Topic
from sink_fakes import P0, P1, Message, Recording, Run

from barnabas import DataError, RetriableError, SinkBatch, Transformation
from barnabas.converters.string import StringConverter
from barnabas.kafka import messages
from barnabas.kafka.faults import KafkaFault
from barnabas.supervisor import board
from barnabas.task.dead_letters import DeadLetterError
from barnabas.task.failures import ToleranceExceededError
from barnabas.task.policy import ErrorPolicy

TOLERANT = ErrorPolicy(tolerant=True, topic="dead", context_headers=True)
BISECT = ErrorPolicy(tolerant=True, topic="dead", context_headers=True, bisect=True)


@pytest.fixture(autouse=True)
def _columns_of_fakes(monkeypatch):
    monkeypatch.setattr(messages, "Message", Message)
    monkeypatch.setattr("barnabas.task.task_errors._CLOSE", 0.01)


class Picky(StringConverter):
    """Refuses what begins with ``bad``; heals what begins with ``later`` after some attempts."""

    def __init__(self, heals=1):
        super().__init__()
        self.heals = heals

    def to_connect(self, topic, payload):
        if payload is not None and payload.startswith(b"bad"):
            raise DataError("no good")
        if payload is not None and payload.startswith(b"later") and self.heals:
            self.heals -= 1
            raise RetriableError("not now")
        return super().to_connect(topic, payload)

    def to_connect_column(self, topic, payloads):
        return None, [self.to_connect(topic, payload).value for payload in payloads]


def picky(heals=1):
    made = Picky(heals)
    made.configure({})
    return made


def poll(*values, start=0, **columns):
    return [Message(start + at, value.encode(), **columns) for at, value in enumerate(values)]


def counted(run, *words):
    return [run.slot.words[word] for word in words]


ERRORS = (board.RECORD_FAILURES, board.RECORD_ERRORS, board.RECORDS_SKIPPED)


def test_a_bad_record_is_left_out_and_its_offset_advances():
    dead = Topic()
    run = Run([poll("a", "bad 1", "b", "bad 2")], policy=TOLERANT, letters=dead, value=picky()).go()
    assert ("put", ["a", "b"]) in run.task.calls
    assert run.consumer.log == [("commit_sync", {P0: 4}), ("close",)]
    assert [letter[0] for letter in dead] == [b"bad 1", b"bad 2"]
    assert counted(run, *ERRORS, board.DEAD_LETTERS) == [2, 2, 2, 2]
    assert counted(run, board.RECORDS_IN, board.RECORDS_OUT) == [4, 2]


def test_a_dead_letter_is_the_record_as_it_was_read():
    dead = Topic()
    message = Message(7, b"bad", 1, "t", b"key", [("h", b"1"), ("h", None)], (2, 1234))
    Run([[message]], policy=TOLERANT, letters=dead, value=picky(), assigned=(P0, P1)).go()
    ((value, key, stamp, headers),) = dead
    assert (value, key, stamp) == (b"bad", b"key", 1234)
    assert headers[:2] == [("h", b"1"), ("h", None)]
    names = [name.removeprefix("__connect.errors.") for name, _ in headers[2:]]
    assert names == [
        "topic",
        "partition",
        "offset",
        "connector.name",
        "task.id",
        "stage",
        "class.name",
        "exception.class.name",
        "exception.message",
        "exception.stacktrace",
    ]
    texts = [value.decode() for _, value in headers[2:-1]]
    assert texts[:6] == ["t", "1", "7", "c", "0", "VALUE_CONVERTER"]
    assert texts[6].endswith("Picky")
    assert texts[7:] == ["org.apache.kafka.connect.errors.DataException", "no good"]
    assert headers[-1][1].startswith(b"org.apache.kafka.connect.errors.DataException: no good")


def test_without_context_and_timestamp_nothing_is_added():
    dead = Topic()
    policy = ErrorPolicy(tolerant=True, topic="dead")
    Run([[Message(0, b"bad", stamp=(0, -1))]], policy=policy, letters=dead, value=picky()).go()
    assert [*dead] == [(b"bad", None, None, None)]


def test_a_poll_of_bad_records_only_is_put_as_nothing():
    task = Recording()
    puts = []
    task.put = lambda batch: puts.append(len(batch))
    run = Run([poll("bad", "bad")], task, policy=TOLERANT, letters=Topic(), value=picky()).go()
    assert 0 in puts
    assert run.consumer.log[0] == ("commit_sync", {P0: 2})


def test_the_first_stage_that_fails_is_reported_and_once():
    dead = Topic()
    row = [Message(0, b"bad", key=b"bad key")]
    Run([row], policy=TOLERANT, letters=dead, value=picky(), key=picky()).go()
    assert dead.header("stage") == ["KEY_CONVERTER"]


def test_nothing_tolerated_means_that_nothing_of_the_poll_is_put_but_the_letter_is_written():
    dead = Topic()
    policy = ErrorPolicy(topic="dead")
    run = Run([poll("a"), poll("b", "bad", "bad too", start=1)], policy=policy, letters=dead, value=picky())
    with pytest.raises(ToleranceExceededError, match=r"partition 0, offset 2: no good"):
        run.go()
    assert [call for call in run.task.calls if call[0] == "put"] == [("put", ["a"])]
    assert [letter[0] for letter in dead] == [b"bad"]
    assert run.consumer.log[0] == ("commit_sync", {P0: 1})
    assert counted(run, *ERRORS) == [1, 1, 0]


def test_what_may_heal_is_tried_again_in_place():
    policy = ErrorPolicy(retry_timeout=10.0)
    run = Run([poll("a", "later")], policy=policy, value=picky(2))
    run.loop._pipeline._operator._wait = lambda _seconds: None
    run.go()
    assert ("put", ["a", "later"]) in run.task.calls
    assert counted(run, board.RETRIES, board.RECORD_ERRORS) == [1, 0]


def test_a_stop_while_waiting_delivers_and_commits_nothing():
    run = Run([poll("a"), poll("b", "later", start=1)], policy=ErrorPolicy(retry_timeout=None), value=picky(99))
    operator = run.loop._pipeline._operator
    operator._wait = lambda _seconds: run.control.stop()
    operator._stopping = lambda: run.control.stopping
    run.go()
    assert [call for call in run.task.calls if call[0] == "put"] == [("put", ["a"])]
    assert run.consumer.log[0] == ("commit_sync", {P0: 1})


class Counting(Transformation):
    """Counts what it sees: to be shown each record once."""

    def __init__(self):
        self.seen = []

    def apply(self, record):
        self.seen.append(record.value)
        if record.value.startswith("odd"):
            raise KeyError(record.value)
        return None if record.value == "drop" else record.new_record(value=f"{record.value}-{len(self.seen)}")


class Columns(Transformation):
    """Works on columns, and says so."""

    def apply(self, record):
        if record.value.startswith("mean"):
            raise ValueError
        return record.new_record(topic="renamed")

    def apply_batch(self, batch):
        if any(value.startswith("mean") for value in batch.values):
            raise ValueError
        return batch.replace(topic="renamed"), None


def test_a_transform_that_counts_sees_each_record_once():
    dead = Topic()
    counting = Counting()
    run = Run(
        [poll("a", "odd", "mean", "drop", "b")], policy=TOLERANT, letters=dead, transforms=[counting, Columns()]
    ).go()
    assert counting.seen == ["a", "odd", "mean", "drop", "b"]
    assert ("put", ["a-1", "b-5"]) in run.task.calls
    assert dead.header("offset") == ["1", "2"], "in the order of records, whichever stage failed first"
    assert dead.header("exception.class.name") == ["KeyError", "ValueError"]
    assert dead[1][3][-2] == ("__connect.errors.exception.message", None)
    assert [letter[0] for letter in dead] == [b"odd", b"mean"], "as read, not as transformed"
    assert run.consumer.log[0] == ("commit_sync", {P0: 5})


def test_without_tolerance_the_first_record_fails_the_task_whichever_stage_it_is():
    run = Run([poll("a", "mean", "odd", "b")], transforms=[Counting(), Columns()])
    with pytest.raises(ToleranceExceededError, match="offset 1:"):
        run.go()


def test_records_keep_their_coordinates_when_others_fail():
    task = Recording()
    kept = []
    task.put = lambda batch: kept.extend((record.topic, record.original, record.kafka_offset) for record in batch)
    batch = [*poll("bad", "a"), *poll("b", "odd", "c", start=5, partition=1)]
    run = Run(
        [batch],
        task,
        policy=TOLERANT,
        letters=Topic(),
        value=picky(),
        transforms=[Counting(), Columns()],
        assigned=(P0, P1),
    ).go()
    assert kept == [("renamed", P0, 1), ("renamed", P1, 5), ("renamed", P1, 7)]
    assert run.consumer.log[0] == ("commit_sync", {P0: 2, P1: 8})


# ---------------------------------------------------------------------- the log
def test_the_log_names_stage_class_and_record_and_shows_content_only_when_asked(caplog):
    caplog.set_level(logging.ERROR, "barnabas.errors")
    run = Run([[Message(3, b"bad secret", key=b"k")]], policy=ErrorPolicy(tolerant=True, log=True), value=picky()).go()
    (line,) = [record for record in caplog.records if record.name == "barnabas.errors"]
    assert line.message.startswith(
        "Error encountered in task c-0. Executing stage 'VALUE_CONVERTER' with class 'test_sink_errors.Picky', "
        "where consumed record is {topic='t', partition=0, offset=3, timestamp=1000, timestampType=CreateTime}."
    )
    assert "secret" not in caplog.text
    assert counted(run, board.ERRORS_LOGGED, board.DEAD_LETTERS) == [1, 0]
    policy = ErrorPolicy(tolerant=True, log=True, log_content=True)
    Run([[Message(3, b"bad content", key=b"k", headers=[("h", b"\xff")])]], policy=policy, value=picky()).go()
    assert "key='k', value='bad content', headers=[('h', b'\\xff')]" in caplog.text


# ---------------------------------------------------------------------- nothing is lost
def test_no_offset_is_committed_before_the_dead_letter_is_written():
    dead = Topic(after=None)
    batch = [*poll("a", "bad"), *poll("b", partition=1)]
    run = Run([batch], policy=TOLERANT, letters=dead, value=picky(), assigned=(P0, P1))
    run.loop._settings.flush_timeout = 0.01
    run.go()
    assert run.consumer.log == [("commit_sync", {P1: 1}), ("close",)]


def test_a_refused_dead_letter_fails_the_task_and_keeps_the_offset():
    dead = Topic(after=None)

    def refuse():
        dead.producer.refuse(dead.producer.tickets[0], 0, KafkaFault(29, "TOPIC_AUTHORIZATION_FAILED", "no"))

    run = Run(
        [poll("a"), poll("bad", start=1), refuse, poll("b", start=2)], policy=TOLERANT, letters=dead, value=picky()
    )
    run.loop._settings.flush_timeout = 0.01
    with pytest.raises(DeadLetterError):
        run.go()
    assert not any(entry[0].startswith("commit") for entry in run.consumer.log)
    assert counted(run, board.DEAD_LETTER_FAILURES) == [1]


# ---------------------------------------------------------------------- the reporter
class Reporting(Recording):
    """Reports what begins with ``r``, perhaps later."""

    def __init__(self, late=False):
        super().__init__()
        self.late = late
        self.kept = []
        self.futures = []

    def put(self, batch):
        reporter = self.context.errant_record_reporter
        bad = [record for record in batch if str(record.value).startswith("r")]
        if self.late and len(batch):
            bad, self.kept = self.kept, bad
        self.futures += [reporter.report(record, ValueError("refused")) for record in bad]
        super().put(batch.take([at for at, value in enumerate(batch.values) if not str(value).startswith("r")]))


def test_there_is_a_reporter_only_where_somebody_would_hear_of_it():
    for policy, there in (
        (ErrorPolicy(), False),
        (ErrorPolicy(tolerant=True), False),
        (ErrorPolicy(log=True), True),
        (ErrorPolicy(topic="dead"), True),
    ):
        run = Run([[]], policy=policy, letters=Topic() if policy.topic else None).go()
        assert (run.task.context.errant_record_reporter is not None) is there


@pytest.mark.parametrize("late", [False, True])
def test_reported_records_go_as_they_were_read(late):
    dead = Topic()
    task = Reporting(late)
    script = [
        [Message(0, b"a"), Message(1, b"r1", key=b"k", headers=[("h", b"x")])],
        [Message(2, b"r2"), Message(3, b"b")],
        [Message(4, b"c")],
    ]
    run = Run(script, task, policy=TOLERANT, letters=dead, transforms=[Columns()]).go()
    assert [letter[:2] for letter in dead] == [(b"r1", b"k"), (b"r2", None)]
    assert dead.header("topic") == ["t", "t"]
    assert dead.header("offset") == ["1", "2"]
    assert dead.header("stage") == ["TASK_PUT", "TASK_PUT"]
    assert dead.header("class.name") == ["org.apache.kafka.connect.sink.SinkTask"] * 2
    assert dead.header("exception.message") == ["refused", "refused"]
    assert all(future.done() for future in task.futures)
    assert run.consumer.log[0] == ("commit_sync", {P0: 5})
    assert counted(run, *ERRORS) == [2, 0, 0], "as Kafka Connect counts them"


def test_a_record_whose_message_is_gone_is_written_by_the_converters(monkeypatch):
    monkeypatch.setattr("barnabas.task.originals._MOST", 0)
    dead = Topic()
    Run([poll("r1"), poll("a", start=1), poll("b", start=2)], Reporting(late=True), policy=TOLERANT, letters=dead).go()
    assert [letter[0] for letter in dead] == [b"r1"]
    assert dead.header("offset") == ["0"]


def test_a_reported_tombstone_goes_as_it_was_read():
    class All(Recording):
        def put(self, batch):
            for record in batch:
                self.context.errant_record_reporter.report(record, ValueError("no"))

    class Word(Transformation):
        def apply(self, record):
            return record.new_record(value="changed")

    dead = Topic()
    Run([[Message(0, None, key=b"k")]], All(), policy=TOLERANT, letters=dead, transforms=[Word()]).go()
    assert [letter[:2] for letter in dead] == [(None, b"k")]


def test_a_report_without_tolerance_fails_the_task_after_it_was_told():
    dead = Topic()
    run = Run([poll("a", "r1")], Reporting(), policy=ErrorPolicy(topic="dead"), letters=dead)
    with pytest.raises(ToleranceExceededError, match=r"TASK_PUT with .*SinkTask failed for topic t, .* offset 1"):
        run.go()
    assert [letter[0] for letter in dead] == [b"r1"]
    assert not any(entry[0].startswith("commit") for entry in run.consumer.log)
    assert counted(run, *ERRORS) == [1, 1, 0]


def test_offsets_wait_for_reports_and_lost_partitions_cancel_them():
    dead = Topic(after=None)
    task = Reporting()
    run = Run([], task, policy=TOLERANT, letters=dead, assigned=(P0, P1))
    run.loop._settings.flush_timeout = 0.01
    run.consumer.script = [
        [Message(0, b"r1"), Message(0, b"r2", partition=1)],
        lambda: run.loop.on_lost([P0]),
    ]
    run.go()
    lost, waiting = task.futures
    assert lost.cancelled()
    assert not any(entry[0].startswith("commit") for entry in run.consumer.log)
    assert not waiting.cancelled() or P1 not in run.loop.assigned


# ---------------------------------------------------------------------- splitting
class Refusing(Recording):
    """Refuses a batch with anything bad in it."""

    def __init__(self, everything=False):
        super().__init__()
        self.sizes = []
        self.everything = everything

    def put(self, batch: SinkBatch):
        self.sizes.append(len(batch))
        if self.everything or any(value.startswith("bad") for value in batch.values):
            raise ValueError("refused")
        super().put(batch)


def test_one_bad_record_costs_one_record():
    dead = Topic()
    values = [f"v{n}" for n in range(16)]
    values[5] = "bad"
    run = Run([poll(*values)], Refusing(), policy=BISECT, letters=dead).go()
    taken = [value for call in run.task.calls if call[0] == "put" for value in call[1]]
    assert taken == [value for value in values if value != "bad"], "in order, each once"
    assert [letter[0] for letter in dead] == [b"bad"]
    assert dead.header("stage") == ["TASK_PUT"]
    assert run.consumer.log[0] == ("commit_sync", {P0: 16})
    assert len([size for size in run.task.sizes if size]) == 9
    assert counted(run, board.PUTS_SPLIT, board.RECORDS_OUT, *ERRORS) == [4, 15, 1, 1, 1]


def test_bad_records_at_the_front_wait_for_proof_that_the_target_works():
    dead = Topic()
    run = Run([poll("bad 1", "bad 2", "a", "bad 3")], Refusing(), policy=BISECT, letters=dead).go()
    assert [letter[0] for letter in dead] == [b"bad 1", b"bad 2", b"bad 3"]
    assert ("put", ["a"]) in run.task.calls


def test_a_target_that_refuses_everything_fails_the_task_and_nothing_is_skipped():
    dead = Topic()
    run = Run([poll("a", "b", "c")], Refusing(everything=True), policy=BISECT, letters=dead)
    with pytest.raises(ValueError, match="refused"):
        run.go()
    assert [*dead] == []
    assert not any(entry[0].startswith("commit") for entry in run.consumer.log)


def test_a_single_bad_record_is_left_out():
    dead = Topic()
    run = Run([poll("bad")], Refusing(), policy=BISECT, letters=dead).go()
    assert [letter[0] for letter in dead] == [b"bad"]
    assert run.consumer.log[0] == ("commit_sync", {P0: 1})


def test_splitting_gives_up_when_no_part_is_taken_in_time():
    run = Run([poll("a", "b", "c", "d")], Refusing(everything=True), policy=BISECT, letters=Topic())
    clock = iter(range(0, 10_000, 200))
    run.loop._delivery._clock = lambda: next(clock)
    with pytest.raises(ValueError, match="refused"):
        run.go()
    assert len(run.task.sizes) < 5


def test_between_long_parts_the_group_hears_of_the_task():
    run = Run([poll("a", "bad", "b", "c"), [], [], [], [], [], [], []], Refusing(), policy=BISECT, letters=Topic())
    clock = iter(range(0, 10_000, 2))
    run.loop._delivery._clock = lambda: next(clock)
    run.go()
    taken = [value for call in run.task.calls if call[0] == "put" for value in call[1]]
    assert taken == ["a", "b", "c"]
    assert run.consumer.paused == set()
    assert run.consumer.log[0] == ("commit_sync", {P0: 4})


def test_a_part_that_may_heal_is_put_again():
    class Busy(Refusing):
        busy = 1

        def put(self, batch):
            if self.busy and len(batch) == 1 and batch.values == ["a"]:
                self.busy -= 1
                self.context.timeout(0)
                raise RetriableError("busy")
            super().put(batch)

    run = Run([poll("a", "bad"), [], []], Busy(), policy=BISECT, letters=Topic()).go()
    assert ("put", ["a"]) in run.task.calls
    assert run.consumer.log[0] == ("commit_sync", {P0: 2})


@pytest.mark.parametrize("policy", [ErrorPolicy(bisect=True, topic="dead"), TOLERANT])
def test_splitting_is_asked_for_and_needs_tolerance(policy):
    run = Run([poll("a", "bad")], Refusing(), policy=policy, letters=Topic())
    with pytest.raises(ValueError, match="refused"):
        run.go()


def test_a_task_that_uses_the_reporter_is_not_split():
    class Own(Refusing):
        def start(self, props):
            assert self.context.errant_record_reporter is not None

    run = Run([poll("a", "bad")], Own(), policy=BISECT, letters=Topic())
    with pytest.raises(ValueError, match="refused"):
        run.go()


def test_revoked_partitions_leave_the_parts_that_wait():
    class Waiting(Refusing):
        def put(self, batch):
            if len(batch) == 1 and batch.values == ["a"] and len(self.sizes) < 4:
                self.sizes.append(1)
                self.context.timeout(0)
                raise RetriableError("busy")
            super().put(batch)

    batch = [Message(0, b"a"), Message(0, b"bad", partition=1)]
    run = Run([], Waiting(), policy=BISECT, letters=Topic(), assigned=(P0, P1))
    run.consumer.script = [batch, lambda: run.loop.on_revoke([P1]), [], [], []]
    run.go()
    assert ("put", ["a"]) in run.task.calls
    assert ("commit_sync", {P0: 1}) in run.consumer.log
