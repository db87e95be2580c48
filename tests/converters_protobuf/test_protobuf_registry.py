"""A real registry, and confluent-kafka's own Protobuf serialisers on the other side, both ways."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import HealthCheck, given, settings
from protobuf_strategies import connect_data

from barnabas.converters._protobuf.engine import draft_for
from barnabas.converters._protobuf.flags import Flags
from barnabas.converters._protobuf.pool import load_text
from barnabas.converters._protobuf.reader import MessageReader
from barnabas.converters._protobuf.runtime import GetMessageClass
from barnabas.converters.protobuf_converter import ProtobufConverter
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.registry import RegistryServer

CALM = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
THEIR_SETTINGS = {"use.deprecated.format": False, "subject.name.strategy": topic_subject_name_strategy}
TEXT = """
syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto"; import "google/type/date.proto"; import "google/type/timeofday.proto";
message Unused { string s = 1; }
message Order {
  int64 id = 1; optional string note = 2; repeated Item items = 3; map<string, Item> by = 4; Kind kind = 5;
  google.protobuf.Timestamp at = 6; oneof how { bytes raw = 7; Item one = 8; } uint32 u = 9;
  google.type.Date day = 10; google.type.TimeOfDay time = 11;
  message Item { string sku = 1; float price = 2; }
  enum Kind { UNKNOWN = 0; BIG = 4; }
}
"""
ORDER = Schema.struct(
    "shop.Order",
    id=Schema.INT64,
    note=Schema.OPTIONAL_STRING,
    small=Schema.INT8,
    price=LogicalDecimal.schema(2),
    tags=Schema.array(Schema.STRING),
    counts=Schema.map(Schema.STRING, Schema.INT32),
    where=Schema.struct("Place", city=Schema.STRING).as_optional(),
    at=Timestamp.SCHEMA,
    day=Date.SCHEMA,
    time=Time.SCHEMA,
)
ROW = {
    "id": 2**60,
    "note": None,
    "small": -128,
    "price": Decimal("-12.30"),
    "tags": ["a", ""],
    "counts": {"x": 1},
    "where": {"city": "Köln"},
    "at": datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC),
    "day": date(2024, 2, 29),
    "time": time(23, 59),
}


class Client(SchemaRegistryClient):
    """Theirs, with schemas as serialised descriptors, which this registry gives in a form that cannot be read."""

    def get_schema(self, schema_id: int, subject_name: str | None = None, fmt: str | None = None) -> RegistrySchema:
        found = super().get_schema(schema_id, subject_name)
        if fmt != "serialized":
            return found
        text = base64.b64encode(load_text(found.schema_str).proto.SerializeToString()).decode()
        return RegistrySchema(text, "PROTOBUF", found.references)


@pytest.fixture(scope="module")
def client(registry: RegistryServer) -> Iterator[SchemaRegistryClient]:
    with Client({"url": registry.url}) as made:
        yield made


@pytest.fixture(scope="module")
def made(registry: RegistryServer) -> Iterator[ProtobufConverter]:
    with closing(converter(registry)) as ours:
        yield ours


def converter(registry: RegistryServer, **more: str) -> ProtobufConverter:
    found = ProtobufConverter()
    found.configure({"schema.registry.url": registry.url, **{k.replace("__", "."): v for k, v in more.items()}})
    return found


def context(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE)


def test_we_read_what_their_serialiser_writes(made: ProtobufConverter, client: SchemaRegistryClient) -> None:
    loaded = load_text(TEXT, name="shop/order.proto")
    order = GetMessageClass(loaded.descriptor.message_types_by_name["Order"])
    item = GetMessageClass(loaded.descriptor.message_types_by_name["Order"].nested_types_by_name["Item"])
    their = ProtobufSerializer(order, client, THEIR_SETTINGS)
    message = order(
        id=-1, note="", items=[{"sku": "a", "price": 0.5}], by={"k": {"sku": "b"}}, kind=4, at={"seconds": 5},
        one={"sku": "c"}, u=2**32 - 1, day={"year": 2026, "month": 11, "day": 21}, time={"hours": 7},
    )  # fmt: skip
    payloads = [their(message, context("pb-in")), their(order(), context("pb-in"))]
    schema, values = made.to_connect_column("pb-in", payloads)
    assert isinstance(schema, Schema)
    assert schema.version == 1
    assert values[0] == {
        "how_0": {"raw": None, "one": {"sku": "c", "price": 0.0}},
        "id": -1,
        "note": "",
        "items": [{"sku": "a", "price": 0.5}],
        "by": {"k": {"sku": "b", "price": 0.0}},
        "kind": "BIG",
        "at": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
        "u": 2**32 - 1,
        "day": date(2026, 11, 21),
        "time": time(7),
    }
    assert values[1]["note"] is None
    inner = ProtobufSerializer(item, client, THEIR_SETTINGS)
    nested = inner(item(sku="x"), context("pb-in"))
    assert made.to_connect("pb-in", nested).value == {"sku": "x", "price": 0.0}


def test_their_deserialiser_reads_what_we_write(made: ProtobufConverter, client: SchemaRegistryClient) -> None:
    payload = made.from_connect("pb-out", ORDER, ROW)
    loaded = draft_for(ORDER, Flags()).loaded
    order = GetMessageClass(loaded.descriptor.message_types_by_name["Order"])
    found = ProtobufDeserializer(order, THEIR_SETTINGS, client)(payload, context("pb-out"))
    assert (found.id, found.small, list(found.tags), dict(found.counts)) == (2**60, -128, ["a", ""], {"x": 1})
    assert (found.where.city, found.price.scale, found.price.value) == (
        "Köln",
        2,
        (-1230).to_bytes(2, "big", signed=True),
    )
    assert (found.at.seconds, found.at.nanos) == (1767323045, 6_000_000)
    assert (found.day.day, found.time.hours) == (29, 23)
    assert made.to_connect("pb-out", payload).value == {**ROW, "note": ""}


@CALM
@given(data=connect_data())
def test_any_data_through_the_registry_and_their_deserialiser(
    registry: RegistryServer, client: SchemaRegistryClient, data: tuple[Schema, list[Any]]
) -> None:
    schema, values = data
    topic = f"pb-{abs(hash(schema))}"
    with closing(converter(registry, optional__for__nullables="true")) as made:
        payloads = made.from_connect_column(topic, schema, values)
        assert made.to_connect_column(topic, payloads)[1] == values
        flags = Flags(optional_for_nullables=True)
        draft = draft_for(schema, flags)
        descriptor = draft.loaded.descriptor.message_types_by_name[draft.message.rpartition(".")[2]]
        their = ProtobufDeserializer(GetMessageClass(descriptor), THEIR_SETTINGS, client)
        read = MessageReader(descriptor, flags, draft.loaded.files)
        messages = [their(payload, context(topic)).SerializeToString() for payload in payloads]
        assert read.column(messages) == values


def test_imports_go_into_the_registry_on_request(registry: RegistryServer, client: SchemaRegistryClient) -> None:
    with closing(converter(registry, skip__known__types="false")) as made:
        payload = made.from_connect("pb-refs", ORDER, ROW)
        names = {reference.name for reference in client.get_latest_version("pb-refs-value").schema.references}
        assert "confluent/type/decimal.proto" in names
        assert made.to_connect("pb-refs", payload).value["price"] == ROW["price"]


def test_an_incompatible_change_names_subject_version_and_field(registry: RegistryServer) -> None:
    registry.ask("PUT", "/config", {"compatibility": "BACKWARD"})
    try:
        with closing(converter(registry)) as made:
            made.from_connect("pb-change", Schema.struct("S", a=Schema.INT32), {"a": 1})
            with pytest.raises(DataError) as caught:
                made.from_connect("pb-change", Schema.struct("S", a=Schema.STRING), {"a": "x"})
    finally:
        registry.ask("PUT", "/config", {"compatibility": "NONE"})
    text = str(caught.value)
    assert caught.value.code == "BRN-1405"
    assert all(part in text for part in ("pb-change-value", "version 1", "field a (1) of S")), text
