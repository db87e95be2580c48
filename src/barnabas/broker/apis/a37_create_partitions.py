"""CreatePartitions, versions 0 to 3. Assignments may only name this broker."""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: []
      name: string
      count: int32
      assignments: []?
        broker_ids: [int32]
    timeout_ms: int32
    validate_only: bool
    """,
    flexible=2,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    results: []
      name: string
      error_code: int16
      error_message: string?
    """,
    flexible=2,
)


async def _handle(call: Call) -> Struct:
    results = []
    for entry in call.request["topics"]:
        try:
            _increase(call, entry)
            results.append({"name": entry["name"], "error_code": 0})
        except ApiError as error:
            results.append(_failed(entry, error))
    return {"results": results}


def _increase(call: Call, entry: Struct) -> None:
    broker, count = call.broker, entry["count"]
    topic = broker.topics.topic(entry["name"])
    added = count - len(topic.partitions)
    assignments = entry["assignments"]
    if assignments is not None and (
        len(assignments) != added or any(each["broker_ids"] != [broker.node_id] for each in assignments)
    ):
        raise ApiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"The only broker is {broker.node_id}.")
    broker.topics.check_partitions(topic, count)
    if not call.request["validate_only"]:
        broker.topics.add_partitions(topic, count)


def _failed(entry: Struct, error: ApiError) -> Struct:
    return {"name": entry["name"], "error_code": error.error, "error_message": error.text}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"results": [_failed(entry, error) for entry in call.request["topics"]]}


API = Api(37, "CreatePartitions", (0, 3), REQUEST, RESPONSE, _handle, _refuse)
