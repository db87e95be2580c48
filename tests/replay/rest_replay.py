"""Plays recorded REST exchanges to a worker and compares the answers; the README beside it says what counts."""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANY = "(any)"
VOLATILE = frozenset({"worker_id", "version", "commit", "kafka_cluster_id", "documentation"})
PASSING = re.compile(r"rebalance|stale configuration|no known leader", re.IGNORECASE)
PARSER_POSITION = re.compile(r"\s*\n? at \[Source: .*", re.DOTALL)
PLUGIN_PLACE = re.compile(r"location='[^']*'")
JSON = "application/json"
CONFLICT = 409
ERROR = 400
PATIENCE = 60.0


@dataclass
class Answer:
    """What came back, with the names of this run replaced by their marks."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None


@dataclass
class Outcome:
    """What a step came to: ``differences`` is empty where it is as recorded."""

    name: str
    differences: list[str]


class Replay:
    """One run of a scenario.

    Args:
        url: Of the worker.
        folder: For the files of the connectors; worker and test see the same one.
        prefix: Of names of connectors and topics.
        settle: Seconds at most to wait after a condition came true: recordings have waits that only a JVM needs.
    """

    def __init__(self, url: str, folder: Path, prefix: str, settle: float = 1.0) -> None:
        self._names = {"{{base}}": url, "{{dir}}": str(folder), "{{p}}": prefix}
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._settle = settle

    def run(self, scenario: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[Outcome]:
        """Play every step in order."""
        wanted = {exchange["id"]: exchange["response"] for exchange in recorded["exchanges"]}
        for number, step in enumerate(scenario["steps"]):
            differences = []
            if "write_file" in step:
                with Path(self._filled(step["write_file"])).open(step.get("mode", "w"), encoding="utf-8") as file:
                    file.write(step["content"])
            elif "method" in step:
                differences = list(compare(step, wanted[step["id"]], self._patient(step)))
            for condition in step.get("then", ()):
                differences += self._wait(condition)
            yield Outcome(step.get("id") or f"step {number}", differences)

    # ------------------------------------------------------------------ names of this run
    def _filled(self, value: Any) -> Any:
        return _mapped(value, self._names)

    def _marked(self, value: Any) -> Any:
        return _mapped(value, {real: mark for mark, real in self._names.items()})

    # ------------------------------------------------------------------ HTTP
    def _patient(self, step: Mapping[str, Any]) -> Answer:
        """Send again what a rebalance refused."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._send(step)
            if step.get("no_retry") or not _is_passing(answer) or time.monotonic() > until:
                return answer
            time.sleep(0.2)

    def _send(self, step: Mapping[str, Any]) -> Answer:
        body = None
        headers = {"Accept": JSON, **step.get("headers", {})}
        if "raw" in step:
            body = self._filled(step["raw"]).encode()
        elif "body" in step:
            body = json.dumps(self._filled(step["body"])).encode()
        if body is not None:
            headers.setdefault("Content-Type", JSON)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=120)
        try:
            connection.putrequest(step["method"], self._filled(step["path"]), skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, self._filled(value))
            if body is not None or step["method"] in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        found = {name.lower(): self._marked(value) for name, value in answer.getheaders()}
        if not raw:
            return Answer(answer.status, found)
        try:
            return Answer(answer.status, found, self._marked(json.loads(raw)))
        except ValueError:
            return Answer(answer.status, found, text=raw.decode("utf-8", "replace"))

    # ------------------------------------------------------------------ conditions
    def _wait(self, condition: Mapping[str, Any]) -> list[str]:
        until = time.monotonic() + condition.get("timeout", PATIENCE)
        while not self._holds(condition):
            if time.monotonic() > until:
                return [f"never came true: {json.dumps(condition)}"]
            time.sleep(0.05)
        time.sleep(min(self._settle, condition.get("settle", 0)))
        return []

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        if "file" in condition:
            file = Path(self._filled(condition["file"]))
            return file.exists() and file.read_text(encoding="utf-8") == condition["content"]
        answer = self._send({"method": "GET", "path": condition["path"]})
        if answer.status != condition.get("status", 200):
            return False
        return "match" not in condition or _fits(condition["match"], answer.body)


