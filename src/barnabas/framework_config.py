"""What every connector can be configured with, whoever wrote it: the framework's own keys.

Keys, types, defaults, groups and orders are Kafka Connect's, so that forms built on its REST answers look the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from barnabas._java.validators import JavaRegex
from barnabas.class_library import INTERFACES, Kind, Library, NamedClass, no_library
from barnabas.config import (
    CaseInsensitiveValidString,
    CompositeValidator,
    ConfigDef,
    NonEmptyString,
    NonEmptyStringWithoutControlChars,
    NonNull,
    Recommender,
    Type,
    UniqueAliases,
    ValidList,
    ValidString,
    at_least,
    version_range,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FrameworkView", "common_connector_def", "sink_connector_def", "source_connector_def"]

COMMON: Final = "Common"
ERRORS: Final = "Error Handling"
EXACTLY_ONCE: Final = "Exactly Once Support"

_ALIASES: Final = CompositeValidator(NonNull(), UniqueAliases())


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """What a worker knows that shows in the framework's definitions; the default knows nothing.

    Attributes:
        connector_version: The newest version of the connector.
        converters: The worker's own converter classes by key (``key.converter``, …), offered as defaults.
        library: Finds the classes that settings name.
        offers: The classes to suggest, by kind.
    """

    connector_version: str | None = None
    converters: Mapping[str, str] = field(default_factory=dict)
    library: Library = no_library
    offers: Mapping[Kind, Sequence[str]] = field(default_factory=dict)

    def find_class(self, name: str) -> str | None:
        """From any accepted name of a class, whatever its kind, to its full name."""
        candidates = (self.library(kind, name) for kind in INTERFACES)
        return next((found.name for found in candidates if found is not None), None)

    def converter(self, part: str, name: str | None) -> NamedClass | None:
        """The class that ``<part>.converter=name`` means."""
        kind: Kind = "header_converter" if part == "header" else "converter"
        return self.library(kind, name) if name else None


def source_connector_def(view: FrameworkView | None = None) -> ConfigDef:
    """The keys of every source connector."""
    definition = common_connector_def(view)
    definition.define(
        "topic.creation.groups",
        Type.LIST,
        default=[],
        validator=_ALIASES,
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
    definition = common_connector_def(view)
    for key, type_, default, validator, label, doc in (
        ("topics", Type.LIST, [], ValidList(), "Topics", "Topics to consume; this or topics.regex."),
        ("topics.regex", Type.STRING, "", JavaRegex(), "Topics regex", "A pattern of topics; this or topics."),
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


def common_connector_def(view: FrameworkView | None = None) -> ConfigDef:
    """The keys that sources and sinks have in common."""
    view = view or FrameworkView()
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
        validator=_well_formed_version,
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
            validator=_ALIASES,
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
    found = view.converter(part, default)
    kind: Kind = "header_converter" if part == "header" else "converter"
    definition.define(
        key,
        Type.CLASS,
        default=default,
        recommender=Recommender.of(*(view.offers.get(kind, ()) if default else ())),
        importance="low",
        group=COMMON,
        order_in_group=order,
        width="short",
        display_name=f"{title} converter class",
        doc=f"Between the connector's {part}s and the bytes in Kafka; the worker's if not set.",
    )
    definition.define(
        f"{key}.plugin.version",
        Type.STRING,
        default=found.version if found else None,
        validator=_well_formed_version,
        recommender=_ConverterVersion(part, view),
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


def _well_formed_version(name: str, value: Any) -> None:
    del name  # Kafka's message does not name the key
    version_range(value)


def _known(*names: str | None) -> list[str]:
    return [name for name in names if name is not None]


class _ConverterVersion(Recommender):
    """Offers the version of the converter that is set, and is hidden where none is."""

    def __init__(self, part: str, view: FrameworkView) -> None:
        self._part = part
        self._view = view

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        del name
        found = self._view.converter(self._part, parsed.get(f"{self._part}.converter"))
        return _known(found.version) if found else ()

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        del name
        return parsed.get(f"{self._part}.converter") is not None
