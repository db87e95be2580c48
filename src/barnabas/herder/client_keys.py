"""Which keys of a worker's properties are meant for somebody else than the worker: Kafka clients, plugins, servers."""

from __future__ import annotations

from barnabas.kafka.settings import client_keys

__all__ = ["CLIENT_KEYS", "CLIENT_PREFIXES", "DISTRIBUTED_KEYS", "FREE_PREFIXES"]

CLIENT_PREFIXES = {
    "producer.": client_keys("producer"),
    "consumer.": client_keys("consumer"),
    "admin.": client_keys("admin"),
}
"""What may follow a prefix."""

CLIENT_KEYS = frozenset().union(*CLIENT_PREFIXES.values()) | {"ssl.client.auth"}
"""Un-prefixed they are for all clients of the worker; ``ssl.*`` for the REST server as well."""

DISTRIBUTED_KEYS = frozenset(
    {
        "group.id",
        "session.timeout.ms",
        "rebalance.timeout.ms",
        "heartbeat.interval.ms",
        "exactly.once.source.support",
        "worker.sync.timeout.ms",
        "worker.unsync.backoff.ms",
        "connect.protocol",
        "scheduled.rebalance.max.delay.ms",
        "inter.worker.key.generation.algorithm",
        "inter.worker.key.size",
        "inter.worker.key.ttl.ms",
        "inter.worker.signature.algorithm",
        "inter.worker.verification.algorithms",
    }
)
"""Of distributed mode; standalone mode leaves them alone without a word, so that one file may serve both."""

FREE_PREFIXES = (
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "internal.key.converter",
    "internal.value.converter",
    "config.providers.",
    "config.storage.",
    "offset.storage.",
    "status.storage.",
    "listeners.https.",
    "admin.listeners.https.",
    "metrics.context.",
    "metrics.jmx.",
)
"""What follows is the business of a plugin, a topic or a server, and is not checked here."""
