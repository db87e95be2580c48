"""Batches: the same records whether seen as columns or as rows."""

from __future__ import annotations

import itertools
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import barnabas
from barnabas import Headers, Schema, SinkBatch, SinkRecord, SourceBatch, SourceRecord, TopicPartition

records = st.builds(
    SourceRecord,
    topic=st.sampled_from(["a", "b"]),
    value=st.one_of(st.none(), st.text(max_size=3)),
    key=st.one_of(st.none(), st.binary(max_size=2)),
    value_schema=st.sampled_from([None, Schema.STRING, Schema.INT64]),
    key_schema=st.sampled_from([None, Schema.BYTES]),
    kafka_partition=st.one_of(st.none(), st.integers(0, 3)),
    timestamp=st.one_of(st.none(), st.integers(0, 10)),
    source_partition=st.sampled_from([None, {"f": "x"}]),
    source_offset=st.sampled_from([None, {"p": 1}]),
)


@given(st.lists(records, max_size=8))
def test_rows_to_columns_and_back(rows):
    batch = SourceBatch.of(rows)
    assert list(batch) == rows
    assert len(batch) == len(rows)
    assert [batch[at] for at in range(len(rows))] == rows


@given(st.lists(records, min_size=1, max_size=8))
def test_runs_are_uniform_and_together_the_batch(rows):
    runs = list(SourceBatch.of(rows).runs())
    assert [row for run in runs for row in run] == rows
    for run in runs:
        assert run.uniform
        assert {row.topic for row in run} == {run.topic}
        assert all(row.value_schema == run.value_schema and row.key_schema == run.key_schema for row in run)
    for one, two in itertools.pairwise(runs):
        assert (one.topic, one.value_schema, one.key_schema) != (two.topic, two.value_schema, two.key_schema)


@given(st.lists(records, min_size=1, max_size=8), st.data())
def test_take_and_slices(rows, data):
    batch = SourceBatch.of(rows)
    picked = data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True).map(sorted))
    assert list(batch.take(picked)) == [rows[at] for at in picked]
    start = data.draw(st.integers(0, len(rows)))
    assert list(batch[start:]) == rows[start:]


def test_a_column_batch_has_one_offset_for_its_last_record():
    batch = SourceBatch("t", ["x", "y"], source_partition={"f": "a"}, source_offset={"p": 4})
    assert [record.source_offset for record in batch] == [None, {"p": 4}]
    assert [record.source_partition for record in batch] == [{"f": "a"}] * 2


def test_lazy_columns_are_made_once():
    made = []

    def offsets():
        made.append(1)
        return [5, 6]

    batch = SinkBatch("t", ["x", "y"], partitions=[0, 0], offsets=offsets)
    assert not made
    assert batch.offsets == [5, 6]
    assert batch[1].kafka_offset == 6
    assert len(made) == 1
    assert batch.positions() == {TopicPartition("t", 0): 7}


def test_replace_keeps_the_rest():
    batch = SourceBatch("t", [1, 2], keys=[3, 4], timestamps=[5, 6])
    other = batch.replace(values=[7, 8], topics=["u", "v"])
    assert [row.topic for row in other] == ["u", "v"]
    assert other.keys == [3, 4]
    assert batch.values == [1, 2]
    assert other.replace(topic="w").uniform
    with pytest.raises(TypeError, match="no column"):
        batch.replace(colour=1)


def test_an_index_outside_is_an_error():
    with pytest.raises(IndexError, match="record 2 of a batch of 2"):
        SourceBatch("t", [1, 2])[2]


def test_a_sink_record_keeps_its_origin():
    record = SinkRecord("t", 3, 42, value="x")
    renamed = record.new_record(topic="u", kafka_partition=0)
    assert renamed.original == TopicPartition("t", 3)
    assert renamed.kafka_offset == 42
    assert SinkBatch.of([renamed]).positions() == {TopicPartition("t", 3): 43}


def test_headers_keep_order_and_repeat():
    headers = Headers().add("a", 1).add("b", 2).add("a", 3)
    assert headers.last_with_name("a").value == 3
    assert [header.value for header in headers.all_with_name("a")] == [1, 3]
    assert [header.key for header in headers.duplicate().remove_name("a")] == ["b"]


def test_errors_survive_pickling():
    error = barnabas.ConfigError("It is wrong.", key="a.b", remedy="Set it right.", code="BRN-1999")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.key, copy.code) == ("It is wrong. Set it right.", "a.b", "BRN-1999")
    assert copy.describe() == "a.b: It is wrong. Set it right. (BRN-1999)"


def test_everything_public_is_listed():
    assert sorted(barnabas.__all__) == barnabas.__all__
    for name in barnabas.__all__:
        assert getattr(barnabas, name).__module__.startswith("barnabas")
