"""What a transform remembers of columns must not change what becomes of the next one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._schema.exact import BigInt, Float32, Int8, Int32, Int64, Struct
from barnabas.errors import DataError
from barnabas.record import Headers, SinkBatch, SinkRecord, SourceBatch
from barnabas.schema import Schema
from barnabas.transforms.names import TRANSFORMS
from vectors.run_transforms import load

JAVA = "org.apache.kafka.connect.transforms."
NUMBERS = (0, 1, -1, 127, 128, 2**31, -(2**63), 0.0, -0.0, 1.5, 1e300, float("nan"), True, False)
VALUES = (*NUMBERS, None, 2**70, "", "1", "x", [], {}, {"b": 1}, Int8(1), Int32(1), Int64(1), Float32(1.5), BigInt(1))
OF_CLASSES = {kind: [value for value in VALUES if type(value) is kind] for kind in (int, float, bool, str)}
COLUMN = st.sampled_from([int, float, bool, str]).flatmap(
    lambda kind: st.lists(st.sampled_from(OF_CLASSES[kind]), min_size=1, max_size=12)
) | st.lists(st.sampled_from(VALUES), min_size=1, max_size=6)
ROW = st.dictionaries(st.sampled_from(("a", "b", "n")), st.sampled_from(VALUES), max_size=3)
ODD = st.sampled_from((None, "text", 1, [], Struct(Schema.struct(a=Schema.INT64), {"a": 1})))
ROWS = st.lists(ROW, min_size=1, max_size=6) | st.lists(ROW | ODD, min_size=1, max_size=4)
OF_ROWS: dict[str, list[dict[str, str]]] = {
    "Cast$Value": [{"spec": "a:int32,b:float32"}, {"spec": "a:string,n:int8"}],
    "ExtractField$Value": [{"field": "a"}, {"field": "a.b", "field.syntax.version": "V2"}],
    "Flatten$Value": [{"delimiter": "."}],
    "HoistField$Value": [{"field": "it's"}],
    "MaskField$Value": [{"fields": "a,b"}, {"fields": "a", "replacement": "7"}],
    "ReplaceField$Value": [
        {"exclude": "a"},
        {"renames": "a:n"},
        {"exclude": "n", "renames": "a:n"},
        {"exclude": "a,b", "renames": "a:x,n:y"},
        {"include": "a,n", "renames": "a:x"},
    ],
    "TimestampConverter$Value": [{"field": "a", "target.type": "Timestamp"}],
    "ValueToKey": [{"fields": "a,b"}],
}


def made(name: str, config: dict[str, str]) -> Any:
    transformation = load(TRANSFORMS[JAVA + name])()
    transformation.configure(config)
    return transformation


def exactly(value: Any) -> Any:
    """Equal for values of the same class only, in order for neither fields nor NaN."""
    if isinstance(value, dict):
        return type(value), {key: exactly(member) for key, member in value.items()}
    return type(value), repr(value)


def outcome(call: Any) -> Any:
    try:
        return call()
    except DataError as error:
        return type(error), error.message


def agree(name: str, config: dict[str, str], columns: list[list[Any]]) -> None:
    together = made(name, config)
    for column in columns:
        before = exactly(dict(enumerate(column)))
        batch = SourceBatch("t", column)
        singles = [outcome(lambda record=record: made(name, config).apply(record)) for record in batch]
        failed = [single for single in singles if isinstance(single, tuple)]
        got = outcome(lambda batch=batch: together.apply_batch(batch)[0])
        if failed:
            assert got in failed
        else:
            want = [(exactly(single.key), exactly(single.value)) for single in singles]
            assert [(exactly(record.key), exactly(record.value)) for record in got] == want
        assert exactly(dict(enumerate(column))) == before


@given(st.lists(COLUMN, min_size=1, max_size=4), st.sampled_from(("int8", "int16", "int32", "float32", "string")))
@settings(max_examples=200, deadline=None)
def test_numbers_that_come_again_are_cast_alike(columns: list[list[Any]], target: str) -> None:
    agree("Cast$Value", {"spec": target}, columns)


@given(
    st.sampled_from(sorted(OF_ROWS)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(OF_ROWS[name]))),
    st.lists(ROWS, min_size=1, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_rows_of_other_shapes_are_changed_alike(transform: tuple[str, dict[str, str]], columns: list[Any]) -> None:
    agree(*transform, columns)


@given(st.lists(st.tuples(st.integers(-(2**45), 2**45), st.integers(1, 200_000)), min_size=1, max_size=5))
@settings(deadline=None)
def test_moments_of_columns_far_from_each_other(columns: list[tuple[int, int]]) -> None:
    agree(
        "TimestampConverter$Value",
        {"target.type": "Timestamp"},
        [[start + nth * step for nth in range(9)] for start, step in columns],
    )


def test_a_column_of_new_numbers_again_and_again() -> None:
    agree("Cast$Value", {"spec": "int32"}, [[*range(at * 40, at * 40 + 40)] for at in range(120)])


def test_a_null_on_the_way_to_a_nested_field() -> None:
    inner = Schema.struct(x=Schema.INT64)
    schema = Schema.struct(a=inner)
    transformation = made("ExtractField$Value", {"field": "a.x", "field.syntax.version": "V2"})
    batch, _ = transformation.apply_batch(SourceBatch("t", [None, {"a": {"x": 1}}, {"a": None}], value_schema=schema))
    assert batch.values == [None, 1, None]


def test_headers_of_columns() -> None:
    given_headers = [None, Headers(), Headers().add("a", 1), Headers().add("b", 2), Headers().add("a", 1).add("b", 2)]
    for found in (given_headers, given_headers[:3], given_headers[1:2] + given_headers[3:4]):
        records = [SinkRecord("t", 0, at, {"f": at}, headers=headers) for at, headers in enumerate(found)]
        before = [headers and list(headers) for headers in found]
        for name, config in (
            ("DropHeaders", {"headers": "a"}),
            ("InsertHeader", {"header": "a", "value.literal": "1"}),
            ("HeaderFrom$Value", {"fields": "f", "headers": "a", "operation": "copy"}),
        ):
            transformation = made(name, config)
            want = [transformation.apply(record).headers or None for record in records]
            batch, _ = transformation.apply_batch(SinkBatch.of(records))
            assert [headers or None for headers in batch.headers or [None] * len(records)] == want
            assert all(headers is None or type(headers) is Headers for headers in batch.headers or ())
        assert [headers and list(headers) for headers in found] == before
