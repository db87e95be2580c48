"""The pages about transforms agree with the code: tables, examples, and code as it stands there."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
from transform_docs_tables import PAGE, rendered

from barnabas import SourceRecord
from barnabas.predicates.names import PREDICATES
from barnabas.properties import parse_properties
from barnabas.record import SourceBatch
from barnabas.transforms.chain import apply_step, make_steps
from barnabas.transforms.names import TRANSFORMS

GUIDE = PAGE.with_name("write-a-transform.md")
PYTHON = re.compile(r"```python\n# (\w+)\.py\n(.*?)```", re.DOTALL)
PROPERTIES = re.compile(r"```properties\n(.*?)```", re.DOTALL)
FILES = dict(PYTHON.findall(GUIDE.read_text()))
EXAMPLES = [*PROPERTIES.findall(PAGE.read_text()), *PROPERTIES.findall(GUIDE.read_text())]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files of the guide, in the current folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(tmp_path, f"{name}.py").write_text(text)
    yield tmp_path
    for name in FILES:
        sys.modules.pop(name, None)


def test_tables_are_up_to_date():
    text = PAGE.read_text()
    assert rendered(text) == text, "run: python tests/transforms/transform_docs_tables.py"


def test_every_class_is_there():
    text = PAGE.read_text()
    assert [java for java in (*TRANSFORMS, *PREDICATES) if f"`{java}`" not in text] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_can_be_configured(folder, example):
    props = parse_properties(example)
    if "transforms" not in props:
        props |= {"transforms": "x", "transforms.x.type": "Filter", "transforms.x.predicate": props["predicates"]}
    assert make_steps(props, None)


def steps(which):
    (example,) = [each for each in PROPERTIES.findall(GUIDE.read_text()) if which in each]
    return make_steps(parse_properties(example), None)[0]


def test_the_function(folder):
    batch, kept = apply_step(steps("to_euros"), SourceBatch("t", [{"dollars": 10}, None]))
    assert (batch.values, kept) == ([{"dollars": 10, "euros": 9.2}], [0])


def test_its_tests(folder):
    sys.path.append(str(folder))
    module = importlib.import_module("test_my_transforms")
    module.test_to_euros()
    module.test_tombstones_are_dropped()


def test_the_class_that_remembers(folder):
    props = {"transforms": "x", "transforms.x.type": "python", "transforms.x.function": "dedupe:Once"}
    (step,) = make_steps({**props, "transforms.x.remember": "2"}, None)
    assert apply_step(step, SourceBatch("t", [*range(5)], keys=[*"abacb"]))[1] == [0, 1, 3]


def test_the_batches(folder):
    props = {"transforms": "x,y", "transforms.x.type": "python", "transforms.x.function": "fast:stamp"}
    props |= {"transforms.x.site": "here", "transforms.y.type": "python", "transforms.y.function": "fast:paid"}
    stamp, paid = make_steps(props, None)
    batch, kept = apply_step(stamp, SourceBatch("t", [{"paid": True}, {"paid": False}]))
    assert kept is None
    batch, kept = apply_step(paid, batch)
    assert (batch.values, kept) == ([{"paid": True, "site": "here"}], [0])


def test_the_class_and_the_predicate(folder):
    record = SourceRecord("t", {"email": "ann@example.org", "a": 1, "b": 2})
    assert steps("MaskDomain").transformation.apply(record).value["email"] == "ann"
    assert steps("IsLarge").predicate.test(record)
