"""The settings of a worker, declared once: parsing, the warning about unknown keys and the reference come from here.

Clients' settings and those behind prefixes are not among them; see ``client_keys``.
"""

from __future__ import annotations

from typing import Any, get_args

from barnabas.config import (
    CaseInsensitiveValidString,
    ConfigDef,
    Importance,
    LambdaValidator,
    Type,
    ValidString,
    at_least,
)
from barnabas.overrides import check_policy_name
from barnabas.supervisor.api import Isolation
from barnabas.supervisor.settings import Limits, parse_size

__all__ = ["STANDALONE", "WORKER"]

_HIGH, _MEDIUM, _LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_LIMITS = Limits()  # the defaults stand there


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _memory_size(name: str, value: Any) -> None:
    parse_size(str(value), name)


WORKER = (
    ConfigDef()
    .define(
        "bootstrap.servers",
        Type.LIST,
        default="localhost:9092",
        importance=_HIGH,
        doc="Where to find Kafka: host:port, several separated by commas.",
    )
    .define("client.dns.lookup", Type.STRING, default="use_all_dns_ips", doc="How clients use DNS answers.")
    .define(
        "key.converter",
        Type.STRING,
        importance=_HIGH,
        doc="Converter of record keys, unless the connector sets its own; key.converter.* go to it.",
    )
    .define(
        "value.converter",
        Type.STRING,
        importance=_HIGH,
        doc="Converter of record values, unless the connector sets its own; value.converter.* go to it.",
    )
    .define(
        "header.converter",
        Type.STRING,
        default="org.apache.kafka.connect.storage.SimpleHeaderConverter",
        importance=_LOW,
        doc="Converter of header values.",
    )
    .define(
        "task.shutdown.graceful.timeout.ms",
        Type.LONG,
        default=_ms(_LIMITS.graceful),
        importance=_LOW,
        doc="How long all tasks together may take to stop, before they are ended.",
    )
    .define(
        "offset.flush.interval.ms", Type.LONG, default=60_000, importance=_LOW, doc="How often offsets are committed."
    )
    .define("offset.flush.timeout.ms", Type.LONG, default=5_000, importance=_LOW, doc="How long a commit may take.")
    .define("plugin.path", Type.STRING, default=None, importance=_LOW, doc="Folders with plugins, separated by commas.")
    .define(
        "plugin.discovery",
        Type.STRING,
        default="hybrid_warn",
        validator=CaseInsensitiveValidString("only_scan", "hybrid_warn", "hybrid_fail", "service_load"),
        importance=_LOW,
        doc="Accepted for compatibility: plugins are found in one way.",
    )
    .define("config.providers", Type.LIST, default="", importance=_LOW, doc="Aliases of configuration providers.")
    .define(
        "connector.client.config.override.policy",
        Type.STRING,
        default="All",
        validator=LambdaValidator(check_policy_name, "All, None, Principal or Allowlist"),
        importance=_LOW,
        doc="Which client settings connectors may override: All, None, Principal or Allowlist.",
    )
    .define(
        "connector.client.config.override.allowlist",
        Type.LIST,
        default="",
        importance=_LOW,
        doc="What the policy Allowlist allows.",
    )
    .define(
        "metrics.sample.window.ms",
        Type.LONG,
        default=30_000,
        validator=at_least(0),
        importance=_LOW,
        doc="Window of rates.",
    )
    .define("metrics.num.samples", Type.INT, default=2, validator=at_least(1), importance=_LOW, doc="Windows kept.")
    .define(
        "metrics.recording.level",
        Type.STRING,
        default="INFO",
        validator=ValidString("INFO", "DEBUG", "TRACE"),
        importance=_LOW,
        doc="Which metrics are kept.",
    )
    .define("metric.reporters", Type.LIST, default="", importance=_LOW, doc="Java classes: accepted and not used.")
    .define(
        "topic.tracking.enable", Type.BOOLEAN, default=True, importance=_LOW, doc="Remember the topics of connectors."
    )
    .define("topic.tracking.allow.reset", Type.BOOLEAN, default=True, importance=_LOW, doc="Let REST forget them.")
    .define(
        "topic.creation.enable", Type.BOOLEAN, default=True, importance=_LOW, doc="Let source connectors create topics."
    )
    .define(
        "listeners",
        Type.LIST,
        default="http://:8083",
        importance=_LOW,
        doc="Where REST listens: http://host:port or https://host:port, without a host on all interfaces.",
    )
    .define("rest.advertised.host.name", Type.STRING, default=None, importance=_LOW, doc="The host others reach us by.")
    .define("rest.advertised.port", Type.INT, default=None, importance=_LOW, doc="The port others reach us by.")
    .define(
        "rest.advertised.listener", Type.STRING, default=None, importance=_LOW, doc="http or https: for other workers."
    )
    .define("access.control.allow.origin", Type.STRING, default="", importance=_LOW, doc="CORS: allowed origins.")
    .define("access.control.allow.methods", Type.STRING, default="", importance=_LOW, doc="CORS: allowed methods.")
    .define("admin.listeners", Type.LIST, default=None, importance=_LOW, doc="Listeners of their own for /admin.")
    .define(
        "rest.extension.classes",
        Type.LIST,
        default="",
        importance=_LOW,
        doc="Extensions of REST, as module:Class, or Kafka Connect's name of its basic authentication.",
    )
    .define(
        "rest.basic.auth.file",
        Type.STRING,
        default=None,
        importance=_LOW,
        doc="Basic authentication: a file with lines user=password.",
    )
    .define("response.http.headers.config", Type.STRING, default="", importance=_LOW, doc="Headers for every answer.")
    .define(
        "task.isolation",
        Type.STRING,
        default="process",
        validator=CaseInsensitiveValidString(*get_args(Isolation)),
        doc="A process for each task, one for each connector, or one for all connectors that say shared.",
    )
    .define(
        "task.start.timeout.ms",
        Type.LONG,
        default=_ms(_LIMITS.task_start),
        validator=at_least(0),
        doc="How long loading and starting a task may take before it counts as hung.",
    )
    .define(
        "task.call.timeout.ms",
        Type.LONG,
        default=_ms(_LIMITS.task_call),
        validator=at_least(0),
        doc="How long any other call into a task may take before it counts as hung.",
    )
    .define(
        "connector.call.timeout.ms",
        Type.LONG,
        default=_ms(_LIMITS.connector_call),
        validator=at_least(0),
        doc="How long a call into a connector, validation included, may take before it counts as hung.",
    )
    .define(
        "task.memory.max",
        Type.STRING,
        default="1g",
        validator=_memory_size,
        doc="Private memory of a task's process beyond which it is ended; 0 for no limit.",
    )
    .define(
        "task.static.membership",
        Type.BOOLEAN,
        default=True,
        importance=_LOW,
        doc="Sink tasks are static members of their group: one that was killed goes on at once, not after its session.",
    )
    .define("task.restart.enabled", Type.BOOLEAN, default=True, doc="Start failed tasks again when the error may heal.")
    .define(
        "task.restart.backoff.initial.ms",
        Type.LONG,
        default=_ms(_LIMITS.restart.initial),
        validator=at_least(0),
        importance=_LOW,
        doc="The first wait before a restart; it doubles each time.",
    )
    .define(
        "task.restart.backoff.max.ms",
        Type.LONG,
        default=_ms(_LIMITS.restart.maximum),
        validator=at_least(0),
        importance=_LOW,
        doc="The longest wait before a restart.",
    )
    .define(
        "task.restart.healthy.ms",
        Type.LONG,
        default=_ms(_LIMITS.restart.healthy),
        validator=at_least(0),
        importance=_LOW,
        doc="After running so long, waits start small again.",
    )
)
"""What both modes know."""

STANDALONE = ConfigDef(WORKER).define(
    "offset.storage.file.filename",
    Type.STRING,
    importance=_HIGH,
    doc="The file that keeps source offsets, in the JVM's format.",
)
"""What standalone mode knows."""
