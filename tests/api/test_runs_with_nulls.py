from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barnabas import Schema, SourceBatch

ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, Schema.INT64, Schema.STRING]), st.booleans()))


@given(ROWS)
def test_runs_with_nulls_hold_every_record_once_and_mix_only_nulls(rows: list[tuple[str, Schema | None, bool]]) -> None:
    values = [None if schema is None and null else at for at, (_, schema, null) in enumerate(rows)]
    batch = SourceBatch(
        values=values, topics=[row[0] for row in rows], value_schemas=[row[1] for row in rows], keys=[*range(len(rows))]
    )
    records = [record for run in batch.runs(with_nulls=True) for record in run]
    assert [(r.topic, r.value, r.value_schema, r.key) for r in records] == [
        (r.topic, r.value, r.value_schema, r.key) for r in batch
    ]
    for run in batch.runs(with_nulls=True):
        assert run.topics is None or not rows
        if run.value_schemas is not None:
            for value, schema in zip(run.values, run.value_schemas, strict=True):
                assert schema is run.value_schema or (schema is None and value is None)


def test_tombstones_do_not_cut_a_run() -> None:
    schemas = [Schema.INT64, None, Schema.INT64, None]
    batch = SourceBatch("t", [1, None, 2, None], value_schemas=schemas)
    assert len([*batch.runs(with_nulls=True)]) == 1
    assert len([*batch.runs()]) == 4
