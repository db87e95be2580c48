"""The errors.* settings, back-off, retries and what they count: pure, on a clock that stands still."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import ConfigError, DataError, RetriableError
from barnabas.supervisor import board
from barnabas.supervisor.api import describe
from barnabas.task.failures import Failure, Operator, Sieve, Tally, TaskStoppingError
from barnabas.task.policy import ErrorPolicy, next_delay


class Clock:
    """Time passes only while somebody waits."""

    def __init__(self):
        self.now = 100.0
        self.waits = []

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.waits.append(round(seconds, 6))
        self.now += seconds


class Flaky:
    """Fails so many times, then works."""

    def __init__(self, times, error=RetriableError):
        self.left = times
        self.calls = 0
        self.error = error

    def __call__(self):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error("not now")
        return "done"


def operator(clock, timeout=0.0, *, tolerant=False, stopping=lambda: False, longest=60.0, chance=lambda: 0.5):
    words = [0] * board.WORDS
    policy = ErrorPolicy(tolerant=tolerant, retry_timeout=timeout, retry_delay_max=longest)
    made = Operator(policy, Tally(words), stopping=stopping, wait=clock.wait, clock=clock, random=chance)
    return made, words


def test_the_settings_as_kafka_names_them():
    policy = ErrorPolicy.of(
        {
            "errors.tolerance": "ALL",
            "errors.retry.timeout": "-1",
            "errors.retry.delay.max.ms": "1500",
            "errors.log.enable": "true",
            "errors.log.include.messages": "true",
            "errors.deadletterqueue.topic.name": " dead ",
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.deadletterqueue.context.headers.enable": "true",
            "errors.put.bisect": "true",
        }
    )
    assert policy == ErrorPolicy(
        tolerant=True,
        retry_timeout=None,
        retry_delay_max=1.5,
        log=True,
        log_content=True,
        topic="dead",
        replication=1,
        context_headers=True,
        bisect=True,
    )
    assert ErrorPolicy.of({}) == ErrorPolicy()
    assert not ErrorPolicy().reports
    assert ErrorPolicy(log=True).reports
    assert ErrorPolicy(topic="t").reports


@pytest.mark.parametrize("key", ["retry.timeout", "log.enable", "deadletterqueue.topic.replication.factor"])
def test_a_malformed_setting_is_named(key):
    with pytest.raises(ConfigError, match=rf"errors\.{key}"):
        ErrorPolicy.of({f"errors.{key}": "perhaps"})


def test_back_off_doubles_and_stays_within_the_time_left():
    """As in Kafka Connect: 300, 600, 1200, 2400, then what remains of six seconds."""
    clock = Clock()
    made, words = operator(clock, timeout=6.0)
    with pytest.raises(RetriableError):
        made.attempt(Flaky(99))
    assert clock.waits == [0.3, 0.6, 1.2, 2.4, 1.5]
    assert words[board.RETRIES] == len(clock.waits)
    assert words[board.RECORD_FAILURES] == len(clock.waits) + 1


def test_above_the_longest_delay_it_is_random_below_it():
    draws = random.Random(7).random
    delays = [next_delay(attempt, 1.0, None, draws) for attempt in range(1, 200)]
    assert delays[:2] == [0.3, 0.6]
    assert all(0 <= delay < 1.0 for delay in delays[2:])
    assert len(set(delays[2:])) > 1


@given(
    st.integers(1, 10_000),
    st.floats(0, 1e6),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_never_negative_nor_beyond_any_bound(attempt, longest, left, draw):
    delay = next_delay(attempt, longest, left, lambda: draw)
    assert 0 <= delay <= longest
    assert left is None or delay <= left


def test_what_heals_in_time_is_no_failure():
    clock = Clock()
    made, words = operator(clock, timeout=10.0)
    call = Flaky(2)
    assert made.attempt(call) == "done"
    assert (call.calls, clock.waits) == (3, [0.3, 0.6])
    assert words[board.RECORD_ERRORS] == words[board.RECORDS_SKIPPED] == 0


def test_without_a_timeout_nothing_is_tried_again():
    clock = Clock()
    made, words = operator(clock)
    call = Flaky(1)
    with pytest.raises(RetriableError):
        made.attempt(call)
    assert (call.calls, clock.waits, words[board.RETRIES]) == (1, [], 0)


def test_for_ever_means_for_ever():
    clock = Clock()
    made, _ = operator(clock, timeout=None)
    assert made.attempt(Flaky(500)) == "done"


def test_other_errors_are_not_tried_again():
    made, words = operator(Clock(), timeout=None)
    call = Flaky(1, DataError)
    with pytest.raises(DataError):
        made.attempt(call)
    assert call.calls == 1
    assert words[board.RETRIES] == words[board.RECORD_FAILURES] == 0


def test_an_order_to_stop_ends_the_waiting_without_a_verdict():
    clock = Clock()
    made, _ = operator(clock, timeout=None, stopping=lambda: clock.now > 101)
    with pytest.raises(TaskStoppingError):
        made.attempt(Flaky(99))


def failure(at, error=None):
    return Failure(at, "VALUE_CONVERTER", "some.Converter", error or DataError("bad", code="BRN-2150", remedy="Do."))


def test_tolerated_failures_are_counted_and_told_in_the_order_of_records():
    made, words = operator(Clock(), tolerant=True)
    sieve = Sieve(made)
    assert sieve.add(failure(5))
    assert sieve.add(failure(2))
    assert [each.at for each in sieve.take()] == [2, 5]
    assert sieve.take() == []
    assert sieve.give_up() is None
    counted = [words[word] for word in (board.RECORD_FAILURES, board.RECORD_ERRORS, board.RECORDS_SKIPPED)]
    assert counted == [2, 2, 2]
    assert words[board.LAST_ERROR] > 0


def test_without_tolerance_the_first_record_counts_and_nothing_is_skipped():
    made, words = operator(Clock())
    sieve = Sieve(made)
    assert not sieve.add(failure(5))
    assert not sieve.add(failure(2))
    assert sieve.give_up().at == 2
    counted = [words[word] for word in (board.RECORD_FAILURES, board.RECORD_ERRORS, board.RECORDS_SKIPPED)]
    assert counted == [1, 1, 0]


def test_the_error_of_the_task_has_kafkas_words_and_ours():
    error = failure(3).exceeded("topic t, partition 0, offset 7")
    info = describe(error)
    lines = info.trace.splitlines()
    assert lines[0] == "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler"
    assert (
        "VALUE_CONVERTER with some.Converter failed for topic t, partition 0, offset 7: bad Do. (BRN-2150)" in lines[1]
    )
    assert "Caused by: org.apache.kafka.connect.errors.DataException: bad" in lines
    assert info.code == "BRN-2190"
    assert info.python_class == "DataError", "a bad record does not heal: the task waits for a person"
    healing = describe(failure(3, ValueError("x")).exceeded("here"))
    assert "Caused by: ValueError: x" in healing.trace
