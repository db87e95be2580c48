"""OffsetFetch, versions 1 to 9; several groups at once from version 8 on.

Missing: topic ids (version 10). Member id and epoch of version 9 belong to a group protocol that is not supported.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.offsets import Committed
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    group_id: string 0-7
    topics: []?2-7 0-7
      name: string
      partition_indexes: [int32]
    groups: [] 8+
      group_id: string
      member_id: string? 9+
      member_epoch: int32 9+ default=-1
      topics: []?
        name: string
        partition_indexes: [int32]
    require_stable: bool 7+
    """,
    flexible=6,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 3+
    topics: [] 0-7
      name: string
      partitions: []
        index: int32
        committed_offset: int64 default=-1
        committed_leader_epoch: int32 5+ default=-1
        metadata: string?
        error_code: int16
    error_code: int16 2-7
    groups: [] 8+
      group_id: string
      topics: []
        name: string
        partitions: []
          index: int32
          committed_offset: int64 default=-1
          committed_leader_epoch: int32 default=-1
          metadata: string?
          error_code: int16
      error_code: int16
    """,
    flexible=6,
)

_BATCHED = 8
_NOTHING = Committed(-1, -1, "", 0)


async def _handle(call: Call) -> Struct:
    request = call.request
    if call.version < _BATCHED:
        return {"topics": _of_group(call, request["group_id"], request["topics"])}
    return {
        "groups": [
            {"group_id": entry["group_id"], "topics": _of_group(call, entry["group_id"], entry["topics"])}
            for entry in request["groups"]
        ]
    }


def _of_group(call: Call, group: str, topics: list[Struct] | None) -> list[Struct]:
    """The offsets that are asked for, or all of the group."""
    offsets = call.broker.groups.offsets.of(group)
    unstable = call.broker.transactions.pending(group) if call.request["require_stable"] else set()
    if topics is None:
        wanted: dict[str, list[int]] = {}
        for topic, partition in sorted(offsets):
            wanted.setdefault(topic, []).append(partition)
    else:
        wanted = {entry["name"]: entry["partition_indexes"] for entry in topics}

    def answer(topic: str, partition: int) -> Struct:
        if (topic, partition) in unstable:
            return {"index": partition, "metadata": "", "error_code": ErrorCode.UNSTABLE_OFFSET_COMMIT}
        found = offsets.get((topic, partition), _NOTHING)
        return {
            "index": partition,
            "committed_offset": found.offset,
            "committed_leader_epoch": found.leader_epoch,
            "metadata": found.metadata,
            "error_code": 0,
        }

    return [
        {"name": topic, "partitions": [answer(topic, partition) for partition in partitions]}
        for topic, partitions in wanted.items()
    ]


def _refuse(call: Call, error: ApiError) -> Struct:
    request = call.request
    if call.version >= _BATCHED:
        return {
            "groups": [
                {"group_id": entry["group_id"], "topics": [], "error_code": error.error} for entry in request["groups"]
            ]
        }
    topics = [
        {
            "name": entry["name"],
            "partitions": [
                {"index": index, "metadata": "", "error_code": error.error} for index in entry["partition_indexes"]
            ],
        }
        for entry in request["topics"] or ()
    ]
    return {"topics": topics, "error_code": error.error}


API = Api(9, "OffsetFetch", (1, 9), REQUEST, RESPONSE, _handle, _refuse)
