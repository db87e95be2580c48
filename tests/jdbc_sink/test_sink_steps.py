"""Steps leave tables as record by record would: shown on tables in memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import DataError, SinkBatch, SinkRecord
from barnabas.connectors.jdbc.sink_config import SINK
from barnabas.connectors.jdbc.sink_settings import SinkSettings
from barnabas.connectors.jdbc.sink_steps import Step, Steps
from barnabas.schema import Schema

KEY = Schema.struct("Key", id=Schema.INT64)
NARROW = Schema.struct("Narrow", a=Schema.OPTIONAL_INT64)
WIDE = Schema.struct("Wide", a=Schema.OPTIONAL_INT64, b=Schema.OPTIONAL_STRING)

Rows = dict[int, dict[str, Any]]


def settings(**props: str) -> SinkSettings:
    config = SINK.definition.parse({"connection.url": "jdbc:postgresql://h/d", **props})
    return SINK.settings(config)


def record(
    at: int, key: int, value: dict[str, Any] | None, schema: Schema | None = NARROW, topic: str = "t"
) -> SinkRecord:
    return SinkRecord(
        topic, 0, at, value, key={"id": key}, key_schema=KEY, value_schema=schema if value is not None else None
    )


def apply(tables: dict[str, Rows], step: Step) -> None:
    rows = tables.setdefault(step.table, {})
    names = [*step.keys, *step.fields]
    for row in zip(*step.columns, strict=True):
        found = dict(zip(names, row, strict=True))
        key = found["id"]
        if step.kind == "delete":
            rows.pop(key, None)
        elif step.kind == "update" and key in rows:
            rows[key] |= found
        elif step.kind == "upsert":
            rows[key] = rows.get(key, {}) | found
        elif step.kind == "insert":
            assert key not in rows
            rows[key] = found


changes = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.one_of(
            st.none(),
            st.integers().map(lambda a: (NARROW, {"a": a})),
            st.tuples(st.integers(), st.text(max_size=2)).map(lambda ab: (WIDE, {"a": ab[0], "b": ab[1]})),
        ),
        st.sampled_from(["t", "u"]),
    ),
    max_size=30,
)


@given(changes, st.sampled_from(["upsert", "update"]), st.integers(1, 7))
def test_batches_leave_what_single_records_leave(changes: Any, mode: str, size: int) -> None:
    steps = Steps(settings(**{"insert.mode": mode, "pk.mode": "record_key", "delete.enabled": "true"}))
    records = [
        record(at, key, None if change is None else change[1], None if change is None else change[0], topic)
        for at, (key, change, topic) in enumerate(changes)
    ]
    start = {"t": {k: {"id": k} for k in range(3)}, "u": {}} if mode == "update" else {}
    together: dict[str, Rows] = {table: {k: dict(v) for k, v in rows.items()} for table, rows in start.items()}
    single: dict[str, Rows] = {table: {k: dict(v) for k, v in rows.items()} for table, rows in start.items()}
    for begin in range(0, len(records), size):
        for step in steps.of([SinkBatch.of(records[begin : begin + size])]):
            apply(together, step)
    for one in records:
        for step in steps.of([SinkBatch.of([one])]):
            apply(single, step)
    assert {table: rows for table, rows in together.items() if rows} == {t: r for t, r in single.items() if r}


def test_one_statement_each_for_upserts_and_deletes_however_they_alternate() -> None:
    steps = Steps(settings(**{"insert.mode": "upsert", "pk.mode": "record_key", "delete.enabled": "true"}))
    batch = SinkBatch.of([record(at, at % 40, {"a": at} if at % 3 else None) for at in range(300)])
    assert [step.kind for step in steps.of([batch])] == ["delete", "upsert"]
    assert sum(len(step.columns[0]) for step in steps.of([batch])) == 40


def test_inserts_and_deletes_keep_their_order() -> None:
    steps = Steps(settings(**{"pk.mode": "record_key", "delete.enabled": "true"}))
    batch = SinkBatch.of([record(0, 1, {"a": 1}), record(1, 1, None), record(2, 1, {"a": 2})])
    assert [step.kind for step in steps.of([batch])] == ["insert", "delete", "insert"]


@pytest.mark.parametrize(
    ("props", "found", "code"),
    [
        ({}, SinkRecord("t", 0, 0, {"a": 1}), "BRN-6180"),
        ({}, SinkRecord("t", 0, 0, [1], value_schema=Schema.array(Schema.INT64)), "BRN-6180"),
        ({}, record(0, 1, None), "BRN-6184"),
        ({"pk.mode": "record_key"}, SinkRecord("t", 0, 0, {"a": 1}, value_schema=NARROW), "BRN-6181"),
        (
            {"pk.mode": "record_key"},
            SinkRecord("t", 0, 0, {"a": 1}, key=1, key_schema=Schema.INT64, value_schema=NARROW),
            "BRN-6182",
        ),
        ({"pk.mode": "record_key", "pk.fields": "nr"}, record(0, 1, {"a": 1}), "BRN-6183"),
        ({"pk.mode": "record_value", "pk.fields": "nr"}, record(0, 1, {"a": 1}), "BRN-6183"),
        ({"fields.whitelist": "x"}, record(0, 1, {"a": 1}), "BRN-6186"),
        ({"table.name.format": "${where.what}"}, record(0, 1, {"a": 1}), "BRN-6185"),
    ],
)
def test_records_that_do_not_fit_the_settings(props: dict[str, str], found: SinkRecord, code: str) -> None:
    with pytest.raises(DataError) as caught:
        Steps(settings(**props)).of([SinkBatch.of([found])])
    assert caught.value.code == code
    assert caught.value.remedy


def test_kafka_coordinates_as_the_key() -> None:
    steps = Steps(settings(**{"pk.mode": "kafka"}))
    (step,) = steps.of([SinkBatch.of([record(7, 1, {"a": 1}), record(8, 1, {"a": 2})])])
    assert [*step.keys] == ["__connect_topic", "__connect_partition", "__connect_offset"]
    assert [[*column] for column in step.columns] == [["t", "t"], [0, 0], [7, 8], [1, 2]]


def test_keys_out_of_the_value_and_fields_left_out() -> None:
    steps = Steps(settings(**{"pk.mode": "record_value", "pk.fields": "b", "fields.whitelist": "b"}))
    (step,) = steps.of([SinkBatch.of([record(0, 1, {"a": 1, "b": "x"}, WIDE)])])
    assert ([*step.keys], [*step.fields]) == (["b"], [])
    assert [[*column] for column in step.columns] == [["x"]]


@pytest.mark.parametrize(
    ("props", "topic", "table"),
    [
        ({}, "orders", "orders"),
        ({"table.name.format": "shop.${topic}_v1"}, "orders", "shop.orders_v1"),
        ({"table.name.normalize": "true"}, "a.b-c", "a_b_c"),
        ({"topics.to.tables.mapping": "orders:o,x:y", "table.name.format": "z"}, "orders", "o"),
        ({"table.name.format": "t_${kind}"}, "orders", "t_7"),
    ],
)
def test_names_of_tables(props: dict[str, str], topic: str, table: str) -> None:
    schema = Schema.struct(None, kind=Schema.INT32)
    one = SinkRecord(topic, 0, 0, {"kind": 7}, value_schema=schema)
    assert [step.table for step in Steps(settings(**props)).of([SinkBatch.of([one])])] == [table]


def test_defaults_stand_in_for_null_where_wanted() -> None:
    schema = Schema.struct(None, a=Schema(Schema.INT64.type, optional=True, default=5))
    batch = SinkBatch.of([SinkRecord("t", 0, 0, {"a": None}, value_schema=schema)])
    assert [*Steps(settings()).of([batch])[0].columns[0]] == [5]
    kept = Steps(settings(**{"replace.null.with.default": "false"}))
    assert [*kept.of([batch])[0].columns[0]] == [None]


def test_columns_are_inferred_where_that_is_allowed() -> None:
    steps = Steps(
        settings(**{"infer.columns": "true", "insert.mode": "upsert", "pk.mode": "record_key", "pk.fields": "k"})
    )
    values = [{"i": 1, "f": 1, "s": "x", "n": None}, {"i": 2**70, "f": 1.5, "s": [1], "b": True}]
    batch = SinkBatch.of([SinkRecord("t", 0, at, value, key=f"k{at}") for at, value in enumerate(values)])
    (step,) = steps.of([batch])
    kinds = {name: schema.name or schema.type.name for name, schema in {**step.keys, **step.fields}.items()}
    assert kinds == {
        "k": "STRING",
        "i": "org.apache.kafka.connect.data.Decimal",
        "f": "FLOAT64",
        "s": "barnabas.Any",
        "b": "BOOLEAN",
    }
    with pytest.raises(DataError, match="no map"):
        steps.of([SinkBatch.of([SinkRecord("t", 0, 0, [1], key="k")])])
