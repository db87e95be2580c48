"""Questions and orders to the cluster that are no data: who it is, topics, offsets of groups.

An admin client that is collected fails what it was asked: an :class:`Admin` is kept while it is in use, and
closed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as _Place
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec  # type: ignore[attr-defined]  # re-exported without saying so
from confluent_kafka.cimpl import NewTopic

from barnabas.kafka.bootstrap import check_bootstrap
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of, refused
from barnabas.kafka.reporting import FaultReporter, client_log
from barnabas.kafka.settings import ClientSettings
from barnabas.record import TopicPartition

__all__ = ["Admin", "cluster_id"]

_TIMEOUT: Final = 60.0
_STEP: Final = 0.2  # how soon the reason of a refused log-in is noticed while waiting
_VAGUE: Final = frozenset({"_TRANSPORT", "_TIMED_OUT", "_ALL_BROKERS_DOWN"})


def cluster_id(settings: ClientSettings, timeout_s: float) -> str:
    """The cluster's id: what a worker asks at its start, to fail at once where a setting is wrong.

    Raises:
        ConfigError: No host of ``bootstrap.servers`` is known, or a setting is refused.
        KafkaClientError: Nobody answers, or the log-in is refused: the fault says which.
    """
    with Admin(settings) as admin:
        return admin.cluster_id(timeout_s)


class Admin:
    """An admin client; use it in one thread, and as a context manager or with :meth:`close`.

    Args:
        settings: From ``translate(…, "admin")``.
    """

    def __init__(self, settings: ClientSettings) -> None:
        check_bootstrap(settings)
        self._reporter = FaultReporter(self._quiet)
        try:
            given: dict[str, Any] = {**settings.librdkafka, "error_cb": self._told}
            self._client: AdminClient | None = AdminClient(given, logger=client_log)
        except (KafkaException, ValueError) as error:
            raise refused("admin client", error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _told(self, error: KafkaError) -> None:
        self._reporter.report(fault_of(error))

    @staticmethod
    def _quiet(fault: KafkaFault) -> None:
        client_log.debug("%s", fault.message)

    def close(self) -> None:
        """End its threads; calling it again does nothing."""
        self._client = None

    def _alive(self) -> AdminClient:
        if self._client is None:
            raise ValueError("the admin client is closed")
        return self._client

    # ------------------------------------------------------------------ the cluster
    def cluster_id(self, timeout_s: float = _TIMEOUT) -> str:
        """See :func:`cluster_id`."""
        return str(self._metadata("tell its cluster id", None, timeout_s).cluster_id)

    def _metadata(self, doing: str, topic: str | None, timeout_s: float) -> Any:
        """Ask in short steps: the library answers only "timed out", the reason comes as an error in between."""
        client = self._alive()
        until = time.monotonic() + timeout_s
        while True:
            step = max(0.01, min(_STEP, until - time.monotonic()))
            try:
                return client.list_topics(topic, timeout=step) if topic else client.list_topics(timeout=step)
            except KafkaException as error:
                fault = fault_of(error)
            client.poll(0)
            verdict = self._reporter.verdict
            if verdict is not None:
                raise KafkaClientError.of(doing, verdict)
            if fault.name not in _VAGUE:
                raise KafkaClientError.of(doing, fault)
            if time.monotonic() >= until:
                raise KafkaClientError.of(doing, self._reporter.reason or fault)

    # ------------------------------------------------------------------ topics
    def topic_exists(self, name: str, timeout_s: float = _TIMEOUT) -> bool:
        """Whether the cluster has it and this user may see it."""
        return self.partitions(name, timeout_s) is not None

    def partitions(self, name: str, timeout_s: float = _TIMEOUT) -> int | None:
        """How many partitions a topic has; ``None`` if there is no such topic."""
        future = self._alive().describe_topics(TopicCollection([name]), request_timeout=timeout_s)[name]
        try:
            return len(future.result(timeout_s + 1).partitions)
        except KafkaException as error:
            fault = fault_of(error)
            if fault.name == "UNKNOWN_TOPIC_OR_PART":
                return None
            raise self._failed(f"describe topic {name}", fault) from error

    def create_topic(
        self,
        name: str,
        partitions: int = -1,
        replication_factor: int = -1,
        config: Mapping[str, str] | None = None,
        timeout_s: float = _TIMEOUT,
    ) -> bool:
        """Create a topic; ``False`` when it is there already. ``-1`` leaves a number to the broker.

        Raises:
            KafkaClientError: Refused, or nobody answered.
        """
        topic = NewTopic(
            name, num_partitions=partitions, replication_factor=replication_factor, config=dict(config or {})
        )
        try:
            self._alive().create_topics([topic], request_timeout=timeout_s)[name].result(timeout_s + 1)
        except KafkaException as error:
            fault = fault_of(error)
            if fault.name == "TOPIC_ALREADY_EXISTS":
                return False
            raise self._failed(f"create topic {name}", fault) from error
        return True

    def topic_config(self, name: str, timeout_s: float = _TIMEOUT) -> dict[str, str]:
        """All settings of a topic, defaults included.

        Raises:
            KafkaClientError: There is no such topic, this user may not see it, or nobody answered.
        """
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        future = self._alive().describe_configs([resource], request_timeout=timeout_s)[resource]
        try:
            return {key: entry.value for key, entry in future.result(timeout_s + 1).items() if entry.value is not None}
        except KafkaException as error:
            raise self._failed(f"tell the settings of topic {name}", fault_of(error)) from error

    def end_offsets(self, topic: str, timeout_s: float = _TIMEOUT) -> dict[TopicPartition, int]:
        """Where the next record of each partition goes.

        Raises:
            KafkaClientError: There is no such topic, or nobody answered.
        """
        count = self.partitions(topic, timeout_s)
        if count is None:
            raise KafkaClientError(f"There is no topic {topic}.", code="BRN-2201", remedy="Check the name.")
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library's own gap
        asked = {_Place(topic, number): latest for number in range(count)}
        found: dict[TopicPartition, int] = {}
        for place, future in self._alive().list_offsets(asked, request_timeout=timeout_s).items():
            try:
                found[TopicPartition(topic, place.partition)] = future.result(timeout_s + 1).offset
            except KafkaException as error:
                raise self._failed(f"tell the end of {topic}-{place.partition}", fault_of(error)) from error
        return found

    # ------------------------------------------------------------------ groups
    def alter_group_offsets(
        self, group: str, offsets: Mapping[TopicPartition, int], timeout_s: float = _TIMEOUT
    ) -> None:
        """Commit offsets in the place of a group that has no members.

        Raises:
            KafkaClientError: Refused, or nobody answered.
        """
        places = [_Place(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        asked = [ConsumerGroupTopicPartitions(group, places)]
        doing = f"change offsets of group {group}"
        try:
            future = self._alive().alter_consumer_group_offsets(asked, request_timeout=timeout_s)[group]
            answer = future.result(timeout_s + 1)
        except ValueError as error:  # a partition or topic that no cluster could have
            raise self._failed(doing, KafkaFault(-1, "_INVALID_ARG", str(error))) from error
        except KafkaException as error:
            raise self._failed(doing, fault_of(error)) from error
        for place in answer.topic_partitions or []:
            if place.error is not None:
                raise self._failed(doing, fault_of(place.error))

    def delete_group(self, group: str, timeout_s: float = _TIMEOUT) -> None:
        """Forget a group that has no members.

        Raises:
            KafkaClientError: Refused (``GROUP_ID_NOT_FOUND`` for one that does not exist), or nobody answered.
        """
        future = self._alive().delete_consumer_groups([group], request_timeout=timeout_s)[group]
        try:
            future.result(timeout_s + 1)
        except KafkaException as error:
            raise self._failed(f"delete group {group}", fault_of(error)) from error

    def _failed(self, doing: str, fault: KafkaFault) -> KafkaClientError:
        """A vague fault is replaced by what the library said before."""
        self._alive().poll(0)
        known = self._reporter.verdict or self._reporter.reason
        return KafkaClientError.of(doing, known if known is not None and fault.name in _VAGUE else fault)
