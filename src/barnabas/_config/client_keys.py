"""All settings of Kafka's Java clients: what a connector's overrides are checked against.

Only their types are: whether a value is accepted is the client's business, at the start of a task.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from barnabas._config.parsing import parse_value
from barnabas._config.types import NO_DEFAULT, ConfigKey, Importance, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ADMIN_KEYS", "CONSUMER_KEYS", "PRODUCER_KEYS"]

_HIGH, _MEDIUM, _LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_ASSIGNORS: Final = "org.apache.kafka.clients.consumer."
_Row = tuple[str, Type, Any, Importance]

_ALL: Final[tuple[_Row, ...]] = (
    ("metadata.max.age.ms", Type.LONG, 300_000, _LOW),
    ("send.buffer.bytes", Type.INT, 131_072, _MEDIUM),
    ("reconnect.backoff.ms", Type.LONG, 50, _LOW),
    ("reconnect.backoff.max.ms", Type.LONG, 1000, _LOW),
    ("retry.backoff.ms", Type.LONG, 100, _LOW),
    ("retry.backoff.max.ms", Type.LONG, 1000, _LOW),
    ("request.timeout.ms", Type.INT, 30_000, _MEDIUM),
    ("socket.connection.setup.timeout.ms", Type.LONG, 10_000, _MEDIUM),
    ("socket.connection.setup.timeout.max.ms", Type.LONG, 30_000, _MEDIUM),
    ("metrics.sample.window.ms", Type.LONG, 30_000, _LOW),
    ("metrics.num.samples", Type.INT, 2, _LOW),
    ("metric.reporters", Type.LIST, "org.apache.kafka.common.metrics.JmxReporter", _LOW),
    ("metrics.recording.level", Type.STRING, "INFO", _LOW),
    ("client.dns.lookup", Type.STRING, "use_all_dns_ips", _MEDIUM),
    ("security.providers", Type.STRING, None, _LOW),
    ("security.protocol", Type.STRING, "PLAINTEXT", _MEDIUM),
    ("ssl.protocol", Type.STRING, "TLSv1.3", _MEDIUM),
    ("ssl.provider", Type.STRING, None, _MEDIUM),
    ("ssl.cipher.suites", Type.LIST, "", _LOW),
    ("ssl.enabled.protocols", Type.LIST, "TLSv1.2,TLSv1.3", _MEDIUM),
    ("ssl.keystore.type", Type.STRING, "JKS", _MEDIUM),
    ("ssl.keystore.location", Type.STRING, None, _HIGH),
    ("ssl.keystore.password", Type.PASSWORD, None, _HIGH),
    ("ssl.key.password", Type.PASSWORD, None, _HIGH),
    ("ssl.keystore.key", Type.PASSWORD, None, _HIGH),
    ("ssl.keystore.certificate.chain", Type.PASSWORD, None, _HIGH),
    ("ssl.truststore.certificates", Type.PASSWORD, None, _HIGH),
    ("ssl.truststore.type", Type.STRING, "JKS", _MEDIUM),
    ("ssl.truststore.location", Type.STRING, None, _HIGH),
    ("ssl.truststore.password", Type.PASSWORD, None, _HIGH),
    ("ssl.keymanager.algorithm", Type.STRING, "SunX509", _LOW),
    ("ssl.trustmanager.algorithm", Type.STRING, "PKIX", _LOW),
    ("ssl.endpoint.identification.algorithm", Type.STRING, "https", _LOW),
    ("ssl.secure.random.implementation", Type.STRING, None, _LOW),
    ("ssl.engine.factory.class", Type.CLASS, None, _LOW),
    ("sasl.kerberos.service.name", Type.STRING, None, _MEDIUM),
    ("sasl.kerberos.kinit.cmd", Type.STRING, "/usr/bin/kinit", _LOW),
    ("sasl.kerberos.ticket.renew.window.factor", Type.DOUBLE, 0.8, _LOW),
    ("sasl.kerberos.ticket.renew.jitter", Type.DOUBLE, 0.05, _LOW),
    ("sasl.kerberos.min.time.before.relogin", Type.LONG, 60_000, _LOW),
    ("sasl.login.refresh.window.factor", Type.DOUBLE, 0.8, _LOW),
    ("sasl.login.refresh.window.jitter", Type.DOUBLE, 0.05, _LOW),
    ("sasl.login.refresh.min.period.seconds", Type.SHORT, 60, _LOW),
    ("sasl.login.refresh.buffer.seconds", Type.SHORT, 300, _LOW),
    ("sasl.mechanism", Type.STRING, "GSSAPI", _MEDIUM),
    ("sasl.jaas.config", Type.PASSWORD, None, _MEDIUM),
    ("sasl.client.callback.handler.class", Type.CLASS, None, _MEDIUM),
    ("sasl.login.callback.handler.class", Type.CLASS, None, _MEDIUM),
    ("sasl.login.class", Type.CLASS, None, _MEDIUM),
    ("sasl.login.connect.timeout.ms", Type.INT, None, _LOW),
    ("sasl.login.read.timeout.ms", Type.INT, None, _LOW),
    ("sasl.login.retry.backoff.max.ms", Type.LONG, 10_000, _LOW),
    ("sasl.login.retry.backoff.ms", Type.LONG, 100, _LOW),
    (
        "sasl.oauthbearer.jwt.retriever.class",
        Type.CLASS,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
        _MEDIUM,
    ),
    (
        "sasl.oauthbearer.jwt.validator.class",
        Type.CLASS,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        _MEDIUM,
    ),
    ("sasl.oauthbearer.scope", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.client.credentials.client.id", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.client.credentials.client.secret", Type.PASSWORD, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.algorithm", Type.STRING, "RS256", _MEDIUM),
    ("sasl.oauthbearer.assertion.claim.aud", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.claim.exp.seconds", Type.INT, 300, _LOW),
    ("sasl.oauthbearer.assertion.claim.iss", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.claim.jti.include", Type.BOOLEAN, False, _MEDIUM),
    ("sasl.oauthbearer.assertion.claim.nbf.seconds", Type.INT, 60, _LOW),
    ("sasl.oauthbearer.assertion.claim.sub", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.file", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.private.key.file", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.private.key.passphrase", Type.PASSWORD, None, _MEDIUM),
    ("sasl.oauthbearer.assertion.template.file", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.scope.claim.name", Type.STRING, "scope", _LOW),
    ("sasl.oauthbearer.sub.claim.name", Type.STRING, "sub", _LOW),
    ("sasl.oauthbearer.token.endpoint.url", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.jwks.endpoint.url", Type.STRING, None, _MEDIUM),
    ("sasl.oauthbearer.jwks.endpoint.refresh.ms", Type.LONG, 3_600_000, _LOW),
    ("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Type.LONG, 10_000, _LOW),
    ("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Type.LONG, 100, _LOW),
    ("sasl.oauthbearer.clock.skew.seconds", Type.INT, 30, _LOW),
    ("sasl.oauthbearer.expected.audience", Type.LIST, "", _HIGH),
    ("sasl.oauthbearer.expected.issuer", Type.STRING, None, _HIGH),
    ("sasl.oauthbearer.header.urlencode", Type.BOOLEAN, False, _LOW),
    ("metadata.recovery.strategy", Type.STRING, "rebootstrap", _LOW),
    ("metadata.recovery.rebootstrap.trigger.ms", Type.LONG, 300_000, _LOW),
    ("config.providers", Type.LIST, "", _LOW),
)
_ADMIN: Final[tuple[_Row, ...]] = (
    ("bootstrap.servers", Type.LIST, "", _HIGH),
    ("bootstrap.controllers", Type.LIST, "", _HIGH),
    ("client.id", Type.STRING, "", _MEDIUM),
    ("receive.buffer.bytes", Type.INT, 65_536, _MEDIUM),
    ("enable.metrics.push", Type.BOOLEAN, False, _LOW),
    ("connections.max.idle.ms", Type.LONG, 300_000, _MEDIUM),
    ("retries", Type.INT, 2_147_483_647, _LOW),
    ("default.api.timeout.ms", Type.INT, 60_000, _MEDIUM),
)
_CONSUMER: Final[tuple[_Row, ...]] = (
    ("bootstrap.servers", Type.LIST, NO_DEFAULT, _HIGH),
    ("group.id", Type.STRING, None, _HIGH),
    ("group.instance.id", Type.STRING, None, _MEDIUM),
    ("session.timeout.ms", Type.INT, 45_000, _HIGH),
    ("heartbeat.interval.ms", Type.INT, 3000, _HIGH),
    (
        "partition.assignment.strategy",
        Type.LIST,
        f"class {_ASSIGNORS}RangeAssignor,class {_ASSIGNORS}CooperativeStickyAssignor",
        _MEDIUM,
    ),
    ("enable.auto.commit", Type.BOOLEAN, True, _MEDIUM),
    ("auto.commit.interval.ms", Type.INT, 5000, _LOW),
    ("client.id", Type.STRING, "", _LOW),
    ("client.rack", Type.STRING, "", _LOW),
    ("max.partition.fetch.bytes", Type.INT, 1_048_576, _HIGH),
    ("receive.buffer.bytes", Type.INT, 65_536, _MEDIUM),
    ("fetch.min.bytes", Type.INT, 1, _HIGH),
    ("fetch.max.bytes", Type.INT, 52_428_800, _MEDIUM),
    ("fetch.max.wait.ms", Type.INT, 500, _LOW),
    ("enable.metrics.push", Type.BOOLEAN, True, _LOW),
    ("auto.offset.reset", Type.STRING, "latest", _MEDIUM),
    ("check.crcs", Type.BOOLEAN, True, _LOW),
    ("key.deserializer", Type.CLASS, NO_DEFAULT, _HIGH),
    ("value.deserializer", Type.CLASS, NO_DEFAULT, _HIGH),
    ("default.api.timeout.ms", Type.INT, 60_000, _MEDIUM),
    ("connections.max.idle.ms", Type.LONG, 540_000, _MEDIUM),
    ("interceptor.classes", Type.LIST, "", _LOW),
    ("max.poll.records", Type.INT, 500, _MEDIUM),
    ("max.poll.interval.ms", Type.INT, 300_000, _MEDIUM),
    ("exclude.internal.topics", Type.BOOLEAN, True, _MEDIUM),
    ("internal.throw.on.fetch.stable.offset.unsupported", Type.BOOLEAN, False, _LOW),
    ("isolation.level", Type.STRING, "read_uncommitted", _MEDIUM),
    ("allow.auto.create.topics", Type.BOOLEAN, True, _MEDIUM),
    ("group.protocol", Type.STRING, "classic", _HIGH),
    ("group.remote.assignor", Type.STRING, None, _MEDIUM),
    ("share.acknowledgement.mode", Type.STRING, "implicit", _MEDIUM),
    ("share.acquire.mode", Type.STRING, "BATCH_OPTIMIZED", _MEDIUM),
)
_PRODUCER: Final[tuple[_Row, ...]] = (
    ("bootstrap.servers", Type.LIST, NO_DEFAULT, _HIGH),
    ("buffer.memory", Type.LONG, 33_554_432, _HIGH),
    ("retries", Type.INT, 2_147_483_647, _HIGH),
    ("acks", Type.STRING, "all", _LOW),
    ("compression.type", Type.STRING, "none", _HIGH),
    ("compression.gzip.level", Type.INT, -1, _MEDIUM),
    ("compression.lz4.level", Type.INT, 9, _MEDIUM),
    ("compression.zstd.level", Type.INT, 3, _MEDIUM),
    ("batch.size", Type.INT, 16_384, _MEDIUM),
    ("partitioner.adaptive.partitioning.enable", Type.BOOLEAN, True, _LOW),
    ("partitioner.availability.timeout.ms", Type.LONG, 0, _LOW),
    ("partitioner.ignore.keys", Type.BOOLEAN, False, _MEDIUM),
    ("linger.ms", Type.LONG, 5, _MEDIUM),
    ("delivery.timeout.ms", Type.INT, 120_000, _MEDIUM),
    ("client.id", Type.STRING, "", _MEDIUM),
    ("receive.buffer.bytes", Type.INT, 32_768, _MEDIUM),
    ("max.request.size", Type.INT, 1_048_576, _MEDIUM),
    ("enable.metrics.push", Type.BOOLEAN, True, _LOW),
    ("max.block.ms", Type.LONG, 60_000, _MEDIUM),
    ("metadata.max.idle.ms", Type.LONG, 300_000, _LOW),
    ("max.in.flight.requests.per.connection", Type.INT, 5, _LOW),
    ("key.serializer", Type.CLASS, NO_DEFAULT, _HIGH),
    ("value.serializer", Type.CLASS, NO_DEFAULT, _HIGH),
    ("connections.max.idle.ms", Type.LONG, 540_000, _MEDIUM),
    ("partitioner.class", Type.CLASS, None, _MEDIUM),
    ("interceptor.classes", Type.LIST, "", _LOW),
    ("enable.idempotence", Type.BOOLEAN, True, _LOW),
    ("transaction.timeout.ms", Type.INT, 60_000, _LOW),
    ("transactional.id", Type.STRING, None, _LOW),
    ("transaction.two.phase.commit.enable", Type.BOOLEAN, False, _LOW),
)


def _key(name: str, type_: Type, default: Any, importance: Importance) -> ConfigKey:
    value = default if default is NO_DEFAULT else parse_value(name, default, type_, lambda given: given)
    return ConfigKey(name, type_, default=value, importance=importance, display_name=name)


def _keys(*tables: tuple[_Row, ...]) -> Mapping[str, ConfigKey]:
    return MappingProxyType({row[0]: _key(*row) for table in tables for row in table})


PRODUCER_KEYS: Final = _keys(_ALL, _PRODUCER)
CONSUMER_KEYS: Final = _keys(_ALL, _CONSUMER)
ADMIN_KEYS: Final = _keys(_ALL, _ADMIN)
