"""The configuration keys of a topic: which exist, their defaults, and what the log makes of them.

Keys that govern replication or remote storage are accepted, as one broker has nothing to do for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from barnabas.broker.codes import ApiError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.broker.settings import BrokerSettings

__all__ = ["TOPIC_KEYS", "ConfigKey", "ConfigType", "LogConfig", "defaults", "log_config", "validate"]


class ConfigType:
    """Numbers of the types in DescribeConfigs answers."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


class ConfigKey(NamedTuple):
    """One key: its type, default, smallest number or permitted words, and a sentence about it."""

    type: int
    default: str
    documentation: str
    minimum: float | None = None
    words: tuple[str, ...] = ()


_MAX = str((1 << 63) - 1)

TOPIC_KEYS: dict[str, ConfigKey] = {
    "cleanup.policy": ConfigKey(
        ConfigType.LIST, "delete", "What happens to old records: delete, compact, or both.", None, ("delete", "compact")
    ),
    "compression.type": ConfigKey(
        ConfigType.STRING,
        "producer",
        "Accepted; batches are kept as producers compressed them.",
        None,
        ("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"),
    ),
    "delete.retention.ms": ConfigKey(
        ConfigType.LONG, "86400000", "How long compaction keeps tombstones at the least.", 0
    ),
    "file.delete.delay.ms": ConfigKey(ConfigType.LONG, "60000", "Accepted; files are deleted at once.", 0),
    "flush.messages": ConfigKey(ConfigType.LONG, _MAX, "Accepted; see the broker's fsync setting.", 1),
    "flush.ms": ConfigKey(ConfigType.LONG, _MAX, "Accepted; see the broker's fsync setting.", 0),
    "follower.replication.throttled.replicas": ConfigKey(ConfigType.LIST, "", "Accepted; there are no followers."),
    "index.interval.bytes": ConfigKey(ConfigType.INT, "4096", "Accepted; the index has its own spacing.", 0),
    "leader.replication.throttled.replicas": ConfigKey(ConfigType.LIST, "", "Accepted; there are no followers."),
    "max.compaction.lag.ms": ConfigKey(
        ConfigType.LONG, _MAX, "A segment older than this is finished and compacted.", 1
    ),
    "max.message.bytes": ConfigKey(ConfigType.INT, "1048588", "The largest record batch that is accepted.", 0),
    "message.timestamp.after.max.ms": ConfigKey(
        ConfigType.LONG, "3600000", "Accepted; timestamps are taken as they come.", 0
    ),
    "message.timestamp.before.max.ms": ConfigKey(
        ConfigType.LONG, _MAX, "Accepted; timestamps are taken as they come.", 0
    ),
    "message.timestamp.type": ConfigKey(
        ConfigType.STRING,
        "CreateTime",
        "Whether a record carries the producer's time or the broker's.",
        None,
        ("CreateTime", "LogAppendTime"),
    ),
    "min.cleanable.dirty.ratio": ConfigKey(
        ConfigType.DOUBLE, "0.5", "How much of a log must be new before it is compacted again.", 0
    ),
    "min.compaction.lag.ms": ConfigKey(ConfigType.LONG, "0", "Records younger than this are not compacted.", 0),
    "min.insync.replicas": ConfigKey(ConfigType.INT, "1", "Accepted; there is one replica.", 1),
    "preallocate": ConfigKey(ConfigType.BOOLEAN, "false", "Accepted; files grow as needed.", None, ("true", "false")),
    "retention.bytes": ConfigKey(ConfigType.LONG, "-1", "Size of a partition beyond which old segments go.", -1),
    "retention.ms": ConfigKey(ConfigType.LONG, "604800000", "Age at which a segment goes; -1 for never.", -1),
    "segment.bytes": ConfigKey(ConfigType.INT, "1073741824", "Size at which a new segment begins.", 1024),
    "segment.index.bytes": ConfigKey(ConfigType.INT, "10485760", "Accepted; the index grows as needed.", 4),
    "segment.jitter.ms": ConfigKey(ConfigType.LONG, "0", "Accepted; not used.", 0),
    "segment.ms": ConfigKey(ConfigType.LONG, "604800000", "Age at which a new segment begins.", 1),
    "unclean.leader.election.enable": ConfigKey(
        ConfigType.BOOLEAN, "false", "Accepted; there is one replica.", None, ("true", "false")
    ),
    "local.retention.bytes": ConfigKey(ConfigType.LONG, "-2", "Accepted; there is no remote storage.", -2),
    "local.retention.ms": ConfigKey(ConfigType.LONG, "-2", "Accepted; there is no remote storage.", -2),
    "remote.storage.enable": ConfigKey(
        ConfigType.BOOLEAN, "false", "Only false: there is no remote storage.", None, ("false",)
    ),
}

