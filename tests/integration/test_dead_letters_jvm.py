"""Dead letter topics written by us and by the JVM's worker for the same bad input: equal but for stack traces."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid
import zipfile
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from services.missing import unavailable
from services.process import ServiceError, wait_for
from services.worker import FILE_SINK, BarnabasWorker, JvmConnect

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

JSON = "org.apache.kafka.connect.json.JsonConverter"
STRING = "org.apache.kafka.connect.storage.StringConverter"
INTEGER = "org.apache.kafka.connect.converters.IntegerConverter"
TRANSFORMS = "org.apache.kafka.connect.transforms."
TRACE = "__connect.errors.exception.stacktrace"
PLAIN_JSON = {"value.converter": JSON, "value.converter.schemas.enable": "false"}
STRUCT = {
    "schema": {"type": "struct", "optional": False, "fields": [{"field": "n", "type": "string", "optional": True}]}
}
STAMP = int(time.time() * 1000) - 3_600_000  # not so old that the broker deletes what it is given


def struct(text):
    return json.dumps({**STRUCT, "payload": {"n": text}}).encode()


class Case:
    """A sink's settings and the records it is to read; ``end`` is a record that passes, so that all before it was."""

    def __init__(self, settings, records, end=b'{"end":1}', *, headers=True, dead=None, topic=None, fails=False):
        self.settings = {**settings, "errors.deadletterqueue.context.headers.enable": str(headers).lower()}
        self.records = [record if isinstance(record, dict) else {"value": record} for record in records]
        self.end = end if isinstance(end, dict) or end is None else {"value": end}
        self.dead = dead
        self.topic = topic
        self.fails = fails


BROKEN = [b"{broken", b"nul", b'{"a":1', b"\xff\xfe", b'{"passes":01}', b'{"a":"\x01"}', b"'x'", b'{"a":NaN}', b"[1,]"]

CASES = {
    "broken-json": Case(PLAIN_JSON, BROKEN, dead=len(BROKEN) - 1),
    "keys-headers-timestamps": Case(
        PLAIN_JSON,
        [
            {"value": b"{", "key": b"k1", "headers": [("a", b"1"), ("a", None), ("__connect.errors.topic", b"mine")]},
            {"value": b"{", "key": None, "timestamp": 1},
            {"value": b"{", "key": b"", "headers": [("empty", b"")]},
            {"value": b"{", "key": b"\xff"},
            {"value": b'{"good":1}', "key": b"k2"},
        ],
        dead=4,
    ),
    "envelope": Case(
        {"value.converter": JSON},
        [
            b'{"a":1}',
            b"1",
            b'{"schema":null}',
            b'{"payload":1,"schema":{"type":"nosuch"},"x":2}',
            b'{"schema":{"type":"nosuch"},"payload":1}',
            b'{"schema":{"type":"int32"},"payload":null}',
            b'{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":{}}',
            b'{"schema":{"type":"struct","fields":[{"type":"int32"}]},"payload":{}}',
            b'{"schema":{},"payload":{}}',
            b'{"schema":{"type":"array"},"payload":[]}',
            b'{"schema":{"type":"bytes"},"payload":5}',
        ],
        end=b'{"schema":null,"payload":"end"}',
    ),
    "bad-key": Case(
        {"key.converter": JSON, "key.converter.schemas.enable": "false", **PLAIN_JSON},
        [
            {"value": b'{"a":1}', "key": b"{bad"},
            {"value": b"{bad too", "key": b"{bad"},
            {"value": None, "key": b"{bad"},
        ],
        dead=3,
    ),
    "number-of-another-size": Case(
        {"value.converter": INTEGER}, [b"123", b"12345", {"value": b"x", "key": b"k"}], end=b"\0\0\0\1", dead=3
    ),
    "cast": Case(
        {
            **PLAIN_JSON,
            "transforms": "c",
            "transforms.c.type": f"{TRANSFORMS}Cast$Value",
            "transforms.c.spec": "n:int32",
        },
        [b'{"n":"abc"}', b'{"n":{"a":1}}', b'{"n":"1e3"}', b'{"n":"99999999999"}', b'["no map"]', b"{"],
        end=b'{"n":"1"}',
    ),
    "extract-unknown-field": Case(
        {
            "value.converter": JSON,
            "transforms": "e",
            "transforms.e.type": f"{TRANSFORMS}ExtractField$Value",
            "transforms.e.field": "missing",
        },
        [struct("x"), struct(None), {"value": struct("y"), "headers": [("h", b"v")]}],
        end=None,
        dead=3,
    ),
    "second-of-two-transforms": Case(
        {
            **PLAIN_JSON,
            "transforms": "h,r,c",
            "transforms.h.type": f"{TRANSFORMS}HoistField$Value",
            "transforms.h.field": "w",
            "transforms.r.type": f"{TRANSFORMS}RegexRouter",
            "transforms.r.regex": ".*",
            "transforms.r.replacement": "elsewhere",
            "transforms.c.type": f"{TRANSFORMS}Cast$Value",
            "transforms.c.spec": "w:int32",
        },
        [b'{"a":1}', b'"text"'],
        end=b'"7"',
        dead=2,
    ),
    "a-predicate-decides": Case(
        {
            **PLAIN_JSON,
            "transforms": "c",
            "transforms.c.type": f"{TRANSFORMS}Cast$Value",
            "transforms.c.spec": "n:int32",
            "transforms.c.predicate": "p",
            "predicates": "p",
            "predicates.p.type": f"{TRANSFORMS}predicates.HasHeaderKey",
            "predicates.p.name": "cast",
        },
        [b'{"n":"not cast"}', {"value": b'{"n":"abc"}', "headers": [("cast", b"1")]}],
        dead=1,
    ),
    "without-context": Case(
        PLAIN_JSON,
        [{"value": b"{", "key": b"k", "headers": [("a", b"1")]}, {"value": b"{"}],
        headers=False,
        dead=2,
    ),
    "topic-exists": Case(
        PLAIN_JSON,
        [{"value": b"{", "key": f"key-{n}".encode()} for n in range(8)],
        dead=8,
        topic=(3, {"max.message.bytes": "1234567"}),
    ),
    "nothing-tolerated": Case(
        {**PLAIN_JSON, "errors.tolerance": "none"}, [b'{"good":1}', b"{"], end=None, dead=1, fails=True
    ),
}


