"""Requests that nobody in their right mind sends, made from the API's own description, and what is right as an answer.

Everything is drawn from one seeded generator, so that a case can be made again from its number.
"""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get")
MEDIA = (
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=\x80",
    "text/plain",
    "*/*",
    ";;;",
    "",
    "application/xml, text/*;q=0.1",
)
NAMES = (
    *("", " ", ".", "..", "%", "%00", "a\nb", "../../etc/passwd", "a/b", "ä-日", "x" * 3000, "'; DROP TABLE x; --"),
    *(
        "${env:PATH}",
        "{{7*7}}",
        "%2e%2e%2f",
        "\x07",
        "root",
        "org.apache.kafka",
        "FileStreamSource",
        "Cast$Key",
        "null",
    ),
)
TEXTS = (
    *NAMES,
    "true",
    "-1",
    "NaN",
    "1e999",
    "0x10",
    "\ud800",
    "\U0001f600",
    "[hidden]",
    "${file:/etc/passwd:x}",
    "\0",
)
NUMBERS = (0, -1, 1, 2**31, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308)
MALFORMED = (
    b"",
    b" ",
    b"null",
    b"nul",
    b"{",
    b'{"a":}',
    b"[" * 50_000,
    b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    b'"\xff\xfe"',
    b"\xef\xbb\xbf{}",
    b'{"a":NaN}',
    b'{"a":1,"a":2}',
    b"{} {}",
    b'"\\ud800"',
    b"9" * 10_000,
    b"\x00" * 100,
    b"a=b&c=d",
    b"<x/>",
)
BROKEN_HTTP = (
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\x00: c\r\n\r\n",
    b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{}",
    b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /connectors HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /connectors HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET http://other/connectors HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
)
SEGMENT = re.compile(r"\\\{\w+\\\}")
LEAKS = re.compile(r'Traceback \(most recent|File "[^"]+", line \d+|\.py:\d+')
REFUSED = 400


