"""What librdkafka has no request for: leaving a group for a member that is gone, forgetting offsets of a group.

Sink tasks are static members (KIP-345), so that one whose process was killed takes its partitions up again at once
instead of after its session has timed out. The price: a static member that ends does not leave, and its partitions
would wait out the session although nobody comes back for them. So the supervisor has it leave the group, by this
module.

kafka-python has such requests. Leaving is done in a process made for the call; offsets are looked at so rarely that the
worker itself does it, and only then imports this module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from kafka import TopicPartition as _Place
from kafka.admin import KafkaAdminClient, MemberToRemove
from kafka.errors import KafkaError

from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.faults import KafkaClientError, KafkaFault, fault_of
from barnabas.kafka.python_client import connection
from barnabas.record import TopicPartition

__all__ = ["committed_offsets", "forget_offsets", "leave_group"]


def leave_group(settings: ClientSettings, group: str, instances: Sequence[str], timeout_s: float) -> None:
    """Remove static members; those that are not in the group are fine.

    Args:
        settings: How to reach the cluster: those of the consumers.
        group: The group.
        instances: The ``group.instance.id`` of each member.
        timeout_s: How long to try.

    Raises:
        ConnectError: It did not work; the members' partitions are then free when their sessions time out.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it has to say is in its exceptions
    timeout_ms = int(timeout_s * 1000)
    try:
        with connection(settings) as arguments:
            client = KafkaAdminClient(bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms, **arguments)
            try:
                members = [MemberToRemove(group_instance_id=instance) for instance in instances]
                client.remove_group_members(group, members)
            finally:
                client.close()
    except ConnectError as error:
        raise _failed(group, error.message.rstrip(".")) from error
    except (KafkaError, OSError, ValueError) as error:
        raise _failed(group, f"{type(error).__name__}: {error}") from error


def _failed(group: str, reason: str) -> ConnectError:
    return ConnectError(
        f"The members that ended could not leave group {group}: {reason}.",
        code="BRN-2220",
        remedy="Their partitions are free when session.timeout.ms has passed; task.static.membership=false avoids it.",
    )


def committed_offsets(settings: ClientSettings, group: str, timeout_s: float) -> dict[TopicPartition, int]:
    """What a group has committed; empty for one that does not exist. Blocks.

    librdkafka has this request, but its admin client ends the process (librdkafka 2.16: ``rd_kafka_cgrp_op`` without a
    group) where the answer says that the coordinator is another one by now.

    Raises:
        KafkaClientError: Kafka refused, or did not answer.
        ConnectError: The settings log in with a mechanism that is not possible here.
    """
    found = _asked(
        settings, timeout_s, f"tell offsets of group {group}", lambda client: client.list_group_offsets(group)
    )
    known = found.get(group, {}).items()
    return {TopicPartition(place.topic, place.partition): at.offset for place, at in known if at.offset >= 0}


def forget_offsets(settings: ClientSettings, group: str, places: Collection[TopicPartition], timeout_s: float) -> None:
    """Delete what a group has committed for some partitions; blocks.

    Args:
        settings: Of an admin client.
        group: The group; nobody in it may be subscribed to the topics.
        places: The partitions; those without an offset are fine.
        timeout_s: How long to try.

    Raises:
        KafkaClientError: Kafka refused, or did not answer.
        ConnectError: The settings log in with a mechanism that is not possible here.
    """
    doing = f"forget offsets of group {group}"
    named = [_Place(*place) for place in places]
    answers = _asked(settings, timeout_s, doing, lambda client: client.delete_group_offsets(group, named))
    for answer in answers.values():
        if answer.errno:
            raise KafkaClientError.of(doing, fault_of(answer.errno))


def _asked(settings: ClientSettings, timeout_s: float, doing: str, request: Callable[[KafkaAdminClient], Any]) -> Any:
    """Make a request with a client of its own."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it has to say is in its exceptions
    timeout_ms = int(timeout_s * 1000)
    try:
        with connection(settings) as arguments:
            client = KafkaAdminClient(bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms, **arguments)
            try:
                return request(client)
            finally:
                client.close()
    except KafkaError as error:
        raise KafkaClientError.of(doing, _fault(error)) from error
    except (OSError, ValueError) as error:
        raise KafkaClientError.of(doing, KafkaFault(-1, "_FAIL", f"{type(error).__name__}: {error}")) from error


def _fault(error: KafkaError) -> KafkaFault:
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return fault_of(number)
    return KafkaFault(-1, "_FAIL", f"{type(error).__name__}: {error}")
