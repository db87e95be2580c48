"""The golden vectors of converters and header converters, case by case; the runner's other own kinds, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vectors import runner
from vectors.compare import same_answer

ROOT = Path(__file__).parents[2]
CASES = runner.load("converters.jsonl") + runner.load("configdef.jsonl") + runner.load("offsets-file.json")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    got = runner.answer(case)
    assert same_answer(case["expect"], got), got


def test_the_runner_counts_and_says_what_differs(tmp_path: Path) -> None:
    lines = (ROOT / "tests/vectors/configdef.jsonl").read_text().splitlines()
    spoiled = lines[1].replace('"string":"true"', '"string":"yes"')
    unknown = '{"id": "new-1", "kind": "brandnew", "expect": {}}'
    (tmp_path / "configdef.jsonl").write_text("\n".join([lines[0], spoiled, unknown]))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.vectors", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1] == "1 passed, 2 failed"
    assert '"string": "yes"' in ran.stdout
    assert "nothing runs cases of kind brandnew" in ran.stdout
