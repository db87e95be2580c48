"""The answer to "is this connector configuration right?": pure, no plugin code, no I/O.

Whoever calls it has asked the connector for its definition and its own findings already, in the connector's process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from barnabas._config.client_keys import ADMIN_KEYS, CONSUMER_KEYS, PRODUCER_KEYS
from barnabas._config.infos import config_infos, key_info, merge_infos, value_info
from barnabas._config.parsing import java_text, parse_value
from barnabas._config.types import ConfigKey, ConfigValue
from barnabas.config import ConfigDef, Type
from barnabas.converters.names import (
    CONVERTERS,
    HEADER_CONVERTERS,
    canonical_name,
    load_converter,
    load_header_converter,
)
from barnabas.framework_config import FrameworkView, sink_connector_def, source_connector_def

__all__ = ["ValidationContext", "built_in_converter_def", "override_allowed", "validate_connector_config"]

Props = Mapping[str, str | None]
Json = dict[str, Any]

_NULL: Final = "Null value can not be supplied as the configuration value."
_PRINCIPAL: Final = ("sasl.jaas.config", "sasl.mechanism", "security.protocol")


def built_in_converter_def(name: str) -> ConfigDef | None:
    """The definition of a converter that ships with Barnabas; ``None`` for any other."""
    if canonical_name(name, CONVERTERS) is not None:
        return load_converter(name).CONFIG
    return load_header_converter(name).CONFIG if canonical_name(name, HEADER_CONVERTERS) is not None else None


def override_allowed(policy: str, key: str, allowlist: tuple[str, ...] = ()) -> bool:
    """Whether a policy (``All``, ``None``, ``Principal``, ``Allowlist``) lets a connector set a client key."""
    return policy == "All" or key in {"Principal": _PRINCIPAL, "Allowlist": allowlist}.get(policy, ())


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What the worker contributes to the answer.

    Attributes:
        view: Defaults and versions to show.
        enrich: Adds the keys of transforms and predicates to the framework's, given the configuration.
        converter_def: The definition of a converter by its name; ``None``: unknown, nothing is checked.
        policy: Which client settings a connector may override.
        allowlist: The keys that the policy ``Allowlist`` allows.
        topic_creation: Whether the worker creates topics for sources.
        worker_group: The ``group.id`` of a distributed worker; ``None``: standalone.
        exactly_once: Whether a distributed worker has exactly-once support for sources; ``None``: standalone.
        exactly_once_support: What the connector says of itself, with this configuration; ``None``: nothing.
        defines_boundaries: Whether the connector can say where transactions end.
    """

    view: FrameworkView = field(default_factory=FrameworkView)
    enrich: Callable[[ConfigDef, Props], ConfigDef] = lambda definition, _: definition
    converter_def: Callable[[str], ConfigDef | None] = built_in_converter_def
    policy: str = "All"
    allowlist: tuple[str, ...] = ()
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
    framework = context.enrich(_framework_def(kind, props, context), props)
    values = {value.name: value for value in framework.validate(props, find_class=context.view.find_class)}
    if kind == "sink":
        _check_topics(props, values)
        _check_group(props, values, context)
    else:
        _check_exactly_once(values, context)
    for name, value in props.items():
        if value is None:
            values.setdefault(name, ConfigValue(name)).add_error(_NULL)
    own = connector_def.validate(props) if connector_values is None else connector_values
    base = config_infos(
        props.get("connector.class") or "",
        {**framework.keys, **connector_def.keys},
        [*values.values(), *own],
        [*framework.groups, *connector_def.groups],
    )
    sections = [_converter_section(part, props, values, context) for part in ("key", "value", "header")]
    return merge_infos(base, *sections, *_override_sections(kind, props, context))


def _framework_def(kind: str, props: Props, context: ValidationContext) -> ConfigDef:
    definition = sink_connector_def(context.view) if kind == "sink" else source_connector_def(context.view)
    for part in ("key", "value", "header"):
        given = props.get(f"{part}.converter")
        name = context.view.find_class(given) if given else None
        if given is not None:  # the version to offer is that of the converter in use, not of the worker's
            key = definition.keys[f"{part}.converter.plugin.version"]
            version = context.view.version_of(name) if name else None
            definition.add(replace(key, default=version))
    return definition


