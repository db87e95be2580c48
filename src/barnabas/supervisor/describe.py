"""Validation and descriptions of plugins: what a host that was made for one call does with plugin code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from barnabas.config import ConfigDef, key_info
from barnabas.connector import Connector, SourceConnector, Versioned
from barnabas.connector_validation import ValidationContext, built_in_converter_def, validate_connector_config
from barnabas.converters import load_converter, load_header_converter
from barnabas.converters.names import canonical_name
from barnabas.errors import ConfigError, ConnectError
from barnabas.framework_config import FrameworkView, sink_connector_def, source_connector_def
from barnabas.plugins import load
from barnabas.plugins.loading import use_home
from barnabas.supervisor.api import PluginRef
from barnabas.supervisor.board import Slot

__all__ = ["config_def_json", "validate_connector"]

_PARTS = ("key.converter", "value.converter", "header.converter")
_POLICIES = ("All", "None", "Principal", "Allowlist")


def validate_connector(
    plugin: PluginRef, props: Mapping[str, str | None], worker: Mapping[str, str], slot: Slot
) -> dict[str, Any]:
    """The REST answer for a connector configuration: the connector's own findings and the framework's.

    Args:
        plugin: The connector's class.
        props: Its configuration; values may be null.
        worker: The worker's properties: converters to show as defaults, and the override policy.
        slot: Where the calls into plugin code are shown.
    """
    with slot.calling("load"):
        connector: Connector = load(plugin)()
    given = cast("Mapping[str, str]", props)  # a null is passed on: the definition says what it thinks of it
    with slot.calling("config"):
        definition = connector.config()
    if not isinstance(definition, ConfigDef):
        raise ConnectError(
            f"{plugin.name}.config() must return a ConfigDef that is not null.",
            code="BRN-4012",
            remedy="Set the class attribute CONFIG, or return a ConfigDef.",
        )
    with slot.calling("validate"):
        values = connector.validate(given)
    if values is None:
        raise ConnectError(
            f"{plugin.name}.validate() must return a list of values that is not null.",
            code="BRN-4012",
            remedy="Return self.config().validate(props), with errors added to its values.",
        )
    kind: Literal["source", "sink"] = "source" if isinstance(connector, SourceConnector) else "sink"
    return validate_connector_config(kind, props, definition, list(values), _context(plugin, worker))


def _context(plugin: PluginRef, worker: Mapping[str, str]) -> ValidationContext:
    use_home(plugin.home)
    policy = worker.get("connector.client.config.override.policy", "All").strip()
    allowlist = worker.get("connector.client.config.override.allowlist", "")
    return ValidationContext(
        view=_view(plugin, worker),
        converter_def=_converter_def,
        policy=next((name for name in _POLICIES if name.lower() == policy.lower()), "All"),
        allowlist=tuple(key.strip() for key in allowlist.split(",") if key.strip()),
        topic_creation=worker.get("topic.creation.enable", "true").strip().lower() != "false",
    )


def _view(plugin: PluginRef, worker: Mapping[str, str]) -> FrameworkView:
    defaults = {part: canonical_name(worker[part]) or worker[part] for part in _PARTS if worker.get(part)}
    return FrameworkView(
        connector_version=None if plugin.version == "undefined" else plugin.version,
        converters=defaults,
        find_class=_find_class,
        version_of=lambda _: Versioned.version(),
    )


def _find_class(name: str) -> str | None:
    """The full name of a converter: one of ours, or anybody's that can be imported."""
    known = canonical_name(name)
    if known is not None:
        return known
    return name if _converter_def(name) is not None else None


def _converter_def(name: str) -> ConfigDef | None:
    known = built_in_converter_def(name)
    if known is not None:
        return known
    for loader in (load_converter, load_header_converter):
        try:
            return loader(name).CONFIG
        except ConnectError:
            continue
    return None


def config_def_json(plugin: PluginRef, slot: Slot) -> list[dict[str, Any]]:
    """The definition of any plugin: its own keys, then the framework's that it does not define itself."""
    with slot.calling("load"):
        found = load(plugin)()
    with slot.calling("config"):
        definition = found.config()
    if not isinstance(definition, ConfigDef):
        raise ConfigError(f"{plugin.name}.config() must return a ConfigDef that is not null.", code="BRN-4012")
    keys = dict(definition.keys)
    if isinstance(found, Connector):
        framework = source_connector_def() if isinstance(found, SourceConnector) else sink_connector_def()
        keys = {**keys, **{name: key for name, key in framework.keys.items() if name not in keys}}
    return [key_info(key) for key in keys.values() if not key.internal]
