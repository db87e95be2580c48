"""docs/write-a-connector.md: its code runs as it stands there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

import barnabas
from barnabas.plugins.entry_points import refs_of
from barnabas.plugins.names import full_names, short_names
from barnabas.plugins.scan import scan_home

PAGE = Path(__file__).parents[2] / "docs" / "write-a-connector.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
NAMED = {found[1]: block for block in BLOCKS if (found := re.match(r"# (\w+\.py)\n", block))}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the path with the page's files."""
    for name, block in NAMED.items():
        (tmp_path / name).write_text(block)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in NAMED:
        sys.modules.pop(name.removesuffix(".py"), None)


@pytest.mark.parametrize("name", ["counter.py", "folder.py"])
def test_the_examples_are_complete_and_short(name):
    assert NAMED[name].count("\n") < 30


def test_the_harness_example(folder):
    (block,) = [block for block in BLOCKS if "SinkHarness(" in block]
    target = folder / "out"
    target.mkdir()
    counter, folders = importlib.import_module("counter"), importlib.import_module("folder")
    names = {**vars(counter), **vars(folders), "folder": str(target)}
    exec(block, names)
    assert (target / "numbers.txt").read_text() == "number 0\nnumber 1\n"


def test_the_columns_example():
    (block,) = [block for block in BLOCKS if block.startswith("SourceBatch(")]
    batch = eval(block, vars(barnabas))
    assert [record.source_offset for record in batch] == [None, {"position": 4}]


def test_the_conformance_example(folder):
    """All of the suite on both examples, in a process of their own."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            "test_my_connectors.py",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed
    assert int(passed[1]) > 40


def test_the_packaging_example(folder):
    """The short name and the entry point are what plugin discovery makes of them."""
    (found,) = [ref for ref in scan_home(str(folder / "counter.py")) if ref.kind == "source"]
    text = PAGE.read_text()
    (name,) = re.findall(r"connector\.class=(\S+)", text)
    assert name in short_names(found)
    assert "counter.CounterConnector" in full_names(found)
    ((entry, value),) = re.findall(r'"(\S+)" = "(\S+)"', text)
    distribution = SimpleNamespace(
        name="counter", version="1", entry_points=[metadata.EntryPoint(entry, value, "barnabas.plugins")]
    )
    (declared,) = refs_of([distribution], None)
    assert (declared.kind, declared.path) == (found.kind, found.path)
