"""The answer to "is this connector configuration right?": pure, no plugin code, no I/O.

Whoever calls it has asked the connector for its definition and its own findings already, in the connector's process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from barnabas._config.client_keys import ADMIN_KEYS, CONSUMER_KEYS, PRODUCER_KEYS
from barnabas._config.hash_order import hash_order
from barnabas._config.infos import config_infos, key_info, merge_infos, value_info
from barnabas._config.parsing import parse_value
from barnabas._config.types import ConfigKey, ConfigValue
from barnabas.class_library import NamedClass, version_refusal
from barnabas.config import ConfigDef
from barnabas.connector_checks import (
    Found,
    check_exactly_once,
    check_group,
    check_nulls,
    check_own,
    check_topics,
    refuse_null,
)
from barnabas.framework_config import FrameworkView, common_connector_def, sink_connector_def, source_connector_def
from barnabas.overrides import ALLOW_ALL, OverridePolicy, clients_in_use
from barnabas.step_trial import try_steps
from barnabas.transform_config import define_steps

__all__ = ["ValidationContext", "refuse_version", "validate_connector_config"]

Props = Mapping[str, str | None]
Json = dict[str, Any]

_CLIENT_KEYS: Final = {"producer": PRODUCER_KEYS, "admin": ADMIN_KEYS, "consumer": CONSUMER_KEYS}


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What the worker contributes to the answer.

    Attributes:
        view: Defaults, versions and classes to show.
        policy: Which client settings a connector may override.
        topic_creation: Whether the worker creates topics for sources.
        worker_group: The ``group.id`` of a distributed worker; ``None``: standalone.
        exactly_once: Whether a distributed worker has exactly-once support for sources; ``None``: standalone.
        exactly_once_support: What the connector says of itself, with this configuration; ``None``: nothing.
        defines_boundaries: Whether the connector can say where transactions end.
    """

    view: FrameworkView = field(default_factory=FrameworkView)
    policy: OverridePolicy = ALLOW_ALL
    topic_creation: bool = True
    worker_group: str | None = None
    exactly_once: bool | None = None
    exactly_once_support: Literal["supported", "unsupported"] | None = None
    defines_boundaries: bool = False


def validate_connector_config(
    kind: Literal["source", "sink"],
    props: Props,
    connector_def: ConfigDef,
    connector_values: list[ConfigValue] | None = None,
    context: ValidationContext | None = None,
) -> Json:
    """Validate a whole connector configuration.

    Args:
        kind: What ``connector.class`` is.
        props: The configuration with placeholders resolved; a value may be ``None`` (JSON null).
        connector_def: What the connector's ``config()`` gave.
        connector_values: What its ``validate()`` gave; derived from ``connector_def`` if not given.
        context: What the worker contributes.

    Returns:
        The JSON answer of ``PUT /connector-plugins/{plugin}/config/validate``. ``error_count`` counts messages for the
        connector's own keys, and keys with messages for converters and client overrides.

    Raises:
        ConfigError: a client override cannot even be parsed; the REST answer is then a plain error.
    """
    context = context or ValidationContext()
    framework = define_steps(_framework_def(kind, props, context.view), props, context.view)
    values = _by_name(framework.validate(props, find_class=context.view.find_class))
    if kind == "sink":
        check_topics(props, values)
        check_group(props, values, context.worker_group)
    else:
        if context.exactly_once is False:  # otherwise Kafka Connect does not look
            refuse_null(props, "offsets.storage.topic")
        check_exactly_once(
            values,
            enabled=context.exactly_once,
            support=context.exactly_once_support,
            boundaries=context.defines_boundaries,
        )
    check_nulls(props, values)
    check_own(props, values)
    own = connector_def.validate(props) if connector_values is None else connector_values
    converters = [_converter_section(part, props, values, context.view) for part in ("key", "value", "header")]
    try_steps(props, values, context.view.library)
    base = config_infos(
        props.get("connector.class") or "",
        {**framework.keys, **connector_def.keys},
        [*_hashed(values), *_hashed(_by_name(own))],
        [*framework.groups, *connector_def.groups],
    )
    return merge_infos(base, *converters, *_override_sections(kind, props, context))


