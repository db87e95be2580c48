"""How a task is put together from its specification, and what is said when it cannot be."""

from __future__ import annotations

import sys
import types

import pytest

from barnabas import ConfigError, SinkTask, SourceTask, Transformation
from barnabas.converters.json_converter import JsonConverter
from barnabas.converters.string import StringConverter
from barnabas.errors import PluginError
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec
from barnabas.supervisor.board import Board
from barnabas.task.control import TaskControl
from barnabas.task.membership import consumer_config
from barnabas.task.run import make_converters, make_task_runner
from barnabas.task.sink import SinkLoop
from barnabas.task.source import SourceLoop

WORKER = {
    "bootstrap.servers": "127.0.0.1:9092",
    "key.converter": "StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "offset.storage.file.filename": "/tmp/offsets",
}


class Source(SourceTask):
    def poll(self):
        return None


class Sink(SinkTask):
    def put(self, batch):
        pass


class Upper(Transformation):
    def configure(self, props):
        self.suffix = props["suffix"]

    def apply(self, record):
        return record.new_record(value=record.value.upper() + self.suffix)


@pytest.fixture(autouse=True)
def _module(monkeypatch):
    module = types.ModuleType("assembled")
    module.Source, module.Sink, module.Upper, module.text = Source, Sink, Upper, "no class"
    monkeypatch.setitem(sys.modules, "assembled", module)


def spec(task="assembled:Source", connector=None, props=None, worker=None):
    connector = {"name": "c", **(connector or {})}
    plugin = PluginRef("X", "assembled:X", "source")
    return TaskSpec(
        TaskId("c", 2), plugin, task, {**connector, **(props or {})}, connector, {**WORKER, **(worker or {})}
    )


def runner(*args, **kwargs):
    control = TaskControl(Board.create(1).slot(0), paused=False, report=lambda *_: None)

    class Link:
        topic_used = read_offsets = write_offsets = None

    return make_task_runner(spec(*args, **kwargs), control, Link())


def test_the_kind_of_the_task_decides_the_loop():
    assert isinstance(runner(), SourceLoop)
    assert isinstance(runner("assembled:Sink", props={"topics": "t"}), SinkLoop)
    with pytest.raises(PluginError, match="neither a source task nor a sink task"):
        runner("assembled:Upper")
    with pytest.raises(PluginError, match="has no class text"):
        runner("assembled:text")


def test_converters_of_the_worker_with_their_settings():
    key, value, header = make_converters(spec())
    assert isinstance(key, StringConverter)
    assert isinstance(value, JsonConverter)
    assert value.from_connect("t", None, {"a": 1}) == b'{"a":1}'
    assert type(header).__name__ == "SimpleHeaderConverter"


def test_a_connector_that_names_a_converter_brings_all_its_settings():
    _, value, _ = make_converters(spec(connector={"value.converter": "JsonConverter"}))
    assert value.from_connect("t", None, 1) == b'{"schema":null,"payload":1}'


def test_a_missing_converter_is_named():
    bare = spec()
    del bare.worker_props["key.converter"]
    with pytest.raises(ConfigError, match=r"key\.converter") as caught:
        make_converters(bare)
    assert caught.value.key == "key.converter"


def test_transforms_are_made_and_configured():
    settings = {"transforms": "up", "transforms.up.type": "assembled.Upper", "transforms.up.suffix": "!"}
    (step,) = runner(connector=settings)._pipeline._steps
    assert step.transformation.suffix == "!"
    with pytest.raises((PluginError, ConfigError)) as caught:
        runner(connector={**settings, "transforms.up.type": "assembled:Source"})
    assert caught.value.key == "transforms.up.type"


def test_predicates_guard_their_transforms():
    settings = {
        "transforms": "up",
        "transforms.up.type": "assembled.Upper",
        "transforms.up.suffix": "!",
        "transforms.up.predicate": "p",
        "transforms.up.negate": "true",
        "predicates": "p",
        "predicates.p.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    }
    (step,) = runner(connector=settings)._pipeline._steps
    assert (step.alias, step.negate, type(step.predicate).__name__) == ("up", True, "RecordIsTombstone")


def test_what_has_no_effect_is_said(caplog):
    runner(connector={"exactly.once.support": "required", "errors.tolerance": "all"})
    assert [record.message for record in caplog.records] == [
        "exactly.once.support=required has no effect in this version: records are delivered at least once."
    ]


def test_bisecting_needs_tolerance(caplog):
    runner("assembled:Sink", {"errors.put.bisect": "true"}, {"topics": "t"})
    assert "errors.put.bisect=true has no effect without errors.tolerance=all" in caplog.text


def test_strict_reaches_the_converters_the_connectors_word_first():
    seen = []

    class Noting(StringConverter):
        def configure(self, configs, is_key=False):
            seen.append(configs.get("strict"))
            super().configure({})

    sys.modules["assembled"].Noting = Noting
    named = {"value.converter": "assembled.Noting"}
    make_converters(spec(worker={**named, "data.strict": "true"}))
    make_converters(spec(worker={**named, "data.strict": "true"}, connector={"data.strict": "false"}))
    make_converters(spec(worker=named))
    assert seen == ["true", "false", None]


def test_a_sink_that_retries_for_long_stays_in_its_group():
    for connector, expected in (({}, "360000"), ({"errors.retry.timeout": "-1"}, "86400000")):
        loop = runner("assembled:Sink", connector, {"topics": "t"})
        client = loop._open_consumer()
        assert client._settings.librdkafka["max.poll.interval.ms"] == expected


def test_a_number_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"offset\.flush\.interval\.ms"):
        runner(worker={"offset.flush.interval.ms": "soon"})


def test_who_a_sink_task_is_in_its_group():
    java = consumer_config(spec("assembled:Sink"))
    assert java["group.id"] == "connect-c"
    assert java["group.instance.id"].startswith("barnabas-")
    assert java["group.instance.id"].endswith("-c-2")
    assert consumer_config(spec("assembled:Sink")) == java
    elsewhere = consumer_config(spec("assembled:Sink", worker={"offset.storage.file.filename": "/tmp/other"}))
    assert elsewhere["group.instance.id"] != java["group.instance.id"]


def test_a_user_who_chooses_is_obeyed():
    chosen = spec("assembled:Sink", connector={"consumer.override.group.instance.id": "mine"})
    assert consumer_config(chosen)["group.instance.id"] == "mine"
    assert "group.instance.id" not in consumer_config(spec(worker={"task.static.membership": "false"}))


def test_workers_of_a_group_share_their_members_names():
    one, two = (
        consumer_config(spec("assembled:Sink", worker={"group.id": "g", "offset.storage.file.filename": file}))
        for file in ("/a", "/b")
    )
    assert one["group.instance.id"] == two["group.instance.id"] == "barnabas-g-c-2"
