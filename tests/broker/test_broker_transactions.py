"""Transactions through librdkafka, and what fences whom."""

from __future__ import annotations

import pytest
from broker_clients import BrokerProcess, consumer, create, exchange, producer, read, send, values
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from barnabas.broker import EmbeddedBroker
from barnabas.broker.codes import ErrorCode
from barnabas.broker.records import split_batches


def transactional(bootstrap, name="tx", **settings):
    client = producer(bootstrap, transactional_id=name, **settings)
    client.init_transactions(10)
    return client


def transact(client, topic, *batch, commit=True):
    client.begin_transaction()
    for value in batch:
        client.produce(topic, value, partition=0)
    client.flush(10)
    if commit:
        client.commit_transaction(10)
    else:
        client.abort_transaction(10)


def committed(live, count):
    return values(read(live.bootstrap, "t", count, isolation_level="read_committed"))


def stable(live, offset):
    """What a fetch of committed records returns from ``offset`` on, without waiting."""
    partition = {"index": 0, "fetch_offset": offset, "max_bytes": 1 << 20}
    body = {"isolation_level": 1, "max_bytes": 1 << 20, "topics": [{"name": "t", "partitions": [partition]}]}
    return exchange(live.port, 1, 6, body)["topics"][0]["partitions"][0]["records"]


def uncommitted(live, count):
    return values(read(live.bootstrap, "t", count, isolation_level="read_uncommitted"))


def test_commit_abort_and_isolation(live):
    client = transactional(live.bootstrap)
    transact(client, "t", b"a", b"b")
    transact(client, "t", b"no", commit=False)
    transact(client, "t", b"c")
    send(live.bootstrap, "t", [b"plain"])
    transact(client, "t", b"no again", commit=False)
    assert committed(live, 4) == [b"a", b"b", b"c", b"plain"]
    assert uncommitted(live, 6) == [b"a", b"b", b"no", b"c", b"plain", b"no again"]
    # two records and a marker, one and one, one and one, one, one and one
    assert live.broker.topics.log("t", 0).end == 10


def test_an_open_transaction_holds_committed_readers_back(live):
    client = transactional(live.bootstrap)
    send(live.bootstrap, "t", [b"before"])
    client.begin_transaction()
    client.produce("t", b"open", partition=0)
    client.flush(10)
    send(live.bootstrap, "t", [b"after"])
    log = live.broker.topics.log("t", 0)
    assert (log.stable_end, log.end) == (1, 3)
    assert [header.base_offset for _, header in split_batches(stable(live, 0))] == [0]
    assert stable(live, 1) == b""
    assert uncommitted(live, 3) == [b"before", b"open", b"after"]
    client.commit_transaction(10)
    assert committed(live, 3) == [b"before", b"open", b"after"]


def test_a_new_producer_fences_the_old_and_aborts_its_transaction(live):
    old = transactional(live.bootstrap)
    old.begin_transaction()
    old.produce("t", b"zombie", partition=0)
    old.flush(10)
    new = transactional(live.bootstrap)
    transact(new, "t", b"new")
    with pytest.raises(KafkaException) as caught:
        old.commit_transaction(10)
    assert caught.value.args[0].code() in {KafkaError._FENCED, KafkaError.PRODUCER_FENCED}
    assert committed(live, 1) == [b"new"]


def test_what_does_not_belong_to_the_transaction_is_refused(live):
    old = transactional(live.bootstrap)
    transact(old, "t", b"a")
    log = live.broker.topics.log("t", 0)
    batch = log.active.read(0, log.active.batch_size_at(0))

    def write(name):
        body = {"transactional_id": name, "acks": -1, "topics": [{"name": "t", "partitions": [{"records": batch}]}]}
        body["topics"][0]["partitions"][0]["index"] = 0
        return exchange(live.port, 0, 9, body)["topics"][0]["partitions"][0]["error_code"]

    assert write("tx") == ErrorCode.INVALID_TXN_STATE, "the partition was not added to a transaction"
    assert write("other") == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    transactional(live.bootstrap)
    assert write("tx") == ErrorCode.INVALID_PRODUCER_EPOCH
    assert log.end == 2


