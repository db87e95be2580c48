"""``Cast``: recordings of the JVM, both forms of a record, strict mode."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._schema.exact import BigInt, Float32, Instant, Int8, Int16, Int32, Struct
from barnabas._schema.java import to_float32
from barnabas.errors import BarnabasError, ConfigError, DataError
from barnabas.record import SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type
from barnabas.transforms.cast import CastKey, CastValue
from vectors import runner

CASES = [
    case
    for name in ("transforms.jsonl", "timezone.jsonl")
    for case in runner.load(name)
    if "Cast$" in str(case.get("class"))
]
TARGETS = ["int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"]


def cast(spec, kind=CastValue, **more):
    made = kind()
    made.configure({"spec": spec, **more})
    return made


def one(spec, value, schema=None, **more):
    return cast(spec, **more).apply(SourceRecord("t", value, value_schema=schema))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_as_recorded(case):
    assert runner.passes(case), runner.answer(case)


def test_settings_are_those_of_the_jvm():
    keys = CastValue.CONFIG.keys
    assert [*keys] == ["spec", "replace.null.with.default"]
    assert (keys["spec"].type.value, keys["spec"].required, keys["spec"].importance.value) == ("LIST", True, "HIGH")
    second = keys["replace.null.with.default"]
    assert (second.type.value, second.default, second.importance.value) == ("BOOLEAN", True, "MEDIUM")


@pytest.mark.parametrize("spec", ["a:int32:x", ":", "::", "a:int8,:", " ", "a", "a:struct", "A:int32,b:Int64x"])
def test_bad_specs(spec):
    with pytest.raises(ConfigError) as caught:
        cast(spec)
    assert caught.value.remedy


PLAIN = {
    Type.INT8: st.integers(-128, 127),
    Type.INT16: st.integers(-(2**15), 2**15 - 1),
    Type.INT32: st.integers(-(2**31), 2**31 - 1),
    Type.INT64: st.integers(-(2**63), 2**63 - 1),
    Type.FLOAT32: st.floats(width=32),
    Type.FLOAT64: st.floats(),
    Type.BOOLEAN: st.booleans(),
    Type.STRING: st.one_of(st.text("0123456789+-.eE_ ", max_size=6), st.integers().map(str), st.floats().map(str)),
    Type.BYTES: st.binary(max_size=3),
}
EXACT = {Type.INT8: Int8, Type.INT16: Int16, Type.INT32: Int32, Type.FLOAT32: Float32}


def outcome(call):
    try:
        return call()
    except BarnabasError as error:
        return type(error), error.message


def same(left, right):
    return repr(left) == repr(right)


@st.composite
def columns(draw):
    kind = draw(st.sampled_from([*PLAIN]))
    values = st.none() | PLAIN[kind] if draw(st.booleans()) else PLAIN[kind]
    return kind, draw(st.lists(values, min_size=1, max_size=4))


@given(columns(), st.sampled_from(TARGETS), st.booleans())
def test_columns_and_single_records_agree(column, target, strict):
    kind, values = column
    schema = Schema.struct(a=Schema(kind, optional=True))
    made = cast(f"a:{target}", strict=str(strict).lower())
    rows = [{"a": value} for value in values]
    batch = SourceBatch("t", rows, value_schema=schema)
    singles = outcome(lambda: [made.apply(record).value for record in batch])
    assert same(outcome(lambda: made.apply_batch(batch)[0].values), singles)
    assert rows == [{"a": value} for value in values] or any(value != value for value in values)  # noqa: PLR0124 - NaN


@given(columns(), st.sampled_from(TARGETS))
def test_with_and_without_a_schema(column, target):
    kind, values = column
    made = cast(f"a:{target}")
    exact = EXACT.get(kind, lambda value: value)
    plain = [{"a": None if value is None else exact(value)} for value in values]
    rows = [{"a": value} for value in values]
    schema = Schema.struct(a=Schema(kind, optional=True))
    without = outcome(lambda: made.apply_batch(SourceBatch("t", plain))[0].values)
    with_one = outcome(lambda: made.apply_batch(SourceBatch("t", rows, value_schema=schema))[0].values)
    if isinstance(with_one, tuple):
        assert without == with_one
        return
    for left, right in zip(without, with_one, strict=True):
        result = left["a"]
        wanted = EXACT.get(Type(target))
        if result is not None and wanted is not None:
            assert type(result) is wanted
            result = (float if target == "float32" else int)(result)
        assert same(result, right["a"])


@given(columns(), st.sampled_from(TARGETS))
def test_the_whole_value(column, target):
    kind, values = column
    made = cast(target)
    batch = SourceBatch("t", values, value_schema=Schema(kind, optional=True))
    singles = outcome(lambda: [made.apply(record).value for record in batch])
    assert same(outcome(lambda: made.apply_batch(batch)[0].values), singles)


def test_nulls_of_a_batch_keep_their_schema():
    batch, _ = cast("string").apply_batch(SourceBatch("t", [1, None], value_schema=Schema.OPTIONAL_INT32))
    assert batch.values == ["1", None]
    assert batch.value_schemas == [Schema.OPTIONAL_STRING, Schema.OPTIONAL_INT32]


def test_keys_and_sink_records():
    record = SinkRecord("t", 0, 5, key=300, key_schema=Schema.INT32)
    assert cast("int8", CastKey).apply(record).key == 44
    batch, _ = cast("int8", CastKey).apply_batch(SinkBatch.of([record]))
    assert (batch.keys, batch.key_schema) == ([44], Schema.INT8)


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (Date.SCHEMA, date(2025, 1, 1), "2025-01-01"),
        (Time.SCHEMA, time(1, 2, 3, 4000), "01:02:03.004Z"),
        (Timestamp.SCHEMA, datetime(2025, 1, 1, 12, tzinfo=UTC), "2025-01-01T12:00:00.000Z"),
        (Timestamp.SCHEMA, datetime(1969, 12, 31, 23, tzinfo=UTC), "23:00:00.000Z"),
        (Timestamp.SCHEMA, Instant(317_305_209_600_000), "12025-01-01"),
        (LogicalDecimal.schema(2), Decimal("1.50"), "1.50"),
        (Schema.FLOAT32, 0.1, "0.1"),
        (Schema.BYTES, b"abc", "YWJj"),
    ],
)
def test_to_string(schema, value, text):
    assert one("string", value, schema).value == text
    row = one("a:string", {"a": value}, Schema.struct(a=schema))
    assert (row.value, row.value_schema) == ({"a": text}, Schema.struct(a=Schema.STRING))


def test_a_schema_without_fields():
    with pytest.raises(DataError, match="Cannot list fields on non-struct type"):
        one("a:int8", 5, Schema.INT32)
    assert one("a:int8", None, Schema.OPTIONAL_INT32).value_schema is Schema.OPTIONAL_INT32


@pytest.mark.parametrize("value", [5, "x", Struct(Schema.struct(a=Schema.INT8), {"a": 1})])
def test_fields_of_something_else(value):
    with pytest.raises(DataError, match=r"Only Map objects supported in absence of schema for .cast types., found: "):
        one("a:int8", value)


@pytest.mark.parametrize("value", [BigInt(1), 1 << 63, Decimal(1), date(2025, 1, 1), Instant(5)])
def test_schemaless_values_without_a_type(value):
    with pytest.raises(DataError, match="which is not supported by Connect's data API"):
        one("string", value)


def test_a_null_in_a_required_field():
    schema = Schema.struct(a=Schema.INT32, b=Schema.STRING)
    for row in ({"b": "x"}, {"a": 1}):
        with pytest.raises(DataError, match="Invalid value: null used for required field"):
            one("a:string", row, schema)
        with pytest.raises(DataError, match="Invalid value: null used for required field"):
            cast("a:string").apply_batch(SourceBatch("t", [{"a": 1, "b": "x"}, row], value_schema=schema))


def test_defaults_fill_other_fields_too():
    schema = Schema.struct(a=Schema.INT32, b=Schema(Type.STRING, optional=True, default="d"))
    batch = SourceBatch("t", [{"a": 1}, {"a": 2, "b": "x"}], value_schema=schema)
    assert cast("a:string").apply_batch(batch)[0].values == [{"a": "1", "b": "d"}, {"a": "2", "b": "x"}]
    kept = cast("a:string", **{"replace.null.with.default": "false"})
    assert kept.apply_batch(batch)[0].values[0].get("b") is None


def test_of_several_bad_fields_java_names_the_first_in_its_map():
    with pytest.raises(DataError, match=r"java\.util\.Date"):
        one("d:int8,dt:int8", {"d": Decimal(1), "dt": date(2025, 1, 1)})


def test_a_struct_with_a_default_cannot_be_cast():
    schema = Schema.struct(a=Schema.INT32).replace(default={"a": 1})
    with pytest.raises(DataError, match="does not support casting from STRUCT"):
        one("a:string", {"a": 1}, schema)


@pytest.mark.parametrize(
    ("spec", "value"),
    [("int8", 300), ("boolean", "yes"), ("int32", 1.5), ("float32", 1e39), ("int64", "1.0"), ("boolean", 2)],
)
def test_strict(spec, value):
    with pytest.raises(DataError) as caught:
        one(spec, value, strict="true")
    assert caught.value.remedy
    with pytest.raises(DataError):
        cast(f"a:{spec}", strict="true").apply_batch(SourceBatch("t", [{"a": value}] * 2))


def test_strict_lets_pass_what_stays():
    assert one("a:float32,b:int8,c:boolean", {"a": 0.1, "b": 5, "c": "True"}, strict="true").value == {
        "a": Float32(to_float32(0.1)),
        "b": 5,
        "c": True,
    }
