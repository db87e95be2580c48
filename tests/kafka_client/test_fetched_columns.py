"""Messages read as columns answer as the client's own objects do."""

from __future__ import annotations

import uuid

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from barnabas.kafka import column_queue
from barnabas.kafka import messages as columns
from barnabas.kafka.consumer import SinkConsumer
from barnabas.kafka.fetched import Columns, Fetched
from barnabas.kafka.settings import translate
from barnabas.record import TopicPartition

FIELDS = ("topic", "partition", "offset", "key", "value", "headers", "timestamp", "error")


@pytest.fixture(scope="module")
def topic(broker):
    """Two partitions with every sort of message, tombstones and odd headers among them."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    from barnabas.kafka.admin import Admin  # noqa: PLC0415  only here

    settings = translate({"bootstrap.servers": broker.bootstrap}, "admin")
    with Admin(settings) as admin:
        admin.create_topic(name, 2, 1, {})
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for at in range(300):
        producer.produce(
            name,
            None if at % 7 == 0 else bytes([at % 256]) * (at % 40),
            None if at % 3 else b"k%d" % at,
            partition=at // 10 % 2,
            timestamp=0 if at % 11 else 1_700_000_000_000 + at,
            headers=None if at % 5 else [("a", b"\0\xff"), ("ü", None), ("a", b""), *[("x", b"y")] * (at % 4)],
        )
    producer.flush()
    return name


def read(broker, topic, count=300):
    consumer = SinkConsumer(
        translate(
            {"bootstrap.servers": broker.bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"},
            "consumer",
        )
    )
    nothing = lambda _: None  # noqa: E731  three times
    consumer.subscribe([topic], nothing, nothing, nothing)
    polls = []
    try:
        while sum(map(len, polls)) < count:
            polls.append(consumer.fetch(64, 1))
    finally:
        consumer.close()
    return polls


def told(message):
    return [getattr(message, field)() for field in FIELDS]


@pytest.mark.skipif(column_queue.native is None, reason="the compiled part is not there")
def test_they_say_what_the_clients_objects_say(broker, topic, monkeypatch):
    found = [message for poll in read(broker, topic) for message in poll]
    monkeypatch.setattr(column_queue, "native", None)
    expected = [message for poll in read(broker, topic) for message in poll]
    assert all(map(isinstance, expected, [columns.Message] * len(expected)))
    key = lambda row: (row[1], row[2])  # noqa: E731
    assert sorted(map(told, found), key=key) == sorted(map(told, expected), key=key)


@pytest.mark.skipif(column_queue.native is None, reason="the compiled part is not there")
def test_columns_and_slices_are_those_of_their_messages(broker, topic):
    for poll in read(broker, topic):
        for part in (poll, poll[5:40], poll[:0], poll[-3:]):
            every = [*part]
            assert [told(message) for message in every] == [told(part[at]) for at in range(len(part))]
            for name in ("topics", "partitions", "offsets", "keys", "values", "headers", "timestamps", "positions"):
                column = getattr(columns, name)
                assert column(part) == column(every), name
            assert columns.timestamp_types(part) == columns.timestamp_types(every)
            assert columns.first_offsets(part) == columns.first_offsets(every)
            assert columns.one_topic(part) == (columns.one_topic(every) if every else None)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(1, 4))), st.data())
def test_any_cut_of_runs(runs, data):
    places = [(topic, partition) for topic, partition, count in runs for _ in range(count)]
    size = len(places)
    numbers = b"".join(at.to_bytes(8, "little") for at in range(size))
    fetched = Fetched(Columns([b"%d" % at for at in range(size)], None, numbers, numbers, b"\1" * size, None, runs, []))
    start = data.draw(st.integers(-size - 1, size + 1))
    stop = data.draw(st.integers(-size - 1, size + 1))
    part = fetched[start:stop]
    assert [*zip(part.topics(), part.partitions(), strict=True)] == places[start:stop]
    assert part.values() == [b"%d" % at for at in range(size)][start:stop]
    assert part.offsets() == [*range(size)][start:stop]
    assert [message.place for message in part] == [TopicPartition(*place) for place in places[start:stop]]
    assert [message.offset() for message in fetched[::-2]] == [*range(size)][::-2]
