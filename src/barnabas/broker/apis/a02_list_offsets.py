"""ListOffsets, versions 1 to 10: by timestamp, and the special timestamps.

Missing: remote storage; the local log is the log, and no offset is tiered or waiting for an upload.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.log_lookup import newest_timestamp, offset_at
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    replica_id: int32
    isolation_level: int8 2+
    topics: []
      name: string
      partitions: []
        index: int32
        current_leader_epoch: int32 4+ default=-1
        timestamp: int64
    timeout_ms: int32 10+
    """,
    flexible=6,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 2+
    topics: []
      name: string
      partitions: []
        index: int32
        error_code: int16
        timestamp: int64 default=-1
        offset: int64 default=-1
        leader_epoch: int32 4+ default=-1
    """,
    flexible=6,
)


async def _handle(call: Call) -> Struct:
    committed = call.request["isolation_level"] == 1
    return {
        "topics": [
            {
                "name": topic["name"],
                "partitions": [
                    _answer(call, topic["name"], partition, committed=committed) for partition in topic["partitions"]
                ],
            }
            for topic in call.request["topics"]
        ]
    }


def _answer(call: Call, topic: str, partition: Struct, *, committed: bool) -> Struct:
    index = partition["index"]
    try:
        timestamp, offset = _look_up(call, topic, index, partition["timestamp"], committed=committed)
    except ApiError as error:
        return {"index": index, "error_code": error.error}
    return {
        "index": index,
        "error_code": 0,
        "timestamp": timestamp,
        "offset": offset,
        "leader_epoch": 0 if offset >= 0 else -1,
    }


def _look_up(call: Call, topic: str, index: int, wanted: int, *, committed: bool) -> tuple[int, int]:
    log = call.broker.topics.log(topic, index)
    match wanted:
        case -1:
            return -1, log.limit(committed=committed)
        case -2 | -4:
            return -1, log.start
        case -3:
            return newest_timestamp(log)
        case -5 | -6:
            return -1, -1
        case _ if wanted < 0:
            raise ApiError(ErrorCode.UNSUPPORTED_VERSION, f"unknown special timestamp {wanted}")
        case _:
            return offset_at(log, wanted, log.limit(committed=committed))


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "topics": [
            {
                "name": topic["name"],
                "partitions": [
                    {"index": partition["index"], "error_code": error.error} for partition in topic["partitions"]
                ],
            }
            for topic in call.request["topics"]
        ]
    }


API = Api(2, "ListOffsets", (1, 10), REQUEST, RESPONSE, _handle, _refuse)
