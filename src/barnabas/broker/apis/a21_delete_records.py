"""DeleteRecords, versions 0 to 2: moves the start of a partition forward. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.answers import by_partition, guarded, refuse_partitions
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.log_cleanup import delete_before
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: []
      name: string
      partitions: []
        index: int32
        offset: int64
    timeout_ms: int32
    """,
    flexible=2,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    topics: []
      name: string
      partitions: []
        index: int32
        low_watermark: int64 default=-1
        error_code: int16
    """,
    flexible=2,
)


async def _handle(call: Call) -> Struct:
    def delete(name: str, entry: Struct) -> Struct:
        return guarded(entry["index"], lambda: _delete(call, name, entry))

    return {"topics": by_partition(call.request["topics"], delete)}


def _delete(call: Call, name: str, entry: Struct) -> Struct:
    topics = call.broker.topics
    topic = topics.topic(name)
    log = topics.log_of(topic, entry["index"])
    if not topic.log_config.delete:
        raise ApiError(ErrorCode.POLICY_VIOLATION, f"topic {name} is compacted only")
    offset = log.end if entry["offset"] == -1 else entry["offset"]
    if not 0 <= offset <= log.end:
        raise ApiError(ErrorCode.OFFSET_OUT_OF_RANGE)
    if offset > log.start:
        log.start = offset
        topics.save_start(topic, entry["index"])
        delete_before(log)
    return {"low_watermark": log.start}


API = Api(21, "DeleteRecords", (0, 2), REQUEST, RESPONSE, _handle, refuse_partitions)
