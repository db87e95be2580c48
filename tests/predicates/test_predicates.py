"""The predicates: recorded cases, and batches of every kind against their records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import Headers, SourceRecord
from barnabas.predicates.names import PREDICATES
from barnabas.record import SourceBatch
from vectors import runner
from vectors.run_transforms import load

SETTINGS = {"HasHeaderKey": {"name": "a"}, "RecordIsTombstone": {}, "TopicNameMatches": {"pattern": "t.*"}}
HEADERS = st.none() | st.lists(st.sampled_from("ab"), max_size=2).map(
    lambda names: Headers([h for name in names for h in Headers().add(name, 1)])
)


def make(name):
    predicate = load(PREDICATES["org.apache.kafka.connect.transforms.predicates." + name])()
    predicate.configure(SETTINGS[name])
    return predicate


@pytest.mark.parametrize("case", runner.load("predicates.jsonl"), ids=lambda case: case["id"])
def test_recorded(case):
    got = runner.answer(case)
    assert runner.same_answer(case["expect"], got), got


@given(
    st.lists(st.tuples(st.sampled_from(["t", "t1", "x"]), HEADERS, st.sampled_from([None, 0, "v"])), max_size=5),
    st.sampled_from([*SETTINGS]),
)
def test_batches_and_records_agree(rows, name):
    predicate = make(name)
    records = [SourceRecord(topic, value, headers=headers) for topic, headers, value in rows]
    assert predicate.test_batch(SourceBatch.of(records)) == [predicate.test(record) for record in records]


def test_one_topic_is_looked_up_once_a_batch(monkeypatch):
    predicate = make("TopicNameMatches")
    asked = []
    monkeypatch.setattr(predicate, "_answer", lambda topic: asked.append(topic) or True)
    assert predicate.test_batch(SourceBatch("t", [1] * 500)) == [True] * 500
    assert asked == ["t"]


def test_many_topics_are_not_remembered_for_ever():
    predicate = make("TopicNameMatches")
    topics = [f"t{number}" for number in range(10_050)]
    assert all(predicate.test_batch(SourceBatch("", topics, topics=topics)))
    assert len(predicate._answers) <= 10_000
