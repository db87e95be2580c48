"""The REST server of a worker, put together from its configuration."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from starlette.types import ASGIApp

from barnabas.herder.base import Herder
from barnabas.herder.worker_config import WorkerConfig
from barnabas.rest.app import Part, make_app
from barnabas.rest.header_rules import parse_header_rules
from barnabas.rest.middleware import CrossOrigin, RequestLog, ResponseHeaders
from barnabas.rest.server import serve

__all__ = ["open_rest"]

_ADMIN_PREFIX: Final = "admin.listeners.https."


@contextlib.asynccontextmanager
async def open_rest(herder: Herder, config: WorkerConfig, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve the API while the context is open.

    Args:
        herder: The worker.
        config: Says how.
        sockets: Listening, one for each of ``config.listeners``, then one for each of ``config.admin_listeners``.

    Raises:
        ConfigError: A setting cannot be used.
    """
    count = len(config.listeners)
    main: Part = "all" if config.admin_listeners is None else "connectors"
    surround = _surroundings(config)
    async with contextlib.AsyncExitStack() as undo:
        app: ASGIApp = make_app(herder, main)
        names = [name.strip() for name in config.values["rest.extension.classes"] if name.strip()]
        if names:
            from barnabas.rest.extensions import extended  # noqa: PLC0415  takes memory that few workers need

            app = undo.enter_context(extended(app, herder, names, config.props))
        app = surround(app)
        await undo.enter_async_context(serve(app, sockets[:count], config.listeners, config.props))
        if config.admin_listeners:
            admin = surround(make_app(herder, "admin"))
            own = serve(admin, sockets[count:], config.admin_listeners, config.props, prefix=_ADMIN_PREFIX)
            await undo.enter_async_context(own)
        yield


def _surroundings(config: WorkerConfig) -> Callable[[ASGIApp], ASGIApp]:
    values: Any = config.values
    rules = parse_header_rules(values["response.http.headers.config"])
    origins = values["access.control.allow.origin"]

    def surround(app: ASGIApp) -> ASGIApp:
        if origins.strip():
            app = CrossOrigin(app, origins.split(","), values["access.control.allow.methods"].split(","))
        if rules:
            app = ResponseHeaders(app, rules)
        return RequestLog(app)

    return surround