@dataclass
class Case:
    """One request; ``path`` goes out as it is."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        body = "" if self.body is None else f" {self.body[:200]!r}"
        return f"{self.method} {self.path[:200]} {self.headers}{body}"


class Requests:
    """Draws requests.

    Args:
        document: The API's description.
        random: Where chance comes from.
        folder: The only one in which connectors that come to life by accident may have their files.
        names: Of connectors that exist.
    """

    def __init__(self, document: Mapping[str, Any], random: Random, folder: str, names: list[str]) -> None:
        self._schemas = document["components"]["schemas"]
        self._operations = list(_operations(document))
        self._random = random
        self._folder = folder
        self._names = names

    def draw(self) -> Case:
        """The next one."""
        random = self._random
        path, method, operation = random.choice(self._operations)
        if random.random() < 0.1:
            method = random.choice(METHODS)
        return Case(method, self._path(path) + self._query(operation), self._headers(), self._body(operation))

    # ------------------------------------------------------------------ where it goes
    def _path(self, template: str) -> str:
        path = re.sub(r"\{(\w+)\}", lambda found: self._segment(found[1]), template)
        if self._random.random() < 0.05:
            path += self._random.choice(("/", "//", "/..", "/%2e%2e/", "?", "#", ";a=b", "%", "%zz"))
        return path

    def _segment(self, name: str) -> str:
        if name == "task":
            return quote(str(self._random.choice((0, 1, -1, 2**70, "x", "0x1", "٣", " 1", ""))), safe="")
        chosen = self._random.choice((*self._names, *self._names, self._random.choice(NAMES)))
        return quote(chosen, safe="") or "%20"

    def _query(self, operation: Mapping[str, Any]) -> str:
        pairs = []
        for parameter in operation.get("parameters", ()):
            if self._random.random() < 0.5:
                value = self._random.choice(("true", "false", "status", "info", "cluster", "", *TEXTS))
                pairs.append(f"{parameter['name']}={quote(value.encode('utf-8', 'replace'), safe='')}")
        if self._random.random() < 0.05:
            pairs.append(self._random.choice(("%zz=%", "a" * 5000, "=&=&", "forward=maybe")))
        return f"?{'&'.join(pairs)}" if pairs else ""

    def _headers(self) -> dict[str, str]:
        random = self._random
        headers = {"Content-Type": "application/json"}
        if random.random() < 0.1:
            headers["Content-Type"] = random.choice(MEDIA)
        if random.random() < 0.1:
            headers["Accept"] = random.choice(MEDIA)
        if random.random() < 0.1:
            headers["X-Connect-Authorization"] = random.choice(("Zm9v", "!!", "", "\xff"))
            headers["X-Connect-Request-Signature-Algorithm"] = random.choice(("HmacSHA256", "none", "md5", "\xff"))
        if random.random() < 0.05:
            headers[random.choice(("Origin", "Authorization", "X-HTTP-Method-Override", "Expect"))] = "x\xfe"
        return headers

    # ------------------------------------------------------------------ what it carries
    def _body(self, operation: Mapping[str, Any]) -> bytes | None:
        random = self._random
        chance = random.random()
        if chance < 0.2:
            return random.choice(MALFORMED)
        if "requestBody" not in operation:
            return None if chance < 0.7 else random.choice((b"{}", b"[]", b"x"))
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        value = self._value(schema, 0)
        if isinstance(value, dict) and random.random() < 0.3:
            value = self._config()
            if "config" in json.dumps(schema):
                value = {"name": random.choice(NAMES), "config": value, "initial_state": "STOPPED"}
        return json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "replace")

    def _config(self) -> dict[str, Any]:
        """Nearly that of a real connector."""
        random = self._random
        config: dict[str, Any] = {
            "connector.class": random.choice(("FileStreamSource", "FileStreamSink", *TEXTS)),
            "file": f"{self._folder}/{random.randrange(10)}",
            "topic": random.choice(("t", *TEXTS)),
            "topics": random.choice(("t", *TEXTS)),
            "tasks.max": random.choice((1, 2, 0, -1, "x", 1.5, None, True)),
            "transforms": random.choice(("", "a", "a,a", ",")),
            "transforms.a.type": random.choice(("Flatten$Value", *TEXTS)),
            "errors.tolerance": random.choice(("all", *TEXTS)),
            "key.converter": random.choice((None, *TEXTS)),
            "producer.override.acks": random.choice(TEXTS),
            random.choice(TEXTS): random.choice(TEXTS),
        }
        return {key: value for key, value in config.items() if random.random() < 0.7}

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        """Of the schema, mostly."""
        random = self._random
        if random.random() < 0.08 or depth > 6:
            return random.choice((None, True, random.choice(NUMBERS), random.choice(TEXTS), [], {}, [None], {"a": {}}))
        if "$ref" in schema:
            return self._value(self._schemas[schema["$ref"].rpartition("/")[2]], depth + 1)
        if "anyOf" in schema:
            return self._value(random.choice(schema["anyOf"]), depth + 1)
        if "enum" in schema:
            return random.choice(schema["enum"])
        return self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        random = self._random
        kind = schema.get("type")
        if kind == "array":
            return [self._value(schema.get("items", {}), depth + 1) for _ in range(random.randrange(4))]
        if kind == "object":
            members = {name: self._value(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
            more = schema.get("additionalProperties")
            if isinstance(more, dict):
                members |= {random.choice(TEXTS): self._value(more, depth + 1) for _ in range(random.randrange(4))}
            return members
        if kind in {"integer", "number"}:
            return random.choice(NUMBERS)
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "null":
            return None
        letters = "".join(random.choices(string.printable, k=random.randrange(12)))
        return random.choice((*TEXTS, letters))


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method.upper(), operation


class Judge:
    """Knows which answers are documented."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths = [
            (re.compile(SEGMENT.sub("[^/]+", re.escape(path))), methods) for path, methods in document["paths"].items()
        ]

    def faults(self, case: Case, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """What is wrong with an answer."""
        found = []
        if status not in self.documented(case):
            found.append(f"status {status} is not documented (only {sorted(self.documented(case))})")
        if status >= REFUSED and case.method != "HEAD":
            found += self._error_faults(status, headers, body)
        return found

    def documented(self, case: Case) -> set[int]:
        """Every status that the answer may have."""
        path = case.path.partition("?")[0]
        path = path[:-1] if path.endswith("/") and path != "/" else path
        methods = next((methods for pattern, methods in self._paths if pattern.fullmatch(path)), None)
        if methods is None:
            return {404}
        if case.method == "OPTIONS":
            return {200}
        operation = methods.get("get" if case.method == "HEAD" else case.method.lower())
        if operation is None or case.method == "get":
            return {405}
        return {int(status) for status in operation["responses"]}

    @staticmethod
    def _error_faults(status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        text = body.decode("utf-8", "replace")
        if LEAKS.search(text):
            yield f"the answer shows our insides: {text[:500]}"
        try:
            value = json.loads(body)
        except ValueError:
            yield f"an error that is no JSON: {text[:200]!r}"
            return
        if "status" in value:  # health says how it is in its own words
            return
        if value.get("error_code") != status or not isinstance(value.get("message"), str):
            yield f"an error of another shape: {text[:200]!r}"
        if not headers.get("content-type", "").startswith("application/json"):
            yield f"an error of type {headers.get('content-type')}"
