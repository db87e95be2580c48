"""The sink loop against a consumer that does what a test says: order of calls, retries, commits, rebalances."""

from __future__ import annotations

import pytest
from sink_fakes import P0, P1, Message, Recording, Run

from barnabas import DataError, RetriableError, SinkRecord
from barnabas.converters.string import StringConverter
from barnabas.errors import IllegalWorkerStateError
from barnabas.kafka import messages
from barnabas.kafka.faults import KafkaClientError
from barnabas.supervisor import board
from barnabas.task.failures import ToleranceExceededError
from barnabas.transforms import Transformation


@pytest.fixture(autouse=True)
def _columns_of_fakes(monkeypatch):
    """The real module maps the methods of the C class; these messages have methods of the same names."""
    monkeypatch.setattr(messages, "Message", Message)


def test_the_life_of_a_task_in_order():
    run = Run([[Message(5), Message(6)]]).go()
    assert run.task.calls == [
        "start",
        ("open", [P0]),
        ("put", ["x", "x"]),
        ("pre_commit", {P0: 7}),
        ("close", [P0]),
        "stop",
    ]
    assert run.consumer.log == [("commit_sync", {P0: 7}), ("close",)]
    assert run.reports == [("RUNNING",)]
    assert run.topics == [("c", "t", 0)]
    assert run.slot.words[board.RECORDS_OUT] == 2


def test_a_task_that_starts_paused_is_not_touched():
    run = Run([], paused=True)
    run.control.stop()
    run.go()
    assert run.task.calls == []
    assert run.reports == [("PAUSED",)]


def test_nothing_consumed_means_no_commit_but_a_close():
    run = Run([[]]).go()
    assert ("close", [P0]) in run.task.calls
    assert not any(call[0] == "pre_commit" for call in run.task.calls if isinstance(call, tuple))
    assert run.consumer.log == [("close",)]


def test_a_retriable_put_gets_the_same_batch_again_with_reading_paused():
    task = Recording()
    task.fail = [RetriableError("later"), RetriableError("later")]
    seen = []
    run = Run([[Message(1, b"a")], lambda: seen.append(set(run.consumer.paused)), []], task)
    run.task.context = None
    original = run.task.put

    def put(batch):
        run.task.context.timeout(0)
        original(batch)

    task.put = put
    run.go()
    assert [call for call in task.calls if call[0] == "put"] == [("put", ["a"])]
    assert seen == [{P0}]
    assert run.consumer.paused == set()
    assert run.consumer.log[0] == ("commit_sync", {P0: 2})


def test_what_a_failed_put_had_is_not_committed():
    task = Recording()
    run = Run([[Message(1)], lambda: task.fail.append(ValueError("boom")), [Message(2)]], task)
    with pytest.raises(ValueError, match="boom"):
        run.go()
    assert task.calls[-3:] == [("pre_commit", {P0: 2}), ("close", [P0]), "stop"]
    assert run.consumer.log == [("commit_sync", {P0: 2}), ("close",)]


def test_an_error_while_closing_after_a_failure_hides_nothing():
    task = Recording()
    task.fail = [ValueError("first")]
    task.close = lambda _: 1 / 0
    with pytest.raises(ValueError, match="first"):
        Run([[Message(1)]], task).go()
    assert task.calls[-1] == "stop"


def test_a_periodic_commit_commits_what_put_has_taken():
    run = Run([[Message(1)], [Message(2)], []], interval=0).go()
    commits = [entry[1] for entry in run.consumer.log if entry[0] == "commit"]
    assert commits == [{P0: 2}, {P0: 3}]
    assert run.slot.words[board.COMMITS] == 2


@pytest.mark.parametrize(
    ("answer", "committed"),
    [
        ({}, None),
        ({P0: 2}, {P0: 2}),
        ({P0: 99}, None),
        ({P1: 1}, None),
        ({("t", 0): 2}, {P0: 2}),
    ],
)
def test_only_what_pre_commit_allows_is_committed(answer, committed):
    task = Recording()
    task.pre_commit = lambda _: answer
    run = Run([[Message(1), Message(2)], []], task, interval=0).go()
    commits = [entry[1] for entry in run.consumer.log if entry[0] == "commit"]
    assert commits == ([committed] if committed else [])


def test_a_failed_pre_commit_goes_back_to_what_is_committed():
    task = Recording()
    answers = [lambda offsets: offsets, lambda _: 1 / 0, lambda offsets: offsets]
    task.pre_commit = lambda offsets: answers.pop(0)(offsets) if answers else offsets
    run = Run([[Message(1)], [Message(2)], []], task, interval=0).go()
    assert ("seek", P0, 2) in run.consumer.log
    assert run.slot.words[board.COMMIT_FAILURES] == 1


def test_going_back_without_any_commit_goes_to_where_reading_began():
    task = Recording()
    answers = [lambda _: 1 / 0]
    task.pre_commit = lambda offsets: answers.pop(0)(offsets) if answers else {}
    run = Run([[Message(41), Message(42)], []], task, interval=0).go()
    assert run.consumer.log[0] == ("seek", P0, 41)


