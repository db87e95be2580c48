"""The recorded answers, and what counts as the same answer."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VECTORS = Path(__file__).parents[1] / "vectors"
SERVER_ERROR = 500
_UNCOMPARED = ("version", "documentation")
_DEFINITIONS: list[Any] = json.loads((VECTORS / "validate-definitions.json").read_text())


def cases(profile: str, group: str) -> list[dict[str, Any]]:
    """The recorded validations of a worker profile."""
    text = (VECTORS / "validate.jsonl").read_text().replace("{{worker_group}}", group)
    return [_whole(case) for case in map(json.loads, text.splitlines()) if case["worker"] == profile]


def plugins() -> dict[str, Any]:
    """The recorded listings and definitions."""
    found: dict[str, Any] = json.loads((VECTORS / "plugins.json").read_text())
    return found


def request(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, str, Any]:
    """Status, media type and parsed JSON of an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    try:
        headers = {"Accept": "application/json", **({} if body is None else {"Content-Type": "application/json"})}
        connection.request(method, path.replace("[", "%5B").replace("]", "%5D"), body, headers)
        answer = connection.getresponse()
        return answer.status, (answer.getheader("Content-Type") or "").partition(";")[0], json.loads(answer.read())
    finally:
        connection.close()


def body_of(case: dict[str, Any]) -> bytes:
    """The bytes to send."""
    return (case["raw"] if "raw" in case else json.dumps(case["body"])).encode()


def plain(value: Any) -> Any:
    """Without what differs from worker to worker."""
    if isinstance(value, dict):
        return {k: "" if k in _UNCOMPARED and isinstance(v, str) else plain(v) for k, v in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def differences(want: Any, got: Any, *, loose: bool, subset: bool, path: str = "$") -> list[str]:
    """What is not as recorded."""
    want, got = plain(want), plain(got)
    if loose and isinstance(got, dict) and got.get("message"):
        got = {**got, "message": want["message"]}
    return list(_differences(want, got, path, subset=subset))


def _differences(want: Any, got: Any, path: str, *, subset: bool) -> list[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        extra = [] if subset else [f"{path}.{key} is too much" for key in got if key not in want]
        inner = [
            line
            for key, value in want.items()
            for line in _differences(value, got.get(key, "missing"), f"{path}.{key}", subset=subset)
        ]
        return extra + inner
    if isinstance(want, list) and isinstance(got, list) and subset:
        return [f"{path}: no {item}" for item in want if all(_differences(item, g, path, subset=True) for g in got)]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        pairs = enumerate(zip(want, got, strict=True))
        return [line for at, (a, b) in pairs for line in _differences(a, b, f"{path}[{at}]", subset=False)]
    return [] if want == got and type(want) is type(got) else [f"{path}: {want!r} expected, got {got!r}"]


def _whole(case: dict[str, Any]) -> dict[str, Any]:
    for entry in (case["expect"].get("body") or {}).get("configs", []):
        if isinstance(entry["definition"], int):
            entry["definition"] = _DEFINITIONS[entry["definition"]]
    for entry in case["expect"]["body"].get("configs", []):
        if entry["definition"] is not None:
            entry["definition"].setdefault("documentation", "")
    case["expect"]["body"] = json.loads(re.sub(r"location='[^']*'", "location=''", json.dumps(case["expect"]["body"])))
    return case
