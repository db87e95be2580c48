"""The HTTP server: sockets first, so that a port in use is known before anything starts; then uvicorn in our loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

from barnabas.errors import ConfigError
from barnabas.herder.listeners import HttpListener

__all__ = ["BoundListener", "RestServer", "bind_listeners"]

_BACKLOG = 128
_KEEP_ALIVE = 30
_CLOSE_AFTER = 5


class BoundListener(NamedTuple):
    """A listener with its socket, which accepts connections but answers none yet."""

    listener: HttpListener
    socket: socket.socket

    @property
    def port(self) -> int:
        """The port it got."""
        return int(self.socket.getsockname()[1])


def bind_listeners(listeners: Iterable[HttpListener]) -> list[BoundListener]:
    """Bind all listeners, or none.

    Raises:
        ConfigError: One of them cannot be bound: the port is taken, the host unknown or not ours.
    """
    bound: list[BoundListener] = []
    try:
        for listener in listeners:
            bound.append(BoundListener(listener, _bind(listener)))
    except OSError as error:
        for done in bound:
            done.socket.close()
        raise ConfigError(
            f"Cannot listen on {listener}: {(error.strerror or str(error)).lower()}.",
            key="listeners",
            remedy="Stop what uses the port, or set listeners to another one, such as http://:8084.",
            code="BRN-1042",
        ) from error
    return bound


def _bind(listener: HttpListener) -> socket.socket:
    if not listener.host:
        if socket.has_dualstack_ipv6():
            address = ("", listener.port)
            return socket.create_server(address, family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
        return socket.create_server(("", listener.port), backlog=_BACKLOG)
    found = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    found.sort(key=lambda info: info[0] != socket.AF_INET)  # as Java does, IPv4 where a name has both
    family, _, _, _, sockaddr = found[0]
    return socket.create_server(sockaddr[:2], family=family, backlog=_BACKLOG)


class RestServer:
    """Serves an application on bound listeners, in the running event loop; leaves signals alone.

    Args:
        app: See :func:`barnabas.rest.make_app`.
        bound: From :func:`bind_listeners`; closed by :meth:`stop`.
        props: The worker's properties, for the TLS of https listeners.

    Raises:
        ConfigError: The TLS settings of an https listener cannot be used.
    """

    def __init__(self, app: ASGIApp, bound: Sequence[BoundListener], props: Mapping[str, str]) -> None:
        self._bound = bound
        self._servers = [_server(app, entry, props) for entry in bound]
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start answering; returns once all listeners do."""
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        for server, bound in zip(self._servers, self._bound, strict=True):
            self._running.append(asyncio.create_task(server.serve([bound.socket]), name=f"REST {bound.listener}"))
        while not all(server.started for server in self._servers):
            for task in self._running:
                if task.done():
                    await task  # raises what went wrong
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close the listeners; requests under way get a few seconds."""
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._running)
        for bound in self._bound:
            bound.socket.close()


class _Server(uvicorn.Server):
    """A server that does not take the signals of the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp, bound: BoundListener, props: Mapping[str, str]) -> _Server:
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
        backlog=_BACKLOG,
    )
    config.load()
    if bound.listener.scheme == "https":
        from barnabas.rest.tls import server_context  # noqa: PLC0415  TLS costs memory that http has no use for

        config.ssl = server_context(props)
    return _Server(config)