_NUMBERS = {ConfigType.INT, ConfigType.LONG, ConfigType.DOUBLE}


@dataclass(frozen=True, slots=True)
class LogConfig:
    """A topic's configuration as its logs use it; sizes in bytes, times in milliseconds, -1 for no limit."""

    delete: bool = True
    compact: bool = False
    retention_ms: int = -1
    retention_bytes: int = -1
    segment_bytes: int = 128 << 20
    segment_ms: int = 604_800_000
    max_message_bytes: int = 1_048_588
    append_time: bool = False
    min_dirty_ratio: float = 0.5
    delete_retention_ms: int = 86_400_000
    min_compaction_lag_ms: int = 0
    max_compaction_lag_ms: int = (1 << 63) - 1


def defaults(settings: BrokerSettings) -> dict[str, str]:
    """The value of each key where a topic has none of its own."""
    values = {name: key.default for name, key in TOPIC_KEYS.items()}
    values["segment.bytes"] = str(settings.log_segment_bytes)
    values["retention.ms"] = str(settings.log_retention_ms)
    values["retention.bytes"] = str(settings.log_retention_bytes)
    return values


def validate(configs: Mapping[str, str | None]) -> None:
    """Check a topic's own values; raises ``ApiError`` (INVALID_CONFIG) with the key in the message."""
    for name, value in configs.items():
        key = TOPIC_KEYS.get(name)
        if key is None:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"Unknown topic config name: {name}")
        if value is None:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"Null value not supported for topic configs: {name}")
        _validate_value(name, key, value)


def _validate_value(name: str, key: ConfigKey, value: str) -> None:
    if key.type in _NUMBERS:
        try:
            number = float(value) if key.type == ConfigType.DOUBLE else int(value)
        except ValueError:
            raise ApiError(
                ErrorCode.INVALID_CONFIG, f"Invalid value {value} for configuration {name}: Not a number"
            ) from None
        if key.minimum is not None and number < key.minimum:
            raise ApiError(
                ErrorCode.INVALID_CONFIG,
                f"Invalid value {value} for configuration {name}: Value must be at least {key.minimum}",
            )
    elif key.words:
        words = [word.strip() for word in value.split(",")] if key.type == ConfigType.LIST else [value]
        for word in words:
            if word not in key.words:
                raise ApiError(
                    ErrorCode.INVALID_CONFIG,
                    f"Invalid value {word} for configuration {name}: String must be one of: {', '.join(key.words)}",
                )


def log_config(configs: Mapping[str, str], settings: BrokerSettings) -> LogConfig:
    """The effective configuration of a topic's logs; ``configs`` are valid."""
    values = {**defaults(settings), **configs}
    policy = {word.strip() for word in values["cleanup.policy"].split(",")}
    return LogConfig(
        delete="delete" in policy,
        compact="compact" in policy,
        retention_ms=int(values["retention.ms"]),
        retention_bytes=int(values["retention.bytes"]),
        segment_bytes=int(values["segment.bytes"]),
        segment_ms=int(values["segment.ms"]),
        max_message_bytes=int(values["max.message.bytes"]),
        append_time=values["message.timestamp.type"] == "LogAppendTime",
        min_dirty_ratio=float(values["min.cleanable.dirty.ratio"]),
        delete_retention_ms=int(values["delete.retention.ms"]),
        min_compaction_lag_ms=int(values["min.compaction.lag.ms"]),
        max_compaction_lag_ms=int(values["max.compaction.lag.ms"]),
    )
