"""Java client settings into those of librdkafka, with the values that Connect's guarantees and its speed need.

Values that only differ in range are clamped quietly where the meaning stays; a key without equivalent gives one warning
that says what to do; a value that Java would refuse is a ConfigError here too.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from typing import Final

from barnabas.errors import ConfigError
from barnabas.kafka._java_keys import RULES, SILENT_PREFIXES, Kind
from barnabas.kafka._security import security_settings
from barnabas.kafka._values import INT_MAX
from barnabas.kafka.client_settings import ClientSettings

__all__ = ["ClientSettings", "client_keys", "translate"]

_ALWAYS: Final = {
    "enable.metrics.push": "false",  # the broker would be asked for a telemetry subscription for each client
    "log_level": "4",
    "reconnect.backoff.max.ms": "1000",  # Java's: a broker that was away is found again within a second, not ten
    "reconnect.backoff.ms": "50",
    "socket.keepalive.enable": "true",
    "topic.metadata.refresh.sparse": "true",
}
# The library's queue limits are off: BatchProducer bounds what is in flight before handing it over, since a limit that
# strikes in the middle of a column has to be sorted out record by record.
_PRODUCER_DEFAULTS: Final = {
    "acks": "all",
    "batch.num.messages": "100000",
    "batch.size": "1000000",
    "compression.codec": "none",
    "linger.ms": "5",
    "message.max.bytes": "1048576",
    "message.timeout.ms": "120000",
    "partitioner": "murmur2_random",
    "queue.buffering.max.kbytes": str(INT_MAX),
    "queue.buffering.max.messages": "0",
    "retries": str(INT_MAX),
    "sticky.partitioning.linger.ms": "50",
}
_CONSUMER_DEFAULTS: Final = {
    "allow.auto.create.topics": "true",
    "auto.offset.reset": "latest",
    "check.crcs": "true",
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "false",
    "fetch.queue.backoff.ms": "5",  # at its default of a second, a full queue stalls reading a second at a time
    "fetch.wait.max.ms": "500",
    "isolation.level": "read_uncommitted",
    "partition.assignment.strategy": "range",
    "queued.max.messages.kbytes": "16384",
    "queued.min.messages": "20000",
}
_RESERVE: Final = 512  # bytes around the records of a fetch answer
_ASSIGNORS: Final = {
    "RangeAssignor": "range",
    "RoundRobinAssignor": "roundrobin",
    "CooperativeStickyAssignor": "cooperative-sticky",
}
_KINDS: Final = {"producer": "P", "consumer": "C", "admin": "A"}


@functools.cache
@functools.cache  # made once, in the fork server: looking through all rules would make their pages a host's own
def client_keys(kind: Kind) -> frozenset[str]:
    """The keys of Java's client of this kind: what Connect passes on from un-prefixed worker settings."""
    return frozenset(name for name, rule in RULES.items() if _KINDS[kind] in rule.kinds)


def translate(java: Mapping[str, str], kind: Kind) -> ClientSettings:
    """Translate Java settings for one client.

    Args:
        java: Settings by Java name. Keys that are unknown to Java's client of this kind give a warning.
        kind: The client they are for.

    Raises:
        ConfigError: A value that Java's client would refuse, or a key store that cannot be opened.
    """
    settings = ClientSettings(dict(_ALWAYS))
    settings.librdkafka.update({"producer": _PRODUCER_DEFAULTS, "consumer": _CONSUMER_DEFAULTS}.get(kind, {}))
    for key, value in java.items():
        _translate_one(settings, kind, key, "" if value is None else str(value))
    if kind == "producer":
        _finish_producer(settings, java)
    elif kind == "consumer":
        _finish_consumer(settings, java)
    security_settings(settings, java)
    return settings


def _translate_one(settings: ClientSettings, kind: Kind, key: str, value: str) -> None:
    rule = RULES.get(key)
    if rule is None or _KINDS[kind] not in rule.kinds:
        if rule is None and not key.startswith(SILENT_PREFIXES):
            near = difflib.get_close_matches(key, client_keys(kind), 1)
            hint = f"Did you mean {near[0]}?" if near else "Remove it."
            settings.warnings.append(f"{key} is not a setting of Kafka's {kind}: it has no effect. {hint}")
        return
    if not value.strip() and key != "ssl.endpoint.identification.algorithm":
        return  # Java's way to unset a key
    converted = rule.convert(key, value)
    if rule.note and converted != "false":
        settings.warnings.append(f"{key} has no effect. {rule.note}")
    if rule.target is not None:
        settings.librdkafka[rule.target] = converted
        settings.java_names[rule.target] = key


