"""Transactions of the column producer: error objects of the C library into exceptions."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError

from barnabas.kafka import _librdkafka as rd
from barnabas.kafka.faults import KafkaClientError, fault_of
from barnabas.kafka.producer_base import GroupOffsets

__all__ = ["check", "finish", "send_offsets"]

_STEP_MS: Final = 50


def check(lib: rd.Library, doing: str, error: int | None) -> None:
    """Raise the error object that a transaction call returned, if it did; frees it."""
    if not error:
        return
    try:
        fault = fault_of(
            KafkaError(lib.rd_kafka_error_code(error)),
            (lib.rd_kafka_error_string(error) or b"").decode(errors="replace"),
            fatal=bool(lib.rd_kafka_error_is_fatal(error)),
            retriable=bool(lib.rd_kafka_error_is_retriable(error)),
        )
        requires_abort = bool(lib.rd_kafka_error_txn_requires_abort(error))
    finally:
        lib.rd_kafka_error_destroy(error)
    raise KafkaClientError.of(doing, fault, requires_abort=requires_abort)


def finish(
    lib: rd.Library, doing: str, call: Callable[[int], Any], timeout_s: float, serve: Callable[[], object]
) -> None:
    """Commit or abort. The library waits until every report was taken, which only this thread can do: in steps."""
    until = time.monotonic() + timeout_s
    while True:
        serve()
        try:
            check(lib, doing, call(_STEP_MS))
        except KafkaClientError as error:
            timed_out = error.fault is not None and error.fault.name == "_TIMED_OUT"
            if not (timed_out and error.retriable) or time.monotonic() >= until:
                raise
        else:
            serve()
            return


def send_offsets(lib: rd.Library, handle: int, offsets: GroupOffsets, group: object, timeout_ms: int) -> None:
    """Add a group's offsets to the transaction; ``group`` is the serialised form that a consumer gives."""
    if not isinstance(group, bytes):
        raise TypeError(f"group metadata must be bytes, not {type(group).__name__}")
    metadata = ctypes.c_void_p()
    check(
        lib, "read group metadata", lib.rd_kafka_consumer_group_metadata_read(ctypes.byref(metadata), group, len(group))
    )
    places = lib.rd_kafka_topic_partition_list_new(len(offsets))
    try:
        for (topic, partition), offset in offsets.items():
            lib.rd_kafka_topic_partition_list_add(places, topic.encode(), partition)
            lib.rd_kafka_topic_partition_list_set_offset(places, topic.encode(), partition, offset)
        error = lib.rd_kafka_send_offsets_to_transaction(handle, places, metadata, timeout_ms)
    finally:
        lib.rd_kafka_topic_partition_list_destroy(places)
        lib.rd_kafka_consumer_group_metadata_destroy(metadata)
    check(lib, "add offsets to the transaction", error)
