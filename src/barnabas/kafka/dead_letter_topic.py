"""Makes sure that a connector's dead letter topic is there."""

from __future__ import annotations

import logging
from typing import Final

from barnabas.errors import ConnectError
from barnabas.kafka.admin import Admin
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.faults import KafkaClientError

__all__ = ["ensure_dead_letter_topic"]

log = logging.getLogger(__name__)

_PARTITIONS: Final = 1  # as Kafka Connect creates it


def ensure_dead_letter_topic(settings: ClientSettings, topic: str, replication: int) -> None:
    """Create the topic where it is missing: one partition, the broker's own settings.

    Called when a task starts, on its thread.

    Args:
        settings: From ``translate(…, "admin")``.
        topic: Its name.
        replication: Its replication factor.

    Raises:
        ConnectError: It is missing and cannot be created, or nobody can tell.
    """
    try:
        with Admin(settings) as admin:
            if admin.topic_exists(topic):
                return
            log.warning("Topic %s doesn't exist. Will attempt to create topic.", topic)
            admin.create_topic(topic, _PARTITIONS, replication)
    except KafkaClientError as error:
        raise ConnectError(
            f"Could not initialize dead letter queue with topic={topic}",
            code="BRN-2192",
            key="errors.deadletterqueue.topic.name",
            remedy=_remedy(error, replication),
        ) from error


def _remedy(error: KafkaClientError, replication: int) -> str:
    name = error.fault.name if error.fault is not None else ""
    if name == "INVALID_REPLICATION_FACTOR":
        return (
            f"There are fewer than {replication} brokers: set errors.deadletterqueue.topic.replication.factor to at "
            "most their number, or create the topic yourself."
        )
    return f"Create the topic yourself, or let this user do it. The reason: {error.message}"
