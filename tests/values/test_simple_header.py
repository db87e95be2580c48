"""SimpleHeaderConverter beyond the recorded cases: strict mode, what cannot be parsed, any bytes."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.converters.simple_header import SimpleHeaderConverter
from barnabas.converters.string import decode_utf8
from barnabas.errors import ConfigError
from barnabas.schema import Schema

STRICT = SimpleHeaderConverter()
STRICT.configure({"converter.type": "header", "strict": "true"})
PLAIN = SimpleHeaderConverter()
PLAIN.configure({"converter.type": "header"})


@given(st.binary())
def test_any_bytes_are_some_value(payload: bytes) -> None:
    found = PLAIN.to_connect_header("t", "h", payload)
    PLAIN.from_connect_header("t", "h", *found)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_strictly_read_headers_are_written_as_they_came(text: str) -> None:
    payload = text.encode()
    found = STRICT.to_connect_header("t", "h", payload)
    assert STRICT.from_connect_header("t", "h", *found) == payload
    assert found.schema is not None


@pytest.mark.parametrize(
    ("text", "strict", "plain"),
    [
        ("0123", Schema.STRING, Schema.INT8),
        ("1.0", Schema.STRING, Schema.INT8),
        ("1e2", Schema.STRING, Schema.INT8),
        ("1,000", Schema.STRING, Schema.INT8),
        ("[1] x", Schema.STRING, Schema.array(Schema.INT8)),
        ("null", Schema.STRING, None),
        (" true", Schema.STRING, Schema.BOOLEAN),
        ("12", Schema.INT8, Schema.INT8),
        ("1.5", Schema.FLOAT32, Schema.FLOAT32),
        ("[1,2]", Schema.array(Schema.INT8), Schema.array(Schema.INT8)),
    ],
)
def test_guesses(text: str, strict: Schema, plain: Schema | None) -> None:
    assert STRICT.to_connect_header("t", "h", text.encode()).schema is strict
    assert PLAIN.to_connect_header("t", "h", text.encode()).schema is plain


def test_what_is_too_deep_stays_bytes(caplog: pytest.LogCaptureFixture) -> None:
    payload = b"[" * 5000 + b"]" * 5000
    with caplog.at_level(logging.WARNING):
        assert PLAIN.to_connect_header("t", "h", payload) == (Schema.BYTES, payload)
    assert "header 'h' on topic 't'" in caplog.text


def test_nulls_and_settings() -> None:
    assert PLAIN.to_connect_header("t", "h", None) == (None, None)
    assert PLAIN.from_connect_header("t", "h", Schema.STRING, None) is None
    assert decode_utf8(b"a") == "a"
    with pytest.raises(ConfigError, match="strict"):
        SimpleHeaderConverter().configure({"strict": "perhaps"})
