"""Topics that source connectors make by rules: in both modes, on both brokers, and as the JVM's worker makes them."""

from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from services.kafka_tls import ADMIN, USER, jaas
from services.process import wait_for
from services.worker import FILE_SOURCE, BarnabasWorker

pytestmark = pytest.mark.timeout(180)

TOPIC = ConfigResource.Type.TOPIC
SET_ON_THE_TOPIC = 1

RULES = {
    "topic.creation.default.replication.factor": "1",
    "topic.creation.default.partitions": "2",
    "topic.creation.default.retention.ms": "7200000",
    "topic.creation.groups": "states, big,default",
    "topic.creation.states.include": r".*-state-\p{Lower}++ , .*-snapshot",
    "topic.creation.states.exclude": ".*-tmp",
    "topic.creation.states.partitions": "-1",
    "topic.creation.states.replication.factor": "-1",
    "topic.creation.states.compression.type": "lz4",
    "topic.creation.states.min.cleanable.dirty.ratio": "0.2",
    "topic.creation.big.include": ".*-big.*,.*-tmp",
    "topic.creation.big.partitions": "5",
    "topic.creation.nobody.partitions": "9",
}
EXPECTED = {
    "plain": (2, 1, {"retention.ms": "7200000"}),
    "state-a": (1, 1, {"compression.type": "lz4", "min.cleanable.dirty.ratio": "0.2"}),
    "state-A": (2, 1, {"retention.ms": "7200000"}),
    "the-snapshot": (1, 1, {"compression.type": "lz4", "min.cleanable.dirty.ratio": "0.2"}),
    "state-tmp": (5, 1, {}),
    "big": (5, 1, {}),
    "there": (3, 1, {}),
}


@pytest.fixture
def lines(tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("one\ntwo\n", encoding="utf-8")
    return file


def source(lines, topic, **settings):
    return {"connector.class": FILE_SOURCE, "file": lines, "topic": topic, **settings}


def described(bootstrap, topic):
    """Partitions, copies, and what is set on a topic."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
    resource = ConfigResource(TOPIC, topic)
    entries = admin.describe_configs([resource])[resource].result(10).values()
    settings = {entry.name: entry.value for entry in entries if entry.source == SET_ON_THE_TOPIC}
    return len(partitions), len(partitions[0].replicas), settings


def count(bootstrap, topics):
    """How many records are in topics."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "count", "allow.auto.create.topics": False})
    try:
        found = client.list_topics(timeout=10).topics
        return sum(high_water(client, topic, number) for topic in topics for number in found[topic].partitions)
    except (KeyError, KafkaException):
        return 0
    finally:
        client.close()


def high_water(client, topic, number):
    return client.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]


def settings_of(mode, run):
    if mode == "standalone":
        return {}
    topics = {f"{kind}.storage.topic": f"{run}-{kind}" for kind in ("config", "offset", "status")}
    return {"group.id": run, **topics}


@pytest.mark.parametrize("mode", ["standalone", "distributed"])
def test_topics_are_made_by_the_first_rule_that_matches(broker, tmp_path, lines, mode):
    run = f"tc{uuid.uuid4().hex[:6]}"
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(f"{run}-there", 3, 1)])[f"{run}-there"].result(10)
    worker = BarnabasWorker(tmp_path / "worker", broker.bootstrap, settings_of(mode, run), mode=mode)
    with worker:
        for name in EXPECTED:
            worker.create(f"{run}-{name}", source(lines, f"{run}-{name}", **RULES))
        topics = [f"{run}-{name}" for name in EXPECTED]
        wait_for(lambda: count(broker.bootstrap, topics) == 2 * len(EXPECTED), 30, "all records")
        assert {name: described(broker.bootstrap, f"{run}-{name}") for name in EXPECTED} == EXPECTED


def test_a_worker_may_forbid_it_and_a_topic_that_cannot_be_made_fails_the_task(broker, tmp_path, lines):
    run = f"tc{uuid.uuid4().hex[:6]}"
    with BarnabasWorker(tmp_path / "forbids", broker.bootstrap, {"topic.creation.enable": "false"}) as worker:
        worker.create(f"{run}-a", source(lines, f"{run}-a", **RULES))
        wait_for(lambda: count(broker.bootstrap, [f"{run}-a"]) == 2, 30, "the records")
        assert described(broker.bootstrap, f"{run}-a")[0] == 1
    with BarnabasWorker(tmp_path / "allows", broker.bootstrap) as worker:
        many = {**RULES, "topic.creation.default.replication.factor": "3"}
        worker.create(f"{run}-b", source(lines, f"{run}-b", **many))
        wait_for(lambda: worker.states()[f"{run}-b"] == ["RUNNING", "FAILED"], 30, "the task to fail")
        trace = worker.request("GET", f"/connectors/{run}-b/status")[1]["tasks"][0]["trace"]
        assert f"ConnectException: Unable to create topic(s) '{run}-b': " in trace
        assert "topic.creation.default.replication.factor" in trace
        assert worker.request("GET", f"/connectors/{run}-b/offsets")[1] == {"offsets": []}


