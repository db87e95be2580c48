from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import DataError
from barnabas.store.offset_keys import canonical, offset_value, parse_key, parse_offset, partition_key

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PRIMITIVE = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
MAPS = st.dictionaries(TEXT, PRIMITIVE, max_size=6)


@given(TEXT, MAPS)
def test_keys_are_json_that_parses_back(connector, partition):
    key = partition_key(connector, partition)
    assert parse_key(key) == (connector, partition)
    assert json.loads(key) == [connector, partition]


@given(MAPS)
def test_offsets_parse_back(offset):
    assert parse_offset(offset_value(offset)) == offset


@given(TEXT, MAPS, st.randoms(use_true_random=False))
def test_canonical_knows_no_order_and_no_white_space(connector, partition, random):
    items = list(partition.items())
    random.shuffle(items)
    other = json.dumps([connector, dict(items)], indent=1).encode()
    assert canonical(partition_key(connector, partition)) == canonical(other)


def test_canonical_keeps_different_keys_apart():
    assert canonical(b'["c",{"p":1}]') != canonical(b'["c",{"p":1.0}]')
    assert canonical(b'["c",{"p":1}]') != canonical(b'["c",{"p":"1"}]')
    assert canonical(b'["c",{"p":true}]') != canonical(b'["c",{"p":1}]')


@pytest.mark.parametrize("key", [b"", b"{}", b'["c",null]', b'["c"]', b"[1,{}]", b"\xff", b'["c",{},1]'])
def test_bytes_that_are_no_key_stay_what_they_are(key):
    assert parse_key(key) is None
    assert canonical(key) == key


@pytest.mark.parametrize(
    ("partition", "text"),
    [
        ({"filename": "/data/in.txt"}, '["c",{"filename":"/data/in.txt"}]'),
        ({"b": 1, "a": None, "t": True}, '["c",{"b":1,"a":null,"t":true}]'),
        (
            {"d": 1.0, "e": 1e10, "f": 1.5e-5, "g": 12345678.5, "h": -4.9e-324},
            '["c",{"d":1.0,"e":1.0E10,"f":1.5E-5,"g":1.23456785E7,"h":-4.9E-324}]',
        ),
        ({"n": float("nan"), "i": float("-inf")}, '["c",{"n":"NaN","i":"-Infinity"}]'),
        ({"ü/日": 'a"\\\b\t\n\f\r\x1f\x7f'}, '["c",{"ü/日":"a\\"\\\\\\b\\t\\n\\f\\r\\u001F\x7f"}]'),
        ({"b": b"\x00\x01"}, '["c",{"b":"AAE="}]'),
    ],
)
def test_bytes_are_what_java_writes(partition, text):
    assert partition_key("c", partition) == text.encode()


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        ("x", "Offsets must be specified as a Map"),
        (None, "Offsets must be specified as a Map"),
        ({1: "x"}, "Offsets may only use String keys"),
        ({"k": {}}, "Offsets may only contain primitive types as values, but field k contains MAP"),
        ({"k": [1]}, "Offsets may only contain primitive types as values, but field k contains ARRAY"),
        ({"k": object()}, "Offsets may only contain primitive types as values, but field k contains object"),
        ({"k": 2**63}, "field k contains class java.math.BigInteger"),
        ({"k": "\ud800"}, "valid Unicode"),
    ],
)
def test_what_cannot_be_stored(partition, message):
    with pytest.raises(DataError, match=message):
        partition_key("c", partition)


def test_tombstones_and_damaged_offsets():
    assert offset_value(None) is None
    assert parse_offset(None) is None
    assert parse_offset(b"null") is None
    for damaged in (b"[", b"[1]", b"\xff"):
        with pytest.raises(DataError):
            parse_offset(damaged)
