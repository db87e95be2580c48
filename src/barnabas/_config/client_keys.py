"""Kafka client settings that users override most, as Kafka's Java clients define them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from barnabas._config.types import ConfigKey, Importance, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ADMIN_KEYS", "CONSUMER_KEYS", "PRODUCER_KEYS"]

_HIGH, _MEDIUM, _LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_Row = tuple[str, Type, Any, Importance]

_ALL: Final[tuple[_Row, ...]] = (
    ("client.dns.lookup", Type.STRING, "use_all_dns_ips", _MEDIUM),
    ("client.id", Type.STRING, "", _MEDIUM),
    ("connections.max.idle.ms", Type.LONG, 540_000, _MEDIUM),
    ("metadata.max.age.ms", Type.LONG, 300_000, _LOW),
    ("reconnect.backoff.max.ms", Type.LONG, 1000, _LOW),
    ("reconnect.backoff.ms", Type.LONG, 50, _LOW),
    ("request.timeout.ms", Type.INT, 30_000, _MEDIUM),
    ("retry.backoff.ms", Type.LONG, 100, _LOW),
    ("sasl.jaas.config", Type.PASSWORD, None, _MEDIUM),
    ("sasl.mechanism", Type.STRING, "GSSAPI", _MEDIUM),
    ("security.protocol", Type.STRING, "PLAINTEXT", _MEDIUM),
    ("ssl.truststore.location", Type.STRING, None, _HIGH),
    ("ssl.truststore.password", Type.PASSWORD, None, _HIGH),
)
_PRODUCER: Final[tuple[_Row, ...]] = (
    ("acks", Type.STRING, "all", _LOW),
    ("batch.size", Type.INT, 16_384, _MEDIUM),
    ("buffer.memory", Type.LONG, 33_554_432, _HIGH),
    ("compression.type", Type.STRING, "none", _HIGH),
    ("delivery.timeout.ms", Type.INT, 120_000, _MEDIUM),
    ("enable.idempotence", Type.BOOLEAN, True, _LOW),
    ("linger.ms", Type.LONG, 5, _MEDIUM),
    ("max.block.ms", Type.LONG, 60_000, _MEDIUM),
    ("max.in.flight.requests.per.connection", Type.INT, 5, _LOW),
    ("max.request.size", Type.INT, 1_048_576, _MEDIUM),
    ("retries", Type.INT, 2_147_483_647, _HIGH),
)
_CONSUMER: Final[tuple[_Row, ...]] = (
    ("auto.offset.reset", Type.STRING, "latest", _MEDIUM),
    ("fetch.max.bytes", Type.INT, 52_428_800, _MEDIUM),
    ("fetch.max.wait.ms", Type.INT, 500, _LOW),
    ("fetch.min.bytes", Type.INT, 1, _HIGH),
    ("group.id", Type.STRING, None, _HIGH),
    ("group.instance.id", Type.STRING, None, _MEDIUM),
    ("heartbeat.interval.ms", Type.INT, 3000, _HIGH),
    ("isolation.level", Type.STRING, "read_uncommitted", _MEDIUM),
    ("max.partition.fetch.bytes", Type.INT, 1_048_576, _HIGH),
    ("max.poll.interval.ms", Type.INT, 300_000, _MEDIUM),
    ("max.poll.records", Type.INT, 500, _MEDIUM),
    ("session.timeout.ms", Type.INT, 45_000, _HIGH),
)


def _keys(*tables: tuple[_Row, ...]) -> Mapping[str, ConfigKey]:
    rows = [row for table in tables for row in table]
    return MappingProxyType(
        {
            n: ConfigKey(n, t, default=default, importance=importance, display_name=n)
            for n, t, default, importance in rows
        }
    )


PRODUCER_KEYS: Final = _keys(_ALL, _PRODUCER)
CONSUMER_KEYS: Final = _keys(_ALL, _CONSUMER)
ADMIN_KEYS: Final = _keys(_ALL)
