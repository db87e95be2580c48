"""OffsetDelete, version 0.

A group of consumers keeps the offsets of topics to which a member is subscribed; other groups must be empty.
"""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING

from barnabas.broker.answers import by_partition, refuse_partitions
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.wire import MalformedError, Reader

if TYPE_CHECKING:
    from barnabas.broker.group import Group
    from barnabas.broker.offsets import Place

__all__ = ["API"]

_logger = logging.getLogger(__name__)

REQUEST = Schema(
    """
    group_id: string
    topics: []
      name: string
      partitions: []
        index: int32
    """
)
RESPONSE = Schema(
    """
    error_code: int16
    throttle_time_ms: int32
    topics: []
      name: string
      partitions: []
        index: int32
        error_code: int16
    """
)


async def _handle(call: Call) -> Struct:
    name = call.request["group_id"]
    group = call.broker.groups.get(name)
    if group is None:
        raise ApiError(ErrorCode.GROUP_ID_NOT_FOUND)
    if group.members and group.protocol_type != "consumer":
        raise ApiError(ErrorCode.NON_EMPTY_GROUP)
    subscribed = _subscriptions(group)
    gone: list[Place] = []

    def answer(topic: str, entry: Struct) -> Struct:
        if topic in subscribed:
            return {"index": entry["index"], "error_code": ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
        gone.append((topic, entry["index"]))
        return {"index": entry["index"], "error_code": 0}

    topics = by_partition(call.request["topics"], answer)
    call.broker.groups.offsets.delete(name, gone)
    return {"error_code": 0, "topics": topics}


def _subscriptions(group: Group) -> set[str]:
    """The topics that the members of a consumer group have subscribed to."""
    topics: set[str] = set()
    for member in group.members.values():
        reader = Reader(member.metadata(group.protocol))
        try:
            reader.int16()
            topics.update(str(reader.take(reader.int16()), "utf-8") for _ in range(reader.count(reader.int32())))
        except (MalformedError, UnicodeDecodeError, struct.error):
            _logger.warning("the subscription of member %s of group %s cannot be read", member.id, group.id)
    return topics


def _refuse(call: Call, error: ApiError) -> Struct:
    return {**refuse_partitions(call, error), "topics": []}


API = Api(47, "OffsetDelete", (0, 0), REQUEST, RESPONSE, _handle, _refuse)
