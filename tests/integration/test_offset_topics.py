"""Offset topics that connectors have of their own, and what is seen of topics by every worker of a group."""

from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from barnabas.broker import EmbeddedBroker
from services.process import wait_for
from services.worker import FILE_SOURCE, BarnabasWorker

pytestmark = pytest.mark.timeout(180)

FOUND, NO_CONTENT, ACCEPTED = 200, 204, 202


class Setting:
    """A group with topics of its own, a file, and a connector that reads it."""

    def __init__(self, bootstrap, folder):
        self.bootstrap = bootstrap
        self.folder = folder
        self.run = f"ot{uuid.uuid4().hex[:6]}"
        self.file = folder / "lines.txt"
        self.written = 0
        self.name, self.topic, self.own = f"{self.run}-c", f"{self.run}-data", f"{self.run}-own"
        self.offsets = f"{self.run}-offsets"
        self.settings = {
            "group.id": self.run,
            "config.storage.topic": f"{self.run}-configs",
            "status.storage.topic": f"{self.run}-statuses",
            "offset.storage.topic": self.offsets,
            "offset.storage.partitions": "3",
            "offset.storage.segment.bytes": "1048576",
            "offset.flush.interval.ms": "200",
        }

    def worker(self, kind=BarnabasWorker, name="worker"):
        return kind(self.folder / name, self.bootstrap, self.settings, mode="distributed")

    def config(self, *, own=True, **settings):
        topic = {"offsets.storage.topic": self.own} if own else {}
        return {
            "connector.class": FILE_SOURCE,
            "name": self.name,
            "file": str(self.file),
            "topic": self.topic,
            **topic,
            **settings,
        }

    def write(self, *lines):
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def position(self):
        return [
            {"partition": {"filename": str(self.file)}, "offset": {"position": self.file.stat().st_size}},
        ]

    def wait_committed(self, worker):
        wait_for(lambda: self.asked(worker) == self.position(), 30, "the offset")

    def asked(self, worker):
        status, answer = worker.request("GET", f"/connectors/{self.name}/offsets")
        return answer["offsets"] if status == FOUND else status

    def stored(self, topic, bootstrap=None):
        """The value of the connector's only key in an offset topic."""
        found = [value for key, value in read(bootstrap or self.bootstrap, topic) if key.startswith(f'["{self.name}"')]
        return json.loads(found[-1]) if found and found[-1] else None


