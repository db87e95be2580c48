"""DescribeConfigs, versions 1 to 4, of topics and of the broker.

Missing: log levels, client metrics and groups as resources.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.config_answers import BROKER, TOPIC, broker_entries, resource_error, topic_entries
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    resources: []
      resource_type: int8
      resource_name: string
      configuration_keys: [string]?
    include_synonyms: bool
    include_documentation: bool 3+
    """,
    flexible=4,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    results: []
      error_code: int16
      error_message: string?
      resource_type: int8
      resource_name: string
      configs: []
        name: string
        value: string?
        read_only: bool
        config_source: int8 default=-1
        is_sensitive: bool
        synonyms: []
          name: string
          value: string?
          source: int8
        config_type: int8 3+
        documentation: string? 3+
    """,
    flexible=4,
)


async def _handle(call: Call) -> Struct:
    results = []
    for resource in call.request["resources"]:
        try:
            results.append({**resource_error(resource, None), "configs": _describe(call, resource)})
        except ApiError as error:
            results.append(resource_error(resource, error))
    return {"results": results}


def _describe(call: Call, resource: Struct) -> list[Struct]:
    broker, request, name = call.broker, call.request, resource["resource_name"]
    if resource["resource_type"] == TOPIC:
        entries = topic_entries(broker.topics.topic(name).configs, broker.settings)
    elif resource["resource_type"] == BROKER:
        # The empty name stands for defaults of the whole cluster, which only dynamic settings have.
        entries = broker_entries(broker) if name == str(broker.node_id) else []
        if name not in {"", str(broker.node_id)}:
            raise ApiError(ErrorCode.INVALID_REQUEST, f"Unexpected broker id, expected {broker.node_id}, got {name}")
    else:
        raise ApiError(ErrorCode.INVALID_REQUEST, "Only topics and the broker have configurations here.")
    keys = resource["configuration_keys"]
    return [
        {
            **entry,
            "synonyms": entry.get("synonyms", []) if request["include_synonyms"] else [],
            "documentation": entry["documentation"] if request["include_documentation"] else None,
        }
        for entry in entries
        if not keys or entry["name"] in keys
    ]


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"results": [resource_error(resource, error) for resource in call.request["resources"]]}


API = Api(32, "DescribeConfigs", (1, 4), REQUEST, RESPONSE, _handle, _refuse)
