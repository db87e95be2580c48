"""Random schemas and values through Avro: they come back, whichever part of the code reads and writes them."""

from __future__ import annotations

import io
import json
import math
import sys
import warnings

import avro.io
import avro.schema
import pytest
from avro_kit import converter, fresh_url, registered, schemas, values, with_defaults, without_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._columns import native
from barnabas.converters._registry_client.schemas import SchemaText
from barnabas.errors import DataError
from barnabas.schema import Schema

CALM = settings(max_examples=50, deadline=None)


@st.composite
def columns(draw):
    schema = draw(schemas())
    return schema, draw(st.lists(values(schema), min_size=1, max_size=5))


@given(columns())
@CALM
def test_what_is_written_is_read_with_its_schema_by_us_and_by_apache_avro(case):
    schema, column = case
    made = converter()
    messages = made.from_connect_column("t", schema, column)
    found, back = made.to_connect_column("t", messages)
    assert back == [with_defaults(schema, value) for value in column]
    if None not in messages:
        assert found == (schema if schema.version is not None else schema.replace(version=1))
    assert [made.to_connect("t", message).value for message in messages] == back
    with without_plan(made):
        assert made.from_connect_column("t", schema, column) == messages
        assert made.to_connect_column("t", messages) == (found, back)
    written_again(registered(made).text, messages)


def written_again(text, messages):
    """Apache Avro reads them, up to the last byte, and writes the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decimals with more places than digits are no logical types to it
        theirs = avro.schema.parse(text)
        for message in messages:
            if message is not None:
                decoder = avro.io.BinaryDecoder(io.BytesIO(message[5:]))
                datum = avro.io.DatumReader(theirs).read(decoder)
                assert decoder.reader.tell() == len(message) - 5
                out = io.BytesIO()
                avro.io.DatumWriter(theirs).write(datum, avro.io.BinaryEncoder(out))
                assert out.getvalue() == message[5:]


@given(columns(), st.data())
@CALM
def test_damaged_messages_are_data_errors_to_both_parts(case, data):
    schema, column = case
    made = converter()
    message = made.from_connect("t", schema, column[0])
    if message is None:
        return
    cut = data.draw(st.integers(0, len(message)))
    junk = data.draw(st.binary(max_size=6))
    payload = message[:5] + message[5:cut] + junk

    def outcome():
        try:
            return made.to_connect("t", payload).value
        except DataError as error:
            return error.code

    first = outcome()
    with without_plan(made):
        assert same(outcome(), first)


def same(left, right):
    """NaN counts as equal to itself."""
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def test_columns_are_read_and_written_by_the_compiled_part():
    schema = Schema.struct("R", a=Schema.INT64, b=Schema.OPTIONAL_STRING)
    made = converter()
    made.to_connect_column("t", made.from_connect_column("t", schema, [{"a": 1, "b": "x"}]))
    (reader,) = made._readers.values()
    ((_, writer),) = made._writers.values()
    assert (reader._plan is None) == (writer._plan is None) == (native is None or not hasattr(native, "avro_plan"))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False)
        | st.text()
        | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=3),
        max_leaves=8,
    )
)
@CALM
def test_values_without_a_schema_come_back_without_one(value):
    made = converter()
    assert made.to_connect("t", made.from_connect("t", None, value)) == (None, value)


def test_both_parts_write_the_same_into_another_schema():
    """The subject's newest: fields more and less, wider types, an alias, a default in a record."""
    url = fresh_url()
    setup = converter(url)
    newest = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": "long"},
            {"name": "renamed", "type": ["null", "string"], "aliases": ["b"], "default": None},
            {"name": "added", "type": {"type": "array", "items": "int"}, "default": [1, 2]},
            {"name": "more", "type": ["null", "double"], "default": None},
            {"name": "f", "type": "double"},
        ],
    }
    setup.client.register("t-value", SchemaText(json.dumps(newest)))
    settings_ = {"auto__register__schemas": "false", "use__latest__version": "true"}
    made = converter(url, latest__compatibility__strict="false", **settings_)
    schema = Schema.struct("R", a=Schema.INT32, b=Schema.OPTIONAL_STRING, gone=Schema.BOOLEAN, f=Schema.FLOAT32)
    column = [{"a": 1, "b": "x", "gone": True, "f": 1.5}, {"a": -1, "b": None, "gone": False, "f": 0.5}]
    messages = made.from_connect_column("t", schema, column)
    with without_plan(made):
        assert made.from_connect_column("t", schema, column) == messages
    assert setup.to_connect_column("t", messages)[1] == [
        {"a": 1, "renamed": "x", "added": [1, 2], "more": None, "f": 1.5},
        {"a": -1, "renamed": None, "added": [1, 2], "more": None, "f": 0.5},
    ]


@pytest.mark.skipif(native is None, reason="the compiled part is not built")
def test_the_compiled_part_keeps_nothing():
    schema = Schema.struct("R", a=Schema.INT64, b=Schema.OPTIONAL_STRING, c=Schema.array(Schema.STRING))
    made = converter()
    row = {"a": 1, "b": "x", "c": ["y"]}
    messages = made.from_connect_column("t", schema, [row])
    counts = [sys.getrefcount(each) for each in (row, row["c"], messages[0])]
    for _ in range(1000):
        made.from_connect_column("t", schema, [row])
        made.to_connect_column("t", messages)
        for spoiled in ({**row, "a": "x"}, {**row, "c": [1]}):
            with pytest.raises(DataError):
                made.from_connect_column("t", schema, [row, spoiled])
    after = [sys.getrefcount(each) for each in (row, row["c"], messages[0])]
    assert after == counts
