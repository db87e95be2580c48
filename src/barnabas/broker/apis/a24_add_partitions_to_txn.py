"""AddPartitionsToTxn, versions 0 to 3.

Missing: the batched form for brokers (versions 4 and 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.broker.answers import fenced_code
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.broker.offsets import Place

__all__ = ["API"]

REQUEST = Schema(
    """
    transactional_id: string
    producer_id: int64
    producer_epoch: int16
    topics: []
      name: string
      partitions: [int32]
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    results: []
      name: string
      partitions: []
        index: int32
        error_code: int16
    """,
    flexible=3,
)


async def _handle(call: Call) -> Struct:
    request, topics = call.request, call.broker.topics
    places = [(topic["name"], index) for topic in request["topics"] for index in topic["partitions"]]
    unknown = set()
    for name, index in places:
        topic = topics.get(name)
        if topic is None or not 0 <= index < len(topic.partitions):
            unknown.add((name, index))
    if unknown:  # all or nothing
        return _results(
            call,
            lambda place: (
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if place in unknown else ErrorCode.OPERATION_NOT_ATTEMPTED
            ),
        )
    call.broker.transactions.add_partitions(
        request["transactional_id"], request["producer_id"], request["producer_epoch"], places
    )
    return _results(call, lambda _: ErrorCode.NONE)


def _results(call: Call, code: Callable[[Place], ErrorCode]) -> Struct:
    return {
        "results": [
            {
                "name": topic["name"],
                "partitions": [
                    {"index": index, "error_code": code((topic["name"], index))} for index in topic["partitions"]
                ],
            }
            for topic in call.request["topics"]
        ]
    }


def _refuse(call: Call, error: ApiError) -> Struct:
    return _results(call, lambda _: fenced_code(error, call.version, since=2))


API = Api(24, "AddPartitionsToTxn", (0, 3), REQUEST, RESPONSE, _handle, _refuse)
