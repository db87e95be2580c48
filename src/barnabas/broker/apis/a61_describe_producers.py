"""DescribeProducers, version 0: the idempotent and transactional producers of partitions. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.answers import guarded
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: []
      name: string
      partition_indexes: [int32]
    """,
    flexible=0,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    topics: []
      name: string
      partitions: []
        index: int32
        error_code: int16
        error_message: string?
        active_producers: []
          producer_id: int64
          producer_epoch: int32
          last_sequence: int32 default=-1
          last_timestamp: int64 default=-1
          coordinator_epoch: int32
          current_txn_start_offset: int64 default=-1
    """,
    flexible=0,
)


async def _handle(call: Call) -> Struct:
    return {
        "topics": [
            {"name": topic["name"], "partitions": [_one(call, topic["name"], i) for i in topic["partition_indexes"]]}
            for topic in call.request["topics"]
        ]
    }


def _one(call: Call, topic: str, index: int) -> Struct:
    return guarded(index, lambda: {"active_producers": _producers(call, topic, index)})


def _producers(call: Call, topic: str, index: int) -> list[Struct]:
    states = call.broker.topics.log(topic, index).states
    return [
        {
            "producer_id": producer_id,
            "producer_epoch": producer.epoch,
            "last_sequence": producer.batches[-1].last_sequence if producer.batches else -1,
            "last_timestamp": producer.last_timestamp,
            "coordinator_epoch": 0,
            "current_txn_start_offset": producer.transaction_start,
        }
        for producer_id, producer in states.producers.items()
    ]


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "topics": [
            {
                "name": topic["name"],
                "partitions": [
                    {"index": index, "error_code": error.error, "error_message": error.text}
                    for index in topic["partition_indexes"]
                ],
            }
            for topic in call.request["topics"]
        ]
    }


API = Api(61, "DescribeProducers", (0, 0), REQUEST, RESPONSE, _handle, _refuse)
