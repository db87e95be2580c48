"""What was acknowledged survives; what was torn is cut off."""

from __future__ import annotations

import random
import threading
import time

import pytest
from broker_clients import BrokerProcess, consumer, create, producer, read, send, values
from confluent_kafka import TopicPartition

from barnabas.broker import BrokerSettings, EmbeddedBroker
from services.process import wait_for


def test_acknowledged_records_and_offsets_survive_kill(tmp_path):
    """Several times: kill -9 in the middle of idempotent writing, start again on the same port, go on."""
    broker = BrokerProcess(tmp_path)
    acknowledged = []
    client = producer(broker.bootstrap, enable_idempotence=True, **{"message.timeout.ms": 60_000, "acks": "all"})
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            if len(client) > 5_000:  # the broker is away
                client.poll(0.02)
                continue
            client.produce(
                "t",
                b"%d" % number,
                partition=0,
                on_delivery=lambda error, message: acknowledged.append((error, message)),
            )
            number += 1
            client.poll(0.0002)
        client.flush(30)

    writer = threading.Thread(target=write)
    writer.start()
    dice = random.Random(5)
    for _ in range(4):
        before = len(acknowledged)
        wait_for(lambda: len(acknowledged) > before)  # noqa: B023 - it is called in this round only
        time.sleep(dice.uniform(0.0, 0.3))
        broker.kill()
        broker = BrokerProcess(tmp_path, broker.port)
    time.sleep(0.2)
    stop.set()
    writer.join()
    assert all(error is None for error, _ in acknowledged)
    found = values(read(broker.bootstrap, "t", len(acknowledged)))
    assert found == [b"%d" % number for number in range(len(acknowledged))], "none lost, none twice, in order"
    reader = consumer(broker.bootstrap)
    reader.commit(offsets=[TopicPartition("t", 0, 77)], asynchronous=False)
    broker.kill()
    broker = BrokerProcess(tmp_path, broker.port)
    assert reader.committed([TopicPartition("t", 0)], 20)[0].offset == 77
    reader.close()
    broker.kill()


def torn(folder, data):
    (path,) = (folder / "logs" / "t-0").glob("*.log")
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.parametrize("size", [1, 30, 61, 80])
def test_a_torn_batch_is_cut_off(tmp_path, size):
    with EmbeddedBroker(tmp_path) as live:
        send(live.bootstrap, "t", [b"a" * 20, b"b" * 20])
        log = live.broker.topics.log("t", 0)
        batch = bytearray(log.active.read(0, log.active.size))
    batch[0:8] = (2).to_bytes(8, "big")
    torn(tmp_path, batch[:size])
    with EmbeddedBroker(tmp_path) as live:
        assert live.broker.topics.log("t", 0).end == 2
        assert send(live.bootstrap, "t", [b"c"]) == [2]
        assert values(read(live.bootstrap, "t", 3)) == [b"a" * 20, b"b" * 20, b"c"]


def test_a_batch_with_a_wrong_checksum_at_the_end_is_cut_off(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        send(live.bootstrap, "t", [b"a" * 20])
        log = live.broker.topics.log("t", 0)
        batch = bytearray(log.active.read(0, log.active.size))
    batch[0:8] = (1).to_bytes(8, "big")
    batch[-3] ^= 1
    torn(tmp_path, batch)
    with EmbeddedBroker(tmp_path) as live:
        assert live.broker.topics.log("t", 0).end == 1


def test_sequences_are_known_after_kill(tmp_path):
    broker = BrokerProcess(tmp_path)
    send(broker.bootstrap, "t", [b"a", b"b"], enable_idempotence=True)
    broker.kill()
    with EmbeddedBroker(tmp_path) as live:
        (known,) = live.broker.topics.log("t", 0).states.producers.values()
        assert [(batch.first_sequence, batch.last_sequence) for batch in known.batches] == [(0, 1)]


@pytest.mark.parametrize("clean", [True, False])
def test_many_segments_are_found_again(tmp_path, clean):
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", segment_bytes=1024)
        for index in range(20):
            send(live.bootstrap, "t", [b"%02d" % index * 100], enable_idempotence=index in {3, 12})
        assert len(live.broker.topics.log("t", 0).segments) > 5
    if not clean:
        for path in (tmp_path / "logs" / "t-0").glob("*.state"):
            path.unlink()
    with EmbeddedBroker(tmp_path) as live:
        log = live.broker.topics.log("t", 0)
        assert log.end == 20
        assert len(log.states.producers) == 2
        assert values(read(live.bootstrap, "t", 20)) == [b"%02d" % index * 100 for index in range(20)]


def test_topics_keep_ids_and_configuration(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "t", 3, retention_ms=5000)
        topic = live.broker.topics.topic("t")
        cluster = live.broker.cluster_id
    with EmbeddedBroker(tmp_path) as live:
        again = live.broker.topics.topic("t")
        assert (again.id, again.configs, len(again.partitions)) == (topic.id, {"retention.ms": "5000"}, 3)
        assert live.broker.cluster_id == cluster


def test_fsync_setting_and_few_open_files(tmp_path):
    with EmbeddedBroker(tmp_path, settings=BrokerSettings(fsync_each_append=True, max_open_files=2)) as live:
        create(live.bootstrap, "t", 5)
        client = producer(live.bootstrap)
        for index in range(20):
            client.produce("t", b"%d" % index, partition=index % 5)
        assert client.flush(20) == 0
        found = [value for each in range(5) for value in values(read(live.bootstrap, "t", 4, partition=each))]
        assert sorted(found, key=int) == [b"%d" % index for index in range(20)]


def test_a_full_disk_is_an_error_and_leaves_the_log_whole(live, monkeypatch):
    send(live.bootstrap, "t", [b"a"])
    log = live.broker.topics.log("t", 0)
    size = log.active.size

    def full(descriptor, data):
        import os  # noqa: PLC0415 - only for the half that is written

        os.write(descriptor, bytes(data[:10]))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("barnabas.broker.segment.write_all", full)
        client = producer(live.bootstrap, retries=0)
        failures = []
        client.produce("t", b"b", partition=0, on_delivery=lambda error, _: failures.append(error))
        client.flush(10)
        assert failures[0] is not None
    assert log.active.file_size() == size
    assert send(live.bootstrap, "t", [b"c"]) == [1]


def test_folders_of_unknown_topics_are_put_aside(tmp_path):
    with EmbeddedBroker(tmp_path) as live:
        send(live.bootstrap, "t", [b"x"])
    logs = tmp_path / "logs"
    (logs / "t-0").rename(logs / "u-0")
    (logs / "t-0").mkdir()
    (logs / "abc-0.deleted").mkdir()
    with EmbeddedBroker(tmp_path) as live:
        create(live.bootstrap, "u")
        assert send(live.bootstrap, "u", [b"y"]) == [0]
    assert sorted(path.name.rpartition("-")[2] for path in logs.iterdir()) == ["0", "0", "0.stray"]
