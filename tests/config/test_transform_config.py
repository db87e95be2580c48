"""Transforms and predicates of others in a configuration, and what only we refuse."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from barnabas.class_library import named_in_configurations
from barnabas.plugins import Plugins
from barnabas.supervisor.describe import validate_connector
from barnabas.supervisor.library import offers, open_library

WORKER = {"key.converter": "String", "value.converter": "Json"}
BASE = {"name": "c", "connector.class": "FileStreamSource", "topic": "t", "file": "f"}
MODULE = """
from barnabas import ConfigDef, Transformation, Type
from barnabas.predicates import Predicate

class Upper(Transformation):
    CONFIG = ConfigDef().define("field", Type.STRING).define("negate", Type.STRING, default="mine")

    def configure(self, props):
        raise RuntimeError("is not called while validating")

    def apply(self, record):
        return record

    @classmethod
    def version(cls):
        return "2.1"

class Half(Transformation):
    pass

class Odd(Predicate):
    def test(self, record):
        return True
"""


class NoSlot:
    def calling(self, _: str) -> Any:
        return nullcontext()


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_steps.py").write_text(MODULE)
    (tmp_path / "my_functions.py").write_text("def mark(record):\n    return record\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_steps", raising=False)


def errors(**props: str | None) -> dict[str, list[str]]:
    return {name: value["errors"] for name, value in values(**props).items() if value["errors"]}


def values(**props: str | None) -> dict[str, dict[str, Any]]:
    full = {**BASE, **{key.replace("__", "."): text for key, text in props.items()}}
    found = validate_connector(Plugins().find_connector("FileStreamSource"), full, WORKER, NoSlot())
    return {entry["value"]["name"]: entry["value"] for entry in found["configs"]}


def test_a_transform_of_ones_own() -> None:
    found = values(transforms="a", transforms__a__type="my_steps.Upper", transforms__a__field="x")
    assert found["transforms.a.type"]["value"] == "my_steps.Upper"
    assert found["transforms.a.plugin.version"]["value"] == "2.1"
    assert found["transforms.a.field"]["value"] == "x"
    assert found["transforms.a.negate"]["value"] == "false", "the chain's own key wins"
    missing = errors(transforms="a", transforms__a__type="my_steps:Upper")
    assert missing == {
        "transforms.a.field": ['Missing required configuration "transforms.a.field" which has no default value.']
    }


def test_classes_that_will_not_do() -> None:
    abstract = errors(transforms="a", transforms__a__type="my_steps.Half")
    assert abstract == {"transforms.a.type": ["Class my_steps.Half is abstract and cannot be created."]}
    other = errors(transforms="a", transforms__a__type="my_steps.Odd")
    assert other == {"transforms.a.type": ["Class class my_steps.Odd does not implement the Transformation interface"]}
    assert errors(predicates="p", predicates__p__type="my_steps.Odd") == {}
    none = errors(transforms="a", transforms__a__type="my_steps.Nothing")
    assert none["transforms.a.type"][0].endswith("Class my_steps.Nothing could not be found.")
    converter = errors(key__converter="my_steps.Odd")
    assert converter == {"key.converter": ["Class class my_steps.Odd does not implement the Converter interface"]}


def test_what_only_we_refuse_is_found() -> None:
    router = {"transforms": "a", "transforms__a__type": "RegexRouter", "transforms__a__regex": "(a)"}
    assert errors(**router, transforms__a__replacement="$7") == {}
    strict = errors(**router, transforms__a__replacement="$7", transforms__a__strict="true")
    assert list(strict) == ["transforms.a.replacement"]
    assert "(BRN-" in strict["transforms.a.replacement"][0]
    assert errors(**router, transforms__a__replacement="$7", data__strict="true") == strict


def test_what_java_refuses_when_a_task_starts_is_not_found() -> None:
    late = {"transforms": "a", "transforms__a__type": "org.apache.kafka.connect.transforms.InsertField$Value"}
    assert errors(**late, transforms__a__static__field="f") == {}


def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken_steps.py").write_text("1 / 0\n")
    found = errors(transforms="a", transforms__a__type="broken_steps.Upper")
    assert found == {"transforms.a.type": ["Importing broken_steps failed: ZeroDivisionError: division by zero"]}


def test_a_function_of_ones_own_is_looked_up() -> None:
    assert errors(transforms="a", transforms__a__type="python", transforms__a__function="my_functions:mark") == {}
    wrong = errors(transforms="a", transforms__a__type="python", transforms__a__function="my_functions:no_such")
    assert len(wrong) == 1


def test_names_of_classes_are_known_while_validating_only() -> None:
    assert named_in_configurations("Json") is None
    find = open_library(None)
    assert find("converter", "Json") is find("converter", "Json")
    assert find("predicate", "no.such.Class") is None
    assert all(name.startswith("org.apache.kafka.") for names in offers().values() for name in names)