def read(bootstrap, topic):
    """Keys and values of a topic, in order within partitions; each key is in one partition."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False})
    rows = []
    for number in client.list_topics(topic, timeout=10).topics[topic].partitions:
        place = TopicPartition(topic, number, 0)
        end = client.get_watermark_offsets(place, timeout=10)[1]
        client.assign([place])
        at = 0
        while at < end:
            message = client.poll(5)
            assert message is not None
            assert message.error() is None
            at = message.offset() + 1
            key, value = message.key(), message.value()
            rows.append((key and key.decode(), value and value.decode()))
    client.close()
    return rows


def lines_of(setting, bootstrap=None):
    return [value for _, value in read(bootstrap or setting.bootstrap, setting.topic)]


def test_offsets_are_in_the_connectors_topic_with_a_copy_in_the_workers(broker, tmp_path):
    setting = Setting(broker.bootstrap, tmp_path)
    setting.write("one", "two")
    with setting.worker() as worker:
        worker.create(setting.name, setting.config())
        setting.wait_committed(worker)
        size = {"position": setting.file.stat().st_size}
        assert setting.stored(setting.own) == size
        wait_for(lambda: setting.stored(setting.offsets) == size, 10, "the copy")
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        assert len(admin.list_topics(setting.own, timeout=10).topics[setting.own].partitions) == 3
        resource = ConfigResource(ConfigResource.Type.TOPIC, setting.own)
        made = {key: entry.value for key, entry in admin.describe_configs([resource])[resource].result(10).items()}
        assert (made["cleanup.policy"], made["segment.bytes"]) == ("compact", "1048576")
    setting.write("three")
    with setting.worker(name="next") as worker:
        setting.wait_committed(worker)
        assert lines_of(setting) == ["one", "two", "three"]


def test_a_topic_may_be_given_and_taken_away_again(broker, tmp_path):
    setting = Setting(broker.bootstrap, tmp_path)
    setting.write("one", "two")
    with setting.worker() as worker:
        worker.create(setting.name, setting.config(own=False))
        setting.wait_committed(worker)
        for lines, own in (("three", True), ("four", False)):
            worker.request("PUT", f"/connectors/{setting.name}/config", setting.config(own=own))
            setting.write(lines)
            setting.wait_committed(worker)
        assert lines_of(setting) == ["one", "two", "three", "four"]


def test_offsets_are_changed_in_both(broker, tmp_path):
    setting = Setting(broker.bootstrap, tmp_path)
    setting.write("one", "two")
    with setting.worker() as worker:
        path = f"/connectors/{setting.name}"
        worker.create(setting.name, setting.config())
        setting.wait_committed(worker)
        wait_for(lambda: worker.request("PUT", f"{path}/stop")[0] == NO_CONTENT, 10, "the stop")
        wait_for(lambda: worker.request("DELETE", f"{path}/offsets")[0] == FOUND, 20, "the reset")
        assert setting.asked(worker) == []
        assert setting.stored(setting.own) is setting.stored(setting.offsets) is None
        body = {"offsets": [{"partition": {"filename": str(setting.file)}, "offset": {"position": 4}}]}
        assert worker.request("PATCH", f"{path}/offsets", body)[0] == FOUND
        assert setting.asked(worker) == body["offsets"]
        worker.request("PUT", f"{path}/resume")
        setting.wait_committed(worker)
        assert lines_of(setting) == ["one", "two", "two"]


def test_a_topic_in_another_cluster(embedded_broker, tmp_path):
    setting = Setting(embedded_broker.bootstrap, tmp_path)
    setting.write("one", "two")
    with EmbeddedBroker(tmp_path / "elsewhere") as other, setting.worker() as worker:
        there = {f"{kind}.override.bootstrap.servers": other.bootstrap for kind in ("producer", "consumer", "admin")}
        worker.create(setting.name, setting.config(**there))
        setting.wait_committed(worker)
        assert setting.stored(setting.own, other.bootstrap) == {"position": setting.file.stat().st_size}
        assert lines_of(setting, other.bootstrap) == ["one", "two"]
        wait_for(lambda: setting.stored(setting.offsets) is not None, 10, "the copy")
        topics = AdminClient({"bootstrap.servers": embedded_broker.bootstrap}).list_topics(timeout=10).topics
        assert setting.own not in topics


def test_a_topic_that_loses_offsets_fails_the_tasks(embedded_broker, tmp_path):
    from confluent_kafka.admin import NewTopic  # noqa: PLC0415  its only use

    setting = Setting(embedded_broker.bootstrap, tmp_path)
    setting.write("one")
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    admin.create_topics([NewTopic(setting.own, 1, 1)])[setting.own].result(10)
    with setting.worker() as worker:
        worker.create(setting.name, setting.config())
        wait_for(lambda: worker.states().get(setting.name) == ["RUNNING", "FAILED"], 20, "the task to fail")
        trace = worker.request("GET", f"/connectors/{setting.name}/status")[1]["tasks"][0]["trace"]
        assert "is required to have 'cleanup.policy=compact'" in trace
        assert "offsets.storage.topic" in trace


def test_every_worker_knows_the_topics(broker, tmp_path):
    setting = Setting(broker.bootstrap, tmp_path)
    setting.write("one")
    path = f"/connectors/{setting.name}/topics"
    with setting.worker() as first, setting.worker(name="second") as second:
        first.create(setting.name, setting.config(own=False))
        for worker in (first, second):
            wait_for(lambda worker=worker: known(worker, setting) == [setting.topic], 30, "the topic")
        written = dict(read(broker.bootstrap, f"{setting.run}-statuses"))
        key = f"status-topic-{setting.topic}:connector-{setting.name}"
        entry = json.loads(written[key])["topic"]
        assert {**entry, "discoverTimestamp": 0} == {
            "name": setting.topic,
            "connector": setting.name,
            "task": 0,
            "discoverTimestamp": 0,
        }
        assert entry["discoverTimestamp"] > 1_600_000_000_000
        assert second.request("PUT", f"{path}/reset")[0] in (FOUND, ACCEPTED)
        for worker in (first, second):
            wait_for(lambda worker=worker: known(worker, setting) == [], 30, "the reset")
        setting.write("two")
        for worker in (first, second):
            wait_for(lambda worker=worker: known(worker, setting) == [setting.topic], 30, "the topic again")
        first.request("DELETE", f"/connectors/{setting.name}")
        wait_for(lambda: dict(read(broker.bootstrap, f"{setting.run}-statuses"))[key] is None, 30, "it to be forgotten")


def known(worker, setting):
    status, answer = worker.request("GET", f"/connectors/{setting.name}/topics")
    return answer[setting.name]["topics"] if status == FOUND else status


@pytest.mark.kafka
def test_a_jvm_worker_goes_on_where_we_stopped_and_we_where_it_did(kafka_server, jvm_connect, tmp_path):
    setting = Setting(kafka_server.bootstrap, tmp_path)
    setting.write("one", "two")
    with setting.worker() as worker:
        worker.create(setting.name, setting.config())
        setting.wait_committed(worker)
    setting.write("three")
    theirs = jvm_connect(kafka_server.bootstrap, setting.settings, mode="distributed")
    setting.wait_committed(theirs)
    theirs.stop()
    setting.write("four")
    with setting.worker(name="again") as worker:
        setting.wait_committed(worker)
    assert lines_of(setting) == ["one", "two", "three", "four"]
