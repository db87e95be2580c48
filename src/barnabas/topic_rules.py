"""By which rules a source connector's new topics are made: ``topic.creation.*`` (KIP-158). Pure functions.

Rules apply once a connector sets any of these keys and its worker has not switched them off. They are tried in the
order of ``topic.creation.groups``; the one called ``default`` matches what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from barnabas._java.regex import JavaPattern, compile_java
from barnabas.config import Type, invalid, parse_value
from barnabas.errors import ConfigError

__all__ = ["NewTopic", "TopicRules", "uses_topic_rules"]

_PREFIX: Final = "topic.creation."
_GROUPS: Final = f"{_PREFIX}groups"
_DEFAULT: Final = "default"
_INCLUDE, _EXCLUDE = "include", "exclude"
_REPLICATION, _PARTITIONS = "replication.factor", "partitions"
_OWN: Final = frozenset({_INCLUDE, _EXCLUDE, _REPLICATION, _PARTITIONS})
_BROKERS_DEFAULT: Final = -1
_WRONG: Final = {
    _PARTITIONS: "Number of partitions must be positive, or -1 to use the broker's default",
    _REPLICATION: "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, "
    "or -1 to use the broker's default",
}

Props = Mapping[str, str | None]


class NewTopic(msgspec.Struct, frozen=True):
    """What a rule makes of a topic.

    Args:
        group: The rule's name.
        partitions: How many; -1 leaves it to the broker.
        replication: Copies of each; -1 leaves it to the broker.
        config: Settings of the topic.
    """

    group: str
    partitions: int
    replication: int
    config: Mapping[str, str]


class _Group(NamedTuple):
    include: JavaPattern
    exclude: JavaPattern
    topic: NewTopic

    def matches(self, topic: str) -> bool:
        return not self.exclude.matches(topic) and self.include.matches(topic)


class TopicRules:
    """The rules of one connector; made by :meth:`of`."""

    def __init__(self, groups: list[_Group], default: NewTopic) -> None:
        self._groups = groups
        self._default = default

    @classmethod
    def of(cls, worker: Mapping[str, str], connector: Props) -> TopicRules | None:
        """Read them; ``None`` where topics are left to the broker.

        Args:
            worker: The worker's properties.
            connector: The connector's configuration, resolved.

        Raises:
            ConfigError: A number is missing or out of range, or a pattern is none; in Kafka Connect's words, which name
                the setting without its prefix.
        """
        if not uses_topic_rules(worker, connector):
            return None
        default = _topic(connector, _DEFAULT, None)
        names = [name for name in dict.fromkeys(_list(connector, _GROUPS)) if name != _DEFAULT]
        groups = [
            _Group(
                _patterns(connector, f"{_PREFIX}{name}.", _INCLUDE),
                _patterns(connector, f"{_PREFIX}{name}.", _EXCLUDE),
                _topic(connector, name, default),
            )
            for name in names
        ]
        return cls(groups, default)

    def new_topic(self, name: str) -> NewTopic:
        """What the first rule that matches makes of a topic."""
        return next((group.topic for group in self._groups if group.matches(name)), self._default)


def uses_topic_rules(worker: Mapping[str, str], connector: Props) -> bool:
    """Whether new topics are made by rules."""
    enabled = worker.get("topic.creation.enable", "true").strip().lower() != "false"
    return enabled and any(key.startswith(_PREFIX) for key in connector)


def _topic(connector: Props, group: str, default: NewTopic | None) -> NewTopic:
    prefix = f"{_PREFIX}{group}."
    replication = _number(connector, prefix, _REPLICATION, default.replication if default else None)
    partitions = _number(connector, prefix, _PARTITIONS, default.partitions if default else None)
    config = {
        key[len(prefix) :]: value
        for key, value in connector.items()
        if value is not None and key.startswith(prefix) and key[len(prefix) :] not in _OWN
    }
    return NewTopic(group, partitions, replication, config)


def _number(connector: Props, prefix: str, what: str, default: int | None) -> int:
    key = prefix + what
    text = connector.get(key)
    if text is None:
        if default is None:
            raise ConfigError(
                f'Missing required configuration "{key}" which has no default value.',
                key=key,
                remedy="A connector that sets any topic.creation key needs it: a number, or -1 for the broker's own.",
                code="BRN-1002",
            )
        return default
    number: int = parse_value(key, text, Type.SHORT if what == _REPLICATION else Type.INT)
    if number != _BROKERS_DEFAULT and number < 1:
        raise _wrong(key, what, number, _WRONG[what], f"Set {key} to a number from 1 on, or to -1.")
    return number


def _list(connector: Props, key: str) -> list[str]:
    text = connector.get(key)
    found: list[Any] = [] if text is None else parse_value(key, text, Type.LIST)
    return found


def _patterns(connector: Props, prefix: str, what: str) -> JavaPattern:
    """A list of patterns as one; an empty list matches no topic."""
    key = prefix + what
    patterns = _list(connector, key)
    try:
        for pattern in patterns:
            compile_java(pattern)
        return compile_java("|".join(patterns))
    except ConfigError as error:
        reason = f"Syntax error in regular expression: {error.message}"
        raise _wrong(key, what, patterns, reason, f"Correct {key}. {error.remedy or ''}".strip()) from error


def _wrong(key: str, what: str, value: int | list[str], reason: str, remedy: str) -> ConfigError:
    error = invalid(what, value, reason, remedy=remedy)
    error.key = key
    return error
