"""The validation answer, against what a JVM worker answered."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from barnabas.class_library import NamedClass
from barnabas.config import ConfigDef, ConfigValue, NonEmptyString, Type
from barnabas.connector_validation import ValidationContext, refuse_version, validate_connector_config
from barnabas.errors import ConfigError
from barnabas.framework_config import FrameworkView, sink_connector_def, source_connector_def
from barnabas.overrides import OverridePolicy
from barnabas.plugins import Plugins
from barnabas.supervisor.describe import config_def_json, validate_connector

VECTORS = Path(__file__).parents[1] / "vectors"
GROUP = "workers"
DEFINITIONS = json.loads((VECTORS / "validate-definitions.json").read_text())
CASES = [
    json.loads(line.replace("{{worker_group}}", GROUP))
    for line in (VECTORS / "validate.jsonl").read_text().splitlines()
]
PLUGINS = json.loads((VECTORS / "plugins.json").read_text())["configs"]
STRING = "org.apache.kafka.connect.storage.StringConverter"
WORKER = {"key.converter": STRING, "value.converter": STRING, "group.id": GROUP}
POLICY, ALLOWLIST = (f"connector.client.config.override.{name}" for name in ("policy", "allowlist"))
PROFILES: dict[str, dict[str, str]] = {
    "default": {},
    "principal": {POLICY: "Principal"},
    "none": {POLICY: "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy"},
    "allowlist": {POLICY: "Allowlist", ALLOWLIST: "acks,max.poll.records,client.id"},
    "eos": {"exactly.once.source.support": "enabled"},
}

FILE_SINK = ConfigDef().define("file", Type.STRING, default=None, importance="high")
FILE_SOURCE = ConfigDef(FILE_SINK).define("topic", Type.STRING, importance="high", validator=NonEmptyString())


class NoSlot:
    """Calls into plugin code are shown nowhere."""

    def calling(self, _: str) -> Any:
        return nullcontext()


def answer(case: dict[str, Any]) -> dict[str, Any]:
    body = case["body"]
    props = {key: v if v is None or isinstance(v, str) else json.dumps(v) for key, v in body.items()}
    plugin = Plugins().find_connector(str(props["connector.class"]))
    found = validate_connector(plugin, props, {**WORKER, **PROFILES[case["worker"]]}, NoSlot())
    return json.loads(json.dumps(found))


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    definition = entry["definition"]
    definition = DEFINITIONS[definition] if isinstance(definition, int) else definition
    return {**entry, "definition": definition and {**definition, "documentation": ""}}


def of(status: int) -> list[Any]:
    bodies = [case for case in CASES if case["expect"]["status"] == status and isinstance(case.get("body"), dict)]
    return [pytest.param(case, id=case["id"]) for case in bodies]


@pytest.mark.parametrize("case", of(200))
def test_vector(case: dict[str, Any]) -> None:
    want, got = case["expect"]["body"], answer(case)
    assert got["name"] == want["name"]
    assert got["error_count"] == want["error_count"]
    assert got["groups"] == want["groups"]
    assert [plain(entry) for entry in got["configs"]] == [plain(entry) for entry in want["configs"]]


def test_there_are_many_vectors() -> None:
    assert len(of(200)) == 112


@pytest.mark.parametrize("identifier", ["validate-116", "validate-165", "validate-173", "validate-181"])
def test_what_cannot_be_parsed_is_an_error_of_the_request(identifier: str) -> None:
    case = next(case for case in CASES if case["id"] == identifier)
    with pytest.raises(ConfigError) as raised:
        answer(case)
    assert case["expect"]["body"]["message"].endswith(raised.value.message)


@pytest.mark.parametrize("name", [name for name, found in PLUGINS.items() if found["status"] == 200])
def test_definitions_of_plugins(name: str) -> None:
    plugin = Plugins().find(name.partition("?")[0])
    got = [{**row, "documentation": ""} for row in config_def_json(plugin, NoSlot())]
    assert got == [{**row, "documentation": ""} for row in PLUGINS[name]["body"]]


def test_every_framework_key_has_a_text() -> None:
    for definition in (source_connector_def(), sink_connector_def()):
        assert all(key.doc for key in definition.keys.values())
        assert "| `name` |" in definition.markdown()


def sink(context: ValidationContext | None = None, **props: str) -> dict[str, list[str]]:
    full = {"name": "c", "connector.class": "FileStreamSink", **{k.replace("_", "."): v for k, v in props.items()}}
    found = validate_connector_config("sink", full, FILE_SINK, context=context)
    return {c["value"]["name"]: c["value"]["errors"] for c in found["configs"] if c["value"]["errors"]}


def test_a_sink_must_not_join_the_workers_group() -> None:
    context = ValidationContext(worker_group="connect-c")
    assert "conflicts with Connect worker group connect-c" in sink(context, topics="t")["name"][0]
    given = sink(context, topics="t", consumer_override_group_id="connect-c")
    assert "conflicts" in given["consumer.override.group.id"][0]
    assert sink(ValidationContext(worker_group=None), topics="t") == {}


def test_both_topics_and_a_pattern() -> None:
    assert {*sink(topics="t", topics_regex="t.*")} == {"topics", "topics.regex"}


def test_a_connectors_own_findings_replace_the_frameworks() -> None:
    own = ConfigDef().define("topics", Type.LIST, default=[])
    found = validate_connector_config(
        "sink", {"name": "c", "connector.class": "X", "topics": "a"}, own, [ConfigValue("topics", ["a"], errors=["no"])]
    )
    topics = next(c for c in found["configs"] if c["value"]["name"] == "topics")
    assert topics["value"]["errors"] == ["no"]
    assert topics["definition"]["group"] is None
    assert found["error_count"] == 1


def test_a_connector_that_does_not_say_whether_it_is_exactly_once() -> None:
    props = {"name": "c", "connector.class": "X", "topic": "t", "exactly.once.support": "required"}
    found = validate_connector_config("source", props, FILE_SOURCE, context=ValidationContext(exactly_once=True))
    assert found["error_count"] == 1


def test_an_override_is_refused_by_the_policy() -> None:
    context = ValidationContext(policy=OverridePolicy("Allowlist", frozenset({"acks"})))
    given = sink(context, topics="t", consumer_override_acks="1", consumer_override_client_id="x")
    assert given == {
        "consumer.override.client.id": [
            "The 'Allowlist' policy does not allow 'client.id' to be overridden in the connector configuration."
        ]
    }


def test_a_version_that_is_not_installed() -> None:
    props = {"connector.class": "X", "connector.plugin.version": "[9,)", "tasks.max": "x", "odd": None}
    found = refuse_version(NamedClass("org.X", ("4.3.1",)), props, FrameworkView(connector_version="4.3.1"))
    assert found is not None
    errors = {c["value"]["name"]: c["value"]["errors"] for c in found["configs"] if c["value"]["errors"]}
    text = "Plugin org.X not found that matches the version range [9,), available versions: [4.3.1]"
    assert errors["connector.class"] == errors["connector.plugin.version"] == [text]
    assert found["configs"][0]["value"]["name"] == "odd"
    assert found["groups"] == ["Common", "Transforms", "Predicates", "Error Handling"]
    assert (
        refuse_version(NamedClass("org.X", ("4.3.1",)), {**props, "connector.plugin.version": "4.3.1"}, FrameworkView())
        is None
    )


def test_settings_that_only_exist_here() -> None:
    assert sink(topics="t", task_isolation="shared", data_strict="true") == {}
    found = sink(topics="t", task_isolation="own", data_strict="maybe", errors_put_bisect="x")
    assert {*found} == {"task.isolation", "data.strict", "errors.put.bisect"}
    assert all("(BRN-1" in error for errors in found.values() for error in errors)
