"""Binding REST's ports, early: a port that is taken is said before anything else is started."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barnabas.herder.listeners import HttpListener

__all__ = ["bind_all"]

_BACKLOG = 1024


def bind_all(listeners: Iterable[HttpListener]) -> list[socket.socket]:
    """A listening socket for each listener, in order; connections wait in it until the server takes them.

    Raises:
        ConfigError: One of them cannot be had; none stays bound.
    """
    bound: list[socket.socket] = []
    try:
        for listener in listeners:
            bound.append(_bind(listener))  # noqa: PERF401  what is bound already is closed when one fails
    except ConfigError:
        for sock in bound:
            sock.close()
        raise
    return bound


def _bind(listener: HttpListener) -> socket.socket:
    try:
        if not listener.host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", listener.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
            )
        family, _, _, _, address = socket.getaddrinfo(
            listener.host or None, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise _refused(listener, error) from error


def _refused(listener: HttpListener, error: OSError) -> ConfigError:
    if isinstance(error, socket.gaierror):
        why = f"the host {listener.host} is unknown"
        remedy = "Use a name or address of this machine, or none to listen on all interfaces."
    elif error.errno == errno.EADDRINUSE:
        why = f"port {listener.port} is in use by another program"
        remedy = "Stop the program that has it, or choose another port."
    elif error.errno == errno.EADDRNOTAVAIL:
        why = f"{listener.host} is no address of this machine"
        remedy = "Use a name or address of this machine, or none to listen on all interfaces."
    elif error.errno == errno.EACCES:
        why = f"this user may not listen on port {listener.port}"
        remedy = "Choose a port from 1024 on."
    else:
        why = os.strerror(error.errno) if error.errno else str(error)
        remedy = "Choose another address or port."
    return ConfigError(f"Cannot listen on {listener}: {why}.", code="BRN-1050", key="listeners", remedy=remedy)