def test_a_refused_commit_is_tried_again_with_the_next():
    run = Run([[Message(1)], [], []], interval=0)
    run.consumer.refuse = KafkaClientError("no")
    run.consumer.script[1] = lambda: setattr(run.consumer, "refuse", None)
    run.go()
    commits = [entry[1] for entry in run.consumer.log if entry[0] == "commit"]
    assert commits == [{P0: 2}, {P0: 2}]


def test_a_rewind_seeks_and_counts_as_committed():
    task = Recording()

    def put(batch):
        if len(batch):
            task.context.offset({P0: 100})

    task.put = put
    run = Run([[Message(1)], []], task).go()
    assert ("seek", P0, 100) in run.consumer.log
    assert not any(entry[0] == "commit_sync" for entry in run.consumer.log)


def test_revoked_partitions_are_committed_and_closed_the_others_stay():
    run = Run(
        [[Message(1), Message(9, partition=1)], lambda: run.loop.on_revoke([P1]), [Message(2)]], assigned=(P0, P1)
    )
    run.go()
    assert run.consumer.log[0] == ("commit_sync", {P1: 10})
    assert ("close", [P1]) in run.task.calls
    assert run.consumer.log[1] == ("commit_sync", {P0: 3})


def test_lost_partitions_are_closed_without_a_commit():
    run = Run([[Message(1)], lambda: run.loop.on_lost([P0])])
    run.go()
    assert run.consumer.log == [("close",)]
    assert ("close", [P0]) in run.task.calls


def test_records_of_a_revoked_partition_leave_a_batch_that_waits_for_a_retry():
    task = Recording()
    task.fail = [RetriableError("later")]
    original = task.put

    def put(batch):
        task.context.timeout(0)
        original(batch)

    task.put = put
    first = [Message(1, b"mine"), Message(1, b"gone", partition=1)]
    run = Run([first, lambda: run.loop.on_revoke([P1]), []], task, assigned=(P0, P1))
    run.go()
    assert ("put", ["mine"]) in task.calls
    assert ("put", ["mine", "gone"]) not in task.calls
    assert ("commit_sync", {P0: 2}) in run.consumer.log


def test_an_error_in_open_fails_the_task_after_the_poll():
    task = Recording()
    task.open = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        Run([[Message(1)]], task).go()
    assert task.calls[-1] == "stop"


def test_a_pause_while_records_arrive_loses_none():
    def arriving():
        run.control.pause()
        return [Message(1, b"late")]

    def resumed():
        run.control.resume()

    run = Run([arriving, [], resumed, [Message(2, b"next")]])
    run.go()
    puts = [call for call in run.task.calls if call[0] == "put"]
    assert puts == [("put", ["late"]), ("put", ["next"])]
    assert [report[0] for report in run.reports] == ["RUNNING", "PAUSED", "RUNNING"]


def test_a_task_pauses_and_resumes_its_own_partitions_only():
    task = Recording()
    errors = []

    def put(batch):
        if len(batch):
            task.context.pause(P0)
            try:
                task.context.resume(P1)
            except IllegalWorkerStateError as error:
                errors.append(str(error))

    task.put = put
    run = Run([[Message(1)]], task).go()
    assert run.consumer.paused == {P0}
    assert errors
    assert "t-1" in errors[0]


def test_a_bad_record_is_named():
    converter_error = [Message(7, b"ok"), Message(8, b"\xff\xfe")]

    class Strict(StringConverter):
        def to_connect(self, topic, payload):
            if payload and payload[0] == 0xFF:
                raise DataError("not text")
            return super().to_connect(topic, payload)

        def to_connect_column(self, topic, payloads):
            return None, [self.to_connect(topic, payload).value for payload in payloads]

    run = Run([converter_error])
    run.loop._pipeline._value = Strict()
    run.loop._pipeline._value.configure({})
    with pytest.raises(ToleranceExceededError, match=r"topic t, partition 0, offset 8: not text") as caught:
        run.go()
    assert caught.value.message == "Tolerance exceeded in error handler"
    assert isinstance(caught.value.__cause__, DataError)
    assert not any(call[0] == "put" for call in run.task.calls if isinstance(call, tuple)), "nothing of the poll is put"


class Rename(Transformation):
    """Drops odd offsets and renames the topic."""

    def apply(self, record):
        return record.new_record(topic="renamed") if record.kafka_offset % 2 == 0 else None


def test_transforms_see_records_and_offsets_of_dropped_ones_advance():
    task = Recording()
    kept = []

    def put(batch):
        kept.extend((record.topic, record.original, record.kafka_offset) for record in batch)

    task.put = put
    run = Run([[Message(1), Message(2), Message(3)]], task, transforms=[Rename()]).go()
    assert kept == [("renamed", P0, 2)]
    assert run.consumer.log[0] == ("commit_sync", {P0: 4})
    assert SinkRecord("t", 0, 0).original == P0