def refuse_version(connector: NamedClass, props: Props, view: FrameworkView) -> Json | None:
    """The answer where no installed version of the connector is the one asked for; ``None``: one is.

    Only the keys that all connectors have are shown then. A version that is malformed is no case of it.
    """
    refusal = version_refusal(connector, props.get("connector.plugin.version"))
    if refusal is None:
        return None
    definition = common_connector_def(FrameworkView(connector_version=view.connector_version, library=view.library))
    values = _by_name(definition.validate(props, find_class=view.find_class))
    for name in ("connector.class", "connector.plugin.version"):
        values[name].add_error(refusal)
    check_nulls(props, values)
    return config_infos(props.get("connector.class") or "", definition.keys, _hashed(values), definition.groups)


def _framework_def(kind: str, props: Props, view: FrameworkView) -> ConfigDef:
    definition = sink_connector_def(view) if kind == "sink" else source_connector_def(view)
    for part in ("key", "value", "header"):
        given = props.get(f"{part}.converter")
        if given is not None:  # the version to offer is that of the converter in use, not of the worker's
            key = definition.keys[f"{part}.converter.plugin.version"]
            found = view.converter(part, given) if given == given.strip() else None
            definition.add(replace(key, default=found.version if found else None))
    return definition


def _by_name(values: Iterable[ConfigValue]) -> Found:
    return {value.name: value for value in values}


def _hashed(values: Found) -> list[ConfigValue]:
    return [values[name] for name in hash_order(values)]


def _converter_section(part: str, props: Props, values: Found, view: FrameworkView) -> Json | None:
    """The keys of a converter that the connector sets itself; what is wrong with the class is added to its key."""
    key = f"{part}.converter"
    value, version = values[key], values[f"{key}.plugin.version"]
    if props.get(key) is None or value.errors or version.errors:
        return None
    found = view.converter(part, str(value.value))
    refusal = None if found is None else found.refusal or version_refusal(found, props.get(version.name))
    if found is None or refusal is not None:
        if refusal is not None:
            value.add_error(refusal)
            if found is not None and not found.refusal:
                version.add_error(refusal)
        return None
    if found.definition is None:
        return None
    own = {"converter.type": part, **_below(props, f"{key}.")}
    return _prefixed(found.definition.keys, _hashed(_by_name(found.definition.validate(own))), f"{key}.")


def _below(props: Props, prefix: str) -> dict[str, str | None]:
    size = len(prefix)
    return {name[size:]: value for name, value in props.items() if name.startswith(prefix) and len(name) > size}


def _override_sections(kind: Literal["source", "sink"], props: Props, context: ValidationContext) -> list[Json]:
    clients = clients_in_use(
        kind,
        props,
        topic_creation=context.topic_creation,
        own_offsets_topic=context.worker_group is not None,
        exactly_once=bool(context.exactly_once),
    )
    return [_override_section(f"{client}.override.", _CLIENT_KEYS[client], props, context.policy) for client in clients]


def _override_section(prefix: str, keys: Mapping[str, ConfigKey], props: Props, policy: OverridePolicy) -> Json:
    values: Found = {}
    below = _below({name: props[name] for name in hash_order(props)}, prefix)
    for name in hash_order(below, copied=True):
        given = below[name]
        parsed = parse_value(name, given, keys[name].type, _client_class) if name in keys else given
        value = values[name] = ConfigValue(name, parsed)
        refusal = policy.refusal(name)
        if refusal is not None:
            value.add_error(refusal)
    return _prefixed(keys, _hashed(values), prefix)


def _client_class(name: str) -> str | None:
    """A class of Kafka's own client library: whether it has a counterpart here is found out when a task starts."""
    return name if name.startswith("org.apache.kafka.") else None


def _prefixed(keys: Mapping[str, ConfigKey], values: list[ConfigValue], prefix: str) -> Json:
    """A section of the answer, whose ``error_count`` counts keys, not messages."""
    configs: list[Json] = []
    groups: list[str] = []
    for value in values:
        key = keys.get(value.name)
        definition = None if key is None else {**key_info(key), "name": prefix + value.name}
        shown = value_info(value, None if key is None else key.type)
        configs.append({"definition": definition, "value": {**shown, "name": prefix + value.name}})
        if key is not None and key.group is not None:
            groups.append(key.group)
    return {"error_count": sum(1 for value in values if value.errors), "groups": groups, "configs": configs}
