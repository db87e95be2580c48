"""Configurations as answers show them: topics' and the broker's own."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.topic_config import TOPIC_KEYS, ConfigType, defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barnabas.broker.api import Call
    from barnabas.broker.schema import Struct
    from barnabas.broker.server import Broker
    from barnabas.broker.settings import BrokerSettings
    from barnabas.broker.topics import Topic

__all__ = [
    "BROKER",
    "TOPIC",
    "alter_each",
    "broker_entries",
    "find_topic",
    "refuse_each",
    "resource_error",
    "topic_entries",
]

TOPIC, BROKER = 2, 4
_DYNAMIC_TOPIC, _STATIC_BROKER, _DEFAULT = 1, 4, 5

_BROKER_NAMES = {
    "auto_create_topics": "auto.create.topics.enable",
    "num_partitions": "num.partitions",
    "log_segment_bytes": "log.segment.bytes",
    "log_retention_ms": "log.retention.ms",
    "log_retention_bytes": "log.retention.bytes",
    "max_request_bytes": "socket.request.max.bytes",
    "transaction_max_timeout_ms": "transaction.max.timeout.ms",
    "group_initial_rebalance_delay_ms": "group.initial.rebalance.delay.ms",
    "group_min_session_timeout_ms": "group.min.session.timeout.ms",
    "group_max_session_timeout_ms": "group.max.session.timeout.ms",
    "offsets_retention_minutes": "offsets.retention.minutes",
    "producer_id_expiration_ms": "producer.id.expiration.ms",
    "transactional_id_expiration_ms": "transactional.id.expiration.ms",
}


def topic_entries(configs: Mapping[str, str], settings: BrokerSettings) -> list[Struct]:
    """All keys of a topic with its own values and the defaults."""
    entries = []
    for name, default in sorted(defaults(settings).items()):
        own = configs.get(name)
        key = TOPIC_KEYS[name]
        synonyms = [] if own is None else [{"name": name, "value": own, "source": _DYNAMIC_TOPIC}]
        entries.append(
            {
                "name": name,
                "value": default if own is None else own,
                "is_default": own is None,
                "config_source": _DEFAULT if own is None else _DYNAMIC_TOPIC,
                "synonyms": [*synonyms, {"name": name, "value": default, "source": _DEFAULT}],
                "config_type": key.type,
                "documentation": key.documentation,
            }
        )
    return entries


def broker_entries(broker: Broker) -> list[Struct]:
    """The broker's settings under Kafka's names, none of which can be altered at run time."""
    values: dict[str, object] = {
        _BROKER_NAMES[each.name]: getattr(broker.settings, each.name)
        for each in fields(broker.settings)
        if each.name in _BROKER_NAMES
    }
    values["node.id"] = broker.node_id
    values["default.replication.factor"] = 1
    values["log.dirs"] = str(broker.data_dir)
    return [
        {
            "name": name,
            "value": str(value).lower() if isinstance(value, bool) else str(value),
            "read_only": True,
            "config_source": _STATIC_BROKER,
            "config_type": _type_of(value),
            "documentation": None,
        }
        for name, value in sorted(values.items())
    ]


def _type_of(value: object) -> int:
    if isinstance(value, bool):
        return ConfigType.BOOLEAN
    return ConfigType.LONG if isinstance(value, int) else ConfigType.STRING


def find_topic(broker: Broker, resource: Struct) -> Topic:
    """The topic whose configuration is to be altered; raises ``ApiError`` for anything else."""
    if resource["resource_type"] != TOPIC:
        raise ApiError(
            ErrorCode.INVALID_REQUEST,
            "Only topic configurations can be altered at run time; the development broker's own are set at its start.",
        )
    return broker.topics.topic(resource["resource_name"])


def resource_error(resource: Struct, error: ApiError | None) -> Struct:
    """The answer for one resource that has only an error, or none."""
    return {
        "error_code": error.error if error else ErrorCode.NONE,
        "error_message": error.text if error else None,
        "resource_type": resource["resource_type"],
        "resource_name": resource["resource_name"],
    }


def alter_each(call: Call, alter: Callable[[Call, Struct], None]) -> Struct:
    """Alter each resource of a request; one that fails does not stop the others."""
    responses = []
    for resource in call.request["resources"]:
        try:
            alter(call, resource)
            responses.append(resource_error(resource, None))
        except ApiError as error:
            responses.append(resource_error(resource, error))
    return {"responses": responses}


def refuse_each(call: Call, error: ApiError) -> Struct:
    """The answer when the request as a whole is refused: the same error for each resource."""
    return {"responses": [resource_error(resource, error) for resource in call.request["resources"]]}