# ---------------------------------------------------------------------- the JVM's worker
ONE = {"topic.creation.default.partitions": "1", "topic.creation.default.replication.factor": "1"}
WRONG = {
    "no-replication": {"topic.creation.default.partitions": "2"},
    "only-groups": {"topic.creation.groups": "a", "topic.creation.a.partitions": "2"},
    "no-partitions-at-all": {**ONE, "topic.creation.default.partitions": "0"},
    "no-number": {**ONE, "topic.creation.default.partitions": "x"},
    "a-group": {**ONE, "topic.creation.groups": "a", "topic.creation.a.replication.factor": "0"},
    "no-pattern": {**ONE, "topic.creation.groups": "a", "topic.creation.a.include": "x.*, ("},
    "too-many-copies": {**ONE, "topic.creation.default.replication.factor": "3"},
    "no-number-on-topic": {**ONE, "topic.creation.default.retention.ms": "abc"},
    "unknown-on-topic": {**ONE, "topic.creation.default.nonsense": "abc"},
    "no-name": {**ONE, "topic": "a b"},
}
FINE = {
    "empty-groups": {**ONE, "topic.creation.groups": "", "topic.creation.default.partitions": "3"},
    "no-include": {**ONE, "topic.creation.groups": "a", "topic.creation.a.partitions": "3"},
}
MADE = [name for name in EXPECTED if name != "there"]


def outcome(worker, name):
    """States, and what failed, without the names that differ."""
    status = worker.request("GET", f"/connectors/{name}/status")[1]
    return [shown(entry, name) for entry in (status["connector"], *status["tasks"])]


def shown(entry, name):
    """The first sentence: as far as a JVM worker's trace has it."""
    first, _, more = entry.get("trace", "").partition("\n")
    if more[:1] not in ("\t", ""):
        first = f"{first}\n{more.partition(chr(10))[0]}"
    return entry["state"], first.replace(name, "NAME").partition("\nCaused by")[0].partition("\nTraceback")[0].rstrip(
        "."
    )


@pytest.mark.kafka
def test_it_is_as_on_the_jvms_worker(kafka_server, jvm_connect, tmp_path, lines):
    run = f"tc{uuid.uuid4().hex[:6]}"
    with BarnabasWorker(tmp_path / "ours", kafka_server.bootstrap) as worker:
        ours = made_by(worker, kafka_server.bootstrap, f"{run}-ours", lines)
    theirs = made_by(jvm_connect(kafka_server.bootstrap), kafka_server.bootstrap, f"{run}-theirs", lines)
    assert json.dumps(ours, indent=1) == json.dumps(theirs, indent=1)
    assert {name: ours[f"{name} topic"] for name in MADE} == {name: EXPECTED[name] for name in MADE}


@pytest.mark.kafka
def test_who_may_make_topics_is_as_on_the_jvms_worker(secure_kafka, jvm_connect, tmp_path, lines):
    run = f"tc{uuid.uuid4().hex[:6]}"
    admin = AdminClient(secure_kafka.client_settings())
    rights = {"seen": ["DESCRIBE", "WRITE"], "written": ["WRITE"], "made": ["CREATE", "WRITE"]}
    for topic, operations in rights.items():
        for operation in operations:
            allow(admin, f"{run}-{topic}", operation)
    client = secure_kafka.security.client
    settings = {f"{prefix}{key}": value for prefix in ("", "producer.", "admin.") for key, value in client.items()}
    asks = {"nothing": {}, "seen": {}, "made": {}, "written": {"admin.override.sasl.jaas.config": jaas(*ADMIN)}}

    def outcomes(worker):
        for name, more in asks.items():
            worker.create(f"{run}-{name}", source(lines, f"{run}-{name}", **ONE, **more))
        for name, state in (("nothing", "FAILED"), ("seen", "FAILED")):
            wait_for(lambda name=name, state=state: state in worker.states()[f"{run}-{name}"], 30, name)
        running = ["RUNNING"] * 2  # the connector and its task: the status of either comes when it is there
        wait_for(lambda: all(worker.states()[f"{run}-{name}"] == running for name in ("made", "written")), 30, "tasks")
        return {name: outcome(worker, f"{run}-{name}") for name in asks}

    with BarnabasWorker(tmp_path / "ours", secure_kafka.bootstrap, settings) as worker:
        ours = outcomes(worker)
        wait_for(lambda: {f"{run}-made", f"{run}-written"} <= admin.list_topics(timeout=5).topics.keys(), 30, "topics")
    for name in ("made", "written"):
        admin.delete_topics([f"{run}-{name}"])[f"{run}-{name}"].result(10)
    theirs = jvm_connect(secure_kafka.bootstrap, settings)
    assert json.dumps(ours, indent=1) == json.dumps(outcomes(theirs), indent=1)


def allow(admin, prefix, operation):
    """Let the worker's user do something with topics."""
    binding = AclBinding(
        ResourceType.TOPIC,
        prefix,
        ResourcePatternType.PREFIXED,
        f"User:{USER[0]}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )
    admin.create_acls([binding])[binding].result(10)


def made_by(worker, bootstrap, run, lines):
    """What became of all connectors and topics on a worker."""
    found = {}
    names = {name: f"{run}-{name}" for name in (*MADE, *FINE, *WRONG)}
    for name, settings in (*((name, RULES) for name in MADE), *FINE.items(), *WRONG.items()):
        config = {**source(lines, names[name]), **settings}
        body = {"name": names[name], "config": {key: str(value) for key, value in config.items()}}
        found[name] = worker.request("POST", "/connectors", body)[0]
    topics = [names[name] for name in (*MADE, *FINE)]
    wait_for(lambda: count(bootstrap, topics) == 2 * len(topics), 60, "records")
    wait_for(lambda: all("FAILED" in worker.states()[names[name]] for name in WRONG), 60, "what is wrong to fail")
    found.update({f"{name} is": outcome(worker, names[name]) for name in WRONG})
    found.update({f"{name} topic": described(bootstrap, names[name]) for name in (*MADE, *FINE)})
    return found
