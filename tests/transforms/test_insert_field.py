from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._schema.exact import Instant, Int32, Struct
from barnabas.errors import DataError
from barnabas.record import SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms._insertions import Insertion, Moments
from barnabas.transforms.insert_field import InsertFieldKey, InsertFieldValue

SCHEMA = Schema.struct("S", a=Schema.INT8)


def made(**config: str) -> InsertFieldValue[Any]:
    transformation: InsertFieldValue[Any] = InsertFieldValue()
    transformation.configure({name.replace("_", "."): text for name, text in config.items()})
    return transformation


@pytest.mark.parametrize(
    ("text", "name", "optional"),
    [("a", "a", True), ("a?", "a", True), ("a!", "a", False), ("a?!", "a?", False), ("!", "", False), ("", "", True)],
)
def test_places(text: str, name: str, optional: bool) -> None:
    assert Insertion.of(text) == (name, optional)


@given(st.integers(-(2**62), 2**62) | st.integers(0, 2**33 * 1000))
def test_moments_are_exact(milliseconds: int) -> None:
    found = Moments()[milliseconds]
    if isinstance(found, Instant):
        assert found.milliseconds == milliseconds
    else:
        assert found is not None
        assert (found - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1) == milliseconds


def test_moments_do_not_grow_without_end() -> None:
    moments = Moments()
    for milliseconds in range(10_000):
        assert moments[milliseconds] is not None
    assert len(moments) < 5_000


def test_coordinates_of_a_sink_column() -> None:
    transformation = made(topic_field="t", partition_field="p", offset_field="o", timestamp_field="ts")
    batch = SinkBatch("top", [{}, {}, {}], partitions=[0, 1, 1], offsets=[7, 8, 9], timestamps=[5, None, 6])
    changed, _ = transformation.apply_batch(batch)
    assert changed.values == [
        {"t": "top", "p": 0, "o": 7, "ts": 5},
        {"t": "top", "p": 1, "o": 8},
        {"t": "top", "p": 1, "o": 9, "ts": 6},
    ]
    assert type(changed.values[0]["p"]) is Int32
    assert batch.values == [{}, {}, {}]


def test_a_mixed_column_is_changed_run_by_run() -> None:
    transformation = made(topic_field="t", partition_field="p!")
    rows = [
        SourceRecord("x", {"a": 1}, value_schema=SCHEMA),
        SourceRecord("x", {"a": 1}),
        SourceRecord("y", {"a": 1}, kafka_partition=3),
        SourceRecord("y", None, value_schema=SCHEMA),
        SourceRecord("y", {"a": 1}, value_schema=SCHEMA, kafka_partition=4),
    ]
    batch, _ = transformation.apply_batch(SourceBatch.of(rows))
    assert list(batch) == [transformation.apply(row) for row in rows]
    assert batch.values[2:] == [{"a": 1, "t": "y", "p": 3}, None, {"a": 1, "t": "y", "p": 4}]
    assert batch.value_schemas is not None
    assert batch.value_schemas[3] is SCHEMA


def test_a_null_keeps_its_schema() -> None:
    batch, _ = made(static_field="s", static_value="v").apply_batch(
        SourceBatch("t", [{"a": 1}, None], value_schema=SCHEMA)
    )
    assert batch.values == [{"a": 1, "s": "v"}, None]
    assert batch.value_schemas is not None
    assert batch.value_schemas[0] is not SCHEMA
    assert batch.value_schemas[1] is SCHEMA


def test_two_topics_without_schemas() -> None:
    batch, _ = made(topic_field="t").apply_batch(SourceBatch("", [{}, {}], topics=["x", "y"]))
    assert batch.values == [{"t": "x"}, {"t": "y"}]


def test_keys_where_there_are_none() -> None:
    transformation: InsertFieldKey[Any] = InsertFieldKey()
    transformation.configure({"topic.field": "t"})
    batch, _ = transformation.apply_batch(SourceBatch("x", [1, 2]))
    assert [(record.key, record.key_schema) for record in batch] == [(None, None)] * 2


def test_an_offset_is_for_sinks() -> None:
    transformation = made(offset_field="o")
    record = SinkRecord("t", 0, 5, {})
    assert transformation.apply(record).value == {"o": 5}
    with pytest.raises(DataError, match="Only SinkRecord supported") as caught:
        transformation.apply_batch(SourceBatch("t", [{}]))
    assert caught.value.code == "BRN-2177"


def test_a_struct_is_no_map() -> None:
    with pytest.raises(DataError, match=r"found: org.apache.kafka.connect.data.Struct"):
        made(topic_field="t").apply(SourceRecord("x", Struct(SCHEMA, {"a": 1})))
    assert made(topic_field="t").apply(SourceRecord("x", Struct(SCHEMA, {"a": 1}), value_schema=SCHEMA)).value == {
        "a": 1,
        "t": "x",
    }


def test_a_required_field_does_not_become_null() -> None:
    schema = Schema.struct(a=Schema.INT8.replace(default=3))
    record = SourceRecord("x", {}, value_schema=schema)
    assert made(topic_field="t").apply(record).value == {"a": 3, "t": "x"}
    with pytest.raises(DataError, match='null used for required field: "a", schema type: INT8'):
        made(topic_field="t", replace_null_with_default="false").apply(record)
