"""The assignor: what moves, what waits, and that work is always assigned exactly once."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.herder.group.assignor import AssignorState, assign_cooperatively, assign_eagerly
from barnabas.supervisor.api import TaskId
from campaigns.group_simulation import SimulatedGroup

DELAY = 300_000


def group(members: int, connectors: int, tasks: int, delay: int = DELAY) -> SimulatedGroup:
    made = SimulatedGroup(delay)
    for _ in range(members):
        made.join()
    for number in range(connectors):
        made.create(f"c{number}", tasks)
    made.settle()
    made.check()
    return made


def test_a_fresh_group_shares_everything_in_one_round() -> None:
    assert group(3, 5, 4).rounds == 1


def test_tasks_of_one_connector_are_spread() -> None:
    found = group(4, 6, 4)
    for items in found.held.values():
        for number in range(6):
            assert sum(1 for item in items if item.connector == f"c{number}" and item.task >= 0) == 1


def test_another_connector_moves_nothing() -> None:
    found = group(3, 4, 3)
    for number in range(20):
        found.create(f"more-{number}", 2)
        found.settle()
        found.check()
    assert found.moved == 0


def test_a_member_that_joins_gets_its_share_and_no_more() -> None:
    found = group(2, 4, 4)
    found.join()
    assert found.settle() == 2
    found.check()
    assert found.moved == 6  # a third of 4 connectors and 16 tasks, rounded down


def test_lost_work_waits_for_its_worker() -> None:
    found = group(3, 3, 3)
    victim = sorted(found.held)[1]
    lost = set(found.held[victim])
    found.crash(victim)
    outcome = found.round()
    assert outcome.delay_ms == DELAY
    assert not any(outcome.assigned.values())
    found.now_ms += 10_000
    back = found.join()
    outcome = found.round()
    assert outcome.delay_ms == DELAY - 10_000
    assert not any(outcome.assigned.values())
    found.now_ms += outcome.delay_ms
    found.round()
    assert found.held[back] == lost
    found.settle()
    found.check()
    assert found.moved == 0


def test_lost_work_goes_to_others_when_the_delay_is_over() -> None:
    found = group(3, 3, 3)
    found.crash(sorted(found.held)[2])
    assert found.settle() == 2
    found.check()
    assert found.now_ms == DELAY


def test_no_delay_is_configured() -> None:
    found = group(3, 3, 3, delay=0)
    found.crash(sorted(found.held)[2])
    assert found.round().delay_ms == 0
    found.check()


def test_work_handed_over_in_good_order_does_not_wait() -> None:
    found = group(3, 3, 3)
    found.leave(sorted(found.held)[1])
    assert found.round().delay_ms == 0
    found.check()
    assert found.moved == 0


def test_a_member_that_missed_its_assignment_gets_it_again_at_once() -> None:
    members = {"a": [], "b": []}
    configured = [TaskId("c", n) for n in (-1, 0, 1)]
    first = assign_cooperatively(
        AssignorState(), members, configured, now_ms=0, max_delay_ms=DELAY, last_generation=-1, generation=1
    )
    held = {"a": first.assigned["a"], "b": []}  # b never got the answer
    second = assign_cooperatively(
        first.state, held, configured, now_ms=1, max_delay_ms=DELAY, last_generation=1, generation=2
    )
    assert second.assigned == {"a": [], "b": first.assigned["b"]}
    assert second.delay_ms == 0


def test_what_two_members_hold_is_taken_from_both() -> None:
    item = TaskId("c", 0)
    found = assign_cooperatively(
        AssignorState(),
        {"a": [item], "b": [item]},
        [TaskId("c", -1), item],
        now_ms=0,
        max_delay_ms=DELAY,
        last_generation=-1,
        generation=1,
    )
    assert found.revoked == {"a": [item], "b": [item]}
    assert item not in found.assigned["a"] + found.assigned["b"]


def test_deleted_work_is_revoked_at_once() -> None:
    found = group(2, 2, 2)
    found.delete("c0")
    outcome = found.round()
    assert sum(map(len, outcome.revoked.values())) == 3
    found.settle()
    found.check()


def test_revocations_in_a_row_back_off() -> None:
    found = group(2, 8, 4)
    found.join()
    assert any(found.round().revoked.values())
    found.join()
    outcome = found.round()  # before the revoked work was handed out: surplus again, but not at once
    assert outcome.delay_ms == 40
    assert not any(outcome.revoked.values())
    found.settle()
    found.check()


def test_eager() -> None:
    items = [TaskId(name, number) for name in "abc" for number in (-1, 0)]
    assert assign_eagerly(items, ["y", "x"]) == {
        "x": [TaskId("a", -1), TaskId("c", -1), TaskId("b", 0)],
        "y": [TaskId("b", -1), TaskId("a", 0), TaskId("c", 0)],
    }


steps = st.lists(st.sampled_from(["join", "crash", "leave", "create", "delete", "bounce"]), max_size=25)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 5), steps, st.integers(), st.sampled_from([0, 1, DELAY]))
def test_whatever_happens_work_is_assigned_exactly_once(
    members: int, connectors: int, tasks: int, events: list[str], seed: int, delay: int
) -> None:
    chance = random.Random(seed)
    found = group(members, connectors, tasks, delay)
    for number, event in enumerate(events):
        someone = chance.choice(sorted(found.held))
        if event == "join":
            found.join()
        elif event == "create":
            found.create(f"n{number}", chance.randrange(4))
        elif event == "delete" and found.configured:
            found.delete(chance.choice(sorted(found.configured)).connector)
        elif len(found.held) > 1 and event in {"crash", "bounce"}:
            found.crash(someone)
            if event == "bounce":
                found.join()
        elif len(found.held) > 1 and event == "leave":
            found.leave(someone)
        found.now_ms += chance.choice([0, 100, DELAY / 2])
        if chance.random() < 0.5:
            found.round()
            found.check(settled=False)
        else:
            found.settle()
            found.check()
    found.settle()
    found.check()


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(chance: random.Random) -> None:
    found = group(4, 5, 3)
    configured = [*found.configured, *(TaskId("new", number) for number in range(-1, 4))]

    def answer() -> object:
        held = [(member, sorted(items)) for member, items in found.held.items()]
        chance.shuffle(held)
        chance.shuffle(configured)
        return assign_cooperatively(
            AssignorState(), dict(held), configured, now_ms=0, max_delay_ms=DELAY, last_generation=1, generation=2
        )

    assert answer() == answer()


def owners(found: SimulatedGroup) -> dict[TaskId, str]:
    return {item: member for member, items in found.held.items() for item in items}


@pytest.mark.parametrize("delay", [0, DELAY])
@pytest.mark.parametrize("members", [2, 3, 5])
def test_a_rolling_restart_moves_nothing_twice(members: int, delay: int) -> None:
    """What was taken over from a worker stays where it is; when it is back it gets other work."""
    found = group(members, 20, 3, delay)
    for member in sorted(found.held):
        places = [owners(found)]
        found.leave(member)
        found.settle()
        places.append(owners(found))
        found.join()
        found.settle()
        found.check()
        places.append(owners(found))
        for item in found.configured:
            assert sum(one[item] != other[item] for one, other in itertools.pairwise(places)) <= 1, item


@pytest.mark.timeout(60)
def test_a_thousand_workers() -> None:
    found = group(200, 400, 20)
    found.crash(sorted(found.held)[77])
    found.join()
    found.join()
    found.settle()
    found.check()
    assert found.longest < 2
