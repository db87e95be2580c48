"""Which topics the worker hears of: each soon, and again while it is used."""

from __future__ import annotations

from barnabas.supervisor.api import TaskId
from barnabas.task.used_topics import UsedTopics


def test_each_topic_is_told_and_told_again_later():
    told = []
    now = [100.0]
    used = UsedTopics(TaskId("c", 3), lambda *what: told.append(what), lambda: now[0])
    for topic in ("a", "a", "b", "a"):
        used.saw(topic)
    assert told == [("c", "a", 3), ("c", "b", 3)]
    now[0] += 4.9
    used.saw("a")
    assert len(told) == 2
    now[0] += 0.1
    used.saw("b")
    used.saw("b")
    assert told[2:] == [("c", "b", 3)]
