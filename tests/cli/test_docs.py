"""The documents say what the code does: settings, error codes, commands, and the connector in the README."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import pytest

from barnabas import SourceRecord
from barnabas.cli.arguments import build_parser
from barnabas.herder.worker_keys import STANDALONE

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GENERATED = re.compile(r"(?s)(<!-- generated [^\n]*-->\n).*?(<!-- end -->)")
CODE = re.compile(r"BRN-\d{4}")


def test_settings_of_the_worker():
    """Renew the table with BARNABAS_WRITE_DOCS=1."""
    file = ROOT / "docs" / "configuration.md"
    text = file.read_text()
    wanted = GENERATED.sub(lambda match: f"{match[1]}{STANDALONE.markdown()}{match[2]}", text)
    if "BARNABAS_WRITE_DOCS" in os.environ:
        file.write_text(wanted)
    assert file.read_text() == wanted


def codes_in_sources():
    found: dict[str, set[str]] = {}
    for file in (ROOT / "src").rglob("*.py"):
        for code in CODE.findall(file.read_text()):
            found.setdefault(code, set()).add(str(file.relative_to(ROOT / "src" / "barnabas")))
    found.pop("BRN-0000", None)  # of the root class, never raised
    return found


def test_every_error_code_is_documented_and_every_documented_one_exists():
    documented = re.findall(r"^\| (BRN-\d{4}) \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert documented == sorted(set(documented))
    sources = codes_in_sources()
    assert {code: where for code, where in sources.items() if code not in documented} == {}
    assert [code for code in documented if code not in sources] == []


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text()):
        if "://" not in target:
            assert (file.parent / target).exists(), f"{file.name} links to {target}"


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_in_documents_are_understood(file):
    parser = build_parser()
    for line in re.findall(r"^    (?:\.venv/bin/)?barnabas (.*)$", file.read_text().replace("\\\n", ""), re.MULTILINE):
        words = re.sub(r"\s+#.*|\[.*", "", line).split()
        parser.parse_args(words)


class Context:
    """As much of a task's context as the example uses."""

    def __init__(self, offset):
        self.offset_storage_reader = self
        self._offset = offset

    def offset(self, partition):
        assert partition == {"counter": "main"}
        return self._offset


def test_the_connector_in_the_readme_works():
    (code,) = re.findall(r"(?s)```python\n(# countdown\.py\n.*?)```", (ROOT / "README.md").read_text())
    module: dict[str, object] = {"__name__": "countdown"}
    exec(compile(code, "countdown.py", "exec"), module)
    connector = module["Countdown"]()
    assert list(connector.config().keys) == ["topic"]
    for stored, first in ((None, 999), ({"left": 2}, 1)):
        task = connector.task_class()()
        task.initialize(Context(stored))
        task.start({"topic": "numbers"})
        polled = list(itertools.chain(task.poll(), task.poll()))
        assert polled[0] == SourceRecord(
            "numbers", {"left": first}, source_partition={"counter": "main"}, source_offset={"left": first}
        )
        assert polled[1].value == {"left": first - 1}
    assert task.poll() is None
