"""The compiled part against the Python one: numbers, moments, JSON, and Java's text of values."""

from __future__ import annotations

import gc
import json
import struct
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._columns import native
from barnabas._columns.texts import java_texts, json_texts, json_values
from barnabas._schema.exact import Float32, Int8, Int16, Int32, Int64, Struct
from barnabas._schema.java import double_text
from barnabas._schema.text import _as_hashed, java_string
from barnabas.converters._json.input import parse_column
from barnabas.converters._json.lenient import JsonError
from barnabas.converters._json.output import dump_schemaless_column
from barnabas.converters._json.reader import reader_for
from barnabas.converters.json_converter import JsonConverter
from barnabas.errors import DataError
from barnabas.schema import Schema, Timestamp
from columns.test_native_rows import same

assert native is not None, "the other module was skipped otherwise"
assert json_texts is not None
assert json_values is not None
assert java_texts is not None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(-(2**65), 2**65) | st.integers(-300, 300) | st.integers(-(2**31) - 2, 2**31 + 2)
FLOATS = (
    st.floats()
    | st.integers(-(10**9), 10**9).map(lambda number: number / 100)
    | st.integers(-1075, 1023).map(lambda power: 2.0**power)
    | st.floats(1e-4, 1e8)
)
TEXTS = st.text() | st.text(st.characters(max_codepoint=0x7F)) | st.text(st.sampled_from('ab"\\\n\t\x00\x1f/\x7f'))
KEYS = st.sampled_from(["id", "name", "ä", "a longer name of a field, of more than forty characters", 'q"'])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | FLOATS
    | TEXTS
    | st.just(Int16(3))
    | st.just(Float32(0.5))
    | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS, inner, max_size=5),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(st.none() | st.booleans() | NUMBERS, max_size=8), st.sampled_from([8, 16, 32, 64]))
def test_numbers_lose_their_upper_bits(column: list[Any], bits: int) -> None:
    kind = {8: Int8, 16: Int16, 32: Int32, 64: None}[bits]
    made = native.to_integers(column, bits, kind)
    if any(value is not None and not -(2**63) <= value < 2**63 for value in column):
        assert made is None
        return
    half = 1 << (bits - 1)
    narrow = [None if value is None else (value + half) % (2 * half) - half for value in column]
    assert made == narrow
    assert all(value is None or type(value) is (kind or int) for value in made)
    assert [None if value is None else value + 1 for value in made] == [None if v is None else v + 1 for v in narrow]


@settings(deadline=None)
@given(st.lists(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS, max_size=8))
def test_floats_are_rounded_once(column: list[Any]) -> None:
    narrow, wide = native.to_floats(column, 32, Float32), native.to_floats(column, 64, None)
    assert same(wide, [None if value is None else float(value) for value in column])
    for value, made in zip(column, narrow, strict=True):
        if value is None or isnan(value):
            continue
        try:
            assert made == struct.unpack(">f", struct.pack(">f", value))[0]
        except OverflowError:
            assert made == float("inf") * (1 if value > 0 else -1)
        assert type(made) is Float32


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-(2**48), 2**48) | st.integers(0, 2**41)))
def test_moments_are_those_of_the_calendar(column: list[Any]) -> None:
    made = native.to_moments(column)
    try:
        wanted = [None if value is None else EPOCH + timedelta(milliseconds=value) for value in column]
    except OverflowError:
        assert made is None
        return
    assert made == wanted
    assert all(moment is None or moment.tzinfo is UTC for moment in made)


def test_every_day_of_the_calendar() -> None:
    days = range(-719_162, 2_932_897, 7)
    made = native.to_moments([day * 86_400_000 + 86_399_999 for day in days])
    assert [moment.toordinal() - 719_163 for moment in made] == [*days]
    assert native.to_moments([-719_163 * 86_400_000 + 86_399_999]) is None
    assert native.to_moments([2_932_897 * 86_400_000]) is None
    assert Timestamp.from_wire(2_932_897 * 86_400_000 - 1) == native.to_moments([2_932_897 * 86_400_000 - 1])[0]


