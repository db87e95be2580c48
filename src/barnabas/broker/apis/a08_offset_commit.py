"""OffsetCommit, versions 2 to 9.

Missing: topic ids (version 10), and the retention time of versions 2 to 4, which is ignored.
"""

from __future__ import annotations

from barnabas.broker.answers import by_partition, refuse_partitions
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.offsets import Committed, Place
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topics import now_ms

__all__ = ["API"]

REQUEST = Schema(
    """
    group_id: string
    generation_id: int32 default=-1
    member_id: string
    group_instance_id: string? 7+
    retention_time_ms: int64 2-4 default=-1
    topics: []
      name: string
      partitions: []
        index: int32
        committed_offset: int64
        committed_leader_epoch: int32 6+ default=-1
        metadata: string?
    """,
    flexible=8,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 3+
    topics: []
      name: string
      partitions: []
        index: int32
        error_code: int16
    """,
    flexible=8,
)

_LONGEST_METADATA = 4096  # offset.metadata.max.bytes


async def _handle(call: Call) -> Struct:
    request, groups = call.request, call.broker.groups
    groups.check_commit(
        request["group_id"], request["member_id"], request["group_instance_id"], request["generation_id"]
    )
    offsets: dict[Place, Committed] = {}

    def accept(topic: str, entry: Struct) -> Struct:
        metadata = entry["metadata"] or ""
        known = call.broker.topics.get(topic)
        error = ErrorCode.NONE
        if known is None or not 0 <= entry["index"] < len(known.partitions):
            error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        elif len(metadata) > _LONGEST_METADATA:
            error = ErrorCode.OFFSET_METADATA_TOO_LARGE
        else:
            offsets[topic, entry["index"]] = Committed(
                entry["committed_offset"], entry["committed_leader_epoch"], metadata, now_ms()
            )
        return {"index": entry["index"], "error_code": error}

    topics = by_partition(request["topics"], accept)
    try:
        groups.commit(request["group_id"], offsets)
    except OSError as error:
        raise ApiError(ErrorCode.KAFKA_STORAGE_ERROR, f"offsets cannot be written: {error}") from error
    return {"topics": topics}


API = Api(8, "OffsetCommit", (2, 9), REQUEST, RESPONSE, _handle, refuse_partitions)
