"""Leaving a group for members that are gone."""

from __future__ import annotations

import gc
import time
import uuid
import warnings
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from barnabas.errors import ConnectError
from barnabas.kafka.membership import leave_group
from barnabas.kafka.settings import translate
from services.kafka_tls import ADMIN, jaas


def _join_and_go(settings: dict[str, Any], group: str, topic: str) -> None:
    """A static member that joins, and ends as if it were to come back."""
    consumer = Consumer({**settings, "group.id": group, "group.instance.id": "one", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    until = time.monotonic() + 30
    while not consumer.assignment():
        assert time.monotonic() < until
        consumer.poll(0.2)
    consumer.close()


def _members(admin: AdminClient, group: str) -> int:
    return len(admin.describe_consumer_groups([group])[group].result(10).members)


def test_a_static_member_leaves_only_when_it_is_told(broker: Any, make_topic: Any) -> None:
    group = f"g-{uuid.uuid4().hex[:8]}"
    java = {"bootstrap.servers": broker.bootstrap, "group.id": group}
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    _join_and_go({"bootstrap.servers": broker.bootstrap}, group, make_topic())
    assert _members(admin, group) == 1
    leave_group(translate(java, "consumer"), group, ["one", "never-there"], 10)
    assert _members(admin, group) == 0
    leave_group(translate(java, "consumer"), group, ["one"], 10)


@pytest.mark.kafka
def test_the_same_with_tls_and_a_password(secure_kafka: Any) -> None:
    java = {
        "bootstrap.servers": secure_kafka.bootstrap,
        **secure_kafka.security.client,
        "sasl.jaas.config": jaas(*ADMIN),
        "group.id": (group := f"g-{uuid.uuid4().hex[:8]}"),
    }
    settings = translate(java, "consumer").librdkafka
    admin_settings = translate({key: value for key, value in java.items() if key != "group.id"}, "admin").librdkafka
    admin = AdminClient(admin_settings)
    topic = f"t-{uuid.uuid4().hex[:8]}"
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    _join_and_go(settings, group, topic)
    assert _members(admin, group) == 1
    leave_group(translate(java, "consumer"), group, ["one"], 10)
    assert _members(admin, group) == 0


def test_nobody_there_is_an_error_with_the_way_out() -> None:
    settings = translate({"bootstrap.servers": "127.0.0.1:1", "group.id": "g"}, "consumer")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # kafka-python leaves its failed attempts to the collector
        began = time.monotonic()
        with pytest.raises(ConnectError, match="could not leave group g") as caught:
            leave_group(settings, "g", ["one"], 1)
        assert time.monotonic() - began < 4
        gc.collect()
    assert caught.value.code == "BRN-2220"
    assert "session.timeout.ms" in str(caught.value)
