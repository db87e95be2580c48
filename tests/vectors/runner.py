"""Finds the cases, runs each with the module of its kind, and compares.

A kind ``x`` is run by ``run_x.py``: ``run(case) -> dict`` gives the answer in the neutral encoding (see ``codec``),
or raises, which is an answer too. A kind nobody runs fails.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from vectors.codec import error_of
from vectors.compare import same_answer

__all__ = ["answer", "cases_of", "load", "passes", "run_files"]

FILES: Final = (
    "converters.jsonl",
    "values.jsonl",
    "transforms.jsonl",
    "predicates.jsonl",
    "configdef.jsonl",
    "timezone.jsonl",
    "offsets-file.json",
)
_MODULES: Final = {
    "converter": "run_converters",
    "header_converter": "run_converters",
    "values": "run_values",
    "projector": "run_values",
    "transform": "run_transforms",
    "predicate": "run_predicates",
    "configdef": "run_configdef",
    "offsets": "run_offsets",
}
_HERE: Final = Path(__file__).parent
_SHOWN: Final = 600


def load(name: str) -> list[dict[str, Any]]:
    """The cases of a file that stands here."""
    return [*cases_of(_HERE / name)]


def cases_of(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a file of either form."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        yield from map(json.loads, text.splitlines())
        return
    for sample in json.loads(text)["samples"]:
        entries = {entry["key_base64"]: entry["value_base64"] for entry in sample["entries"]}
        yield {"id": f"offsets-{sample['name']}", "kind": "offsets", **sample, "expect": {"entries": entries}}


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What we say to a case, in the process's own time zone or the one that the case asks for."""
    try:
        with _time_zone(case.get("timezone")):
            return _runner(case["kind"])(case)
    except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
        return error_of(case.get("op", case["kind"]), error)


def passes(case: dict[str, Any]) -> bool:
    """Whether we say what was recorded."""
    return same_answer(case["expect"], answer(case))


def run_files(folder: Path, names: list[str], only: str | None) -> tuple[int, int]:
    """Run, and print every mismatch; returns how many passed and failed."""
    passed = failed = 0
    for name in names or [name for name in FILES if (folder / name).exists()]:
        for case in cases_of(folder / name):
            if only not in (None, case["kind"], case.get("group")):
                continue
            got = answer(case)
            if same_answer(case["expect"], got):
                passed += 1
                continue
            failed += 1
            print(f"{name} {case['id']}\n  expected {_shown(case['expect'])}\n  got      {_shown(got)}")
    return passed, failed


def _shown(node: dict[str, Any]) -> str:
    text = json.dumps(node, default=repr)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _runner(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    if kind not in _MODULES:
        raise NotImplementedError(f"nothing runs cases of kind {kind}")
    run: Callable[[dict[str, Any]], dict[str, Any]] = importlib.import_module(f"vectors.{_MODULES[kind]}").run
    return run


@contextmanager
def _time_zone(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
