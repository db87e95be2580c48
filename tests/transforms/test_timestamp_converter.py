"""``TimestampConverter``: recordings of the JVM, both forms of a record, strict mode."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._schema.exact import BigInt, Instant, Int32, Int64
from barnabas.config import key_info
from barnabas.errors import BarnabasError, ConfigError, ConnectError, DataError
from barnabas.record import SourceBatch, SourceRecord
from barnabas.schema import Date, Schema, Time, Timestamp, Type
from barnabas.transforms.timestamp_converter import TimestampConverterKey, TimestampConverterValue
from vectors import runner

CASES = [case for case in runner.load("transforms.jsonl") if "TimestampConverter$" in str(case.get("class"))]
FORMAT = "yyyy-MM-dd HH:mm:ss.SSS"
NEW_YEAR = datetime(2025, 1, 1, 0, 0, 0, 123_000, UTC)
MS = 1_735_689_600_123


def converter(target, kind=TimestampConverterValue, **more):
    made = kind()
    made.configure({"target.type": target, "format": FORMAT, **more})
    return made


def one(target, value, schema=None, **more):
    return converter(target, **more).apply(SourceRecord("t", value, value_schema=schema)).value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_as_recorded(case):
    assert runner.passes(case), runner.answer(case)


@pytest.mark.parametrize("kind", [TimestampConverterKey, TimestampConverterValue])
def test_settings_are_those_of_the_jvm(kind):
    plugins = json.loads((Path(runner.__file__).parent / "plugins.json").read_text())["configs"]
    listing = plugins["org.apache.kafka.connect.transforms.TimestampConverter$Key"]["body"]
    ours = [key_info(key) for key in kind().config().keys.values()]
    assert [{**info, "documentation": ""} for info in ours] == listing


SOURCES = {
    "string": (Schema.OPTIONAL_STRING, st.datetimes().map(str) | st.text("0123456789-:. ", max_size=24)),
    "unix": (Schema.OPTIONAL_INT64, st.integers(-(2**63), 2**63 - 1)),
    "Date": (Date.OPTIONAL_SCHEMA, st.dates()),
    "Time": (Time.OPTIONAL_SCHEMA, st.times().map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))),
    "Timestamp": (Timestamp.OPTIONAL_SCHEMA, st.datetimes(timezones=st.just(UTC)) | st.builds(Instant, st.integers(0))),
}


def outcome(call):
    try:
        return repr(call())
    except BarnabasError as error:
        return type(error), error.message


@st.composite
def columns(draw):
    schema, values = SOURCES[draw(st.sampled_from([*SOURCES]))]
    return schema, draw(st.lists(st.none() | values if draw(st.booleans()) else values, min_size=1, max_size=4))


@given(
    columns(),
    st.sampled_from([*SOURCES]),
    st.sampled_from(["seconds", "milliseconds", "microseconds", "nanoseconds"]),
    st.booleans(),
)
def test_all_forms_of_a_record_agree(column, target, precision, strict):
    schema, values = column
    settings = {"unix.precision": precision, "strict": str(strict).lower()}
    whole, field = converter(target, **settings), converter(target, field="a", **settings)
    rows = [{"a": value} for value in values]
    struct = Schema.struct(a=schema)
    singles = outcome(lambda: [whole.apply(SourceRecord("t", value, value_schema=schema)).value for value in values])
    for made, batch in (
        (whole, SourceBatch("t", values, value_schema=schema)),
        (whole, SourceBatch("t", values)),
        (field, SourceBatch("t", rows, value_schema=struct)),
        (field, SourceBatch("t", rows)),
    ):
        results = made.apply_batch
        fields = made is field
        assert outcome(lambda: [v["a"] if fields else v for v in results(batch)[0].values]) == singles  # noqa: B023 - used at once


@pytest.mark.parametrize(
    ("target", "made"),
    [
        ("string", "2025-01-01 00:00:00.123"),
        ("unix", MS),
        ("Date", date(2025, 1, 1)),
        ("Time", time(0, 0, 0, 123_000)),
        ("Timestamp", NEW_YEAR),
    ],
)
def test_what_comes_out(target, made):
    for value in (NEW_YEAR, NEW_YEAR.astimezone(timezone(timedelta(hours=5))), Instant(MS), MS, Int64(MS)):
        result = one(target, value)
        assert result == made
        assert type(result) is type(made)
    assert one(target, "2025-01-01 00:00:00.123") == made


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 150_000), min_size=4, max_size=30))
def test_many_numbers_of_a_few_minutes(start, steps):
    numbers = [start + step for step in steps]
    batch, _ = converter("Timestamp").apply_batch(SourceBatch("t", numbers))
    assert batch.values == [one("Timestamp", number) for number in numbers]


def test_out_of_range():
    far = 1 << 60
    assert one("Timestamp", far) == Instant(far)
    assert one("Date", far) == Instant(far // 86_400_000 * 86_400_000)
    assert isinstance(one("Time", far), time)
    assert one("Timestamp", far, **{"unix.precision": "seconds"}) == Instant((1 << 63) - 1)


@pytest.mark.parametrize("value", [Int32(5), 1.5, True, BigInt(1), 1 << 63, b"x", [1], {"a": 1}])
def test_no_timestamps(value):
    with pytest.raises(DataError, match="TimestampConverter does not support class "):
        one("unix", value)


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (Schema.STRING, 5, "Expected string timestamp to be a String, but found class java.lang.Long"),
        (Schema.INT64, "x", "Expected Unix timestamp to be a Long, but found class java.lang.String"),
        (Timestamp.SCHEMA, 5, "Expected Timestamp to be a java.util.Date, but found class java.lang.Long"),
    ],
)
def test_values_of_another_type_than_their_schema(schema, value, text):
    with pytest.raises(DataError) as caught:
        one("unix", value, schema)
    assert caught.value.message == text


def test_a_datetime_without_a_zone_is_refused():
    with pytest.raises(DataError, match="has no time zone"):
        one("unix", datetime(2025, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_texts_need_a_format():
    with pytest.raises(DataError, match="format is not set"):
        one("unix", "2025", format="")


@pytest.mark.parametrize("pattern", ["yyyy-MM-ddTHH", "'open", "XXXX", "bogus"])
def test_bad_patterns_are_refused_at_once(pattern):
    with pytest.raises(ConfigError) as caught:
        converter("string", format=pattern)
    assert caught.value.key == "format"
    assert caught.value.remedy


def test_a_field_that_is_no_timestamp():
    schema = Schema.struct(a=Schema.OPTIONAL_BOOLEAN).as_optional()
    made = converter("unix", field="a")
    assert made.apply(SourceRecord("t", None, value_schema=schema)).value is None
    for row in ({"a": True}, {}):
        with pytest.raises(ConnectError, match=r"Schema Schema.BOOLEAN. does not correspond"):
            made.apply(SourceRecord("t", row, value_schema=schema))
        with pytest.raises(ConnectError, match=r"Schema Schema.BOOLEAN. does not correspond"):
            made.apply_batch(SourceBatch("t", [row], value_schema=schema))


def test_a_null_where_there_are_no_fields():
    with pytest.raises(DataError, match="Cannot list fields on non-struct type"):
        one("unix", None, Schema.OPTIONAL_INT64, field="a")


def test_defaults_and_required_fields():
    at = Schema(Type.INT64, name=Timestamp.NAME, version=1, default=NEW_YEAR)
    schema = Schema.struct(ts=at, b=Schema(Type.STRING, default="d")).replace(default={"ts": NEW_YEAR, "b": "x"})
    filled = converter("unix", field="ts").apply(SourceRecord("t", {}, value_schema=schema))
    assert filled.value == {"ts": MS, "b": "d"}
    assert filled.value_schema.default == {"ts": MS, "b": "x"}
    kept = converter("unix", field="ts", **{"replace.null.with.default": "false"})
    with pytest.raises(DataError, match='null used for required field: "ts", schema type: INT64'):
        kept.apply(SourceRecord("t", {"b": "x"}, value_schema=schema))


@pytest.mark.parametrize("text", ["2025-02-30 00:00:00.000", "2025-01-01 00:00:00.000 junk", "2025-01-01 25:61:00.000"])
def test_strict(text):
    assert one("unix", text) is not None
    for value, schema in ((text, None), (text, Schema.STRING)):
        with pytest.raises(DataError, match="Could not parse timestamp"):
            one("unix", value, schema, strict="true")
