"""Random Connect schemas and values through JSON Schema and back, and each other way that has to give the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.converters.json_schema_converter import JsonSchemaConverter

sys.path.insert(0, str(Path(__file__).parents[1] / "converters"))
from converter_strategies import schemas, values, with_defaults


def converter(**settings):
    made = JsonSchemaConverter()
    made.configure(
        {
            "schema.registry.url": "mock://json-schema-properties",
            **{k.replace("__", "."): v for k, v in settings.items()},
        }
    )
    return made


MODES = {
    "plain": converter(),
    "numeric": converter(decimal__format="NUMERIC"),
    "strict": converter(strict="true", decimal__format="NUMERIC"),
    "general": converter(generalized__sum__type__support="true"),
    "required": converter(use__optional__for__nonrequired="true", object__additional__properties="false"),
}


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_back(mode, data):
    schema = data.draw(schemas())
    column = data.draw(st.lists(values(schema), min_size=1, max_size=4))
    made = MODES[mode]
    payloads = made.from_connect_column("t", schema, column)
    assert payloads == [made.from_connect("t", schema, value) for value in column]
    filled = [payload for payload in payloads if payload is not None]
    if not filled:
        return
    found, read = made.to_connect_column("t", filled)
    assert found is schema
    assert read == [with_defaults(schema, v) for v, p in zip(column, payloads, strict=True) if p is not None]
    assert [made.to_connect("t", payload) for payload in filled] == [(schema, value) for value in read]
