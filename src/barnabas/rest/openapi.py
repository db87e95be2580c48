"""The description of the API in OpenAPI 3.1, made from one table; ``GET /openapi.json`` serves it.

A test keeps the table in step with the routes, and a campaign looks for answers with a status that is not in it.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from barnabas.rest.operations import OPERATIONS, PARAMETERS, Operation, Query

__all__ = ["document"]

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_ABOUT: Final = """\
The API of Kafka Connect, and what Barnabas adds (`/workers`, `/barnabas`, `/openapi.json`).

Every path also answers `OPTIONS` (200, with `Allow`), and `HEAD` wherever it answers `GET`. What is not described here
is answered 404 (no such path) or 405 (no such method), in the form of `Error`. What is no HTTP at all is answered 400
and the connection closed. With `admin.listeners`, the paths below `/admin` are on those listeners and nowhere else.
"""


class Error(msgspec.Struct):
    """What went wrong; ``error_code`` is the HTTP status."""

    error_code: int
    message: str


@cache
def document() -> dict[str, Any]:
    """The whole document; do not change it."""
    types = [Error, *_types()]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    shown = dict(zip(map(repr, types), schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Barnabas",
            "version": "4.3.1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {path: _path(path, methods, shown) for path, methods in OPERATIONS.items()},
        "components": {"schemas": components},
    }


def _path(path: str, methods: Mapping[str, Operation], shown: Mapping[str, Any]) -> dict[str, Any]:
    names = _PARAMETER.findall(path)
    shared = {"parameters": [_path_parameter(name) for name in names]} if names else {}
    return {**shared, **{name.lower(): _operation(path, name, entry, shown) for name, entry in methods.items()}}


def _types() -> Iterator[Any]:
    for methods in OPERATIONS.values():
        for operation in methods.values():
            yield from (kind for kind in operation.answers.values() if kind is not None)
            if operation.body is not None:
                yield operation.body


def _operation(path: str, method: str, operation: Operation, shown: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}{re.sub(r'[^A-Za-z]+', '_', path).rstrip('_') or '_root'}",
        "summary": operation.summary,
        "tags": [path.split("/")[1].partition(".")[0] or "worker"],
        "responses": {
            str(status): _response(status, operation.answers.get(status, Error), shown)
            for status in sorted({*operation.answers, *operation.refusals})
        },
    }
    if operation.internal:
        found["description"] = "Between workers only: the body has to be signed with the session key of the group."
    if operation.query:
        found["parameters"] = [_query(query) for query in operation.query]
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {_JSON: {"schema": shown[repr(operation.body)]}}}
    return found


def _response(status: int, kind: Any, shown: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": http.client.responses[status]}
    if kind is not None:
        answer["content"] = {_JSON: {"schema": shown[repr(kind)]}}
    if status == http.client.CREATED:
        answer["headers"] = {"Location": {"schema": {"type": "string"}, "description": "Of the connector."}}
    return answer


def _path_parameter(name: str) -> dict[str, Any]:
    about, schema = PARAMETERS[name]
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _query(query: Query) -> dict[str, Any]:
    return {"name": query.name, "in": "query", "description": query.about, "schema": query.schema}
