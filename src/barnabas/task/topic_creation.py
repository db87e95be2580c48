"""Makes a source connector's new topics before their first record is sent, by the rules of its configuration (KIP-158).

Runs on the task's thread, between calls into plugin code. Topics that exist are left as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from barnabas.errors import ConnectError
from barnabas.kafka.admin import Admin
from barnabas.kafka.faults import KafkaClientError
from barnabas.topic_rules import NewTopic, TopicRules

if TYPE_CHECKING:
    from barnabas.kafka.client_settings import ClientSettings
    from barnabas.task.control import TaskControl

__all__ = ["TopicCreation"]

log = logging.getLogger(__name__)

_BACK_OFF: Final = 0.1  # between attempts while the brokers cannot answer, as in Connect
_SAY_EVERY: Final = 50  # attempts
_REQUEST: Final = 5.0  # seconds for one question: how late an order to stop may be noticed
_WRONG_SETTING: Final = frozenset({"INVALID_CONFIG", "INVALID_REPLICATION_FACTOR"})
_REFUSED: Final = frozenset({"TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"})


class TopicCreation:
    """The topics of one task; used on its thread only.

    Args:
        rules: What new topics are like.
        settings: Of the connector's admin client.
        control: Orders: an order to stop ends the wait for brokers that do not answer.
        connect: Makes the admin client.
    """

    def __init__(
        self,
        rules: TopicRules,
        settings: ClientSettings,
        control: TaskControl,
        connect: Callable[[ClientSettings], Admin] = Admin,
    ) -> None:
        self._rules = rules
        self._settings = settings
        self._control = control
        self._connect = connect
        self._admin: Admin | None = None
        self._known: set[str] = set()

    def ready(self, topic: str) -> bool:
        """Make sure that a topic exists; called before each send, and cheap once it is known to.

        Brokers that do not answer are asked again for as long as it takes, as a record would wait for them.

        Returns:
            ``False`` if the task was told to stop before it was known.

        Raises:
            ConnectError: It does not exist and cannot be made, or nobody may tell.
        """
        if topic in self._known:
            return True
        if not topic:
            return True  # the producer says what is wrong with it
        attempts = 0
        while not self._control.stopping:
            try:
                self._ensure(topic)
            except KafkaClientError as error:
                if attempts % _SAY_EVERY == 0:
                    log.warning("Topic %s cannot be looked for yet, this is tried again: %s", topic, error.message)
                attempts += 1
                self._control.wait(_BACK_OFF)
            else:
                self._known.add(topic)
                return True
        return False

    def rest(self) -> None:
        """No records are on their way: connections that only new topics need are given up."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _ensure(self, topic: str) -> None:
        """One attempt; a KafkaClientError leaves it as something that may heal."""
        admin = self._admin = self._admin or self._connect(self._settings)
        log.info("The task sends records to topic %s for the first time: looking whether it exists.", topic)
        try:
            if admin.topic_exists(topic, _REQUEST):
                return
        except KafkaClientError as error:
            if error.retriable:
                raise
            raise _unknowable(topic, self._settings.librdkafka.get("bootstrap.servers", ""), error) from error
        made = self._rules.new_topic(topic)
        try:
            created = admin.create_topic(topic, made.partitions, made.replication, made.config, _REQUEST)
        except KafkaClientError as error:
            if error.retriable:
                raise
            raise _refused(topic, made, error) from error
        log.info("%s topic %s, by the rule %s.", "Created" if created else "Somebody else created", topic, made.group)


def _unknowable(topic: str, brokers: str, error: KafkaClientError) -> ConnectError:
    name = error.fault.name if error.fault else ""
    message = f"Error while attempting to describe topics '{topic}'"
    if name in _REFUSED:
        message = f"Not authorized to describe topic(s) '{topic}' on the brokers {brokers}"
    return ConnectError(
        message,
        code="BRN-2231",
        remedy=f"Grant Describe on the topic, or correct its name. The reason: {error.message}",
    )


def _refused(topic: str, made: NewTopic, error: KafkaClientError) -> ConnectError:
    name = error.fault.name if error.fault else ""
    key, remedy = None, f"The reason: {error.message}"
    message = f"Error while attempting to create/find topic(s) '{topic}'"
    prefix = f"topic.creation.{made.group}."
    if name in _WRONG_SETTING and error.fault is not None:
        message = f"Unable to create topic(s) '{topic}': {error.fault.message.rstrip('.')}"
    if name in _REFUSED:
        message = (
            f"Task failed to create new topic {_shown(topic, made)}. Ensure that the task is authorized to create "
            "topics or that the topic exists and restart the task"
        )
        remedy = "Grant Create on the topic or on the cluster, or create the topic yourself."
    elif name == "INVALID_REPLICATION_FACTOR":
        key = f"{prefix}replication.factor"
        remedy = f"Set {key} to at most the number of brokers, or to -1 for the brokers' default."
    elif name == "INVALID_CONFIG":
        remedy = f"Correct the settings of topics below {prefix}."
    elif name == "INVALID_PARTITIONS":
        key = f"{prefix}partitions"
        remedy = f"Set {key} to another number. {remedy}"
    return ConnectError(message, code="BRN-2230", key=key, remedy=remedy)


def _shown(topic: str, made: NewTopic) -> str:
    """A topic as Kafka Connect's message shows it."""
    partitions, replication = ("default" if number < 0 else number for number in (made.partitions, made.replication))
    config = ", ".join(f"{key}={value}" for key, value in made.config.items())
    return (
        f"(name={topic}, numPartitions={partitions}, replicationFactor={replication}, replicasAssignments=null, "
        f"configs={{{config}}})"
    )
