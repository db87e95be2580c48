"""Leaving a consumer group for a member that is gone.

Sink tasks are static members (KIP-345), so that one whose process was killed takes its partitions up again at once
instead of after its session has timed out. The price: a static member that ends does not leave, and its partitions
would wait out the session although nobody comes back for them. So the supervisor has it leave the group, by this
module.

librdkafka has no such request; kafka-python has. It is imported here and nowhere else, in a process made for the call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kafka.admin import KafkaAdminClient, MemberToRemove
from kafka.errors import KafkaError

from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.python_client import connection

__all__ = ["leave_group"]


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
