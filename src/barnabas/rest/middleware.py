"""What surrounds all routes: a log line for each request, headers for every answer, CORS."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from barnabas.errors import ConfigError
from barnabas.rest.header_rules import HeaderRule

__all__ = ["CrossOrigin", "RequestLog", "ResponseHeaders"]

log = logging.getLogger("barnabas.rest.requests")

_PLAIN_ORIGIN: Final = re.compile(r"[A-Za-z0-9.:/_\[\]-]+")
_UNSEEN: Final = "\\x{:02x}"


class RequestLog:
    """One line a request at INFO, in the common log format, with the milliseconds that it took at the end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log."""
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status, size = 500, 0

        async def watched(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._say(scope, status, size, (time.monotonic() - began) * 1000)

    @staticmethod
    def _say(scope: Scope, status: int, size: int, took_ms: float) -> None:
        client = scope.get("client")
        query = f"?{_plain(scope['query_string'])}" if scope.get("query_string") else ""
        agent = _plain(Headers(scope=scope).get("user-agent", "-").encode("latin-1"))
        log.info(
            '%s - - [%s] "%s %s%s HTTP/%s" %d %d "-" "%s" %.0f',
            client[0] if client else "-",
            time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            _plain(scope["method"].encode("latin-1", "replace")),
            _plain(scope["raw_path"]),
            query,
            scope["http_version"],
            status,
            size,
            agent,
            took_ms,
        )


def _plain(text: bytes) -> str:
    """What a client sent, on one line and unable to end a quotation."""
    return "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else _UNSEEN.format(c) for c in text)  # noqa: PLR2004  ASCII


class ResponseHeaders:
    """Adds the headers of ``response.http.headers.config``."""

    def __init__(self, app: ASGIApp, rules: Sequence[HeaderRule]) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with them."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for rule in self._rules:
                    if rule.replaces:
                        headers[rule.name] = rule.text()
                    else:
                        headers.append(rule.name, rule.text())
            await send(message)

        await self._app(scope, receive, adding)


class CrossOrigin:
    """Lets pages of other origins use the API, as ``access.control.allow.*`` say.

    Args:
        app: What answers; also preflight requests reach it, so that its ``OPTIONS`` say what a path can do.
        origins: Allowed ones: plain, ``*`` for any, or regular expressions.
        methods: Allowed in preflight requests.
    """

    _METHODS: Final = ("GET", "POST", "HEAD")
    _HEADERS: Final = "Content-Type"
    _MAX_AGE: Final = "60"

    def __init__(self, app: ASGIApp, origins: Sequence[str], methods: Sequence[str] = ()) -> None:
        self._app = app
        self._origins = [_origin(text.strip()) for text in origins if text.strip()]
        self._methods = [method.strip() for method in methods if method.strip()] or list(self._METHODS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with permission for origins that have it."""
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        origin = headers.get("origin")
        allowed = origin is not None and self._allows(origin)
        preflight = allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers

        async def permitting(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if allowed and origin is not None:
                    answer["Access-Control-Allow-Origin"] = origin
                if preflight:
                    answer["Access-Control-Allow-Methods"] = ",".join(self._methods)
                    answer["Access-Control-Allow-Headers"] = self._HEADERS
                    answer["Access-Control-Max-Age"] = self._MAX_AGE
            await send(message)

        await self._app(scope, receive, permitting)

    def _allows(self, origin: str) -> bool:
        return any(allowed.fullmatch(given) for given in origin.split() for allowed in self._origins)


def _origin(text: str) -> re.Pattern[str]:
    """An origin, ``*`` for any, or a regular expression for several."""
    if text == "*":
        return re.compile(".*")
    if not _PLAIN_ORIGIN.fullmatch(text):
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise ConfigError(
                f"Invalid value {text} for configuration access.control.allow.origin: {error}.",
                key="access.control.allow.origin",
                remedy="Write origins such as https://example.org, *, or regular expressions.",
                code="BRN-1095",
            ) from error
    return re.compile(re.escape(text), re.IGNORECASE)
