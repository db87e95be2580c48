"""What can be set on the development broker, with the names of Kafka's own broker settings in the comments."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BrokerSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Broker-wide settings; topics override the ``log_*`` ones with their own configuration.

    Attributes:
        allow_remote: Listen on addresses other than loopback. The broker has no authentication.
        advertised_host: The host name that clients are told; the listening host when None.
        auto_create_topics: ``auto.create.topics.enable``.
        num_partitions: ``num.partitions``, also of topics that are created automatically.
        log_segment_bytes: ``log.segment.bytes``; smaller than Kafka's, for quick recovery.
        log_retention_ms: ``log.retention.ms``.
        log_retention_bytes: ``log.retention.bytes`` per partition; -1 for no limit.
        fsync_each_append: Wait for the disk before a record is acknowledged. Off, an acknowledged record survives the
            death of the broker process but not that of the machine.
        verify_crc: Check the CRC-32C of every produced batch.
        housekeeping_interval_s: How often retention, compaction and transaction time-outs are looked after.
        max_request_bytes: ``socket.request.max.bytes``.
        transaction_max_timeout_ms: ``transaction.max.timeout.ms``.
        group_initial_rebalance_delay_ms: ``group.initial.rebalance.delay.ms``; zero makes the first join immediate.
        group_min_session_timeout_ms: ``group.min.session.timeout.ms``; low, so that tests need not wait.
        group_max_session_timeout_ms: ``group.max.session.timeout.ms``.
        offsets_retention_minutes: ``offsets.retention.minutes``, for groups without members.
        producer_id_expiration_ms: ``producer.id.expiration.ms``.
        transactional_id_expiration_ms: ``transactional.id.expiration.ms``.
        max_open_files: How many segment files are kept open.
    """

    allow_remote: bool = False
    advertised_host: str | None = None
    auto_create_topics: bool = True
    num_partitions: int = 1
    log_segment_bytes: int = 128 << 20
    log_retention_ms: int = 7 * 24 * 3600 * 1000
    log_retention_bytes: int = -1
    fsync_each_append: bool = False
    verify_crc: bool = True
    housekeeping_interval_s: float = 15.0
    max_request_bytes: int = 100 << 20
    transaction_max_timeout_ms: int = 15 * 60 * 1000
    group_initial_rebalance_delay_ms: int = 0
    group_min_session_timeout_ms: int = 100
    group_max_session_timeout_ms: int = 30 * 60 * 1000
    offsets_retention_minutes: int = 7 * 24 * 60
    producer_id_expiration_ms: int = 24 * 3600 * 1000
    transactional_id_expiration_ms: int = 7 * 24 * 3600 * 1000
    max_open_files: int = 256
