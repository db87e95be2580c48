"""Requests that only another worker can grant: passed on, twice at most, and its answer given as ours."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from barnabas.herder.base import Herder, RequestError
from barnabas.rest.answers import empty, json_answer

__all__ = ["Forwarding"]

_CREATED = 201
_UNESCAPED = "/!$&'()*+,;=:@"


class Forwarding:
    """Passes requests on.

    Args:
        herder: Knows how to reach other workers.
    """

    def __init__(self, herder: Herder) -> None:
        self._herder = herder

    async def __call__(self, url: str, request: Request, body: bytes) -> Response:
        """Send a request to the worker at ``url``; only the user's credentials go with it.

        Raises:
            RequestError: It was passed on twice already, or the other worker refused.
        """
        path = request.scope["raw_path"].decode("latin-1")
        query = urlencode([*self._without_forward(request), ("forward", self._hop(request))])
        headers = {"Authorization": given} if (given := request.headers.get("authorization")) else {}
        status, answer = await self._herder.forward(url, request.method, f"{path}?{query}", body or None, headers)
        if answer is None:
            return empty(status)
        location = None
        if status == _CREATED and isinstance(answer, dict) and isinstance(answer.get("name"), str):
            base = f"{request.url.scheme}://{request.url.netloc}"
            location = {"Location": f"{base}/connectors/{quote(answer['name'], safe=_UNESCAPED)}"}
        return json_answer(answer, status, location)

    @staticmethod
    def _without_forward(request: Request) -> list[tuple[str, str]]:
        return [(name, value) for name, value in request.query_params.multi_items() if name != "forward"]

    @staticmethod
    def _hop(request: Request) -> str:
        """What the next worker is told: true: it may pass the request on once more."""
        given = request.query_params.get("forward")
        if given is None:
            return "true"
        if given.lower() == "true":
            return "false"
        raise RequestError(
            "Cannot complete request because of a conflicting operation (e.g. worker rebalance)",
            status=409,
            code="BRN-3127",
        )
