"""What holds for every converter and every schema: there and back, columns as records, strict within lenient."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from converter_strategies import NAMES, PRIMITIVES, TEXT, schemas, values, with_defaults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.converters.base import Converter
from barnabas.converters.byte_array import ByteArrayConverter
from barnabas.converters.json_converter import JsonConverter
from barnabas.converters.numbers import (
    BooleanConverter,
    DoubleConverter,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from barnabas.converters.string import StringConverter
from barnabas.errors import BarnabasError, DataError
from barnabas.schema import Schema, Type
from vectors import codec
from vectors.compare import equal


def calm(examples: int) -> settings:
    """Neither the clock nor a busy machine fails a test."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def json_converter(**config: str) -> JsonConverter:
    made = JsonConverter()
    made.configure({key.replace("_", "."): value for key, value in config.items()})
    return made


@st.composite
def schema_and_values(draw: st.DrawFn) -> tuple[Schema, list[Any]]:
    schema = draw(schemas())
    return schema, draw(st.lists(values(schema), min_size=1, max_size=4))


@given(schema_and_values(), st.sampled_from(["BASE64", "NUMERIC"]), st.booleans())
@calm(150)
def test_json_with_a_schema_comes_back(made: tuple[Schema, list[Any]], decimals: str, strict: bool) -> None:
    schema, rows = made
    converter = json_converter(decimal_format=decimals, strict=str(strict).lower())
    column = converter.from_connect_column("t", schema, rows)
    assert column == [converter.from_connect("t", schema, row) for row in rows]
    found = [converter.to_connect("t", payload) for payload in column]
    assert all(each.schema is schema for each in found)
    for row, each in zip(rows, found, strict=True):
        assert each.value == with_defaults(schema, row)
    again = converter.to_connect_column("t", column)  # the first column teaches the head, the second one uses it
    assert again == converter.to_connect_column("t", column) == (schema, [each.value for each in found])


@given(schema_and_values())
@calm(100)
def test_a_missing_member_is_a_null_in_columns_too(made: tuple[Schema, list[Any]]) -> None:
    schema, rows = made
    converter = json_converter()
    texts = [json.loads(payload) for payload in converter.from_connect_column("t", schema, rows) if payload]
    for text in texts:
        if isinstance(text["payload"], dict):
            text["payload"] = {k: v for k, v in reversed(text["payload"].items()) if v is not None}
    payloads: list[bytes | None] = [json.dumps(text, separators=(",", ":")).encode() for text in texts]
    agree(converter, payloads)


JSON_NODES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0, 1, 127, 300, 2**31, 1.5, 2.0, -0.0, 1e300, "7", "true", "", "AQI=", "NaN"])
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def misfits(draw: st.DrawFn, schema: Schema | None) -> Any:
    """JSON that may or may not be what the schema says."""
    if schema is None or draw(st.integers(0, 5)) == 0:
        return draw(JSON_NODES)
    if schema.type is Type.STRUCT:
        node = {f.name: draw(misfits(f.schema)) for f in schema.fields}
        return node | draw(st.dictionaries(NAMES, JSON_NODES, max_size=1)) if draw(st.booleans()) else node
    if schema.type is Type.ARRAY:
        return draw(st.lists(misfits(schema.value_schema), max_size=2))
    if schema.type is Type.MAP and schema.key_schema is Schema.STRING:
        return draw(st.dictionaries(NAMES, misfits(schema.value_schema), max_size=2))
    written = json_converter(schemas_enable="false").from_connect("t", schema.as_optional(), draw(values(schema)))
    return None if written is None else json.loads(written)


@st.composite
def envelopes(draw: st.DrawFn) -> list[bytes | None]:
    schema = draw(schemas())
    head = json.loads(json_converter().from_connect("t", schema.as_optional(), None) or b"")["schema"]
    nodes = draw(st.lists(misfits(schema), min_size=1, max_size=3))
    return [json.dumps({"schema": head, "payload": node}, separators=(",", ":")).encode() for node in nodes]


def attempt(converter: Converter, payload: bytes | None) -> tuple[Any, Any] | None:
    try:
        found = converter.to_connect("t", payload)
    except BarnabasError:
        return None
    return found.schema, codec.encode(found.schema, found.value)


