"""TxnOffsetCommit, versions 0 to 4.

Missing: adding the group to the transaction implicitly (version 5, KIP-890).
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
    transactional_id: string
    group_id: string
    producer_id: int64
    producer_epoch: int16
    generation_id: int32 3+ default=-1
    member_id: string 3+
    group_instance_id: string? 3+
    topics: []
      name: string
      partitions: []
        index: int32
        committed_offset: int64
        committed_leader_epoch: int32 2+ default=-1
        metadata: string?
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    topics: []
      name: string
      partitions: []
        index: int32
        error_code: int16
    """,
    flexible=3,
)


async def _handle(call: Call) -> Struct:
    request, broker = call.request, call.broker
    member, generation = request["member_id"], request["generation_id"]
    if member or generation >= 0:  # else the client does not use KIP-447
        broker.groups.check_commit(request["group_id"], member, request["group_instance_id"], generation)
    offsets: dict[Place, Committed] = {}

    def accept(topic: str, entry: Struct) -> Struct:
        known = broker.topics.get(topic)
        if known is None or not 0 <= entry["index"] < len(known.partitions):
            return {"index": entry["index"], "error_code": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        offsets[topic, entry["index"]] = Committed(
            entry["committed_offset"], entry["committed_leader_epoch"], entry["metadata"] or "", now_ms()
        )
        return {"index": entry["index"], "error_code": 0}

    topics = by_partition(request["topics"], accept)
    broker.transactions.commit_offsets(
        request["transactional_id"], request["producer_id"], request["producer_epoch"], request["group_id"], offsets
    )
    return {"topics": topics}


def _refuse(call: Call, error: ApiError) -> Struct:
    if error.error == ErrorCode.PRODUCER_FENCED:  # this API never had the newer code
        error = ApiError(ErrorCode.INVALID_PRODUCER_EPOCH, error.message)
    return refuse_partitions(call, error)


API = Api(28, "TxnOffsetCommit", (0, 4), REQUEST, RESPONSE, _handle, _refuse)
