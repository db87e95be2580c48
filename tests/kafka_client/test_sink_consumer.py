"""The consumer of a sink task, on both brokers."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import TopicPartition as _Place

from barnabas.errors import ConfigError
from barnabas.kafka import column_queue
from barnabas.kafka.admin import Admin
from barnabas.kafka.consumer import SinkConsumer
from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.group_offsets import GroupOffsets
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate
from barnabas.record import TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confluent_kafka import Message


class Member:
    """A consumer with a diary of its rebalances."""

    def __init__(self, java: dict[str, str]) -> None:
        self.consumer = SinkConsumer(translate(java, "consumer"))
        self.told: list[tuple[str, set[TopicPartition]]] = []
        self.on_assign: Callable[[set[TopicPartition]], None] = lambda _: None
        self.on_revoke: Callable[[set[TopicPartition]], None] = lambda _: None

    def subscribe(self, topics: list[str] | str) -> None:
        def assigned(partitions: list[TopicPartition]) -> None:
            self.told.append(("assign", set(partitions)))
            self.on_assign(set(partitions))

        def revoked(partitions: list[TopicPartition]) -> None:
            self.told.append(("revoke", set(partitions)))
            self.on_revoke(set(partitions))

        self.consumer.subscribe(topics, assigned, revoked, lambda p: self.told.append(("lost", set(p))))

    def read(self, count: int, seconds: float = 20) -> list[Message]:
        found: list[Message] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            found += self.consumer.fetch(500, 0.1)
        return found


@pytest.fixture(params=["columns", "objects"])
def join(
    broker: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Member]]:
    """New members of a group of this test's own, which read in either way."""
    if request.param == "objects":
        monkeypatch.setattr(column_queue, "native", None)
    elif column_queue.native is None:
        pytest.skip("the compiled part is not there")
    group = f"g-{uuid.uuid4().hex[:12]}"
    members: list[Member] = []

    def make(**java: str) -> Member:
        settings = {
            "bootstrap.servers": broker.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "heartbeat.interval.ms": "200",
            "session.timeout.ms": "10000",
            "fetch.max.wait.ms": "50",
            "metadata.max.age.ms": "1000",
            **{key.replace("_", "."): value for key, value in java.items()},
        }
        members.append(Member(settings))
        return members[-1]

    yield make
    for member in members:
        member.consumer.close()


@pytest.fixture
def fill(broker: Any) -> Callable[..., None]:
    """Writes numbered records into every partition of a topic."""

    def write(topic: str, count: int, partitions: int = 1) -> None:
        producer = open_producer(translate({"bootstrap.servers": broker.bootstrap, "linger.ms": "0"}, "producer"))
        for partition in range(partitions):
            producer.send(topic, [b"%d" % i for i in range(count)], partitions=[partition] * count)
        assert producer.flush(20)
        producer.close(1)

    return write


