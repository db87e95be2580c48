"""Values against schemas: validation with a path, logical types, Java's number texts."""

from __future__ import annotations

import copy
import math
import pickle
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._schema.java import decimal_text, double_text, float_text, to_float32
from barnabas.errors import DataError
from barnabas.schema import (
    BigInt,
    Date,
    Float32,
    Float64,
    Instant,
    Int8,
    Int64,
    LogicalDecimal,
    Schema,
    SchemaBuilder,
    Struct,
    Time,
    Timestamp,
    Type,
    from_wire,
    to_wire,
    validate_value,
)


def beyond(milliseconds: int) -> bool:
    return not -62_135_596_800_000 <= milliseconds < 253_402_300_800_000


ORDER = Schema.struct(
    "Order",
    id=Schema.INT64,
    lines=Schema.array(Schema.struct("Line", price=LogicalDecimal.schema(2), note=Schema.OPTIONAL_STRING)),
    tags=Schema.map(Schema.STRING, Schema.INT8),
)
GOOD = {"id": 1, "lines": [{"price": Decimal("1.00"), "note": None}], "tags": {"a": 1}}


def test_good_values() -> None:
    validate_value(ORDER, GOOD)
    validate_value(None, object())
    validate_value(Schema.OPTIONAL_INT8, None)
    validate_value(Schema.FLOAT64, 1)
    validate_value(Schema.BYTES, memoryview(b"x"))
    validate_value(SchemaBuilder.struct().field("a", Schema.INT8.replace(default=3)).build(), {})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": "1"}, "at id"),
        ({"id": True}, "at id"),
        ({"id": 2**63}, "at id"),
        ({"id": None}, "at id"),
        ({"lines": [GOOD["lines"][0], {"price": 1.5}]}, "at lines[1].price"),
        ({"lines": [{"price": Decimal(1), "note": 5}]}, "at lines[0].note"),
        ({"lines": {}}, "at lines"),
        ({"tags": {"a": 300}}, "at tags{'a'}"),
        ({"tags": {1: 1}}, "tags{key 1}"),
        ({"tags": []}, "at tags"),
        ({"typo": 1}, "typo is not a valid field name"),
    ],
)
def test_bad_values_are_named_by_their_path(change: dict[str, object], path: str) -> None:
    with pytest.raises(DataError) as raised:
        validate_value(ORDER, GOOD | change)
    assert path in str(raised.value)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Schema.BOOLEAN, 1),
        (Schema.STRING, b"x"),
        (Schema.BYTES, "x"),
        (Schema.FLOAT32, True),
        (Schema.INT8, 1.0),
        (Date.SCHEMA, 5),
        (Time.SCHEMA, date(2020, 1, 1)),
        (Timestamp.SCHEMA, date(2020, 1, 1)),
        (ORDER, []),
    ],
)
def test_other_types_are_refused(schema: Schema, value: object) -> None:
    with pytest.raises(DataError):
        validate_value(schema, value)


@given(st.dates())
def test_dates_round_trip(day: date) -> None:
    assert from_wire(Date.SCHEMA, to_wire(Date.SCHEMA, day)) == day


@given(st.times())
def test_times_round_trip_in_milliseconds(moment: time) -> None:
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert from_wire(Time.SCHEMA, to_wire(Time.SCHEMA, moment)) == cut


@given(st.datetimes(), st.integers(-14, 14))
def test_timestamps_round_trip_in_milliseconds(moment: datetime, hours: int) -> None:
    aware = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(hours=hours)))
    wire = to_wire(Timestamp.SCHEMA, aware)
    assert from_wire(Timestamp.SCHEMA, wire) == (Instant(wire) if beyond(wire) else aware)


