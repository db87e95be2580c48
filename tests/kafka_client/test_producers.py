"""Both producers: same records in, same bytes out, same tickets."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from barnabas.errors import ConfigError, DataError
from barnabas.kafka.consumer import SinkConsumer
from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate
from barnabas.record import TopicPartition

if TYPE_CHECKING:
    from confluent_kafka import Message


def _rows(messages: list[Message]) -> list[tuple[Any, ...]]:
    return [(m.partition(), m.key(), m.value(), m.headers()) for m in messages]


def test_values_arrive_in_order_and_null_is_not_empty(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    producer, topic = make_producer(), make_topic()
    values = [b"a", None, b"", b"x" * 5000, b"\0\xff"] * 2000
    ticket = producer.send(topic, values)
    assert ticket.total == len(values)
    assert producer.flush(20)
    assert ticket.done
    assert ticket.contiguous == len(values)
    assert producer.in_flight == 0
    assert [message.value() for message in read_topic(topic, len(values))] == values


def test_keys_decide_partitions_as_in_java(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    producer, topic = make_producer(), make_topic(7)
    keys = [b"", b"21", b"foobar", b"a-little-bit-long-string", b"a-little-bit-longer-string", b"abc"]
    # Hashes that Kafka's own tests give for Utils.murmur2; 0x106e08d9 is that of the empty string.
    murmur = [275646681, -973932308, -790332482, -985981536, -1486304829, 479470107]
    producer.send(topic, [b"v"] * len(keys), keys=keys)
    assert producer.flush(20)
    found = {message.key(): message.partition() for message in read_topic(topic, len(keys), 7)}
    assert found == {key: (hashed & 0x7FFFFFFF) % 7 for key, hashed in zip(keys, murmur, strict=True)}


def test_all_columns(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    producer, topic = make_producer(want_metadata=True), make_topic(3)
    size = 300
    values = [b"%d" % i for i in range(size)]
    keys = [None if i % 3 == 0 else b"k%d" % i for i in range(size)]
    partitions = [i % 3 for i in range(size)]
    stamps = [1_600_000_000_000 + i for i in range(size)]
    headers: list[Any] = [None if i % 2 else [("h", b"1"), ("h", None), ("ü", b"")] for i in range(size)]
    ticket = producer.send(topic, values, keys, partitions, stamps, headers)
    assert producer.flush(20)
    found = sorted(read_topic(topic, size, 3), key=lambda m: int(m.value()))
    assert [m.value() for m in found] == values
    assert [m.key() for m in found] == keys
    assert [m.partition() for m in found] == partitions
    assert [m.timestamp()[1] for m in found] == stamps
    assert [m.headers() for m in found] == headers
    assert ticket.metadata == [(m.partition(), m.offset()) for m in found]


@pytest.mark.parametrize("partitions", [1, 4])
def test_places_of_many_records(make_producer: Any, make_topic: Any, read_topic: Any, partitions: int) -> None:
    producer, topic = make_producer(want_metadata=True), make_topic(partitions)
    tickets = []
    for number in range(20):
        values = [b"%d" % at for at in range(number * 700, number * 700 + 700)]
        keys = [b"%d" % (at % 50) for at in range(700)] if number % 2 else None
        tickets.append(producer.send(topic, values, keys))
        producer.poll(0)
    assert producer.flush(20)
    places = [place for ticket in tickets for place in ticket.metadata]
    found = {int(m.value()): (m.partition(), m.offset()) for m in read_topic(topic, 14_000, partitions)}
    assert places == [found[at] for at in range(14_000)]


def test_columns_with_and_without_keys_partitions_and_headers_alternate(
    make_producer: Any, make_topic: Any, read_topic: Any
) -> None:
    producer, topic = make_producer(), make_topic(2)
    rng = random.Random(7)
    expected: list[list[tuple[Any, ...]]] = [[], []]
    for number in range(60):
        size = rng.randrange(1, 40)
        values = [b"%d-%d" % (number, i) for i in range(size)]
        keys = [rng.choice([None, b"", b"key"]) for _ in values] if rng.random() < 0.5 else None
        where = rng.randrange(2)
        headers: list[Any] | None = [[("n", b"%d" % i)] for i in range(size)] if rng.random() < 0.3 else None
        producer.send(topic, values, keys, [where] * size, None, headers)
        for i, value in enumerate(values):
            expected[where].append((where, keys[i] if keys else None, value, headers[i] if headers else None))
    assert producer.flush(20)
    found = read_topic(topic, sum(map(len, expected)), 2)
    for where in (0, 1):
        assert _rows([m for m in found if m.partition() == where]) == expected[where]


def test_refused_records_are_named_and_the_rest_arrives(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    producer, topic = make_producer(max_request_size="2000"), make_topic()
    ticket = producer.send(topic, [b"a", b"b" * 5000, b"c"])
    assert not producer.flush(0.01) or ticket.settled
    producer.flush(20)
    assert [(index, fault.name) for index, fault in ticket.errors] == [(1, "MSG_SIZE_TOO_LARGE")]
    assert ticket.error is not None
    assert "max.request.size" in ticket.error.message
    assert not ticket.done
    assert ticket.acked == 2
    assert ticket.contiguous == 1
    assert producer.in_flight == 0
    assert [m.value() for m in read_topic(topic, 2)] == [b"a", b"c"]


def test_broker_refuses_a_batch(make_producer: Any, make_topic: Any) -> None:
    producer, topic = make_producer(), make_topic(max_message_bytes="1000")
    ticket = producer.send(topic, [b"b" * 5000])
    assert producer.flush(20)
    assert [(index, fault.name) for index, fault in ticket.errors] == [(0, "MSG_SIZE_TOO_LARGE")]


def test_unknown_partition_is_an_error_of_the_record(make_producer: Any, make_topic: Any) -> None:
    producer, topic = make_producer(), make_topic()
    producer.send(topic, [b"known"])
    producer.flush(20)
    ticket = producer.send(topic, [b"a", b"b"], partitions=[0, 5])
    producer.flush(20)
    assert [(index, fault.name) for index, fault in ticket.errors] == [(1, "_UNKNOWN_PARTITION")]


def test_bounded_memory_interrupt_and_purge(make_producer: Any) -> None:
    """Nobody answers on this topic's partition: the producer fills up, and a stop request ends the sending."""
    producer = make_producer(bootstrap_servers="127.0.0.1:1", buffer_memory="200000")
    asked = []

    def interrupt() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 3

    ticket = producer.send("nowhere", [b"x" * 100] * 5000, interrupt=interrupt)
    assert ticket.interrupted
    assert 0 < ticket.total < 1000
    assert producer.in_flight == ticket.total
    assert not ticket.done
    assert ticket.contiguous == 0
    assert not producer.flush(0.05)
    producer.purge()
    producer.poll(1)
    assert len(ticket.errors) == ticket.total
    assert {fault.name for _, fault in ticket.errors} <= {"_PURGE_QUEUE", "_PURGE_INFLIGHT"}
    assert producer.in_flight == 0


