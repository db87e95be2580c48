"""Avro through running pipelines: from a file to a topic to a file, through changes of the schema and outages."""

from __future__ import annotations

import time
import uuid

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from barnabas.converters.avro_converter import AvroConverter
from barnabas.schema import Schema
from services.process import wait_for
from services.relay import Relay
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker

AVRO = "io.confluent.connect.avro.AvroConverter"
V1 = Schema.struct("shop.Line", line=Schema.STRING)
V2 = Schema.struct("shop.Line", line=Schema.STRING, more=Schema.INT32.replace(default=0))


@pytest.fixture(scope="module")
def relay(registry):
    with Relay(registry.port) as made:
        yield made


@pytest.fixture(scope="module")
def relayed(registry, relay):
    return registry.url.replace(f":{registry.port}", f":{relay.port}")


@pytest.fixture(scope="module")
def worker(embedded_broker, tmp_path_factory):
    settings = {"offset.flush.interval.ms": "500"}
    with BarnabasWorker(tmp_path_factory.mktemp("registry-worker"), embedded_broker.bootstrap, settings) as made:
        yield made


@pytest.fixture
def topic(embedded_broker):
    name = f"avro-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
    return name


@pytest.fixture
def converter(registry):
    made = AvroConverter()
    made.configure({"schema.registry.url": registry.url})
    yield made
    made.close()


def avro(url):
    return {
        "value.converter": AVRO,
        "value.converter.schema.registry.url": url,
        "value.converter.retries.wait.ms": "10",
    }


def produce(bootstrap, topic, messages):
    producer = Producer({"bootstrap.servers": bootstrap})
    for message in messages:
        producer.produce(topic, message)
    assert producer.flush(30) == 0


def count(bootstrap, topic):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "counts"})
    try:
        return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
    finally:
        client.close()


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def test_a_sink_waits_for_its_registry_and_skips_nothing(
    embedded_broker, worker, registry, relay, relayed, topic, converter, tmp_path
):
    target, name = tmp_path / "out", f"sink-{topic}"
    letters = f"letters-{topic}"
    bootstrap = embedded_broker.bootstrap
    produce(bootstrap, topic, converter.from_connect_column(topic, V1, [{"line": f"a{at}"} for at in range(50)]))
    worker.create(
        name,
        {
            "connector.class": FILE_SINK,
            "topics": topic,
            "file": target,
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": letters,
            "errors.deadletterqueue.topic.replication.factor": "1",
            **avro(relayed),
        },
    )
    wait_for(lambda: len(lines(target)) == 50, what="the first lines")

    relay.cut()
    rows = [{"line": f"b{at}", "more": at} for at in range(50)]
    produce(bootstrap, topic, converter.from_connect_column(topic, V2, rows))
    produce(bootstrap, topic, converter.from_connect_column(topic, V1, [{"line": f"c{at}"} for at in range(50)]))
    wait_for(
        lambda: "schema registry does not answer" in worker.log.read_text(), what="the log tells for whom it waits"
    )
    time.sleep(1.5)
    assert len(lines(target)) == 50
    assert worker.states()[name] == ["RUNNING", "RUNNING"]

    relay.start()
    wait_for(lambda: len(lines(target)) == 150, what="the rest")
    expected = [f"Struct{{line=a{at}}}" for at in range(50)]
    expected += [f"Struct{{line=b{at},more={at}}}" for at in range(50)]
    expected += [f"Struct{{line=c{at}}}" for at in range(50)]
    assert lines(target) == expected
    assert count(bootstrap, letters) == 0
    worker.request("DELETE", f"/connectors/{name}")


def test_a_source_waits_for_its_registry_and_a_sink_reads_what_it_wrote(
    embedded_broker, worker, relay, relayed, topic, tmp_path
):
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("".join(f"l{at}\n" for at in range(100)))
    relay.cut()
    worker.create(
        f"source-{topic}",
        {
            "connector.class": FILE_SOURCE,
            "topic": topic,
            "file": source,
            "errors.tolerance": "all",
            "transforms": "hoist,name",
            "transforms.hoist.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.hoist.field": "line",
            "transforms.name.type": "org.apache.kafka.connect.transforms.SetSchemaMetadata$Value",
            "transforms.name.schema.name": "shop.Line",
            **avro(relayed),
        },
    )
    time.sleep(2)
    assert count(embedded_broker.bootstrap, topic) == 0
    assert worker.states()[f"source-{topic}"] == ["RUNNING", "RUNNING"]
    relay.start()
    worker.create(f"sink-{topic}", {"connector.class": FILE_SINK, "topics": topic, "file": target, **avro(relayed)})
    wait_for(lambda: len(lines(target)) == 100, what="all lines")
    assert lines(target) == [f"Struct{{line=l{at}}}" for at in range(100)]
    for name in (f"source-{topic}", f"sink-{topic}"):
        worker.request("DELETE", f"/connectors/{name}")


def test_a_task_that_waits_stops_at_once(worker, registry, relay, relayed, embedded_broker, topic, converter, tmp_path):
    name = f"stops-{topic}"
    produce(embedded_broker.bootstrap, topic, converter.from_connect_column(topic, V1, [{"line": "x"}]))
    relay.cut()
    try:
        worker.create(name, {"connector.class": FILE_SINK, "topics": topic, "file": tmp_path / "out", **avro(relayed)})
        worker.wait_running(1)
        time.sleep(1.5)
        began = time.monotonic()
        worker.request("DELETE", f"/connectors/{name}")
        wait_for(lambda: name not in worker.states(), what="gone")
        assert time.monotonic() - began < 4
    finally:
        relay.start()


def test_credentials_that_are_refused_fail_the_task_whatever_is_tolerated(
    worker, embedded_broker, topic, converter, tmp_path
):
    """An address that is no registry refuses as well; the worker's own REST answers 404 to everything else."""
    name = f"refused-{topic}"
    produce(embedded_broker.bootstrap, topic, converter.from_connect_column(topic, V1, [{"line": "x"}]))
    worker.create(
        name,
        {
            "connector.class": FILE_SINK,
            "topics": topic,
            "file": tmp_path / "out",
            "errors.tolerance": "all",
            "restart.on.failure": "false",
            **avro(worker.url),
        },
    )
    wait_for(lambda: worker.states().get(name, [])[1:] == ["FAILED"], what="the task fails")
    status = worker.request("GET", f"/connectors/{name}/status")[1]
    assert "is no schema registry" in status["tasks"][0]["trace"]
    worker.request("DELETE", f"/connectors/{name}")
