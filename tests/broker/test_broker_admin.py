"""Topics, configurations and the cluster as administrators see them."""

from __future__ import annotations

import pytest
from broker_clients import admin, consumer, create, exchange, kafka, producer, send
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from barnabas.broker.codes import ErrorCode


def make(live, *topics, **options):
    for future in admin(live.bootstrap).create_topics(list(topics), **options).values():
        future.result(10)


def describe(live, kind, name):
    resource = ConfigResource(kind, name)
    return admin(live.bootstrap).describe_configs([resource])[resource].result(10)


def test_create_and_delete(live):
    make(live, NewTopic("a", 3, 1), NewTopic("b", -1, -1))
    found = admin(live.bootstrap).list_topics(timeout=10)
    assert {name: len(topic.partitions) for name, topic in found.topics.items()} == {"a": 3, "b": 1}
    assert found.cluster_id == live.broker.cluster_id
    assert [(broker.id, broker.port) for broker in found.brokers.values()] == [(1, live.port)]
    admin(live.bootstrap).delete_topics(["a"])["a"].result(10)
    assert [topic.name for topic in live.broker.topics.all()] == ["b"]
    assert [path.name for path in (live.broker.data_dir / "logs").iterdir()] == ["b-0"]
    with pytest.raises(KafkaException, match="UNKNOWN_TOPIC_OR_PART"):
        admin(live.bootstrap).delete_topics(["a"])["a"].result(10)


def test_a_deleted_topic_comes_back_empty(live):
    send(live.bootstrap, "t", [b"old"] * 3)
    first = live.broker.topics.topic("t").id
    admin(live.bootstrap).delete_topics(["t"])["t"].result(10)
    make(live, NewTopic("t", 1, 1))
    assert live.broker.topics.topic("t").id != first
    assert send(live.bootstrap, "t", [b"new"]) == [0]


def test_a_waiting_consumer_notices_deletion(live):
    create(live.bootstrap, "t")
    reader = consumer(live.bootstrap, fetch_wait_max_ms=10_000)
    reader.assign([TopicPartition("t", 0, 0)])
    reader.poll(0.5)
    admin(live.bootstrap).delete_topics(["t"])["t"].result(10)
    reader.close()


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        (NewTopic("exists", 1, 1), "TOPIC_ALREADY_EXISTS"),
        (NewTopic("t", 1, 3), "INVALID_REPLICATION_FACTOR"),
        (NewTopic("t", 0, 1), "INVALID_PARTITIONS"),
        (NewTopic("a b", 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("..", 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("t", 1, 1, config={"nonsense": "1"}), "INVALID_CONFIG"),
        (NewTopic("t", 1, 1, config={"retention.ms": "soon"}), "INVALID_CONFIG"),
        (NewTopic("t", 1, 1, config={"cleanup.policy": "shred"}), "INVALID_CONFIG"),
        (NewTopic("t", 1, 1, config={"retention.ms": "-2"}), "INVALID_CONFIG"),
    ],
)
def test_refused_topics(live, topic, error):
    make(live, NewTopic("exists", 1, 1))
    with pytest.raises(KafkaException, match=error):
        make(live, topic)
    assert [each.name for each in live.broker.topics.all()] == ["exists"]


def test_validate_only_and_assignments(live):
    make(live, NewTopic("t", 2, 1), validate_only=True)
    assert live.broker.topics.all() == []
    assignments = [{"partition_index": index, "broker_ids": [1]} for index in range(2)]
    entry = {"name": "t", "num_partitions": -1, "replication_factor": -1, "assignments": assignments, "configs": []}
    (answer,) = exchange(live.port, 19, 7, {"topics": [entry]})["topics"]
    assert (answer["error_code"], answer["num_partitions"]) == (0, 2)
    elsewhere = {**entry, "name": "u", "assignments": [{"partition_index": 0, "broker_ids": [2]}]}
    (answer,) = exchange(live.port, 19, 7, {"topics": [elsewhere]})["topics"]
    assert answer["error_code"] == ErrorCode.INVALID_REPLICA_ASSIGNMENT


def test_more_partitions(live):
    make(live, NewTopic("t", 1, 1))
    admin(live.bootstrap).create_partitions([NewPartitions("t", 3)])["t"].result(10)
    client = producer(live.bootstrap)
    client.produce("t", b"x", partition=2)
    assert client.flush(10) == 0
    with pytest.raises(KafkaException, match="INVALID_PARTITIONS"):
        admin(live.bootstrap).create_partitions([NewPartitions("t", 2)])["t"].result(10)


