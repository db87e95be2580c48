"""CreateTopics, versions 2 to 7.

Missing: replicas. A replication factor above 1 is refused as Apache Kafka with one broker does.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.config_answers import topic_entries
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topics import Topic

__all__ = ["API"]

REQUEST = Schema(
    """
    topics: []
      name: string
      num_partitions: int32
      replication_factor: int16
      assignments: []
        partition_index: int32
        broker_ids: [int32]
      configs: []
        name: string
        value: string?
    timeout_ms: int32
    validate_only: bool
    """,
    flexible=5,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    topics: []
      name: string
      topic_id: uuid 7+
      error_code: int16
      error_message: string?
      topic_config_error_code: int16 5+ tag=0
      num_partitions: int32 5+ default=-1
      replication_factor: int16 5+ default=-1
      configs: []? 5+
        name: string
        value: string?
        read_only: bool
        config_source: int8 default=-1
        is_sensitive: bool
    """,
    flexible=5,
)


async def _handle(call: Call) -> Struct:
    names = [entry["name"] for entry in call.request["topics"]]
    topics = []
    for entry in call.request["topics"]:
        try:
            topics.append(_create(call, entry, names))
        except ApiError as error:
            topics.append(_failed(entry, error))
    return {"topics": topics}


def _create(call: Call, entry: Struct, names: list[str]) -> Struct:
    broker, name = call.broker, entry["name"]
    if names.count(name) > 1:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"Topic {name} is named twice.")
    partitions = _partitions(call, entry)
    configs = {config["name"]: config["value"] for config in entry["configs"]}
    if call.request["validate_only"]:
        broker.topics.check_new(name, partitions, configs)
        topic: Topic | None = None
        values = {key: value for key, value in configs.items() if value is not None}
    else:
        topic = broker.topics.create(name, partitions, configs)
        values = topic.configs
    return {
        "name": name,
        "topic_id": topic.id if topic else bytes(16),
        "error_code": 0,
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": topic_entries(values, broker.settings),
    }


def _partitions(call: Call, entry: Struct) -> int:
    """The number of partitions that is asked for, by number or by assignment to brokers."""
    node, assignments = call.broker.node_id, entry["assignments"]
    if assignments:
        if entry["num_partitions"] != -1 or entry["replication_factor"] != -1:
            raise ApiError(ErrorCode.INVALID_REQUEST, "Partitions are given both as a number and as an assignment.")
        indexes = sorted(each["partition_index"] for each in assignments)
        if indexes != list(range(len(indexes))) or any(each["broker_ids"] != [node] for each in assignments):
            raise ApiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"The only broker is {node}.")
        return len(indexes)
    if entry["replication_factor"] not in {1, -1}:
        raise ApiError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"Unable to replicate the partition {entry['replication_factor']} time(s): "
            "The development broker is the only broker.",
        )
    wanted: int = entry["num_partitions"]
    return call.broker.settings.num_partitions if wanted == -1 else wanted


def _failed(entry: Struct, error: ApiError) -> Struct:
    return {"name": entry["name"], "error_code": error.error, "error_message": error.text, "configs": None}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"topics": [_failed(entry, error) for entry in call.request["topics"]]}


API = Api(19, "CreateTopics", (2, 7), REQUEST, RESPONSE, _handle, _refuse)
