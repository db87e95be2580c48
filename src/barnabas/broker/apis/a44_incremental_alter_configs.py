"""IncrementalAlterConfigs, versions 0 and 1: sets, deletes, appends to and subtracts from single keys of a topic.

Missing: resources other than topics.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.config_answers import alter_each, find_topic, refuse_each
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topic_config import TOPIC_KEYS, ConfigType, validate

__all__ = ["API"]

REQUEST = Schema(
    """
    resources: []
      resource_type: int8
      resource_name: string
      configs: []
        name: string
        config_operation: int8
        value: string?
    validate_only: bool
    """,
    flexible=1,
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
    flexible=1,
)

_SET, _DELETE, _APPEND, _SUBTRACT = range(4)


async def _handle(call: Call) -> Struct:
    return alter_each(call, _alter)


def _alter(call: Call, resource: Struct) -> None:
    topic = find_topic(call.broker, resource)
    configs: dict[str, str | None] = {**topic.configs}
    for entry in resource["configs"]:
        _apply(configs, entry["name"], entry["config_operation"], entry["value"])
    validate(configs)
    if not call.request["validate_only"]:
        call.broker.topics.configure(topic, configs)


def _apply(configs: dict[str, str | None], name: str, operation: int, value: str | None) -> None:
    if operation == _DELETE:
        configs.pop(name, None)
        return
    if operation == _SET:
        configs[name] = value
        return
    key = TOPIC_KEYS.get(name)
    if operation not in {_APPEND, _SUBTRACT} or key is None or key.type != ConfigType.LIST or value is None:
        raise ApiError(ErrorCode.INVALID_CONFIG, f"Operation {operation} is not possible for config {name}")
    current = configs.get(name)
    words = [word for word in (key.default if current is None else current).split(",") if word]
    given = value.split(",")
    words = [word for word in words if word not in given]
    configs[name] = ",".join([*words, *given] if operation == _APPEND else words)


API = Api(44, "IncrementalAlterConfigs", (0, 1), REQUEST, RESPONSE, _handle, refuse_each)
