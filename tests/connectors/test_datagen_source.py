"""DatagenSource: numbers, rates, keys, and going on where it was."""

from __future__ import annotations

import time

import pytest

from barnabas import ConfigError, ConnectError, ExactlyOnceSupport, Schema
from barnabas.connectors.datagen import DatagenSourceConnector
from barnabas.connectors.datagen import source as source_module
from barnabas.testing import SourceConformance, SourceHarness


def props(**more):
    base = {"topic": "t", "template": '{"id": "{{id}}", "name": "{{name}}"}', "rate": "0", "seed": "7"}
    return base | {key.replace("_", "."): str(value) for key, value in more.items()}


@pytest.fixture
def _small_blocks(monkeypatch):
    """A poll gives as many as the suite asks for, so that its commits cover them."""
    monkeypatch.setattr(source_module, "_BLOCK", 5)


@pytest.mark.usefixtures("_small_blocks")
class TestDatagenConformance(SourceConformance):
    connector_class = DatagenSourceConnector
    endless = True
    made = 0

    def props(self):
        return props(template="{{id}}")

    def make_input(self, n):
        start, self.made = self.made, self.made + n
        return list(range(start, start + n))


def ids(tasks, task, wanted, **more):
    with SourceHarness(DatagenSourceConnector, props(**more), max_tasks=tasks, task=task) as harness:
        return [record.value["id"] for record in harness.poll(wanted, timeout=0.1)]


def test_tasks_divide_the_numbers():
    parts = [ids(3, task, 2500) for task in range(3)]
    assert sorted(id_ for part in parts for id_ in part) == list(range(7500))


@pytest.mark.parametrize("tasks", [1, 3, 7])
def test_tasks_divide_the_count(tasks, monkeypatch):
    monkeypatch.setattr(source_module, "_WAIT_SECONDS", 0.01)
    parts = [ids(tasks, task, 11, count=10) for task in range(tasks)]
    assert sorted(id_ for part in parts for id_ in part) == list(range(10))


@pytest.mark.parametrize("cut", [1, 1999, 2000, 2001])
def test_a_restart_anywhere_goes_on_with_the_same_records(cut):
    with SourceHarness(DatagenSourceConnector, props()) as harness:
        expected = harness.values(4100)
    offsets = [({"task": 0}, {"count": cut})]
    with SourceHarness(DatagenSourceConnector, props(), offsets) as harness:
        assert harness.values(4100 - cut) == expected[cut:]


def test_the_rate_is_kept():
    with SourceHarness(DatagenSourceConnector, props(rate=200)) as harness:
        started = time.monotonic()
        assert len(harness.poll(100)) == 100
        assert 0.35 < time.monotonic() - started < 1.0


def test_a_pause_is_not_made_up_for(monkeypatch):
    with SourceHarness(DatagenSourceConnector, props(rate=100)) as harness:
        harness.poll(1)
        harness.task._credit_from -= 60
        assert len(harness.poll_batch()) <= 101


def test_a_slow_rate_returns_often_enough_to_stop():
    with SourceHarness(DatagenSourceConnector, props(rate=0.1)) as harness:
        assert len(harness.poll(1)) == 1
        started = time.monotonic()
        assert not harness.poll_batch()
        assert 0.8 < time.monotonic() - started < 1.5


def test_keys_and_schemas():
    with SourceHarness(DatagenSourceConnector, props(key_field="id", output_schemas="true")) as harness:
        record = harness.poll(2)[1]
    assert (record.key, record.key_schema) == (1, Schema.INT64)
    assert record.value_schema == Schema.struct(None, id=Schema.INT64, name=Schema.STRING)
    with SourceHarness(DatagenSourceConnector, props(key_field="name")) as harness:
        record = harness.poll(1)[0]
    assert (record.key, record.key_schema, record.value_schema) == (record.value["name"], None, None)


def test_a_template_file(tmp_path):
    path = tmp_path / "template.json"
    path.write_text('{"x": "{{id}}"}')
    with SourceHarness(DatagenSourceConnector, props(template_file=path)) as harness:
        assert harness.values(1) == [{"x": 0}]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"template": "{{nope}}"}, "template"),
        ({"template_file": "/no/such/file"}, "template.file"),
        ({"key_field": "missing"}, "key.field"),
        ({"rate": "-1"}, "rate"),
        ({"count": "x"}, "count"),
    ],
)
def test_wrong_settings_are_found_by_validation_and_at_start(more, key):
    values = DatagenSourceConnector().validate(props(**more))
    assert {value.name for value in values if value.errors} == {key}
    with pytest.raises(ConfigError) as caught:
        SourceHarness(DatagenSourceConnector, props(**more)).start()
    assert caught.value.key == key


def test_offsets_of_another_shape_are_refused():
    connector = DatagenSourceConnector()
    good = (("task", 0),)
    assert connector.alter_offsets({}, {good: {"count": 5}, (("task", 1),): None}) is True
    for partition, offset in [((("file", "x"),), {"count": 1}), (good, {"count": -1}), (good, {"n": 1}), (good, {})]:
        with pytest.raises(ConnectError):
            connector.alter_offsets({}, {partition: offset})
    assert connector.exactly_once_support({}) is ExactlyOnceSupport.SUPPORTED
