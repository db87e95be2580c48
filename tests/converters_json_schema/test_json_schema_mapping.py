"""How schemas correspond, both ways: the tables that the JVM's converter follows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from json_schema_kit import converter, read, register, schema_of, written_schema

from barnabas.converters._registry_client.schemas import Reference
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Timestamp, Type

ONE_OF = "io.confluent.connect.json.OneOf"
ENUM = "io.confluent.connect.json.Enum"
DECIMAL = {
    "type": "number",
    "title": "org.apache.kafka.connect.data.Decimal",
    "connect.type": "bytes",
    "connect.version": 1,
    "connect.parameters": {"scale": "2"},
}
COLOURS = Schema(Type.STRING, parameters={ENUM: "", f"{ENUM}.red": "red", f"{ENUM}.blue": "blue"})


def union(*schemas):
    return Schema.struct(ONE_OF, **{f"{ONE_OF}.field.{at}": each for at, each in enumerate(schemas)})


BOTH_WAYS = [
    (Schema.INT8, {"type": "integer", "connect.type": "int8"}),
    (Schema.INT16, {"type": "integer", "connect.type": "int16"}),
    (Schema.INT32, {"type": "integer", "connect.type": "int32"}),
    (Schema.INT64, {"type": "integer", "connect.type": "int64"}),
    (Schema.FLOAT32, {"type": "number", "connect.type": "float32"}),
    (Schema.FLOAT64, {"type": "number", "connect.type": "float64"}),
    (Schema.BOOLEAN, {"type": "boolean"}),
    (Schema.STRING, {"type": "string"}),
    (Schema.BYTES, {"type": "string", "connect.type": "bytes"}),
    (Schema.OPTIONAL_STRING, {"oneOf": [{"type": "null"}, {"type": "string"}]}),
    (LogicalDecimal.schema(2), DECIMAL),
    (
        Timestamp.SCHEMA.replace(default=datetime(1970, 1, 1, tzinfo=UTC)),
        {"type": "integer", "title": Timestamp.NAME, "connect.type": "int64", "connect.version": 1, "default": 0},
    ),
    (COLOURS, {"enum": ["red", "blue"]}),
    (
        Schema.map(Schema.STRING, Schema.INT32).replace(name="foo.bar"),
        {
            "type": "object",
            "connect.type": "map",
            "title": "foo.bar",
            "additionalProperties": {"type": "integer", "connect.type": "int32"},
        },
    ),
    (
        Schema.map(Schema.OPTIONAL_STRING, Schema.INT32),
        {
            "type": "array",
            "connect.type": "map",
            "items": {
                "type": "object",
                "properties": {
                    "key": {"oneOf": [{"type": "null"}, {"type": "string"}], "connect.index": 0},
                    "value": {"type": "integer", "connect.type": "int32", "connect.index": 1},
                },
            },
        },
    ),
    (
        Schema.struct("Record", int8=Schema.INT8, string=Schema.OPTIONAL_STRING),
        {
            "type": "object",
            "title": "Record",
            "properties": {
                "int8": {"type": "integer", "connect.type": "int8", "connect.index": 0},
                "string": {"oneOf": [{"type": "null"}, {"type": "string"}], "connect.index": 1},
            },
        },
    ),
    (
        union(Schema.OPTIONAL_INT8, Schema.OPTIONAL_STRING),
        {
            "oneOf": [
                {"type": "integer", "connect.type": "int8", "connect.index": 0},
                {"type": "string", "connect.index": 1},
            ]
        },
    ),
]


@pytest.mark.parametrize(("schema", "node"), BOTH_WAYS, ids=[repr(schema) for schema, _ in BOTH_WAYS])
def test_both_ways(schema, node):
    assert written_schema(schema) == node
    assert schema_of(node) == schema


@pytest.mark.parametrize(
    ("node", "schema"),
    [
        ({"type": "integer"}, Schema.INT64),
        ({"type": "number"}, Schema.FLOAT64),
        ({"type": "number", "connect.type": "int32"}, Schema.INT32),
        ({"type": ["null", "string"]}, Schema.OPTIONAL_STRING),
        ({"type": ["string", "null"], "format": "uuid"}, Schema.OPTIONAL_STRING),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, Schema.OPTIONAL_BOOLEAN),
        ({"oneOf": [{"type": "null", "title": "Not included"}, {"type": "string"}]}, Schema.OPTIONAL_STRING),
        ({"const": "money", "type": "string"}, Schema.STRING),
        ({"const": 123, "type": "integer"}, Schema.INT64),
        ({"const": 1.5}, Schema.FLOAT64),
        ({"type": "string", "enum": ["red", "blue"]}, COLOURS),
        ({"allOf": [{"type": "string"}, {"enum": ["red", "blue"]}]}, COLOURS),
        ({"enum": ["red", "blue", None]}, COLOURS.as_optional()),
        ({"allOf": [{"type": "number"}, {"enum": [1, 2]}]}, Schema.FLOAT64),
        ({"type": "object", "additionalProperties": {"type": "string"}}, Schema.map(Schema.STRING, Schema.STRING)),
        ({"type": ["integer", "string"]}, union(Schema.OPTIONAL_INT64, Schema.OPTIONAL_STRING)),
        (
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
            union(Schema.OPTIONAL_INT64, Schema.OPTIONAL_STRING).as_optional(),
        ),
        ({"properties": {"a": {"type": "string"}}}, Schema.struct(a=Schema.STRING)),
        ({"items": {"type": "string"}}, Schema.array(Schema.STRING)),
        ({"type": "string", "default": "x", "description": "d"}, Schema(Type.STRING, default="x", doc="d")),
        ({"type": "null"}, Schema.OPTIONAL_STRING),
        ({"type": "object"}, Schema.struct()),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": []}],
            },
            Schema.struct(a=Schema.STRING),
        ),
        (
            {
                "title": "Product",
                "type": "object",
                "properties": {"id": {"type": "integer"}},
                "anyOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}],
            },
            union(
                Schema.struct(id=Schema.INT64, a=Schema.STRING).as_optional(),
                Schema.struct(id=Schema.INT64, b=Schema.STRING).as_optional(),
            ),
        ),
        (
            {
                "allOf": [{"$ref": "#/definitions/Base"}, {"$ref": "#/definitions/More"}],
                "title": "Message",
                "properties": {"own": {"type": "string"}},
                "definitions": {
                    "Base": {"properties": {"id": {"type": "string"}}},
                    "More": {"properties": {"id2": {"type": "integer"}}},
                },
            },
            Schema.struct("Message", id=Schema.STRING, id2=Schema.INT64, own=Schema.STRING),
        ),
    ],
    ids=str,
)
def test_read_only(node, schema):
    assert schema_of(node) == schema


def test_properties_stand_in_the_order_of_their_index():
    node = {
        "properties": {
            "c": {"type": "string", "connect.index": 2},
            "x": {"type": "string"},
            "a": {"type": "string", "connect.index": 0},
            "b": {"type": "string", "connect.index": 1},
        }
    }
    assert [field.name for field in schema_of(node).fields] == ["a", "b", "c", "x"]


def test_optional_for_nonrequired():
    node = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert schema_of(node) == Schema.struct(a=Schema.STRING, b=Schema.STRING)
    asked = {"use__optional__for__nonrequired": "true", "object__additional__properties": "false"}
    schema = schema_of(node, **asked)
    assert schema == Schema.struct(a=Schema.STRING, b=Schema.OPTIONAL_STRING)
    back = written_schema(schema, **asked)
    assert back["required"] == ["a"]
    assert back["additionalProperties"] is False


def test_general_sum_types():
    schema = schema_of(
        {"properties": {"u": {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "e": {"enum": ["x", "y"]}}},
        generalized__sum__type__support="true",
    )
    union, enum = schema.field("u").schema, schema.field("e").schema
    assert union.parameters == {"org.apache.kafka.connect.data.Union": union.name}
    assert [field.name for field in union.fields] == ["connect_union_field_0", "connect_union_field_1"]
    general = "org.apache.kafka.connect.data.Enum"
    assert enum.parameters == {general: "", f"{general}.x": "0", f"{general}.y": "1"}
    back = written_schema(schema, generalized__sum__type__support="true")["properties"]
    assert back["e"] == {"enum": ["x", "y"], "connect.index": 1}
    assert [choice["type"] for choice in back["u"]["oneOf"]] == ["string", "integer"]


REFERRING = {
    "properties": {
        "home": {"$ref": "address.json", "connect.index": 1},
        "work": {"oneOf": [{"type": "null"}, {"$ref": "address.json#/definitions/short"}]},
        "own": {"$ref": "#own"},
        "nested": {"$ref": "#/$defs/Nested"},
    },
    "definitions": {"Own": {"$id": "#own", "type": "integer"}},
    "$defs": {"Nested": {"type": "boolean"}},
}
ADDRESS = {
    "$id": "address.json",
    "type": "object",
    "title": "Address",
    "properties": {"city": {"$ref": "city.json"}},
    "definitions": {"short": {"type": "string"}},
}


def test_references_into_the_registry():
    made = converter(json__fail__invalid__schema="true")
    register(made, {"type": "string", "minLength": 2}, "city")
    register(made, ADDRESS, "address", [Reference("city.json", "city", 1)])
    head = register(made, REFERRING, references=[Reference("address.json", "address", 1)])
    text = b'{"home":{"city":"Rome"},"work":"x","own":7,"nested":true}'
    schema, value = made.to_connect("t", head + text)
    assert schema.field("home").schema == Schema.struct("Address", city=Schema.STRING)
    assert schema.field("work").schema == Schema.OPTIONAL_STRING
    assert value == {"home": {"city": "Rome"}, "work": "x", "own": 7, "nested": True}
    with pytest.raises(DataError, match="does not match its schema at") as caught:
        made.to_connect("t", head + text.replace(b"Rome", b"R"))
    assert "home.city" in str(caught.value)


@pytest.mark.parametrize(
    ("node", "code", "says"),
    [
        ({}, "BRN-1471", "allows everything"),
        (True, "BRN-1471", "allows everything"),
        ({"type": "array"}, "BRN-1471", "items of any kind"),
        ({"type": "array", "items": [{"type": "string"}]}, "BRN-1471", "several kinds"),
        ({"type": "colour"}, "BRN-1471", "has the type colour"),
        ({"properties": {"a": {"properties": {"b": {}}}}}, "BRN-1471", "#/properties/a/properties/b"),
        ({"type": "integer", "default": "x"}, "BRN-1471", "default"),
        ({"$ref": "#/definitions/x"}, "BRN-1472", "#/definitions/x"),
        ({"$ref": "other.json"}, "BRN-1472", "other.json"),
        ({"properties": {"parent": {"$ref": "#"}}}, "BRN-1473", "contains itself"),
        ({"$ref": "#"}, "BRN-1473", "itself"),
        (
            {"$ref": "#/$defs/F", "$defs": {"F": {"properties": {"f": {"items": {"$ref": "#/$defs/F"}}}}}},
            "BRN-1473",
            "f",
        ),
    ],
    ids=str,
)
def test_what_no_connect_schema_says(node, code, says):
    with pytest.raises(DataError, match="JSON Schema") as caught:
        schema_of(node)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_logical_types_of_messages():
    node = {"properties": {"d": {**DECIMAL}, "on": {"type": "integer", "title": Date.NAME, "connect.type": "int32"}}}
    assert read(node, b'{"d":12.50,"on":1}').value == {"d": Decimal("12.50"), "on": date(1970, 1, 2)}
    assert read(node, b'{"d":"BOI=","on":1}').value == {"d": Decimal("12.50"), "on": date(1970, 1, 2)}
