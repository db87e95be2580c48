"""FindCoordinator, versions 0 to 5: it is always this broker.

Missing: share groups (version 6).
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    key: string 0-3
    key_type: int8 1+
    coordinator_keys: [string] 4+
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 1+
    error_code: int16 0-3
    error_message: string? 1-3
    node_id: int32 0-3
    host: string 0-3
    port: int32 0-3
    coordinators: [] 4+
      key: string
      node_id: int32
      host: string
      port: int32
      error_code: int16
      error_message: string?
    """,
    flexible=3,
)

_GROUP, _TRANSACTION = 0, 1


async def _handle(call: Call) -> Struct:
    if call.request["key_type"] not in {_GROUP, _TRANSACTION}:
        raise ApiError(ErrorCode.INVALID_REQUEST, "only groups and transactions have coordinators here")
    broker = call.broker
    here = {
        "error_code": 0,
        "node_id": broker.node_id,
        "host": broker.advertised(call.local_host),
        "port": broker.port,
    }
    return {**here, "coordinators": [{**here, "key": key} for key in call.request["coordinator_keys"]]}


def _refuse(call: Call, error: ApiError) -> Struct:
    nowhere = {"error_code": error.error, "error_message": error.text, "node_id": -1, "host": "", "port": -1}
    return {**nowhere, "coordinators": [{**nowhere, "key": key} for key in call.request["coordinator_keys"]]}


API = Api(10, "FindCoordinator", (0, 5), REQUEST, RESPONSE, _handle, _refuse)
