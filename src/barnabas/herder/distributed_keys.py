"""The settings of a distributed worker beyond those of every worker."""

from __future__ import annotations

from typing import Any

from barnabas.config import (
    CaseInsensitiveValidString,
    ConfigDef,
    Importance,
    LambdaValidator,
    NonEmptyString,
    Type,
    between,
)
from barnabas.errors import ConfigError
from barnabas.herder.group.signing import check_algorithm
from barnabas.herder.worker_keys import WORKER

__all__ = ["DISTRIBUTED"]

_HIGH, _MEDIUM, _LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_MAX = 2**31 - 1


def _count(name: str, value: Any) -> None:
    """Partitions or replicas: a number, or -1 for the broker's default."""
    if value != -1 and value < 1:
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: Value must be -1 or greater than 0.",
            key=name,
            remedy="Write a number from 1 on, or -1 for the broker's default.",
            code="BRN-1001",
        )


def _algorithm(name: str, value: Any) -> None:
    check_algorithm(str(value), name)


def _algorithms(name: str, value: Any) -> None:
    if not value:
        raise ConfigError(
            f"Invalid value [] for configuration {name}: "
            "At least one signature verification algorithm must be provided",
            key=name,
            remedy="Write HmacSHA256.",
            code="BRN-1001",
        )
    for each in value:
        check_algorithm(str(each), name)


def _topic(definition: ConfigDef, what: str, partitions: int | None) -> None:
    definition.define(
        f"{what}.storage.topic",
        Type.STRING,
        validator=NonEmptyString(),
        importance=_HIGH,
        doc=f"The topic of {what}s, shared by all workers of the group.",
    )
    definition.define(
        f"{what}.storage.replication.factor",
        Type.SHORT,
        default=3,
        validator=LambdaValidator(_count, "Positive number not larger than the number of brokers, or -1"),
        importance=_LOW,
        doc="How many copies it is created with; -1: the broker's default.",
    )
    if partitions is not None:
        definition.define(
            f"{what}.storage.partitions",
            Type.INT,
            default=partitions,
            validator=LambdaValidator(_count, "Positive number, or -1 to use the broker's default"),
            importance=_LOW,
            doc="How many partitions it is created with; -1: the broker's default.",
        )


def _definition() -> ConfigDef:
    definition = ConfigDef(WORKER)
    definition.define(
        "group.id",
        Type.STRING,
        validator=NonEmptyString(),
        importance=_HIGH,
        doc="Workers of the same group share work.",
    )
    for what, partitions in (("config", None), ("offset", 25), ("status", 5)):
        _topic(definition, what, partitions)
    for name, default, doc in (
        ("session.timeout.ms", 10_000, "After so long without a heartbeat a worker counts as lost."),
        ("rebalance.timeout.ms", 60_000, "So long workers have to join again when the group changes."),
        ("heartbeat.interval.ms", 3_000, "Between heartbeats."),
    ):
        definition.define(name, Type.INT, default=default, importance=_HIGH, doc=doc)
    for name, default, doc in (
        ("worker.sync.timeout.ms", 3_000, "How long to read the config topic after the group has changed."),
        ("worker.unsync.backoff.ms", 300_000, "How long to stay away when that took too long (eager protocol)."),
    ):
        definition.define(name, Type.INT, default=default, importance=_MEDIUM, doc=doc)
    definition.define(
        "scheduled.rebalance.max.delay.ms",
        Type.INT,
        default=300_000,
        validator=between(0, _MAX),
        importance=_LOW,
        doc="How long the work of a lost worker waits for it to come back.",
    )
    definition.define(
        "lost.worker.delay.seconds",
        Type.INT,
        default=None,
        importance=_LOW,
        doc="The same in seconds, for this worker while it leads; wins over scheduled.rebalance.max.delay.ms.",
    )
    definition.define(
        "connect.protocol",
        Type.STRING,
        default="sessioned",
        validator=CaseInsensitiveValidString("EAGER", "COMPATIBLE", "SESSIONED"),
        importance=_LOW,
        doc="What workers speak among themselves: sessioned, compatible or eager.",
    )
    definition.define(
        "exactly.once.source.support",
        Type.STRING,
        default="disabled",
        validator=CaseInsensitiveValidString("DISABLED", "PREPARING", "ENABLED"),
        importance=_HIGH,
        doc="Whether sources may deliver exactly once.",
    )
    _keys_of_signatures(definition)
    return definition


def _keys_of_signatures(definition: ConfigDef) -> None:
    definition.define(
        "inter.worker.key.generation.algorithm",
        Type.STRING,
        default="HmacSHA256",
        validator=LambdaValidator(_algorithm, "Any KeyGenerator algorithm"),
        importance=_LOW,
        doc="What the key of requests between workers is made for.",
    )
    definition.define(
        "inter.worker.key.size",
        Type.INT,
        default=None,
        importance=_LOW,
        doc="Its size in bits; by default the usual one.",
    )
    definition.define(
        "inter.worker.key.ttl.ms",
        Type.INT,
        default=3_600_000,
        validator=between(0, _MAX),
        importance=_LOW,
        doc="How long it is used; 0: for ever.",
    )
    definition.define(
        "inter.worker.signature.algorithm",
        Type.STRING,
        default="HmacSHA256",
        validator=LambdaValidator(_algorithm, "Any MAC algorithm"),
        importance=_LOW,
        doc="How this worker signs.",
    )
    definition.define(
        "inter.worker.verification.algorithms",
        Type.LIST,
        default="HmacSHA256",
        validator=LambdaValidator(_algorithms, "A list of one or more MAC algorithms"),
        importance=_LOW,
        doc="What signatures this worker accepts.",
    )


DISTRIBUTED = _definition()
"""What distributed mode knows."""
