"""What a configuration has to pass before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barnabas.errors import ConnectError, PluginError
from barnabas.herder.base import BadRequestError, Plugins
from barnabas.herder.java_text import map_text
from barnabas.supervisor.api import PluginRef, Supervisor

__all__ = ["connector_class", "connector_type", "refuse_errors", "validate"]


def connector_class(config: Mapping[str, str | None], plugins: Plugins) -> PluginRef:
    """The class a configuration names.

    Raises:
        BadRequestError: It names none, or one that there is not.
    """
    name = config.get("connector.class")
    if name is None:
        raise BadRequestError(
            f"Connector config {map_text(config)} contains no connector type",
            key="connector.class",
            remedy="Set connector.class.",
        )
    try:
        return plugins.find_connector(name)
    except PluginError as error:
        raise BadRequestError(error.message, code=error.code, key="connector.class", remedy=error.remedy) from error


def connector_type(config: Mapping[str, str | None] | None, plugins: Plugins) -> str:
    """``source``, ``sink`` or ``unknown``."""
    try:
        return plugins.find_connector((config or {}).get("connector.class") or "").kind
    except ConnectError:
        return "unknown"


async def validate(config: Mapping[str, str | None], plugins: Plugins, supervisor: Supervisor) -> dict[str, Any]:
    """Have a configuration validated, in a process of its own: the answer of ``…/config/validate``.

    Raises:
        BadRequestError: There is no class to ask.
        ConnectError: Validation itself failed, or hung past ``connector.call.timeout.ms``.
    """
    plugin = connector_class(config, plugins)
    return await supervisor.validate(plugin, config)


def refuse_errors(answer: Mapping[str, Any]) -> None:
    """Turn a validation answer that has errors into the error of a request to create or change a connector."""
    count = answer["error_count"]
    if not count:
        return
    messages = [message for entry in answer["configs"] for message in entry["value"]["errors"]]
    lines = "".join(f"\n{message}" for message in messages)
    raise BadRequestError(
        f"Connector configuration is invalid and contains the following {count} error(s):{lines}\n"
        "You can also find the above list of errors at the endpoint "
        "`/connector-plugins/{connectorType}/config/validate`",
        code="BRN-3022",
    )