def test_topic_configuration(live):
    make(live, NewTopic("t", 1, 1, config={"retention.ms": "1000"}))
    configs = describe(live, ResourceType.TOPIC, "t")
    assert configs["retention.ms"].value == "1000"
    assert configs["retention.ms"].source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    assert configs["cleanup.policy"].value == "delete"
    assert configs["cleanup.policy"].is_default

    def alter(name, value, operation):
        entry = ConfigEntry(name, value, incremental_operation=operation)
        resource = ConfigResource(ResourceType.TOPIC, "t", incremental_configs=[entry])
        admin(live.bootstrap).incremental_alter_configs([resource])[resource].result(10)

    alter("cleanup.policy", "compact", AlterConfigOpType.APPEND)
    assert live.broker.topics.topic("t").configs["cleanup.policy"] == "delete,compact"
    alter("cleanup.policy", "delete", AlterConfigOpType.SUBTRACT)
    assert live.broker.topics.log("t", 0).config.compact
    assert not live.broker.topics.log("t", 0).config.delete
    alter("retention.ms", None, AlterConfigOpType.DELETE)
    alter("max.message.bytes", "5000", AlterConfigOpType.SET)
    assert live.broker.topics.topic("t").configs == {"cleanup.policy": "compact", "max.message.bytes": "5000"}
    with pytest.raises(KafkaException, match="INVALID_CONFIG"):
        alter("max.message.bytes", "x", AlterConfigOpType.SET)
    with pytest.raises(KafkaException, match="INVALID_CONFIG"):
        alter("max.message.bytes", "1", AlterConfigOpType.APPEND)


def test_whole_configuration_is_replaced(live):
    make(live, NewTopic("t", 1, 1, config={"retention.ms": "1000"}))
    body = {
        "resources": [{"resource_type": 2, "resource_name": "t", "configs": [{"name": "segment.ms", "value": "9"}]}]
    }
    assert exchange(live.port, 33, 1, body)["responses"][0]["error_code"] == 0
    assert live.broker.topics.topic("t").configs == {"segment.ms": "9"}


def test_broker_configuration(live):
    configs = describe(live, ResourceType.BROKER, "1")
    assert configs["auto.create.topics.enable"].value == "true"
    assert configs["num.partitions"].is_read_only
    body = {"resources": [{"resource_type": 4, "resource_name": "1", "configs": []}], "validate_only": False}
    (answer,) = exchange(live.port, 44, 1, body)["responses"]
    assert answer["error_code"] == ErrorCode.INVALID_REQUEST
    assert "Only topic configurations" in answer["error_message"]
    body = {"resources": [{"resource_type": 4, "resource_name": "7", "configuration_keys": None}]}
    assert exchange(live.port, 32, 4, body)["results"][0]["error_code"] == ErrorCode.INVALID_REQUEST


def test_cluster(live):
    described = admin(live.bootstrap).describe_cluster().result(10)
    assert described.cluster_id == live.broker.cluster_id
    assert described.controller.id == 1


def test_topics_by_id(live):
    make(live, NewTopic("t", 1, 1))
    topic = live.broker.topics.topic("t")
    asked = {"topics": [{"topic_id": topic.id, "name": None}, {"topic_id": b"x" * 16, "name": None}]}
    found, missing = exchange(live.port, 3, 12, asked)["topics"]
    assert (found["name"], found["error_code"]) == ("t", 0)
    assert (missing["name"], missing["error_code"]) == (None, ErrorCode.UNKNOWN_TOPIC_ID)
    gone = {"topics": [{"topic_id": topic.id, "name": None}]}
    assert exchange(live.port, 20, 6, gone)["responses"][0]["error_code"] == 0
    assert exchange(live.port, 20, 6, gone)["responses"][0]["error_code"] == ErrorCode.UNKNOWN_TOPIC_ID
    fetch = {
        "topics": [{"topic_id": topic.id, "partitions": [{"index": 0, "fetch_offset": 0, "max_bytes": 9}]}],
        "session_epoch": -1,
    }
    (topic,) = exchange(live.port, 1, 17, fetch)["topics"]
    assert topic["partitions"][0]["error_code"] == ErrorCode.UNKNOWN_TOPIC_ID


def test_leader_epochs(live):
    send(live.bootstrap, "t", [b"x"] * 4)
    partitions = [
        {"index": 0, "leader_epoch": 0},
        {"index": 0, "leader_epoch": 3},
        {"index": 9, "leader_epoch": 0},
        {"index": 0, "current_leader_epoch": 2, "leader_epoch": 0},
    ]
    (topic,) = exchange(live.port, 23, 4, {"topics": [{"name": "t", "partitions": partitions}]})["topics"]
    assert [(each["error_code"], each["leader_epoch"], each["end_offset"]) for each in topic["partitions"]] == [
        (0, 0, 4),
        (0, -1, -1),
        (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1),
        (ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1),
    ]


def test_kafka_python_admin(live):
    client = kafka.KafkaAdminClient(bootstrap_servers=live.bootstrap)
    client.create_topics([kafka.admin.NewTopic("kp", 2, 1)])
    assert "kp" in client.list_topics()
    client.delete_topics(["kp"])
    assert client.list_topics() == []
    client.close()
