"""What went wrong with Kafka, classified in one place: retriable, fatal, and what to do about it.

The client library heals what it can by itself (a broken connection, a new leader); what is seen here is either a hint
about something it is still retrying, or a final verdict on a record, a commit or a client.
"""

from __future__ import annotations

from typing import Final

import msgspec
from confluent_kafka import KafkaError, KafkaException

from barnabas.errors import ConfigError, ConnectError

__all__ = ["KafkaClientError", "KafkaFault", "fault_of", "refused"]


class KafkaFault(msgspec.Struct, frozen=True):
    """One error of Kafka or of its client library.

    Args:
        code: The number; negative for errors of the client library itself.
        name: The stable name, e.g. ``TOPIC_AUTHORIZATION_FAILED``, ``_RESOLVE``.
        message: One sentence for a person, with the remedy where there is one.
        retriable: The same request may succeed later without anybody doing anything.
        fatal: The client is of no use any more, or will not connect until its settings change.
    """

    code: int
    name: str
    message: str
    retriable: bool = False
    fatal: bool = False


class KafkaClientError(ConnectError):
    """A request to Kafka failed; ``fault`` has the details, ``retriable`` whether trying again makes sense.

    ``requires_abort`` is for transactions: this one cannot be committed any more, abort it and begin another.
    """

    code = "BRN-2200"
    java_class = "org.apache.kafka.common.KafkaException"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        key: str | None = None,
        remedy: str | None = None,
        fault: KafkaFault | None = None,
        requires_abort: bool = False,
    ) -> None:
        super().__init__(message, code=code, key=key, remedy=remedy)
        self.fault = fault
        self.requires_abort = requires_abort

    @classmethod
    def of(cls, doing: str, fault: KafkaFault, *, requires_abort: bool = False) -> KafkaClientError:
        """The error of a request: ``doing`` completes "Kafka did not …" as in "commit offsets"."""
        return cls(f"Kafka did not {doing}: {fault.message} ({fault.name})", fault=fault, requires_abort=requires_abort)

    @property
    def retriable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.fault is not None and self.fault.retriable


# Errors after which the same request may succeed: Kafka's RetriableException classes, and the library's transport.
_RETRIABLE: Final = frozenset(
    {
        "_ALL_BROKERS_DOWN",
        "_NODE_UPDATE",
        "_QUEUE_FULL",
        "_RESOLVE",
        "_RETRY",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "_TRANSPORT",
        "_WAIT_COORD",
        "BROKER_NOT_AVAILABLE",
        "CONCURRENT_TRANSACTIONS",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "FETCH_SESSION_ID_NOT_FOUND",
        "INVALID_FETCH_SESSION_EPOCH",
        "FENCED_LEADER_EPOCH",
        "KAFKA_STORAGE_ERROR",
        "LEADER_NOT_AVAILABLE",
        "LISTENER_NOT_FOUND",
        "NETWORK_EXCEPTION",
        "NOT_CONTROLLER",
        "NOT_COORDINATOR",
        "NOT_ENOUGH_REPLICAS",
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "NOT_LEADER_FOR_PARTITION",
        "OFFSET_NOT_AVAILABLE",
        "PREFERRED_LEADER_NOT_AVAILABLE",
        "REBALANCE_IN_PROGRESS",
        "REPLICA_NOT_AVAILABLE",
        "REQUEST_TIMED_OUT",
        "THROTTLING_QUOTA_EXCEEDED",
        "UNKNOWN_LEADER_EPOCH",
        "UNKNOWN_TOPIC_ID",
        "UNKNOWN_TOPIC_OR_PART",
        "UNSTABLE_OFFSET_COMMIT",
    }
)

# Java's AuthenticationException family: trying again with the same settings cannot help.
_FATAL: Final = frozenset({"_AUTHENTICATION", "_FATAL", "_FENCED", "SASL_AUTHENTICATION_FAILED", "FENCED_INSTANCE_ID"})

_REMEDIES: Final = {
    "_ALL_BROKERS_DOWN": "Check that the brokers run, that bootstrap.servers names them, and security.protocol.",
    "_AUTHENTICATION": "Check sasl.mechanism and the user name and password in sasl.jaas.config.",
    "_MSG_TIMED_OUT": "The broker did not answer within delivery.timeout.ms: check that it is up.",
    "_RESOLVE": "Check the host names in bootstrap.servers.",
    "_SSL": "Check ssl.truststore.location, and that the broker's listener speaks TLS.",
    "_TRANSPORT": "Check that a broker listens there, and that security.protocol is what its listener speaks.",
    "_UNKNOWN_PARTITION": "Choose a partition that the topic has.",
    "_UNKNOWN_TOPIC": "Create the topic, or let the broker do it (auto.create.topics.enable).",
    "CLUSTER_AUTHORIZATION_FAILED": "Grant IdempotentWrite on the cluster, or set enable.idempotence=false.",
    "GROUP_AUTHORIZATION_FAILED": "Grant Read on the group.",
    "MSG_SIZE_TOO_LARGE": "Raise max.request.size here and message.max.bytes on the topic.",
    "TOPIC_AUTHORIZATION_FAILED": "Grant Read, or Write and Describe, on the topic.",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": "Grant Write and Describe on the transactional id.",
}
_CERTIFICATE: Final = "certificate verify failed"


def fault_of(
    error: KafkaError | KafkaException | int, reason: str = "", *, fatal: bool = False, retriable: bool = False
) -> KafkaFault:
    """Classify an error.

    Args:
        error: The library's error or exception, or the bare number.
        reason: The library's own words; taken from ``error`` when empty.
        fatal: Known to be fatal, whatever the number says.
        retriable: Known to be retriable.
    """
    if isinstance(error, KafkaException):
        inner = error.args[0] if error.args else None
        if not isinstance(inner, KafkaError):
            return KafkaFault(-1, "_FAIL", reason or str(error), fatal=fatal)
        error = inner
    if isinstance(error, int):
        error = KafkaError(error)
    name = error.name()
    text = (reason or error.str()).strip().rstrip(".")
    remedy = _REMEDIES.get(name, "")
    is_fatal = fatal or error.fatal() or name in _FATAL
    if name == "_SSL" and _CERTIFICATE in text:
        is_fatal = True
        remedy = (
            "The broker's certificate is not signed by an authority in ssl.truststore.location, or names another host."
        )
    return KafkaFault(
        code=error.code(),
        name=name,
        message=f"{text}. {remedy}".rstrip(),
        retriable=not is_fatal and (retriable or error.retriable() or name in _RETRIABLE),
        fatal=is_fatal,
    )


def refused(client: str, error: Exception | str) -> ConfigError:
    """The library made no client of these settings; ``client`` says which kind."""
    reason = (fault_of(error).message if isinstance(error, KafkaException) else str(error)).rstrip(".")
    remedy = "Correct its settings."
    if "GSSAPI" in reason:
        remedy = (
            "Kerberos needs a client library with Cyrus SASL: pip install --no-binary confluent-kafka confluent-kafka, "
            "with librdkafka from your system."
        )
    return ConfigError(f"The Kafka {client} cannot be made: {reason}.", remedy=remedy, code="BRN-1211")
