"""What every connector can be configured with, whoever wrote it: the framework's own keys.

Keys, types, defaults, groups and orders are Kafka Connect's, so that forms built on its REST answers look the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from barnabas.config import (
    CaseInsensitiveValidString,
    ClassFinder,
    ConfigDef,
    NonEmptyString,
    NonEmptyStringWithoutControlChars,
    Recommender,
    Regex,
    Type,
    UniqueAliases,
    ValidList,
    ValidString,
    at_least,
)
from barnabas.converters.names import CONVERTERS, HEADER_CONVERTERS, canonical_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FrameworkView", "sink_connector_def", "source_connector_def"]

COMMON: Final = "Common"
ERRORS: Final = "Error Handling"
EXACTLY_ONCE: Final = "Exactly Once Support"


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """What a worker knows that shows in the framework's definitions; the default knows nothing.

    Attributes:
        connector_version: The newest version of the connector.
        converters: The worker's own converter classes by key (``key.converter``, …), offered as defaults.
        find_class: From any accepted name of a converter to its full name.
        version_of: From the full name of a plugin to its version.
    """

    connector_version: str | None = None
    converters: Mapping[str, str] = field(default_factory=dict)
    find_class: ClassFinder = canonical_name
    version_of: Callable[[str], str | None] = lambda _: None


def source_connector_def(view: FrameworkView | None = None) -> ConfigDef:
    """The keys of every source connector."""
    definition = _common(view or FrameworkView())
    definition.define(
        "topic.creation.groups",
        Type.LIST,
        default=[],
        validator=UniqueAliases(),
        importance="low",
        group="Topic Creation",
        order_in_group=1,
        width="long",
        display_name="Topic Creation Groups",
        doc="Names of rules by which topics are created, besides the rule called default.",
    )
    definition.define(
        "exactly.once.support",
        Type.STRING,
        default="requested",
        validator=CaseInsensitiveValidString("REQUIRED", "REQUESTED"),
        importance="medium",
        group=EXACTLY_ONCE,
        order_in_group=2,
        width="short",
        display_name="Exactly once support",
        doc="required: refuse to run unless every record is delivered exactly once; requested: try.",
    )
    definition.define(
        "transaction.boundary",
        Type.STRING,
        default="poll",
        validator=CaseInsensitiveValidString("INTERVAL", "POLL", "CONNECTOR"),
        importance="medium",
        group=EXACTLY_ONCE,
        order_in_group=3,
        width="short",
        display_name="Transaction Boundary",
        doc="What ends a transaction: each poll, an interval, or the connector itself.",
    )
    definition.define(
        "transaction.boundary.interval.ms",
        Type.LONG,
        default=None,
        validator=_at_least_zero_or_none,
        importance="low",
        group=EXACTLY_ONCE,
        order_in_group=4,
        width="short",
        display_name="Transaction boundary interval",
        doc="With transaction.boundary=interval: milliseconds between commits; the worker's flush interval if not set.",
    )
    return definition.define(
        "offsets.storage.topic",
        Type.STRING,
        default=None,
        validator=NonEmptyString(),
        importance="low",
        group="offsets.topic",
        order_in_group=1,
        width="long",
        display_name="Offsets topic",
        doc="A topic of its own for this connector's source offsets, instead of the worker's.",
    )


def sink_connector_def(view: FrameworkView | None = None) -> ConfigDef:
    """The keys of every sink connector."""
    definition = _common(view or FrameworkView())
    for key, type_, default, validator, label, doc in (
        ("topics", Type.LIST, [], ValidList(), "Topics", "Topics to consume; this or topics.regex."),
        ("topics.regex", Type.STRING, "", Regex(), "Topics regex", "A pattern of topics to consume; this or topics."),
    ):
        definition.define(
            key,
            type_,
            default=default,
            validator=validator,
            importance="high",
            group=COMMON,
            order_in_group=4,
            width="long",
            display_name=label,
            doc=doc,
        )
    dead_letters: tuple[tuple[str, Type, Any, str, str], ...] = (
        ("topic.name", Type.STRING, "", "Topic Name", "Topic for records that cannot be processed; empty: none."),
        (
            "topic.replication.factor",
            Type.SHORT,
            3,
            "Topic Replication Factor",
            "Copies of that topic, if it is created.",
        ),
        (
            "context.headers.enable",
            Type.BOOLEAN,
            False,
            "",
            "Whether such records get headers that say what went wrong.",
        ),
    )
    for order, (key, type_, default, label, doc) in enumerate(dead_letters, 6):
        definition.define(
            f"errors.deadletterqueue.{key}",
            type_,
            default=default,
            importance="medium",
            group=ERRORS,
            order_in_group=order,
            width="medium",
            display_name=f"Dead Letter Queue {label}" if label else "Enable Error Context Headers",
            doc=doc,
        )
    return definition


def _common(view: FrameworkView) -> ConfigDef:
    definition = ConfigDef()
    definition.define(
        "name",
        Type.STRING,
        validator=NonEmptyStringWithoutControlChars(),
        importance="high",
        group=COMMON,
        order_in_group=1,
        width="medium",
        display_name="Connector name",
        doc="The connector's name, unique in the cluster.",
    )
    definition.define(
        "connector.class",
        Type.STRING,
        importance="high",
        group=COMMON,
        order_in_group=2,
        width="long",
        display_name="Connector class",
        doc="The connector's class: its full name, its simple name, or that without the word Connector.",
    )
    definition.define(
        "connector.plugin.version",
        Type.STRING,
        default=view.connector_version,
        recommender=Recommender.of(*_known(view.connector_version)),
        importance="medium",
        group=COMMON,
        order_in_group=3,
        width="medium",
        display_name="Connector version",
        doc="The version of the connector to run, or a range; the newest if not set.",
    )
    _define_tasks(definition)
    for order, (part, title) in enumerate((("key", "Key"), ("value", "Value"), ("header", "Header"))):
        _define_converter(definition, view, part, title, 6 + 2 * order)
    for order, (key, title) in enumerate((("transforms", "Transforms"), ("predicates", "Predicates")), 12):
        definition.define(
            key,
            Type.LIST,
            default=[],
            validator=UniqueAliases(),
            importance="low",
            group=title,
            order_in_group=order,
            width="long",
            display_name=title,
            doc=f"Names of the {key} of this connector, each configured below {key}.<name>.",
        )
    definition.define(
        "config.action.reload",
        Type.STRING,
        default="restart",
        validator=ValidString("none", "restart"),
        importance="low",
        group=COMMON,
        order_in_group=14,
        width="medium",
        display_name="Reload Action",
        doc="What to do when a value from a config provider expires.",
    )
    _define_errors(definition)
    return definition


def _define_tasks(definition: ConfigDef) -> None:
    definition.define(
        "tasks.max",
        Type.INT,
        default=1,
        validator=at_least(1),
        importance="high",
        group=COMMON,
        order_in_group=4,
        width="short",
        display_name="Tasks max",
        doc="How many tasks may run at once.",
    )
    definition.define(
        "tasks.max.enforce",
        Type.BOOLEAN,
        default=True,
        importance="low",
        group=COMMON,
        order_in_group=5,
        width="short",
        display_name="Enforce tasks max",
        deprecated="Connectors will have to keep to tasks.max.",
        doc="Whether a connector that asks for more tasks than tasks.max fails.",
    )


def _define_converter(definition: ConfigDef, view: FrameworkView, part: str, title: str, order: int) -> None:
    key = f"{part}.converter"
    default = view.converters.get(key)
    names = [*(HEADER_CONVERTERS if part == "header" else CONVERTERS)] if default else []
    definition.define(
        key,
        Type.CLASS,
        default=default,
        recommender=Recommender.of(*names),
        importance="low",
        group=COMMON,
        order_in_group=order,
        width="short",
        display_name=f"{title} converter class",
        doc=f"Between the connector's {part}s and the bytes in Kafka; the worker's if not set.",
    )
    version = view.version_of(default) if default else None
    definition.define(
        f"{key}.plugin.version",
        Type.STRING,
        default=version,
        recommender=_ConverterVersion(key, view),
        importance="low",
        group=COMMON,
        order_in_group=order + 1,
        width="short",
        display_name=f"{title} converter version",
        doc=f"The version of the {part} converter, or a range; the newest if not set.",
    )


def _define_errors(definition: ConfigDef) -> None:
    rows: Sequence[tuple[str, Type, Any, Any, str, str, str]] = (
        (
            "retry.timeout",
            Type.LONG,
            0,
            None,
            "medium",
            "Retry Timeout for Errors",
            "How long to retry, ms; -1: for ever.",
        ),
        (
            "retry.delay.max.ms",
            Type.LONG,
            60_000,
            None,
            "medium",
            "Maximum Delay Between Retries for Errors",
            "The longest pause between two retries.",
        ),
        (
            "tolerance",
            Type.STRING,
            "none",
            ValidString("none", "all"),
            "short",
            "Error Tolerance",
            "none: a bad record fails the task; all: it is skipped.",
        ),
        (
            "log.enable",
            Type.BOOLEAN,
            False,
            None,
            "short",
            "Log Errors",
            "Whether to log what went wrong with a record.",
        ),
        (
            "log.include.messages",
            Type.BOOLEAN,
            False,
            None,
            "short",
            "Log Error Details",
            "Whether the log may say which record it was.",
        ),
    )
    for order, (key, type_, default, validator, width, label, doc) in enumerate(rows, 1):
        definition.define(
            f"errors.{key}",
            type_,
            default=default,
            validator=validator,
            importance="medium",
            group=ERRORS,
            order_in_group=order,
            width=width,
            display_name=label,
            doc=doc,
        )


def _at_least_zero_or_none(name: str, value: Any) -> None:
    if value is not None:
        at_least(0)(name, value)


def _known(*names: str | None) -> list[str]:
    return [name for name in names if name is not None]


class _ConverterVersion(Recommender):
    """Offers the version of the converter that is set, and is hidden where none is."""

    def __init__(self, key: str, view: FrameworkView) -> None:
        self._key = key
        self._view = view

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        del name
        found = parsed.get(self._key)
        return _known(self._view.version_of(found)) if isinstance(found, str) else ()

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        del name
        return parsed.get(self._key) is not None
