"""Values: no text is too hostile, and what is written can be read back as far as Java's rules allow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas import values
from barnabas._schema.java import to_float32
from barnabas.errors import BarnabasError, DataError
from barnabas.schema import (
    BigInt,
    Date,
    Float32,
    Instant,
    Int8,
    LogicalDecimal,
    Schema,
    SchemaAndValue,
    Struct,
    Time,
    Timestamp,
    Type,
    validate_value,
)

PIECES = ['"', "\\", "[", "]", "{", "}", ",", ":", " ", "\t", "-", ".", "Z", "T", "1", "0", "9", "e", "E", "+", "a"]
PIECES += ["null", "true", "false", "2019-08-23", "14:34:54.346Z", "\u0661", "\U0001d7d9", "\ud800", "1e400", "\n"]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


def refused(call: Callable[..., Any], *arguments: Any, code: str) -> Any:
    """The answer, or ``None`` where it is an error of that code."""
    try:
        return call(*arguments)
    except BarnabasError as error:
        if not error.code.startswith(code):
            raise
        return None


@settings(max_examples=1500)
@given(TEXTS)
def test_every_text_is_some_value(text: str) -> None:
    found = refused(values.parse_string, text, code="BRN-2106")
    if found is None:
        return
    schema, value = found
    assert (schema is None) == (value is None)
    if schema is not None and schema.type is not Type.ARRAY and schema.type is not Type.MAP:
        validate_value(schema, value)
    written = values.convert_to_string(schema, value)
    again = values.parse_string(written)
    if schema is not None and schema.name is None and schema.type is not Type.STRING:
        assert again.schema is not None


@settings(max_examples=500)
@given(TEXTS, st.sampled_from([name for name in values.__all__ if name.startswith("convert") and "dec" not in name]))
def test_every_text_converts_or_is_refused(text: str, name: str) -> None:
    for schema in (None, Schema.STRING):
        refused(getattr(values, name), schema, text, code="BRN-21")


@settings(max_examples=300)
@given(TEXTS, st.integers(-20, 20))
def test_decimals_of_text(text: str, scale: int) -> None:
    found = refused(values.convert_to_decimal, None, text, scale, code="BRN-2104")
    assert found is None or found.is_finite()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "1" + "]" * 100_000,
        "{" * 100_000,
        '{"a":' * 50_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        '"' * 100_000,
        "\\" * 100_001,
        "1" * 300_000,
        "1" * 300_000 + "x",
        "1." + "0" * 300_000,
        "1e-2147483647",
        "1e2147483647",
        "1e99999999999999999999",
        "[1e999999999,1]",
        ":" * 100_000,
        "1:" * 50_000,
        " " * 300_000 + "1",
    ],
    ids=lambda text: f"{text[:8]!r} x {len(text)}",
)
def test_hostile_texts_get_an_answer_soon(text: str) -> None:
    before = time.process_time()
    found = refused(values.parse_string, text, code="BRN-2105")
    if found is not None:
        values.convert_to_string(*found)
    assert time.process_time() - before < 10


def test_depth_has_a_limit_that_says_so() -> None:
    deep = values.parse_string("[" * 200 + "]" * 200)
    assert values.convert_to_string(*deep) == "[" * 200 + "]" * 200
    with pytest.raises(DataError, match="201 deep") as raised:
        values.parse_string("[" * 201 + "]" * 201)
    assert raised.value.code == "BRN-2105"
    assert values.parse_string("[" * 201) == SchemaAndValue(Schema.STRING, "[" * 201)
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(DataError, match="nested too deeply"):
        values.convert_to_string(None, nested)


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(Float32),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\\"'), min_size=1),
)


def parsed_number(value: float) -> Any:
    return values.parse_string(values.convert_to_string(None, value)).value


@given(st.integers(-(2**80), 2**80))
def test_integers_come_back(value: int) -> None:
    schema, found = values.parse_string(values.convert_to_string(None, value))
    assert found == value
    assert (schema.name == LogicalDecimal.NAME) == (not -(2**63) <= value < 2**63)
    validate_value(schema, found)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_come_back(value: float) -> None:
    assert to_float32(float(parsed_number(Float32(value)))) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_come_back_as_near_as_the_smallest_type_is(value: float) -> None:
    found = parsed_number(value)
    assert float(found) in (value, to_float32(value))


@given(st.integers(-(10**30), 10**30), st.integers(-40, 40))
def test_the_nearest_float_is_rounded_once(unscaled: int, scale: int) -> None:
    number = LogicalDecimal.of(unscaled, scale)
    found = values.parse_string(f"[{number},1.5]").value[0]
    if not math.isfinite(found) or isinstance(found, Decimal):
        return
    off = abs(Decimal(float(found)) - number)
    for step in (math.ulp(to_float32(found)), -math.ulp(found)):
        near = to_float32(found + step * 2**29)
        assert off <= abs(Decimal(near) - number)


@given(st.lists(st.one_of(st.lists(SCALARS), SCALARS), max_size=5))
def test_lists_come_back(items: list[Any]) -> None:
    text = values.convert_to_string(None, items)
    found = values.parse_string(text)
    if found.schema is not None and found.schema.type is Type.ARRAY and found.schema.value_schema is not None:
        assert len(found.value) == len(items)
    assert values.convert_to_string(*found).count("[") == text.count("[") or found.schema is Schema.STRING


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.one_of(st.none(), SCALARS, st.binary(), st.decimals(allow_nan=False, allow_infinity=False)),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(SCALARS, inner, max_size=4)),
        max_leaves=10,
    )
)
def test_inferred_schemas_fit(value: Any) -> None:
    schema = refused(values.infer_schema, value, code="BRN-2107")
    if schema is not None and schema.type.is_primitive:
        validate_value(schema, value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (Int8(1), Schema.INT8),
        (1, Schema.INT64),
        (1 << 63, None),
        (BigInt(1), None),
        (1.5, Schema.FLOAT64),
        (Float32(1.5), Schema.FLOAT32),
        (Struct(Schema.struct(a=Schema.INT8), {"a": 1}), Schema.struct(a=Schema.INT8)),
        ([Int8(1), None], Schema.array(Schema.OPTIONAL_INT8)),
        (["a", 1], None),
        ([[1], ["a"]], Schema.array(Schema(Type.ARRAY))),
        ({"a": []}, None),
        (Decimal(1), None),
        (Instant(0), None),
    ],
    ids=str,
)
def test_inferred_schemas(value: object, schema: Schema | None) -> None:
    assert values.infer_schema(value) is schema


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1,a]", SchemaAndValue(Schema.STRING, "[1,a]")),
        ('["a", 1, 2]', SchemaAndValue(Schema.array(None), ["a", 1, 2])),
        ('{"a":1 "b":2}', SchemaAndValue(Schema.map(Schema.STRING, Schema.INT8), {"a": 1, "b": 2})),
        ("[1,]", SchemaAndValue(Schema.array(Schema.INT8), [1])),
        ('["  "]', SchemaAndValue(Schema.array(Schema.STRING), [""])),  # blanks between delimiters are lost
        ("[[300],[1]]", SchemaAndValue(Schema.array(Schema.array(Schema.INT8)), [[300], [1]])),
        ("+.5", SchemaAndValue(Schema.FLOAT32, 0.5)),
        ("9223372036854775808.0", SchemaAndValue(Schema.FLOAT32, 9.223372036854775808e18)),
        ("0e400", SchemaAndValue(Schema.INT8, 0)),
        ("\u0661\u0662", SchemaAndValue(Schema.INT8, 12)),
        ("\U0001d7d9", SchemaAndValue(Schema.STRING, "\U0001d7d9")),
        ("1e0000000000000000000002", SchemaAndValue(Schema.INT8, 100)),
        ("1e12345678901", SchemaAndValue(Schema.STRING, "1e12345678901")),
    ],
)
def test_surprises_of_parsing(text: str, found: SchemaAndValue) -> None:
    assert values.parse_string(text) == found


def test_elements_without_a_common_type_are_exact() -> None:
    found = values.parse_string('{"a":1,"b":[1.5,300],"c":"x"}')
    assert found.schema == Schema.map(Schema.STRING, None)
    assert [type(found.value["a"]), *map(type, found.value["b"])] == [Int8, Float32, Float32]
    assert type(values.convert_to_list(None, "[1]")[0]) is Int8
    assert type(values.convert_to_map(None, "{1:2}")[1]) is Int8


def test_keys_that_python_cannot_tell_apart_are_refused() -> None:
    for text in ("{true:1,1:2}", "{0:1,false:2}", "{[1]:1,[true]:2}"):
        with pytest.raises(DataError, match="cannot be told apart"):
            values.parse_string(text)
    assert values.parse_string('{1:"a",1:"b"}').value == {1: "b"}
    assert values.parse_string('{{"a":1}:2}').value == {**dict.fromkeys(values.parse_string('{{"a":1}:2}').value, 2)}


def test_numbers_among_dates_become_dates() -> None:
    assert str(values.parse_string("[2019-08-23,1]").value[1]) == "1970-01-02"
    assert values.parse_string("[1.5,2019-08-23]").schema is Schema.STRING
    assert values.parse_string("[23:59:59.999Z,99999999]").schema is Schema.STRING
    assert values.parse_string("[2019-08-23T00:00:00.000Z,5]").schema == Schema.array(Timestamp.SCHEMA)
    assert values.parse_string("[2019-08-23,14:34:54.346Z]").schema == Schema.array(Time.SCHEMA)
    assert values.parse_string("[2019-08-23,1e400]").schema == Schema.array(None)
    assert values.parse_string("[2147483648,2019-08-23]").schema is Schema.STRING


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: values.convert_to_int(None, None), None),
        (lambda: values.convert_to_date(None, None), "null value"),
        (lambda: values.convert_to_date(None, "null"), "null value"),
        (lambda: values.convert_to_time(Schema.INT64, 86_400_001), "Time values must"),
        (lambda: values.convert_to_timestamp(Date.SCHEMA, Instant(5)), "should not have any time fields"),
        (lambda: values.convert_to_long(Schema.INT32, Instant(5)), "to Schema{INT32}"),
        (lambda: values.convert_to_map(Schema.struct(), {}), "data.Struct"),
        (lambda: values.convert_to_string(None, [object()]), "Failed to serialize unexpected value type"),
        (lambda: values.convert_to_decimal(None, math.nan, 0), "is no decimal number"),
    ],
)
def test_refusals(call: Any, message: str | None) -> None:
    if message is None:
        assert call() is None
        return
    with pytest.raises(DataError, match=message.replace("{", r"\{")) as raised:
        call()
    assert raised.value.remedy


def test_nulls_of_structs_are_their_defaults_in_text() -> None:
    schema = Schema.struct(a=Schema.INT8.replace(default=7), b=Schema.OPTIONAL_STRING)
    assert values.convert_to_string(schema, {}) == '{"a":7,"b":null}'
    assert values.convert_to_string(None, Struct(schema, {"b": 'x"\\'})) == '{"a":7,"b":"x\\"\\\\"}'
    assert values.convert_to_string(None, BigInt(10**5000)) == "1" + "0" * 5000
    assert values.convert_to_double(None, 10**400) == math.inf
