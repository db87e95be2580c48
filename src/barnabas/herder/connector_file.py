"""The files named on the command line of ``barnabas standalone``, each of which makes one connector."""

from __future__ import annotations

from pathlib import Path

import msgspec

from barnabas.errors import ConfigError
from barnabas.herder.json_body import BodyError, create_request, parse_json, string_map
from barnabas.properties import load_properties, read_file
from barnabas.supervisor.api import TargetState

__all__ = ["ConnectorFile", "load_connector_file"]


class ConnectorFile(msgspec.Struct, frozen=True):
    """A connector to be made.

    Args:
        name: Its name; also in ``config``.
        config: Its configuration, unresolved.
        target: The state it starts in; ``None`` is STARTED.
    """

    name: str
    config: dict[str, str | None]
    target: TargetState | None = None


def load_connector_file(path: str | Path) -> ConnectorFile:
    """Read a connector file in the first of three forms that fits (KIP-980).

    1. A JSON object of texts: the configuration, with ``name``.
    2. A JSON object like the body of ``POST /connectors``: ``name``, ``config`` and perhaps ``initial_state``. Other
       members are ignored.
    3. Properties.

    Raises:
        ConfigError: It cannot be read, fits no form, or says no name or two; names the file and the key.
    """
    data = read_file(path)
    try:
        value = parse_json(data)
    except BodyError as error:
        if data.lstrip()[:1] == b"{":
            raise _unfit(path, error.message, None) from error
        return _named(path, {**load_properties(path)})
    if not isinstance(value, dict):  # a file with nothing but a JSON text, number or array: properties, at best
        return _named(path, {**load_properties(path)})
    try:
        config = string_map(value)
    except BodyError as error:
        if "config" not in value:
            raise _unfit(path, error.message, None) from error
    else:
        return _named(path, config)
    return _from_request(path, value)


def _from_request(path: str | Path, value: dict[str, object]) -> ConnectorFile:
    try:
        request = create_request(value, strict=False)
    except BodyError as error:
        raise _unfit(path, error.message, None) from error
    if not request.name or request.config is None:
        raise _missing_name(path)
    inner = request.config.setdefault("name", request.name)
    if inner != request.name:
        raise _unfit(path, f"'name' is {request.name}, but 'name' inside 'config' is {inner}", "name")
    return ConnectorFile(request.name, request.config, request.target)


def _named(path: str | Path, config: dict[str, str | None]) -> ConnectorFile:
    name = config.get("name")
    if not name:
        raise _missing_name(path)
    return ConnectorFile(name, config)


def _missing_name(path: str | Path) -> ConfigError:
    return ConfigError(
        f"Connector configuration at '{path}' is missing the mandatory 'name' configuration.",
        key="name",
        remedy="Give the connector a name, unique on this worker.",
        code="BRN-1012",
    )


def _unfit(path: str | Path, why: str, key: str | None) -> ConfigError:
    return ConfigError(
        f"Connector configuration at '{path}' cannot be used: {why.rstrip('.')}.",
        key=key,
        remedy='Write properties, a flat JSON object, or {"name": …, "config": {…}}.',
        code="BRN-1013",
    )
