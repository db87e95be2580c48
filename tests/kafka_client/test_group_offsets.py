from __future__ import annotations

import threading
import uuid

import pytest
from confluent_kafka import Consumer

from barnabas.kafka.admin import Admin
from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.group_offsets import GroupBusyError, GroupOffsets
from barnabas.kafka.settings import translate
from barnabas.record import TopicPartition


@pytest.fixture
def java(broker):
    return {"bootstrap.servers": broker.bootstrap}


@pytest.fixture
def topic(java):
    name = f"t-{uuid.uuid4().hex[:8]}"
    with Admin(translate(java, "admin")) as admin:
        admin.create_topic(name, 2, 1)
    return name


@pytest.fixture
def group():
    return f"g-{uuid.uuid4().hex[:8]}"


def test_offsets_are_changed_forgotten_and_deleted(java, topic, group):
    groups = GroupOffsets(20)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    assert groups.read(java, group) == {}
    groups.change(java, group, {first: 5, second: 7})
    assert groups.read(java, group) == {first: 5, second: 7}
    groups.change(java, group, {first: None, second: 8})
    assert groups.read(java, group) == {second: 8}
    groups.delete(java, group)
    assert groups.read(java, group) == {}
    groups.delete(java, group)
    with pytest.raises(KafkaClientError, match="GROUP_ID_NOT_FOUND"):
        groups.change(java, group, {first: None})


@pytest.mark.parametrize("place", [TopicPartition("t", -1), TopicPartition("", 0)])
def test_places_that_no_cluster_has(java, group, place):
    with pytest.raises(KafkaClientError):
        GroupOffsets(20).change(java, group, {place: 5})


def test_a_topic_that_does_not_exist(java, group):
    with pytest.raises(KafkaClientError, match="UNKNOWN_TOPIC"):
        GroupOffsets(20).change(java, group, {TopicPartition("nowhere-at-all", 0): 5})


def test_a_group_with_members_is_busy(java, topic, group):
    consumer = Consumer({"bootstrap.servers": java["bootstrap.servers"], "group.id": group})
    consumer.subscribe([topic])
    try:
        while not consumer.assignment():
            consumer.poll(0.2)
        groups = GroupOffsets(20, busy_s=0.2)
        for request in (
            lambda: groups.change(java, group, {TopicPartition(topic, 0): 5}),
            lambda: groups.change(java, group, {TopicPartition(topic, 0): None}),
            lambda: groups.delete(java, group),
        ):
            with pytest.raises(GroupBusyError):
                request()
        leaving = threading.Timer(0.5, consumer.close)
        leaving.start()
        GroupOffsets(20, busy_s=10).change(java, group, {TopicPartition(topic, 0): 5})
        leaving.join()
    finally:
        consumer.close()
