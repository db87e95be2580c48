"""``mock://name``: a registry inside the process, shared by all that name it; what the Java client has as well.

It speaks the registry's own language (paths, JSON, statuses), so that everything above it is the same. Schemas are
told apart by text, kind and references; the rules of compatibility are not checked. It ends with the process: tasks in
processes of their own do not see each other's.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from barnabas.converters._registry_client.schemas import AVRO, Reference, SchemaText
from barnabas.converters._registry_client.transport import Answer

__all__ = ["MockRegistry"]

_Handler = Callable[..., tuple[int, Any]]
_NO_SUBJECT: Final = 40401
_NO_VERSION: Final = 40402
_NO_SCHEMA: Final = 40403


class MockRegistry:
    """A registry's HTTP interface without HTTP; used from any thread.

    Args:
        url: What errors call it.
    """

    _all: Final[dict[str, MockRegistry]] = {}
    _all_lock: Final = threading.Lock()

    @classmethod
    def named(cls, url: str) -> MockRegistry:
        """The one of this address, made on first use."""
        with cls._all_lock:
            return cls._all.setdefault(url, cls(url))

    @classmethod
    def forget(cls, url: str) -> None:
        """The next use of this address begins with an empty registry."""
        with cls._all_lock:
            cls._all.pop(url, None)

    def __init__(self, url: str = "mock://") -> None:
        self._url = url
        self._lock = threading.Lock()
        self._ids: dict[SchemaText, int] = {}
        self._schemas: dict[int, SchemaText] = {}
        self._subjects: dict[str, list[int]] = {}
        self.requests = 0
        routes: tuple[tuple[str, str, _Handler], ...] = (
            ("GET", r"/subjects", self._list),
            ("POST", r"/subjects/([^/]+)/versions", self._register),
            ("GET", r"/subjects/([^/]+)/versions", self._versions),
            ("GET", r"/subjects/([^/]+)/versions/([^/]+)", self._version),
            ("POST", r"/subjects/([^/]+)", self._lookup),
            ("GET", r"/schemas/ids/(\d+)", self._by_id),
            ("GET", r"/schemas/ids/(\d+)/versions", self._places),
        )
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask."""
        parts = urlsplit(path)
        with self._lock:
            self.requests += 1
            for wanted, pattern, handler in self._routes:
                match = pattern.fullmatch(parts.path)
                if match is not None and method == wanted:
                    arguments = [unquote(group) for group in match.groups()]
                    status, said = handler(*arguments, **({"body": body} if body is not None else {}))
                    return Answer(status, said, self._url)
        return Answer(404, {"error_code": 404, "message": f"HTTP 404 Not Found {parse_qs(parts.query)}"}, self._url)

    def close(self) -> None:
        """Schemas stay: others use them."""

    # ------------------------------------------------------------------ requests
    def _list(self) -> tuple[int, Any]:
        return 200, [*self._subjects]

    def _register(self, subject: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        schema = _schema(body)
        number = self._ids.setdefault(schema, len(self._ids) + 1)
        self._schemas[number] = schema
        versions = self._subjects.setdefault(subject, [])
        if number not in versions:
            versions.append(number)
        return 200, {"id": number, "version": versions.index(number) + 1}

    def _versions(self, subject: str) -> tuple[int, Any]:
        if subject not in self._subjects:
            return self._no_subject(subject)
        return 200, [*range(1, len(self._subjects[subject]) + 1)]

    def _version(self, subject: str, version: str) -> tuple[int, Any]:
        if subject not in self._subjects:
            return self._no_subject(subject)
        ids = self._subjects[subject]
        number = len(ids) if version in ("latest", "-1") else int(version) if version.isdigit() else 0
        if not 1 <= number <= len(ids):
            return 404, {"error_code": _NO_VERSION, "message": f"Version {version} not found."}
        return 200, self._told(subject, number)

    def _lookup(self, subject: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        if subject not in self._subjects:
            return self._no_subject(subject)
        found = self._ids.get(_schema(body))
        if found is None or found not in self._subjects[subject]:
            return 404, {"error_code": _NO_SCHEMA, "message": "Schema not found"}
        return 200, self._told(subject, self._subjects[subject].index(found) + 1)

    def _by_id(self, number: str) -> tuple[int, Any]:
        schema = self._schemas.get(int(number))
        if schema is None:
            return self._no_id(number)
        return 200, _stated(schema)

    def _places(self, number: str) -> tuple[int, Any]:
        wanted = int(number)
        if wanted not in self._schemas:
            return self._no_id(number)
        return 200, [
            {"subject": subject, "version": ids.index(wanted) + 1}
            for subject, ids in self._subjects.items()
            if wanted in ids
        ]

    def _told(self, subject: str, version: int) -> dict[str, Any]:
        number = self._subjects[subject][version - 1]
        return {"subject": subject, "version": version, "id": number, **_stated(self._schemas[number])}

    @staticmethod
    def _no_subject(subject: str) -> tuple[int, Any]:
        return 404, {"error_code": _NO_SUBJECT, "message": f"Subject '{subject}' not found."}

    @staticmethod
    def _no_id(number: str) -> tuple[int, Any]:
        return 404, {"error_code": _NO_SCHEMA, "message": f"Schema {number} not found"}


def _schema(body: Mapping[str, Any]) -> SchemaText:
    references = tuple(Reference(**reference) for reference in body.get("references", ()))
    return SchemaText(body["schema"], body.get("schemaType", AVRO), references)


def _stated(schema: SchemaText) -> dict[str, Any]:
    return {"schemaType": schema.kind, **schema.to_json()}
