"""Handlers of everything below ``/connectors``."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from barnabas.errors import NotFoundError
from barnabas.herder.base import BadRequestError, Created, Herder
from barnabas.herder.json_body import BodyError, create_request, string_map
from barnabas.herder.offsets import requested_offsets
from barnabas.rest.answers import empty, json_answer
from barnabas.rest.resource import Call

__all__ = ["ConnectorHandlers"]

_UNESCAPED = "/!$&'()*+,;=:@"


class ConnectorHandlers:
    """Each method handles one route; see docs/rest.md for what they answer."""

    def __init__(self, herder: Herder) -> None:
        self._herder = herder

    # ------------------------------------------------------------------ the collection
    async def collection(self, call: Call) -> Response:
        """``GET /connectors``."""
        names = self._herder.connectors()
        wanted = call.query.getlist("expand")
        if not wanted:
            return json_answer(names)
        expanded: dict[str, Any] = {}
        for name in names:
            with contextlib.suppress(NotFoundError):  # one without a status yet is left out
                expanded[name] = self._expanded(name, wanted)
        return json_answer(expanded)

    def _expanded(self, name: str, wanted: list[str]) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if "status" in wanted:
            entry["status"] = self._herder.status(name)
        if "info" in wanted:
            entry["info"] = self._herder.connector_info(name)
        return entry

    async def create(self, call: Call) -> Response:
        """``POST /connectors``."""
        value = await call.json()
        if value is None:
            raise BodyError("The request has no body, or a null one.")
        request = create_request(value)
        if request.config is None:
            raise BodyError("The request has no configuration: 'config' is missing or null.")
        name = (request.name or "").strip()
        config = _with_name(name, request.config)
        created = await self._herder.put_connector(name, config, target=request.target, replace=False)
        return _stored(call, name, created)

    # ------------------------------------------------------------------ one connector
    async def info(self, call: Call) -> Response:
        """``GET /connectors/{name}``."""
        return json_answer(self._herder.connector_info(call.name()))

    async def delete(self, call: Call) -> Response:
        """``DELETE /connectors/{name}``."""
        await self._herder.delete_connector(call.name())
        return empty()

    async def config(self, call: Call) -> Response:
        """``GET /connectors/{name}/config``."""
        return json_answer(self._herder.connector_config(call.name()))

    async def put_config(self, call: Call) -> Response:
        """``PUT /connectors/{name}/config``."""
        name = call.name()
        config = _with_name(name, await call.string_map())
        return _stored(call, name, await self._herder.put_connector(name, config))

    async def patch_config(self, call: Call) -> Response:
        """``PATCH /connectors/{name}/config``."""
        return json_answer(await self._herder.patch_config(call.name(), await call.string_map()))

    async def status(self, call: Call) -> Response:
        """``GET /connectors/{name}/status``."""
        return json_answer(self._herder.status(call.name()))

    async def pause(self, call: Call) -> Response:
        """``PUT /connectors/{name}/pause``."""
        await self._herder.pause(call.name())
        return empty(202)

    async def resume(self, call: Call) -> Response:
        """``PUT /connectors/{name}/resume``."""
        await self._herder.resume(call.name())
        return empty(202)

    async def stop(self, call: Call) -> Response:
        """``PUT /connectors/{name}/stop``."""
        await self._herder.stop_connector(call.name())
        return empty()

    async def restart(self, call: Call) -> Response:
        """``POST /connectors/{name}/restart``."""
        only_failed, include_tasks = call.flag("onlyFailed"), call.flag("includeTasks")
        if not only_failed and not include_tasks:
            await self._herder.restart_connector(call.name())
            return empty()
        plan = await self._herder.restart(call.name(), only_failed=only_failed, include_tasks=include_tasks)
        return json_answer(plan, 202)

    # ------------------------------------------------------------------ tasks
    async def tasks(self, call: Call) -> Response:
        """``GET /connectors/{name}/tasks``."""
        return json_answer(self._herder.task_infos(call.name()))

    async def put_task_configs(self, call: Call) -> Response:
        """``POST /connectors/{name}/tasks``, from other workers only."""
        configs = await call.json()
        if not isinstance(configs, list) or not all(isinstance(config, dict) for config in configs):
            raise BodyError("Task configurations are a list of objects.")
        maps = [{key: value for key, value in string_map(config).items() if value is not None} for config in configs]
        await self._herder.put_task_configs(call.name(), maps, call.headers, await call.body())
        return empty()

    async def fence(self, call: Call) -> Response:
        """``PUT /connectors/{name}/fence``, from other workers only."""
        await self._herder.fence_zombies(call.name(), call.headers, await call.body())
        return empty()

    async def task_status(self, call: Call) -> Response:
        """``GET /connectors/{name}/tasks/{task}/status``."""
        return json_answer(self._herder.status_of_task(call.task()))

    async def restart_task(self, call: Call) -> Response:
        """``POST /connectors/{name}/tasks/{task}/restart``."""
        await self._herder.restart_task(call.task())
        return empty()

    # ------------------------------------------------------------------ topics and offsets
    async def topics(self, call: Call) -> Response:
        """``GET /connectors/{name}/topics``."""
        name = call.name()
        return json_answer({name: {"topics": self._herder.topics(name)}})

    async def reset_topics(self, call: Call) -> Response:
        """``PUT /connectors/{name}/topics/reset``."""
        await self._herder.reset_topics(call.name())
        return empty(202)

    async def offsets(self, call: Call) -> Response:
        """``GET /connectors/{name}/offsets``."""
        return json_answer({"offsets": await self._herder.offsets(call.name())})

    async def alter_offsets(self, call: Call) -> Response:
        """``PATCH /connectors/{name}/offsets``."""
        wanted = requested_offsets(await call.json(number_texts=False))
        return json_answer({"message": await self._herder.alter_offsets(call.name(), wanted)})

    async def reset_offsets(self, call: Call) -> Response:
        """``DELETE /connectors/{name}/offsets``."""
        return json_answer({"message": await self._herder.alter_offsets(call.name(), None)})


def _with_name(name: str, config: dict[str, str | None]) -> dict[str, str | None]:
    """The configuration with the name in it, which it may leave out but not contradict."""
    included = config.get("name")
    if included is None:
        return {**config, "name": name}
    if included != name:
        raise BadRequestError(
            f"Connector name configuration ({included}) doesn't match connector name in the URL ({name})", key="name"
        )
    return config


def _stored(call: Call, name: str, created: Created) -> Response:
    if not created.created:
        return json_answer(created.info)
    location = call.url_of(f"/connectors/{quote(name, safe=_UNESCAPED)}")
    return json_answer(created.info, 201, {"Location": location})
