"""Handlers of what is about the worker: version, health, plugins, task counters."""

from __future__ import annotations

from starlette.responses import Response

from barnabas.herder.base import BadRequestError, Herder
from barnabas.rest.answers import json_answer
from barnabas.rest.resource import Call

__all__ = ["WorkerHandlers"]

_HEALTH_STATUS = {"healthy": 200, "starting": 503, "unhealthy": 500}


class WorkerHandlers:
    """Each method handles one route; see docs/rest.md for what they answer."""

    def __init__(self, herder: Herder) -> None:
        self._herder = herder

    async def root(self, call: Call) -> Response:
        """``GET /``."""
        del call
        return json_answer(self._herder.server_info())

    async def health(self, call: Call) -> Response:
        """``GET /health``."""
        del call
        health = await self._herder.health()
        return json_answer(health, _HEALTH_STATUS[health.status])

    async def openapi(self, call: Call) -> Response:
        """``GET /openapi.json``."""
        del call
        from barnabas.rest.openapi import document  # noqa: PLC0415  takes memory that few workers need

        return json_answer(document())

    async def task_stats(self, call: Call) -> Response:
        """``GET /barnabas/tasks``."""
        del call
        return json_answer(self._herder.task_stats())

    async def workers(self, call: Call) -> Response:
        """``GET /workers``."""
        del call
        return json_answer(await self._herder.workers())

    async def plugins(self, call: Call) -> Response:
        """``GET /connector-plugins``."""
        return json_answer(self._herder.plugins(connectors_only=call.flag("connectorsOnly", default=True)))

    async def plugin_config(self, call: Call) -> Response:
        """``GET /connector-plugins/{name}/config?version=…``."""
        return json_answer(await self._herder.plugin_config(call.name(), call.query.get("version")))

    async def validate(self, call: Call) -> Response:
        """``PUT /connector-plugins/{name}/config/validate``."""
        config = await call.string_map()
        wanted, included = call.name(), config.get("connector.class")
        if included is not None and not _short(included).endswith(_short(wanted)):
            raise BadRequestError(
                f"Included connector type {included} does not match request type {wanted}", key="connector.class"
            )
        return json_answer(await self._herder.validate(config))


def _short(name: str) -> str:
    return name.removesuffix("Connector") or name
