"""What Connect gives its Kafka clients: defaults, the worker's settings, the connector's, in that order.

Everything here is in Java's names; :func:`barnabas.kafka.settings.translate` comes after.

Idempotence. The JVM's Connect turns it off and sends one request at a time, which keeps order but not uniqueness: a
retry after a lost answer is written twice. Here it is left to ``translate``: on with five requests in flight where
nothing forbids it, which keeps order, writes once, and is faster. It needs no more rights than before on brokers from
2.8 on (Write on a topic includes it); for older ones that ask for ``IdempotentWrite``, ``enable.idempotence=false`` is
obeyed, and then one request is in flight, as in the JVM. ``max.block.ms`` is not raised to "for ever" as there: a topic
that does not exist fails the task with its name after a minute instead of hanging it without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from barnabas.kafka._java_keys import Kind
from barnabas.kafka._values import INT_MAX
from barnabas.kafka.settings import client_keys

__all__ = [
    "admin_config",
    "dlq_admin_config",
    "dlq_producer_config",
    "internal_topic_configs",
    "offset_topic_configs",
    "sink_consumer_config",
    "source_producer_config",
]

_PRODUCER: Final = {
    "acks": "all",
    "delivery.timeout.ms": str(INT_MAX),
    "max.block.ms": "60000",
}
_WORKER_ONLY: Final = frozenset(
    # Un-prefixed they belong to the worker's own group member, which Connect takes out again for a sink's consumer.
    {"group.id", "session.timeout.ms", "heartbeat.interval.ms", "client.id", "config.providers"}
)


def source_producer_config(
    worker: Mapping[str, str], connector: Mapping[str, str], connector_name: str, task: int
) -> dict[str, str]:
    """For the producer of a source task."""
    return {
        **_PRODUCER,
        "client.id": f"connector-producer-{connector_name}-{task}",
        **_layers("producer", worker, connector),
    }


def sink_consumer_config(
    worker: Mapping[str, str], connector: Mapping[str, str], connector_name: str, task: int
) -> dict[str, str]:
    """For the consumer of a sink task; offsets are committed by the task alone."""
    return {
        "auto.offset.reset": "earliest",
        "client.id": f"connector-consumer-{connector_name}-{task}",
        "group.id": f"connect-{connector_name}",
        **_layers("consumer", worker, connector),
    }


def admin_config(
    worker: Mapping[str, str], connector: Mapping[str, str] | None = None, connector_name: str = "", task: int = 0
) -> dict[str, str]:
    """For an admin client: the worker's own without a connector, else that of a task."""
    if connector is None:
        return {**_layers("admin", worker, {}), "client.id": f"{_own_name(worker)}-shared-admin"}
    return {
        "client.id": f"connector-adminclient-{connector_name}-{task}",
        **_layers("admin", worker, connector),
    }


def internal_topic_configs(worker: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """For the consumer and the producer of the topics that workers share: the worker's own, un-prefixed settings.

    One request in flight keeps the order of writes; a write that is repeated does no harm in a compacted topic.
    """
    client_id = f"{_own_name(worker)}-topics"
    given = _for_all("consumer", worker)
    exactly_once = worker.get("exactly.once.source.support", "").strip().lower() == "enabled"
    isolation = {"isolation.level": "read_committed"} if exactly_once else {}
    consumer = {**given, **isolation, "auto.offset.reset": "earliest", "client.id": client_id}
    given = _for_all("producer", worker)
    producer = {
        **given,
        "acks": "all",
        "enable.idempotence": "false",
        "max.in.flight.requests.per.connection": "1",
        "delivery.timeout.ms": str(INT_MAX),
        "client.id": client_id,
    }
    return consumer, producer


def offset_topic_configs(
    worker: Mapping[str, str], connector: Mapping[str, str], connector_name: str
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """For the consumer, the producer and the admin client of a connector's own offset topic."""
    consumer = {
        "isolation.level": "read_committed",
        "client.id": f"connector-consumer-{connector_name}",
        **_layers("consumer", worker, connector),
        "auto.offset.reset": "earliest",
    }
    producer = {
        **source_producer_config(worker, {}, connector_name, 0),
        "client.id": f"connector-offset-producer-{connector_name}",
        **_below(connector, "producer.override."),
        "acks": "all",  # whatever is good enough for records: an offset that is lost costs more
    }
    producer.pop("transactional.id", None)
    admin = {"client.id": f"connector-adminclient-{connector_name}", **_layers("admin", worker, connector)}
    return consumer, producer, admin


def dlq_producer_config(
    worker: Mapping[str, str], connector: Mapping[str, str], connector_name: str, task: int
) -> dict[str, str]:
    """For the producer of a connector's dead letters."""
    return {
        **source_producer_config(worker, {}, connector_name, task),
        "client.id": f"connector-dlq-producer-{connector_name}-{task}",
        **_below(connector, "producer.override."),
    }


def dlq_admin_config(worker: Mapping[str, str], connector: Mapping[str, str]) -> dict[str, str]:
    """For the admin client that creates the topic of dead letters; its id is the same for all, as in the JVM."""
    return {"client.id": "connector-dlq-adminclient-", **_layers("admin", worker, connector)}


def _own_name(worker: Mapping[str, str]) -> str:
    """What the ids of the worker's own clients begin with."""
    own = f"-{worker['client.id']}" if worker.get("client.id") else ""
    return f"{worker.get('group.id') or 'connect'}{own}"


def _layers(kind: Kind, worker: Mapping[str, str], connector: Mapping[str, str]) -> dict[str, str]:
    return {
        **_for_all(kind, worker),
        **_below(worker, f"{kind}."),
        **_below(connector, f"{kind}.override."),
    }


def _for_all(kind: Kind, worker: Mapping[str, str]) -> dict[str, str]:
    """A worker's un-prefixed settings that its clients of this kind have too."""
    keys = client_keys(kind)
    return {key: value for key, value in worker.items() if key in keys and key not in _WORKER_ONLY}


def _below(props: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key[len(prefix) :]: value for key, value in props.items() if key.startswith(prefix)}
