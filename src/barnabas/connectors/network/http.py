"""POST requests, answered 200 once Kafka has acknowledged every message of the body."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from barnabas import DataError
from barnabas.connectors.network.framing import LineFramer
from barnabas.connectors.network.inbox import Receipt
from barnabas.connectors.network.intake import Intake, peer_name

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["HttpListener"]

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 1.0
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 21\r\n\r\nToo many connections.\n"
)
_SOON = {"Retry-After": "1"}


class _Refusal(asyncio.Protocol):
    """A connection beyond the limit: told so, and closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_FULL)
        transport.close()


class HttpListener:
    """Serves a bound socket.

    Args:
        intake: Where messages go.
        sock: Bound, not listening yet.
        tls: For HTTPS.
        receipts: Requests that wait for Kafka, by number; shared with the task, which removes what is done.
    """

    def __init__(
        self, intake: Intake, sock: socket.socket, tls: ssl.SSLContext | None, receipts: dict[int, Receipt]
    ) -> None:
        config = intake.config
        self._intake = intake
        self._socket = sock
        self._tls = tls
        self._receipts = receipts
        self._numbers = itertools.count(1)
        self._path: str = config["http.path"]
        self._lines: bool = config["http.lines"]
        self._most: int = config["max.connections"]
        self._idle: float = config["idle.timeout.ms"] / 1000
        self._patience: float = config["http.ack.timeout.ms"] / 1000
        self._body_time: float = config["http.request.timeout.ms"] / 1000
        self._web = web.Server(self._answer, access_log=None, keepalive_timeout=self._idle)
        self._silent: dict[Any, float] = {}
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=self._socket, ssl=self._tls)
        self._sweeper = loop.create_task(self._sweep())

    async def stop(self) -> None:
        """Answer 503 to whoever waits, and close the port and every connection."""
        self._stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for receipt in list(self._receipts.values()):
            receipt.done.cancel()
        await self._web.shutdown(1.0)

    def _connection(self) -> asyncio.Protocol:
        if len(self._web.connections) >= self._most:
            self._intake.warnings.warn(f"A connection was turned away: there are max.connections={self._most} already.")
            return _Refusal()
        handler = self._web()
        self._silent[handler] = asyncio.get_running_loop().time()
        return handler

    async def _sweep(self) -> None:
        """Close connections that never sent a request: the library's own timeout starts after the first."""
        while True:
            await asyncio.sleep(min(_SWEEP_SECONDS, self._idle))
            oldest = asyncio.get_running_loop().time() - self._idle
            for handler, since in list(self._silent.items()):
                if handler.transport is None or since < oldest:
                    del self._silent[handler]
                    handler.force_close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._silent.pop(request.protocol, None)
        if request.path != self._path:
            return _say(404, f"Nothing here: POST to {self._path}.")
        if request.method != "POST":
            return _say(405, "POST only.", {"Allow": "POST"})
        if (request.content_length or 0) > self._intake.limit:
            return self._too_large()
        body = _Body()
        try:
            return await self._read(request, body)
        finally:
            self._intake.inbox.release(body.reserved)

    async def _read(self, request: web.BaseRequest, body: _Body) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # the answer itself has not begun
        try:
            async with asyncio.timeout(self._body_time):
                async for data in request.content.iter_any():
                    body.data += data
                    if len(body.data) > self._intake.limit:
                        return self._too_large()
                    if not self._intake.inbox.reserve(len(data)):
                        return _say(429, "The buffer is full: Kafka is slower than the senders.", _SOON, close=True)
                    body.reserved += len(data)
        except TimeoutError:
            return _say(408, "The body took too long.", close=True)
        return await self._take(request, body)

    async def _take(self, request: web.BaseRequest, body: _Body) -> web.StreamResponse:
        peer = peer_name(request.transport.get_extra_info("peername") if request.transport else None)
        try:
            messages = self._messages(bytes(body.data))
        except DataError:
            return self._too_large()
        decoded = self._intake.decode(messages)
        if decoded.errors:
            at, error = next(iter(decoded.errors.items()))
            return _say(400, f"Message {at + 1} is {error}")
        if not decoded.values:
            return _say(400, "The body is empty.")
        chunk = self._intake.chunk(decoded, len(body.data), peer)
        chunk.receipt = receipt = Receipt(next(self._numbers), len(chunk.values))
        self._receipts[receipt.number] = receipt
        reserved, body.reserved = body.reserved, 0
        body.data.clear()
        self._intake.inbox.offer(chunk, reserved)
        return await self._wait(receipt, len(chunk.values))

    def _messages(self, body: bytes) -> list[bytes]:
        if not self._lines:
            return [body] if body else []
        lines = LineFramer(self._intake.limit)
        return lines.feed(body) + lines.end()

    async def _wait(self, receipt: Receipt, count: int) -> web.StreamResponse:
        try:
            async with asyncio.timeout(self._patience):
                await receipt.done
        except TimeoutError:
            return _say(503, "Kafka has not acknowledged in time. It may still do so: a retry may repeat.", _SOON)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return _say(503, "The task stops. Kafka may have the message: a retry may repeat.", _SOON, close=True)
        finally:
            self._receipts.pop(receipt.number, None)
        return web.json_response({"records": count})

    def _too_large(self) -> web.Response:
        return _say(413, f"At most max.message.bytes={self._intake.limit} bytes.", close=True)


class _Body:
    """A body while it comes in, and how much of the inbox is reserved for it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.reserved = 0


def _say(status: int, text: str, headers: dict[str, str] | None = None, *, close: bool = False) -> web.Response:
    response = web.Response(status=status, text=text + "\n", headers=headers)
    if close:  # what is left of the body is not worth reading
        response.force_close()
    return response
