"""More validations, recorded from Kafka Connect 4.3.1 like the others, in short: what is wrong, what is shown."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from profiles import GROUP, PROFILES

from barnabas.errors import ConfigError
from barnabas.plugins import Plugins
from barnabas.supervisor.describe import validate_connector

STRING = "org.apache.kafka.connect.storage.StringConverter"
WORKER = {"key.converter": STRING, "value.converter": STRING, "group.id": GROUP}
PREFIXES = (
    *("transforms.", "predicates.", "producer.", "consumer.", "admin."),
    *("key.converter.", "value.converter.", "header.converter."),
)
FILE = Path(__file__).with_name("more-answers.jsonl")
CASES = [json.loads(line) for line in FILE.read_text().replace("{{worker_group}}", GROUP).splitlines()]
BAD_REQUEST = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException"
PLUGINS = Plugins()


class NoSlot:
    def calling(self, _: str) -> Any:
        return nullcontext()


def answer(case: dict[str, Any]) -> dict[str, Any]:
    props = {k: v if v is None or isinstance(v, str) else json.dumps(v) for k, v in case["body"].items()}
    plugin = PLUGINS.find_connector(str(props["connector.class"]))
    return validate_connector(plugin, props, {**WORKER, **PROFILES[case["worker"]]}, NoSlot())


def shown(entry: dict[str, Any]) -> bool:
    name, errors = entry["value"]["name"], entry["value"]["errors"]
    listed = name.startswith(PREFIXES) and not name.endswith("plugin.version")
    return bool(errors or entry["definition"] is None or listed)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_answer(number: int) -> None:
    case = CASES[number]
    if case["status"] != 200:
        with pytest.raises(ConfigError) as raised:
            answer(case)
        assert case["message"].replace(BAD_REQUEST, ConfigError.java_class) == (
            f"{ConfigError.java_class}: {raised.value.message}"
        )
        return
    got = answer(case)
    rows = [[e["value"]["name"], e["value"]["value"], e["value"]["errors"]] for e in got["configs"] if shown(e)]
    assert rows == case["rows"]
    assert got["error_count"] == case["error_count"]
