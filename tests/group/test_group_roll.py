from __future__ import annotations

from barnabas.herder.group.roll import LostWorker, Roll
from barnabas.supervisor.api import TaskId

A, B, C = "http://a:1/", "http://b:1/", "http://c:1/"
ONE, TWO = TaskId("x", 0), TaskId("x", 1)


def kept(_):
    return False


def given_up(_):
    return True


def test_a_worker_that_vanishes_with_its_work_is_missed_until_it_is_back():
    roll = Roll(lambda: 7.0)
    roll.call({A: [ONE], B: [TWO]}, kept)
    assert roll.lost() == []
    roll.call({A: [ONE]}, kept)
    assert roll.lost() == [LostWorker(B, 7.0)]
    roll.call({A: [ONE, TWO], C: []}, given_up)
    assert roll.lost() == [LostWorker(B, 7.0)]
    roll.call({A: [ONE], B: [TWO]}, kept)
    assert roll.lost() == []


def test_a_worker_that_gave_up_its_work_has_left():
    roll = Roll()
    roll.call({A: [ONE], B: [TWO], C: []}, kept)
    roll.call({A: [ONE]}, lambda item: item == TWO)
    assert roll.lost() == []


def test_it_does_not_grow_for_ever():
    roll = Roll()
    for number in range(300):
        roll.call({f"http://{number}/": [ONE]}, kept)
    assert len(roll.lost()) == 100
    assert roll.lost()[-1].url == "http://298/"
