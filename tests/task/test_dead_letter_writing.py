"""Dead letters on their way: when they count as written, what a refusal does, who may wait for them."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest
from letter_fakes import Producer

from barnabas import TopicPartition
from barnabas.kafka.faults import KafkaFault
from barnabas.supervisor import board
from barnabas.task.dead_letters import DeadLetterError, DeadLetters, Letter
from barnabas.task.failures import Tally

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)
TOO_LARGE = KafkaFault(10, "MSG_SIZE_TOO_LARGE", "too large")
DENIED = KafkaFault(29, "TOPIC_AUTHORIZATION_FAILED", "no")


def letters(producer, **options):
    words = [0] * board.WORDS
    return DeadLetters(producer, "dead", Tally(words), **options), words


def letter(value=b"v", where=P0, headers=None):
    return Letter(value, b"k", headers, 5, where)


def test_a_letter_is_done_when_all_of_its_call_are_in_the_topic():
    producer = Producer()
    made, words = letters(producer)
    written = made.write([letter(), letter(b"w", P1)])
    assert producer.sent == [(b"v", b"k", 5, None), (b"w", b"k", 5, None)]
    producer.ack(producer.tickets[0], 0, 0)
    made.check()
    assert not written.done
    assert written.contiguous == 0
    assert made.flush(0) == {P0, P1}
    producer.ack(producer.tickets[0], 1, 1)
    made.check()
    assert written.done
    assert written.contiguous == len(written.letters)
    assert all(future.done() for future in written.futures)
    assert made.flush(0) == set()
    assert words[board.DEAD_LETTERS] == len(written.letters)


def test_a_refused_letter_fails_the_task_and_holds_its_partition():
    producer = Producer()
    made, words = letters(producer)
    (future,) = made.write([letter()]).futures
    producer.refuse(producer.tickets[0], 0, DENIED)
    with pytest.raises(DeadLetterError, match=r"Could not produce message to dead letter queue. topic=dead") as caught:
        made.check()
    assert "TOPIC_AUTHORIZATION_FAILED" in str(caught.value)
    assert future.exception() is caught.value
    assert made.flush(0) == {P0}
    assert words[board.DEAD_LETTER_FAILURES] == 1
    with pytest.raises(DeadLetterError):
        made.check()


def test_a_client_that_is_of_no_use_fails_it_too():
    producer = Producer()
    made, _ = letters(producer)
    made.write([letter()])
    producer.book.fail_all(KafkaFault(-1, "_AUTHENTICATION", "log-in refused", fatal=True))
    with pytest.raises(DeadLetterError, match="log-in refused"):
        made.check()


def test_who_waits_on_the_tasks_own_thread_serves_the_producer():
    made, _ = letters(Producer(after=3))
    (future,) = made.write([letter()]).futures
    assert future.result(5) is None
    made, _ = letters(Producer(after=2))
    (future,) = made.write([letter()]).futures
    assert not future.done()
    assert future.done()


def test_waiting_has_an_end():
    made, _ = letters(Producer())
    (future,) = made.write([letter()]).futures
    with pytest.raises(TimeoutError):
        future.result(0.01)


def test_other_threads_may_report_and_wait():
    made, _ = letters(Producer(after=50))
    done = []

    def work():
        done.extend(made.write([letter()]).futures[0].result(10) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == [None] * 80


def test_letters_of_lost_partitions_are_cancelled():
    producer = Producer()
    made, _ = letters(producer)
    (lost,) = made.write([letter(where=P0)]).futures
    (kept,) = made.write([letter(where=P1)]).futures
    made.forget({P0})
    assert made.flush(0) == {P1}
    with pytest.raises(CancelledError):
        lost.result(0)
    producer.ack(producer.tickets[0])
    producer.ack(producer.tickets[1])
    made.check()
    assert kept.done()


def test_a_sources_letter_that_is_too_large_goes_without_its_value():
    producer = Producer()
    made, words = letters(producer, shorten=True)
    written = made.write([letter(b"x" * 100, None, [("h", b"1")]), letter(b"small", None)])
    producer.refuse(producer.tickets[0], 0, TOO_LARGE)
    producer.ack(producer.tickets[0], 1, 1)
    made.check()
    assert not written.done
    assert producer.sent[-1] == (None, b"k", 5, [("h", b"1"), ("__connect.errors.value.omitted", b"100")])
    producer.ack(producer.tickets[1])
    made.check()
    assert written.done
    assert words[board.DEAD_LETTER_FAILURES] == 0


def test_a_sinks_letter_that_is_too_large_fails_the_task():
    producer = Producer()
    made, _ = letters(producer)
    made.write([letter()])
    producer.refuse(producer.tickets[0], 0, TOO_LARGE)
    with pytest.raises(DeadLetterError):
        made.check()


def test_closing_gives_what_is_on_its_way_some_time():
    producer = Producer(after=3)
    made, _ = letters(producer)
    made.write([letter()])
    made.close(5)
    assert producer.closed == 5
    stuck = Producer()
    made, _ = letters(stuck)
    made.write([letter()])
    made.close(0)
    assert stuck.closed == 0