def _mapped(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return value
    if isinstance(value, list):
        return [_mapped(item, names) for item in value]
    if isinstance(value, dict):
        return {_mapped(key, names): _mapped(item, names) for key, item in value.items()}
    return value


def _is_passing(answer: Answer) -> bool:
    message = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
    return answer.status == CONFLICT and PASSING.search(str(message)) is not None


def _fits(wanted: Any, found: Any) -> bool:
    """Whether what is wanted is there: objects may have more members, lists not."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and _fits(item, found[key]) for key, item in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(_fits, wanted, found))
    return bool(wanted == found)


# ---------------------------------------------------------------------- comparing
def compare(step: Mapping[str, Any], wanted: Mapping[str, Any], found: Answer) -> Iterator[str]:
    """What differs from the recording."""
    if found.status in step.get("accept_status", ()):
        return
    if wanted["status"] != found.status:
        yield f"status {wanted['status']} expected, got {found.status}: {found.body or found.text}"
    headers = wanted["headers"]
    foreign = "text" in wanted and _media(headers.get("Content-Type")) != JSON  # a page of the servlet container
    if not foreign:
        yield from _compare_headers(headers, found, body="body" in wanted)
    how = step.get("compare", "full")
    if how == "status" or foreign:
        return
    if "body" not in wanted and found.text is not None:
        yield f"no body expected, got {found.text!r}"
    left, right = _neutral(wanted.get("body")), _neutral(found.body)
    if step.get("sort"):
        left, right = _sorted(left), _sorted(right)
    if step.get("loose_message") and wanted["status"] >= ERROR and isinstance(left, dict) and isinstance(right, dict):
        left["message"] = ANY
        right["message"] = ANY if right.get("message") else None
    yield from _missing(left, right) if how == "subset" else _different(left, right)


def _compare_headers(wanted: Mapping[str, str], found: Answer, *, body: bool) -> Iterator[str]:
    kind = wanted.get("Content-Type")
    if kind and (body or found.body is not None) and _media(kind) != _media(found.headers.get("content-type")):
        yield f"Content-Type {kind} expected, got {found.headers.get('content-type')}"
    if wanted.get("Location") != found.headers.get("location"):
        yield f"Location {wanted.get('Location')} expected, got {found.headers.get('location')}"
    if wanted.get("Allow") and _names(wanted["Allow"]) != _names(found.headers.get("allow", "")):
        yield f"Allow {wanted['Allow']} expected, got {found.headers.get('allow')}"


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",")}


def _media(text: str | None) -> str:
    return (text or "").partition(";")[0].strip().lower()


def _neutral(value: Any, key: str | None = None) -> Any:
    """A body without what differs between any two workers."""
    if isinstance(value, dict):
        return {name: _neutral(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_neutral(item) for item in value]
    if value is not None and key is not None and (key in VOLATILE or key == "last_modified"):
        return ANY
    if key == "trace":
        return value.partition("\n")[0].partition(":")[0].strip()
    if key == "message" and isinstance(value, str):
        return PLUGIN_PLACE.sub("location=…", PARSER_POSITION.sub("", value))
    return value


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _different(wanted: Any, found: Any, where: str = "$") -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            if key not in found or key not in wanted:
                yield f"{where}.{key} is {'missing' if key in wanted else 'too much'}"
            else:
                yield from _different(wanted[key], found[key], f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (left, right) in enumerate(zip(wanted, found, strict=True)):
            yield from _different(left, right, f"{where}[{number}]")
    elif wanted != found or type(wanted) is not type(found):
        yield f"{where}: {wanted!r} expected, got {found!r}"


def _missing(wanted: Any, found: Any, where: str = "$") -> Iterator[str]:
    """What is recorded and not there; more may be."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, item in wanted.items():
            yield from _missing(item, found.get(key), f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list):
        for item in wanted:
            if not any(not list(_missing(item, other)) for other in found):
                yield f"{where} has nothing like {item!r}"
    elif wanted != found:
        yield f"{where}: {wanted!r} expected, got {found!r}"