def _blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _check_topics(props: Props, values: Mapping[str, ConfigValue]) -> None:
    topics, regex = props.get("topics"), props.get("topics.regex")
    both = (values["topics"], values["topics.regex"])
    if not _blank(topics) and not _blank(regex):
        for value in both:
            value.add_error("topics and topics.regex are mutually exclusive options, but both are set.")
    if _blank(topics) and _blank(regex):
        for value in both:
            value.add_error("Must configure one of topics or topics.regex")
    dead_letters = (props.get("errors.deadletterqueue.topic.name") or "").strip()
    if not dead_letters:
        return
    names = parse_value("topics", topics, Type.LIST) if not _blank(topics) else []
    if dead_letters in names:
        both[0].add_error(
            f"The DLQ topic '{dead_letters}' may not be included in the list of topics "
            f"('topics={java_text(names)}') consumed by the connector"
        )
    if regex is not None and not _blank(regex) and _matches(regex, dead_letters):
        both[1].add_error(
            f"The DLQ topic '{dead_letters}' may not be matched by the regex for the topics "
            f"('topics.regex={regex}') consumed by the connector"
        )


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False  # reported already, where the pattern itself was checked


def _check_group(props: Props, values: dict[str, ConfigValue], context: ValidationContext) -> None:
    """A sink that joined the workers' own group would break the cluster."""
    if context.worker_group is None:
        return
    override = "consumer.override.group.id"
    given = props.get(override)
    if given is not None:
        value = values[override] = ConfigValue(override, given)
        if given == context.worker_group:
            value.add_error(f"Consumer group {given} conflicts with Connect worker group {context.worker_group}")
    elif f"connect-{props.get('name')}" == context.worker_group:
        values["name"].add_error(
            f"Consumer group for sink connector named {props['name']} "
            f"conflicts with Connect worker group {context.worker_group}"
        )


def _check_exactly_once(values: Mapping[str, ConfigValue], context: ValidationContext) -> None:
    if context.exactly_once is None:
        return
    support, boundary = values["exactly.once.support"], values["transaction.boundary"]
    if not support.errors and str(support.value).lower() == "required":
        if not context.exactly_once:
            support.add_error("This worker does not have exactly-once source support enabled.")
        elif context.exactly_once_support == "unsupported":
            support.add_error("The connector does not support exactly-once semantics with the provided configuration.")
        elif context.exactly_once_support is None:
            support.add_error(
                "The connector does not say whether it supports exactly-once semantics with this configuration. "
                "Set exactly.once.support=requested to run it all the same."
            )
    if not boundary.errors and str(boundary.value).lower() == "connector" and not context.defines_boundaries:
        boundary.add_error(
            "The connector does not support connector-defined transaction boundaries with the given configuration. "
            "Please reconfigure it to use a different transaction boundary definition."
        )


def _converter_section(
    part: str, props: Props, values: Mapping[str, ConfigValue], context: ValidationContext
) -> Json | None:
    """The keys of a converter that the connector sets itself."""
    key = f"{part}.converter"
    if props.get(key) is None or values[key].errors:
        return None
    definition = context.converter_def(str(values[key].value))
    if definition is None:
        return None
    prefix = f"{key}."
    own = {name[len(prefix) :]: value for name, value in props.items() if name.startswith(prefix)}
    found = definition.validate({"converter.type": part, **own})
    return _prefixed(definition.keys, found, prefix, definition.groups)


def _override_sections(kind: str, props: Props, context: ValidationContext) -> list[Json]:
    dead_letters = bool((props.get("errors.deadletterqueue.topic.name") or "").strip())
    own_offsets = context.worker_group is not None and not _blank(props.get("offsets.storage.topic"))
    source = kind == "source"
    creates = context.topic_creation and any(name.startswith("topic.creation.") for name in props)
    wanted = (
        ("producer.override.", PRODUCER_KEYS, source or dead_letters),
        ("admin.override.", ADMIN_KEYS, (creates or own_offsets) if source else dead_letters),
        ("consumer.override.", CONSUMER_KEYS, own_offsets if source else True),
    )
    return [_override_section(prefix, keys, props, context) for prefix, keys, needed in wanted if needed]


def _override_section(prefix: str, keys: Mapping[str, ConfigKey], props: Props, context: ValidationContext) -> Json:
    values = []
    for full, given in props.items():
        if not full.startswith(prefix):
            continue
        name = full[len(prefix) :]
        value = ConfigValue(name, parse_value(name, given, keys[name].type) if name in keys else given)
        if not override_allowed(context.policy, name, context.allowlist):
            value.add_error(
                f"The '{context.policy}' policy does not allow '{name}' to be overridden "
                "in the connector configuration."
            )
        values.append(value)
    return _prefixed(keys, values, prefix, [])


def _prefixed(keys: Mapping[str, ConfigKey], values: list[ConfigValue], prefix: str, groups: list[str]) -> Json:
    """A section of the answer, whose ``error_count`` counts keys, not messages."""
    configs: list[Json] = []
    for value in values:
        key = keys.get(value.name)
        definition = None if key is None else {**key_info(key), "name": prefix + value.name}
        shown = value_info(value, None if key is None else key.type)
        configs.append({"definition": definition, "value": {**shown, "name": prefix + value.name}})
    return {"error_count": sum(1 for value in values if value.errors), "groups": groups, "configs": configs}
