"""Producing and fetching through librdkafka and kafka-python."""

from __future__ import annotations

import time

from broker_clients import admin, consumer, create, exchange, kafka, producer, read, send, values
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec

from barnabas.broker import BrokerSettings, EmbeddedBroker
from barnabas.broker.codes import ErrorCode

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def test_all_codecs_into_one_topic(live):
    sent = []
    for codec in CODECS:
        batch = [f"{codec} {index}".encode() * 10 for index in range(100)]
        assert len(send(live.bootstrap, "t", batch, compression_type=codec, enable_idempotence=codec == "zstd")) == 100
        sent += batch
    assert values(read(live.bootstrap, "t", 500)) == sent


def test_headers_keys_nulls_and_timestamps(live):
    client = producer(live.bootstrap)
    client.produce("t", None, b"key", headers=[("a", b"1"), ("a", None), ("ü", b"")], timestamp=1234567)
    client.produce("t", b"", None, timestamp=7654321)
    client.flush(10)
    first, second = read(live.bootstrap, "t", 2)
    assert (first.key(), first.value(), first.timestamp()) == (b"key", None, (TIMESTAMP_CREATE_TIME, 1234567))
    assert first.headers() == [("a", b"1"), ("a", None), ("ü", b"")]
    assert (second.key(), second.value(), second.headers()) == (None, b"", None)


def test_log_append_time(live):
    create(live.bootstrap, "t", message_timestamp_type="LogAppendTime")
    before = int(time.time() * 1000)
    client = producer(live.bootstrap)
    client.produce("t", b"x", timestamp=5)
    client.flush(10)
    kind, timestamp = read(live.bootstrap, "t", 1)[0].timestamp()
    assert kind == TIMESTAMP_LOG_APPEND_TIME
    assert before <= timestamp <= time.time() * 1000


def test_kafka_python_both_ways(live):
    client = kafka.KafkaProducer(bootstrap_servers=live.bootstrap, compression_type="gzip")
    for index in range(100):
        client.send("t", key=b"k", value=b"%d" % index, headers=[("h", b"v")])
    client.flush(10)
    client.close()
    reader = kafka.KafkaConsumer(
        "t", bootstrap_servers=live.bootstrap, group_id="kp", auto_offset_reset="earliest", consumer_timeout_ms=10_000
    )
    found = [next(reader) for _ in range(100)]
    assert [record.value for record in found] == [b"%d" % index for index in range(100)]
    assert list(found[0].headers) == [("h", b"v")]
    reader.commit()
    assert reader.committed(kafka.TopicPartition("t", 0)) == 100
    reader.close()


def test_long_poll_answers_at_once_when_something_comes(live):
    create(live.bootstrap, "t")
    reader = consumer(live.bootstrap, fetch_wait_max_ms=5000)
    reader.assign([TopicPartition("t", 0, 0)])
    assert reader.poll(0.5) is None
    writer = producer(live.bootstrap, linger_ms=0)
    writer.list_topics("t", 10)
    began = time.monotonic()
    writer.produce("t", b"x")
    writer.flush(5)
    assert reader.poll(3).value() == b"x"
    assert time.monotonic() - began < 0.5
    reader.close()


def test_long_poll_gives_up_after_max_wait(live):
    create(live.bootstrap, "t")
    began = time.monotonic()
    answer = fetch(live, offset=0, max_wait_ms=300)
    assert 0.25 < time.monotonic() - began < 2
    assert answer["records"] == b""


def fetch(live, *, offset, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, partition_bytes=1 << 20):
    body = {
        "max_wait_ms": max_wait_ms,
        "min_bytes": min_bytes,
        "max_bytes": max_bytes,
        "session_epoch": -1,
        "topics": [{"name": "t", "partitions": [{"index": 0, "fetch_offset": offset, "max_bytes": partition_bytes}]}],
    }
    return exchange(live.port, 1, 11, body)["topics"][0]["partitions"][0]


def test_fetch_limits(live):
    for _ in range(10):
        send(live.bootstrap, "t", [b"x" * 1000])
    log = live.broker.topics.log("t", 0)
    one = log.active.size // 10
    assert len(fetch(live, offset=0, partition_bytes=10)["records"]) == one, "the first batch always comes whole"
    assert len(fetch(live, offset=3, partition_bytes=3 * one)["records"]) == 3 * one
    assert len(fetch(live, offset=9)["records"]) == one
    assert fetch(live, offset=10)["records"] == b""
    assert fetch(live, offset=11)["error_code"] == ErrorCode.OFFSET_OUT_OF_RANGE
    assert fetch(live, offset=0)["high_watermark"] == 10


def test_reading_goes_on_over_segments(live):
    create(live.bootstrap, "t", segment_bytes=2048)
    sent = [b"%04d" % index * 50 for index in range(100)]
    for start in range(0, 100, 5):
        send(live.bootstrap, "t", sent[start : start + 5])
    assert len(live.broker.topics.log("t", 0).segments) > 5
    assert values(read(live.bootstrap, "t", 100)) == sent
    assert values(read(live.bootstrap, "t", 100, max_partition_fetch_bytes=1000)) == sent


