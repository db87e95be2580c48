"""JsonConverter: the column forms against the record forms, and against a plain reading of JSON."""

from __future__ import annotations

import contextlib
import enum
import json
import math
import re
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._schema.java import double_text
from barnabas.converters._json.lenient import JsonError, parse
from barnabas.converters._json.reader import plain_value
from barnabas.converters.json_converter import JsonConverter
from barnabas.errors import ConfigError, DataError
from barnabas.schema import Date, LogicalDecimal, Schema, SchemaBuilder, Time, Timestamp

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats() | TEXT | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ROW = Schema.struct(
    "Row",
    id=Schema.INT64,
    small=Schema.INT8,
    name=Schema.OPTIONAL_STRING,
    price=Schema.FLOAT64,
    rate=Schema.FLOAT32,
    ok=Schema.BOOLEAN,
    raw=Schema.BYTES,
    tags=Schema.array(Schema.OPTIONAL_STRING),
    counts=Schema.map(Schema.STRING, Schema.INT32),
    day=Date.OPTIONAL_SCHEMA,
    at=Time.OPTIONAL_SCHEMA,
    when=Timestamp.OPTIONAL_SCHEMA,
    cost=LogicalDecimal.schema(2),
)
ROWS = st.fixed_dictionaries(
    {
        "id": INT64,
        "small": st.integers(-128, 127),
        "name": st.none() | TEXT,
        "price": st.floats(allow_nan=False, allow_infinity=False),
        "rate": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "ok": st.booleans(),
        "raw": st.binary(max_size=9),
        "tags": st.lists(st.none() | TEXT, max_size=3),
        "counts": st.dictionaries(TEXT, st.integers(-(2**31), 2**31 - 1), max_size=3),
        "day": st.none() | st.dates(),
        "at": st.none() | st.times().map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)),
        "when": st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)),
        "cost": st.integers(-(10**20), 10**20).map(lambda n: LogicalDecimal.of(n, 2)),
    }
)


def converter(**config: str) -> JsonConverter:
    made = JsonConverter()
    made.configure({key.replace("_", "."): value for key, value in config.items()})
    return made


PLAIN_JSON = converter(schemas_enable="false")
ENVELOPE = converter()


@given(st.lists(PLAIN, max_size=6))
def test_schemaless_columns_write_what_records_write(values: list[object]) -> None:
    written = PLAIN_JSON.from_connect_column("t", None, values)
    assert written == [PLAIN_JSON.from_connect("t", None, value) for value in values]
    enveloped = ENVELOPE.from_connect_column("t", None, values)
    assert enveloped == [None if w is None else b'{"schema":null,"payload":%b}' % w for w in written]


def jackson(value: object) -> str:
    """A slow, obvious writer to compare with."""
    match value:
        case None | bool():
            return json.dumps(value)
        case float():
            return double_text(value) if math.isfinite(value) else f'"{double_text(value)}"'
        case int():
            return str(value)
        case str():
            short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
            return '"' + "".join(short.get(c) or (c if 0x20 <= ord(c) < 0x10000 else _escaped(c)) for c in value) + '"'
        case list():
            return "[" + ",".join(map(jackson, value)) + "]"
        case dict():
            return "{" + ",".join(f"{jackson(k)}:{jackson(v)}" for k, v in value.items()) + "}"
    raise AssertionError


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | INT64 | st.floats() | TEXT,
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
            max_leaves=12,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_byte_is_what_jackson_writes(values: list[object]) -> None:
    want = [None if value is None else jackson(value).encode() for value in values]
    assert PLAIN_JSON.from_connect_column("t", None, values) == want


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_rows_come_back_through_the_envelope(rows: list[dict[str, object]]) -> None:
    written = ENVELOPE.from_connect_column("t", ROW, rows)
    assert written == [ENVELOPE.from_connect("t", ROW, row) for row in rows]
    schema, values = ENVELOPE.to_connect_column("t", written)
    assert schema is ROW
    singles = [ENVELOPE.to_connect("t", payload).value for payload in written]
    assert (
        values == singles == [{**row, "price": row["price"] + 0.0} for row in rows]
    )  # the JVM loses a zero's sign, too


@given(st.lists(st.one_of(PLAIN.map(lambda v: PLAIN_JSON.from_connect("t", None, v)), st.none()), max_size=5))
def test_schemaless_columns_read_what_records_read(payloads: list[bytes | None]) -> None:
    schema, values = PLAIN_JSON.to_connect_column("t", payloads)
    assert schema is None
    assert values == [PLAIN_JSON.to_connect("t", payload).value for payload in payloads]


