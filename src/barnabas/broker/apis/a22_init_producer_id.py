"""InitProducerId, versions 0 to 5.

Missing: two-phase commit (version 6, KIP-939).
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    transactional_id: string?
    transaction_timeout_ms: int32
    producer_id: int64 3+ default=-1
    producer_epoch: int16 3+ default=-1
    """,
    flexible=2,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    error_code: int16
    producer_id: int64 default=-1
    producer_epoch: int16
    """,
    flexible=2,
)

_KNOWS_FENCED = 4  # earlier versions have only the older error code


async def _handle(call: Call) -> Struct:
    request, transactions = call.request, call.broker.transactions
    name = request["transactional_id"]
    if name is None:
        return {"error_code": 0, "producer_id": transactions.new_producer_id(), "producer_epoch": 0}
    producer_id, epoch = transactions.init(
        name, request["transaction_timeout_ms"], request["producer_id"], request["producer_epoch"]
    )
    return {"error_code": 0, "producer_id": producer_id, "producer_epoch": epoch}


def _refuse(call: Call, error: ApiError) -> Struct:
    code = error.error
    if code == ErrorCode.PRODUCER_FENCED and call.version < _KNOWS_FENCED:
        code = ErrorCode.INVALID_PRODUCER_EPOCH
    return {"error_code": code, "producer_epoch": -1}


API = Api(22, "InitProducerId", (0, 5), REQUEST, RESPONSE, _handle, _refuse)
