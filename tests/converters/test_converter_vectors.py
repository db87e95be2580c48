"""The golden vectors of converters and header converters, case by case."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from vector_codec import decode, decode_schema, encode, encode_schema, equal, load, same_message, same_schema

from barnabas.converters import load_converter, load_header_converter
from barnabas.errors import BarnabasError

NO_WIDTH = "a Python int or float carries no width, so there is nothing to refuse"
NO_STRUCT = "a struct is a dict: it carries no schema of its own that could differ"
TOO_FAR = "Python's dates end with the year 9999, its times before 24:00"

# Cases that cannot hold in Python, each with the reason. Everything else has to pass.
EXCLUDED = {
    **dict.fromkeys(
        [f"json-from-mismatch-{n}" for n in ("005", "007", "008", "013", "014", "015", "016")]
        + [f"num-from-bad-{n}" for n in ("005", "006", "014", "026")],
        NO_WIDTH,
    ),
    **dict.fromkeys(
        [f"json-from-mismatch-{n}" for n in ("027", "028", "030")]
        + [f"json-from-schemaless-{n}" for n in ("052", "054")],
        NO_STRUCT,
    ),
    **dict.fromkeys(
        [
            "json-from-date-013",
            "json-from-date-014",
            "json-to-logical-007",
            "json-to-logical-013",
            "simple-header-to-060",
        ],
        TOO_FAR,
    ),
    "json-from-mapkey-009": "a struct cannot be the key of a Python dict",
    "simple-header-to-053": "the schema says array of unknown, so the width of its numbers cannot be told",
}
# Java's own exceptions, and one that has no counterpart in our tree: any error of ours will do.
ANY_CLASS = {"NullPointerException", "SerializationException"}
JAVA_TEXT = {"json-from-decimal-069"}

CASES = load("converters.jsonl")


def run(case: dict[str, Any]) -> dict[str, Any]:
    header = case["kind"] == "header_converter"
    converter: Any = (load_header_converter if header else load_converter)(case["class"])()
    converter.configure(case["config"] | ({"converter.type": "header"} if header else {}), case.get("is_key", False))
    if case["op"] == "from":
        schema = decode_schema(case["schema"])
        value = decode(schema, case["value"])
        if header:
            payload = converter.from_connect_header("t", "h", schema, value)
        else:
            payload = converter.from_connect("t", schema, value)
            assert converter.from_connect_column("t", schema, [value, value]) == [payload, payload]
        return {"bytes": None if payload is None else b64encode(payload).decode()}
    raw = case.get("bytes")
    payload = case["text"].encode() if "text" in case else None if raw is None else b64decode(raw)
    if header:
        found = converter.to_connect_header("t", "h", payload)
    else:
        found = converter.to_connect("t", payload)
        schemas, values = converter.to_connect_column("t", [payload, payload])
        schemas = schemas if isinstance(schemas, list) else [schemas, schemas]
        assert schemas == [found.schema, found.schema]
        assert all(equal(encode(found.schema, found.value), encode(found.schema, value)) for value in values)
    return {"schema": encode_schema(found.schema), "value": encode(found.schema, found.value)}


@pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in CASES if c["id"] not in EXCLUDED])
def test_vector(case: dict[str, Any]) -> None:
    want = case["expect"]
    if "error" in want:
        with pytest.raises(BarnabasError) as raised:
            run(case)
        name = want["error"]["class"].rpartition(".")[2]
        assert name in ANY_CLASS or raised.value.java_class.rpartition(".")[2] == name
        assert case["id"] in JAVA_TEXT or same_message(want["error"]["message"], raised.value.message)
        return
    got = run(case)
    if want.get("java_null"):
        assert got == {"schema": None, "value": None}
    elif "bytes" in want:
        assert got["bytes"] == want["bytes"]
    else:
        assert same_schema(want["schema"], got["schema"])
        assert equal(want["value"], got["value"])


def test_nothing_is_excluded_that_does_not_exist() -> None:
    assert {case["id"] for case in CASES} >= EXCLUDED.keys()


@pytest.mark.parametrize("identifier", sorted(EXCLUDED))
def test_excluded_cases_still_differ(identifier: str) -> None:
    """An exclusion that is no longer needed has to go."""
    case = next(case for case in CASES if case["id"] == identifier)
    want = case["expect"]
    try:
        got = run(case)
    except (BarnabasError, OverflowError, TypeError):
        assert "error" not in want
        return
    assert "error" in want or got.get("bytes") != want.get("bytes", 0)
