"""Which records are acknowledged: counted by reports, compared with a model that looks at every record."""

from __future__ import annotations

import ctypes
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from barnabas.kafka import _librdkafka
from barnabas.kafka.faults import KafkaFault
from barnabas.kafka.tickets import TicketBook

FAULT = KafkaFault(-1, "_FAIL", "failed")


@given(st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=6), st.data())
def test_tickets_against_a_model(columns: list[list[int]], data: st.DataObject) -> None:
    """Records go to partitions; each partition reports in order, in runs of any length; some records fail."""
    book = TicketBook(want_metadata=False)
    tickets, queues = [], {0: [], 1: [], 2: []}  # type: ignore[var-annotated]
    for column in columns:
        ticket = book.open("t")
        for partition in column:
            queues[partition].append(book.next)
            book.add(ticket, 1, 10)
        book.close()
        tickets.append(ticket)
    acked: set[int] = set()
    while any(queues.values()):
        partition = data.draw(st.sampled_from([p for p, queue in queues.items() if queue]))
        size = data.draw(st.integers(1, len(queues[partition])))
        run, queues[partition] = queues[partition][:size], queues[partition][size:]
        if data.draw(st.integers(0, 5)) == 0:
            for number in run:
                book.fail_one(number, FAULT)
        else:
            acked.update(run)
            while run:
                ticket = book.find(run[0])
                mine = [number for number in run if number < ticket.base + ticket.total]
                book.acknowledge(ticket, mine[0], mine[-1], len(mine))
                run = run[len(mine) :]
        book.forget()
        for ticket in tickets:
            numbers = range(ticket.base, ticket.base + ticket.total)
            front = next((at for at, number in enumerate(numbers) if number not in acked), ticket.total)
            assert ticket.contiguous <= front
            assert ticket.done == (front == ticket.total)
            assert ticket.acked == sum(number in acked for number in numbers)
    assert book.in_flight == 0
    assert book.cost == 0
    assert book._open == []


@given(st.integers(1, 50), st.lists(st.integers(1, 9), max_size=9))
def test_the_front_is_exact_on_one_partition(size: int, runs: list[int]) -> None:
    book = TicketBook(want_metadata=False)
    ticket = book.open("t")
    book.add(ticket, size, 0)
    book.close()
    at = 0
    for run in runs:
        count = min(run, size - at)
        if count:
            book.acknowledge(ticket, ticket.base + at, ticket.base + at + count - 1, count)
        at += count
        assert ticket.contiguous == at


@given(st.permutations(range(8)))
def test_with_metadata_the_front_is_exact_in_any_order(order: list[int]) -> None:
    book = TicketBook(want_metadata=True)
    ticket = book.open("t")
    book.add(ticket, 8, 0)
    book.close()
    for done, index in enumerate(order, 1):
        book.acknowledge_one(ticket.base + index, index % 3, 100 + index)
        known = set(order[:done])
        assert ticket.contiguous == next((at for at in range(8) if at not in known), 8)
    assert ticket.metadata == [(index % 3, 100 + index) for index in range(8)]


def test_an_empty_ticket_between_others() -> None:
    book = TicketBook(want_metadata=False)
    first, empty, last = book.open("a"), None, None
    book.add(first, 2, 5)
    book.close()
    empty = book.open("b")
    book.close()
    last = book.open("c")
    book.add(last, 1, 5)
    book.close()
    assert empty.done
    assert book.find(3) is last
    book.fail_all(FAULT)
    assert (first.error, empty.error, last.error) == (FAULT, None, FAULT)


@given(st.lists(st.binary(max_size=20), max_size=40))
def test_addresses_are_those_of_the_bytes(column: list[bytes]) -> None:
    found = _librdkafka.addresses(column)
    assert [ctypes.string_at(address, len(value)) for address, value in zip(found, column, strict=True)] == column


@given(st.integers(0, 2**52), st.integers(0, 300))
def test_numbers(first: int, count: int) -> None:
    made: Any = _librdkafka.numbers(first, count)
    assert list(made) == list(range(first, first + count))


def test_the_library_is_found_in_the_wheel() -> None:
    assert _librdkafka.load() is not None
