"""The recorded cases of values, projector and time zones, one test each."""

from __future__ import annotations

from typing import Any

import pytest

from vectors.compare import same_answer
from vectors.runner import answer, load

OURS = {"values", "projector"}
CASES = load("values.jsonl") + [case for case in load("timezone.jsonl") if case["kind"] in OURS]
HEADERS = [
    case
    for name in ("converters.jsonl", "timezone.jsonl")
    for case in load(name)
    if case.get("class", "").endswith(".SimpleHeaderConverter")
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES + HEADERS])
def test_recorded(case: dict[str, Any]) -> None:
    got = answer(case)
    assert same_answer(case["expect"], got), (case["expect"], got)


def test_there_are_cases() -> None:
    assert len(CASES) > 800
    assert len(HEADERS) > 60
