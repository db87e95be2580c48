from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError, DataError, IllegalArgumentError
from barnabas.record import SourceRecord
from barnabas.schema import Schema, Type
from barnabas.transforms._field_path import parse_path
from barnabas.transforms.extract_field import ExtractFieldKey, ExtractFieldValue


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ["a"]),
        ("a.b", ["a", "b"]),
        ("a..b", ["a", "", "b"]),
        (".a", ["", "a"]),
        ("a.", ["a", ""]),
        (".", ["", ""]),
        ("", []),
        ("`a.b`", ["a.b"]),
        ("`a.b`.c", ["a.b", "c"]),
        ("a.`b.c`", ["a", "b.c"]),
        ("``", [""]),
        ("``.a", ["", "a"]),
        ("`a`b`.c", ["a`b", "c"]),
        ("`a\\`.b`", ["a`.b"]),
        ("`a\\`b`", ["a\\`b"]),
        ("a`.b", ["a`", "b"]),
        ("a.`b`.", ["a", "b", ""]),
    ],
)
def test_steps(text: str, steps: list[str]) -> None:
    assert parse_path(text, "v2") == tuple(steps)
    assert parse_path(text, "V1") == (text,)


@pytest.mark.parametrize(
    ("text", "at"), [("`a", 0), ("a.`b", 2), ("`", 0), ("`a`b", 0), ("`a\\`", 0), ("`a\\`.b", 0), ("`a`.`b", 4)]
)
def test_lone_backtick(text: str, at: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_path(text, "V2")
    assert caught.value.message == (
        f"Incomplete backtick pair in path: [{text}], consider adding a backslash before backtick at position {at} "
        "to escape it"
    )


@given(st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=3))
def test_quoted_steps_come_back(steps: list[str]) -> None:
    assert parse_path(".".join(f"`{step}`" for step in steps), "V2") == tuple(steps)


@given(st.text("a.`\\", max_size=8))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        steps = parse_path(text, "V2")
    except ConfigError:
        return
    assert bool(steps) == bool(text)


def extracted(value: Any, schema: Schema | None = None, **config: str) -> SourceRecord:
    transformation: ExtractFieldValue[SourceRecord] = ExtractFieldValue()
    transformation.configure({name.replace("_", "."): text for name, text in config.items()})
    return transformation.apply(SourceRecord("t", value, value_schema=schema))


def test_an_empty_path_leads_nowhere() -> None:
    assert extracted(None, field="", field_syntax_version="V2").value is None
    with pytest.raises(IllegalArgumentError):
        extracted({}, field="", field_syntax_version="V2")


def test_a_null_on_the_path_is_the_result() -> None:
    assert extracted({"a": {"b": None}}, field="a.b.c.d", field_syntax_version="V2").value is None


def test_maps_of_derived_classes_are_maps() -> None:
    class Row(dict[str, Any]):
        pass

    assert extracted(Row(a=1), field="a").value == 1
    assert extracted({"a": Row(b={"c": 1})}, field="a.b.c", field_syntax_version="V2").value == 1


def test_a_list_on_the_path_is_refused() -> None:
    with pytest.raises(DataError, match=r"\[nested field access\], found: java.util.ArrayList"):
        extracted({"a": {"b": [1]}}, field="a.b.c", field_syntax_version="V2")


def test_defaults_on_the_path() -> None:
    inner = Schema.struct(x=Schema.INT32.replace(default=5)).replace(optional=True, default={"x": 7})
    schema = Schema.struct(i=inner)
    assert extracted({}, schema, field="i.x", field_syntax_version="V2").value == 7
    assert extracted({"i": {}}, schema, field="i.x", field_syntax_version="V2").value == 5
    without = {"field": "i.x", "field_syntax_version": "V2", "replace_null_with_default": "false"}
    assert extracted({}, schema, **without).value is None
    assert extracted({"i": {}}, schema, **without).value is None


def test_the_key_becomes_one_of_its_fields() -> None:
    transformation: ExtractFieldKey[SourceRecord] = ExtractFieldKey()
    transformation.configure({"field": "a"})
    record = transformation.apply(
        SourceRecord("t", "v", key={"a": 1}, key_schema=Schema(Type.STRUCT, fields={"a": Schema.INT8}))
    )
    assert (record.key, record.key_schema, record.value) == (1, Schema.INT8, "v")
