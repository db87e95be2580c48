"""Answers: JSON bodies, and the one shape of all errors, ``{"error_code", "message"}``."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from barnabas import secrets
from barnabas.errors import AlreadyExistsError, BarnabasError, NotFoundError
from barnabas.herder.base import RequestError

__all__ = ["HttpError", "empty", "error_answer", "json_answer"]

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode
_SERVER_ERROR = 500
_STATUSES: tuple[tuple[type[BarnabasError], int], ...] = ((NotFoundError, 404), (AlreadyExistsError, 409))


class HttpError(Exception):
    """A request that fails for reasons of HTTP alone: no such path, method, media type."""

    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status} {http.client.responses[status]}")
        self.status = status
        self.headers = headers


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body."""
    return Response(_encode(value), status, headers, media_type="application/json")


def empty(status: int = 204) -> Response:
    """No body."""
    return Response(status_code=status)


def error_answer(error: Exception) -> Response:
    """The answer to a request that raised.

    Texts that clients compare go out as they are, but for secrets in them; a failure of the server's own making carries
    its remedy as well.
    """
    headers = error.headers if isinstance(error, HttpError) else None
    status, message = _status_and_message(error)
    text = secrets.hide(message).encode("utf-8", "replace").decode()  # half a pair of surrogates cannot be sent
    return json_answer({"error_code": status, "message": text}, status, headers)


def _status_and_message(error: Exception) -> tuple[int, str]:
    if isinstance(error, HttpError):
        return error.status, str(error)
    if not isinstance(error, BarnabasError):
        log.error("A request failed unexpectedly.", exc_info=error)
        return _SERVER_ERROR, f"{type(error).__name__}: {error}"
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), _SERVER_ERROR)
    if isinstance(error, RequestError):
        status = error.status
    return status, str(error) if status >= _SERVER_ERROR else error.message
