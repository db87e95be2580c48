"""OffsetForLeaderEpoch, versions 2 to 4. There is only one leader epoch, 0, which ends with the log."""

from __future__ import annotations

from barnabas.broker.answers import guarded
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
    if error is not None:
        return {"index": index, "error_code": error.error}
    if entry["current_leader_epoch"] > 0:
        return {"index": index, "error_code": ErrorCode.UNKNOWN_LEADER_EPOCH}
    return guarded(index, lambda: _end_of_epoch(call, topic, entry))


def _end_of_epoch(call: Call, topic: str, entry: Struct) -> Struct:
    log = call.broker.topics.log(topic, entry["index"])
    return {"leader_epoch": 0, "end_offset": log.end} if entry["leader_epoch"] == 0 else {}


async def _handle(call: Call) -> Struct:
    return _answers(call, None)


API = Api(23, "OffsetForLeaderEpoch", (2, 4), REQUEST, RESPONSE, _handle, _answers)
