"""ListGroups, versions 0 to 5. All groups are of type ``classic``."""

from __future__ import annotations

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    states_filter: [string] 4+
    types_filter: [string] 5+
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    error_code: int16
    groups: []
      group_id: string
      protocol_type: string
      group_state: string 4+
      group_type: string 5+
    """,
    flexible=3,
)

_TYPE = "classic"


async def _handle(call: Call) -> Struct:
    states = {name.lower() for name in call.request["states_filter"]}
    types = {name.lower() for name in call.request["types_filter"]}
    if types and _TYPE not in types:
        return {"error_code": 0, "groups": []}
    return {
        "error_code": 0,
        "groups": [
            {
                "group_id": group.id,
                "protocol_type": group.protocol_type,
                "group_state": group.state,
                "group_type": _TYPE,
            }
            for group in call.broker.groups.all()
            if not states or group.state.lower() in states
        ],
    }


API = Api(16, "ListGroups", (0, 5), REQUEST, RESPONSE, _handle, refuse_flat)
