"""DeleteTopics, versions 1 to 6; by id from version 6 on. Nothing is missing."""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: [] 6+
      name: string?
      topic_id: uuid
    topic_names: [string] 0-5
    timeout_ms: int32
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    responses: []
      name: string?6+
      topic_id: uuid 6+
      error_code: int16
      error_message: string? 5+
    """,
    flexible=4,
)


def _wanted(call: Call) -> list[Struct]:
    named = [{"name": name, "topic_id": bytes(16)} for name in call.request["topic_names"]]
    return [*call.request["topics"], *named]


async def _handle(call: Call) -> Struct:
    return {"responses": [_delete(call, entry) for entry in _wanted(call)]}


def _delete(call: Call, entry: Struct) -> Struct:
    broker, name = call.broker, entry["name"]
    topic = broker.topics.get(name) if name is not None else broker.topics.by_id(entry["topic_id"])
    if topic is None:
        missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if name is not None else ErrorCode.UNKNOWN_TOPIC_ID
        return {**entry, "error_code": missing, "error_message": "This server does not host this topic-partition."}
    broker.topics.delete(topic)
    broker.groups.offsets.delete_topic(topic.name)
    return {"name": topic.name, "topic_id": topic.id, "error_code": 0}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"responses": [{**entry, "error_code": error.error, "error_message": error.text} for entry in _wanted(call)]}


API = Api(20, "DeleteTopics", (1, 6), REQUEST, RESPONSE, _handle, _refuse)
