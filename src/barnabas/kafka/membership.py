"""Leaving a consumer group for a member that is gone.

Sink tasks are static members (KIP-345), so that one whose process was killed takes its partitions up again at once
instead of after its session has timed out. The price: a static member that ends does not leave, and its partitions
would wait out the session although nobody comes back for them. So the supervisor has it leave the group, by this
module.

librdkafka has no such request; kafka-python has. It is imported here and nowhere else, in a process made for the call.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient, MemberToRemove
from kafka.errors import KafkaError

from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings

__all__ = ["leave_group"]

_PASSWORDS = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})


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
    given = settings.librdkafka
    mechanism = given.get("sasl.mechanism")
    if mechanism is not None and mechanism not in _PASSWORDS:
        raise _failed(group, f"there is no way to log in with {mechanism} for it")
    try:
        with _tls(given) as context:
            client = KafkaAdminClient(
                bootstrap_servers=given["bootstrap.servers"].split(","),
                client_id=given.get("client.id", "barnabas"),
                bootstrap_timeout_ms=int(timeout_s * 1000),
                request_timeout_ms=int(timeout_s * 1000),
                security_protocol=given.get("security.protocol", "PLAINTEXT").upper(),
                ssl_context=context,
                sasl_mechanism=mechanism,
                sasl_plain_username=given.get("sasl.username"),
                sasl_plain_password=given.get("sasl.password"),
            )
            try:
                members = [MemberToRemove(group_instance_id=instance) for instance in instances]
                client.remove_group_members(group, members)
            finally:
                client.close()
    except (KafkaError, OSError, ValueError) as error:
        raise _failed(group, f"{type(error).__name__}: {error}") from error


def _failed(group: str, reason: str) -> ConnectError:
    return ConnectError(
        f"The members that ended could not leave group {group}: {reason}.",
        code="BRN-2220",
        remedy="Their partitions are free when session.timeout.ms has passed; task.static.membership=false avoids it.",
    )


@contextlib.contextmanager
def _tls(given: dict[str, str]) -> Iterator[Any]:
    """A TLS context from the PEM texts that the settings hold; ``None`` without TLS."""
    if "SSL" not in given.get("security.protocol", "").upper():
        yield None
        return
    context = ssl.create_default_context(cadata=given.get("ssl.ca.pem"), cafile=given.get("ssl.ca.location"))
    if given.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    if "ssl.certificate.pem" in given and "ssl.key.pem" in given:
        with tempfile.TemporaryDirectory() as folder:  # private to us, and gone when the chain is loaded
            chain = Path(folder) / "chain.pem"
            chain.write_text(given["ssl.key.pem"] + "\n" + given["ssl.certificate.pem"])
            context.load_cert_chain(chain, password=given.get("ssl.key.password"))
    yield context