def test_offsets_become_valid_with_the_commit(live):
    send(live.bootstrap, "in", [b"1", b"2", b"3"])
    client = transactional(live.bootstrap)
    reader = consumer(live.bootstrap)
    reader.subscribe(["in"])
    assert len(reader.consume(3, 10)) == 3
    for commit, expected in ((False, -1001), (True, 3)):
        client.begin_transaction()
        client.produce("t", b"out", partition=0)
        client.send_offsets_to_transaction([TopicPartition("in", 0, 3)], reader.consumer_group_metadata(), 10)
        pending = exchange(live.port, 9, 7, {"group_id": "tests", "topics": None, "require_stable": False})["topics"]
        assert pending == []
        body = {"group_id": "tests", "topics": [{"name": "in", "partition_indexes": [0]}], "require_stable": True}
        (topic,) = exchange(live.port, 9, 7, body)["topics"]
        assert topic["partitions"][0]["error_code"] == ErrorCode.UNSTABLE_OFFSET_COMMIT
        if commit:
            client.commit_transaction(10)
        else:
            client.abort_transaction(10)
        assert reader.committed([TopicPartition("in", 0)], 10)[0].offset == expected
    assert committed(live, 1) == [b"out"]
    reader.close()


def test_a_transaction_that_takes_too_long_is_aborted(live):
    client = transactional(live.bootstrap, transaction_timeout_ms=1000)
    client.begin_transaction()
    client.produce("t", b"slow", partition=0)
    client.flush(10)
    live.broker.transactions.transactions["tx"].started -= 2000
    live.housekeep()
    log = live.broker.topics.log("t", 0)
    assert log.stable_end == log.end == 2
    with pytest.raises(KafkaException):
        client.commit_transaction(10)


