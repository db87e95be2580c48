"""DescribeTransactions, version 0. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema("transactional_ids: [string]", flexible=0)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    transaction_states: []
      error_code: int16
      transactional_id: string
      transaction_state: string
      transaction_timeout_ms: int32
      transaction_start_time_ms: int64
      producer_id: int64
      producer_epoch: int16
      topics: []
        topic: string
        partitions: [int32]
    """,
    flexible=0,
)


async def _handle(call: Call) -> Struct:
    return {"transaction_states": [_describe(call, name) for name in call.request["transactional_ids"]]}


def _describe(call: Call, name: str) -> Struct:
    known = call.broker.transactions.transactions.get(name)
    if known is None:
        return {"error_code": ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, "transactional_id": name}
    topics: dict[str, list[int]] = {}
    for topic, partition in known.partitions:
        topics.setdefault(topic, []).append(partition)
    return {
        "error_code": 0,
        "transactional_id": name,
        "transaction_state": known.state,
        "transaction_timeout_ms": known.timeout_ms,
        "transaction_start_time_ms": known.started,
        "producer_id": known.producer_id,
        "producer_epoch": known.epoch,
        "topics": [{"topic": topic, "partitions": partitions} for topic, partitions in topics.items()],
    }


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "transaction_states": [
            {"error_code": error.error, "transactional_id": name} for name in call.request["transactional_ids"]
        ]
    }


API = Api(65, "DescribeTransactions", (0, 0), REQUEST, RESPONSE, _handle, _refuse)
