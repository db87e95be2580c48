"""Templates: what they make, and what is wrong with them."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import ConfigError, Schema
from barnabas.config import Importance
from barnabas.connectors.datagen.config import CONFIG
from barnabas.connectors.datagen.generators import GENERATORS
from barnabas.connectors.datagen.template import Template
from barnabas.schema import validate_value

IDS = range(3, 203, 2)


def rows(text, ids=IDS, seed="s"):
    return Template(text).block(ids, seed).rows(0, len(ids))


def test_a_placeholder_alone_keeps_its_type_and_text_around_it_makes_text():
    row = rows('{"id": "{{id}}", "text": "no {{id}} of {{id}}!", "plain": "x", "n": 1, "none": null, "ok": true}')[1]
    assert row == {"id": 5, "text": "no 5 of 5!", "plain": "x", "n": 1, "none": None, "ok": True}


def test_nested_objects_and_lists_are_made_anew_for_each_row():
    values = rows('{"a": {"b": ["{{id}}", {"c": "{{id}}"}], "e": {}, "l": []}}')
    assert values[0] == {"a": {"b": [3, {"c": 3}], "e": {}, "l": []}}
    inner = [value["a"][name] for value in values for name in ("b", "e", "l")]
    assert len({id(entry) for entry in inner}) == len(inner)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("{{int 5 7}}", lambda v: v in (5, 6, 7)),
        ("{{int -3 -3}}", lambda v: v == -3),
        ("{{int 0 9223372036854775807}}", lambda v: 0 <= v < 2**63),
        ("{{float 0 1}}", lambda v: 0 <= v <= 1 and round(v, 2) == v),
        ("{{float -1 1 4}}", lambda v: -1 <= v <= 1 and round(v, 4) == v),
        ("{{bool}}", lambda v: isinstance(v, bool)),
        ("{{bool 1}}", lambda v: v is True),
        ("{{choice red 'light blue'}}", lambda v: v in ("red", "light blue")),
        ("{{name}}", lambda v: len(v.split()) == 2),
        ("{{email}}", lambda v: re.fullmatch(r"[a-z]+\.[a-z]+\.\d+@example\.com", v)),
        ("{{country}}", lambda v: re.fullmatch("[A-Z]{2}", v)),
        ("{{sentence 3}}", lambda v: re.fullmatch(r"[A-Z]\w+ \w+ \w+\.", v)),
        ("{{uuid}}", lambda v: uuid.UUID(v).version == 4 and uuid.UUID(v).variant == uuid.RFC_4122),
        ("{{now_ms}}", lambda v: v > 1_700_000_000_000),
        ("{{now}}", lambda v: abs((datetime.now(UTC) - datetime.fromisoformat(v)).total_seconds()) < 5),
    ],
)
def test_generators(text, check):
    for value in rows(text):
        assert check(value), value


def test_time_advances_with_the_id():
    assert rows("{{time 2026-01-01T00:00:00Z 10s}}", range(2)) == [
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:10.000Z",
    ]
    assert rows("{{time 2026-01-01 250ms}}", range(1, 2)) == ["2026-01-01T00:00:00.250Z"]


@pytest.mark.parametrize("name", list(GENERATORS))
def test_each_usage_text_works_as_written_and_fits_its_schema(name):
    usage = GENERATORS[name][1]
    for placeholder in re.findall(r"\{\{.*?\}\}", usage):
        assert placeholder.strip("{}").split()[0] == name
        template = Template(json.dumps({"x": placeholder}), typed=True)
        for value in template.block(range(5), "").rows(0, 5):
            validate_value(template.schema, value)


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_slice_of_a_block_is_the_same_as_the_block_sliced(one, two):
    block = Template('{"a": "{{name}}", "b": ["{{uuid}}", "{{int 1 9}} x"]}').block(IDS, "seed")
    start, stop = sorted((one, two))
    assert block.rows(start, stop) == block.rows(0, len(IDS))[start:stop]


def test_the_same_seed_gives_the_same():
    text = '{"a": "{{name}}", "b": "{{uuid}}"}'
    assert rows(text, seed="1") == rows(text, seed="1") != rows(text, seed="2")


def test_schema():
    template = Template(
        '{"i": "{{id}}", "f": 1.5, "b": false, "s": "a {{id}}", "n": null, "l": ["{{int 1 2}}"],'
        ' "o": {"x": "{{now_ms}}"}}',
        typed=True,
    )
    fields = {field.name: field.schema for field in template.schema.fields}
    assert fields == {
        "i": Schema.INT64,
        "f": Schema.FLOAT64,
        "b": Schema.BOOLEAN,
        "s": Schema.STRING,
        "n": Schema.OPTIONAL_STRING,
        "l": Schema.array(Schema.INT64),
        "o": Schema.struct(None, x=Schema.INT64),
    }
    assert template.fields == ("i", "f", "b", "s", "n", "l", "o")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": ', "this is no JSON"),
        ("{{nmae}}", "Did you mean name?"),
        ("{{xyzzy}}", "There are: id, int"),
        ("{{}}", "says nothing"),
        ("{{choice 'a}}", "a quote in it is not closed"),
        ("{{choice}}", "nothing to choose from"),
        ("{{int 5}}", "too few or too many"),
        ("{{int 5 x}}", "'x' is no whole number"),
        ("{{int 5 1}}", "5 is more than 1"),
        ("{{int 0 9223372036854775808}}", "64 bits"),
        ("{{float a 1}}", "'a' is no number"),
        ("{{time soon}}", "is no time like"),
        ("{{time 2026-01-01 1w}}", "is no step like"),
        ("{{sentence 0}}", "at least one word"),
    ],
)
def test_what_is_wrong_is_said(text, complaint):
    with pytest.raises(ConfigError, match="template: ") as caught:
        Template(text)
    assert complaint in str(caught.value)
    assert caught.value.key == "template"


def test_a_list_of_different_types_is_fine_without_schema_only():
    assert rows('["{{id}}", "x"]', range(1)) == [[0, "x"]]
    with pytest.raises(ConfigError, match="different types"):
        Template('["{{id}}", "x"]', typed=True)


def test_the_default_template_is_a_good_first_one():
    key = CONFIG.keys["template"]
    assert key.importance is Importance.HIGH
    assert rows(key.default)[0].keys() == {"id", "name", "city", "amount", "at"}
