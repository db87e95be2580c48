from __future__ import annotations

import json
import os
from pathlib import Path

from barnabas.rest.app import routes
from barnabas.rest.openapi import document
from barnabas.rest.operations import OPERATIONS

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_every_route_is_described_and_everything_described_is_a_route(herder):
    assert {path: set(methods) for path, methods in routes(herder).items()} == {
        path: set(methods) for path, methods in OPERATIONS.items()
    }


def test_the_checked_in_document_is_current():
    wanted = json.dumps(document(), indent=1, sort_keys=False) + "\n"
    if "BARNABAS_WRITE_DOCS" in os.environ:
        FILE.write_text(wanted)
    assert FILE.read_text() == wanted


async def test_it_is_served(client):
    answer = await client("GET", "/openapi.json")
    assert answer.body == json.loads(FILE.read_text())


def test_operations_have_names_of_their_own_and_references_lead_somewhere():
    text = json.dumps(document())
    names = [operation["operationId"] for path in document()["paths"].values() for operation in methods_of(path)]
    assert len(names) == len(set(names))
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in document()["components"]["schemas"]


def test_parameters_of_paths_are_declared():
    for path, entry in document()["paths"].items():
        declared = [f"{{{parameter['name']}}}" for parameter in entry.get("parameters", [])]
        assert all(name in path for name in declared)
        assert path.count("{") == len(declared)


def methods_of(path):
    return [operation for method, operation in path.items() if method != "parameters"]
