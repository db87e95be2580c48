"""Values in and out of messages: unions, nulls, defaults, maps, strict mode, checks, evolution, damage."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_schema_kit import converter, read, register

from barnabas.converters import load_converter
from barnabas.errors import ConfigError, DataError
from barnabas.schema import LogicalDecimal, Schema

ONE_OF = "io.confluent.connect.json.OneOf"


def union(*schemas, name=ONE_OF):
    return Schema.struct(name, **{f"{ONE_OF}.field.{at}": each for at, each in enumerate(schemas)})


def chosen(at, value, size=2):
    return {f"{ONE_OF}.field.{number}": value if number == at else None for number in range(size)}


def text_of(payload):
    assert payload[:1] == b"\0"
    return payload[5:]


def test_it_is_found_by_all_its_names():
    names = ("io.confluent.connect.json.JsonSchemaConverter", "JsonSchemaConverter", "JsonSchema")
    assert {load_converter(name).__name__ for name in names} == {"JsonSchemaConverter"}


@pytest.mark.parametrize(
    ("alternatives", "node", "at", "value"),
    [
        ([Schema.INT8, Schema.INT16], 12, 0, 12),
        ([Schema.INT8, Schema.INT16], 300, 1, 300),
        ([Schema.STRING, Schema.INT32], 12, 1, 12),
        ([Schema.STRING, Schema.FLOAT64], 123, 1, 123.0),
        ([Schema.BOOLEAN, Schema.INT64], True, 0, True),
        ([Schema.array(Schema.INT32), Schema.array(Schema.STRING)], ["x"], 1, ["x"]),
        ([Schema.struct("A", a=Schema.INT8), Schema.struct("B", b=Schema.INT8)], {"b": 1}, 1, {"b": 1}),
        ([Schema.struct("A", a=Schema.STRING), Schema.struct("B", a=Schema.INT8)], {"a": 1}, 1, {"a": 1}),
        (
            [
                Schema.struct("A", both=Schema.struct(x=Schema.STRING)),
                Schema.struct("B", both=Schema.struct(y=Schema.STRING)),
            ],
            {"both": {"y": "z"}},
            1,
            {"both": {"y": "z"}},
        ),
    ],
    ids=str,
)
def test_unions(alternatives, node, at, value):
    schema = union(*[each.as_optional() for each in alternatives])
    made = converter()
    payload = made.from_connect("t", schema, chosen(at, value))
    assert json.loads(text_of(payload)) == node
    assert made.to_connect("t", payload) == (schema, chosen(at, value))


def test_a_value_that_is_no_alternative():
    made = converter()
    head = register(made, {"oneOf": [{"type": "string"}, {"type": "boolean"}]})
    with pytest.raises(DataError, match="none of the union's alternatives") as caught:
        made.to_connect("t", head + b"7")
    assert "STRING, BOOLEAN" in str(caught.value)
    with pytest.raises(DataError, match="needs a value in one of its fields"):
        made.from_connect("t", union(Schema.OPTIONAL_STRING, Schema.OPTIONAL_BOOLEAN), {})


def test_nulls():
    made = converter()
    assert made.from_connect("t", None, None) is None
    assert made.from_connect("t", Schema.STRING, None) is None
    assert text_of(made.from_connect("t", Schema.OPTIONAL_STRING, None)) == b"null"
    column = made.from_connect_column("t", Schema.STRING, ["a", None, "b"])
    assert [None if each is None else text_of(each) for each in column] == [b'"a"', None, b'"b"']
    assert made.to_connect("t", None) == (None, None)
    schema = Schema.struct("S", a=Schema.STRING, b=Schema.OPTIONAL_STRING)
    assert text_of(made.from_connect("t", schema, {"a": None, "b": None})) == b'{"b":null}'
    rows = made.from_connect_column("t", schema, [{"a": "x", "b": None}, {"a": None, "b": "y"}])
    assert [*map(text_of, rows)] == [b'{"a":"x","b":null}', b'{"b":"y"}']
    assert made.to_connect_column("t", rows)[1] == [{"a": "x", "b": None}, {"a": None, "b": "y"}]


def test_nulls_in_strict_mode():
    made = converter(strict="true")
    schema = Schema.struct("S", a=Schema.STRING)
    with pytest.raises(DataError, match="Converting Kafka Connect data to byte"):
        made.from_connect("t", schema, {"a": None})
    head = register(made, {"type": "object", "properties": {"a": {"type": "string"}}})
    with pytest.raises(DataError, match=r"value\.a: None would be read") as caught:
        made.to_connect("t", head + b"{}")
    assert caught.value.code == "BRN-1476"


@pytest.mark.parametrize(
    ("node", "text", "where"),
    [
        ({"properties": {"n": {"type": "integer", "connect.type": "int8"}}}, b'{"n":300}', "value.n: 300"),
        ({"properties": {"n": {"type": "string"}}}, b'{"n":"x","more":1}', "value.more would be left out"),
        ({"items": {"type": "integer"}}, b'[1,"x"]', "value[1]: 'x'"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, b'{"k":1}', "value.k: 1"),
        ({"oneOf": [{"properties": {"a": {"type": "string"}}}, {"type": "string"}]}, b'{"a":"x","b":1}', "value.b"),
    ],
    ids=str,
)
def test_strict_mode_names_the_place(node, text, where):
    lenient, strict = converter(), converter(strict="true")
    lenient.to_connect("t", register(lenient, node) + text)
    with pytest.raises(DataError, match="Converting byte") as caught:
        strict.to_connect("t", register(strict, node) + text)
    assert where in str(caught.value)


def test_defaults():
    node = {
        "properties": {
            "a": {"type": "integer", "connect.type": "int32", "default": 7},
            "b": {"oneOf": [{"type": "null"}, {"type": "string", "default": "x"}]},
            "c": {"oneOf": [{"type": "null"}, {"type": "string"}], "default": "y"},
        }
    }
    assert read(node, {}).value == {"a": 7, "b": "x", "c": "y"}
    assert read(node, {"a": 1, "b": None, "c": "z"}).value == {"a": 1, "b": "x", "c": "z"}
    kept = read(node, {"a": None, "b": None}, ignore__default__for__nullables="true")
    assert kept.value == {"a": 7, "b": None, "c": None}
    made = converter(ignore__default__for__nullables="true")
    assert text_of(made.from_connect("t", kept.schema, kept.value)) == b'{"a":7,"b":null,"c":null}'


def test_members_may_stand_in_any_order_and_be_missing_or_unknown():
    node = {"properties": {"a": {"type": "integer"}, "b": {"type": ["null", "string"]}}}
    made = converter()
    head = register(made, node)
    texts = [b'{"b":"x","a":1}', b'{"a":2}', b'{"a":3,"c":[]}']
    _, values = made.to_connect_column("t", [head + text for text in texts])
    assert values == [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": None}]


def test_checks_on_both_sides():
    made = converter(json__fail__invalid__schema="true")
    head = register(made, {"properties": {"n": {"type": "integer", "minimum": 5}}})
    assert made.to_connect("t", head + b'{"n":5}').value == {"n": 5}
    with pytest.raises(DataError, match=r"at \$\.n: 4 is less than the minimum of 5") as caught:
        made.to_connect_column("t", [head + b'{"n":6}', head + b'{"n":4}'])
    assert caught.value.code == "BRN-1475"
    price = LogicalDecimal.schema(2)
    with pytest.raises(DataError, match=r"decimal\.format=NUMERIC"):
        made.from_connect("t", price, Decimal("1.50"))
    numeric = converter(json__fail__invalid__schema="true", decimal__format="numeric")
    assert text_of(numeric.from_connect("t", price, Decimal("1.50"))) == b"1.50"


def test_the_newest_schema_is_what_messages_are_marked_with():
    url = "mock://json-schema-latest"
    head = register(converter(url), {"type": "object", "title": "S", "properties": {"a": {"type": "string"}}})
    latest = {"auto__register__schemas": "false", "use__latest__version": "true"}
    made = converter(url, **latest)
    assert made.from_connect("t", Schema.struct("S", a=Schema.STRING), {"a": "x"}) == head + b'{"a":"x"}'
    with pytest.raises(DataError, match=r"\$\.a: integer does not fit string"):
        made.from_connect("t", Schema.struct("S", a=Schema.INT64), {"a": 1})


def test_subjects_by_the_title():
    made = converter(value__subject__name__strategy="TopicRecordNameStrategy")
    made.from_connect("t", Schema.struct("S", a=Schema.STRING), {"a": "x"})
    assert json.loads(made.client.latest("t-S").schema.text)["title"] == "S"


def test_a_topic_goes_through_versions():
    """Added with a default, removed, promoted: each message reads by the schema it was written with."""
    made = converter()
    old = register(
        made, {"properties": {"id": {"type": "integer", "connect.type": "int32"}, "gone": {"type": "string"}}}
    )
    new = register(
        made,
        {"properties": {"id": {"type": "integer"}, "more": {"type": "string", "default": "none"}}},
    )
    payloads = [old + b'{"id":1,"gone":"x"}', new + b'{"id":2}', new + b'{"id":9876543210,"more":"y"}']
    schemas, values = made.to_connect_column("t", payloads)
    assert values == [{"id": 1, "gone": "x"}, {"id": 2, "more": "none"}, {"id": 9876543210, "more": "y"}]
    assert [schema.field("id").schema for schema in schemas] == [Schema.INT32, Schema.INT64, Schema.INT64]


def test_what_cannot_be_written():
    with pytest.raises(DataError, match="Converting Kafka Connect data to byte") as caught:
        converter().from_connect("t", None, {"a": 1})
    assert "schemas.enable=false" in str(caught.value)
    with pytest.raises(DataError, match="Invalid type for INT32"):
        converter().from_connect("t", Schema.struct("S", a=Schema.INT32), {"a": "x"})


def test_what_cannot_be_read():
    made = converter()
    head = register(made, {"type": "string"})
    for text, says in ((b"", "input is empty"), (b"{", "no JSON"), (b"\x1f\x8b\0\0", "looks like gzip")):
        with pytest.raises(DataError, match="Converting byte") as caught:
            made.to_connect("t", head + text)
        assert caught.value.code == "BRN-1474"
        assert says in str(caught.value)
    with pytest.raises(DataError, match="Unknown magic byte") as caught:
        made.to_connect("t", b'{"a":1}')
    assert "JsonConverter with value.converter.schemas.enable=false" in str(caught.value)
    with pytest.raises(DataError, match="no JSON") as caught:
        made.to_connect("t", register(made, "{", "broken") + b"1")
    assert caught.value.code == "BRN-1470"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"list":[{"n":1},{"n":[2]},7]}', "At value.list[2] is 7, where the schema says STRUCT"),
        (b'{"list":[],"day":"x"}', "At value.day is 'x', where the schema says INT32"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place_and_its_schema(text, says):
    made = converter()
    item = {"properties": {"n": {"type": "integer"}}}
    day = {"type": "integer", "title": "org.apache.kafka.connect.data.Date", "connect.type": "int32"}
    head = register(made, {"properties": {"list": {"items": item}, "day": {"oneOf": [{"type": "null"}, day]}}})
    with pytest.raises(DataError) as caught:
        made.to_connect_column("t", [head + text])
    assert says in str(caught.value)
    assert "schema id 1, version 1 of subject t-value" in str(caught.value)


def test_schemas_nested_deeply():
    node, schema = {"type": "string"}, Schema.STRING
    for _ in range(150):
        node, schema = {"items": node}, Schema.array(schema)
    assert read(node, [[]]).schema == schema
    made = converter()
    with pytest.raises(DataError, match="nested too deeply"):
        made.to_connect("t", register(made, _deep(3000)) + b"{}")


def _deep(levels):
    return '{"properties":{"a":' * levels + '{"type":"string"}' + "}}" * levels


def test_wrong_settings():
    with pytest.raises(ConfigError, match=r"decimal\.format"):
        converter(decimal__format="HEX")
    with pytest.raises(ConfigError, match=r"json\.schema\.spec\.version"):
        converter(json__schema__spec__version="draft_99")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    "type",
    "properties",
    "items",
    "oneOf",
    "anyOf",
    "allOf",
    "enum",
    "const",
    "required",
    "default",
    "$ref",
    "$id",
    "additionalProperties",
    "connect.type",
    "connect.index",
    "connect.parameters",
    "connect.version",
    "title",
    "definitions",
]
SAYS = st.sampled_from(
    [
        "object",
        "array",
        "string",
        "integer",
        "number",
        "boolean",
        "null",
        "map",
        "bytes",
        "int8",
        "#",
        "#/definitions/a",
        "a",
    ]
)
NODES = st.recursive(
    SAYS | JSON,
    lambda inner: st.dictionaries(st.sampled_from([*WORDS, "a"]), inner | st.lists(inner, max_size=3), max_size=5),
    max_leaves=12,
)


@given(node=NODES, value=JSON, strict=st.booleans(), checked=st.booleans())
@settings(deadline=None)
def test_no_schema_and_no_message_raises_anything_but_a_data_error(node, value, strict, checked):
    made = converter("mock://json-schema-hostile", strict=strict, json__fail__invalid__schema=checked)
    head = register(made, node)
    text = json.dumps(value).encode()
    try:
        found = made.to_connect("t", head + text)
    except DataError:
        return
    assert made.to_connect_column("t", [head + text] * 2)[1] == [found.value] * 2 or found.value != found.value


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_bytes(payload):
    made = converter("mock://json-schema-bytes")
    head = register(made, {"properties": {"a": {"type": "integer"}}})
    for message in (payload, head + payload):
        with suppress(DataError):
            made.to_connect("t", message)
