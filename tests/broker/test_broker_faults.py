"""Faults that tests ask for, and clients that get over them."""

from __future__ import annotations

import socket
import time

import pytest
from broker_clients import admin, converse, create, exchange, producer, read, receive, send, values

from barnabas.broker.apis import ALL
from barnabas.broker.codes import ErrorCode


def test_dropped_requests_are_sent_again(live):
    create(live.bootstrap, "t")
    rule = live.faults.drop("Produce", times=2)
    assert send(live.bootstrap, "t", [b"x"], retry_backoff_ms=10) == [0]
    assert rule.hits == 2


def test_a_lost_answer_makes_duplicates_unless_idempotent(live):
    create(live.bootstrap, "t")
    live.faults.drop("Produce", after=True)
    send(live.bootstrap, "t", [b"twice"])
    assert values(read(live.bootstrap, "t", 2)) == [b"twice", b"twice"]
    live.faults.drop("produce", after=True)
    send(live.bootstrap, "t", [b"once"], enable_idempotence=True)
    assert values(read(live.bootstrap, "t", 3)) == [b"twice", b"twice", b"once"]


def test_delay(live):
    create(live.bootstrap, "t")
    live.faults.delay(0, 0.5)
    began = time.monotonic()
    send(live.bootstrap, "t", [b"x"])
    assert time.monotonic() - began > 0.45


def test_error_for_one_client_only(live):
    create(live.bootstrap, "t")
    live.faults.error("Produce", "INVALID_RECORD", times=None, client_id="victim")
    send(live.bootstrap, "t", [b"x"], client_id="other")
    failures = []
    client = producer(live.bootstrap, client_id="victim")
    client.produce("t", b"x", on_delivery=lambda error, _: failures.append(error))
    client.flush(10)
    assert failures[0].name() == "INVALID_RECORD"
    live.faults.clear()
    send(live.bootstrap, "t", [b"x"], client_id="victim")


def test_disconnect_all(live):
    client = producer(live.bootstrap)
    client.list_topics(timeout=10)
    with socket.create_connection(("127.0.0.1", live.port), 5) as connection:
        converse(connection, 18, 0, {})
        live.faults.disconnect_all()
        with pytest.raises(ConnectionError):
            receive(connection)
    client.produce("t", b"x")
    assert client.flush(10) == 0


def test_any_api(live):
    rule = live.faults.error(None, ErrorCode.NOT_COORDINATOR, times=3)
    assert rule.left == 3
    live.faults.clear()
    assert admin(live.bootstrap).list_topics(timeout=10).topics == {}


LISTS = {
    "topics": [{"name": "t", "topic_id": bytes(16), "partitions": [{"index": 0}], "partition_indexes": [0]}],
    "groups": [{"group_id": "g", "topics": []}],
    "resources": [{"resource_type": 2, "resource_name": "t", "configs": []}],
    "topic_names": ["t"],
    "group_names": ["g"],
    "coordinator_keys": ["k"],
    "transactional_ids": ["x"],
    "transactional_id": "x",
}
PLAIN = {15: {"groups": ["g"]}, 24: {"topics": [{"name": "t", "partitions": [0]}]}}


def codes(value):
    """All error codes in an answer."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "error_code":
                yield each
            else:
                yield from codes(each)
    elif isinstance(value, list):
        for each in value:
            yield from codes(each)


@pytest.mark.parametrize("key", [key for key in ALL if key != 18])
def test_every_api_can_fail_in_every_version(live, key):
    low, high = ALL[key].versions
    for version in range(low, high + 1):
        live.faults.error(key, ErrorCode.POLICY_VIOLATION)
        answer = exchange(live.port, key, version, {**LISTS, **PLAIN.get(key, {})})
        assert ErrorCode.POLICY_VIOLATION in set(codes(answer)), (ALL[key].name, version)
