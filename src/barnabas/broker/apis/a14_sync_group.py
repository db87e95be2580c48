"""SyncGroup, versions 0 to 5. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    group_id: string
    generation_id: int32
    member_id: string
    group_instance_id: string? 3+
    protocol_type: string? 5+
    protocol_name: string? 5+
    assignments: []
      member_id: string
      assignment: bytes
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    error_code: int16
    protocol_type: string? 5+
    protocol_name: string? 5+
    assignment: bytes
    """,
    flexible=4,
)


async def _handle(call: Call) -> Struct:
    request = call.request
    synced = await call.broker.groups.sync(
        request["group_id"],
        (request["member_id"], request["group_instance_id"], request["generation_id"]),
        (request["protocol_type"], request["protocol_name"]),
        {entry["member_id"]: entry["assignment"] for entry in request["assignments"]},
    )
    return {
        "error_code": synced.error,
        "protocol_type": synced.protocol_type,
        "protocol_name": synced.protocol,
        "assignment": synced.assignment,
    }


API = Api(14, "SyncGroup", (0, 5), REQUEST, RESPONSE, _handle, refuse_flat)
