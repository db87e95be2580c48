"""The topics that workers of a group share: made when they are missing, refused when they would lose data."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Final

import msgspec

from barnabas.errors import ConfigError
from barnabas.kafka.admin import Admin
from barnabas.kafka.faults import KafkaClientError

__all__ = ["InternalTopic", "prepare_topic", "topic_settings"]

log = logging.getLogger(__name__)

_COMPACT: Final = "compact"
_POLICY: Final = "cleanup.policy"
_WAIT: Final = 1.0
_WAITING: Final = frozenset({"INVALID_REPLICATION_FACTOR", "_TIMED_OUT", "REQUEST_TIMED_OUT"})
_UNKNOWABLE: Final = frozenset(
    {"TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "UNSUPPORTED_VERSION", "_UNSUPPORTED_FEATURE"}
)


class InternalTopic(msgspec.Struct, frozen=True):
    """One of the topics.

    Args:
        name: Of the topic.
        key: The setting that names it.
        partitions: How many it is made with; -1 leaves it to the broker.
        replication: Copies of each; -1 leaves it to the broker.
        config: Settings of the topic, apart from its policy.
        exact: Whether a topic with another number of partitions is refused.
    """

    name: str
    key: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    exact: bool = False


def topic_settings(worker: Mapping[str, str], what: str) -> dict[str, str]:
    """What the worker's properties say of the settings of one of its topics: ``config``, ``offset`` or ``status``."""
    prefix = f"{what}.storage."
    own = {f"{prefix}{name}" for name in ("topic", "partitions", "replication.factor", _POLICY)}
    return {key[len(prefix) :]: text for key, text in worker.items() if key.startswith(prefix) and key not in own}


def prepare_topic(admin: Admin, topic: InternalTopic, timeout_s: float) -> None:
    """Make a topic, or check the one that is there; blocks, so for a thread.

    Raises:
        ConfigError: It is there and would lose data: not compacted, or cut into partitions.
        KafkaClientError: It could not be made.
    """
    until = time.monotonic() + timeout_s
    while True:
        try:
            created = admin.create_topic(
                topic.name, topic.partitions, topic.replication, {**topic.config, _POLICY: _COMPACT}
            )
            break
        except KafkaClientError as error:
            name = error.fault.name if error.fault else ""
            if name in _UNKNOWABLE:  # whoever may not create may still use what somebody else created
                created = False
                break
            if name not in _WAITING or time.monotonic() >= until:
                raise
            log.warning("Topic %s cannot be created yet: %s", topic.name, error.message)
        time.sleep(_WAIT)
    if created:
        log.info("Created topic %s.", topic.name)
        return
    _check_policy(admin, topic, until)
    if topic.exact and (found := admin.partitions(topic.name)) not in (None, topic.partitions):
        raise ConfigError(
            f"Topic '{topic.name}' supplied via the '{topic.key}' property is required to have a single partition in "
            f"order to guarantee consistency of connector configurations, but found {found} partitions.",
            key=topic.key,
            remedy="Name another topic: it is created as it should be.",
            code="BRN-1091",
        )


def _check_policy(admin: Admin, topic: InternalTopic, until: float) -> None:
    """A topic that forgets old records would lose connectors, offsets or statuses."""
    try:
        policy = _policy(admin, topic.name, until)
    except KafkaClientError as error:
        if error.fault is None or error.fault.name not in _UNKNOWABLE:
            raise
        log.warning("The policy of topic %s cannot be read: make sure that it is %s.", topic.name, _COMPACT)
        return
    if policy != _COMPACT:
        raise ConfigError(
            f"Topic '{topic.name}' supplied via the '{topic.key}' property is required to have '{_POLICY}={_COMPACT}' "
            f"to guarantee consistency and durability, but found the topic currently has '{_POLICY}={policy}'. "
            "Continuing would likely result in eventually losing data.",
            key=topic.key,
            remedy=f"Change the topic's policy to {_COMPACT}, or name another topic.",
            code="BRN-1090",
        )


def _policy(admin: Admin, topic: str, until: float) -> str | None:
    """A broker may hear a moment later of a topic that another worker has just created."""
    while True:
        try:
            return admin.topic_config(topic).get(_POLICY)
        except KafkaClientError as error:
            name = error.fault.name if error.fault else ""
            if name != "UNKNOWN_TOPIC_OR_PART" or time.monotonic() >= until:
                raise
        time.sleep(_WAIT)
