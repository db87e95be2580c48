"""A system that converters need and that does not answer: tasks wait, and nothing is skipped, whatever is tolerated."""

from __future__ import annotations

import pytest
import sink_fakes
import source_fakes
from sink_fakes import P0, P1, Message
from source_fakes import Scripted, lines

from barnabas import DataError
from barnabas.converters.string import StringConverter
from barnabas.errors import ConnectError, OutageError, RefusedError
from barnabas.kafka import messages as columns
from barnabas.supervisor import board
from barnabas.task.outage import Patience
from barnabas.task.policy import ErrorPolicy

TOLERANT = ErrorPolicy(tolerant=True)


class Away(StringConverter):
    """Needs a system that is away for some calls; texts that begin with ``bad`` are data errors."""

    def __init__(self, calls, error=None):
        super().__init__()
        self.left = calls
        self.error = error or OutageError("nobody home")
        self.when_away = lambda: None

    def _ask(self):
        if self.left:
            self.left -= 1
            self.when_away()
            raise self.error

    def from_connect(self, topic, schema, value):
        self._ask()
        if value.startswith("bad"):
            raise DataError("bad")
        return super().from_connect(topic, schema, value)

    def from_connect_column(self, topic, schema, values):
        return [self.from_connect(topic, schema, value) for value in values]

    def to_connect(self, topic, payload):
        self._ask()
        if payload.startswith(b"bad"):
            raise DataError("bad")
        return super().to_connect(topic, payload)

    def to_connect_column(self, topic, payloads):
        pairs = [self.to_connect(topic, payload) for payload in payloads]
        return pairs[0].schema, [pair.value for pair in pairs]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Fakes have no C methods to map, and nobody waits."""
    monkeypatch.setattr(columns, "Message", Message)
    monkeypatch.setattr(Patience, "failed", lambda self, _error: setattr(self, "_since", 0.0) or 0.0)


# ---------------------------------------------------------------------- sinks
def sink(script, converter, **options):
    return sink_fakes.Run(script, value=converter, **options)


def puts(run):
    return [call[1] for call in run.task.calls if call[0] == "put"]


@pytest.mark.parametrize("policy", [None, TOLERANT], ids=["none", "all"])
def test_a_sink_keeps_the_messages_and_its_partitions_until_the_system_answers(policy):
    seen = []
    run = sink([[Message(1, b"a"), Message(2, b"b")], *[lambda: seen.append(set(run.consumer.paused))] * 3], Away(2))
    run.loop._pipeline._operator.policy = policy or ErrorPolicy()
    run.go()
    assert puts(run) == [["a", "b"]]
    assert seen[:2] == [{P0}, {P0}]
    assert run.consumer.paused == set()
    assert ("commit_sync", {P0: 3}) in run.consumer.log
    assert run.slot.words[board.RETRIES] == 2
    assert run.slot.words[board.RECORDS_SKIPPED] == 0


def test_a_sink_that_is_told_to_stop_meanwhile_commits_nothing_of_it():
    run = sink([[Message(1, b"a")]], Away(99)).go()
    assert puts(run) == []
    assert not any(entry[0].startswith("commit") for entry in run.consumer.log)


def test_bad_records_of_a_batch_that_waited_are_counted_once():
    class AwayForTheSecond(Away):
        """The outage comes when the batch is walked, after the bad record was found."""

        def _ask(self):
            """Only for ``b``."""

        def to_connect(self, topic, payload):
            if payload == b"b":
                super()._ask()
            return super().to_connect(topic, payload)

    run = sink([[Message(1, b"bad"), Message(2, b"b")], [], []], AwayForTheSecond(1), policy=TOLERANT).go()
    assert puts(run) == [["b"]]
    assert run.slot.words[board.RECORDS_SKIPPED] == 1


def test_messages_of_a_revoked_partition_leave_those_that_wait():
    run = sink(
        [
            [Message(1, b"a"), Message(1, b"b", partition=1)],
            lambda: run.loop.on_revoke([P0]),
            [],
        ],
        Away(1),
        assigned=(P0, P1),
    )
    run.go()
    assert puts(run) == [["b"]]


def test_with_no_message_left_reading_goes_on():
    run = sink(
        [
            [Message(1, b"a", partition=1)],
            lambda: run.loop.on_revoke([P1]),
            [Message(5, b"c")],
        ],
        Away(1),
        assigned=(P0, P1),
    )
    run.go()
    assert puts(run) == [["c"]]


def test_a_paused_sink_stays_paused_when_the_system_is_back():
    run = sink(
        [
            [Message(1, b"a")],
            lambda: run.control.pause(),  # noqa: PLW0108 - there is no run yet
            [],
            [],
        ],
        Away(1),
    )
    run.go()
    assert puts(run) == [["a"]]
    assert run.consumer.paused == {P0}


def test_going_back_to_committed_offsets_drops_what_waits():
    class Failing(sink_fakes.Recording):
        def pre_commit(self, offsets):
            raise ConnectError("no")

    run = sink([[Message(1, b"a")], [Message(2, b"b")], []], Away(0), task=Failing(), interval=0)
    converter = run.loop._pipeline._value
    run.consumer.script.insert(1, lambda: setattr(converter, "left", 1))
    run.go()
    assert ("seek", P0, 1) in run.consumer.log


@pytest.mark.parametrize("policy", [None, TOLERANT], ids=["none", "all"])
def test_a_refusal_fails_a_sink_whatever_is_tolerated(policy):
    run = sink([[Message(1, b"a")]], Away(9, RefusedError("who are you")), policy=policy)
    with pytest.raises(RefusedError, match="who are you"):
        run.go()
    assert run.slot.words[board.RECORDS_SKIPPED] == 0


# ---------------------------------------------------------------------- sources
@pytest.mark.parametrize("policy", [None, TOLERANT], ids=["none", "all"])
def test_a_source_waits_and_sends_everything_once(policy):
    run = source_fakes.Run(Scripted([lines("a", "b", to=2), lines("c", to=3)]), converter=Away(3), policy=policy).go()
    assert [values for _, values, _, _ in run.producer.sent] == [[b"a", b"b"], [b"c"]]
    assert run.store.offset() == {"p": 3}
    assert run.slot.words[board.RECORDS_SKIPPED] == 0
    assert run.slot.words[board.RETRIES] == 3


def test_a_source_commits_earlier_offsets_while_it_waits():
    converter = Away(0)
    run = source_fakes.Run(
        Scripted([lines("a", to=1), lambda: setattr(converter, "left", 99), lines("b", to=2)]), converter=converter
    )
    offsets = []

    def away():
        offsets.append(run.store.offset())
        if len(offsets) == 3:
            run.control.stop()

    converter.when_away = away
    run.go()
    assert offsets[-1] == {"p": 1}
    assert run.store.offset() == {"p": 1}
    assert [values for _, values, _, _ in run.producer.sent] == [[b"a"]]


def test_a_source_can_be_paused_while_it_waits(monkeypatch):
    converter = Away(2)
    run = source_fakes.Run(Scripted([lines("a", to=1)]), converter=converter)
    run.control.wait = lambda _seconds: run.control.resume()
    converter.when_away = run.control.pause
    monkeypatch.setattr(Patience, "failed", lambda *_: 0.01)
    run.go()
    assert ("PAUSED",) in run.reports
    assert run.reports[-1] == ("RUNNING",)
    assert [values for _, values, _, _ in run.producer.sent] == [[b"a"]]


def test_what_breaks_while_a_source_waits_is_no_records_fault(monkeypatch):
    converter = Away(9)
    run = source_fakes.Run(Scripted([lines("a", to=1)]), converter=converter, policy=TOLERANT)
    monkeypatch.setattr(Patience, "failed", lambda *_: 0.01)

    def broken(_seconds):
        raise ConnectError("the producer is fenced")

    run.producer.poll = broken
    with pytest.raises(ConnectError, match="fenced"):
        run.go()
    assert run.slot.words[board.RECORDS_SKIPPED] == 0


def test_a_refusal_fails_a_source_whatever_is_tolerated():
    run = source_fakes.Run(Scripted([lines("a", to=1)]), converter=Away(9, RefusedError("no")), policy=TOLERANT)
    with pytest.raises(RefusedError):
        run.go()
    assert run.store.offset() is None


# ---------------------------------------------------------------------- patience
def test_patience_waits_longer_and_says_so_once_a_minute(caplog, monkeypatch):
    monkeypatch.undo()
    now = 0.0
    patience = Patience(clock=lambda: now, random=lambda: 0.5)
    error = OutageError("The registry is away.")
    waits = []
    for _ in range(20):
        waits.append(patience.failed(error))
        now += waits[-1]
    assert waits[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert max(waits) == 10.0
    said = [record.message for record in caplog.records]
    assert said[0].startswith("The registry is away. (BRN-2002) Nothing is skipped")
    assert len(said) == 1 + now // 60
    patience.over()
    assert not patience.waiting
    assert patience.failed(error) == 0.5
