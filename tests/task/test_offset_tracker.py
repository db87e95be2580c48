"""The tracker against a model that looks at every record."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from barnabas.task.offsets import OffsetTracker, freeze


@dataclass
class FakeTicket:
    acked: list[bool] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return all(self.acked)

    @property
    def contiguous(self) -> int:
        return next((at for at, acked in enumerate(self.acked) if not acked), len(self.acked))


def test_nothing_is_committable_before_an_acknowledgement():
    tracker = OffsetTracker()
    ticket = FakeTicket([False, False])
    tracker.sent(ticket, {"f": "a"}, {"position": 2})
    assert tracker.take() == []
    assert tracker.outstanding
    ticket.acked = [True, True]
    assert tracker.take() == [({"f": "a"}, {"position": 2})]
    assert tracker.take() == []
    assert not tracker.outstanding


def test_a_later_batch_waits_for_an_earlier_one():
    tracker = OffsetTracker()
    first, second = FakeTicket([False]), FakeTicket([True])
    tracker.sent(first, {"f": "a"}, {"position": 1})
    tracker.sent(second, {"f": "a"}, {"position": 2})
    assert tracker.take() == []
    first.acked = [True]
    assert tracker.take() == [({"f": "a"}, {"position": 2})]


def test_partitions_do_not_wait_for_each_other():
    tracker = OffsetTracker()
    tracker.sent(FakeTicket([False]), {"f": "a"}, {"position": 1})
    tracker.sent(FakeTicket([True]), {"f": "b"}, {"position": 9})
    assert tracker.take() == [({"f": "b"}, {"position": 9})]


def test_a_run_without_offsets_holds_back_those_that_follow():
    tracker = OffsetTracker()
    first = FakeTicket([False])
    tracker.sent(first, {"f": "a"}, None)
    tracker.sent(FakeTicket([True]), {"f": "a"}, {"position": 2})
    assert tracker.take() == []
    first.acked = [True]
    assert tracker.take() == [({"f": "a"}, {"position": 2})]


def test_marks_move_inside_a_batch_that_is_stuck():
    tracker = OffsetTracker()
    ticket = FakeTicket([True, True, False])
    tracker.sent(ticket, {"f": "a"}, None, [(0, {"p": 1}), (1, {"p": 2}), (2, {"p": 3})])
    assert tracker.take() == [({"f": "a"}, {"p": 2})]


def test_partitions_are_equal_whatever_the_order_of_their_items():
    assert freeze({"a": 1, "b": 2}) == freeze({"b": 2, "a": 1})


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), min_size=1, max_size=12),
    st.data(),
)
def test_the_committed_offset_is_the_end_of_the_acknowledged_prefix(batches, data):
    """Whatever is acknowledged in whatever order, a partition's offset never passes its first unacknowledged record."""
    tracker = OffsetTracker()
    records: dict[str, list[tuple[FakeTicket, int, int]]] = {}
    position: dict[str, int] = {}
    tickets = []
    for name, size in batches:
        ticket = FakeTicket([False] * size)
        tickets.append(ticket)
        marks = []
        for at in range(size):
            position[name] = position.get(name, 0) + 1
            records.setdefault(name, []).append((ticket, at, position[name]))
            marks.append((at, {"p": position[name]}))
        tracker.sent(ticket, {"f": name}, None, marks)
    committed: dict[str, int] = {}
    pending = [(ticket, at) for ticket in tickets for at in range(len(ticket.acked))]
    for ticket, at in data.draw(st.permutations(pending)):
        ticket.acked[at] = True
        for partition, offset in tracker.take():
            name = partition["f"]
            assert offset["p"] >= committed.get(name, 0)
            committed[name] = offset["p"]
        for name, rows in records.items():
            prefix = 0
            for row, index, where in rows:
                if not row.acked[index]:
                    break
                prefix = where
            assert committed.get(name, 0) == prefix
