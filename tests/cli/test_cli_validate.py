"""``barnabas validate``: the errors of REST, and what the records in the topics would come to."""

from __future__ import annotations

import itertools
import json

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from barnabas.cli import main

_names = itertools.count(1)


@pytest.fixture
def validate(tmp_path, embedded_broker, capsys):
    worker = tmp_path / "worker.properties"
    worker.write_text(
        f"bootstrap.servers={embedded_broker.bootstrap}\n"
        "key.converter=org.apache.kafka.connect.storage.StringConverter\n"
        "value.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter.schemas.enable=false\n"
    )

    def run(config, *arguments):
        file = tmp_path / "sink.json"
        file.write_text(json.dumps({"name": "sink", "connector.class": "FileStreamSink", "file": "/tmp/x", **config}))
        code = main(["validate", str(file), "--worker", str(worker), *arguments])
        out, err = capsys.readouterr()
        assert err == ""
        return code, out

    return run


@pytest.fixture
def topic(embedded_broker):
    name = f"validate-{next(_names)}"
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})

    def write(*values):
        for at, value in enumerate(values):
            producer.produce(name, value, partition=at % 2)
        producer.flush(30)
        return name

    return write


def test_all_is_fine(validate, topic):
    assert validate({"topics": topic(b'{"a":1}', b"7", None)}) == (0, "sink: fine\n")


def test_errors_are_those_of_rest(validate):
    code, out = validate({"tasks.max": "many"})
    assert code == 3
    lines = out.splitlines()
    assert "error: topics: Must configure one of topics or topics.regex" in lines
    assert any(line.startswith("error: tasks.max: Invalid value many") for line in lines)
    assert all(line.startswith("error: ") for line in lines[:-1])
    assert lines[-1] == f"sink: {len(lines) - 1} errors"


def test_records_that_would_fail_are_warnings(validate, topic):
    name = topic(*[b"\0\0\0\0\x2a\x06abc"] * 30, b'{"a":1}')
    code, out = validate({"topics": name, "errors.tolerance": "all"})
    assert code == 0
    (line,) = out.splitlines()[:-1]
    assert line.startswith("warning: value.converter: ")
    assert f"20 records sampled from topic {name} would fail, such as partition 0, offset 0: " in line
    assert "looks like Confluent Avro, schema id 42; JsonConverter is configured" in line
    assert "Set value.converter=AvroConverter with value.converter.schema.registry.url" in line
    assert validate({"topics": name}, "--no-sample") == (0, "sink: fine\n")


def test_transforms_are_tried_on_the_records(validate, topic):
    name = topic(b'{"a":1}', b'"text"')
    moved = {
        "transforms": "hoist",
        "transforms.hoist.type": "org.apache.kafka.connect.transforms.ExtractField$Value",
        "transforms.hoist.field": "a",
    }
    code, out = validate({"topics.regex": f"{name}(x)?", "topics": "", **moved}, "--format", "json")
    findings = json.loads(out)["findings"]
    assert code == 0
    assert [(each["level"], each["key"]) for each in findings] == [("warning", "transforms.hoist")]
    assert "1 of 2 records" in findings[0]["message"]


def test_topics_that_cannot_be_looked_at(validate):
    code, out = validate({"topics": "validate-nowhere"})
    assert code == 0
    assert out.startswith("warning: topics: There is no topic validate-nowhere.")
    code, out = validate({"topics": "x"}, "-b", "127.0.0.1:1", "--timeout", "0.3")
    assert code == 0
    assert "The topics were not looked at: " in out
    assert "Connection refused" in out


def test_what_cannot_be_checked(validate, tmp_path, capsys):
    assert main(["validate", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
    with pytest.raises(AssertionError, match="FileStreamSnk"):
        validate({"connector.class": "FileStreamSnk"})
