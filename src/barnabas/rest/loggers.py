"""Handlers of ``/admin/loggers`` (KIP-495, KIP-976)."""

from __future__ import annotations

import logging
from typing import Final

from starlette.responses import Response

from barnabas.errors import NotFoundError
from barnabas.herder.base import BadRequestError, Herder, RequestError
from barnabas.log_levels import is_level
from barnabas.rest.answers import empty, json_answer
from barnabas.rest.resource import Call

__all__ = ["LoggerHandlers"]

log = logging.getLogger(__name__)

_WORKER: Final = "worker"
_CLUSTER: Final = "cluster"


class LoggerHandlers:
    """Each method handles one route; see docs/rest.md for what they answer."""

    def __init__(self, herder: Herder) -> None:
        self._herder = herder

    async def all(self, call: Call) -> Response:
        """``GET /admin/loggers``."""
        del call
        return json_answer(self._herder.loggers())

    async def one(self, call: Call) -> Response:
        """``GET /admin/loggers/{name}``."""
        return json_answer(self._herder.logger(call.name()))

    async def set(self, call: Call) -> Response:
        """``PUT /admin/loggers/{name}``, for this worker or with ``scope=cluster`` for all."""
        level = (await call.string_map()).get("level")
        if level is None:
            raise BadRequestError(
                "Desired 'level' parameter was not specified in request.", key="level", code="BRN-3139"
            )
        if not level:
            raise RequestError("Illegal null or empty Level name.", key="level", code="BRN-3140")
        if not is_level(level):
            raise NotFoundError(f"invalid log level '{level}'.", key="level", code="BRN-3140")
        name, scope = call.name(), call.query.get("scope", _WORKER).lower()
        if scope == _CLUSTER:
            await self._herder.set_cluster_logger(name, level.upper())
            return empty()
        if scope != _WORKER:
            log.warning("Unknown scope %s of a log level: only this worker changes.", scope)
        return json_answer(self._herder.set_logger(name, level))
