"""Which topics the worker hears of: each once, and again after a reset."""

from __future__ import annotations

from barnabas.supervisor.api import TaskId
from barnabas.supervisor.board import Board
from barnabas.task.control import TaskControl
from barnabas.task.used_topics import UsedTopics


def test_each_topic_is_told_and_told_again_after_a_reset():
    told = []
    control = TaskControl(Board.create(1).slot(0), paused=False, report=lambda *_: None)
    used = UsedTopics(TaskId("c", 3), control, lambda *what: told.append(what))
    for topic in ("a", "a", "b", "a"):
        used.saw(topic)
    assert told == [("c", "a", 3), ("c", "b", 3)]
    control.forget_topics()
    assert len(told) == 2
    for topic in ("b", "b"):
        used.saw(topic)
    assert told[2:] == [("c", "b", 3)]
