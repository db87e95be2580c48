"""DropHeaders, InsertHeader, Filter and RegexRouter: batches of every kind, against their records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import Headers, Schema, SinkRecord, SourceRecord, TopicPartition
from barnabas.errors import ConfigError, DataError
from barnabas.record import SinkBatch, SourceBatch
from barnabas.transforms.names import TRANSFORMS
from vectors import runner
from vectors.run_transforms import load

JAVA = "org.apache.kafka.connect.transforms."
SETTINGS = {
    "DropHeaders": {"headers": "a,c"},
    "InsertHeader": {"header": "a", "value.literal": "1"},
    "RegexRouter": {"regex": "t(.*)", "replacement": "u$1"},
    "Filter": {},
}
MINE = {JAVA + name for name in SETTINGS}
CASES = [case for case in runner.load("transforms.jsonl") + runner.load("timezone.jsonl") if case.get("class") in MINE]


def make(name):
    transformation = load(TRANSFORMS[JAVA + name])()
    transformation.configure(SETTINGS[name])
    return transformation


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_recorded(case):
    got = runner.answer(case)
    assert runner.same_answer(case["expect"], got), got


HEADERS = st.none() | st.lists(st.sampled_from("abcd"), max_size=4).map(
    lambda names: Headers([h for name in names for h in Headers().add(name, 1, Schema.INT8)])
)


@given(st.lists(st.tuples(st.sampled_from(["t", "t1", "x"]), HEADERS), max_size=5), st.sampled_from([*SETTINGS]))
def test_batches_and_records_agree(rows, name):
    transformation = make(name)
    for batch_class, records in (
        (SourceBatch, [SourceRecord(topic, 1, headers=headers) for topic, headers in rows]),
        (SinkBatch, [SinkRecord(topic, 0, 5, 1, headers=headers) for topic, headers in rows]),
    ):
        batch, kept = transformation.apply_batch(batch_class.of(records))
        want = [transformation.apply(record) for record in records]
        got = [*batch]
        assert len(got) == len([row for row in want if row is not None])
        assert kept in (None, [])
        for one, other in zip(got, want, strict=False):
            assert (one.topic, one.headers or None) == (other.topic, other.headers or None)
            if batch_class is SinkBatch:
                assert one.original == other.original


def test_headers_of_other_records_are_not_touched():
    headers = Headers().add("a", 1).add("b", 2)
    record = SourceRecord("t", headers=headers)
    assert [h.key for h in make("DropHeaders").apply(record).headers] == ["b"]
    assert [h.key for h in make("InsertHeader").apply(record).headers] == ["a", "b", "a"]
    assert [h.key for h in headers] == ["a", "b"]


def test_nothing_to_do_costs_no_copy():
    record = SourceRecord("x", headers=Headers().add("z", 1))
    assert make("DropHeaders").apply(record) is record
    assert make("RegexRouter").apply(record) is record
    batch = SourceBatch("x", [1])
    assert make("RegexRouter").apply_batch(batch)[0] is batch


@pytest.mark.parametrize("name", ["DropHeaders", "InsertHeader", "Filter"])
def test_headers_are_not_made_before_somebody_reads_them(name):
    read = []

    def headers():
        read.append(1)
        return [Headers().add("a", 1).add("b", 2)]

    batch, _ = make(name).apply_batch(SinkBatch("t", [1], headers=headers, partitions=[0], offsets=[0]))
    assert read == []
    copies = [batch.replace(topic="u"), batch.replace(topic="v")]
    if name == "Filter":
        assert [len(each) for each in copies] == [0, 0]
    else:
        assert copies[0].headers is copies[1].headers is not None
        assert read == [1]


def test_sinks_remember_where_a_renamed_record_was_read():
    batch, _ = make("RegexRouter").apply_batch(SinkBatch("t1", ["v"], partitions=[3], offsets=[8]))
    assert batch.topic == "u1"
    assert batch.positions() == {TopicPartition("t1", 3): 9}


def test_a_replacement_without_its_group_fails_with_the_record_or_at_once_when_strict():
    router = load(TRANSFORMS[JAVA + "RegexRouter"])
    lenient = router()
    lenient.configure({"regex": "t", "replacement": "$1"})
    assert lenient.apply(SourceRecord("x")).topic == "x"
    with pytest.raises(DataError, match="No group 1"):
        lenient.apply(SourceRecord("t"))
    with pytest.raises(ConfigError, match=r"Invalid value \$1 for configuration replacement: No group 1"):
        router().configure({"regex": "t", "replacement": "$1", "strict": "true"})


def test_what_cannot_be_done_as_in_java_is_refused_before_the_first_record():
    with pytest.raises(ConfigError) as caught:
        load(TRANSFORMS[JAVA + "RegexRouter"])().configure({"regex": "a(?!(b))", "replacement": "$1"})
    assert caught.value.code == "BRN-1065"


def test_many_topics():
    router = make("RegexRouter")
    topics = [f"t{number}" for number in range(10_050)]
    batch, _ = router.apply_batch(SourceBatch("", topics, topics=topics))
    assert batch.topics[-1] == "u10049"
    assert len(router._new) <= 10_000
