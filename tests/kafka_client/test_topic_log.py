"""Following topics: to the end, further, across transactions, and through records that nobody can read."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.settings import translate
from barnabas.kafka.topic_log import LogRecord, LogSettings, TopicLogs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


def settings(broker: Any, **consumer: str) -> LogSettings:
    java = {"bootstrap.servers": broker.bootstrap}
    more = {key.replace("_", "."): value for key, value in consumer.items()}
    return LogSettings(
        translate(java | more, "consumer"),
        translate(java | {"acks": "all", "enable.idempotence": "false"}, "producer"),
        translate(java, "admin"),
    )


@pytest.fixture
async def logs(broker: Any) -> AsyncIterator[TopicLogs]:
    made = TopicLogs(settings(broker))
    await made.start()
    yield made
    await made.stop()


class Seen(list[LogRecord]):
    def __call__(self, record: LogRecord) -> None:
        self.append(record)

    @property
    def pairs(self) -> list[tuple[bytes | None, bytes | None]]:
        return [(record.key, record.value) for record in self]


async def test_what_is_there_and_what_comes(logs: TopicLogs, make_topic: Callable[..., str]) -> None:
    topic, seen = make_topic(1), Seen()
    for number in range(20):
        assert await logs.send(topic, b"k%d" % number, b"v") == number
    await logs.send(topic, b"k0", None)
    await logs.follow({topic: seen})
    assert [record.offset for record in seen] == list(range(21))
    assert seen.pairs[-1] == (b"k0", None)
    await logs.send(topic, b"later", b"x")
    await logs.read_to_end(topic)
    assert seen.pairs[-1] == (b"later", b"x")
    await logs.read_to_end()
    assert len(seen) == 22


async def test_empty_topics_and_several_partitions(logs: TopicLogs, make_topic: Callable[..., str]) -> None:
    first, second, seen, other = make_topic(5), make_topic(3), Seen(), Seen()
    await logs.follow({first: seen, second: other})
    assert (seen, other) == ([], [])
    await asyncio.gather(*(logs.send(first, b"k%d" % number, b"v") for number in range(100)))
    await logs.read_to_end(first)
    assert len(seen) == 100
    assert {record.partition for record in seen} == set(range(5))
    assert other == []
    for partition in range(5):
        offsets = [record.offset for record in seen if record.partition == partition]
        assert offsets == sorted(offsets)


async def test_keys_go_where_javas_partitioner_puts_them(logs: TopicLogs, make_topic: Callable[..., str]) -> None:
    topic, seen = make_topic(5), Seen()
    for key in (b"status-connector-a", b"status-task-a-0", b"x"):
        await logs.send(topic, key, b"v")
    await logs.follow({topic: seen})
    murmur2 = {b"status-connector-a": 1, b"status-task-a-0": 3, b"x": 1}
    assert {record.key: record.partition for record in seen} == murmur2


async def test_committed_readers_wait_for_open_transactions(broker: Any, make_topic: Callable[..., str]) -> None:
    topic, seen = make_topic(1), Seen()
    logs = TopicLogs(settings(broker, isolation_level="read_committed"))
    await logs.start()
    try:
        producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": f"x-{topic}"})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(topic, b"1", b"a")
        producer.flush(30)
        waiting = asyncio.create_task(logs.follow({topic: seen}))
        await asyncio.sleep(1)
        assert not waiting.done()
        await asyncio.to_thread(producer.commit_transaction, 30)
        await asyncio.wait_for(waiting, 30)
        assert seen.pairs == [(b"a", b"1")]
        await logs.send(topic, b"b", b"2")
        await logs.read_to_end()
        assert seen.pairs[-1] == (b"b", b"2")
    finally:
        await logs.stop()


async def test_a_handler_that_fails_stops_nothing(
    logs: TopicLogs, make_topic: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    topic, seen = make_topic(1), Seen()

    def handle(record: LogRecord) -> None:
        if record.key == b"bad":
            raise ValueError("no")
        seen(record)

    await logs.send(topic, b"bad", b"1")
    await logs.send(topic, b"good", b"2")
    await logs.follow({topic: handle})
    assert seen.pairs == [(b"good", b"2")]
    assert "is ignored" in caplog.text


async def test_a_topic_that_is_not_there(logs: TopicLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barnabas.kafka.topic_log._METADATA_TIMEOUT", 0.5)
    with pytest.raises(KafkaClientError, match="There is no topic nowhere-to-be-found"):
        await logs.follow({"nowhere-to-be-found": Seen()})


async def test_writing_and_reading_back_is_quick(logs: TopicLogs, make_topic: Callable[..., str]) -> None:
    topic, seen = make_topic(1), Seen()
    await logs.follow({topic: seen})
    times = []
    for _ in range(20):
        began = time.perf_counter()
        await logs.send(topic, b"k", b"v")
        await logs.read_to_end(topic)
        times.append(time.perf_counter() - began)
    assert sorted(times)[10] < 0.2


async def test_nothing_is_sent_after_the_end(broker: Any) -> None:
    logs = TopicLogs(settings(broker))
    await logs.start()
    await logs.stop()
    with pytest.raises(KafkaClientError, match="not open"):
        await logs.send("t", b"k", b"v")