def test_transactions_survive_restarts(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        client = transactional(live.bootstrap)
        transact(client, "t", b"a")
        transact(client, "t", b"no", commit=False)
        client.begin_transaction()
        client.produce("t", b"open", partition=0)
        client.flush(10)
        port = live.port
    with EmbeddedBroker(tmp_path, port=port) as live:
        log = live.broker.topics.log("t", 0)
        assert (log.stable_end, log.end) == (4, 5)
        assert committed(live, 1) == [b"a"]
        assert stable(live, 4) == b""
        client.commit_transaction(10)
        assert committed(live, 2) == [b"a", b"open"]


def test_transactions_survive_kill(tmp_path):
    broker = BrokerProcess(tmp_path)
    client = transactional(broker.bootstrap)
    transact(client, "t", b"a")
    transact(client, "t", b"no", commit=False)
    client.begin_transaction()
    client.produce("t", b"open", partition=0)
    client.flush(10)
    broker.kill()
    broker = BrokerProcess(tmp_path, broker.port)
    client.commit_transaction(20)
    assert values(read(broker.bootstrap, "t", 2, isolation_level="read_committed")) == [b"a", b"open"]
    assert broker.terminate() == 0


def test_an_end_that_was_decided_is_completed_after_a_crash(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        client = transactional(live.bootstrap)
        client.begin_transaction()
        client.produce("t", b"decided", partition=0)
        client.flush(10)
        coordinator = live.broker.transactions
        coordinator.transactions["tx"].state = "PrepareCommit"
        coordinator._save("tx", coordinator.transactions["tx"])
    with EmbeddedBroker(tmp_path) as live:
        assert live.broker.transactions.transactions["tx"].state == "CompleteCommit"
        assert committed(live, 1) == [b"decided"]


def begin_raw(live, name="raw"):
    create(live.bootstrap, "t")
    body = {"transactional_id": name, "transaction_timeout_ms": 10_000}
    answer = exchange(live.port, 22, 4, body)
    return {
        "transactional_id": name,
        "producer_id": answer["producer_id"],
        "producer_epoch": answer["producer_epoch"],
        "topics": [],
        "group_id": "g",
        "committed": True,
    }


def test_error_codes_by_version(live):
    good = begin_raw(live)
    fenced = {**good, "producer_epoch": good["producer_epoch"] - 1}
    stranger = {**good, "transactional_id": "other"}
    assert exchange(live.port, 26, 1, fenced)["error_code"] == ErrorCode.INVALID_PRODUCER_EPOCH
    assert exchange(live.port, 26, 3, fenced)["error_code"] == ErrorCode.PRODUCER_FENCED
    assert exchange(live.port, 25, 3, stranger)["error_code"] == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert exchange(live.port, 26, 3, good)["error_code"] == ErrorCode.INVALID_TXN_STATE
    again = {**fenced, "transaction_timeout_ms": 10_000}
    assert exchange(live.port, 22, 3, again)["error_code"] == ErrorCode.INVALID_PRODUCER_EPOCH
    assert exchange(live.port, 22, 4, again)["error_code"] == ErrorCode.PRODUCER_FENCED
    assert exchange(live.port, 22, 4, {**again, "transaction_timeout_ms": 0})["error_code"] == (
        ErrorCode.INVALID_TRANSACTION_TIMEOUT
    )
    add = {**good, "topics": [{"name": "t", "partitions": [0, 5]}]}
    (topic,) = exchange(live.port, 24, 3, add)["results"]
    assert [each["error_code"] for each in topic["partitions"]] == [
        ErrorCode.OPERATION_NOT_ATTEMPTED,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]


def test_ends_are_idempotent_and_epochs_grow(live):
    good = begin_raw(live)
    exchange(live.port, 24, 3, {**good, "topics": [{"name": "t", "partitions": [0]}]})
    assert exchange(live.port, 26, 3, good)["error_code"] == 0
    assert exchange(live.port, 26, 3, good)["error_code"] == 0
    assert exchange(live.port, 26, 3, {**good, "committed": False})["error_code"] == ErrorCode.INVALID_TXN_STATE
    ask = {**good, "transaction_timeout_ms": 10_000}
    first = exchange(live.port, 22, 4, ask)
    retried = exchange(live.port, 22, 4, ask)
    assert first["producer_epoch"] == good["producer_epoch"] + 1
    assert retried == first, "the same question is answered in the same way"


def test_used_up_epochs_give_a_new_producer_id(live):
    good = begin_raw(live)
    live.broker.transactions.transactions["raw"].epoch = (1 << 15) - 2
    answer = exchange(live.port, 22, 4, {"transactional_id": "raw", "transaction_timeout_ms": 10_000})
    assert answer["producer_id"] != good["producer_id"]
    assert answer["producer_epoch"] == 0


def test_what_administrators_see(live):
    client = transactional(live.bootstrap)
    client.begin_transaction()
    client.produce("t", b"x", partition=0)
    client.flush(10)
    (state,) = exchange(live.port, 65, 0, {"transactional_ids": ["tx"]})["transaction_states"]
    assert state["transaction_state"] == "Ongoing"
    assert state["topics"] == [{"topic": "t", "partitions": [0]}]
    listed = exchange(live.port, 66, 1, {"state_filters": ["Ongoing", "Odd"], "producer_id_filters": []})
    assert [each["transactional_id"] for each in listed["transaction_states"]] == ["tx"]
    assert listed["unknown_state_filters"] == ["Odd"]
    (topic,) = exchange(live.port, 61, 0, {"topics": [{"name": "t", "partition_indexes": [0]}]})["topics"]
    (active,) = topic["partitions"][0]["active_producers"]
    assert active["current_txn_start_offset"] == 0
    (missing,) = exchange(live.port, 65, 0, {"transactional_ids": ["?"]})["transaction_states"]
    assert missing["error_code"] == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    client.abort_transaction(10)


def test_unused_transactional_ids_expire(live):
    begin_raw(live)
    live.broker.transactions.transactions["raw"].updated = 0
    live.housekeep()
    assert live.broker.transactions.transactions == {}
