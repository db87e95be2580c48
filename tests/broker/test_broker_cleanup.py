"""Retention, deleted records, compaction."""

from __future__ import annotations

import random
import time

import pytest
from broker_clients import admin, create, producer, read, send
from confluent_kafka import KafkaException, TopicPartition

from barnabas.broker import EmbeddedBroker
from barnabas.broker.log_recovery import swap_name

SMALL = {"segment_bytes": 1024}


def log_of(live):
    return live.broker.topics.log("t", 0)


def test_retention_by_size(live):
    create(live.bootstrap, "t", retention_bytes=4000, **SMALL)
    for index in range(20):
        send(live.bootstrap, "t", [b"%02d" % index * 250])
    live.housekeep()
    log = log_of(live)
    assert 0 < log.start < 20
    assert 4000 <= log.size() < 6000
    assert [message.offset() for message in read(live.bootstrap, "t", 20 - log.start)] == list(range(log.start, 20))


def test_retention_by_age(live):
    create(live.bootstrap, "t", retention_ms=60_000, **SMALL)
    client = producer(live.bootstrap)
    for age in (120, 120, 0):
        client.produce("t", b"x" * 800, timestamp=int((time.time() - age) * 1000))
        client.flush(10)
    live.housekeep()
    assert log_of(live).start == 2
    create(live.bootstrap, "u", retention_ms=1)
    send(live.bootstrap, "u", [b"x"] * 5)
    time.sleep(0.05)
    live.housekeep()
    log = live.broker.topics.log("u", 0)
    assert (log.start, log.end, log.size()) == (5, 5, 0), "an expired active segment goes too"
    assert send(live.bootstrap, "u", [b"y"]) == [5]


def test_forever(live):
    create(live.bootstrap, "t", retention_ms=-1, **SMALL)
    client = producer(live.bootstrap)
    client.produce("t", b"x" * 1000, timestamp=1)
    client.produce("t", b"x" * 1000, timestamp=1)
    client.flush(10)
    live.housekeep()
    assert log_of(live).start == 0


def test_segments_end_with_their_time(live):
    create(live.bootstrap, "t", segment_ms=20)
    for _ in range(3):
        send(live.bootstrap, "t", [b"x"])
        time.sleep(0.03)
    assert len(log_of(live).segments) == 3
    live.housekeep()
    assert len(log_of(live).segments) == 4


