"""Every key of Java's producer, consumer and admin client (4.3), and what becomes of it.

A rule with a ``target`` is converted and passed on. Without one the key is *known*: handled elsewhere, or without
meaning outside the JVM; with a ``note`` its user is told what to do instead.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from barnabas.kafka._values import INT_MAX, Convert, boolean, choice, integer, text

__all__ = ["RULES", "SILENT_PREFIXES", "Kind", "Rule"]

Kind = Literal["producer", "consumer", "admin"]


class Rule(NamedTuple):
    """What to do with one key.

    Args:
        kinds: Initials of the clients that have it: P, C, A.
        target: The library's name; ``None`` if there is none.
        convert: The value; checks it even when there is no target.
        note: What to tell its user; empty where nothing is lost.
    """

    kinds: str
    target: str | None = None
    convert: Convert = text
    note: str = ""


_DAY, _HOUR, _SOCKET = 86_400_000, 3_600_000, 100_000_000
_OS_DEFAULT: Final = {-1: 0}
_SAME = {word: word for word in ("none", "gzip", "snappy", "lz4", "zstd")}
_NO_CLASSES = "Java classes cannot be loaded here: remove it, or write a transform."
_PROTOCOLS = {name: name.upper() for name in ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")}
_LOOKUPS = {name: name for name in ("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only")}

_COMMON: Final[dict[str, Rule]] = {
    "bootstrap.servers": Rule("PCA", "bootstrap.servers"),
    "client.id": Rule("PCA", "client.id"),
    "client.dns.lookup": Rule("PCA", "client.dns.lookup", choice(_LOOKUPS)),
    "connections.max.idle.ms": Rule("PCA", "connections.max.idle.ms", integer(0, INT_MAX, special=_OS_DEFAULT)),
    "default.api.timeout.ms": Rule("CA", None, integer(0, INT_MAX)),
    "enable.metrics.push": Rule("PCA", "enable.metrics.push", boolean),
    "metadata.max.age.ms": Rule("PCA", "metadata.max.age.ms", integer(1, _DAY)),
    "metadata.recovery.strategy": Rule(
        "PCA", "metadata.recovery.strategy", choice({"none": "none", "rebootstrap": "rebootstrap"})
    ),
    "metadata.recovery.rebootstrap.trigger.ms": Rule(
        "PCA", "metadata.recovery.rebootstrap.trigger.ms", integer(0, INT_MAX)
    ),
    "receive.buffer.bytes": Rule("PCA", "socket.receive.buffer.bytes", integer(0, _SOCKET, special=_OS_DEFAULT)),
    "send.buffer.bytes": Rule("PCA", "socket.send.buffer.bytes", integer(0, _SOCKET, special=_OS_DEFAULT)),
    "reconnect.backoff.max.ms": Rule("PCA", "reconnect.backoff.max.ms", integer(0, _HOUR)),
    "reconnect.backoff.ms": Rule("PCA", "reconnect.backoff.ms", integer(0, _HOUR)),
    "request.timeout.ms": Rule("PCA", "socket.timeout.ms", integer(10, 300_000)),
    "retries": Rule("PA", "retries", integer(0, INT_MAX)),
    "retry.backoff.max.ms": Rule("PCA", "retry.backoff.max.ms", integer(1, 300_000)),
    "retry.backoff.ms": Rule("PCA", "retry.backoff.ms", integer(1, 300_000)),
    "security.protocol": Rule("PCA", "security.protocol", choice(_PROTOCOLS)),
    "security.providers": Rule("PCA", note="Java security providers have no meaning here: remove it."),
    "socket.connection.setup.timeout.max.ms": Rule("PCA", None, integer(0, INT_MAX)),
    "socket.connection.setup.timeout.ms": Rule("PCA", "socket.connection.setup.timeout.ms", integer(1000, INT_MAX)),
    "auto.include.jmx.reporter": Rule("PCA"),
    "metric.reporters": Rule("PCA"),
    "metrics.num.samples": Rule("PCA"),
    "metrics.recording.level": Rule("PCA"),
    "metrics.sample.window.ms": Rule("PCA"),
    "interceptor.classes": Rule("PC", note=_NO_CLASSES),
    "config.providers": Rule("PCA"),
    "bootstrap.controllers": Rule("A", note="Only brokers can be asked: set bootstrap.servers instead."),
}

_PRODUCER: Final[dict[str, Rule]] = {
    "acks": Rule("P", "acks", choice({"all": "all", "-1": "all", "0": "0", "1": "1"})),
    "batch.size": Rule("P", "batch.size", integer(1, INT_MAX)),
    "buffer.memory": Rule("P", None, integer(0, 2**63 - 1)),
    "compression.type": Rule("P", "compression.codec", choice(_SAME)),
    "compression.gzip.level": Rule("P", None, integer(0, 9, special={-1: -1}, least=1)),
    "compression.lz4.level": Rule("P", None, integer(0, 12, least=1)),
    "compression.zstd.level": Rule("P", None, integer(0, 12, least=-131_072)),
    "delivery.timeout.ms": Rule("P", "message.timeout.ms", integer(1, INT_MAX)),
    "enable.idempotence": Rule("P", "enable.idempotence", boolean),
    "key.serializer": Rule("P"),
    "linger.ms": Rule("P", "linger.ms", integer(0, 900_000)),
    "max.block.ms": Rule("P", "topic.metadata.propagation.max.ms", integer(0, _HOUR)),
    "max.in.flight.requests.per.connection": Rule(
        "P", "max.in.flight.requests.per.connection", integer(1, 1_000_000, least=1)
    ),
    "max.request.size": Rule("P", "message.max.bytes", integer(1000, 1_000_000_000)),
    "metadata.max.idle.ms": Rule("P", None, integer(0, INT_MAX)),
    "partitioner.adaptive.partitioning.enable": Rule("P", None, boolean),
    "partitioner.availability.timeout.ms": Rule("P", None, integer(0, INT_MAX)),
    "partitioner.class": Rule("P"),
    "partitioner.ignore.keys": Rule("P", None, boolean),
    "transaction.timeout.ms": Rule("P", "transaction.timeout.ms", integer(1000, INT_MAX)),
    "transaction.two.phase.commit.enable": Rule("P", None, boolean, "Two-phase commit is not supported: remove it."),
    "transactional.id": Rule("P", "transactional.id"),
    "value.serializer": Rule("P"),
}

_FIXED_COMMIT = "A sink task commits offsets itself, after the records are safe: remove it."
_CONSUMER: Final[dict[str, Rule]] = {
    "allow.auto.create.topics": Rule("C", "allow.auto.create.topics", boolean),
    "auto.commit.interval.ms": Rule("C", None, integer(0, INT_MAX)),
    "auto.offset.reset": Rule(
        "C", "auto.offset.reset", choice({"earliest": "earliest", "latest": "latest", "none": "error"})
    ),
    "check.crcs": Rule("C", "check.crcs", boolean),
    "client.rack": Rule("C", "client.rack"),
    "enable.auto.commit": Rule("C", None, boolean),
    "exclude.internal.topics": Rule("C", None, boolean),
    "fetch.max.bytes": Rule("C", "fetch.max.bytes", integer(0, 2_147_483_135)),
    "fetch.max.wait.ms": Rule("C", "fetch.wait.max.ms", integer(0, 300_000)),
    "fetch.min.bytes": Rule("C", "fetch.min.bytes", integer(1, 100_000_000)),
    "group.id": Rule("C", "group.id"),
    "group.instance.id": Rule("C", "group.instance.id"),
    "group.protocol": Rule("C", "group.protocol", choice({"classic": "classic", "consumer": "consumer"})),
    "group.remote.assignor": Rule("C", "group.remote.assignor"),
    "heartbeat.interval.ms": Rule("C", "heartbeat.interval.ms", integer(1, _HOUR)),
    "isolation.level": Rule(
        "C",
        "isolation.level",
        choice({"read_uncommitted": "read_uncommitted", "read_committed": "read_committed"}),
    ),
    "key.deserializer": Rule("C"),
    "max.partition.fetch.bytes": Rule("C", "max.partition.fetch.bytes", integer(1, 1_000_000_000)),
    "max.poll.interval.ms": Rule("C", "max.poll.interval.ms", integer(1, _DAY, least=1)),
    "max.poll.records": Rule("C", None, integer(1, INT_MAX, least=1)),
    "partition.assignment.strategy": Rule("C"),
    "session.timeout.ms": Rule("C", "session.timeout.ms", integer(1, _HOUR)),
    "share.acknowledgement.mode": Rule("C"),
    "value.deserializer": Rule("C"),
}

_TLS_NAMES = (
    "ssl.truststore.type ssl.truststore.location ssl.truststore.password ssl.truststore.certificates ssl.keystore.type "
    "ssl.keystore.location ssl.keystore.password ssl.keystore.key ssl.keystore.certificate.chain ssl.key.password "
    "ssl.endpoint.identification.algorithm ssl.protocol ssl.enabled.protocols ssl.cipher.suites "
    "ssl.keymanager.algorithm ssl.trustmanager.algorithm ssl.secure.random.implementation"
)
_SASL_NAMES = (
    "sasl.mechanism sasl.jaas.config sasl.kerberos.service.name sasl.kerberos.kinit.cmd "
    "sasl.kerberos.min.time.before.relogin sasl.kerberos.ticket.renew.jitter "
    "sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class "
    "sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds "
    "sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter "
    "sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.oauthbearer.clock.skew.seconds "
    "sasl.oauthbearer.client.credentials.client.id sasl.oauthbearer.client.credentials.client.secret "
    "sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer sasl.oauthbearer.header.urlencode "
    "sasl.oauthbearer.jwks.endpoint.refresh.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms "
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms sasl.oauthbearer.jwks.endpoint.url "
    "sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name "
    "sasl.oauthbearer.token.endpoint.url"
)
_CLASSES = (
    "ssl.provider ssl.engine.factory.class sasl.client.callback.handler.class sasl.login.class "
    "sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class "
    "sasl.oauthbearer.assertion.template.file sasl.oauthbearer.assertion.private.key.file "
    "sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.file "
    "sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud "
    "sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss "
    "sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds "
    "sasl.oauthbearer.assertion.claim.sub"
)
_SECURITY: Final[dict[str, Rule]] = {
    **{name: Rule("PCA") for name in (*_TLS_NAMES.split(), *_SASL_NAMES.split())},
    **{name: Rule("PCA", note="It has no equivalent here: remove it.") for name in _CLASSES.split()},
}

RULES: Final[dict[str, Rule]] = {**_COMMON, **_PRODUCER, **_CONSUMER, **_SECURITY}
SILENT_PREFIXES: Final = ("metrics.context.", "config.providers.", "metrics.jmx.")
