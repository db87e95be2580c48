"""The validation answer, against what a JVM worker answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from barnabas.config import ConfigDef, ConfigValue, NonEmptyString, Type, key_info
from barnabas.connector_validation import ValidationContext, override_allowed, validate_connector_config
from barnabas.converters import load_header_converter
from barnabas.errors import ConfigError
from barnabas.framework_config import FrameworkView, sink_connector_def, source_connector_def

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = [json.loads(line) for line in (VECTORS / "validate.jsonl").read_text().splitlines()]
DEFINITIONS = json.loads((VECTORS / "validate-definitions.json").read_text())
PLUGINS = json.loads((VECTORS / "plugins.json").read_text())["configs"]
GROUP = "workers"
POLICIES = {"principal": "Principal", "none": "None", "allowlist": "Allowlist"}

# The definitions of the file connectors: what they ask for is a fact of the vectors.
FILE_SINK = ConfigDef().define("file", Type.STRING, default=None, importance="high")
FILE_SOURCE = (
    ConfigDef(FILE_SINK)
    .define("topic", Type.STRING, importance="high", validator=NonEmptyString())
    .define("batch.size", Type.INT, default=2000, importance="low")
)
STRING = "org.apache.kafka.connect.storage.StringConverter"
VIEW = FrameworkView(
    connector_version="4.3.1",
    converters={
        "key.converter": STRING,
        "value.converter": STRING,
        "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    },
    version_of=lambda _: "4.3.1",
)


def applies(case: dict[str, Any]) -> bool:
    """File connectors without transforms and predicates, which have their own room, and answers of 200."""
    body = case.get("body")
    return (
        case["expect"]["status"] == 200
        and isinstance(body, dict)
        and "FileStream" in body["connector.class"]
        and not body.keys() & {"transforms", "predicates"}
    )


def answer(case: dict[str, Any]) -> dict[str, Any]:
    body = case["body"]
    texts = {key: v if v is None or isinstance(v, str) else json.dumps(v) for key, v in body.items()}
    props = {key: None if v is None else v.replace("{{worker_group}}", GROUP) for key, v in texts.items()}
    context = ValidationContext(
        view=VIEW,
        policy=POLICIES.get(case["worker"], "All"),
        allowlist=("acks", "max.poll.records", "client.id"),
        worker_group=GROUP,
        exactly_once=case["worker"] == "eos",
        exactly_once_support="supported" if props.get("file") else "unsupported",
    )
    source = "Source" in body["connector.class"]
    return validate_connector_config(
        "source" if source else "sink", props, FILE_SOURCE if source else FILE_SINK, context=context
    )


def rows(body: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Definitions and values without texts, in an order: the JVM's is partly that of a hash map."""
    found = []
    for config in body["configs"]:
        definition = config["definition"]
        definition = DEFINITIONS[definition] if isinstance(definition, int) else definition
        found.append((config["value"]["name"], definition and {**definition, "documentation": ""}, config["value"]))
    return sorted(found, key=lambda row: (row[0], row[1] is not None))


def framework_order(body: dict[str, Any]) -> list[str]:
    names = [config["value"]["name"] for config in body["configs"]]
    return [name for name in names if "override." not in name and ".converter." not in name]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES if applies(case)])
def test_vector(case: dict[str, Any]) -> None:
    want = json.loads(json.dumps(case["expect"]["body"]).replace("{{worker_group}}", GROUP))
    got = answer(case)
    assert got["name"] == want["name"]
    assert got["error_count"] == want["error_count"]
    assert sorted(got["groups"]) == sorted(want["groups"])
    assert rows(got) == rows(want)
    assert framework_order(got) == framework_order(want)


def test_there_are_many_vectors() -> None:
    assert sum(map(applies, CASES)) == 85


@pytest.mark.parametrize("identifier", ["validate-165", "validate-173", "validate-181"])
def test_overrides_that_cannot_be_parsed_are_errors_of_the_request(identifier: str) -> None:
    case = next(case for case in CASES if case["id"] == identifier)
    with pytest.raises(ConfigError) as raised:
        answer(case)
    assert case["expect"]["body"]["message"].endswith(raised.value.message)


def listed(name: str) -> list[dict[str, Any]]:
    return [{**row, "documentation": ""} for row in PLUGINS[name]["body"]]


@pytest.mark.parametrize(
    ("name", "own", "framework"),
    [("FileStreamSource", FILE_SOURCE, source_connector_def), ("FileStreamSink", FILE_SINK, sink_connector_def)],
)
def test_definitions_of_connectors(name: str, own: ConfigDef, framework: Any) -> None:
    keys = {**own.keys, **framework(FrameworkView(connector_version="4.3.1")).keys}
    assert [{**key_info(key), "documentation": ""} for key in keys.values()] == listed(name)


@pytest.mark.parametrize("name", ["Json", "String", "StringConverter", "Simple", "Boolean", "ByteArray"])
def test_definitions_of_converters(name: str) -> None:
    keys = load_header_converter(name)().config().keys.values()
    assert [{**key_info(key), "documentation": ""} for key in keys] == listed(name)


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


def test_policies() -> None:
    assert override_allowed("All", "acks")
    assert override_allowed("Principal", "sasl.mechanism")
    assert not override_allowed("None", "acks")
    assert override_allowed("Allowlist", "acks", ("acks",))
