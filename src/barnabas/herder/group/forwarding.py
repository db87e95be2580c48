"""Requests to other workers of the group: what only the leader, or only the owner of a task, may do."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

import orjson

from barnabas.herder.base import RequestError

__all__ = ["Forwarder"]

_TIMEOUT: Final = 90.0
_ERROR: Final = 400


class Forwarder:
    """Speaks REST to other workers, with a connection of its own for each request.

    Args:
        tls: For workers that advertise https; ``None``: only http can be reached.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    async def send(
        self,
        worker_url: str,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = _TIMEOUT,
    ) -> tuple[int, Any]:
        """Send a request; its status and JSON body (``None``: none) if it succeeded.

        Args:
            worker_url: As the worker advertises it.
            method: Of HTTP.
            path: With its query, relative to the worker's URL.
            body: JSON text.
            headers: Such as a signature, or the user's ``Authorization``.
            timeout_s: For the whole request.

        Raises:
            RequestError: The other worker refused, with its status and message; or it could not be reached: 500.
        """
        # Much memory, which a worker by itself never needs; and too slow to import on the event loop.
        aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        url = urljoin(worker_url, path.lstrip("/"))
        given = {"Accept": "application/json", "User-Agent": "kafka-connect", **(headers or {})}
        if body is not None:
            given["Content-Type"] = "application/json"
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(timeout_s),
                    skip_auto_headers=["Content-Type"],  # of a request without a body: JVM workers refuse any
                ) as session,
                session.request(
                    method, url, data=body, headers=given, allow_redirects=False, ssl=self._tls or True
                ) as answer,
            ):
                return answer.status, _checked(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise RequestError(
                f"IO Error trying to forward REST request: {type(error).__name__}: {error}",
                status=500,
                code="BRN-3123",
                remedy=f"Check that workers reach each other by what they advertise: this one was {worker_url}.",
            ) from error


def _checked(status: int, body: bytes) -> Any:
    try:
        value = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        value = None
    if status < _ERROR:
        return value
    known = value if isinstance(value, dict) else {}
    code, message = known.get("error_code"), known.get("message")
    raise RequestError(
        message if isinstance(message, str) else f"The worker answered {status} without saying why.",
        status=code if isinstance(code, int) and code >= _ERROR else status,
        code="BRN-3124",
    )
