"""Java settings into those of the library, and what Connect gives its clients."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError
from barnabas.kafka import _librdkafka
from barnabas.kafka._java_keys import RULES
from barnabas.kafka.connect_defaults import (
    admin_config,
    dlq_producer_config,
    sink_consumer_config,
    source_producer_config,
)
from barnabas.kafka.settings import client_keys, translate
from services.missing import unavailable


def _made(kind: Any, **java: str) -> dict[str, str]:
    settings = translate({key.replace("_", "."): value for key, value in java.items()}, kind)
    assert settings.warnings == []
    return settings.librdkafka


def test_producer_defaults_keep_order_and_write_once() -> None:
    made = _made("producer")
    assert made["acks"] == "all"
    assert made["enable.idempotence"] == "true"
    assert made["max.in.flight.requests.per.connection"] == "5"
    assert made["partitioner"] == "murmur2_random"
    assert int(made["batch.size"]) >= 500_000


@pytest.mark.parametrize(
    ("key", "value", "target", "expected"),
    [
        ("delivery.timeout.ms", "2147483647", "message.timeout.ms", "2147483647"),
        ("request.timeout.ms", "900000", "socket.timeout.ms", "300000"),
        ("retry.backoff.ms", "0", "retry.backoff.ms", "1"),
        ("max.block.ms", "9223372036854775807", "topic.metadata.propagation.max.ms", "3600000"),
        ("compression.type", "ZSTD", "compression.codec", "zstd"),
        ("acks", "-1", "acks", "all"),
        ("send.buffer.bytes", "-1", "socket.send.buffer.bytes", "0"),
        ("connections.max.idle.ms", "540000", "connections.max.idle.ms", "540000"),
        ("max.request.size", "5000000", "message.max.bytes", "5000000"),
        ("batch.size", "0", "batch.size", "1"),
        ("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner", "partitioner", "random"),
    ],
)
def test_producer_keys(key: str, value: str, target: str, expected: str) -> None:
    assert translate({key: value}, "producer").librdkafka[target] == expected


@pytest.mark.parametrize(
    ("key", "value", "target", "expected"),
    [
        ("auto.offset.reset", "none", "auto.offset.reset", "error"),
        ("isolation.level", "READ_COMMITTED", "isolation.level", "read_committed"),
        ("max.partition.fetch.bytes", "2000000", "max.partition.fetch.bytes", "2000000"),
        ("fetch.max.wait.ms", "100", "fetch.wait.max.ms", "100"),
        ("fetch.max.bytes", "200000000", "receive.message.max.bytes", "200000512"),
        (
            "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            "partition.assignment.strategy",
            "range",
        ),
        (
            "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            "partition.assignment.strategy",
            "cooperative-sticky",
        ),
    ],
)
def test_consumer_keys(key: str, value: str, target: str, expected: str) -> None:
    settings = translate({key: value, "group.id": "g"}, "consumer")
    assert settings.librdkafka[target] == expected
    assert settings.warnings == []


def test_consumer_defaults() -> None:
    made = _made("consumer", group_id="g")
    assert made["isolation.level"] == "read_uncommitted"
    assert made["enable.auto.commit"] == made["enable.auto.offset.store"] == "false"
    assert made["partition.assignment.strategy"] == "range"
    assert made["fetch.queue.backoff.ms"] == "5"


def test_new_group_protocol_leaves_to_the_broker_what_is_its_own() -> None:
    made = _made("consumer", group_id="g", group_protocol="consumer", session_timeout_ms="30000")
    assert not made.keys() & {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("producer", "linger.ms", "soon"),
        ("producer", "linger.ms", "5.5"),
        ("producer", "linger.ms", "-1"),
        ("producer", "acks", "2"),
        ("producer", "enable.idempotence", "yes"),
        ("producer", "compression.type", "brotli"),
        ("producer", "buffer.memory", "32MB"),
        ("consumer", "auto.offset.reset", "oldest"),
        ("consumer", "max.poll.records", "0"),
        ("admin", "security.protocol", "TLS"),
        ("admin", "request.timeout.ms", "99999999999999999999"),
    ],
)
def test_bad_values_name_the_key_and_the_remedy(kind: Any, key: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        translate({key: value}, kind)
    assert caught.value.key == key
    assert value in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("java", "key"),
    [
        ({"enable.idempotence": "true", "acks": "1"}, "acks"),
        ({"enable.idempotence": "true", "retries": "0"}, "retries"),
        (
            {"enable.idempotence": "true", "max.in.flight.requests.per.connection": "6"},
            "max.in.flight.requests.per.connection",
        ),
        ({"enable.idempotence": "false", "transactional.id": "t"}, "enable.idempotence"),
    ],
)
def test_what_an_idempotent_producer_needs(java: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        translate(java, "producer")
    assert caught.value.key == key


def test_idempotence_gives_way_to_weaker_wishes() -> None:
    assert _made("producer", acks="1")["enable.idempotence"] == "false"
    off = _made("producer", enable_idempotence="false")
    assert off["enable.idempotence"] == "false"
    assert off["max.in.flight.requests.per.connection"] == "1"  # or a retry could overtake
    many = translate({"enable.idempotence": "false", "max.in.flight.requests.per.connection": "7"}, "producer")
    assert many.librdkafka["max.in.flight.requests.per.connection"] == "7"


def test_transactions_end_before_their_time_out() -> None:
    made = _made("producer", transactional_id="t", delivery_timeout_ms="2147483647", transaction_timeout_ms="10000")
    assert made["enable.idempotence"] == "true"
    assert made["message.timeout.ms"] == "10000"


def test_buffer_and_compression_level() -> None:
    settings = translate(
        {"buffer.memory": "1000000", "compression.type": "gzip", "compression.gzip.level": "9"}, "producer"
    )
    assert settings.max_in_flight_bytes == 1_000_000
    assert settings.librdkafka["compression.level"] == "9"


@pytest.mark.parametrize(
    ("kind", "java", "words"),
    [
        ("producer", {"lingerms": "5"}, ["lingerms", "linger.ms"]),
        ("producer", {"interceptor.classes": "a.B"}, ["interceptor.classes", "remove"]),
        ("producer", {"partitioner.class": "com.example.Mine"}, ["Mine", "key"]),
        ("consumer", {"enable.auto.commit": "true"}, ["enable.auto.commit", "remove"]),
        ("consumer", {"partition.assignment.strategy": "com.example.Mine"}, ["Mine", "RangeAssignor"]),
    ],
)
def test_one_warning_says_what_to_do(kind: Any, java: dict[str, str], words: list[str]) -> None:
    warnings = translate(java, kind).warnings
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in words)


def test_what_has_no_meaning_here_is_silent() -> None:
    silent = {
        "key.serializer": "org.apache.kafka.common.serialization.ByteArraySerializer",
        "metric.reporters": "",
        "metrics.context.connect.kafka.cluster.id": "x",
        "metrics.num.samples": "2",
        "retries": "",
        "max.poll.records": "500",
    }
    assert translate(silent, "producer").warnings == []


@pytest.mark.parametrize("kind", ["producer", "consumer", "admin"])
def test_client_keys_are_java_s(kind: Any) -> None:
    keys = client_keys(kind)
    assert {"bootstrap.servers", "ssl.truststore.location", "sasl.jaas.config"} <= keys
    assert ("acks" in keys) == (kind == "producer")
    assert ("max.poll.records" in keys) == (kind == "consumer")
    assert "offset.storage.topic" not in keys


_SAMPLES = {"acks": "all", "partition.assignment.strategy": "RangeAssignor", "bootstrap.servers": "localhost:1"}


@pytest.mark.parametrize("kind", ["producer", "consumer", "admin"])
@pytest.mark.parametrize("value", ["0", "1", "2147483647", "true", "none", "zstd", "read_committed", "rebootstrap"])
def test_the_library_takes_whatever_comes_out(kind: Any, value: str) -> None:
    """Each key by itself, at the edges of its range: names and values that the library knows."""
    lib = _librdkafka.load()
    if lib is None:
        unavailable("the C library inside the confluent-kafka wheel cannot be called here")
    reason = ctypes.create_string_buffer(512)
    conf = lib.rd_kafka_conf_new()
    for key in client_keys(kind) - {"security.protocol", "transactional.id"}:
        if key.startswith(("ssl.", "sasl.")):
            continue
        try:
            made = translate({key: _SAMPLES.get(key, value)}, kind).librdkafka
        except ConfigError:
            continue  # not a value of this key
        for name, converted in made.items():
            done = lib.rd_kafka_conf_set(conf, name.encode(), converted.encode(), reason, len(reason))
            assert done == 0, (key, value, reason.value)
    lib.rd_kafka_conf_destroy(conf)


@given(st.dictionaries(st.sampled_from(sorted(RULES)), st.text(max_size=12), max_size=4), st.sampled_from("pca"))
def test_any_input_gives_settings_or_an_error_with_a_key(java: dict[str, str], kind: str) -> None:
    try:
        settings = translate(java, {"p": "producer", "c": "consumer", "a": "admin"}[kind])  # type: ignore[arg-type]
    except ConfigError as error:
        assert error.key  # noqa: PT017
        assert error.remedy  # noqa: PT017
    else:
        assert all(isinstance(value, str) for value in settings.librdkafka.values())


WORKER = {
    "bootstrap.servers": "worker:9092",
    "group.id": "cluster",
    "client.id": "me",
    "session.timeout.ms": "10000",
    "config.storage.topic": "configs",
    "key.converter": "x",
    "security.protocol": "SSL",
    "linger.ms": "7",
    "producer.linger.ms": "8",
    "producer.bootstrap.servers": "data:9092",
    "consumer.max.poll.records": "10",
    "admin.retries": "3",
}


def test_layers_of_a_source_task() -> None:
    java = source_producer_config(WORKER, {"producer.override.acks": "1", "topic": "x"}, "orders", 3)
    assert java["client.id"] == "connector-producer-orders-3"
    assert java["acks"] == "1"
    assert java["linger.ms"] == "8"
    assert java["bootstrap.servers"] == "data:9092"
    assert java["security.protocol"] == "SSL"
    assert java["delivery.timeout.ms"] == "2147483647"
    assert not java.keys() & {"group.id", "session.timeout.ms", "config.storage.topic", "key.converter"}


def test_layers_of_a_sink_task() -> None:
    java = sink_consumer_config(WORKER, {"consumer.override.auto.offset.reset": "latest"}, "orders", 0)
    assert java["client.id"] == "connector-consumer-orders-0"
    assert java["group.id"] == "connect-orders"
    assert java["auto.offset.reset"] == "latest"
    assert java["max.poll.records"] == "10"
    assert "session.timeout.ms" not in java
    other = sink_consumer_config(WORKER, {"consumer.override.group.id": "mine"}, "orders", 0)
    assert other["group.id"] == "mine"
    assert sink_consumer_config({}, {}, "orders", 0)["auto.offset.reset"] == "earliest"


def test_admin_and_dead_letters() -> None:
    assert admin_config(WORKER)["client.id"] == "cluster-me-shared-admin"
    assert admin_config({})["client.id"] == "connect-shared-admin"
    task = admin_config(WORKER, {"admin.override.retries": "5"}, "orders", 1)
    assert (task["client.id"], task["retries"]) == ("connector-adminclient-orders-1", "5")
    dead = dlq_producer_config(WORKER, {"producer.override.linger.ms": "1"}, "orders", 1)
    assert (dead["client.id"], dead["linger.ms"]) == ("connector-dlq-producer-orders-1", "1")
