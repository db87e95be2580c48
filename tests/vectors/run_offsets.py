"""Runs cases of kind ``offsets``: a standalone worker's offsets file as the JVM wrote it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from barnabas.store.java_hashmap import dump_map, load_map

__all__ = ["run"]


def run(case: dict[str, Any]) -> dict[str, Any]:
    """The entries we read, keys and values in base64; what we write of them has to read the same."""
    entries = load_map(b64decode(case["file_base64"]))
    if load_map(dump_map(entries)) != entries:
        message = "what was written reads differently"
        return {"error": {"stage": "write", "class": "python.RoundTrip", "message": message}}
    read = {
        b64encode(key).decode(): None if value is None else b64encode(value).decode() for key, value in entries.items()
    }
    return {"entries": read}
