"""Strict mode: what Kafka Connect changes silently is refused, with the place and the remedy."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from barnabas.converters.base import strict_setting
from barnabas.converters.json_converter import JsonConverter
from barnabas.converters.string import StringConverter
from barnabas.errors import ConfigError, DataError
from barnabas.schema import Float32, LogicalDecimal, Schema


def strict(kind: str = "value", **config: str) -> JsonConverter:
    made = JsonConverter()
    made.configure({key.replace("_", "."): value for key, value in config.items()} | {"strict": "true"}, kind == "key")
    return made


def envelope(schema: dict[str, Any] | None, payload: Any) -> bytes:
    return json.dumps({"schema": schema, "payload": payload}).encode()


PRICES = {
    "type": "struct",
    "fields": [
        {
            "field": "items",
            "type": "array",
            "items": {"type": "struct", "fields": [{"field": "price", "type": "int32"}]},
        },
        {"field": "tags", "type": "map", "keys": {"type": "string"}, "values": {"type": "boolean"}, "optional": True},
        {
            "field": "pairs",
            "type": "map",
            "keys": {"type": "int8"},
            "values": {"type": "string", "optional": True},
            "optional": True,
        },
    ],
}


@pytest.mark.parametrize(
    ("schema", "payload", "path", "would_be"),
    [
        ({"type": "int32"}, "7", "payload", "0"),
        ({"type": "int32"}, True, "payload", "0"),
        ({"type": "int32"}, [1], "payload", "0"),
        ({"type": "int32"}, 1.5, "payload", "1"),
        ({"type": "int8"}, 300, "payload", "44"),
        ({"type": "int64"}, 2**64, "payload", "0"),
        ({"type": "boolean"}, "true", "payload", "False"),
        ({"type": "string", "optional": True}, 7, "payload", "None"),
        ({"type": "string"}, 7, "payload", "None"),
        ({"type": "bytes", "optional": True}, 7, "payload", "None"),
        ({"type": "float"}, 1e300, "payload", "inf"),
        ({"type": "double"}, "NaN", "payload", "0.0"),
        ({"type": "array", "items": {"type": "int8"}}, {"a": 1}, "payload", "[1]"),
        (PRICES, {"items": [{"price": 1}, {"price": "2"}]}, "payload.items[1].price", "0"),
        (PRICES, {"items": [], "tags": {"a": True, "b": "yes"}}, "payload.tags.b", "False"),
        (PRICES, {"items": [], "pairs": [[1, "a"], [300, "b"]]}, "payload.pairs[1].key", "44"),
        (PRICES, {"items": [], "pairs": [[1, 2]]}, "payload.pairs[0].value", "None"),
        (PRICES, {"items": [], "pairs": [[1, "a"], [1, "b"]]}, "payload.pairs", "{1: 'b'}"),
        (None, {"a": [2**64 + 5]}, "payload.a[0]", "5"),
    ],
)
def test_silent_coercions_are_refused_with_their_place(
    schema: dict[str, Any] | None, payload: Any, path: str, would_be: str
) -> None:
    data = envelope(schema, payload)
    for read in (strict().to_connect, lambda topic, p: strict().to_connect_column(topic, [p])):
        with pytest.raises(DataError) as raised:
            read("t", data)
        assert raised.value.message.startswith(f"{path}: ")
        assert f"would be read as {would_be}, because" in raised.value.message
        assert (raised.value.code, raised.value.key) == ("BRN-2123", "value.converter.strict")
        assert "strict=false" in str(raised.value)


def test_a_member_that_no_field_takes_is_refused() -> None:
    with pytest.raises(DataError, match=r"payload\.items\[0\]\.cost: it would be left out"):
        strict().to_connect("t", envelope(PRICES, {"items": [{"price": 1, "cost": 2}]}))


def test_decimals_of_another_scale_are_refused() -> None:
    schema = {"type": "bytes", "name": LogicalDecimal.NAME, "version": 1, "parameters": {"scale": "2"}}
    assert str(strict().to_connect("t", envelope(schema, 1.25)).value) == "1.25"
    with pytest.raises(DataError, match=r"payload: Decimal\('1.5'\) would be read as Decimal\('1.5'\)"):
        strict().to_connect("t", envelope(schema, 1.5))


@pytest.mark.parametrize("payload", [b"", b"  ", b'{"a":1} {"a":2}', b"1 x"])
def test_nothing_and_text_behind_the_value_are_refused(payload: bytes) -> None:
    with pytest.raises(DataError, match="serialization error"):
        strict(schemas_enable="false").to_connect("t", payload)


def test_what_loses_nothing_is_accepted() -> None:
    assert strict().to_connect("t", envelope({"type": "int8"}, 2.0)).value == 2
    assert strict().to_connect("t", envelope({"type": "float"}, 0.1)).value == pytest.approx(0.1)
    assert strict("key", schemas_enable="false").to_connect("t", b'{"a":[1,2.5,null]}').value == {"a": [1, 2.5, None]}


def test_the_path_of_a_key_starts_with_key() -> None:
    with pytest.raises(DataError, match=r"^key\.a: "):
        strict("key", schemas_enable="false").to_connect("t", b'{"a":18446744073709551616}')


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        (Schema.FLOAT64, math.nan, "value[0]"),
        (Schema.FLOAT32, math.inf, "value[0]"),
        (Schema.struct("S", a=Schema.array(Schema.FLOAT64)), {"a": [1.0, -math.inf]}, "value[0].a[1]"),
        (Schema.map(Schema.OPTIONAL_STRING, Schema.INT8), {None: 1}, "value[0]"),
        (None, {"a": {"b": [0.0, math.nan]}}, "value[0].a.b[1]"),
        (None, Float32(math.nan), "value[0]"),
    ],
)
def test_what_reads_back_as_something_else_is_not_written(schema: Schema | None, value: Any, path: str) -> None:
    with pytest.raises(DataError) as raised:
        strict().from_connect_column("t", schema, [value])
    assert raised.value.message.startswith(f"{path.replace('value[0]', 'value')}: ")
    assert raised.value.code == "BRN-2124"
    lenient = JsonConverter()
    assert lenient.from_connect("t", schema, value)


def test_text_in_strict_mode() -> None:
    converter = StringConverter()
    converter.configure({"converter.encoding": "ISO-8859-1", "strict": "true"})
    assert converter.from_connect("t", None, "é") == b"\xe9"
    for schema, value in ((None, "日"), (Schema.BYTES, b"x"), (None, {"a": [b"x"]})):
        with pytest.raises(DataError) as raised:
            converter.from_connect_column("t", schema, [value])
        assert raised.value.code == "BRN-2124"
    converter.configure({"strict": "true"})
    with pytest.raises(DataError, match="no UTF-8 at byte 0") as raised:
        converter.to_connect_column("t", [b"fine", b"\xff"])
    assert raised.value.code == "BRN-2123"


def test_the_setting_is_a_boolean() -> None:
    assert [strict_setting(c) for c in ({}, {"strict": "TRUE"}, {"strict": False})] == [False, True, False]
    with pytest.raises(ConfigError, match="true or false"):
        JsonConverter().configure({"strict": "maybe"})
