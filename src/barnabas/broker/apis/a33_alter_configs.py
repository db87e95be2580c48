"""AlterConfigs, versions 0 to 2: replaces a topic's whole configuration.

Missing: resources other than topics.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.config_answers import alter_each, find_topic, refuse_each
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topic_config import validate

__all__ = ["API"]

REQUEST = Schema(
    """
    resources: []
      resource_type: int8
      resource_name: string
      configs: []
        name: string
        value: string?
    validate_only: bool
    """,
    flexible=2,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    responses: []
      error_code: int16
      error_message: string?
      resource_type: int8
      resource_name: string
    """,
    flexible=2,
)


async def _handle(call: Call) -> Struct:
    return alter_each(call, _alter)


def _alter(call: Call, resource: Struct) -> None:
    topic = find_topic(call.broker, resource)
    configs = {entry["name"]: entry["value"] for entry in resource["configs"]}
    validate(configs)
    if not call.request["validate_only"]:
        call.broker.topics.configure(topic, configs)


API = Api(33, "AlterConfigs", (0, 2), REQUEST, RESPONSE, _handle, refuse_each)
