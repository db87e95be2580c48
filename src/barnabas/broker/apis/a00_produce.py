"""Produce, versions 3 to 13.

Missing: conversion of message formats 0 and 1 (versions 0 to 2), and recompression to a topic's ``compression.type``.
All acknowledgement levels wait for the local log only, as there are no replicas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.records import HEADER_SIZE, BatchHeader
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topics import now_ms

if TYPE_CHECKING:
    from barnabas.broker.topics import Topic

__all__ = ["API"]

REQUEST = Schema(
    """
    transactional_id: string?
    acks: int16
    timeout_ms: int32
    topics: []
      name: string 3-12
      topic_id: uuid 13+
      partitions: []
        index: int32
        records: records?
    """,
    flexible=9,
)
RESPONSE = Schema(
    """
    topics: []
      name: string 3-12
      topic_id: uuid 13+
      partitions: []
        index: int32
        error_code: int16
        base_offset: int64 default=-1
        log_append_time_ms: int64 default=-1
        log_start_offset: int64 5+ default=-1
        record_errors: [] 8+
          batch_index: int32
          message: string?
        error_message: string? 8+
    throttle_time_ms: int32
    """,
    flexible=9,
)


_BY_ID = 13  # KIP-516


async def _handle(call: Call) -> Struct | None:
    request = call.request
    if request["acks"] not in {-1, 0, 1}:
        raise ApiError(ErrorCode.INVALID_REQUIRED_ACKS)
    topics = []
    for entry in request["topics"]:
        topic = _find(call, entry)
        answers = [_append(call, topic, partition) for partition in entry["partitions"]]
        topics.append({"name": entry["name"], "topic_id": entry["topic_id"], "partitions": answers})
    return {"topics": topics} if request["acks"] else None


def _find(call: Call, entry: Struct) -> Topic | None:
    topics = call.broker.topics
    return topics.by_id(entry["topic_id"]) if call.version >= _BY_ID else topics.get(entry["name"])


def _unknown(call: Call) -> NoReturn:
    raise ApiError(ErrorCode.UNKNOWN_TOPIC_ID if call.version >= _BY_ID else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


def _append(call: Call, topic: Topic | None, partition: Struct) -> Struct:
    index, records = partition["index"], partition["records"]
    try:
        log = call.broker.topics.log_of(topic or _unknown(call), index)
        if topic is not None and call.request["transactional_id"] is not None and len(records or b"") >= HEADER_SIZE:
            header = BatchHeader.read(records)
            call.broker.transactions.check_write(call.request["transactional_id"], header, topic.name, index)
        appended = log.append(records or bytearray(), now_ms())
    except ApiError as error:
        return {"index": index, "error_code": error.error, "error_message": error.text}
    return {
        "index": index,
        "error_code": 0,
        "base_offset": appended.base_offset,
        "log_append_time_ms": appended.append_time,
        "log_start_offset": log.start,
    }


def _refuse(call: Call, error: ApiError) -> Struct:
    return {
        "topics": [
            {
                "name": topic["name"],
                "topic_id": topic["topic_id"],
                "partitions": [
                    {"index": partition["index"], "error_code": error.error, "error_message": error.text}
                    for partition in topic["partitions"]
                ],
            }
            for topic in call.request["topics"]
        ]
    }


API = Api(0, "Produce", (3, 13), REQUEST, RESPONSE, _handle, _refuse)