# ---------------------------------------------------------------------- producers
def _finish_producer(settings: ClientSettings, java: Mapping[str, str]) -> None:
    made = settings.librdkafka
    if "socket.timeout.ms" in made:
        made["request.timeout.ms"] = made["socket.timeout.ms"]
    if memory := java.get("buffer.memory", "").strip():
        settings.max_in_flight_bytes = max(1 << 16, int(memory))
    codec = made["compression.codec"]
    if level := java.get(f"compression.{codec}.level", "").strip():
        made["compression.level"] = RULES[f"compression.{codec}.level"].convert(f"compression.{codec}.level", level)
    _partitioner(settings, java)
    _idempotence(settings, java)
    if "transactional.id" in made:
        made.setdefault("transaction.timeout.ms", "60000")
        # The library refuses a delivery time-out beyond that of the transaction: it would be over anyway.
        made["message.timeout.ms"] = str(min(int(made["message.timeout.ms"]), int(made["transaction.timeout.ms"])))
    made["linger.ms"] = str(min(int(made["linger.ms"]), int(made["message.timeout.ms"]) - 1))


def _partitioner(settings: ClientSettings, java: Mapping[str, str]) -> None:
    name = java.get("partitioner.class", "").strip().rpartition(".")[2]
    if java.get("partitioner.ignore.keys", "").strip().lower() == "true" or name == "UniformStickyPartitioner":
        settings.librdkafka["partitioner"] = "random"
    elif name == "RoundRobinPartitioner":
        settings.librdkafka["partitioner"] = "random"
        settings.librdkafka["sticky.partitioning.linger.ms"] = "0"
    elif name not in {"", "DefaultPartitioner"}:
        settings.warnings.append(
            f"partitioner.class {name} cannot be loaded here: records are placed by the hash of their key, as Kafka's "
            "default does. Remove it, or set the partition in the connector or a transform."
        )


def _idempotence(settings: ClientSettings, java: Mapping[str, str]) -> None:
    """Java's rules for what an idempotent producer needs: an error when asked for, quiet when it is the default."""
    made = settings.librdkafka
    wanted = made.get("enable.idempotence")
    if "transactional.id" in made:
        if wanted == "false":
            raise ConfigError(
                "Cannot set a transactional.id without also enabling idempotence.",
                key="enable.idempotence",
                remedy="Remove enable.idempotence=false.",
                code="BRN-1231",
            )
        wanted = "true"
    fits = made["acks"] == "all" and made["retries"] != "0"
    in_flight = int(made.get("max.in.flight.requests.per.connection", "5"))
    if wanted == "true":
        if not fits:
            raise ConfigError(
                "An idempotent producer needs acks=all and retries above 0.",
                key="acks" if made["acks"] != "all" else "retries",
                remedy="Set acks=all, remove retries, or set enable.idempotence=false.",
                code="BRN-1232",
            )
        if in_flight > 5:  # noqa: PLR2004  the broker remembers five batches of a producer
            raise ConfigError(
                "Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.",
                key="max.in.flight.requests.per.connection",
                remedy="Set 5, or enable.idempotence=false.",
                code="BRN-1233",
            )
    elif wanted is None:
        wanted = "true" if fits and in_flight <= 5 else "false"  # noqa: PLR2004  as above
    made["enable.idempotence"] = wanted
    made.setdefault("max.in.flight.requests.per.connection", "5")
    if wanted == "false" and "max.in.flight.requests.per.connection" not in java:
        made["max.in.flight.requests.per.connection"] = "1"  # a retry must not overtake: Connect keeps order


# ---------------------------------------------------------------------- consumers
def _finish_consumer(settings: ClientSettings, java: Mapping[str, str]) -> None:
    made = settings.librdkafka
    if java.get("enable.auto.commit", "").strip().lower() == "true":
        settings.warnings.append(
            "enable.auto.commit has no effect. A sink task commits offsets itself, once records are safe: remove it."
        )
    if strategy := java.get("partition.assignment.strategy", "").strip():
        _assignors(settings, strategy)
    most = max(int(made.get("fetch.max.bytes", 0)), int(made.get("max.partition.fetch.bytes", 0)))
    if most + _RESERVE > 100_000_000:  # noqa: PLR2004  the library's default
        made["receive.message.max.bytes"] = str(min(most + _RESERVE, INT_MAX))
    if made.get("group.protocol") == "consumer":  # the broker decides these; the library refuses to be given them
        for name in ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"):
            made.pop(name, None)
    session = int(made.get("session.timeout.ms", "45000"))
    if int(made.get("max.poll.interval.ms", "300000")) < session:  # the library wants at least as much, Java does not
        made["max.poll.interval.ms"] = str(session)


def _assignors(settings: ClientSettings, strategy: str) -> None:
    """Java lists classes in order of preference; the library cannot mix eager and cooperative ones."""
    names = [name.strip().rpartition(".")[2] for name in strategy.split(",") if name.strip()]
    known = [_ASSIGNORS.get(name, name) for name in names]
    for name in known:
        if name not in _ASSIGNORS.values():
            settings.warnings.append(
                f"partition.assignment.strategy {name} has no equivalent here. Use RangeAssignor, RoundRobinAssignor "
                "or CooperativeStickyAssignor."
            )
    usable = [name for name in known if name in _ASSIGNORS.values()]
    eager = [name for name in usable if name != "cooperative-sticky"]
    settings.librdkafka["partition.assignment.strategy"] = ",".join(eager or usable[:1] or ["range"])