@settings(deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_doubles_as_java_prints_them(column: list[float]) -> None:
    for value in column:
        made = native.to_texts([value])
        assert made is None or made == [double_text(value)]


@settings(deadline=None)
@given(st.lists(VALUES, max_size=5), st.sampled_from([b"", b'{"schema":null,"payload":']))
def test_json_is_written_alike(column: list[Any], head: bytes) -> None:
    texts, left = json_texts(column, head)
    for value, text in zip(column, texts, strict=True):
        if text is None:
            assert value is None or left
        else:
            assert [text] == dump_schemaless_column([value], head)


def test_json_of_usual_rows_is_not_left() -> None:
    row = {"id": 1, "at": Int64(2), "x": 1.5, "t": 'ä"\n\U0001f600', "l": [True, None, {}], "d": {"e": -3}}
    texts, left = json_texts([row, None, {}], b"")
    assert not left
    assert texts == [
        '{"id":1,"at":2,"x":1.5,"t":"ä\\"\\n\\uD83D\\uDE00","l":[true,null,{}],"d":{"e":-3}}'.encode(),
        None,
        b"{}",
    ]


@pytest.mark.parametrize(
    "value", ["\ud800", b"x", 1 << 64, {1: 2}, float("nan"), 1e300, Struct(Schema.struct("S")), {"a": ()}]
)
def test_what_is_not_plain_is_left(value: object) -> None:
    assert json_texts([value, {"a": value}, [value]], b"") == ([None] * 3, True)


def slow_value(payload: bytes) -> Any:
    return parse_column([payload], reader_for(None, replace_nulls=True).one)[0]


JSON_TEXT = VALUES.map(lambda value: json.dumps(value, default=str, ensure_ascii=False))
ODD_TEXT = st.sampled_from(
    [
        *("-0", "-0.0", "0.0", "01", "1.", ".5", "1e5", "1E+2", "-1e-3", "1e400", "-", "1e", "0.1234567890123456789"),
        *("123456789012345678", "9223372036854775808", "1234567890123456789", "-9223372036854775808"),
        *('"\\ud83d\\ude00"', '"\\ud83d"', '"\\u00e4\\/\\b"', '"\\x"', '"a\x01"', '"', '"\ud800"', "\ufeff1"),
        *("tru", "true1", "nul", "null ", " \t\n[1 , 2]\r", "[1,]", "[", "[]", "", " "),
        *("{,}", '{"a" : 1 , "a":2}', '{"a":1,}', "{}", "{} x", '{"a"}', '{"a'),
    ]
)


@settings(deadline=None)
@given(st.lists(JSON_TEXT | ODD_TEXT | st.text(max_size=8), max_size=6))
def test_json_is_read_alike(texts: list[str]) -> None:
    payloads: list[bytes | None] = [text.encode("utf-8", "surrogatepass") for text in texts]
    values, left = json_values([*payloads, None])
    assert values.pop() is None
    assert left == (... in values)
    for payload, value in zip(payloads, values, strict=True):
        if value is not ...:
            assert same(value, slow_value(payload)), payload  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=4))
def test_bytes_that_are_no_json_are_left_or_read_alike(payloads: list[bytes | None]) -> None:
    values, _ = json_values(payloads)
    for payload, value in zip(payloads, values, strict=True):
        if value is not ...:
            assert same(value, slow_value(payload))  # type: ignore[arg-type]


def test_rows_of_changing_shapes_are_read_alike() -> None:
    rows = [{f"k{(at * step) % 97}": at for at in range(step % 90)} for step in range(200)]
    values, left = json_values([json.dumps(row).encode() for row in rows])
    assert not left
    assert same(values, rows)


@settings(deadline=None)
@given(st.lists(VALUES, max_size=5), st.booleans())
def test_java_text_is_alike(column: list[Any], hashed: bool) -> None:
    texts, left = java_texts(column, hashed)
    for value, text in zip(column, texts, strict=True):
        if text is None:
            assert left
        else:
            assert text == java_string(None, _as_hashed(value) if hashed else value)


def test_the_order_of_a_java_hash_map() -> None:
    row = {"id": 1, "name": "n", "mail": "m", "amount": 2.5, "tags": ["a"], "note": None}
    assert java_texts([row], True) == (["{note=null, amount=2.5, mail=m, name=n, id=1, tags=[a]}"], False)
    wide = {f"field-{at}": at for at in range(40)}
    assert java_texts([wide], True)[0] == [java_string(None, _as_hashed(wide))]


def test_a_converter_mixes_both() -> None:
    converter = JsonConverter()
    converter.configure({"schemas.enable": "false", "converter.type": "value"})
    values = [{"a": 1}, None, {"a": b"x"}, {"a": 1e300}]
    payloads = converter.from_connect_column("t", None, values)
    assert payloads == [b'{"a":1}', None, b'{"a":"eA=="}', b'{"a":1.0E300}']
    assert converter.to_connect_column("t", [*payloads, b"-0.0", b"1 x"])[1] == [
        {"a": 1}, None, {"a": "eA=="}, {"a": 1e300}, 0.0, 1,
    ]  # fmt: skip
    with pytest.raises(DataError):
        converter.to_connect_column("t", [b"1", b"{"])
    with pytest.raises(DataError):
        converter.from_connect_column("t", None, [{"a": 1}, {"a": object()}])
    with pytest.raises(JsonError):
        slow_value(b"{")


def test_nothing_of_texts_is_kept() -> None:
    rows = [{"name": f"n{at}", "x": at * 0.25, "b": [True, {"c": "ä"}]} for at in range(10)] + [{"b": b"x"}]
    payloads: list[bytes | None] = [json.dumps({"name": f"n{at}", "x": [at, -1.5e3]}).encode() for at in range(10)]
    payloads += [b"{", b'{"a": "\\ud800"}', b"[1, 2", b'"\xff"']
    numbers = [*range(2000, 2010), None]

    def work() -> None:
        json_texts(rows, b"{")
        json_values(payloads)
        java_texts(rows, True)
        native.to_integers(numbers, 32, Int32)
        native.to_integers([1, "x"], 32, Int32)
        native.to_floats(numbers, 32, Float32)
        native.to_moments(numbers)
        native.to_texts(numbers)

    for _ in range(50):
        work()
    gc.collect()
    counts = sys.getrefcount(rows[0]), sys.getrefcount(payloads[0]), sys.getrefcount(Int32), sys.getrefcount(Float32)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            work()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    now = sys.getrefcount(rows[0]), sys.getrefcount(payloads[0]), sys.getrefcount(Int32), sys.getrefcount(Float32)
    assert now == counts
