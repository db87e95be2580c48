"""Through real processes: a source with schemas, the registry, a sink, and schemas that change meanwhile."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from services.process import wait_for
from services.registry import BY_TOPIC
from services.worker import BarnabasWorker

VERSIONS = (
    {"title": "Order", "type": "object", "properties": {"id": {"type": "integer", "connect.type": "int32"}}},
    {
        "title": "Order",
        "type": "object",
        "properties": {
            "id": {"type": "integer", "connect.type": "int32"},
            "note": {"type": "string", "default": "none"},
        },
    },
    {"title": "Order", "type": "object", "properties": {"id": {"type": "number"}}},
)


@pytest.fixture
def run(tmp_path, embedded_broker, registry):
    made = []

    def start(*connectors):
        settings = {
            "value.converter": "JsonSchemaConverter",
            "value.converter.schema.registry.url": registry.url,
            "key.converter": "StringConverter",
        }
        made.append(BarnabasWorker(tmp_path / "worker", embedded_broker.bootstrap, settings, connectors))
        return made[-1].start()

    yield start
    for worker in made:
        worker.stop()


def sink(topic, file):
    return {
        "name": f"{topic}-out",
        "connector.class": "FileStreamSink",
        "file": file,
        "topics": topic,
        "format": "json",
    }


def rows(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_source_the_registry_and_a_sink_while_schemas_change(run, tmp_path, embedded_broker, registry):
    topic, out = registry.topic(), tmp_path / "out.txt"
    source = {
        "name": f"{topic}-in",
        "connector.class": "Datagen",
        "topic": topic,
        "template": '{"id": "{{int 1 6}}"}',
        "output.schemas": "true",
        "count": "3",
        "rate": "0",
    }
    run(source, sink(topic, out))
    wait_for(lambda: len(rows(out)) == 3, 40, "the source's records")
    assert all(1 <= row["id"] <= 6 for row in rows(out))
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    with SchemaRegistryClient({"url": registry.url}) as client:
        for version, id_ in zip(VERSIONS, (1, 2, 3.5), strict=True):
            made = JSONSerializer(json.dumps(version), client, conf=BY_TOPIC)({"id": id_}, context(topic))
            producer.produce(topic, made)
            producer.flush(30)
    wait_for(lambda: len(rows(out)) == 6, 40, "records of three versions")
    assert rows(out)[3:] == [{"id": 1}, {"id": 2, "note": "none"}, {"id": 3.5}]


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)
