"""Checks of a connector's configuration that look at more than one key; texts are Kafka Connect's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from barnabas._config.parsing import java_text, parse_value
from barnabas._config.types import ConfigValue, Type
from barnabas._java.regex import compile_java
from barnabas.errors import ConfigError
from barnabas.supervisor.settings import Limits

__all__ = ["Found", "check_exactly_once", "check_group", "check_nulls", "check_own", "check_topics", "refuse_null"]

Props = Mapping[str, str | None]
Found = dict[str, ConfigValue]
"""What validation found, by key; checks add errors to it."""

_NULL: Final = "Null value can not be supplied as the configuration value."
_FLAGS: Final = frozenset({"data.strict", "errors.put.bisect"})
_DEAD_LETTERS: Final = "errors.deadletterqueue.topic.name"


def check_nulls(props: Props, values: Found) -> None:
    """A null is no value, wherever it stands."""
    for name, value in props.items():
        if value is None:
            values.setdefault(name, ConfigValue(name)).add_error(_NULL)


def refuse_null(props: Props, key: str) -> None:
    """Refuse a null where Kafka Connect goes on with the value whatever it is, and fails.

    Raises:
        ConfigError: The answer is this error, and not one among others.
    """
    if key in props and props[key] is None:
        raise ConfigError(
            f"Invalid value null for configuration {key}: entry must be non null",
            code="BRN-1001",
            key=key,
            remedy="Write the name of a topic, or leave the key out.",
        )


def check_own(props: Props, values: Found) -> None:
    """The settings that only Barnabas has: they are in no definition, and only a wrong one is shown."""
    given = {name: value for name, value in props.items() if value is not None}
    for name in _FLAGS & given.keys():
        try:
            parse_value(name, given[name], Type.BOOLEAN)
        except ConfigError as error:
            _add(values, name, given[name], error)
    try:
        Limits.of({}, given)
    except ConfigError as error:
        _add(values, str(error.key), given.get(str(error.key)), error)


def _add(values: Found, name: str, given: str | None, error: ConfigError) -> None:
    values.setdefault(name, ConfigValue(name, given)).add_error(f"{error} ({error.code})")


def check_topics(props: Props, values: Found) -> None:
    """A sink names its topics in exactly one way, and its dead letters go elsewhere.

    Raises:
        ConfigError: ``errors.deadletterqueue.topic.name`` is null, or the pattern cannot be tried on it.
    """
    topics, regex = props.get("topics"), props.get("topics.regex")
    both = (values["topics"], values["topics.regex"])
    if not _blank(topics) and not _blank(regex):
        for value in both:
            value.add_error("topics and topics.regex are mutually exclusive options, but both are set.")
    if _blank(topics) and _blank(regex):
        for value in both:
            value.add_error("Must configure one of topics or topics.regex")
    refuse_null(props, _DEAD_LETTERS)
    dead_letters = (props.get(_DEAD_LETTERS) or "").strip()
    if dead_letters:
        _check_dead_letters(dead_letters, topics, regex, values)


def _check_dead_letters(dead_letters: str, topics: str | None, regex: str | None, values: Found) -> None:
    names = parse_value("topics", topics, Type.LIST) if not _blank(topics) else []
    if dead_letters in names:
        values["topics"].add_error(
            f"The DLQ topic '{dead_letters}' may not be included in the list of topics "
            f"('topics={java_text(names)}') consumed by the connector"
        )
    if regex is not None and not _blank(regex) and compile_java(regex).matches(dead_letters):
        values["topics.regex"].add_error(
            f"The DLQ topic '{dead_letters}' may not be matched by the regex for the topics "
            f"('topics.regex={regex}') consumed by the connector"
        )


def check_group(props: Props, values: Found, worker_group: str | None) -> None:
    """A sink that joined the workers' own group would break the cluster.

    Args:
        props: The configuration.
        values: What was found so far.
        worker_group: The ``group.id`` of a distributed worker; ``None``: standalone, nothing is checked.
    """
    if worker_group is None:
        return
    override = "consumer.override.group.id"
    given = props.get(override)
    if given is not None:
        value = values[override] = ConfigValue(override, given)
        if given == worker_group:
            value.add_error(f"Consumer group {given} conflicts with Connect worker group {worker_group}")
    elif f"connect-{props.get('name')}" == worker_group:
        values["name"].add_error(
            f"Consumer group for sink connector named {props['name']} "
            f"conflicts with Connect worker group {worker_group}"
        )


def check_exactly_once(values: Found, *, enabled: bool | None, support: str | None, boundaries: bool) -> None:
    """What a source asks for has to be there.

    Args:
        values: What was found so far.
        enabled: Whether the worker has exactly-once support; ``None``: standalone, nothing is checked.
        support: ``supported`` or ``unsupported``, as the connector says; ``None``: it does not say.
        boundaries: Whether the connector can say where transactions end.
    """
    if enabled is None:
        return
    wanted, boundary = values["exactly.once.support"], values["transaction.boundary"]
    if not wanted.errors and str(wanted.value).lower() == "required":
        if not enabled:
            wanted.add_error("This worker does not have exactly-once source support enabled.")
        if support == "unsupported":
            wanted.add_error("The connector does not support exactly-once semantics with the provided configuration.")
        elif support is None:
            wanted.add_error(
                "The connector does not implement the API required for preflight validation of exactly-once source "
                "support. Please consult the documentation for the connector to determine whether it supports "
                "exactly-once semantics, and then consider reconfiguring the connector to use the value "
                '"requested" for this property (which will disable this preflight check and allow the connector '
                "to be created)."
            )
    if not boundary.errors and str(boundary.value).lower() == "connector" and not boundaries:
        boundary.add_error(
            "The connector does not support connector-defined transaction boundaries with the given configuration. "
            "Please reconfigure it to use a different transaction boundary definition."
        )


def _blank(text: str | None) -> bool:
    return text is None or not text.strip()