@given(PLAIN)
def test_slow_parser_agrees_with_the_fast_one(value: object) -> None:
    text = PLAIN_JSON.from_connect("t", None, value) or b"null"
    slow = json.loads(json.dumps(parse(text), default=float))
    assert slow == orjson.loads(text)


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:\\u0123e.-truefalsn \n', max_size=30).map(str.encode))
def test_any_bytes_give_a_value_or_an_error_of_ours(payload: bytes) -> None:
    for made in (PLAIN_JSON, ENVELOPE):
        try:
            found = made.to_connect("t", payload)
        except DataError:
            with pytest.raises(DataError):
                made.to_connect_column("t", [payload])
        else:
            assert made.to_connect_column("t", [payload])[1] == [found.value] or found.value != found.value


def test_mixed_schemas_in_one_column() -> None:
    one = ENVELOPE.from_connect("t", Schema.STRING, "a")
    two = ENVELOPE.from_connect("t", Schema.INT32, 5)
    schemas, values = ENVELOPE.to_connect_column("t", [one, None, two, two])
    assert schemas == [Schema.STRING, None, Schema.INT32, Schema.INT32]
    assert values == ["a", None, 5, 5]


@pytest.mark.parametrize("tail", [b"}", b" } ", b',"x":1}', b"} junk", b""])
def test_the_fast_way_through_the_envelope_is_exact(tail: bytes) -> None:
    """The second message starts like the first: however it ends, the answer is that of the careful way."""
    first = b'{"schema":{"type":"int32","optional":false},"payload":1}'
    second = b'{"schema":{"type":"int32","optional":false},"payload":2' + tail
    warm, cold = converter(), converter()
    warm.to_connect_column("t", [first])
    try:
        want = cold.to_connect("t", second)
    except DataError as error:
        with pytest.raises(DataError, match=re.escape(error.message)):
            warm.to_connect_column("t", [first, second])
    else:
        assert warm.to_connect_column("t", [first, second]) == (want.schema, [1, want.value])


def test_fractions_for_whole_numbers_use_all_digits() -> None:
    payload = b'{"schema":{"type":"int64"},"payload":9007199254740993.9}'
    assert ENVELOPE.to_connect("t", payload).value == 9007199254740993
    assert ENVELOPE.to_connect_column("t", [payload])[1] == [9007199254740993]


def test_huge_exponents_do_not_hang() -> None:
    assert ENVELOPE.to_connect("t", b'{"schema":{"type":"int32"},"payload":1e999999999}').value == 0
    assert PLAIN_JSON.to_connect("t", b"1e999999999").value == math.inf


@pytest.mark.parametrize(
    "text", ["-0.0", "-0", "-0e5", "9223372036854775808", "-9223372036854775809", "1e400", "20000000000000000000"]
)
def test_numbers_that_the_fast_parser_reads_differently(text: str) -> None:
    for shape in ("{}", "[1,{}]", " [ {} ]", '{{"a": {}}}', '{{"a":{}}}', '{{"d":"2020-01-05","a":\n{}}}'):
        payload = shape.format(text).encode()
        want = plain_value(parse(payload))
        _, values = PLAIN_JSON.to_connect_column("t", [b"{}", payload, b"5"])
        assert repr(values) == repr([{}, want, 5])
        assert repr(PLAIN_JSON.to_connect("t", payload).value) == repr(want)