def agree(converter: Converter, payloads: list[bytes | None]) -> None:
    """A column is read exactly as its records are, or not at all if one of them is not."""
    alone = [attempt(converter, payload) for payload in payloads]
    for _ in range(2):
        try:
            schemas_found, column = converter.to_connect_column("t", payloads)
        except BarnabasError:
            assert None in alone
            continue
        each = schemas_found if isinstance(schemas_found, list) else [schemas_found] * len(column)
        for one, schema, value in zip(alone, each, column, strict=True):
            assert one is not None
            assert one[0] is schema
            assert equal(one[1], codec.encode(schema, value))


@given(envelopes())
@calm(150)
def test_columns_read_as_records_and_strict_is_never_more_permissive(payloads: list[bytes | None]) -> None:
    lenient, strict = json_converter(), json_converter(strict="true")
    agree(lenient, payloads)
    agree(strict, payloads)
    for payload in payloads:
        strictly = attempt(strict, payload)
        if strictly is not None:
            leniently = attempt(lenient, payload)
            assert leniently is not None
            assert leniently[0] is strictly[0]
            assert equal(leniently[1], strictly[1])


@given(st.lists(JSON_NODES, min_size=1, max_size=4))
@calm(120)
def test_the_same_without_a_schema(nodes: list[Any]) -> None:
    lenient, strict = json_converter(schemas_enable="false"), json_converter(schemas_enable="false", strict="true")
    payloads: list[bytes | None] = [json.dumps(node).encode() for node in nodes]
    agree(lenient, payloads)
    agree(strict, payloads)
    for payload in payloads:
        strictly = attempt(strict, payload)
        assert strictly is None or equal(strictly[1], (attempt(lenient, payload) or (None, None))[1])


@given(st.lists(JSON_NODES, min_size=1, max_size=5))
@calm(100)
def test_several_schemas_in_one_column(nodes: list[Any]) -> None:
    converter = json_converter()
    heads = ['{"type":"string","optional":true}', '{"type":"int64","optional":true}', "null", '{"type":"double"}']
    texts = [f'{{"schema":{heads[at % 4]},"payload":{json.dumps(node)}}}' for at, node in enumerate(nodes * 3)]
    good = [p for p in map(str.encode, texts) if attempt(converter, p)]
    agree(converter, [None, *good])


FIXED: list[tuple[Converter, Type]] = [
    (ShortConverter(), Type.INT16),
    (IntegerConverter(), Type.INT32),
    (LongConverter(), Type.INT64),
    (FloatConverter(), Type.FLOAT32),
    (DoubleConverter(), Type.FLOAT64),
    (BooleanConverter(), Type.BOOLEAN),
    (StringConverter(), Type.STRING),
    (ByteArrayConverter(), Type.BYTES),
]


@pytest.mark.parametrize(("converter", "kind"), FIXED, ids=lambda part: type(part).__name__)
@given(data=st.data())
@calm(50)
def test_the_other_converters_give_back_what_they_were_given(converter: Converter, kind: Type, data: Any) -> None:
    schema = Schema(kind, optional=True)
    rows = data.draw(st.lists(st.none() | PRIMITIVES[kind], max_size=4))
    column = converter.from_connect_column("t", schema, rows)
    assert column == [converter.from_connect("t", schema, row) for row in rows]
    assert converter.to_connect_column("t", column)[1] == rows == [converter.to_connect("t", p).value for p in column]


@given(schema_and_values())
@calm(100)
def test_the_other_converters_never_raise_anything_else(made: tuple[Schema, list[Any]]) -> None:
    schema, rows = made
    for converter, _ in FIXED:
        for row in rows:
            try:
                payload = converter.from_connect("t", schema, row)
            except DataError:
                continue
            assert payload is None or type(payload) is bytes


@given(JSON_NODES | st.binary() | st.datetimes() | st.just(datetime))
@calm(100)
def test_anything_may_be_given_without_a_schema(value: Any) -> None:
    for converter in (json_converter(schemas_enable="false"), json_converter(strict="true"), *(c for c, _ in FIXED)):
        try:
            payload = converter.from_connect("t", None, value)
        except DataError:
            continue
        assert payload is None or type(payload) is bytes
