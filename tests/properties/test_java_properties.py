from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError
from barnabas.properties import dump_properties, load_properties, parse_properties

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=8))
def test_round_trip(values):
    assert parse_properties(dump_properties(values)) == values


@given(TEXT)
def test_any_text_parses_or_is_refused_with_a_line(text):
    try:
        parse_properties(text, "f")
    except ConfigError as error:
        assert error.message.startswith("f:")  # noqa: PT017  either outcome is right


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a:b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("a = b", {"a": "b"}),
        ("a \t:\f b c ", {"a": "b c "}),
        ("a==b", {"a": "=b"}),
        ("a:=b", {"a": "=b"}),
        ("a  b=c", {"a": "b=c"}),
        ("a", {"a": ""}),
        ("=b", {"": "b"}),
        ("  # c\n! d\n\n \t\na=1\na=2", {"a": "2"}),
        ("a=b\\\n   c\\\r\n\t d", {"a": "bcd"}),
        ("a=b\\\n# c", {"a": "b# c"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=b\\\n\nc=d", {"a": "b", "c": "d"}),
        ("a=1\rb=2\r\nc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a\\ b\\=c\\:d=x\\ty\\q", {"a b=c:d": "x\tyq"}),
        ("a=\\u00e9\\uD83D\\uDE00", {"a": "é😀"}),
        ("a=b\\", {"a": "b"}),
        ("\\#a=b", {"#a": "b"}),
        (
            'sasl.jaas.config=x required \\\n  user="a" \\\n  password="b";',
            {"sasl.jaas.config": 'x required user="a" password="b";'},
        ),
        ("\\\n# still a comment\na=b", {"a": "b"}),
        ("\\", {"": ""}),
        ("\\\r\n", {}),
    ],
)
def test_as_java(text, values):
    assert parse_properties(text) == values


@pytest.mark.parametrize(
    ("text", "line"), [("a=1\n# c\nb=C:\\users\n", 3), ("a=\\\n \\u12", 1), ("\\u00=", 1), ("a=1\n\n\\uXYZW", 3)]
)
def test_malformed_escapes_name_the_line(text, line):
    with pytest.raises(ConfigError, match=rf"^w.properties:{line}: malformed") as caught:
        parse_properties(text, "w.properties")
    assert "\\\\" in caught.value.remedy


def test_files_are_latin_1_and_utf_8_gets_a_warning(tmp_path, caplog):
    path = tmp_path / "p"
    path.write_bytes(b"a=\xe9\n")
    assert load_properties(path) == {"a": "é"}
    assert not caplog.records
    path.write_bytes("x=1\na=é\n".encode())
    with caplog.at_level(logging.WARNING):
        assert load_properties(path) == {"x": "1", "a": "Ã©"}
    assert "line 2" in caplog.text
    assert "\\uXXXX" in caplog.text


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read(tmp_path, name):
    with pytest.raises(ConfigError, match="Cannot read"):
        load_properties(tmp_path / name)
