from __future__ import annotations

import pytest

from barnabas.errors import ConfigError
from barnabas.herder.listeners import HttpListener, parse_listeners
from barnabas.herder.worker_config import WorkerConfig, check_converters
from herder.herder_fakes import FakePlugins, worker_props


def test_defaults(tmp_path):
    worker = WorkerConfig.standalone(worker_props(tmp_path, listeners="http://:8083"))
    assert worker.graceful_timeout == 5.0
    assert worker.listeners == [HttpListener("http", "", 8083)]
    assert worker.values["task.isolation"] == "process"
    assert worker.values["offset.flush.interval.ms"] == 60_000
    assert worker.values["bootstrap.servers"] == ["localhost:9092"]
    assert worker.warnings == []


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"offset.flush.interval.ms": "soon"}, "offset.flush.interval.ms"),
        ({"task.isolation": "thread"}, "task.isolation"),
        ({"task.memory.max": "lots"}, "task.memory.max"),
        ({"task.restart.enabled": "maybe"}, "task.restart.enabled"),
        ({"task.call.timeout.ms": "-1"}, "task.call.timeout.ms"),
        ({"plugin.discovery": "guess"}, "plugin.discovery"),
        ({"listeners": ""}, "listeners"),
        ({"listeners": "8083"}, "listeners"),
        ({"listeners": "ftp://:8083"}, "listeners"),
        ({"listeners": "http://:80830"}, "listeners"),
        ({"rest.advertised.listener": "https"}, "rest.advertised.listener"),
    ],
)
def test_what_is_refused_names_key_and_remedy(tmp_path, more, key):
    with pytest.raises(ConfigError) as caught:
        WorkerConfig.standalone(worker_props(tmp_path, **more))
    assert caught.value.key == key
    assert caught.value.remedy


@pytest.mark.parametrize("key", ["key.converter", "value.converter", "offset.storage.file.filename"])
def test_required_keys(tmp_path, key):
    props = worker_props(tmp_path)
    del props[key]
    with pytest.raises(ConfigError, match=f'"{key}" which has no default'):
        WorkerConfig.standalone(props)


def test_unknown_keys_get_one_warning_each(tmp_path):
    known = {
        "producer.acks": "all",
        "consumer.max.poll.records": "1",
        "admin.retries": "1",
        "sasl.mechanism": "PLAIN",
        "ssl.keystore.type": "PEM",
        "group.id": "g",
        "config.storage.topic": "c",
        "key.converter.schemas.enable": "false",
        "config.providers.file.class": "x",
        "listeners.https.ssl.keystore.type": "PEM",
        "metrics.context.a": "b",
    }
    assert WorkerConfig.standalone(worker_props(tmp_path, **known)).warnings == []
    unknown = {"bootstrap.server": "x", "producer.ack": "all", "xyzzy.plugh": "1"}
    warnings = WorkerConfig.standalone(worker_props(tmp_path, **unknown)).warnings
    assert len(warnings) == 3
    assert "did you mean 'bootstrap.servers'?" in warnings[0]
    assert "did you mean 'producer.acks'?" in warnings[1]
    assert "'xyzzy.plugh'" in warnings[2]


@pytest.mark.parametrize("size", ["0", "512m", "1G", "2gb", "1000", "64 k"])
def test_memory_sizes(tmp_path, size):
    WorkerConfig.standalone(worker_props(tmp_path, **{"task.memory.max": size}))


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("http://:8083", HttpListener("http", "", 8083)),
        (" HTTPS://host.example:8443/ ", HttpListener("https", "host.example", 8443)),
        ("http://[::1]:0", HttpListener("http", "::1", 0)),
        ("http://0.0.0.0:1", HttpListener("http", "0.0.0.0", 1)),
        ("http://*:1", HttpListener("http", "", 1)),
    ],
)
def test_listeners(text, listener):
    assert parse_listeners([text]) == [listener]
    assert parse_listeners([str(listener)]) == [listener]


def test_advertised(tmp_path):
    def advertised(port=None, **more):
        return WorkerConfig.standalone(worker_props(tmp_path, **more)).advertised(port)

    assert advertised(4321) == ("127.0.0.1", 4321)
    assert advertised(listeners="http://:8083")[1] == 8083
    assert advertised(listeners="http://:8083")[0] not in ("", "0.0.0.0")
    both = {"listeners": "https://a:1,http://b:2"}
    assert advertised(**both) == ("b", 2)
    assert advertised(**both, **{"rest.advertised.listener": "https"}) == ("a", 1)
    assert advertised(**both, **{"rest.advertised.host.name": "h", "rest.advertised.port": "9"}) == ("h", 9)


def test_converters_must_exist(tmp_path):
    plugins = FakePlugins()
    header = {"header.converter": "FileStreamSource"}
    check_converters(WorkerConfig.standalone(worker_props(tmp_path, **header)), plugins)
    props = worker_props(tmp_path, **{"value.converter": "AvroConverter"} | header)
    with pytest.raises(ConfigError, match="Class AvroConverter could not be found") as caught:
        check_converters(WorkerConfig.standalone(props), plugins)
    assert caught.value.key == "value.converter"
