"""``TimestampRouter``: recordings of the JVM, batches, what is kept of sink records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError, DataError, IllegalArgumentError
from barnabas.record import Headers, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.timestamp_router import TimestampRouter
from vectors import runner

CASES = [case for case in runner.load("transforms.jsonl") if "TimestampRouter" in str(case.get("class"))]
DAY = 86_400_000
PATTERNS = ["yyyyMMdd", "HH.mm", "ss", "SSS", "YYYY'w'ww", "a", "EEE", "", "G z X"]


def router(**settings):
    made = TimestampRouter()
    made.configure({key.replace("_", "."): value for key, value in settings.items()})
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_as_recorded(case):
    assert runner.passes(case), runner.answer(case)


def test_settings_are_those_of_the_jvm():
    keys = TimestampRouter.CONFIG.keys
    assert {name: (key.type.value, key.default, key.importance.value) for name, key in keys.items()} == {
        "topic.format": ("STRING", "${topic}-${timestamp}", "HIGH"),
        "timestamp.format": ("STRING", "yyyyMMdd", "HIGH"),
    }


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(-(10**13), 10**13)), min_size=1, max_size=5),
    st.sampled_from(PATTERNS),
)
def test_batches_and_single_records_agree(rows, pattern):
    made = router(timestamp_format=pattern)
    batch = SourceBatch.of([SourceRecord(topic, 1, timestamp=time) for topic, time in rows])
    renamed, kept = made.apply_batch(batch)
    assert kept is None
    assert [record.topic for record in renamed] == [router(timestamp_format=pattern).apply(r).topic for r in batch]


def test_a_batch_of_one_day_stays_uniform():
    batch, _ = router().apply_batch(SourceBatch("t", [1, 2], timestamps=[0, DAY - 1]))
    assert (batch.topic, batch.topics) == ("t-19700101", None)
    batch, _ = router().apply_batch(SourceBatch("t", [1, 2], timestamps=[0, DAY]))
    assert batch.topics == ["t-19700101", "t-19700102"]
    empty = SourceBatch("t", [])
    assert router().apply_batch(empty)[0] is empty


def test_sink_records_keep_where_they_were_read():
    batch = SinkBatch.of([SinkRecord("t", 2, 7, 1, timestamp=0)])
    renamed, _ = router().apply_batch(batch)
    assert (renamed[0].topic, renamed[0].original.topic) == ("t-19700101", "t")
    assert renamed.positions() == batch.positions()


def test_a_topic_that_looks_like_a_placeholder():
    assert router().apply(SourceRecord("${timestamp}", 1, timestamp=0)).topic == "19700101-19700101"


def test_the_first_record_without_a_timestamp_is_named():
    headers = Headers().add("h", "x", Schema.STRING).add("n", None)
    record = SinkRecord("t", 2, 7, {"a": 1}, "k", key_schema=Schema.STRING, headers=headers)
    with pytest.raises(DataError) as caught:
        router().apply_batch(SinkBatch.of([SinkRecord("t", 2, 6, 1, timestamp=0), record]))
    assert caught.value.message == (
        "Timestamp missing on record: SinkRecord{kafkaOffset=7, timestampType=CreateTime, originalTopic=t, "
        "originalKafkaPartition=2, originalKafkaOffset=7} ConnectRecord{topic='t', kafkaPartition=2, key=k, "
        "keySchema=Schema{STRING}, value={a=1}, valueSchema=null, timestamp=null, headers=ConnectHeaders(headers="
        "[ConnectHeader(key=h, value=x, schema=Schema{STRING}), ConnectHeader(key=n, value=null, schema=null)])}"
    )


def test_a_bad_pattern_fails_as_in_java_or_before_in_strict_mode():
    made = router(timestamp_format="bogus")
    with pytest.raises(IllegalArgumentError, match="Illegal pattern character 'b'"):
        made.apply(SourceRecord("t", 1, timestamp=0))
    with pytest.raises(ConfigError, match="Illegal pattern character 'b'"):
        router(timestamp_format="bogus", strict="true")


@pytest.mark.parametrize("key", ["topic_format", "timestamp_format"])
def test_null_settings(key):
    made = router(**{key: None})
    with pytest.raises(DataError, match="is null"):
        made.apply(SourceRecord("t", 1, timestamp=0))


def test_names_are_forgotten_now_and_then(monkeypatch):
    monkeypatch.setattr("barnabas.transforms.timestamp_router._REMEMBERED", 2)
    made = router(timestamp_format="SSS")
    times = [*range(5)]
    batch, _ = made.apply_batch(SourceBatch("t", times, timestamps=times))
    assert batch.topics == [f"t-00{time}" for time in times]
