"""Heartbeat, versions 0 to 4. Nothing is missing."""

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
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    error_code: int16
    """,
    flexible=4,
)


async def _handle(call: Call) -> Struct:
    request = call.request
    error = call.broker.groups.heartbeat(
        request["group_id"], request["member_id"], request["group_instance_id"], request["generation_id"]
    )
    return {"error_code": error}


API = Api(12, "Heartbeat", (0, 4), REQUEST, RESPONSE, _handle, refuse_flat)
