"""The dead letter topic is made where it is missing, and left alone where it is not."""

from __future__ import annotations

import uuid

import pytest

from barnabas import ConnectError
from barnabas.kafka.admin import Admin
from barnabas.kafka.connect_defaults import dlq_admin_config, dlq_producer_config
from barnabas.kafka.dead_letter_topic import ensure_dead_letter_topic
from barnabas.kafka.settings import translate


@pytest.fixture
def settings(embedded_broker):
    return translate({"bootstrap.servers": embedded_broker.bootstrap}, "admin")


def test_a_missing_topic_is_made_with_one_partition(settings, caplog):
    name = f"dead-{uuid.uuid4().hex[:8]}"
    ensure_dead_letter_topic(settings, name, 1)
    assert f"Topic {name} doesn't exist. Will attempt to create topic." in caplog.text
    with Admin(settings) as admin:
        assert admin.partitions(name) == 1


def test_an_existing_topic_is_left_alone(settings, caplog):
    name = f"dead-{uuid.uuid4().hex[:8]}"
    with Admin(settings) as admin:
        admin.create_topic(name, 3, 1)
        ensure_dead_letter_topic(settings, name, 1)
        assert admin.partitions(name) == 3
    assert "Will attempt" not in caplog.text


def test_what_cannot_be_made_says_why(settings):
    with pytest.raises(ConnectError, match="Could not initialize dead letter queue with topic=") as caught:
        ensure_dead_letter_topic(settings, "no topic", 1)
    assert caught.value.code == "BRN-2192"
    assert caught.value.__cause__ is not None


def test_clients_have_the_names_that_kafka_connect_gives_them():
    worker = {"bootstrap.servers": "b:1", "producer.linger.ms": "7", "admin.retries": "3", "client.id": "worker"}
    connector = {"producer.override.linger.ms": "9", "admin.override.retries": "4"}
    producer = dlq_producer_config(worker, connector, "c", 2)
    assert (producer["client.id"], producer["linger.ms"], producer["acks"]) == (
        "connector-dlq-producer-c-2",
        "9",
        "all",
    )
    admin = dlq_admin_config(worker, connector)
    assert (admin["client.id"], admin["retries"]) == ("connector-dlq-adminclient-", "4")
