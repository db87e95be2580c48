"""The settings of transforms of fields, as Kafka Connect lists them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from barnabas.config import key_info
from barnabas.errors import ConfigError
from barnabas.transforms.names import TRANSFORMS
from vectors.run_transforms import load

JAVA = "org.apache.kafka.connect.transforms."
LISTED = json.loads((Path(__file__).parents[1] / "vectors" / "plugins.json").read_text())["configs"]
OURS = ("ExtractField", "Flatten", "HeaderFrom", "HoistField", "InsertField", "MaskField", "ReplaceField")
SIDED = [f"{JAVA}{name}${side}" for name in (*OURS, "SetSchemaMetadata") for side in ("Key", "Value")]
ALL = [*SIDED, JAVA + "ValueToKey"]
# Not among the recorded listings: name, type, required, default, importance.
TOLD = {
    "HoistField": [("field", "STRING", True, None, "MEDIUM")],
    "MaskField": [
        ("fields", "LIST", True, None, "HIGH"),
        ("replacement", "STRING", False, None, "LOW"),
        ("replace.null.with.default", "BOOLEAN", False, "true", "MEDIUM"),
    ],
}


def listing(name: str) -> list[dict[str, Any]]:
    config = load(TRANSFORMS[name])().config()
    return [{**key_info(key), "documentation": ""} for key in config.keys.values()]


@pytest.mark.parametrize("name", [name for name in ALL if name in LISTED])
def test_recorded_listing(name: str) -> None:
    assert LISTED[name]["status"] == 200
    got = [{key: row[key] for key in LISTED[name]["body"][0]} for row in listing(name)]
    assert got == LISTED[name]["body"]


@pytest.mark.parametrize("name", ["HoistField", "MaskField"])
@pytest.mark.parametrize("side", ["Key", "Value"])
def test_told_listing(name: str, side: str) -> None:
    rows = listing(f"{JAVA}{name}${side}")
    parts = ("name", "type", "required", "default_value", "importance")
    assert [tuple(row[part] for part in parts) for row in rows] == TOLD[name]


@pytest.mark.parametrize("name", ALL)
def test_every_key_is_documented(name: str) -> None:
    assert all(key.doc for key in load(TRANSFORMS[name])().config().keys.values())


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("ValueToKey", {"fields": None}, "Configuration 'fields' values must not be null."),
        ("ReplaceField$Value", {"include": "a,,b"}, "Configuration 'include' values must not be empty."),
        (
            "ReplaceField$Value",
            {"renames": None},
            "Invalid value null for configuration renames: Value must be non-null",
        ),
        (
            "ReplaceField$Value",
            {"renames": "a:"},
            "Invalid value [a:] for configuration renames: Invalid rename mapping: a:",
        ),
        (
            "HeaderFrom$Value",
            {"fields": "a", "headers": "a,b", "operation": "copy"},
            "'fields' config must have the same number of elements as 'headers' config.",
        ),
        (
            "Flatten$Value",
            {"strict": "perhaps"},
            "Invalid value perhaps for configuration strict: Expected value to be either true or false",
        ),
    ],
)
def test_refused(name: str, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(TRANSFORMS[JAVA + name])().configure(config)
    assert caught.value.message == message


@pytest.mark.parametrize("renames", ["a:b:", ":b", "a:b,a:c"])
def test_odd_renames_that_java_takes(renames: str) -> None:
    load(TRANSFORMS[JAVA + "ReplaceField$Value"])().configure({"renames": renames})
