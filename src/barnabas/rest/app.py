"""The API as one ASGI application."""

from __future__ import annotations

from typing import Literal

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from barnabas.herder.base import Herder
from barnabas.rest.answers import HttpError, error_answer
from barnabas.rest.connectors import ConnectorHandlers
from barnabas.rest.forward import Forwarding
from barnabas.rest.loggers import LoggerHandlers
from barnabas.rest.resource import Handler, Resource
from barnabas.rest.worker import WorkerHandlers

__all__ = ["Part", "make_app", "routes"]

_ADMIN = "/admin/"
_GATED = ("/connectors", "/workers", "/barnabas")
_VALIDATE = "/connector-plugins/{name}/config/validate"
_JSON_BODIES = {
    "/connectors": "POST",
    "/connectors/{name}/config": "PUT PATCH",
    "/connectors/{name}/offsets": "PATCH",
    _VALIDATE: "PUT",
    "/admin/loggers/{name}": "PUT",
}


Part = Literal["all", "connectors", "admin"]
"""Which routes: those below ``/admin`` may have listeners of their own."""


def make_app(herder: Herder, part: Part = "all") -> ASGIApp:
    """The routes, over a herder."""
    table = routes(herder)
    if part != "all":
        table = {path: handlers for path, handlers in table.items() if path.startswith(_ADMIN) == (part == "admin")}
    forward = Forwarding(herder)

    def resource(path: str, handlers: dict[str, Handler]) -> Resource:
        gate = herder.until_started if path.startswith(_GATED) else None
        stage = herder.stage if path != _VALIDATE else lambda: herder.stage().rstrip(".")
        return Resource(handlers, frozenset(_JSON_BODIES.get(path, "").split()), forward, gate, stage)

    entries = [Route(path, resource(path, handlers)) for path, handlers in table.items()]
    return _RawPaths(Router(entries, redirect_slashes=False, default=_not_found))


def routes(herder: Herder) -> dict[str, dict[str, Handler]]:
    """What handles each method of each path."""
    worker, connectors, loggers = WorkerHandlers(herder), ConnectorHandlers(herder), LoggerHandlers(herder)
    one = "/connectors/{name}"
    return {
        "/": {"GET": worker.root},
        "/health": {"GET": worker.health},
        "/barnabas/tasks": {"GET": worker.task_stats},
        "/openapi.json": {"GET": worker.openapi},
        "/workers": {"GET": worker.workers},
        "/connector-plugins": {"GET": worker.plugins},
        "/connector-plugins/{name}/config": {"GET": worker.plugin_config},
        _VALIDATE: {"PUT": worker.validate},
        "/connectors": {"GET": connectors.collection, "POST": connectors.create},
        one: {"GET": connectors.info, "DELETE": connectors.delete},
        f"{one}/config": {
            "GET": connectors.config,
            "PUT": connectors.put_config,
            "PATCH": connectors.patch_config,
        },
        f"{one}/status": {"GET": connectors.status},
        f"{one}/pause": {"PUT": connectors.pause},
        f"{one}/resume": {"PUT": connectors.resume},
        f"{one}/stop": {"PUT": connectors.stop},
        f"{one}/restart": {"POST": connectors.restart},
        f"{one}/tasks": {"GET": connectors.tasks, "POST": connectors.put_task_configs},
        f"{one}/tasks/{{task}}/status": {"GET": connectors.task_status},
        f"{one}/tasks/{{task}}/restart": {"POST": connectors.restart_task},
        f"{one}/topics": {"GET": connectors.topics},
        f"{one}/topics/reset": {"PUT": connectors.reset_topics},
        f"{one}/offsets": {
            "GET": connectors.offsets,
            "PATCH": connectors.alter_offsets,
            "DELETE": connectors.reset_offsets,
        },
        f"{one}/fence": {"PUT": connectors.fence},
        "/admin/loggers": {"GET": loggers.all},
        "/admin/loggers/{name}": {"GET": loggers.one, "PUT": loggers.set},
    }


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await error_answer(HttpError(404))(scope, receive, send)


class _RawPaths:
    """Routes by the path as it was sent, so that ``%2F`` in a connector's name does not end a segment.

    A slash at the end makes no difference.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["raw_path"].decode("latin-1")
            scope = {**scope, "path": path[:-1] if path.endswith("/") and path != "/" else path}
        await self._app(scope, receive, send)