REPORTED = Case(
    {
        **PLAIN_JSON,
        "transforms": "h",
        "transforms.h.type": f"{TRANSFORMS}HoistField$Value",
        "transforms.h.field": "w",
    },
    [
        {"value": b'{ "a" : 1 }', "key": b"k", "headers": [("h", b"1"), ("h", None)]},
        {"value": None, "key": b"tombstone"},
        {"value": b"{unreadable"},
        {"value": b'"text"'},
    ],
    end=None,
)


@pytest.fixture(scope="module")
def java_sink(kafka_libs, tmp_path_factory):
    """A plugin folder with a Java sink that reports every record."""
    compiler = shutil.which("javac")
    if compiler is None:
        unavailable("Java's compiler is missing: install a JDK")
    home = tmp_path_factory.mktemp("java-plugins")
    (home / "reporting" / "classes").mkdir(parents=True)
    source = Path(__file__).parents[1] / "java" / "reporting" / "ReportingSink.java"
    classes = home / "reporting" / "classes"
    subprocess.run([compiler, "-cp", f"{kafka_libs / 'lib'}/*", "-d", classes, source], check=True)
    with zipfile.ZipFile(home / "reporting" / "reporting.jar", "w") as jar:
        for file in classes.iterdir():
            jar.write(file, file.name)
        jar.writestr("META-INF/services/org.apache.kafka.connect.sink.SinkConnector", "ReportingSink\n")
    shutil.rmtree(classes)
    return home


