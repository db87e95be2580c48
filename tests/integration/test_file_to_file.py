"""The main job through real processes: a file, a topic, another file; against both brokers."""

from __future__ import annotations

import http
import json
import uuid

import pytest
from confluent_kafka import Consumer, TopicPartition

from services.process import wait_for
from services.worker import FILE_SOURCE, BarnabasWorker

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"


@pytest.fixture
def names():
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def worker(tmp_path, broker):
    """Starts workers that end with the test."""
    made = []

    def start(settings=None, connectors=(), folder="worker"):
        worker = BarnabasWorker(tmp_path / folder, broker.bootstrap, settings, connectors)
        made.append(worker)
        return worker.start()

    yield start
    for each in made:
        each.stop()


def lines(count, start=0):
    return "".join(f"{n:06d} the quick brown fox - ä {'x' * (n % 50)}\n" for n in range(start, start + count))


def connectors(tmp_path, name):
    return (
        {"name": f"{name}-in", "connector.class": FILE_SOURCE, "file": tmp_path / "in.txt", "topic": name},
        {
            "name": f"{name}-out",
            "connector.class": "FileStreamSink",
            "file": tmp_path / "out.txt",
            "topics": name,
            "tasks.max": 1,
        },
    )


def arrives(path, text, timeout=40):
    size = len(text.encode())
    wait_for(lambda: path.exists() and path.stat().st_size >= size, timeout, f"{path.name} to be complete")
    assert path.read_text() == text


def test_a_file_through_a_topic_into_a_file(worker, tmp_path, names):
    source = tmp_path / "in.txt"
    source.write_text(lines(5000))
    running = worker(connectors=connectors(tmp_path, names))
    arrives(tmp_path / "out.txt", lines(5000))
    with source.open("a") as file:
        file.write(lines(10, 5000))
    arrives(tmp_path / "out.txt", lines(5010))
    for connector in (f"{names}-in", f"{names}-out"):
        topics = running.request("GET", f"/connectors/{connector}/topics")
        assert topics == (http.HTTPStatus.OK, {connector: {"topics": [names]}})
    assert running.states() == {f"{names}-in": ["RUNNING", "RUNNING"], f"{names}-out": ["RUNNING", "RUNNING"]}


def test_a_stopped_worker_goes_on_where_it_was(worker, tmp_path, names):
    (tmp_path / "in.txt").write_text(lines(1000))
    first = worker(connectors=connectors(tmp_path, names))
    arrives(tmp_path / "out.txt", lines(1000))
    first.stop()
    assert first.exit_code == 0
    with (tmp_path / "in.txt").open("a") as file:
        file.write(lines(500, 1000))
    again = BarnabasWorker(tmp_path / "worker", first_bootstrap(first), None, connectors(tmp_path, names))
    with again:
        arrives(tmp_path / "out.txt", lines(1500))


def first_bootstrap(worker):
    for line in worker.config.read_text().splitlines():
        if line.startswith("bootstrap.servers="):
            return line.partition("=")[2]
    raise AssertionError("no bootstrap.servers")


def test_pause_resume_stop_and_restart(worker, tmp_path, names):
    (tmp_path / "in.txt").write_text(lines(10))
    running = worker(connectors=connectors(tmp_path, names))
    arrives(tmp_path / "out.txt", lines(10))
    source = f"/connectors/{names}-in"
    assert running.request("PUT", f"{source}/pause")[0] == http.HTTPStatus.ACCEPTED
    wait_for(lambda: running.states()[f"{names}-in"] == ["PAUSED", "PAUSED"], 10, "pause")
    with (tmp_path / "in.txt").open("a") as file:
        file.write(lines(10, 10))
    assert running.request("PUT", f"{source}/resume")[0] == http.HTTPStatus.ACCEPTED
    arrives(tmp_path / "out.txt", lines(20))
    assert running.request("PUT", f"{source}/stop")[0] == http.HTTPStatus.NO_CONTENT
    wait_for(lambda: running.states()[f"{names}-in"] == ["STOPPED"], 10, "stop")
    with (tmp_path / "in.txt").open("a") as file:
        file.write(lines(10, 20))
    running.request("PUT", f"{source}/resume")
    arrives(tmp_path / "out.txt", lines(30))
    assert running.request("POST", f"{source}/restart?includeTasks=true")[0] == http.HTTPStatus.ACCEPTED
    wait_for(lambda: running.states()[f"{names}-in"] == ["RUNNING", "RUNNING"], 10, "restart")
    with (tmp_path / "in.txt").open("a") as file:
        file.write(lines(10, 30))
    arrives(tmp_path / "out.txt", lines(40))


def test_json_with_and_without_schemas(worker, tmp_path, names):
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    source, sink = connectors(tmp_path, names)
    worker(connectors=[{**source, "value.converter": JSON_CONVERTER}, sink])
    out = tmp_path / "out.txt"
    wait_for(lambda: out.exists() and out.read_text().count("\n") == 2, 40, "two lines")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows == [{"schema": {"type": "string", "optional": False}, "payload": word} for word in ("one", "two")]


@pytest.mark.jvm_connect
def test_the_topic_and_the_offset_file_are_interchangeable_with_the_jvm(jvm_connect, kafka_server, tmp_path, names):
    """Same input, same bytes in the topic; and each continues from the other's offset file."""
    source = tmp_path / "in.txt"
    settings = {
        "key.converter": JSON_CONVERTER,
        "value.converter": JSON_CONVERTER,
        "offset.storage.file.filename": tmp_path / "shared.offsets",
        "offset.flush.interval.ms": 500,
    }
    name = f"{names}-file"
    connector = {"name": name, "connector.class": "FileStreamSource", "file": source, "topic": names}

    def bytes_of(count):
        consumer = Consumer({"bootstrap.servers": kafka_server.bootstrap, "group.id": "x", "enable.auto.commit": False})
        consumer.assign([TopicPartition(names, 0, 0)])
        got = []
        while len(got) < count:
            message = consumer.poll(20)
            assert message is not None, f"{len(got)} of {count} records"
            assert message.error() is None
            got.append((message.key(), message.value(), message.headers()))
        assert consumer.poll(1) is None, "more records than lines: somebody began again"
        consumer.close()
        return got

    source.write_text("alpha\nbeta\n\n")
    with_jvm = jvm_connect(kafka_server.bootstrap, settings, [connector])
    by_jvm = bytes_of(3)
    with_jvm.stop()
    with source.open("a") as file:
        file.write("alpha\nbeta\n\n")
    ours = BarnabasWorker(tmp_path / "ours", kafka_server.bootstrap, settings, [connector])
    with ours:
        assert bytes_of(6) == by_jvm * 2
    with source.open("a") as file:
        file.write("alpha\nbeta\n\n")
    again = jvm_connect(kafka_server.bootstrap, settings, [connector])
    assert bytes_of(9) == by_jvm * 3
    again.stop()
