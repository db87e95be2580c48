"""DeleteGroups, versions 0 to 2. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema("group_names: [string]", flexible=2)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    results: []
      group_id: string
      error_code: int16
    """,
    flexible=2,
)


async def _handle(call: Call) -> Struct:
    results = []
    for name in call.request["group_names"]:
        error = ErrorCode.NONE
        try:
            call.broker.groups.delete(name)
        except ApiError as failure:
            error = failure.error
        results.append({"group_id": name, "error_code": error})
    return {"results": results}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"results": [{"group_id": name, "error_code": error.error} for name in call.request["group_names"]]}


API = Api(42, "DeleteGroups", (0, 2), REQUEST, RESPONSE, _handle, _refuse)