def test_large_records_pass_through_a_small_buffer(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    producer, topic = make_producer(buffer_memory="100000"), make_topic()
    values = [bytes([i % 256]) * (300_000 if i % 5 == 0 else 10) for i in range(40)]
    ticket = producer.send(topic, values)
    assert ticket.total == len(values)
    assert producer.flush(20)
    assert ticket.done
    assert [m.value() for m in read_topic(topic, len(values))] == values


def test_many_tickets_over_many_partitions(make_producer: Any, make_topic: Any) -> None:
    producer, topic = make_producer(), make_topic(5)
    tickets = []
    for number in range(300):
        tickets.append(producer.send(topic, [b"%d" % i for i in range(number % 50 + 1)]))
        producer.poll(0)
        for ticket in tickets:
            assert ticket.contiguous <= ticket.acked <= ticket.total
    assert producer.flush(20)
    assert all(ticket.done and not ticket.errors for ticket in tickets)


def test_only_bytes_are_taken(make_producer: Any) -> None:
    class Odd(bytes):
        __slots__ = ()

    producer = make_producer()
    for bad in ("text", bytearray(b"x"), 5, memoryview(b"x")):
        with pytest.raises(DataError, match=r"record 1 is .*, not bytes"):
            producer.send("t", [b"ok", bad])
        with pytest.raises(DataError, match="The key of record 1"):
            producer.send("t", [b"ok", b"ok"], keys=[b"", bad])
    with pytest.raises(DataError, match="different lengths"):
        producer.send("t", [b"ok"], keys=[])
    assert producer.in_flight == 0
    assert producer.send("t", []).done


def test_subclasses_of_bytes_are_read_right(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    class Odd(bytes):
        note = "has a dictionary, and so another layout"

    producer, topic = make_producer(), make_topic()
    producer.send(topic, [Odd(b"odd"), b"plain"], keys=[Odd(b"k"), None])
    assert producer.flush(20)
    assert [(m.key(), m.value()) for m in read_topic(topic, 2)] == [(b"k", b"odd"), (None, b"plain")]


def test_transactions(make_producer: Any, make_topic: Any, read_topic: Any) -> None:
    topic = make_topic()
    producer = make_producer(transactional_id=f"id-{topic}")
    producer.init_transactions(20)
    producer.begin_transaction()
    committed = producer.send(topic, [b"committed"] * 3)
    producer.commit_transaction(20)
    assert committed.done
    producer.begin_transaction()
    aborted = producer.send(topic, [b"aborted"] * 3)
    producer.flush(20)
    producer.abort_transaction(20)
    assert aborted.settled
    assert [m.value() for m in read_topic(topic, 3, isolation_level="read_committed")] == [b"committed"] * 3

    other = make_producer(transactional_id=f"id-{topic}")
    other.init_transactions(20)
    producer.begin_transaction()
    producer.send(topic, [b"fenced"])
    with pytest.raises(KafkaClientError) as caught:
        producer.commit_transaction(20)
    assert caught.value.fault is not None
    assert caught.value.fault.fatal


def test_transaction_calls_out_of_order_are_refused(make_producer: Any) -> None:
    producer = make_producer(transactional_id="id-out-of-order")
    with pytest.raises(KafkaClientError, match="begin a transaction"):
        producer.begin_transaction()


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ("no-such-host.invalid:9092", "unknown host no-such-host.invalid"),
        ("localhost", "Invalid url in bootstrap.servers: localhost"),
        ("localhost:99999", "Invalid url"),
        ("", "No bootstrap urls"),
    ],
)
def test_bad_bootstrap_servers(servers: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        open_producer(translate({"bootstrap.servers": servers}, "producer"))
    assert caught.value.key == "bootstrap.servers"
    assert caught.value.remedy


def test_offsets_in_a_transaction(make_producer: Any, make_topic: Any, broker: Any) -> None:
    topic = make_topic()
    group = f"g-{topic}"
    producer = make_producer(transactional_id=f"id-{topic}")
    producer.init_transactions(20)
    java = {"bootstrap.servers": broker.bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    consumer = SinkConsumer(translate(java, "consumer"))
    assigned: list[TopicPartition] = []
    consumer.subscribe([topic], assigned.extend, lambda _: None, lambda _: None)
    until = time.monotonic() + 20
    while not assigned and time.monotonic() < until:
        consumer.fetch(10, 0.1)
    where = TopicPartition(topic, 0)
    for offset, commit in ((3, True), (5, False)):
        producer.begin_transaction()
        producer.send(topic, [b"x"])
        producer.send_offsets({where: offset}, consumer.group_metadata(), 20)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)
    assert consumer.committed([where]) == {where: 3}
    consumer.close()