class Side:
    """One worker and the dead letter topics that it writes."""

    def __init__(self, kind, worker, folder):
        self.kind = kind
        self.worker = worker
        self.folder = folder
        self.errors = {}

    def attempt(self, name, step, *arguments):
        """One case that cannot be run is that case's failure, not everybody's."""
        try:
            if name not in self.errors:
                step(*arguments)
        except (ServiceError, TimeoutError) as error:
            self.errors[name] = error

    def dlq(self, run, name):
        return f"{run}-{name}-{self.kind}"

    def create(self, run, name, case):
        self.worker.create(
            f"{run}-{name}",
            {
                "connector.class": FILE_SINK,
                "file": self.folder / f"{name}.txt",
                "topics": f"{run}-{name}",
                "consumer.override.group.id": f"{run}-{name}-{self.kind}",
                "errors.tolerance": "all",
                "errors.deadletterqueue.topic.name": self.dlq(run, name),
                "errors.deadletterqueue.topic.replication.factor": 1,
                **case.settings,
            },
        )

    def wait(self, run, name, case):
        if case.fails:
            wait_for(lambda: self.worker.states()[f"{run}-{name}"][1:] == ["FAILED"], 30, f"{name} to fail")
        elif case.end is not None:
            file = self.folder / f"{name}.txt"
            wait_for(lambda: file.exists() and ends(file), 20, f"{name} on {self.kind}")


def ends(file):
    lines = file.read_text().splitlines()
    return bool(lines) and any(word in lines[-1] for word in ("end", "1", "7"))


def produce(server, topic, case):
    producer = Producer(server.client_settings())
    for at, record in enumerate([*case.records, *([] if case.end is None else [case.end])]):
        producer.produce(
            topic,
            record["value"],
            record.get("key"),
            headers=record.get("headers"),
            timestamp=record.get("timestamp", STAMP + at),
        )
    assert producer.flush(30) == 0


def read(server, topic):
    """What is in a topic, by partition: key, value, timestamp, headers without stack traces."""
    client = Consumer({**server.client_settings(), "group.id": "r", "enable.auto.commit": False})
    partitions = client.list_topics(topic, timeout=10).topics[topic].partitions
    found = {}
    for number in partitions:
        low, high = client.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        client.assign([TopicPartition(topic, number, low)])
        rows = found[number] = []
        while len(rows) < high - low:
            message = client.poll(5)
            assert message is not None
            rows.append(shown(message))
    client.close()
    return found


def shown(message):
    headers = [(name, b"..." if name == TRACE and value else value) for name, value in message.headers() or []]
    return message.key(), message.value(), message.timestamp(), headers


@pytest.fixture(scope="module")
def sides(kafka_server, kafka_libs, tmp_path_factory):
    """Both workers, with every case's connector running over the same topics."""
    run = f"dl{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp("dead-letters")
    admin = AdminClient(kafka_server.client_settings())
    topics = [NewTopic(f"{run}-{name}", 1, 1) for name in CASES]
    both = ("jvm", "ours")
    for name, case in CASES.items():
        if case.topic is not None:
            count, config = case.topic
            topics += [NewTopic(f"{run}-{name}-{kind}", count, 1, config=config) for kind in both]
    for future in admin.create_topics(topics).values():
        future.result(30)
    for name, case in CASES.items():
        produce(kafka_server, f"{run}-{name}", case)
    workers = [
        JvmConnect(folder / "jvm", kafka_server.bootstrap, home=kafka_libs),
        BarnabasWorker(folder / "ours", kafka_server.bootstrap),
    ]
    try:
        made = []
        for kind, worker in zip(both, workers, strict=True):
            out = folder / f"{kind}-out"
            out.mkdir()
            side = Side(kind, worker.start(), out)
            made.append(side)
            for name, case in CASES.items():
                side.attempt(name, side.create, run, name, case)
        for side in made:
            for name, case in CASES.items():
                side.attempt(name, side.wait, run, name, case)
        time.sleep(2)  # what is still on its way into a dead letter topic
        yield run, made, admin
    finally:
        for worker in workers:
            worker.stop()


@pytest.mark.parametrize("name", CASES)
def test_dead_letters_are_those_of_the_jvm(sides, kafka_server, name):
    run, (jvm, ours), _ = sides
    for side in (jvm, ours):
        if name in side.errors:
            raise side.errors[name]
    if CASES[name].dead is not None:
        wait_for(lambda: count(read(kafka_server, ours.dlq(run, name))) == CASES[name].dead, 20, "our dead letters")
    expected, got = read(kafka_server, jvm.dlq(run, name)), read(kafka_server, ours.dlq(run, name))
    if CASES[name].dead is not None:
        assert count(expected) == CASES[name].dead
    assert count(expected) > 0
    assert got == expected