def test_unknown_topic_without_auto_creation(tmp_path):
    with EmbeddedBroker(tmp_path, settings=BrokerSettings(auto_create_topics=False)) as live:
        client = producer(live.bootstrap, **{"topic.metadata.propagation.max.ms": 200})
        failures = []
        client.produce("nope", b"x", on_delivery=lambda error, _: failures.append(error))
        client.flush(10)
        assert failures[0].code() in {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}
        assert live.broker.topics.all() == []


def test_a_batch_above_the_limit_is_refused(live):
    create(live.bootstrap, "t", max_message_bytes=2000)
    client = producer(live.bootstrap)
    failures = []
    client.produce("t", b"x" * 5000, on_delivery=lambda error, _: failures.append(error))
    client.flush(10)
    assert failures[0].code() == KafkaError.MSG_SIZE_TOO_LARGE
    send(live.bootstrap, "t", [b"small"])


def test_compacted_topics_want_keys(live):
    create(live.bootstrap, "t", cleanup_policy="compact")
    client = producer(live.bootstrap)
    failures = []
    client.produce("t", b"x", on_delivery=lambda error, _: failures.append(error))
    client.flush(10)
    assert failures[0].code() == KafkaError.INVALID_RECORD
    send(live.bootstrap, "t", [b"x"], key=b"k")


def test_acks_zero_gets_no_answer(live):
    client = producer(live.bootstrap, acks=0)
    for index in range(10):
        client.produce("t", b"%d" % index, partition=0)
    client.flush(10)
    assert len(read(live.bootstrap, "t", 10)) == 10


def produce_raw(live, batch, version=9, acks=-1):
    body = {"acks": acks, "topics": [{"name": "t", "partitions": [{"index": 0, "records": batch}]}]}
    return exchange(live.port, 0, version, body)["topics"][0]["partitions"][0]


def test_a_batch_that_is_sent_twice_is_written_once(live):
    send(live.bootstrap, "t", [b"a", b"b"], enable_idempotence=True)
    log = live.broker.topics.log("t", 0)
    batch = log.active.read(0, log.active.size)
    assert produce_raw(live, batch)["base_offset"] == 0
    assert log.end == 2
    gap = bytearray(batch)  # its checksum is now wrong, which is looked at first
    gap[53:57] = (7).to_bytes(4, "big")  # base sequence
    assert produce_raw(live, gap)["error_code"] == ErrorCode.CORRUPT_MESSAGE


def test_sequences_are_checked(tmp_path):
    with EmbeddedBroker(tmp_path, settings=BrokerSettings(verify_crc=False)) as live:
        send(live.bootstrap, "t", [b"a", b"b"], enable_idempotence=True)
        log = live.broker.topics.log("t", 0)
        batch = bytearray(log.active.read(0, log.active.size))
        batch[53:57] = (7).to_bytes(4, "big")
        assert produce_raw(live, batch)["error_code"] == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        batch[51:53] = (5).to_bytes(2, "big")  # a new epoch
        assert produce_raw(live, batch)["error_code"] == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        batch[53:57] = bytes(4)
        assert produce_raw(live, batch)["error_code"] == 0
        batch[51:53] = bytes(2)
        assert produce_raw(live, batch)["error_code"] == ErrorCode.INVALID_PRODUCER_EPOCH
        assert log.end == 4


def test_nonsense_is_refused(live):
    send(live.bootstrap, "t", [b"a"])
    assert produce_raw(live, None)["error_code"] == ErrorCode.INVALID_RECORD
    assert produce_raw(live, b"short")["error_code"] == ErrorCode.CORRUPT_MESSAGE
    assert produce_raw(live, b"x", acks=3)["error_code"] == ErrorCode.INVALID_REQUIRED_ACKS


def offset_for(live, spec):
    place = TopicPartition("t", 0)
    found = admin(live.bootstrap).list_offsets({place: spec})[place].result(10)
    return found.offset, found.timestamp


def test_offsets_by_timestamp(live):
    create(live.bootstrap, "t", segment_bytes=1500)
    client = producer(live.bootstrap, compression_type="lz4", linger_ms=50)
    for batch in range(10):
        for index in range(10):
            client.produce("t", b"x" * 30, timestamp=1000 * (batch * 10 + index + 1))
        client.flush(10)
    assert offset_for(live, OffsetSpec.earliest())[0] == 0
    assert offset_for(live, OffsetSpec.latest())[0] == 100
    assert offset_for(live, OffsetSpec.max_timestamp()) == (99, 100_000)
    for timestamp, expected in [(1, 0), (1000, 0), (1001, 1), (55_000, 54), (55_500, 55), (100_000, 99)]:
        assert offset_for(live, OffsetSpec.for_timestamp(timestamp))[0] == expected
    assert offset_for(live, OffsetSpec.for_timestamp(100_001))[0] == -1
    reader = consumer(live.bootstrap)
    assert reader.offsets_for_times([TopicPartition("t", 0, 42_000)], 10)[0].offset == 41
    reader.close()


def test_max_timestamp_of_nothing(live):
    create(live.bootstrap, "t")
    assert offset_for(live, OffsetSpec.max_timestamp()) == (-1, -1)
    body = {"topics": [{"name": "t", "partitions": [{"index": 9, "timestamp": -1}, {"index": 0, "timestamp": -99}]}]}
    (topic,) = exchange(live.port, 2, 9, body)["topics"]
    assert [each["error_code"] for each in topic["partitions"]] == [
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNSUPPORTED_VERSION,
    ]
