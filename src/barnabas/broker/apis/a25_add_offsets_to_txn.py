"""AddOffsetsToTxn, versions 0 to 4. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.answers import fenced_code
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    transactional_id: string
    producer_id: int64
    producer_epoch: int16
    group_id: string
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    error_code: int16
    """,
    flexible=3,
)


async def _handle(call: Call) -> Struct:
    request = call.request
    call.broker.transactions.add_group(
        request["transactional_id"], request["producer_id"], request["producer_epoch"], request["group_id"]
    )
    return {"error_code": 0}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"error_code": fenced_code(error, call.version, since=2)}


API = Api(25, "AddOffsetsToTxn", (0, 4), REQUEST, RESPONSE, _handle, _refuse)
