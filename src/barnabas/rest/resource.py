"""One path of the API: picks the handler for the method, checks media types, answers errors in the one shape."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from barnabas.herder.base import ElsewhereError, RequestError
from barnabas.herder.json_body import BodyError, parse_json, string_map
from barnabas.rest.answers import HttpError, error_answer
from barnabas.supervisor.api import TaskId

__all__ = ["Call", "Forward", "Gate", "Handler", "Resource"]

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 90.0
"""Seconds after which any request is answered with an error."""

_MAX_BODY = 16 << 20
_JSON = "application/json"
_INT = re.compile(r"[+-]?[0-9]{1,20}")
_INT_LIMIT = 1 << 31


class Call:
    """A request as handlers see it."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._body: bytes | None = None
        self.query = request.query_params

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the request, by names in lower case."""
        return self._request.headers

    async def body(self) -> bytes:
        """The bytes that were sent.

        Raises:
            HttpError: They are too many.
        """
        if self._body is None:
            body = b""
            async for part in self._request.stream():
                body += part
                if len(body) > _MAX_BODY:
                    raise HttpError(413)
            self._body = body
        return self._body

    def name(self, parameter: str = "name") -> str:
        """A path segment, with its escapes undone: ``%2F`` is part of the name."""
        return unquote(self._request.path_params[parameter])

    def task(self) -> TaskId:
        """The task the path is about; a number that is none is a path that does not exist."""
        text = unquote(self._request.path_params["task"])
        if not _INT.fullmatch(text) or not -_INT_LIMIT <= int(text) < _INT_LIMIT:
            raise HttpError(404)
        return TaskId(self.name(), int(text))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean query parameter: ``true``, the default where it is missing or empty, and else false."""
        text = self.query.get(name)
        return text.lower() == "true" if text else default

    def url_of(self, escaped_path: str) -> str:
        """An absolute URL on this server, as the client called it."""
        return f"{self._request.url.scheme}://{self._request.url.netloc}{escaped_path}"

    async def json(self, *, number_texts: bool = True) -> Any:
        """The body, parsed; ``None`` when there is none."""
        return parse_json(await self.body(), number_texts=number_texts)

    async def string_map(self) -> dict[str, str | None]:
        """The body as a connector configuration."""
        value = await self.json()
        if value is None:
            raise BodyError("The request has no body, or a null one.")
        return string_map(value)


Handler = Callable[[Call], Awaitable[Response]]
Forward = Callable[[str, Request, bytes], Awaitable[Response]]
Gate = Callable[[], Awaitable[None]]


class Resource:
    """An ASGI application for one path.

    Args:
        handlers: By method; HEAD and OPTIONS come for free. Those of POST, PUT and PATCH that ``takes_json`` names
            refuse other bodies.
        takes_json: Methods whose body is JSON.
        forward: Passes a request on to another worker that alone can grant it.
        gate: What a request waits for before it is handled.
        stage: Says what the worker is doing, for requests that time out.
    """

    def __init__(
        self,
        handlers: dict[str, Handler],
        takes_json: frozenset[str],
        forward: Forward | None = None,
        gate: Gate | None = None,
        stage: Callable[[], str] = str,
    ) -> None:
        self._handlers = handlers
        self._forward = forward
        self._gate = gate
        self._stage = stage
        self._takes_json = takes_json
        heads = ["HEAD"] if "GET" in handlers else []
        self._allow = ",".join([*heads, *handlers, "OPTIONS"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001  whatever it is becomes an answer
            answer = error_answer(error)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return Response(status_code=200, headers={"Allow": self._allow}, media_type=_JSON)
        handler = self._handlers.get(method)
        if handler is None:
            raise HttpError(405, {"Allow": self._allow})
        self._check_media(request, method)
        call = Call(request)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                try:
                    if self._gate is not None:
                        await self._gate()
                    return await handler(call)
                except ElsewhereError as elsewhere:
                    if self._forward is None:
                        raise
                    return await self._forward(elsewhere.url, request, await call.body())
        except TimeoutError:
            log.warning("Gave up after %.0f s: %s %s", REQUEST_TIMEOUT, request.method, request.url.path)
            raise RequestError(f"Request timed out. {self._stage()}".rstrip(), code="BRN-3141") from None

    def _check_media(self, request: Request, method: str) -> None:
        content_type = request.headers.get("content-type")
        if method in self._takes_json and content_type is not None and _media(content_type) != _JSON:
            raise HttpError(415 if "/" in content_type else 400)
        accepted = request.headers.get("accept")
        if accepted and not {_media(part) for part in accepted.split(",")} & {_JSON, "application/*", "*/*"}:
            raise HttpError(406)


def _media(text: str) -> str:
    return text.partition(";")[0].strip().lower()
