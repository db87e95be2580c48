"""Topics, producers of both kinds, and a reader for the tests of the Kafka room."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from barnabas.kafka.admin import Admin
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confluent_kafka import Message

    from barnabas.kafka.producer import Producer


@pytest.fixture
def make_topic(broker: Any) -> Iterator[Callable[..., str]]:
    """Creates a topic of so many partitions, with a name of its own."""
    with Admin(translate({"bootstrap.servers": broker.bootstrap}, "admin")) as admin:

        def make(partitions: int = 1, **config: str) -> str:
            name = f"t-{uuid.uuid4().hex[:12]}"
            admin.create_topic(name, partitions, 1, {key.replace("_", "."): value for key, value in config.items()})
            return name

        yield make


@pytest.fixture(params=["batch", "client"])
def make_producer(
    request: pytest.FixtureRequest, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Producer]]:
    """Opens producers, through the C library and through the client in turn; they end with the test."""
    monkeypatch.setenv("BARNABAS_PRODUCER", request.param)
    opened: list[Producer] = []

    def make(*, want_metadata: bool = False, **java: str) -> Producer:
        settings = {"bootstrap.servers": broker.bootstrap, **{k.replace("_", "."): v for k, v in java.items()}}
        opened.append(open_producer(translate(settings, "producer"), want_metadata=want_metadata))
        assert type(opened[-1]).__name__ == {"batch": "BatchProducer", "client": "ClientProducer"}[request.param]
        return opened[-1]

    yield make
    for producer in opened:
        producer.close(0)


@pytest.fixture
def read_topic(broker: Any) -> Callable[..., list[Message]]:
    """Reads what a topic holds, with a client that knows nothing of ours."""

    def read(topic: str, count: int, partitions: int = 1, **settings: str) -> list[Message]:
        consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap,
                "group.id": "reader",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": "false",
                "fetch.wait.max.ms": "50",
                "check.crcs": "true",
                **{key.replace("_", "."): value for key, value in settings.items()},
            }
        )
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
            found: list[Message] = []
            until = time.monotonic() + 30
            while len(found) < count and time.monotonic() < until:
                found += [message for message in consumer.consume(10_000, 0.05) if message.error() is None]
            found += [message for message in consumer.consume(10_000, 0.1) if message.error() is None]
            return found
        finally:
            consumer.close()

    return read
