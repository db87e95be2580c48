"""Names of the settings of Kafka's Java producer, consumer and admin client, and of what may follow prefixes.

Only to tell a mistyped worker setting from one that is meant for a client; what a client makes of its settings is the
Kafka room's business.
"""

from __future__ import annotations

__all__ = ["CLIENT_KEYS", "CLIENT_PREFIXES", "DISTRIBUTED_KEYS", "FREE_PREFIXES", "SSL_KEYS"]


def _words(text: str, prefix: str = "") -> frozenset[str]:
    return frozenset(prefix + word for word in text.split())


SSL_KEYS = _words(
    "protocol provider cipher.suites enabled.protocols keystore.type keystore.location keystore.password "
    "key.password keystore.key keystore.certificate.chain truststore.type truststore.location truststore.password "
    "truststore.certificates keymanager.algorithm trustmanager.algorithm endpoint.identification.algorithm "
    "secure.random.implementation engine.factory.class client.auth",
    "ssl.",
)

_SASL_KEYS = _words(
    "mechanism jaas.config client.callback.handler.class login.callback.handler.class login.class "
    "kerberos.service.name kerberos.kinit.cmd kerberos.ticket.renew.window.factor kerberos.ticket.renew.jitter "
    "kerberos.min.time.before.relogin login.refresh.window.factor login.refresh.window.jitter "
    "login.refresh.min.period.seconds login.refresh.buffer.seconds login.connect.timeout.ms login.read.timeout.ms "
    "login.retry.backoff.ms login.retry.backoff.max.ms oauthbearer.scope.claim.name oauthbearer.sub.claim.name "
    "oauthbearer.token.endpoint.url oauthbearer.jwks.endpoint.url oauthbearer.jwks.endpoint.refresh.ms "
    "oauthbearer.jwks.endpoint.retry.backoff.ms oauthbearer.jwks.endpoint.retry.backoff.max.ms "
    "oauthbearer.clock.skew.seconds oauthbearer.expected.audience oauthbearer.expected.issuer "
    "oauthbearer.header.urlencode oauthbearer.jwt.retriever.class oauthbearer.jwt.validator.class "
    "oauthbearer.scope oauthbearer.client.credentials.client.id oauthbearer.client.credentials.client.secret "
    "oauthbearer.assertion.algorithm oauthbearer.assertion.file oauthbearer.assertion.private.key.file "
    "oauthbearer.assertion.private.key.passphrase oauthbearer.assertion.template.file "
    "oauthbearer.assertion.claim.aud oauthbearer.assertion.claim.exp.seconds oauthbearer.assertion.claim.iss "
    "oauthbearer.assertion.claim.jti.include oauthbearer.assertion.claim.nbf.seconds "
    "oauthbearer.assertion.claim.sub",
    "sasl.",
)

_COMMON_KEYS = _words(
    "bootstrap.servers bootstrap.controllers client.dns.lookup client.id client.rack connections.max.idle.ms "
    "default.api.timeout.ms enable.metrics.push metadata.max.age.ms metadata.recovery.strategy "
    "metadata.recovery.rebootstrap.trigger.ms metric.reporters metrics.num.samples metrics.recording.level "
    "metrics.sample.window.ms receive.buffer.bytes reconnect.backoff.max.ms reconnect.backoff.ms "
    "request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms security.protocol security.providers "
    "send.buffer.bytes socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms "
    "auto.include.jmx.reporter config.providers"
)

_PRODUCER_KEYS = _words(
    "acks batch.size buffer.memory compression.type compression.gzip.level compression.lz4.level "
    "compression.zstd.level delivery.timeout.ms enable.idempotence interceptor.classes key.serializer linger.ms "
    "max.block.ms max.in.flight.requests.per.connection max.request.size metadata.max.idle.ms "
    "partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms partitioner.class "
    "partitioner.ignore.keys transaction.timeout.ms transaction.two.phase.commit.enable transactional.id "
    "value.serializer"
)

_CONSUMER_KEYS = _words(
    "allow.auto.create.topics auto.commit.interval.ms auto.offset.reset check.crcs enable.auto.commit "
    "exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes group.id group.instance.id "
    "group.protocol group.remote.assignor heartbeat.interval.ms interceptor.classes isolation.level "
    "key.deserializer max.partition.fetch.bytes max.poll.interval.ms max.poll.records "
    "partition.assignment.strategy session.timeout.ms share.acknowledgement.mode share.acquire.mode "
    "value.deserializer"
)

CLIENT_KEYS = SSL_KEYS | _SASL_KEYS | _COMMON_KEYS | _PRODUCER_KEYS | _CONSUMER_KEYS
"""Un-prefixed they are for all clients of the worker."""

CLIENT_PREFIXES = ("producer.", "consumer.", "admin.")
"""What follows must be a client's setting."""

DISTRIBUTED_KEYS = _words(
    "group.id session.timeout.ms rebalance.timeout.ms heartbeat.interval.ms exactly.once.source.support "
    "worker.sync.timeout.ms worker.unsync.backoff.ms offset.storage.topic config.storage.topic "
    "status.storage.topic offset.storage.partitions status.storage.partitions offset.storage.replication.factor "
    "config.storage.replication.factor status.storage.replication.factor connect.protocol "
    "scheduled.rebalance.max.delay.ms inter.worker.key.generation.algorithm inter.worker.key.size "
    "inter.worker.key.ttl.ms inter.worker.signature.algorithm inter.worker.verification.algorithms"
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
