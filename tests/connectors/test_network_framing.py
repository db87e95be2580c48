"""Framing: any chunking of a stream gives the same messages, within the limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import DataError
from barnabas.connectors.network.framing import LengthFramer, LineFramer, OctetFramer, framer

MESSAGES = st.lists(st.binary(max_size=12), max_size=8)
STEP = st.integers(1, 9)


def fed(one, data, step):
    return [message for at in range(0, len(data), step) for message in one.feed(data[at : at + step])]


@given(MESSAGES, STEP)
def test_length(messages, step):
    one = LengthFramer(100)
    data = b"".join(len(message).to_bytes(4, "big") + message for message in messages)
    assert fed(one, data, step) == messages
    assert one.end() == []


@given(MESSAGES, STEP)
def test_octets(messages, step):
    one = OctetFramer(100)
    data = b"".join(b"%d %s" % (len(message), message) for message in messages)
    assert fed(one, data, step) == messages
    assert one.end() == []


@given(st.lists(st.sampled_from([b"", b"a", b"bc", "é".encode()])), st.sampled_from([b"\n", b"\r\n"]), STEP)
def test_lines(messages, end, step):
    one = LineFramer(100)
    assert fed(one, b"".join(message + end for message in messages), step) == messages
    assert one.end() == []


def test_the_last_line_needs_no_end():
    one = LineFramer(10)
    assert one.feed(b"a\nb") == [b"a"]
    assert one.end() == [b"b"]
    assert one.end() == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("newline", b"x" * 11),
        ("newline", b"ok\n" + b"x" * 11),
        ("newline", b"x" * 11 + b"\n"),
        ("length", b"\0\0\0\x0b"),
        ("length", b"\xff\xff\xff\xff"),
        ("octets", b"11 "),
    ],
)
def test_what_is_longer_than_the_limit_is_refused_as_soon_as_known(name, data):
    with pytest.raises(DataError, match="longer than max"):
        framer(name, 10).feed(data)


def test_exactly_the_limit_is_fine():
    assert framer("newline", 3).feed(b"abc\r\n") == [b"abc"]
    assert framer("length", 3).feed(b"\0\0\0\3abc") == [b"abc"]
    assert framer("octets", 3).feed(b"3 abc") == [b"abc"]


@pytest.mark.parametrize("data", [b"<34>1 - -", b" 3 abc", b"99999999999 ", b"12345678901", b"-1 x"])
def test_octets_want_a_length(data):
    with pytest.raises(DataError, match="a length was expected"):
        OctetFramer(10).feed(data)


@pytest.mark.parametrize(("name", "data"), [("length", b"\0\0"), ("length", b"\0\0\0\3ab"), ("octets", b"3 ab")])
def test_an_end_within_a_message_is_an_error(name, data):
    one = framer(name, 10)
    assert one.feed(data) == []
    with pytest.raises(DataError, match="ended within a message"):
        one.end()
