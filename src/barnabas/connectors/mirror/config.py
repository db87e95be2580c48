"""The keys of MirrorMaker's connectors: exactly those of Kafka's, so that validation answers are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from barnabas import Config, ConfigDef, ConfigError, ConfigValue, Type
from barnabas._config.client_keys import ADMIN_KEYS
from barnabas._config.types import NO_DEFAULT, Validator
from barnabas.class_library import named_in_configurations
from barnabas.config import CaseInsensitiveValidString, ValidList, ValidString, between
from barnabas.framework_config import common_connector_def

__all__ = ["CHECKPOINT", "HEARTBEAT", "SOURCE", "not_available", "parse_heartbeat", "validate_mirror"]

_MIRROR: Final = "org.apache.kafka.connect.mirror."
_Row = tuple[str, Type, Any, str, str]

_COMMON: Final[tuple[_Row, ...]] = (
    ("enabled", Type.BOOLEAN, True, "low", "Whether to replicate from source to target at all."),
    ("source.cluster.alias", Type.STRING, NO_DEFAULT, "high", "The name of the cluster that is read."),
    ("target.cluster.alias", Type.STRING, "target", "high", "The name of the cluster that is written to."),
    ("admin.timeout.ms", Type.LONG, 60_000, "low", "How long an administrative request may take."),
    (
        "replication.policy.class",
        Type.CLASS,
        f"{_MIRROR}DefaultReplicationPolicy",
        "low",
        "How replicated topics are named.",
    ),
    (
        "replication.policy.separator",
        Type.STRING,
        ".",
        "low",
        "What stands between the cluster's name and the topic's.",
    ),
    (
        "replication.policy.internal.topic.separator.enabled",
        Type.BOOLEAN,
        True,
        "low",
        "Whether it stands in the names of internal topics too.",
    ),
    (
        "forwarding.admin.class",
        Type.CLASS,
        "org.apache.kafka.clients.admin.ForwardingAdmin",
        "low",
        "What makes administrative requests; a Java class, which cannot be loaded.",
    ),
)
_PERIODS: Final = "How often, in seconds."
_FORMATS: Final = ValidList("legacy", "new", empty=False)
_LOCATION: Final = ValidString("source", "target")
_TOPIC_FILTER: Final[_Row] = (
    "topic.filter.class",
    Type.CLASS,
    f"{_MIRROR}DefaultTopicFilter",
    "low",
    "Which topics are replicated: a class that says so.",
)
_METRIC_NAMES: Final[_Row] = ("metric.names.formats", Type.LIST, "legacy", "low", "How metrics are named.")
_SYNCS_LOCATION: Final[_Row] = (
    "offset-syncs.topic.location",
    Type.STRING,
    "source",
    "low",
    "The cluster that has the topic of offset syncs: source or target.",
)
_POLL: Final[_Row] = ("consumer.poll.timeout.ms", Type.LONG, 1000, "low", "How long a poll waits for records.")

_SOURCE_ROWS: Final[tuple[_Row, ...]] = (
    ("topics", Type.LIST, ".*", "high", "Topics to replicate: names and patterns."),
    ("topics.exclude", Type.LIST, r"mm2.*\.internal,.*\.replica,__.*", "high", "Topics that are not replicated."),
    (
        "config.properties.exclude",
        Type.LIST,
        [
            "follower.replication.throttled.replicas",
            "leader.replication.throttled.replicas",
            "message.timestamp.difference.max.ms",
            "log.message.timestamp.before.max.ms",
            "log.message.timestamp.after.max.ms",
            "message.timestamp.type",
            "unclean.leader.election.enable",
            "min.insync.replicas",
        ],
        "high",
        "Topic settings that are not replicated: names and patterns.",
    ),
    _TOPIC_FILTER,
    (
        "config.property.filter.class",
        Type.CLASS,
        f"{_MIRROR}DefaultConfigPropertyFilter",
        "low",
        "Which topic settings are replicated: a class that says so.",
    ),
    _POLL,
    ("refresh.topics.enabled", Type.BOOLEAN, True, "low", "Whether to look for new topics and partitions."),
    ("refresh.topics.interval.seconds", Type.LONG, 600, "low", _PERIODS),
    ("sync.topic.configs.enabled", Type.BOOLEAN, True, "low", "Whether to replicate topic settings."),
    ("sync.topic.configs.interval.seconds", Type.LONG, 600, "low", _PERIODS),
    ("sync.topic.acls.enabled", Type.BOOLEAN, True, "low", "Whether to replicate access rights on topics."),
    ("sync.topic.acls.interval.seconds", Type.LONG, 600, "low", _PERIODS),
    ("replication.factor", Type.INT, 2, "low", "Copies of replicated topics."),
    ("offset-syncs.topic.replication.factor", Type.SHORT, 3, "low", "Copies of the topic of offset syncs."),
    ("offset.lag.max", Type.LONG, 100, "low", "How far offsets may drift apart before they are synced."),
    _SYNCS_LOCATION,
    ("emit.offset-syncs.enabled", Type.BOOLEAN, True, "low", "Whether to write offset syncs."),
    ("heartbeats.replication.enabled", Type.BOOLEAN, True, "low", "Whether to replicate the source's heartbeats."),
    _METRIC_NAMES,
)
_CHECKPOINT_ROWS: Final[tuple[_Row, ...]] = (
    _POLL,
    ("groups", Type.LIST, ".*", "high", "Consumer groups to replicate: names and patterns."),
    ("groups.exclude", Type.LIST, "console-consumer-.*,connect-.*,__.*", "high", "Groups that are not replicated."),
    (
        "group.filter.class",
        Type.CLASS,
        f"{_MIRROR}DefaultGroupFilter",
        "low",
        "Which groups are replicated: a class that says so.",
    ),
    ("refresh.groups.enabled", Type.BOOLEAN, True, "low", "Whether to look for new groups."),
    ("refresh.groups.interval.seconds", Type.LONG, 600, "low", _PERIODS),
    ("emit.checkpoints.enabled", Type.BOOLEAN, True, "low", "Whether to write where groups are."),
    ("emit.checkpoints.interval.seconds", Type.LONG, 60, "low", _PERIODS),
    ("sync.group.offsets.enabled", Type.BOOLEAN, False, "low", "Whether to commit translated offsets for groups."),
    ("sync.group.offsets.interval.seconds", Type.LONG, 60, "low", _PERIODS),
    ("checkpoints.topic.replication.factor", Type.SHORT, 3, "low", "Copies of the topic of checkpoints."),
    _SYNCS_LOCATION,
    _TOPIC_FILTER,
    _METRIC_NAMES,
)
_HEARTBEAT_ROWS: Final[tuple[_Row, ...]] = (
    ("emit.heartbeats.enabled", Type.BOOLEAN, True, "low", "Whether to write heartbeats."),
    ("emit.heartbeats.interval.seconds", Type.LONG, 1, "low", _PERIODS),
    (
        "heartbeats.topic.replication.factor",
        Type.SHORT,
        3,
        "low",
        "Copies of the topic of heartbeats; in this version the broker decides when it creates it.",
    ),
)
_LISTS: Final = ValidList()
_VALIDATORS: Final[Mapping[str, Validator]] = {
    "metric.names.formats": _FORMATS,
    "offset-syncs.topic.location": _LOCATION,
    "security.protocol": CaseInsensitiveValidString("SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"),
    "sasl.login.refresh.window.factor": between(0.5, 1.0),
    "sasl.login.refresh.window.jitter": between(0.0, 0.25),
    "sasl.login.refresh.min.period.seconds": between(0, 900),
    "sasl.login.refresh.buffer.seconds": between(0, 3600),
    "sasl.oauthbearer.assertion.algorithm": CaseInsensitiveValidString("ES256", "RS256"),
    "sasl.oauthbearer.assertion.claim.exp.seconds": between(0, 86_400),
    "sasl.oauthbearer.assertion.claim.nbf.seconds": between(0, 3600),
}


def _definition(rows: tuple[_Row, ...]) -> ConfigDef:
    """Kafka's connectors define the framework's own keys as well."""
    definition = _define(common_connector_def(), _COMMON)
    first = [ADMIN_KEYS[name] for name in ("metric.reporters", "security.protocol", "config.providers")]
    for key in (*first, *(key for name, key in ADMIN_KEYS.items() if name.startswith(("ssl.", "sasl.")))):
        definition.add(replace(key, validator=_validator(key.name, key.type), doc="As of Kafka's clients."))
    return _define(definition, rows)


def _define(definition: ConfigDef, rows: tuple[_Row, ...]) -> ConfigDef:
    for name, type_, default, importance, doc in rows:
        validator = _validator(name, type_)
        definition.define(name, type_, default=default, importance=importance, validator=validator, doc=doc)
    return definition


def _validator(name: str, type_: Type) -> Validator | None:
    return _VALIDATORS.get(name, _LISTS if type_ is Type.LIST else None)


SOURCE: Final = _definition(_SOURCE_ROWS)
CHECKPOINT: Final = _definition(_CHECKPOINT_ROWS)
HEARTBEAT: Final = _definition(_HEARTBEAT_ROWS)


_HEARTBEATS: Final = _define(_define(ConfigDef(), _COMMON), _HEARTBEAT_ROWS)


def parse_heartbeat(props: Mapping[str, str]) -> Config:
    """The typed settings of heartbeats."""
    return _HEARTBEATS.parse(props, find_class=_find_class)


def validate_mirror(definition: ConfigDef, props: Mapping[str, str]) -> list[ConfigValue]:
    """What is right and wrong with a configuration; classes may be those of Kafka's own libraries."""
    return definition.validate(props, find_class=_find_class)


def _find_class(name: str) -> str | None:
    """A class of Kafka's, whether or not there is a counterpart of it: a name is all that is needed to validate."""
    return named_in_configurations(name) or (name if name.startswith(("org.apache.kafka.", "java.")) else None)


def not_available(connector: str) -> ConfigError:
    """The error of a connector that can be validated, but not run."""
    return ConfigError(
        f"{connector} cannot be run by this version of Barnabas: it replicates nothing.",
        code="BRN-1073",
        key="connector.class",
        remedy="Run it on a worker of Apache Kafka Connect; both kinds of worker can serve the same clusters.",
    )