@given(st.lists(st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_all_numbers_read_as_the_careful_parser_reads_them(numbers: list[float]) -> None:
    payload = json.dumps(numbers).encode()
    want = plain_value(parse(payload))
    assert repr(PLAIN_JSON.to_connect_column("t", [payload, payload])[1]) == repr([want, want])


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    with pytest.raises(DataError):
        PLAIN_JSON.to_connect("t", b"[" * 100_000)
    with pytest.raises(JsonError):
        parse(b"[" * 100_000 + b"]" * 100_000)


def test_a_default_that_can_change_is_not_shared() -> None:
    payload = b'{"schema":{"type":"array","items":{"type":"int32"},"default":[1]},"payload":null}'
    first = ENVELOPE.to_connect("t", payload).value
    first.append(2)
    assert ENVELOPE.to_connect("t", payload).value == [1]


def test_unknown_fields_are_refused_not_dropped() -> None:
    schema = Schema.struct("R", a=Schema.INT32)
    with pytest.raises(DataError, match="Mismatching schema") as raised:
        PLAIN_JSON.from_connect("t", schema, {"a": 1, "typo": 2})
    assert "'typo'" in str(raised.value)


def test_struct_keys_in_another_order_are_written_in_the_schemas() -> None:
    schema = Schema.struct("R", a=Schema.INT32, b=Schema.STRING)
    rows = [{"b": "x", "a": 1}, {"a": 2, "b": "y"}]
    assert PLAIN_JSON.from_connect_column("t", schema, rows) == [b'{"a":1,"b":"x"}', b'{"a":2,"b":"y"}']


def test_half_a_surrogate_pair_names_the_problem() -> None:
    with pytest.raises(DataError, match="serialization error"):
        PLAIN_JSON.from_connect("t", None, "\ud800")


@pytest.mark.parametrize("value", [2**63, 2**64 - 1, -(2**63) - 1])
def test_numbers_beyond_64_bits_are_refused_on_every_path(value: int) -> None:
    for neighbour in (1, 1e16, "\U0001f600", {1: 2}):
        with pytest.raises(DataError, match="does not have corresponding schema type"):
            PLAIN_JSON.from_connect_column("t", None, [[neighbour, value]])


def test_tuples_and_the_like_are_written_on_every_path() -> None:
    class Colour(enum.Enum):
        RED = "red"

    value = (1, Colour.RED, uuid.UUID(int=5))
    text = '[1,"red","00000000-0000-0000-0000-000000000005"]'
    assert PLAIN_JSON.from_connect("t", None, value) == text.encode()
    assert PLAIN_JSON.from_connect("t", None, {1: value}) == f"[[1,{text}]]".encode()


@pytest.mark.parametrize(
    "value", [Decimal(1), date(2020, 1, 1), time(1), datetime(2020, 1, 1, tzinfo=UTC), {1, 2}, 2**70]
)
def test_types_without_a_place_are_refused(value: object) -> None:
    for shape in (value, [value], {"k": value}):
        with pytest.raises(DataError, match="does not have corresponding schema type"):
            PLAIN_JSON.from_connect_column("t", None, [shape])


def test_errors_say_what_the_bytes_are_and_which_key_to_change() -> None:
    with pytest.raises(DataError) as raised:
        ENVELOPE.to_connect("t", b'{"id":1}')
    assert raised.value.key == "value.converter.schemas.enable"
    assert "value.converter.schemas.enable=false" in str(raised.value)
    keys = JsonConverter()
    keys.configure({}, is_key=True)
    with pytest.raises(DataError) as raised:
        keys.to_connect("t", b"\0\0\0\0\x07\x02abc")
    assert raised.value.key == "key.converter"
    assert "schema id 7" in str(raised.value)


def test_schema_caches_are_bounded() -> None:
    made = converter(schemas_cache_size="3")
    for n in range(10):
        schema = SchemaBuilder.int32().name(f"n{n}").build()
        payload = made.from_connect("t", schema, n)
        assert made.to_connect("t", payload) == (schema, n)
    assert len(made._writers) == len(made._readers) == 3


def test_a_bad_setting_names_its_key() -> None:
    with pytest.raises(ConfigError) as raised:
        converter(decimal_format="NUMERIK")
    assert raised.value.key == "decimal.format"
    assert "'NUMERIC'" in str(raised.value)


@pytest.mark.parametrize("depth", [5, 100, 240, 600])
def test_deep_nesting_reads_alike_alone_and_in_columns(depth: int) -> None:
    payload = b"[" * depth + b"1.5" + b"]" * depth
    value = PLAIN_JSON.to_connect("t", payload).value
    assert PLAIN_JSON.to_connect_column("t", [payload, payload])[1] == [value, value]
    for _ in range(depth):
        [value] = value
    assert value == 1.5


@pytest.mark.parametrize("depth", [1100, 5000, 100_000])
def test_nesting_that_is_too_deep_is_a_data_error(depth: int) -> None:
    for payload in (b"[" * depth + b"]" * depth, b'{"a":' * depth, b'{"schema":' * depth):
        for converter_ in (PLAIN_JSON, ENVELOPE):
            with pytest.raises(DataError):
                converter_.to_connect("t", payload)
            with pytest.raises(DataError):
                converter_.to_connect_column("t", [payload])


@pytest.mark.parametrize("inner", [b'{"type":"int8"}', b'{"type":"float"}', b'{"type":"string"}'])
def test_lists_in_lists_take_no_longer_the_deeper_they_are(inner: bytes) -> None:
    """Once per level, not twice: 60 levels would outlast the universe."""
    depth = 60
    schema = b'{"type":"array","items":' * depth + inner + b"}" * depth
    for leaf in (b"300", b'"7"', b"1.5", b"null"):
        payload = b'{"schema":%b,"payload":%b}' % (schema, b"[" * depth + leaf + b"]" * depth)
        for converter_ in (ENVELOPE, converter(strict="true")):
            try:
                found = converter_.to_connect("t", payload)
            except DataError:
                continue
            assert converter_.to_connect_column("t", [payload, payload]) == (found.schema, [found.value] * 2)
            with contextlib.suppress(DataError):  # a null where the schema allows none, which only reading lets through
                assert converter_.from_connect("t", found.schema, found.value)
