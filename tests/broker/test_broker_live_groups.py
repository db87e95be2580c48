"""Consumer groups through real clients."""

from __future__ import annotations

import time

import pytest
from broker_clients import admin, consumer, create, exchange, read, send
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from barnabas.broker import EmbeddedBroker
from barnabas.broker.codes import ErrorCode


def poll_until(clients, condition, limit=15):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        for client in clients:
            client.poll(0.05)


def test_two_members_share_partitions(live):
    create(live.bootstrap, "t", 4)
    first = consumer(live.bootstrap, heartbeat_interval_ms=100)
    second = consumer(live.bootstrap, heartbeat_interval_ms=100)
    first.subscribe(["t"])
    poll_until([first], lambda: len(first.assignment()) == 4)
    second.subscribe(["t"])
    poll_until([first, second], lambda: len(first.assignment()) == len(second.assignment()) == 2)
    second.close()
    poll_until([first], lambda: len(first.assignment()) == 4)
    described = admin(live.bootstrap).describe_consumer_groups(["tests"])["tests"].result(10)
    assert described.state == ConsumerGroupState.STABLE
    assert [len(member.assignment.topic_partitions) for member in described.members] == [4]
    first.close()
    assert live.broker.groups.get("tests").state == "Empty"


def test_commits_survive_a_restart(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        send(live.bootstrap, "t", [b"x"] * 10)
        reader = consumer(live.bootstrap)
        reader.subscribe(["t"])
        reader.consume(5, 10)
        reader.commit(offsets=[TopicPartition("t", 0, 5, "note")], asynchronous=False)
        port = live.port
    with EmbeddedBroker(tmp_path, port=port) as live:
        generation = live.broker.groups.get("tests").generation
        poll_until([reader], lambda: reader.poll(0.1) is not None)
        reader.commit(offsets=[TopicPartition("t", 0, 7)], asynchronous=False)
        assert live.broker.groups.get("tests").generation == generation, "the member went on without a rebalance"
        reader.close()
        other = consumer(live.bootstrap)
        assert other.committed([TopicPartition("t", 0)], 10)[0].offset == 7
        other.close()


def test_static_member_takes_over_at_once(live):
    create(live.bootstrap, "t", 2)
    settings = {"group_instance_id": "one", "session_timeout_ms": 30_000}
    first = consumer(live.bootstrap, **settings)
    first.subscribe(["t"])
    poll_until([first], lambda: len(first.assignment()) == 2)
    second = consumer(live.bootstrap, **settings)
    second.subscribe(["t"])
    began = time.monotonic()
    poll_until([second], lambda: len(second.assignment()) == 2)
    assert time.monotonic() - began < 3
    assert live.broker.groups.get("tests").generation == 1
    with pytest.raises(KafkaException, match="fenced"):
        first.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
    first.close()
    second.close()
    assert list(live.broker.groups.get("tests").static) == ["one"], "static members stay until their session ends"


def test_session_timeout_moves_partitions(live):
    create(live.bootstrap, "t", 2)
    body = {
        "group_id": "tests",
        "session_timeout_ms": 1000,
        "rebalance_timeout_ms": 1000,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b"\0\0\0\0\0\1\0\1t\0\0\0\0"}],
    }
    assert exchange(live.port, 11, 3, body)["error_code"] == 0  # and is never heard of again
    reader = consumer(live.bootstrap, session_timeout_ms=6000)
    reader.subscribe(["t"])
    poll_until([reader], lambda: len(reader.assignment()) == 2, limit=8)
    reader.close()


def test_offsets_are_listed_altered_and_deleted(live):
    create(live.bootstrap, "t", 3)
    client = admin(live.bootstrap)
    places = [TopicPartition("t", index, 10 + index) for index in range(3)]
    client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("g", places)])["g"].result(10)
    listed = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions("g")])["g"].result(10)
    assert {place.partition: place.offset for place in listed.topic_partitions} == {0: 10, 1: 11, 2: 12}
    groups = client.list_consumer_groups().result(10)
    assert [(group.group_id, group.state) for group in groups.valid] == [("g", ConsumerGroupState.EMPTY)]
    body = {"group_id": "g", "topics": [{"name": "t", "partitions": [{"index": 1}]}]}
    assert exchange(live.port, 47, 0, body)["error_code"] == 0
    listed = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions("g")])["g"].result(10)
    assert {place.partition for place in listed.topic_partitions} == {0, 2}
    client.delete_consumer_groups(["g"])["g"].result(10)
    with pytest.raises(KafkaException, match="GROUP_ID_NOT_FOUND"):
        client.delete_consumer_groups(["g"])["g"].result(10)


def test_groups_in_use_are_protected(live):
    send(live.bootstrap, "t", [b"x"])
    reader = consumer(live.bootstrap)
    reader.subscribe(["t"])
    poll_until([reader], reader.assignment)
    with pytest.raises(KafkaException, match="NON_EMPTY_GROUP"):
        admin(live.bootstrap).delete_consumer_groups(["tests"])["tests"].result(10)
    body = {"group_id": "tests", "topics": [{"name": "t", "partitions": [{"index": 0}]}]}
    (topic,) = exchange(live.port, 47, 0, body)["topics"]
    assert topic["partitions"][0]["error_code"] == ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
    reader.close()


def test_deleting_a_topic_deletes_its_offsets(live):
    send(live.bootstrap, "t", [b"x"])
    reader = consumer(live.bootstrap)
    reader.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
    admin(live.bootstrap).delete_topics(["t"])["t"].result(10)
    assert live.broker.groups.offsets.of("tests") == {}
    send(live.bootstrap, "t", [b"new"])
    assert len(read(live.bootstrap, "t", 1)) == 1
    reader.close()


def test_errors_of_old_and_new_versions(live):
    unknown = {"group_id": "g", "generation_id": 3, "member_id": "m", "protocols": [], "assignments": [], "topics": []}
    assert exchange(live.port, 12, 4, unknown)["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert exchange(live.port, 14, 5, unknown)["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert exchange(live.port, 13, 0, unknown)["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    (member,) = exchange(live.port, 13, 5, {"group_id": "g", "members": [{"member_id": "m"}]})["members"]
    assert member["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    join = {**unknown, "session_timeout_ms": 5000, "member_id": "", "protocol_type": "x", "leader": ""}
    assert exchange(live.port, 11, 9, join)["error_code"] == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert exchange(live.port, 11, 5, {**join, "session_timeout_ms": 1})["error_code"] == (
        ErrorCode.INVALID_SESSION_TIMEOUT
    )
    assert exchange(live.port, 11, 5, {**join, "group_id": ""})["error_code"] == ErrorCode.INVALID_GROUP_ID
    (group,) = exchange(live.port, 15, 6, {"groups": ["nope"]})["groups"]
    assert group["error_code"] == ErrorCode.GROUP_ID_NOT_FOUND
    (group,) = exchange(live.port, 15, 1, {"groups": ["nope"]})["groups"]
    assert (group["error_code"], group["group_state"]) == (0, "Dead")
