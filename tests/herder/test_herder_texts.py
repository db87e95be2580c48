from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.herder.java_text import map_text
from barnabas.herder.json_body import BodyError, create_request, parse_json, string_map


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "{}"),
        ({"topic": "x", "name": "p"}, "{name=p, topic=x}"),
        ({"a": None, "b": ""}, "{a=null, b=}"),
        (
            {"connector.class": "C", "tasks.max": "1", "file": "f", "topic": "t", "name": "n"},
            "{connector.class=C, file=f, tasks.max=1, name=n, topic=t}",
        ),
    ],
)
def test_maps_as_java_prints_them(values, text):
    assert map_text(values) == text


@given(st.dictionaries(st.text(), st.none() | st.text()))
def test_any_map_prints(values):
    assert map_text(values).startswith("{")


def test_string_maps_keep_the_text_of_numbers():
    body = b'{"i": 1, "f": 1.50, "e": 1E3, "t": true, "n": null, "s": "1"}'
    expected = {"i": "1", "f": "1.50", "e": "1E3", "t": "true", "n": None, "s": "1"}
    assert string_map(parse_json(body)) == expected


@pytest.mark.parametrize("body", [b"{", b"[", b"name=x", b"\xff", b'{"a": NaN}', b"{'a': 1}", b"[" * 100_000])
def test_malformed_json(body):
    with pytest.raises(BodyError):
        parse_json(body)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true", b'{"a": {}}', b'{"a": []}', b'{"a": {"b": 1}}'])
def test_what_is_no_string_map(body):
    with pytest.raises(BodyError):
        string_map(parse_json(body))


def test_create_requests():
    request = create_request(parse_json(b'{"name": 5, "config": {"a": 1}, "initial_state": "stopped"}'))
    assert (request.name, request.config, request.target) == ("5", {"a": "1"}, "STOPPED")
    for body in (b'{"name": "x", "bogus": 1}', b"[]", b'"x"', b'{"initial_state": "ASLEEP"}', b'{"config": []}'):
        with pytest.raises(BodyError):
            create_request(parse_json(body))


@given(st.binary(max_size=40))
def test_any_body_is_a_value_or_a_body_error(body):
    try:
        string_map(parse_json(body))
    except BodyError as error:
        assert error.message  # noqa: PT017  either outcome is right
