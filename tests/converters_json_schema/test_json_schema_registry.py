"""A real registry, and confluent-kafka's own JSON serialisers on the other side, both ways."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal

import jsonschema
import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from json_schema_kit import converter

from barnabas.errors import DataError
from barnabas.schema import LogicalDecimal, Schema
from services.registry import BY_TOPIC

ORDER = Schema.struct(
    "Order",
    id=Schema.INT64,
    note=Schema.OPTIONAL_STRING,
    price=LogicalDecimal.schema(2),
    tags=Schema.array(Schema.STRING),
    counts=Schema.map(Schema.STRING, Schema.INT32),
    where=Schema.struct("Place", city=Schema.STRING).as_optional(),
)
ROWS = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**53), 2**53),
        "note": st.none() | st.text(max_size=5),
        "price": st.integers(-(10**9), 10**9).map(lambda number: LogicalDecimal.of(number, 2)),
        "tags": st.lists(st.text(max_size=3), max_size=3),
        "counts": st.dictionaries(st.text(max_size=3), st.integers(-9, 9), max_size=2),
        "where": st.none() | st.fixed_dictionaries({"city": st.text(max_size=3)}),
    }
)
CALM = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def client(registry):
    with SchemaRegistryClient({"url": registry.url}) as made:
        yield made


@pytest.fixture(scope="module")
def made(registry):
    with closing(converter(registry.url, decimal__format="NUMERIC")) as ours:
        yield ours


def plain(row):
    return {**row, "price": float(row["price"])}


@given(st.lists(ROWS, min_size=1, max_size=5))
@CALM
def test_their_deserialiser_reads_what_we_write(made, client, rows):
    topic = "json-schema-out"
    payloads = made.from_connect_column(topic, ORDER, rows)
    theirs = JSONDeserializer(None, schema_registry_client=client, conf=BY_TOPIC)
    context = SerializationContext(topic, MessageField.VALUE)
    assert [theirs(payload, context) for payload in payloads] == [*map(plain, rows)]
    node = json.loads(made.client.latest(f"{topic}-value").schema.text)
    for payload in payloads:
        jsonschema.validate(json.loads(payload[5:]), node)


@given(st.lists(ROWS, min_size=1, max_size=5))
@CALM
def test_we_read_what_their_serialiser_writes(made, client, rows):
    topic = "json-schema-in"
    theirs = JSONSerializer(made.make_draft(ORDER).text, client, conf=BY_TOPIC)
    context = SerializationContext(topic, MessageField.VALUE)
    payloads = [theirs(plain(row), context) for row in rows]
    schema, values = made.to_connect_column(topic, payloads)
    assert schema is ORDER
    assert [{**value, "price": Decimal(value["price"])} for value in values] == rows


def test_references_of_theirs(made, client):
    city = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "City", "type": "string"}
    client.register_schema("json-city", RegistrySchema(json.dumps(city), "JSON"))
    references = [SchemaReference("city.json", "json-city", 1)]
    text = json.dumps({"type": "object", "title": "P", "properties": {"city": {"$ref": "city.json"}}})
    schema = RegistrySchema(text, "JSON", references)
    theirs = JSONSerializer(schema, client, conf={"auto.register.schemas": True, **BY_TOPIC})
    payload = theirs({"city": "Rome"}, SerializationContext("json-references", MessageField.VALUE))
    found = made.to_connect("json-references", payload)
    assert found.value == {"city": "Rome"}
    assert found.schema == Schema.struct("P", city=Schema.STRING.replace(name="City"))


def test_an_incompatible_change_names_subject_and_property(made, registry):
    topic = "json-schema-changes"
    made.from_connect(topic, Schema.struct("S", a=Schema.STRING), {"a": "x"})
    registry.ask("PUT", f"/config/{topic}-value", {"compatibility": "BACKWARD"})
    with pytest.raises(DataError, match="incompatible") as caught:
        made.from_connect(topic, Schema.struct("S", a=Schema.INT64), {"a": 1})
    assert f"{topic}-value" in str(caught.value)
    assert "$.a" in str(caught.value)
    assert "version 1" in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Schema.STRING, "x"),
        (Schema.OPTIONAL_INT64, 7),
        (ORDER.as_optional(), None),
        (Schema.array(Schema.STRING), ["a"]),
    ],
    ids=["string", "optional", "struct", "array"],
)
def test_schemas_that_are_no_objects(made, registry, schema, value):
    topic = registry.topic()
    payload = made.from_connect(topic, schema, value)
    assert made.to_connect(topic, payload) == (schema, value)
