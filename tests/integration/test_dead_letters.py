"""Dead letters through real processes: reported, refused and unreadable records, sources, and a killed worker."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from services.process import wait_for
from services.worker import FILE_SINK, BarnabasWorker

STAMP = int(time.time() * 1000) - 3_600_000
HOMES = Path(__file__).parent / "homes"
JSON = {"value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false"}
TOLERANT = {
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.replication.factor": "1",
    "errors.deadletterqueue.context.headers.enable": "true",
}


@pytest.fixture(scope="module")
def bootstrap(embedded_broker):
    return embedded_broker.bootstrap


@pytest.fixture
def name():
    return f"dl-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def worker(bootstrap, tmp_path_factory):
    settings = {"plugin.path": HOMES, "offset.flush.interval.ms": "500"}
    with BarnabasWorker(tmp_path_factory.mktemp("dead-letters"), bootstrap, settings) as worker:
        yield worker


def produce(bootstrap, topic, values):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 1_000_000})
    for at, value in enumerate(values):
        producer.produce(topic, value, str(at), timestamp=STAMP + at)
    assert producer.flush(30) == 0


def read(bootstrap, topic):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    low, high = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    client.assign([TopicPartition(topic, 0, low)])
    found = []
    until = time.monotonic() + 30
    while len(found) < high - low:
        found += client.consume(min(500, high - low - len(found)), 1)
        assert time.monotonic() < until
    client.close()
    return found


def ends(bootstrap, topic):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "ends"})
    try:
        if topic not in client.list_topics(timeout=10).topics:
            return 0
        return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
    finally:
        client.close()


def committed(bootstrap, name, topic):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": f"connect-{name}"})
    try:
        return client.committed([TopicPartition(topic, 0)], 10)[0].offset
    finally:
        client.close()


def stats(worker, name):
    _, tasks = worker.request("GET", "/barnabas/tasks")
    return next(task for task in tasks if name in json.dumps(task))


@pytest.mark.parametrize("mode", ["report", "refuse"])
def test_what_a_sink_reports_or_refuses(worker, bootstrap, tmp_path, name, mode):
    values = [f"bad {n}" if n % 50 == 7 else f"good {n}" for n in range(400)]
    produce(bootstrap, name, values)
    worker.create(
        name,
        {
            "connector.class": "choosy:ChoosySink",
            "topics": name,
            "file": tmp_path / "out.txt",
            "mode": mode,
            "errors.put.bisect": "true",
            "errors.deadletterqueue.topic.name": f"{name}-dead",
            **TOLERANT,
        },
    )
    good, bad = [[value for value in values if value.startswith(kind)] for kind in ("good", "bad")]
    wait_for(lambda: ends(bootstrap, f"{name}-dead") == len(bad), 30, "dead letters")
    wait_for(lambda: committed(bootstrap, name, name) == len(values), 30, "a commit")
    assert (tmp_path / "out.txt").read_text().splitlines() == good
    letters = read(bootstrap, f"{name}-dead")
    assert [letter.value().decode() for letter in letters] == bad
    assert [letter.timestamp()[1] for letter in letters] == [STAMP + values.index(value) for value in bad]
    headers = dict(letters[0].headers())
    assert headers["__connect.errors.stage"] == b"TASK_PUT"
    assert headers["__connect.errors.class.name"] == b"org.apache.kafka.connect.sink.SinkTask"
    assert headers["__connect.errors.exception.class.name"] == b"ValueError"
    shown = stats(worker, name)
    assert shown["dead_letters"] == shown["record_failures"] == len(bad)
    assert shown["last_error"] > 0
    assert (shown["puts_split"] > 0) is (mode == "refuse")
    worker.request("DELETE", f"/connectors/{name}")


@pytest.mark.parametrize("mode", ["unwritable", "huge"])
def test_a_source_has_a_dead_letter_topic_too(worker, bootstrap, name, mode):
    worker.create(
        name,
        {
            "connector.class": "choosy:MixedSource",
            "topic": name,
            "last": 100,
            "mode": mode,
            "errors.deadletterqueue.topic.name": f"{name}-dead",
            **TOLERANT,
            **JSON,
        },
    )
    wait_for(lambda: ends(bootstrap, f"{name}-dead") == 10, 30, "dead letters")
    wait_for(lambda: ends(bootstrap, name) == 90, 30, "records")
    letters = read(bootstrap, f"{name}-dead")
    origins = [json.loads(dict(letter.headers())["__connect.errors.source.offset"])["n"] for letter in letters]
    assert origins == list(range(10, 101, 10))
    first = dict(letters[0].headers())
    if mode == "huge":
        assert first["__connect.errors.stage"] == b"KAFKA_PRODUCE"
        assert letters[0].value() is None
        assert int(first["__connect.errors.value.omitted"]) > 2_000_000
    else:
        assert first["__connect.errors.stage"] == b"VALUE_CONVERTER"
        assert json.loads(letters[0].value()) == {"n": [10]}
    assert json.loads(first["__connect.errors.source.partition"]) == {"counter": "1"}

    def stored():
        _, answer = worker.request("GET", f"/connectors/{name}/offsets")
        return [entry["offset"] for entry in answer.get("offsets", [])]

    # A skipped record's offset does not advance by itself; one that Kafka refused counts as dealt with.
    wait_for(lambda: stored() == [{"n": 100 if mode == "huge" else 99}], 20, "the offset")
    worker.request("DELETE", f"/connectors/{name}")


def test_killed_again_and_again_no_record_is_in_neither_place(bootstrap, tmp_path, name):
    """kill -9 while dead letters are on their way: each record is in the sink or in the dead letter topic."""
    values = [f"{{bad {n}" if n % 3 == 0 else f'"good {n}"' for n in range(12_000)]
    produce(bootstrap, name, values)
    config = {
        "name": name,
        "connector.class": FILE_SINK,
        "topics": name,
        "file": tmp_path / "out.txt",
        "consumer.override.max.poll.records": "50",
        "errors.deadletterqueue.topic.name": f"{name}-dead",
        **TOLERANT,
        **JSON,
    }
    settings = {"offset.flush.interval.ms": "20"}
    rng = random.Random(11)
    worker = BarnabasWorker(tmp_path / "worker", bootstrap, settings, [config])
    kills = 0
    try:
        while kills < 6:
            worker.spawn()
            before = ends(bootstrap, f"{name}-dead")
            wait_for(
                lambda before=before: ends(bootstrap, f"{name}-dead") > before or done(bootstrap, name, values),
                40,
                "progress",
                0.01,
            )
            time.sleep(rng.random() * 0.1)
            worker.kill()
            kills += 1
        worker.start()
        wait_for(lambda: done(bootstrap, name, values), 60, "the end")
    finally:
        worker.stop()
    good = Counter((tmp_path / "out.txt").read_text().splitlines())
    dead = Counter(letter.value().decode() for letter in read(bootstrap, f"{name}-dead"))
    missing = [value for value in values if not (good[value.strip('"')] or dead[value])]
    assert missing == []
    assert set(dead) == {value for value in values if value.startswith("{")}


def done(bootstrap, name, values):
    return committed(bootstrap, name, name) == len(values)
