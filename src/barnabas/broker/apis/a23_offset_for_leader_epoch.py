"""OffsetForLeaderEpoch, versions 2 to 4. There is only one leader epoch, 0, which ends with the log."""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    replica_id: int32 3+ default=-2
    topics: []
      name: string
      partitions: []
        index: int32
        current_leader_epoch: int32 default=-1
        leader_epoch: int32
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    topics: []
      name: string
      partitions: []
        error_code: int16
        index: int32
        leader_epoch: int32 default=-1
        end_offset: int64 default=-1
    """,
    flexible=4,
)


def _answers(call: Call, error: ApiError | None) -> Struct:
    return {
        "topics": [
            {
                "name": topic["name"],
                "partitions": [_answer(call, topic["name"], entry, error) for entry in topic["partitions"]],
            }
            for topic in call.request["topics"]
        ]
    }


def _answer(call: Call, topic: str, entry: Struct, error: ApiError | None) -> Struct:
    index = entry["index"]
    try:
        if error is not None:
            raise error
        log = call.broker.topics.log(topic, index)
        if entry["current_leader_epoch"] > 0:
            raise ApiError(ErrorCode.UNKNOWN_LEADER_EPOCH)
    except ApiError as failure:
        return {"index": index, "error_code": failure.error}
    if entry["leader_epoch"] != 0:
        return {"index": index, "error_code": 0}
    return {"index": index, "error_code": 0, "leader_epoch": 0, "end_offset": log.end}


async def _handle(call: Call) -> Struct:
    return _answers(call, None)


API = Api(23, "OffsetForLeaderEpoch", (2, 4), REQUEST, RESPONSE, _handle, _answers)
