"""What Kafka Connect's transforms of fields did with recorded records, alone and in batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectors.compare import same_answer
from vectors.run_transforms import run

OURS = {
    "ExtractField",
    "Flatten",
    "HeaderFrom",
    "HoistField",
    "InsertField",
    "MaskField",
    "ReplaceField",
    "SetSchemaMetadata",
    "ValueToKey",
}
LINES = (Path(__file__).parents[1] / "vectors" / "transforms.jsonl").read_text().splitlines()
CASES = [case for case in map(json.loads, LINES) if case["class"].rpartition(".")[2].partition("$")[0] in OURS]


def test_all_classes_are_recorded() -> None:
    assert {case["class"].rpartition(".")[2].partition("$")[0] for case in CASES} == OURS


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_recorded(case: dict[str, Any]) -> None:
    got = run(case)
    assert same_answer(case["expect"], got), f"expected {case['expect']}, got {got}"