def test_reading_positions_and_commits(make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic()
    where = TopicPartition(topic, 0)
    fill(topic, 1000)
    member = join()
    member.subscribe([topic])
    found = member.read(1000)
    assert [message.offset() for message in found] == list(range(1000))
    assert member.told == [("assign", {where})]
    assert member.consumer.assignment() == {where}
    assert member.consumer.position([where]) == {where: 1000}
    assert member.consumer.committed([where]) == {where: None}
    member.consumer.commit_sync({where: 400})
    assert member.consumer.committed([where]) == {where: 400}
    answers: list[Any] = []
    member.consumer.commit_async({where: 500}, answers.append)
    member.consumer.commit_async({where: 600}, lambda error: answers.append((600, error)))
    until = time.monotonic() + 10
    while len(answers) < 2 and time.monotonic() < until:
        member.consumer.fetch(10, 0.05)
    assert answers == [None, (600, None)]
    assert member.consumer.committed([where]) == {where: 600}
    member.consumer.close()
    assert member.told[-1] == ("revoke", {where})
    second = join()
    second.subscribe([topic])
    assert second.read(400)[0].offset() == 600


def test_pause_resume_and_seek(make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic(2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    fill(topic, 100, 2)
    member = join()
    member.on_assign = lambda _: member.consumer.pause([first])  # already while it is being assigned
    member.subscribe([topic])
    assert {m.partition() for m in member.read(100)} == {1}
    assert member.consumer.fetch(10, 0.3) == []
    member.consumer.resume([first])
    assert [m.offset() for m in member.read(100)] == list(range(100))
    member.consumer.seek(second, 90)
    assert [(m.partition(), m.offset()) for m in member.read(10)] == [(1, at) for at in range(90, 100)]


def test_a_second_member_takes_half(make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic(4)
    fill(topic, 50, 4)
    one, two = join(), join()
    one.subscribe([topic])
    assert len(one.read(200)) == 200
    committed: list[set[TopicPartition]] = []

    def commit(partitions: set[TopicPartition]) -> None:
        committed.append(partitions)
        one.consumer.commit_sync(dict.fromkeys(partitions, 50))

    one.on_revoke = commit
    two.subscribe([topic])
    until = time.monotonic() + 20
    while time.monotonic() < until and len(two.consumer.assignment()) != 2:
        assert one.consumer.fetch(100, 0.05) == []
        assert two.consumer.fetch(100, 0.05) == []
    until = time.monotonic() + 20
    while time.monotonic() < until and len(one.consumer.assignment()) != 2:
        one.consumer.fetch(100, 0.05)
    assert committed == [{TopicPartition(topic, number) for number in range(4)}]
    assert one.consumer.assignment() | two.consumer.assignment() == committed[0]
    assert not one.consumer.assignment() & two.consumer.assignment()


def test_nothing_of_a_partition_that_was_taken_away_and_nothing_twice(make_topic: Any, join: Any, fill: Any) -> None:
    """Members come and go while records arrive; each commits what it was given when partitions are taken away."""
    topic = make_topic(3)
    seen: dict[TopicPartition, list[int]] = {}
    stop = threading.Event()

    def feed() -> None:
        while not stop.is_set():
            fill(topic, 200, 3)

    def next_of(member: Member, partitions: set[TopicPartition]) -> None:
        offsets = {where: seen[where][-1] + 1 for where in partitions if where in seen}
        member.consumer.commit_sync(offsets)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        members = [join() for _ in range(2)]
        for member in members:
            member.on_revoke = lambda partitions, member=member: next_of(member, partitions)
            member.subscribe([topic])
            until = time.monotonic() + 1.2
            while time.monotonic() < until:
                for reader in members:
                    if reader.consumer._client is None:
                        continue
                    held = reader.consumer.assignment()
                    for message in reader.consumer.fetch(50, 0.01):
                        where = TopicPartition(message.topic() or "", message.partition() or 0)
                        assert where in held | reader.consumer.assignment()
                        seen.setdefault(where, []).append(message.offset() or 0)
    finally:
        stop.set()
        feeder.join()
    assert len(seen) == 3
    for offsets in seen.values():
        assert offsets == list(range(len(offsets)))


def test_pattern(make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic()
    make_topic()
    fill(topic, 5)
    member = join()
    member.subscribe(rf"{topic[:6]}[\w]*{topic[-4:]}")
    assert {message.topic() for message in member.read(5)} == {topic}


def test_static_member_comes_back_without_a_rebalance(make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic()
    fill(topic, 5)
    first = join(group_instance_id="connector-0")
    first.subscribe([topic])
    assert len(first.read(5)) == 5
    first.consumer.commit_sync({TopicPartition(topic, 0): 3})
    started = time.monotonic()
    second = join(group_instance_id="connector-0")  # as after kill -9: the first has not left
    second.subscribe([topic])
    assert [message.offset() for message in second.read(2)] == [3, 4]
    assert time.monotonic() - started < 8
    with pytest.raises(KafkaClientError) as caught:
        first.read(1, 10)
    assert caught.value.fault is not None
    assert caught.value.fault.fatal


def test_misuse_and_bad_settings(broker: Any) -> None:
    consumer = SinkConsumer(translate({"bootstrap.servers": broker.bootstrap, "group.id": "g"}, "consumer"))
    with pytest.raises(ValueError, match="not subscribed"):
        consumer.fetch(1, 0)
    consumer.close()
    with pytest.raises(ValueError, match="closed"):
        consumer.fetch(1, 0)
    with pytest.raises(ConfigError, match="unknown host"):
        SinkConsumer(translate({"bootstrap.servers": "no-such-host.invalid:1", "group.id": "g"}, "consumer"))


def test_admin(broker: Any, make_topic: Any, join: Any, fill: Any) -> None:
    topic = make_topic(2)
    fill(topic, 7, 2)
    member = join()
    member.subscribe([topic])
    member.read(14)
    member.consumer.commit_sync({TopicPartition(topic, 1): 5})
    group = member.consumer._settings.librdkafka["group.id"]
    with Admin(translate({"bootstrap.servers": broker.bootstrap}, "admin")) as admin:
        assert len(admin.cluster_id(10)) >= 16
        assert admin.topic_exists(topic)
        assert admin.partitions(topic) == 2
        assert not admin.topic_exists(f"{topic}-none")
        assert not admin.create_topic(topic, 1, 1)
        assert admin.end_offsets(topic) == {TopicPartition(topic, 0): 7, TopicPartition(topic, 1): 7}
        with pytest.raises(KafkaClientError, match="no topic"):
            admin.end_offsets(f"{topic}-none")
        with pytest.raises(KafkaClientError):
            admin.create_topic("bad name!", 1, 1)
    java = {"bootstrap.servers": broker.bootstrap}
    assert GroupOffsets(10).read(java, group) == {TopicPartition(topic, 1): 5}
    assert GroupOffsets(10).read(java, "no-such-group") == {}
    with pytest.raises(ValueError, match="closed"):
        admin.cluster_id()


class _Told:
    """A client whose rebalances come in the middle of a batch, which brokers do too seldom for a test."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Any] = {}
        self.calls: list[tuple[str, set[int]]] = []

    def subscribe(self, _: list[str], **callbacks: Any) -> None:
        self.callbacks = callbacks

    def _note(self, name: str, places: Any = ()) -> None:
        self.calls.append((name, {place.partition for place in places}))

    def __getattr__(self, name: str) -> Any:
        return lambda *places: self._note(name, *places)

    def poll(self, _: float) -> Any:
        return _Read(0, 5)

    def consume(self, _: int, __: float) -> list[Any]:
        places = [_Place("t", 0), _Place("t", 1)]
        self.callbacks["on_revoke"](self, places)
        self.callbacks["on_assign"](self, places[1:])
        return [_Read(0, 6), _Read(1, 9), _Read(2, 1)]


class _Read:
    def __init__(self, partition: int, offset: int) -> None:
        self._where = (partition, offset)

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return self._where[0]

    def offset(self) -> int:
        return self._where[1]

    def error(self) -> None:
        return None


def test_rebalance_in_the_middle_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barnabas.kafka.consumer.Message", _Read)
    consumer = SinkConsumer(translate({"bootstrap.servers": "localhost:1", "group.id": "g"}, "consumer"))
    client = _Told()
    monkeypatch.setattr(consumer, "_make", lambda **_: client)
    told: list[tuple[str, list[TopicPartition]]] = []
    consumer.subscribe(["t"], *(lambda p, name=name: told.append((name, p)) for name in ("assign", "revoke", "lost")))
    consumer._client = client  # type: ignore[assignment]
    found = consumer.fetch(10, 0)
    # What was read of partition 1 before it was taken away comes again: it is read from its committed offset.
    assert [(m.partition(), m.offset()) for m in found] == [(2, 1)]
    assert [name for name, _ in told] == ["revoke", "assign"]
    # Held until the batch is over, so that nothing of its second reading could be mistaken for the first.
    assert client.calls == [("unassign", set()), ("assign", {1}), ("pause", {1}), ("resume", {1})]
