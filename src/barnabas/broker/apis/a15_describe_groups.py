"""DescribeGroups, versions 0 to 6.

Missing: authorized operations (always unknown).
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    groups: [string]
    include_authorized_operations: bool 3+
    """,
    flexible=5,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    groups: []
      error_code: int16
      error_message: string? 6+
      group_id: string
      group_state: string
      protocol_type: string
      protocol_data: string
      members: []
        member_id: string
        group_instance_id: string? 4+
        client_id: string
        client_host: string
        member_metadata: bytes
        member_assignment: bytes
      authorized_operations: int32 3+ default=-2147483648
    """,
    flexible=5,
)

_SAYS_NOT_FOUND = 6  # KIP-1043; before, an unknown group is one in state Dead


async def _handle(call: Call) -> Struct:
    return {"groups": [_describe(call, name) for name in call.request["groups"]]}


def _describe(call: Call, name: str) -> Struct:
    group = call.broker.groups.get(name)
    if group is None:
        missing = call.version >= _SAYS_NOT_FOUND
        return {
            "error_code": ErrorCode.GROUP_ID_NOT_FOUND if missing else ErrorCode.NONE,
            "error_message": f"Group {name} not found." if missing else None,
            "group_id": name,
            "group_state": "Dead",
        }
    return {
        "error_code": 0,
        "group_id": name,
        "group_state": group.state,
        "protocol_type": group.protocol_type,
        "protocol_data": (group.protocol or "") if group.state == "Stable" else "",
        "members": [
            {
                "member_id": member.id,
                "group_instance_id": member.instance_id,
                "client_id": member.client_id,
                "client_host": member.client_host,
                "member_metadata": member.metadata(group.protocol) if group.state == "Stable" else b"",
                "member_assignment": member.assignment,
            }
            for member in group.members.values()
        ],
    }


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "groups": [
            {"error_code": error.error, "error_message": error.text, "group_id": name}
            for name in call.request["groups"]
        ]
    }


API = Api(15, "DescribeGroups", (0, 6), REQUEST, RESPONSE, _handle, _refuse)