@given(st.integers(-(10**40), 10**40), st.integers(-30, 60))
def test_decimals_round_trip_whatever_the_context(unscaled: int, scale: int) -> None:
    schema = LogicalDecimal.schema(scale)
    with localcontext() as context:
        context.prec = 3
        value = LogicalDecimal.of(unscaled, scale)
        wire = to_wire(schema, value)
        back = from_wire(schema, wire)
    assert LogicalDecimal.parts(back) == (unscaled, scale)
    assert len(wire) == max(1, ((unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8) + 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Timestamp.to_wire(datetime(2020, 1, 1)), "no time zone"),  # noqa: DTZ001 - the point
        (lambda: Date.to_wire(datetime(2020, 1, 1, 5, tzinfo=UTC)), "should not have any time fields"),
        (lambda: Time.to_wire(datetime(2020, 1, 1, tzinfo=UTC)), "should not have any date fields"),
        (lambda: Time.from_wire(-1), "Time values must"),
        (lambda: LogicalDecimal.to_wire(LogicalDecimal.schema(2), Decimal("1.5")), "mismatching scale"),
        (lambda: LogicalDecimal.to_wire(LogicalDecimal.schema(2), Decimal("NaN")), "cannot be a decimal"),
        (lambda: LogicalDecimal.from_wire(LogicalDecimal.schema(2), b""), "Invalid bytes"),
        (lambda: LogicalDecimal.scale(Schema.BYTES), "scale parameter not found"),
        (lambda: LogicalDecimal.scale(Schema.BYTES.replace(parameters={"scale": "x"})), "Invalid scale"),
    ],
)
def test_what_logical_types_refuse(call: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()


def test_other_values_pass_through_the_wire_unchanged() -> None:
    assert to_wire(Schema.STRING, "x") == "x"
    assert from_wire(Schema.STRING.replace(name="io.example.Other"), "x") == "x"
    assert to_wire(Date.OPTIONAL_SCHEMA, None) is None
    assert from_wire(Date.OPTIONAL_SCHEMA, None) is None


@given(st.floats(allow_nan=False))
def test_double_texts_read_back(value: float) -> None:
    text = double_text(value)
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert "." in text or "Infinity" in text


@given(st.floats(width=32, allow_nan=False))
def test_float_texts_read_back_in_32_bits(value: float) -> None:
    assert struct.pack(">f", to_float32(float(float_text(value)))) == struct.pack(">f", value)


@given(st.integers(-(10**30), 10**30), st.integers(-20, 40))
def test_decimal_texts_read_back(unscaled: int, scale: int) -> None:
    value = LogicalDecimal.of(unscaled, scale)
    assert LogicalDecimal.parts(Decimal(decimal_text(value))) == (unscaled, scale)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (1e-3, "0.001"),
        (9e-4, "9.0E-4"),
        (5e-324, "4.9E-324"),
        (-0.0, "-0.0"),
        (1e23, "9.999999999999999E22"),
        (2.0**-44, "5.6843418860808015E-14"),
        (2.0**60 + 2.0**18, "1.15292150460710912E18"),
        (6.02214076e23, "6.02214076E23"),
        (0.1 + 0.2, "0.30000000000000004"),
        (2.2250738585072014e-308, "2.2250738585072014E-308"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
    ],
)
def test_doubles_as_java_prints_them(value: float, text: str) -> None:
    assert double_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.1, "1.1"),
        (3.4028235e38, "3.4028235E38"),
        (1e-45, "1.4E-45"),
        (16777216.0, "1.6777216E7"),
        (2.0**40, "1.09951163E12"),
        (4.438896289026154e25, "4.4388962E25"),
        (8589934592.0, "8.5899346E9"),
        (-0.0, "-0.0"),
    ],
)
def test_floats_as_java_prints_them(value: float, text: str) -> None:
    assert float_text(to_float32(value)) == text


def test_floats_beyond_32_bits_are_infinite() -> None:
    assert to_float32(1e300) == math.inf
    assert to_float32(-1e300) == -math.inf


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (Schema.INT32, Int64(1), "Invalid Java object for schema with type INT32: class java.lang.Long for value"),
        (Schema.INT64, Int8(1), "Invalid Java object for schema with type INT64: class java.lang.Byte for value"),
        (Schema.INT64, BigInt(1), "class java.math.BigInteger for value"),
        (
            Schema.FLOAT64,
            Float32(1),
            "schema with type FLOAT64: class java.lang.Float for value",
        ),
        (Schema.FLOAT32, Float64(1), "class java.lang.Double for value"),
        (Schema.INT8, 300, "Invalid Java object for schema with type INT8: class java.lang.Long for value"),
        (ORDER, Struct(Schema.struct(a=Schema.INT8), {"a": 1}), "Struct schemas do not match."),
        (
            Schema.map(Schema.STRING, Schema.INT8),
            Struct(Schema.struct(a=Schema.INT8), {"a": 1}),
            "data.Struct for value",
        ),
        (Schema.STRING, Instant(0), "class java.util.Date for value"),
        (Schema.array(Schema.INT8), [None], "null used for required element of array value, schema type: INT8"),
    ],
    ids=str,
)
def test_exact_values_fit_only_their_own_type(schema: Schema, value: object, message: str) -> None:
    with pytest.raises(DataError) as raised:
        validate_value(schema, value)
    assert raised.value.message.endswith(message)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Schema.INT8, Int8(1)),
        (Schema.INT64, Int64(1)),
        (Schema.FLOAT32, Float32(1.5)),
        (Schema.FLOAT64, Float64(1.5)),
        (Date.SCHEMA, Instant(10**17)),
        (Time.SCHEMA, Instant(86_400_000)),
        (Timestamp.SCHEMA, Instant(10**17)),
        (ORDER, Struct(ORDER, GOOD)),
        (Schema.array(Schema.INT8), (1, 2)),
    ],
    ids=str,
)
def test_exact_values_fit_their_own_type(schema: Schema, value: object) -> None:
    validate_value(schema, value)


@pytest.mark.parametrize(
    ("schema", "wire"),
    [(Date.SCHEMA, 2**31 - 1), (Date.SCHEMA, -(2**31)), (Time.SCHEMA, 86_400_000), (Timestamp.SCHEMA, 2**63 - 1)],
)
def test_moments_beyond_python_go_through_the_wire(schema: Schema, wire: int) -> None:
    value = from_wire(schema, wire)
    assert isinstance(value, Instant)
    assert to_wire(schema, value) == wire


def test_exact_values_behave_like_plain_ones() -> None:
    struct_schema = Schema.struct(a=Schema.INT8, b=Schema.OPTIONAL_STRING)
    one = Struct(struct_schema, {"a": 1})
    assert (Int8(5), Float32(0.5), one) == (5, 0.5, {"a": 1})
    assert one == Struct(struct_schema, {"a": 1, "b": None})
    assert hash(one) == hash(Struct(struct_schema, {"a": 1, "b": None}))
    assert one != Struct(Schema.struct(a=Schema.INT8), {"a": 1})
    copied = pickle.loads(pickle.dumps([one, Int8(5), Float32(0.5), Instant(7)]))
    assert [type(each) for each in copied] == [Struct, Int8, Float32, Instant]
    assert copied[0].schema is struct_schema
    assert copy.deepcopy(one) == one
    assert Schema(Type.INT8, default=Int8(5)) is Schema(Type.INT8, default=5)
