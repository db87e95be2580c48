"""Transforms and predicates among the plugins: names, aliases and definitions as recorded (plugins.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from barnabas.config import key_info
from barnabas.errors import ConfigError, PluginError
from barnabas.plugins import Plugins, load
from barnabas.plugins.classes import find_class
from barnabas.predicates.names import PREDICATES
from barnabas.transforms.names import PYTHON, TRANSFORMS

RECORDED = json.loads((Path(__file__).parents[1] / "vectors" / "plugins.json").read_text())
STEPS = ("transformation", "predicate")
LISTED = [
    (each["class"], each["type"])
    for each in RECORDED["listings"]["/connector-plugins?connectorsOnly=false"]
    if each["type"] in STEPS
]
ALL = [*TRANSFORMS, *PREDICATES]


@pytest.fixture(scope="module")
def plugins():
    return Plugins()


def test_the_listing_is_kafkas_and_python(plugins):
    ours = [(ref.name, ref.kind) for ref in plugins.list(connectors_only=False) if ref.kind in STEPS]
    assert [each for each in ours if each[0] != "barnabas.transforms.python.Python"] == LISTED
    assert ("barnabas.transforms.python.Python", "transformation") in ours


@pytest.mark.parametrize("name", [name for name in RECORDED["configs"] if "?" not in name])
def test_definitions_and_aliases(plugins, name):
    recorded = RECORDED["configs"][name]
    if recorded["status"] != 200:
        if recorded["status"] == 404:
            with pytest.raises(PluginError):
                plugins.find(name)
        return
    ref = plugins.find(name)
    if ref.kind not in STEPS:
        return
    keys = [key_info(key) for key in load(ref)().config().keys.values() if not key.internal]
    assert [{**key, "documentation": ""} for key in keys] == [{**key, "documentation": ""} for key in recorded["body"]]


@pytest.mark.parametrize("java", ALL)
def test_every_class_is_found_by_its_names(plugins, java):
    kind = "transformation" if java in TRANSFORMS else "predicate"
    path = {**TRANSFORMS, **PREDICATES}[java]
    simple = java.rpartition(".")[2]
    for name in (java, path, path.replace(":", "."), f" {java} ", *([] if "$" in simple else [simple])):
        named = find_class(kind, name, "transforms.a.type", None)
        assert (named.name, plugins.find(name, kind).name) == (java, java)
    assert named.found is load(plugins.find(java, kind))


@pytest.mark.parametrize("java", [java for java in ALL if "$" in java])
def test_classes_with_a_side_have_no_short_names(plugins, java):
    simple = java.rpartition(".")[2]
    for name in (simple, simple.partition("$")[0]):
        with pytest.raises(PluginError):
            plugins.find(name, "transformation")
        with pytest.raises(ConfigError, match="could not be found"):
            find_class("transformation", name, "transforms.a.type", None)


@pytest.mark.parametrize("name", ["python", "Python", PYTHON, PYTHON.replace(":", ".")])
def test_python_by_its_names(plugins, name):
    assert plugins.find(name, "transformation").path == PYTHON
    assert find_class("transformation", name, "transforms.a.type", None).found.__name__ == "Python"


def test_a_transform_is_no_predicate():
    with pytest.raises(ConfigError, match="could not be found"):
        find_class("predicate", "Filter", "predicates.p.type", None)
    java = "org.apache.kafka.connect.transforms.Filter"
    for name in (java, "barnabas.transforms.filter:Filter"):
        with pytest.raises(ConfigError) as caught:
            find_class("predicate", name, "predicates.p.type", None)
        assert caught.value.message == f"Class class {java} does not implement the Predicate interface"
        assert caught.value.code == "BRN-1062"
