"""The HTTP server: uvicorn in our event loop, on sockets that are bound already, without its signal handlers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import zip_longest

import uvicorn
from starlette.types import ASGIApp

from barnabas.herder.listeners import HttpListener

__all__ = ["serve"]

_KEEP_ALIVE = 30
_CLOSE_AFTER = 5
_POLL = 0.005


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    listeners: Sequence[HttpListener] = (),
    props: Mapping[str, str] | None = None,
    *,
    prefix: str = "listeners.https.",
) -> AsyncIterator[None]:
    """Serve an application while the context is open; on leaving it, requests under way get a few seconds.

    Args:
        app: See :func:`barnabas.rest.make_app`.
        sockets: Listening sockets; closed at the end.
        listeners: What each socket is for, in the same order: https makes it speak TLS.
        props: The worker's properties, for the TLS of https listeners.
        prefix: Of those that win there over plain ``ssl.*``.

    Raises:
        ConfigError: The TLS settings of an https listener cannot be used.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for (
        sock
    ) in sockets:  # inherited by connections; without it each answer waits 40 ms for the client's acknowledgement
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    servers = [_server(app, listener, props or {}, prefix) for _, listener in zip_longest(sockets, listeners)]
    running = [
        asyncio.create_task(server.serve([sock]), name="REST server")
        for server, sock in zip(servers, sockets, strict=True)
    ]
    try:
        while not all(server.started for server in servers):
            for task in running:
                if task.done():
                    await task  # raises what went wrong
            await asyncio.sleep(_POLL)
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)
        for sock in sockets:
            sock.close()


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp, listener: HttpListener | None, props: Mapping[str, str], prefix: str) -> _Server:
    config = uvicorn.Config(
        app,
        loop="none",
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_CLOSE_AFTER,
    )
    config.load()
    if listener is not None and listener.scheme == "https":
        from barnabas.rest.tls import server_context  # noqa: PLC0415  TLS costs memory that http has no use for

        config.ssl = server_context(props, prefix)
    return _Server(config)
