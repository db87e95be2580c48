"""Which Avro schema a Connect schema becomes, and the other way round: names, properties, unions, enums, settings."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from avro_kit import converter, read_with, registered, text_of

from barnabas.converters._avro.compatibility import incompatibilities
from barnabas.converters._avro.parsing import parse_schema
from barnabas.errors import DataError, PluginError
from barnabas.schema import Date, Int32, LogicalDecimal, Schema, SchemaBuilder, Time, Timestamp, Type

UNION = "io.confluent.connect.avro.Union"
ENUM = "io.confluent.connect.avro.Enum"


# ---------------------------------------------------------------------- Connect to Avro
@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (Schema.STRING, '"string"'),
        (Schema.OPTIONAL_INT64, '["null","long"]'),
        (Schema.INT8, '{"type":"int","connect.type":"int8"}'),
        (Schema.OPTIONAL_INT16, '["null",{"type":"int","connect.type":"int16"}]'),
        (Schema.array(Schema.FLOAT32), '{"type":"array","items":"float"}'),
        (Schema.map(Schema.STRING, Schema.OPTIONAL_STRING), '{"type":"map","values":["null","string"]}'),
        (
            LogicalDecimal.schema(2),
            (
                '{"type":"bytes","scale":2,"precision":64,"connect.version":1,"connect.parameters":{"scale":"2"},'
                '"connect.name":"org.apache.kafka.connect.data.Decimal","logicalType":"decimal"}'
            ),
        ),
        (
            Timestamp.SCHEMA,
            (
                '{"type":"long","connect.version":1,"connect.name":"org.apache.kafka.connect.data.Timestamp",'
                '"logicalType":"timestamp-millis"}'
            ),
        ),
        (
            Schema.STRING.replace(
                name="io.debezium.data.Enum",
                version=1,
                parameters={"allowed": "true,last,false"},
                default="false",
                optional=True,
            ),
            (
                '[{"type":"string","connect.version":1,"connect.parameters":{"allowed":"true,last,false"},'
                '"connect.default":"false","connect.name":"io.debezium.data.Enum"},"null"]'
            ),
        ),
        (
            Schema.map(Schema.INT32, Schema.STRING),
            (
                '{"type":"array","items":{"type":"record","name":"MapEntry","namespace":"io.confluent.connect.avro",'
                '"fields":[{"name":"key","type":"int"},{"name":"value","type":"string"}]}}'
            ),
        ),
        (
            Schema.BYTES.replace(name="sample", parameters={"connect.fixed.size": "4"}),
            (
                '{"type":"fixed","name":"sample","size":4,"connect.parameters":{"connect.fixed.size":"4"},'
                '"connect.name":"sample"}'
            ),
        ),
    ],
)
def test_types_as_the_java_class_prints_them(schema, text):
    assert text_of(schema) == text


def test_a_record_and_what_stands_in_it():
    inner = Schema.struct("shop.Address", city=Schema.STRING)
    schema = Schema.struct(
        "shop.Order",
        id=Schema.INT32.replace(default=0),
        note=Schema.OPTIONAL_STRING,
        ship=inner.as_optional(),
        bill=inner,
        extra=Schema.struct(None, x=Schema.BOOLEAN),
    )
    assert text_of(schema) == (
        '{"type":"record","name":"Order","namespace":"shop","fields":['
        '{"name":"id","type":{"type":"int","connect.default":0},"default":0},'
        '{"name":"note","type":["null","string"],"default":null},'
        '{"name":"ship","type":["null",{"type":"record","name":"Address","fields":[{"name":"city","type":"string"}],'
        '"connect.name":"shop.Address"}],"default":null},'
        '{"name":"bill","type":"Address"},'
        '{"name":"extra","type":{"type":"record","name":"ConnectDefault","namespace":"io.confluent.connect.avro",'
        '"fields":[{"name":"x","type":"boolean"}]}}'
        '],"connect.name":"shop.Order"}'
    )


def test_structs_without_names_are_counted_and_maps_of_different_entries_told_apart():
    plain = Schema.struct(None, a=Schema.INT32)
    schema = Schema.struct(
        None, x=plain, y=Schema.map(Schema.INT32, Schema.INT32), z=Schema.map(Schema.INT64, Schema.INT64)
    )
    value = {"x": {"a": 1}, "y": {1: 2}, "z": {3: 4}}
    made = converter()
    assert made.to_connect("t", made.from_connect("t", schema, value)).value == value
    names = [field["type"] for field in json.loads(registered(made).text)["fields"]]
    assert names[0]["name"] == "ConnectDefault2"
    assert [names[1]["items"]["name"], names[2]["items"]["name"]] == ["MapEntry", "MapEntry2"]


def test_two_structs_of_one_name_are_refused():
    schema = Schema.struct("A", x=Schema.struct("B", a=Schema.INT32), y=Schema.struct("B", a=Schema.INT64))
    with pytest.raises(DataError, match="Can't redefine: B"):
        text_of(schema)


def test_names_that_avro_does_not_have():
    schema = Schema.struct("org.acme-corp.invalid name", **{"a-b": Schema.STRING})
    with pytest.raises(DataError, match=r"scrub\.invalid\.names=true"):
        text_of(schema)
    made = converter(scrub__invalid__names="true", connect__meta__data="false")
    assert made.from_connect("t", schema, {"a-b": "x"})[5:] == b"\x02x"
    assert registered(made).text == (
        '{"type":"record","name":"invalid_name","namespace":"org.acme_corp","fields":[{"name":"a_b","type":"string"}]}'
    )


def test_optional_keys_of_maps():
    schema = Schema.map(Schema.OPTIONAL_STRING, Schema.INT32)
    assert '"MapEntry"' in text_of(schema)
    assert text_of(schema, allow__optional__map__keys="true") == '{"type":"map","values":"int"}'


def test_documentation():
    schema = (
        SchemaBuilder.struct()
        .name("D")
        .field("x", Schema.STRING.replace(doc="the x"))
        .parameter("io.confluent.connect.avro.record.doc", "the record")
        .parameter("io.confluent.connect.avro.field.doc.x", "the field")
        .build()
    )
    text = json.loads(text_of(schema))
    assert text["doc"] == "the record"
    assert text["fields"][0]["doc"] == "the field"
    assert text["fields"][0]["type"]["connect.doc"] == "the x"


def test_without_meta_data_only_types_are_left():
    schema = Schema.struct("a.B", t=Timestamp.SCHEMA, d=LogicalDecimal.schema(1))
    text = text_of(schema, connect__meta__data="false")
    assert "connect." not in text
    assert text.count("logicalType") == 2


# ---------------------------------------------------------------------- unions and enums
ENUM_TEXT = '{"type":"enum","name":"shop.Colour","doc":"which","symbols":["RED","BLUE"],"default":"RED"}'


def test_enums_are_text_that_remembers_its_symbols():
    found = read_with(ENUM_TEXT, b"\x02")
    assert found.value == "BLUE"
    assert found.schema.name == "shop.Colour"
    assert dict(found.schema.parameters) == {
        "io.confluent.connect.avro.enum.doc.Colour": "which",
        "io.confluent.connect.avro.enum.default.Colour": "RED",
        ENUM: "shop.Colour",
        f"{ENUM}.RED": "RED",
        f"{ENUM}.BLUE": "BLUE",
    }
    assert json.loads(text_of(found.schema))["type"] == "string"
    text = json.loads(text_of(found.schema, enhanced__avro__schema__support="true"))
    assert (text["type"], text["symbols"], text["default"]) == ("enum", ["RED", "BLUE"], "RED")


def test_a_symbol_that_is_none_is_refused():
    schema = read_with(ENUM_TEXT, b"\x02").schema
    made = converter(enhanced__avro__schema__support="true")
    assert made.from_connect("t", schema, "RED")[5:] == b"\x00"
    with pytest.raises(DataError, match="no symbol of the enum"):
        made.from_connect("t", schema, "GREEN")


UNION_TEXT = json.dumps(
    [
        "null",
        "int",
        "string",
        {"type": "record", "name": "a.R", "fields": [{"name": "x", "type": "int"}]},
        {"type": "array", "items": "string"},
    ]
)


@pytest.mark.parametrize(
    ("payload", "settings", "value"),
    [
        (b"\x00", {}, None),
        (b"\x02\x05", {}, {"int": -3}),
        (b"\x04\x02x", {}, {"string": "x"}),
        (b"\x06\x02", {}, {"R": {"x": 1}}),
        (b"\x06\x02", {"enhanced__avro__schema__support": "true"}, {"a.R": {"x": 1}}),
        (b"\x08\x02\x02y\x00", {}, {"array": ["y"]}),
        (b"\x06\x02", {"generalized__sum__type__support": "true"}, {"connect_union_field_3": {"x": 1}}),
    ],
)
def test_unions_are_structs_with_one_member(payload, settings, value):
    found = read_with(UNION_TEXT, payload, **settings)
    assert found.value == value
    assert found.schema.optional
    again = converter(**settings)
    assert again.from_connect("t", found.schema, value) == (None if value is None else b"\0\0\0\0\x01" + payload)
    assert again.to_connect_column("t", again.from_connect_column("t", found.schema, [value]))[1] == [value]


def test_unions_have_names():
    assert read_with(UNION_TEXT, b"\0").schema.name == UNION
    general = read_with(UNION_TEXT, b"\0", generalized__sum__type__support="true").schema
    assert general.name == general.parameters["org.apache.kafka.connect.data.Union"] == "connect_union_0"


def test_a_union_of_one_type_is_that_type():
    assert read_with('["int"]', b"\x00\x02") == (Schema.INT32.replace(version=1), 1)
    found = read_with('["int"]', b"\x00\x02", flatten__singleton__unions="false")
    assert found.value == {"int": 1}


def test_two_members_of_one_simple_name():
    text = '[{"type":"fixed","name":"a.F","size":1},{"type":"fixed","name":"b.F","size":1}]'
    with pytest.raises(DataError, match="Multiple union schemas"):
        read_with(text, b"\x02x")
    assert read_with(text, b"\x02x", enhanced__avro__schema__support="true").value == {"b.F": b"x"}


# ---------------------------------------------------------------------- Avro to Connect
@pytest.mark.parametrize(
    ("text", "payload", "schema", "value"),
    [
        ('{"type":"int","logicalType":"date"}', b"\x02", Date.SCHEMA, date(1970, 1, 2)),
        ('{"type":"int","logicalType":"time-millis"}', b"\x02", Time.SCHEMA, time(0, 0, 0, 1000)),
        (
            '{"type":"long","logicalType":"timestamp-millis"}',
            b"\x01",
            Timestamp.SCHEMA,
            datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        ),
        ('{"type":"long","logicalType":"timestamp-micros"}', b"\x02", Schema.INT64, 1),
        ('{"type":"long","logicalType":"time-micros"}', b"\x02", Schema.INT64, 1),
        ('{"type":"string","logicalType":"uuid"}', b"\x02u", Schema.STRING, "u"),
        (
            '{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}',
            b"\x04\x04\xd2",
            LogicalDecimal.schema(2).replace(parameters={"scale": "2", "connect.decimal.precision": "9"}),
            Decimal("12.34"),
        ),
        (
            '{"type":"fixed","name":"F","size":3,"logicalType":"decimal","precision":5,"scale":1}',
            b"\xff\xff\xfe",
            LogicalDecimal.schema(1).replace(
                parameters={"scale": "1", "connect.decimal.precision": "5", "connect.fixed.size": "3"}
            ),
            Decimal("-0.2"),
        ),
        ('{"type":"int","connect.type":"int8"}', b"\x01", Schema.INT8, -1),
        ('{"type":"map","values":"long"}', b"\x02\x02k\x02\x00", Schema.map(Schema.STRING, Schema.INT64), {"k": 1}),
    ],
)
def test_types_as_connect_has_them(text, payload, schema, value):
    found = read_with(text, payload)
    assert found.value == value
    assert found.schema == (schema if schema.version is not None else schema.replace(version=1))


def test_a_field_with_a_default_says_where_it_came_from():
    text = '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":7,"doc":"seven"}]}'
    schema = read_with(text, b"\x02").schema
    x = schema.field("x").schema
    assert (x.default, x.doc) == (7, "seven")
    assert dict(x.parameters) == {"io.confluent.connect.avro.field.default": "true"}
    assert schema.parameters["io.confluent.connect.avro.field.doc.x"] == "seven"


def test_a_default_of_another_type_is_ignored_unless_strict():
    text = '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":"seven"}]}'
    assert read_with(text, b"\x02").schema.field("x").schema == Schema.INT32
    with pytest.raises(DataError, match="does not fit its type"):
        read_with(text, b"\x02", strict="true")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ('"nothing"', "no type nothing"),
        ('{"type":"record","name":"R"}', "has no fields"),
        ('{"type":"record","name":"R","fields":[{"name":"x"}]}', "has no type"),
        ('{"type":"record","name":"1R","fields":[]}', "is no name"),
        ('["int","int"]', "twice in a union"),
        ('[["int"]]', "directly in a union"),
        ('{"type":"fixed","name":"F","size":"x"}', "no number"),
        ('"null"', "Standalone null"),
        (
            '{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]}',
            "contains itself",
        ),
        ('{"type":"array","items":{"type":"record","name":"E","fields":[]}}', "take no bytes"),
    ],
)
def test_schemas_that_cannot_be_read(text, words):
    with pytest.raises(DataError, match=words) as caught:
        read_with(text, b"\x00")
    assert caught.value.remedy


def test_types_named_before_or_in_other_namespaces():
    text = json.dumps(
        {
            "type": "record",
            "name": "a.R",
            "fields": [
                {"name": "x", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
                {"name": "y", "type": "E"},
                {"name": "z", "type": "a.E"},
            ],
        }
    )
    assert read_with(text, b"\x00\x00\x00").value == {"x": "A", "y": "A", "z": "A"}


def test_data_behind_the_value_are_ignored_as_in_java():
    assert read_with('"int"', b"\x02junk").value == 1


def test_text_that_is_none_is_mended_unless_strict():
    assert read_with('"string"', b"\x04\xffa").value == "�a"
    with pytest.raises(DataError, match="Failed to deserialize"):
        read_with('"string"', b"\x04\xffa", strict="true")


def test_numbers_without_room():
    assert read_with('{"type":"int","connect.type":"int8"}', b"\x90\x03").value == -56
    with pytest.raises(DataError, match="no room in 8 bits"):
        read_with('{"type":"int","connect.type":"int8"}', b"\x90\x03", strict="true")
    with pytest.raises(DataError, match="no room"):
        read_with('"int"', b"\xfe\xff\xff\xff\xff\x0f")


# ---------------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (Schema.INT32, 2**31, "is not between"),
        (Schema.INT8, Int32(1), "INT8"),
        (Schema.STRING, 1, "STRING"),
        (Schema.struct("R", x=Schema.INT32), {"x": None}, 'field: "x"'),
        (Schema.struct("R", x=Schema.INT32), {"y": 1}, "x"),
        (Schema.array(Schema.STRING), ["a", None], "array"),
        (LogicalDecimal.schema(2), Decimal("1.234"), "mismatching scale"),
        (Schema.STRING, "\ud800", "Failed to serialize Avro data from topic t"),
        (Schema.BYTES.replace(name="f", parameters={"connect.fixed.size": "4"}), b"abc", "are not the 4"),
        (Schema.STRING, None, "null"),
    ],
)
def test_values_that_do_not_fit_name_the_place(schema, value, words):
    with pytest.raises(DataError, match=words):
        converter().from_connect("t", schema, value)


def test_nulls_become_defaults_unless_they_are_to_stay():
    schema = Schema.struct("R", x=Schema.OPTIONAL_STRING.replace(default="d"))
    made = converter()
    assert made.to_connect("t", made.from_connect("t", schema, {"x": None})).value == {"x": "d"}
    made = converter(ignore__default__for__nullables="true")
    assert made.to_connect("t", made.from_connect("t", schema, {"x": None})).value == {"x": None}


def test_exact_numbers_and_structs_are_taken():
    schema = Schema.struct("R", x=Schema.INT32)
    made = converter()
    assert made.from_connect("t", schema, {"x": Int32(5)}) == made.from_connect("t", schema, {"x": 5})


def test_nulls_are_nulls():
    made = converter()
    assert made.from_connect("t", None, None) is None
    assert made.from_connect("t", Schema.OPTIONAL_STRING, None) is None
    assert made.to_connect("t", None) == (None, None)
    assert made.to_connect_column("t", [None, made.from_connect("t", Schema.STRING, "x")])[1] == [None, "x"]


def test_a_column_of_several_schemas_keeps_its_order():
    made = converter()
    payloads = [
        made.from_connect("t", Schema.INT32, 1),
        made.from_connect("u", Schema.STRING, "x"),
        None,
        made.from_connect("t", Schema.INT32, 2),
    ]
    schemas, values = made.to_connect_column("t", payloads)
    assert values == [1, "x", None, 2]
    assert [schema and schema.type for schema in schemas] == [Type.INT32, Type.STRING, None, Type.INT32]


# ---------------------------------------------------------------------- compatibility
def record(*fields):
    return json.dumps({"type": "record", "name": "R", "fields": list(fields)})


X = {"name": "x", "type": "int"}


@pytest.mark.parametrize(
    ("reader", "writer", "words"),
    [
        (record(X, {"name": "y", "type": "int"}), record(X), "field y is missing and has no default"),
        (record(X, {"name": "y", "type": "int", "default": 1}), record(X), None),
        (record(), record(X), None),
        (record({"name": "x", "type": "long"}), record(X), None),
        (record({"name": "x", "type": "string"}), record(X), "field x is int where string is expected"),
        (record({"name": "z", "type": "int", "aliases": ["x"]}), record(X), None),
        (record({"name": "x", "type": ["null", "int"]}), record(X), None),
        (record(X), record({"name": "x", "type": ["null", "int"]}), "field x is null where int"),
        ('{"type":"fixed","name":"F","size":2}', '{"type":"fixed","name":"F","size":3}', "3 bytes where 2"),
        (
            '{"type":"enum","name":"E","symbols":["A"]}',
            '{"type":"enum","name":"E","symbols":["A","B"]}',
            "symbols B",
        ),
        ('{"type":"record","name":"S","fields":[]}', record(), "named R where S is expected"),
        ('{"type":"array","items":"int"}', '{"type":"array","items":"long"}', r"field \[\] is long"),
    ],
)
def test_why_one_schema_cannot_read_the_other(reader, writer, words):
    found = incompatibilities(parse_schema(reader), parse_schema(writer))
    if words is None:
        assert not found
    else:
        assert re.search(words, "; ".join(found))


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(PluginError, match=r"pip install 'barnabas\[avro\]'"):
        converter()
