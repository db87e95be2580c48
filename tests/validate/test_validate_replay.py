"""Recorded validations and plugin definitions, asked of a running worker."""

from __future__ import annotations

from typing import Any

import pytest
from profiles import GROUP, PROFILES
from recordings import body_of, cases, differences, plugins, request

CASES = [pytest.param(profile, case, id=case["id"]) for profile in PROFILES for case in cases(profile, GROUP)]
PLUGINS = plugins()


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_validation(start, profile: str, case: dict[str, Any]) -> None:
    status, media, body = request(start(profile).url, "PUT", case["path"], body_of(case))
    want = case["expect"]
    assert (status, media) == (want["status"], want["headers"]["Content-Type"])
    lines = differences(
        want["body"], body, loose=case.get("loose_message", False), subset=case.get("compare") == "subset"
    )
    assert lines == []


def test_all_of_them_are_replayed() -> None:
    assert len(CASES) == 122


@pytest.mark.parametrize("path", PLUGINS["listings"])
def test_listing(start, path: str) -> None:
    status, _, body = request(start("default").url, "GET", path)
    assert status == 200
    assert differences(PLUGINS["listings"][path], body, loose=False, subset=True) == []
    java = [entry for entry in body if entry["class"].startswith("org.apache.kafka.")]
    assert java == PLUGINS["listings"][path], "in the same order, each with its version"


@pytest.mark.parametrize("name", PLUGINS["configs"])
def test_definition(start, name: str) -> None:
    plugin, mark, query = name.partition("?")
    want = PLUGINS["configs"][name]
    status, _, body = request(start("default").url, "GET", f"/connector-plugins/{plugin}/config{mark}{query}")
    assert status == want["status"]
    assert differences(_documented(want["body"]), body, loose=False, subset=False) == []


def _documented(body: Any) -> Any:
    return [{"documentation": "", **row} for row in body] if isinstance(body, list) else body
