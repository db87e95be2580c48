"""Protobuf through a running worker: from a file to a topic to a file, and through changes of the schema."""

from __future__ import annotations

import struct
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from barnabas.converters._protobuf.pool import load_text
from barnabas.converters._protobuf.runtime import GetMessageClass
from barnabas.converters._registry_client.schemas import PROTOBUF, SchemaText
from barnabas.converters.protobuf_converter import ProtobufConverter
from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from services.registry import RegistryServer

VERSIONS = (
    "string line = 1; int32 n = 2;",
    "string line = 1; int64 n = 2; optional bool added = 3;",
    "string text = 1; int64 n = 2;",
)


@pytest.fixture(scope="module")
def worker(embedded_broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BarnabasWorker]:
    folder = tmp_path_factory.mktemp("protobuf-worker")
    with BarnabasWorker(folder, embedded_broker.bootstrap, {"offset.flush.interval.ms": "500"}) as made:
        yield made


def protobuf(registry: RegistryServer) -> dict[str, str]:
    return {
        "value.converter": "io.confluent.connect.protobuf.ProtobufConverter",
        "value.converter.schema.registry.url": registry.url,
    }


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_lines_to_messages_to_lines(worker: BarnabasWorker, registry: RegistryServer, tmp_path: Path) -> None:
    source, target, topic = tmp_path / "in", tmp_path / "out", f"pb-{uuid.uuid4().hex[:8]}"
    source.write_text("".join(f"l{at}\n" for at in range(300)))
    worker.create(
        f"source-{topic}",
        {
            "connector.class": FILE_SOURCE,
            "topic": topic,
            "file": source,
            "transforms": "hoist,name",
            "transforms.hoist.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.hoist.field": "line",
            "transforms.name.type": "org.apache.kafka.connect.transforms.SetSchemaMetadata$Value",
            "transforms.name.schema.name": "shop.Line",
            **protobuf(registry),
        },
    )
    worker.create(
        f"sink-{topic}", {"connector.class": FILE_SINK, "topics": topic, "file": target, **protobuf(registry)}
    )
    wait_for(lambda: len(lines(target)) == 300, what="all lines")
    assert lines(target) == [f"Struct{{line=l{at}}}" for at in range(300)]
    assert "message Line" in registry.ask("GET", f"/subjects/{topic}-value/versions/latest")[1]["schema"]
    for name in (f"source-{topic}", f"sink-{topic}"):
        worker.request("DELETE", f"/connectors/{name}")


def test_each_record_is_read_with_its_own_version(
    embedded_broker: Any, worker: BarnabasWorker, registry: RegistryServer, tmp_path: Path
) -> None:
    target, topic = tmp_path / "out", f"pb-{uuid.uuid4().hex[:8]}"
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    with closing(ProtobufConverter()) as ours:
        ours.configure({"schema.registry.url": registry.url})
        for at, fields in enumerate(VERSIONS):
            text = f'syntax = "proto3"; package shop; message Line {{ {fields} }}'
            number = ours.client.register(f"{topic}-value", SchemaText(text, PROTOBUF)).id
            message = GetMessageClass(load_text(text).descriptor.message_types_by_name["Line"])
            first = "text" if "text" in fields else "line"
            body = message(**{first: f"v{at}", "n": at - 1}).SerializeToString()
            producer.produce(topic, struct.pack(">BIB", 0, number, 0) + body)
        producer.produce(topic, struct.pack(">BIB", 0, number, 0) + b"\xff")
        producer.produce(topic, struct.pack(">BIB", 0, number, 0))
    assert producer.flush(30) == 0
    config = {"connector.class": FILE_SINK, "topics": topic, "file": target, "errors.tolerance": "all"}
    worker.create(f"sink-{topic}", {**config, **protobuf(registry)})
    wait_for(lambda: len(lines(target)) == 4, what="what can be read")
    assert lines(target) == [
        "Struct{line=v0,n=-1}",
        "Struct{line=v1,n=0}",
        "Struct{text=v2,n=1}",
        "Struct{text=,n=0}",
    ]
    worker.request("DELETE", f"/connectors/sink-{topic}")