def test_delete_records(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", **SMALL)
        for index in range(10):
            send(live.bootstrap, "t", [b"%d" % index * 300])
        client = admin(live.bootstrap)
        place = TopicPartition("t", 0, 5)
        assert client.delete_records([place])[place].result(10).low_watermark == 5
        assert [message.offset() for message in read(live.bootstrap, "t", 5)] == [5, 6, 7, 8, 9]
        with pytest.raises(KafkaException, match="OFFSET_OUT_OF_RANGE"):
            client.delete_records([TopicPartition("t", 0, 11)])[place].result(10)
    with EmbeddedBroker(tmp_path) as live:
        assert log_of(live).start == 5
        place = TopicPartition("t", 0, -1)
        admin(live.bootstrap).delete_records([place])[place].result(10)
        assert (log_of(live).start, log_of(live).size()) == (10, 0)
    with EmbeddedBroker(tmp_path) as live:
        assert send(live.bootstrap, "t", [b"x"]) == [10]


COMPACT = {"cleanup_policy": "compact", "segment_bytes": 2000, "min_cleanable_dirty_ratio": 0.01}


def latest(messages):
    state = {}
    for message in messages:
        state[message.key()] = message.value()
    return {key: value for key, value in state.items() if value is not None}


def everything(live, **settings):
    """All messages up to the end of the log, however many compaction has left."""
    client = producer(live.bootstrap)
    client.produce("t", b"end", b"end", partition=0)  # the newest record stays in any case
    client.flush(10)
    found = read(live.bootstrap, "t", 1_000_000, until=b"end", **settings)
    assert found[-1].value() == b"end"
    return found[:-1]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_compaction_keeps_the_newest_of_each_key(tmp_path, codec):
    dice = random.Random(codec)
    expected = {}
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", delete_retention_ms=86400_000, **COMPACT)
        client = producer(live.bootstrap, compression_type=codec, linger_ms=5)
        for _ in range(25):
            for _ in range(20):
                key = b"key %d" % dice.randrange(30)
                value = None if dice.random() < 0.1 else dice.randbytes(30)
                expected[key] = value
                client.produce("t", value, key, partition=0)
            client.flush(10)
        before = log_of(live).size()
        live.housekeep()
        log = log_of(live)
        assert log.size() < before / 2
        found = everything(live)
        assert len(found) < 300
        assert latest(found) == {key: value for key, value in expected.items() if value is not None}
        assert [message.offset() for message in found] == sorted(message.offset() for message in found)
        port, end = live.port, log.end
    with EmbeddedBroker(tmp_path, port=port) as live:
        assert log_of(live).end == end
        assert latest(everything(live)) == {
            **{key: value for key, value in expected.items() if value is not None},
            b"end": b"end",
        }


def test_tombstones_go_in_the_second_round(live):
    create(live.bootstrap, "t", delete_retention_ms=0, **COMPACT)
    for index in range(10):
        send(live.bootstrap, "t", [b"x" * 300], key=b"%d" % (index % 2))
    client = producer(live.bootstrap)
    client.produce("t", None, b"0")
    client.flush(10)
    log_of(live).roll()
    live.housekeep()
    assert [(message.key(), message.value()) for message in everything(live)] == [(b"1", b"x" * 300), (b"0", None)]
    time.sleep(0.01)
    live.housekeep()
    assert [message.key() for message in everything(live) if message.key() != b"end"] == [b"1"]


def test_nothing_happens_below_the_dirty_ratio_or_lag(live):
    create(live.bootstrap, "t", cleanup_policy="compact", segment_bytes=1024, min_compaction_lag_ms=3_600_000)
    for _ in range(10):
        send(live.bootstrap, "t", [b"x" * 300], key=b"k")
    live.housekeep()
    assert len(everything(live)) == 10


def test_compaction_and_transactions(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", delete_retention_ms=0, **COMPACT)
        client = producer(live.bootstrap, transactional_id="tx")
        client.init_transactions(10)
        expected = {}
        for index in range(20):
            client.begin_transaction()
            key = b"key %d" % (index % 4)
            client.produce("t", b"%d" % index * 100, key, partition=0)
            client.flush(10)
            if index % 3:
                client.commit_transaction(10)
                expected[key] = b"%d" % index * 100
            else:
                client.abort_transaction(10)
        for _ in range(3):
            live.housekeep()
            time.sleep(0.01)
        found = everything(live, isolation_level="read_committed")
        assert latest(found) == expected
        client.begin_transaction()
        client.produce("t", b"open", b"open", partition=0)
        client.flush(10)
        log_of(live).roll()
        live.housekeep()
        client.commit_transaction(10)
        assert latest(everything(live, isolation_level="read_committed"))[b"open"] == b"open"
    for path in (tmp_path / "logs" / "t-0").glob("*.state"):
        path.unlink()
    with EmbeddedBroker(tmp_path) as live:
        log = log_of(live)
        assert log.stable_end == log.end
        found = latest(everything(live, isolation_level="read_committed"))
        assert {key: found[key] for key in expected} == expected


def test_an_interrupted_swap_is_finished(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", **SMALL)
        for index in range(6):
            send(live.bootstrap, "t", [b"%d" % index * 600])
        segments = log_of(live).segments
        first, second = segments[0], segments[1]
        content = second.read(0, second.size)
        folder = log_of(live).folder
    (folder / swap_name(0, second.next_offset)).write_bytes(content)
    (folder / f"{segments[3].base_offset:020d}.clean").write_bytes(b"half")
    with EmbeddedBroker(tmp_path) as live:
        offsets = [message.offset() for message in read(live.bootstrap, "t", 5)]
        assert offsets == [1, 2, 3, 4, 5]
        assert first.base_offset == 0
        assert not list(folder.glob("*.swap")) + list(folder.glob("*.clean"))
