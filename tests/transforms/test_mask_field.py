from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from barnabas._schema.exact import BigInt, Float32, Instant, Int8, Int16, Int32, Int64, Struct
from barnabas.errors import DataError
from barnabas.record import SourceRecord
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp
from barnabas.transforms.mask_field import MaskFieldKey, MaskFieldValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def masked(value: Any, schema: Schema | None = None, replacement: str | None = None) -> Any:
    config = {"fields": "f"} if replacement is None else {"fields": "f", "replacement": replacement}
    transformation: MaskFieldValue[SourceRecord] = MaskFieldValue()
    transformation.configure(config)
    whole = None if schema is None else Schema.struct(f=schema)
    return transformation.apply(SourceRecord("t", {"f": value}, value_schema=whole)).value["f"]


@pytest.mark.parametrize(
    ("value", "empty"),
    [
        (True, False),
        (5, 0),
        (2**70, 0),
        (Int8(5), Int8(0)),
        (Int16(5), Int16(0)),
        (Int32(5), Int32(0)),
        (Int64(5), Int64(0)),
        (BigInt(5), BigInt(0)),
        (1.5, 0.0),
        (Float32(1.5), Float32(0)),
        (Decimal("1.50"), Decimal(0)),
        ("x", ""),
        (date(2020, 1, 2), EPOCH.date()),
        (time(1), time()),
        (datetime(2020, 1, 2, tzinfo=UTC), EPOCH),
        (Instant(10**17), EPOCH),
        ([1], []),
        ({"a": 1}, {}),
        (None, None),
    ],
)
def test_empty_value_of_a_class(value: Any, empty: Any) -> None:
    got = masked(value)
    assert got == empty
    assert type(got) is type(empty)


@pytest.mark.parametrize(
    ("schema", "value", "empty"),
    [
        (Schema.BOOLEAN, True, False),
        (Schema.INT8, 5, 0),
        (Schema.FLOAT32, 5.5, 0.0),
        (Schema.STRING, "x", ""),
        (Date.SCHEMA, date(2020, 1, 2), EPOCH.date()),
        (Time.SCHEMA, time(1), time()),
        (Timestamp.SCHEMA, datetime(2020, 1, 2, tzinfo=UTC), EPOCH),
        (LogicalDecimal.schema(2), Decimal("1.50"), Decimal(0)),
        (Schema.array(Schema.INT8), [1], []),
        (Schema.map(Schema.STRING, Schema.INT8), {"a": 1}, {}),
        (Schema.OPTIONAL_STRING, None, None),
    ],
)
def test_empty_value_of_a_schema(schema: Schema, value: Any, empty: Any) -> None:
    assert masked(value, schema) == empty


@pytest.mark.parametrize(
    ("value", "schema", "replacement", "result"),
    [
        (1, Schema.INT8, "300", 44),
        (1, Schema.INT16, "-32769", 32767),
        (1, Schema.INT64, "9223372036854775808", -(2**63)),
        (1, Schema.INT32, "1e2", 100),
        (1, Schema.INT32, "1.9e1", 19),
        (1, Schema.INT32, "-.9", 0),
        (1, Schema.INT64, "1e999999999", 0),
        (1, Schema.INT64, "1e-999999999", 0),
        (1, Schema.INT64, "1E63", (10**63) % 2**64 - (2**64 if (10**63) % 2**64 >= 2**63 else 0)),
        (1, None, "12.9", 12),
        (2**70, None, "12", 12),
        (1.0, None, "1e400", float("inf")),
        (1.0, Schema.FLOAT32, "0.1", 0.10000000149011612),
        (1.0, Schema.FLOAT32, "1e39", float("inf")),
        ("x", None, "***", "***"),
        (Decimal(1), None, "1e2", Decimal("1E+2")),
        (BigInt(1), None, "+12", BigInt(12)),
    ],
)
def test_replacement(value: Any, schema: Schema | None, replacement: str, result: Any) -> None:
    got = masked(value, schema, replacement)
    assert got == result
    assert type(got) is type(result)


@pytest.mark.parametrize(
    ("value", "schema", "replacement", "message"),
    [
        (1, None, "x", "Unable to convert x (class java.lang.String) to a number"),
        (1.0, Schema.FLOAT64, "Infinity", "Unable to convert Infinity (class java.lang.String) to a number"),
        (1, Schema.INT64, "1e99999999999", "Unable to convert 1e99999999999 (class java.lang.String) to a number"),
        (1, Schema.INT64, "1_000", "Unable to convert 1_000 (class java.lang.String) to a number"),
        (2**70, None, "1.5", "Unable to convert 1.5 (class java.lang.String) to number"),
        (Decimal(1), LogicalDecimal.schema(0), "x", "Unable to convert x (class java.lang.String) to number"),
        (True, None, "1", "Cannot mask value of type class java.lang.Boolean with custom replacement."),
        ([1], None, "1", "Cannot mask value of type class java.util.ArrayList with custom replacement."),
        (b"x", None, None, "Cannot mask value of type: class [B"),
        (b"x", Schema.BYTES, None, "Cannot mask value of type: class [B"),
        (
            Struct(Schema.struct(a=Schema.INT8), {}),
            None,
            None,
            "Cannot mask value of type: class org.apache.kafka.connect.data.Struct",
        ),
    ],
)
def test_refused(value: Any, schema: Schema | None, replacement: str | None, message: str) -> None:
    with pytest.raises(DataError) as caught:
        masked(value, schema, replacement)
    assert caught.value.message == message
    assert caught.value.code == "BRN-2173"


def test_what_cannot_be_masked_is_no_trouble_where_it_is_null() -> None:
    assert masked(None, Schema.OPTIONAL_BYTES) is None
    assert masked(None, Schema.OPTIONAL_INT8, "x") is None


def test_the_key_is_masked() -> None:
    transformation: MaskFieldKey[SourceRecord] = MaskFieldKey()
    transformation.configure({"fields": "f"})
    assert transformation.apply(SourceRecord("t", {"f": 1}, key={"f": 1})).key == {"f": 0}
