"""A real registry, and confluent-kafka's own Avro serialisers on the other side, both ways; evolution of schemas."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from barnabas.converters._registry_client.faults import IncompatibleSchemaError, UnknownSchemaError
from barnabas.converters.avro_converter import AvroConverter
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Timestamp, project
from services.registry import BY_TOPIC

ORDER = Schema.struct(
    "shop.Order",
    id=Schema.INT64,
    note=Schema.OPTIONAL_STRING,
    price=LogicalDecimal.schema(2),
    day=Date.SCHEMA,
    at=Timestamp.OPTIONAL_SCHEMA,
    tags=Schema.array(Schema.STRING),
    counts=Schema.map(Schema.STRING, Schema.OPTIONAL_INT32),
    where=Schema.struct("shop.Place", city=Schema.STRING).as_optional(),
)
ROWS = [
    {
        "id": -5,
        "note": "ü",
        "price": Decimal("12.34"),
        "day": date(2026, 11, 21),
        "at": datetime(2026, 11, 21, 20, 30, tzinfo=UTC),
        "tags": ["a", ""],
        "counts": {"x": 1, "y": None},
        "where": {"city": "Köln"},
    },
    {
        "id": 2**62,
        "note": None,
        "price": Decimal("-0.01"),
        "day": date(1969, 12, 31),
        "at": None,
        "tags": [],
        "counts": {},
        "where": None,
    },
]


@pytest.fixture(scope="module")
def client(registry):
    with SchemaRegistryClient({"url": registry.url}) as made:
        yield made


@pytest.fixture
def open_converter(registry):
    opened = []

    def make(**configs):
        made = AvroConverter()
        props = {key.replace("__", "."): value for key, value in configs.items()}
        made.configure({"schema.registry.url": registry.url, **props})
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def topic(registry):
    return registry.topic()


def test_confluents_deserializer_reads_what_we_write(client, open_converter, topic):
    messages = open_converter().from_connect_column(topic, ORDER, ROWS)
    theirs = AvroDeserializer(client, conf=BY_TOPIC)
    context = SerializationContext(topic, MessageField.VALUE)
    assert [theirs(message, context) for message in messages] == ROWS


def test_we_read_what_confluents_serializer_writes(client, open_converter, topic):
    made = open_converter()
    made.from_connect(topic, ORDER, ROWS[0])
    text = made.client.latest(f"{topic}-value").schema.text
    theirs = AvroSerializer(client, text, conf=BY_TOPIC)
    context = SerializationContext(topic, MessageField.VALUE)
    schema, rows = open_converter().to_connect_column(topic, [theirs(row, context) for row in ROWS])
    assert rows == ROWS
    assert schema == ORDER.replace(version=1)


def test_referenced_schemas_are_resolved(client, open_converter, topic):
    place = {"type": "record", "name": "shop.Place", "fields": [{"name": "city", "type": "string"}]}
    order = {"type": "record", "name": "shop.Order", "fields": [{"name": "to", "type": "shop.Place"}]}
    client.register_schema(f"{topic}-place", RegistrySchema(json.dumps(place), "AVRO"))
    reference = SchemaReference("shop.Place", f"{topic}-place", 1)
    whole = RegistrySchema(json.dumps(order), "AVRO", [reference])
    client.register_schema(f"{topic}-value", whole)
    theirs = AvroSerializer(
        client, whole, conf={"auto.register.schemas": False, "use.latest.version": True, **BY_TOPIC}
    )
    message = theirs({"to": {"city": "Bonn"}}, SerializationContext(topic, MessageField.VALUE))
    found = open_converter().to_connect(topic, message)
    assert found.value == {"to": {"city": "Bonn"}}
    assert found.schema.field("to").schema.name == "shop.Place"


def test_the_same_schema_is_one_version_for_both(client, open_converter, topic):
    made = open_converter()
    message = made.from_connect(topic, ORDER, ROWS[0])
    text = client.get_latest_version(f"{topic}-value").schema.schema_str
    theirs = AvroSerializer(client, text, conf=BY_TOPIC)(ROWS[0], SerializationContext(topic, MessageField.VALUE))
    assert theirs == message
    assert client.get_versions(f"{topic}-value") == [1]


# ---------------------------------------------------------------------- evolution
V1 = Schema.struct("shop.E", id=Schema.INT32, name=Schema.STRING)


@pytest.mark.parametrize(
    ("changed", "row", "projected"),
    [
        (
            Schema.struct("shop.E", id=Schema.INT32, name=Schema.STRING, n=Schema.INT32.replace(default=7)),
            {"id": 2, "name": "b", "n": 1},
            [{"id": 1, "name": "a", "n": 7}, {"id": 2, "name": "b", "n": 1}],
        ),
        (Schema.struct("shop.E", id=Schema.INT32), {"id": 2}, [{"id": 1}, {"id": 2}]),
        (
            Schema.struct("shop.E", id=Schema.INT64, name=Schema.STRING),
            {"id": 2**40, "name": "b"},
            [{"id": 1, "name": "a"}, {"id": 2**40, "name": "b"}],
        ),
    ],
    ids=["a field with a default added", "a field removed", "a type promoted"],
)
def test_compatible_changes_become_versions_and_are_projected_as_in_connect(
    registry, open_converter, topic, changed, row, projected
):
    made = open_converter()
    first = made.from_connect(topic, V1, {"id": 1, "name": "a"})
    registry.ask("PUT", f"/config/{topic}-value", {"compatibility": "BACKWARD"})
    second = made.from_connect(topic, changed, row)
    schemas, rows = open_converter().to_connect_column(topic, [first, second])
    assert [schema.version for schema in schemas] == [1, 2]
    target = schemas[1].replace(version=None)
    assert [
        project(schema.replace(version=None), value, target) for schema, value in zip(schemas, rows, strict=True)
    ] == projected


def test_a_field_renamed_by_an_alias_is_written_with_the_newest_version(client, open_converter, topic):
    open_converter().from_connect(topic, V1, {"id": 1, "name": "a"})
    renamed = {
        "type": "record",
        "name": "shop.E",
        "fields": [{"name": "id", "type": "int"}, {"name": "title", "type": "string", "aliases": ["name"]}],
    }
    client.register_schema(f"{topic}-value", RegistrySchema(json.dumps(renamed), "AVRO"))
    made = open_converter(auto__register__schemas="false", use__latest__version="true")
    message = made.from_connect(topic, V1, {"id": 2, "name": "b"})
    assert open_converter().to_connect(topic, message).value == {"id": 2, "title": "b"}


def test_an_incompatible_change_names_subject_version_and_field(registry, open_converter, topic):
    made = open_converter()
    made.from_connect(topic, V1, {"id": 1, "name": "a"})
    registry.ask("PUT", f"/config/{topic}-value", {"compatibility": "BACKWARD"})
    changed = Schema.struct("shop.E", id=Schema.STRING, name=Schema.STRING)
    with pytest.raises(IncompatibleSchemaError) as caught:
        made.from_connect(topic, changed, {"id": "x", "name": "a"})
    for words in (f"'{topic}-value'", "version 1", "field id is int where string is expected"):
        assert words in caught.value.message


# ---------------------------------------------------------------------- refusals
def test_an_id_that_the_registry_does_not_have(open_converter, topic):
    with pytest.raises(UnknownSchemaError, match="schema id 999999") as caught:
        open_converter().to_connect(topic, b"\0\x00\x0f\x42\x3fxyz")
    assert "another registry" in caught.value.remedy


def test_a_subject_that_the_registry_does_not_have(open_converter, topic):
    with pytest.raises(UnknownSchemaError, match=f"subject {topic}-value"):
        open_converter(auto__register__schemas="false").from_connect(topic, V1, {"id": 1, "name": "a"})


def test_a_schema_written_under_another_subject_is_read_without_a_version(open_converter, topic):
    message = open_converter().from_connect(topic, V1, {"id": 1, "name": "a"})
    found = open_converter().to_connect(f"{topic}-copy", message)
    assert found.value == {"id": 1, "name": "a"}
    assert found.schema.version is None


def test_a_key_of_other_data_is_a_data_error(open_converter, topic):
    with pytest.raises(DataError, match="looks like"):
        open_converter().to_connect(topic, b'{"id":1}')
