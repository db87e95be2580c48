"""Under which subject the schema of a topic's keys or values is kept.

The names are those of the Java classes, short or in full; a class of somebody else's cannot be loaded from Java, so it
is refused when the converter is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from barnabas.converters._registry_client.faults import strategy_unknown
from barnabas.errors import DataError

__all__ = ["TOPIC_NAME", "Strategy", "needs_record", "strategy_for"]

Strategy = Callable[[str, bool, str | None], str]
"""From topic, whether it is the key, and the full name of the schema's record (``None``: it has none), to a subject."""

TOPIC_NAME: Final = "io.confluent.kafka.serializers.subject.TopicNameStrategy"
"""The default."""


def _topic_name(topic: str, is_key: bool, record: str | None) -> str:  # noqa: ARG001 - all have the same arguments
    return f"{topic}-key" if is_key else f"{topic}-value"


def _record_name(topic: str, is_key: bool, record: str | None) -> str:
    return _required(topic, is_key, record)


def _topic_record_name(topic: str, is_key: bool, record: str | None) -> str:
    return f"{topic}-{_required(topic, is_key, record)}"


def _required(topic: str, is_key: bool, record: str | None) -> str:
    if record is not None:
        return record
    kind = "key" if is_key else "value"
    raise DataError(
        f"In configuration {kind}.subject.name.strategy, the message {kind} must only be a record schema.",
        code="BRN-1414",
        key=f"{kind}.subject.name.strategy",
        remedy=f"The schema of the {kind} in topic {topic} has no name: give the struct one (SetSchemaMetadata), or "
        "use TopicNameStrategy.",
    )


_STRATEGIES: Final[dict[str, Strategy]] = {
    "TopicNameStrategy": _topic_name,
    "RecordNameStrategy": _record_name,
    "TopicRecordNameStrategy": _topic_record_name,
}
_PACKAGES: Final = ("io.confluent.kafka.serializers.subject.", "io.confluent.kafka.serializers.subject.strategy.", "")


def needs_record(strategy: Strategy) -> bool:
    """Whether a reader has to see the schema before it can name the subject."""
    return strategy is not _topic_name


def strategy_for(key: str, name: str) -> Strategy:
    """The strategy that a configuration names.

    Raises:
        ConfigError: It is none of the three.
    """
    package, _, simple = name.strip().rpartition(".")
    found = _STRATEGIES.get(simple)
    if found is None or (f"{package}." if package else "") not in _PACKAGES:
        raise strategy_unknown(key, name)
    return found
