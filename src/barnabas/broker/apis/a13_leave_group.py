"""LeaveGroup, versions 0 to 5; several members at once from version 3 on. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    group_id: string
    member_id: string 0-2
    members: [] 3+
      member_id: string
      group_instance_id: string?
      reason: string? 5+
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    error_code: int16
    members: [] 3+
      member_id: string
      group_instance_id: string?
      error_code: int16
    """,
    flexible=4,
)

_BATCHED = 3


async def _handle(call: Call) -> Struct:
    request, groups = call.request, call.broker.groups
    if call.version < _BATCHED:
        return {"error_code": groups.leave(request["group_id"], request["member_id"], None)}
    members = []
    for entry in request["members"]:
        member_id, instance_id = entry["member_id"], entry["group_instance_id"]
        try:
            error = groups.leave(request["group_id"], member_id, instance_id)
        except ApiError as failure:
            error = failure.error
        members.append({"member_id": member_id, "group_instance_id": instance_id, "error_code": error})
    return {"error_code": 0, "members": members}


API = Api(13, "LeaveGroup", (0, 5), REQUEST, RESPONSE, _handle, refuse_flat)
