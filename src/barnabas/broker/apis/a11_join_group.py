"""JoinGroup, versions 0 to 9, for any protocol type.

Missing: nothing of the classic protocol; see ``barnabas.broker.group``.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError
from barnabas.broker.group_types import JoinRequest, Protocol
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    group_id: string
    session_timeout_ms: int32
    rebalance_timeout_ms: int32 1+ default=-1
    member_id: string
    group_instance_id: string? 5+
    protocol_type: string
    protocols: []
      name: string
      metadata: bytes
    reason: string? 8+
    """,
    flexible=6,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 2+
    error_code: int16
    generation_id: int32 default=-1
    protocol_type: string? 7+
    protocol_name: string?7+
    leader: string
    skip_assignment: bool 9+
    member_id: string
    members: []
      member_id: string
      group_instance_id: string? 5+
      metadata: bytes
    """,
    flexible=6,
)

_MEMBER_ID_FIRST = 4  # KIP-394
_SKIP_ASSIGNMENT = 9  # KIP-814


async def _handle(call: Call) -> Struct:
    request = call.request
    rebalance_ms = request["rebalance_timeout_ms"]
    joined = await call.broker.groups.join(
        request["group_id"],
        JoinRequest(
            waiting=None,
            member_id=request["member_id"],
            instance_id=request["group_instance_id"],
            client_id=call.client_id,
            client_host=f"/{call.client_host}",
            session_timeout=request["session_timeout_ms"] / 1000,
            rebalance_timeout=(rebalance_ms if rebalance_ms >= 0 else request["session_timeout_ms"]) / 1000,
            protocol_type=request["protocol_type"],
            protocols=[Protocol(entry["name"], entry["metadata"]) for entry in request["protocols"]],
            needs_member_id=call.version >= _MEMBER_ID_FIRST,
            can_skip_assignment=call.version >= _SKIP_ASSIGNMENT,
        ),
    )
    return {
        "error_code": joined.error,
        "generation_id": joined.generation,
        "protocol_type": joined.protocol_type,
        "protocol_name": _name(call, joined.protocol),
        "leader": joined.leader,
        "skip_assignment": joined.skip_assignment,
        "member_id": joined.member_id,
        "members": [
            {"member_id": member.id, "group_instance_id": member.instance_id, "metadata": member.metadata}
            for member in joined.members
        ],
    }


def _name(call: Call, protocol: str | None) -> str | None:
    return "" if protocol is None and call.version < 7 else protocol  # noqa: PLR2004 - null is possible since then


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "error_code": error.error,
        "protocol_name": _name(call, None),
        "leader": "",
        "member_id": call.request["member_id"],
        "members": [],
    }


API = Api(11, "JoinGroup", (0, 9), REQUEST, RESPONSE, _handle, _refuse)