def count(rows):
    return sum(map(len, rows.values()))


def test_topics_are_created_alike(sides):
    run, both, admin = sides
    described = []
    for side in both:
        topic = side.dlq(run, "broken-json")
        metadata = admin.list_topics(topic, timeout=10).topics[topic]
        (future,) = admin.describe_configs([ConfigResource("TOPIC", topic)]).values()
        config = {name: entry.value for name, entry in future.result(10).items()}
        replicas = {number: len(one.replicas) for number, one in metadata.partitions.items()}
        described.append((replicas, config))
    assert described[0] == described[1]
    assert described[0][0] == {0: 1}


def test_what_was_there_is_left_alone(sides):
    run, both, admin = sides
    for side in both:
        topic = side.dlq(run, "topic-exists")
        assert len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == CASES["topic-exists"].topic[0]


def test_a_failed_task_says_so_alike(sides):
    run, both, _ = sides
    traces = []
    for side in both:
        _, status = side.worker.request("GET", f"/connectors/{run}-nothing-tolerated/status")
        trace = status["tasks"][0]["trace"]
        traces.append([line for line in trace.splitlines() if line.startswith(("org.apache", "Caused by: org.apache"))])
    assert (
        traces[0][0]
        == traces[1][0]
        == "org.apache.kafka.connect.errors.ConnectException: " + ("Tolerance exceeded in error handler")
    )
    assert traces[1][1] == traces[0][1]


def test_a_topic_that_cannot_be_made_fails_the_task_alike(sides):
    run, both, _ = sides
    name = f"{run}-unmade"
    heads = []
    for side in both:
        case = Case(PLAIN_JSON, [])
        case.settings["errors.deadletterqueue.topic.replication.factor"] = "3"
        side.create(run, "unmade", case)
        wait_for(lambda side=side: side.worker.states()[name][1:] == ["FAILED"], 90, "failure")
        _, status = side.worker.request("GET", f"/connectors/{name}/status")
        heads.append(status["tasks"][0]["trace"].splitlines()[0])
        side.worker.request("DELETE", f"/connectors/{name}")
    assert heads[0].replace("-jvm", "") == heads[1].replace("-ours", "")
    assert "Could not initialize dead letter queue with topic=" in heads[1]


def test_reported_records_are_those_of_the_jvm(kafka_server, kafka_libs, java_sink, tmp_path):
    run = f"dl{uuid.uuid4().hex[:6]}"
    produce(kafka_server, f"{run}-reported", REPORTED)
    workers = {
        "ReportingSink": JvmConnect(
            tmp_path / "jvm", kafka_server.bootstrap, {"plugin.path": java_sink}, home=kafka_libs
        ),
        "choosy:ReportAllSink": BarnabasWorker(
            tmp_path / "ours", kafka_server.bootstrap, {"plugin.path": Path(__file__).parent / "homes"}
        ),
    }
    found = []
    for sink, worker in workers.items():
        side = Side("jvm" if sink == "ReportingSink" else "ours", worker, tmp_path)
        case = Case({**REPORTED.settings, "connector.class": sink}, [])
        with worker:
            plugin = sink.rpartition(":")[2]
            wait_for(lambda worker=worker, plugin=plugin: plugin in plugins(worker), 30, "the plugin")
            side.create(run, "reported", case)
            size = len(REPORTED.records)
            topic = side.dlq(run, "reported")
            wait_for(lambda topic=topic, size=size: there(kafka_server, topic) == size, 30, f"dead letters of {sink}")
            found.append(read(kafka_server, topic))
    for expected, got in zip(found[0][0], found[1][0], strict=True):
        assert got == expected


def plugins(worker):
    return json.dumps(worker.request("GET", "/connector-plugins")[1])


def there(server, topic):
    client = Consumer({**server.client_settings(), "group.id": "there"})
    try:
        if topic not in client.list_topics(timeout=10).topics:
            return 0
        return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
    finally:
        client.close()
