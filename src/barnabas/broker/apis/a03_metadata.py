"""Metadata, versions 0 to 13: this broker, and all or some topics.

Missing: authorization (operations are answered as unknown). Unknown topics are created when the request and the broker
allow it.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topics import Topic

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: []?1+
      topic_id: uuid 10+
      name: string?10+
    allow_auto_topic_creation: bool 4+ default=true
    include_cluster_authorized_operations: bool 8-10
    include_topic_authorized_operations: bool 8+
    """,
    flexible=9,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32 3+
    brokers: []
      node_id: int32
      host: string
      port: int32
      rack: string? 1+
    cluster_id: string? 2+
    controller_id: int32 1+ default=-1
    topics: []
      error_code: int16
      name: string?12+
      topic_id: uuid 10+
      is_internal: bool 1+
      partitions: []
        error_code: int16
        index: int32
        leader_id: int32
        leader_epoch: int32 7+ default=-1
        replicas: [int32]
        isr: [int32]
        offline_replicas: [int32] 5+
      authorized_operations: int32 8+ default=-2147483648
    cluster_authorized_operations: int32 8-10 default=-2147483648
    error_code: int16 13+
    """,
    flexible=9,
)


async def _handle(call: Call) -> Struct:
    wanted = call.request["topics"]
    if wanted is None or (not wanted and call.version == 0):
        topics = [_describe(call, topic) for topic in call.broker.topics.all()]
    else:
        topics = [_one(call, entry) for entry in wanted]
    return {**_cluster(call), "topics": topics}


def _cluster(call: Call) -> Struct:
    broker = call.broker
    return {
        "brokers": [{"node_id": broker.node_id, "host": broker.advertised(call.local_host), "port": broker.port}],
        "cluster_id": broker.cluster_id,
        "controller_id": broker.node_id,
    }


def _one(call: Call, entry: Struct) -> Struct:
    name = entry["name"]
    if name is None:
        topic = call.broker.topics.by_id(entry["topic_id"])
        if topic is None:
            empty = None if call.version >= 12 else ""  # noqa: PLR2004 - the name may be null
            return {"error_code": ErrorCode.UNKNOWN_TOPIC_ID, "name": empty, "topic_id": entry["topic_id"]}
        return _describe(call, topic)
    try:
        return _describe(call, _find_or_create(call, name))
    except ApiError as error:
        return {"error_code": error.error, "name": name}


def _find_or_create(call: Call, name: str) -> Topic:
    broker = call.broker
    topic = broker.topics.get(name)
    if topic is not None:
        return topic
    if call.request["allow_auto_topic_creation"] and broker.settings.auto_create_topics:
        return broker.topics.create(name, broker.settings.num_partitions, {})
    raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


def _describe(call: Call, topic: Topic) -> Struct:
    node = call.broker.node_id
    return {
        "error_code": 0,
        "name": topic.name,
        "topic_id": topic.id,
        "is_internal": topic.name.startswith("__"),
        "partitions": [
            {"index": index, "leader_id": node, "leader_epoch": 0, "replicas": [node], "isr": [node]}
            for index in range(len(topic.partitions))
        ],
    }


def _refuse(call: Call, error: ApiError) -> Struct:
    topics = [
        {"error_code": error.error, "name": entry["name"] or "", "topic_id": entry["topic_id"]}
        for entry in call.request["topics"] or ()
    ]
    return {**_cluster(call), "topics": topics, "error_code": error.error}


API = Api(3, "Metadata", (0, 13), REQUEST, RESPONSE, _handle, _refuse)
