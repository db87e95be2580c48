"""Validation and descriptions of plugins: what a host that was made for one call does with plugin code."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from barnabas.class_library import CURRENT, NamedClass
from barnabas.config import ConfigDef, ConfigValue, key_info, version_range
from barnabas.connector import (
    Connector,
    ConnectorTransactionBoundaries,
    ExactlyOnceSupport,
    SinkConnector,
    SourceConnector,
)
from barnabas.connector_validation import ValidationContext, refuse_version, validate_connector_config
from barnabas.errors import ConfigError, ConnectError
from barnabas.framework_config import FrameworkView, sink_connector_def, source_connector_def
from barnabas.overrides import exactly_once_enabled, policy_of, worker_group
from barnabas.plugins import load
from barnabas.record import TopicPartition
from barnabas.supervisor.api import PluginRef
from barnabas.supervisor.board import Slot
from barnabas.supervisor.library import offers, open_library

__all__ = ["alter_offsets", "config_def_json", "validate_connector"]

log = logging.getLogger(__name__)

_PARTS = ("key.converter", "value.converter", "header.converter")
_DEFAULTS = {"header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter"}


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
    view = _view(plugin, worker)
    refused = _refuse_version(plugin, props, view)
    if refused is not None:
        return refused
    with slot.calling("load"):
        connector: Connector = load(plugin)()
    given = cast("Mapping[str, str]", props)  # a null is passed on: the definition says what it thinks of it
    token = CURRENT.set(view.library)
    try:
        definition, values = _asked(plugin, connector, given, slot)
    finally:
        CURRENT.reset(token)
    kind: Literal["source", "sink"] = "source" if isinstance(connector, SourceConnector) else "sink"
    context = _context(view, worker)
    if isinstance(connector, SourceConnector) and context.exactly_once is not None:
        with slot.calling("validate"):
            context = _with_promises(context, connector, given)
    return validate_connector_config(kind, props, definition, values, context)


def _asked(
    plugin: PluginRef, connector: Connector, props: Mapping[str, str], slot: Slot
) -> tuple[ConfigDef, list[ConfigValue]]:
    """What the connector itself says of its configuration."""
    with slot.calling("config"):
        definition = connector.config()
    if not isinstance(definition, ConfigDef):
        raise ConnectError(
            f"{plugin.name}.config() must return a ConfigDef that is not null.",
            code="BRN-4012",
            remedy="Set the class attribute CONFIG, or return a ConfigDef.",
        )
    with slot.calling("validate"):
        values = connector.validate(props)
    if values is None:
        raise ConnectError(
            f"{plugin.name}.validate() must return a list of values that is not null.",
            code="BRN-4012",
            remedy="Return self.config().validate(props), with errors added to its values.",
        )
    return definition, list(values)


def _refuse_version(plugin: PluginRef, props: Mapping[str, str | None], view: FrameworkView) -> dict[str, Any] | None:
    """The answer if ``connector.plugin.version`` asks for another version than there is; that decides before all else.

    Raises:
        ConfigError: it is malformed.
    """
    version_range(props.get("connector.plugin.version"))
    if plugin.version == "undefined":
        return None
    return refuse_version(NamedClass(plugin.name, (plugin.version,)), props, view)


def _context(view: FrameworkView, worker: Mapping[str, str]) -> ValidationContext:
    return ValidationContext(
        view=view,
        policy=policy_of(worker),
        topic_creation=worker.get("topic.creation.enable", "true").strip().lower() != "false",
        worker_group=worker_group(worker),
        exactly_once=exactly_once_enabled(worker),
    )


def _with_promises(
    context: ValidationContext, connector: SourceConnector, props: Mapping[str, str]
) -> ValidationContext:
    """What a source says of exactly-once delivery with this configuration, asked only where it asks for that."""
    promised: ExactlyOnceSupport | None = None
    boundaries = False
    if (props.get("exactly.once.support") or "").strip().lower() == "required":
        promised = connector.exactly_once_support(props)
    if (props.get("transaction.boundary") or "").strip().lower() == "connector":
        boundaries = connector.can_define_transaction_boundaries(props) is ConnectorTransactionBoundaries.SUPPORTED
    support: Literal["supported", "unsupported"] | None = None
    if promised is not None:
        support = "supported" if promised is ExactlyOnceSupport.SUPPORTED else "unsupported"
    return replace(context, exactly_once_support=support, defines_boundaries=boundaries)


def _view(plugin: PluginRef, worker: Mapping[str, str]) -> FrameworkView:
    library = open_library(plugin.home, worker.get("plugin.path"))
    defaults = {}
    for part in _PARTS:
        name = worker.get(part) or _DEFAULTS.get(part)
        if name:
            found = library("header_converter" if part == "header.converter" else "converter", name)
            defaults[part] = found.name if found is not None else name
    return FrameworkView(
        connector_version=_version(plugin),
        converters=defaults,
        library=library,
        offers=offers(),
    )


def _version(plugin: PluginRef) -> str | None:
    return None if plugin.version == "undefined" else plugin.version


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
        view = FrameworkView(connector_version=_version(plugin))
        framework = source_connector_def(view) if isinstance(found, SourceConnector) else sink_connector_def(view)
        keys = {**keys, **{name: key for name, key in framework.keys.items() if name not in keys}}
    return [key_info(key) for key in keys.values() if not key.internal]


def alter_offsets(plugin: PluginRef, props: Mapping[str, str], offsets: Sequence[tuple[Any, Any]], slot: Slot) -> bool:
    """What a connector says to offsets that a user wants; see :meth:`barnabas.SourceConnector.alter_offsets`.

    Args:
        plugin: The connector's class; the object is not started.
        props: Its configuration, resolved.
        offsets: See :class:`barnabas.supervisor.channel.AlterOffsets`.
        slot: Where the call is shown.

    Raises:
        ConnectError: It refuses.
    """
    with slot.calling("load"):
        connector: Connector = load(plugin)()
    kind = "sink" if isinstance(connector, SinkConnector) else "source"
    try:
        with slot.calling("alter_offsets"):
            if isinstance(connector, SinkConnector):
                return connector.alter_offsets(props, {TopicPartition(*place): offset for place, offset in offsets})
            return cast("SourceConnector", connector).alter_offsets(
                props, {_as_key(partition): offset for partition, offset in offsets}
            )
    except NotImplementedError as error:
        raise ConnectError(
            f"Failed to modify offsets for connector {props['name']} because it doesn't support external modification "
            "of offsets",
            code="BRN-3133",
        ) from error
    except ConnectError:
        raise
    except Exception as error:
        log.exception("%s.alter_offsets failed.", plugin.name)
        raise ConnectError(f"Failed to modify offsets for {kind} connector {props['name']}", code="BRN-3134") from error


def _as_key(partition: Mapping[str, Any] | None) -> Any:
    return None if partition is None else tuple(partition.items())
