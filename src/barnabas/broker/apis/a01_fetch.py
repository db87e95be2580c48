"""Fetch, versions 4 to 17.

Missing: fetch sessions (every answer has session id 0, so that clients send full requests), rack awareness, requests of
followers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.schema import Schema, Struct

if TYPE_CHECKING:
    from barnabas.broker.log import PartitionLog
    from barnabas.broker.topics import Topic

__all__ = ["API"]

REQUEST = Schema(
    """
    cluster_id: string? 12+ tag=0
    replica_id: int32 0-14 default=-1
    replica_state: {} 15+ tag=1
      replica_id: int32 default=-1
      replica_epoch: int64 default=-1
    max_wait_ms: int32
    min_bytes: int32
    max_bytes: int32
    isolation_level: int8
    session_id: int32 7+
    session_epoch: int32 7+ default=-1
    topics: []
      name: string 0-12
      topic_id: uuid 13+
      partitions: []
        index: int32
        current_leader_epoch: int32 9+ default=-1
        fetch_offset: int64
        last_fetched_epoch: int32 12+ default=-1
        log_start_offset: int64 5+ default=-1
        max_bytes: int32
        replica_directory_id: uuid 17+ tag=0
    forgotten: [] 7+
      name: string 7-12
      topic_id: uuid 13+
      partitions: [int32]
    rack_id: string 11+
    """,
    flexible=12,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    error_code: int16 7+
    session_id: int32 7+
    topics: []
      name: string 0-12
      topic_id: uuid 13+
      partitions: []
        index: int32
        error_code: int16
        high_watermark: int64 default=-1
        last_stable_offset: int64 default=-1
        log_start_offset: int64 5+ default=-1
        aborted: []?
          producer_id: int64
          first_offset: int64
        preferred_read_replica: int32 11+ default=-1
        records: records?
    """,
    flexible=12,
)

_BY_ID = 13  # KIP-516
_LONGEST_WAIT_S = 300.0


class _Wanted(NamedTuple):
    entry: Struct
    log: PartitionLog | None
    error: ErrorCode


async def _handle(call: Call) -> Struct:
    request = call.request
    if request["session_id"] and request["session_epoch"] != 0 and request["session_epoch"] != -1:
        raise ApiError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    wanted = [(topic, [_find(call, topic, entry) for entry in topic["partitions"]]) for topic in request["topics"]]
    flat = [item for _, items in wanted for item in items]
    await _wait(call, flat)
    committed = request["isolation_level"] == 1
    budget = request["max_bytes"]
    topics = []
    for topic, items in wanted:
        answers = []
        for item in items:
            answer = _read(item, budget, committed=committed, first=budget == request["max_bytes"])
            budget -= len(answer.get("records") or b"")
            answers.append(answer)
        topics.append({"name": topic["name"], "topic_id": topic["topic_id"], "partitions": answers})
    return {"topics": topics}


def _topic(call: Call, topic: Struct) -> Topic | None:
    topics = call.broker.topics
    return topics.by_id(topic["topic_id"]) if call.version >= _BY_ID else topics.get(topic["name"])


def _find(call: Call, topic: Struct, entry: Struct) -> _Wanted:
    """The log of a wanted partition, or the error that it has."""
    found = _topic(call, topic)
    if found is None:
        by_id = call.version >= _BY_ID
        return _Wanted(entry, None, ErrorCode.UNKNOWN_TOPIC_ID if by_id else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if not 0 <= entry["index"] < len(found.partitions):
        return _Wanted(entry, None, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if entry["current_leader_epoch"] > 0:
        return _Wanted(entry, None, ErrorCode.UNKNOWN_LEADER_EPOCH)
    return _Wanted(entry, found.partitions[entry["index"]], ErrorCode.NONE)


def _enough(call: Call, wanted: list[_Wanted]) -> bool:
    """Whether there is something to say now: errors, or ``min_bytes`` of records."""
    committed = call.request["isolation_level"] == 1
    least: int = max(call.request["min_bytes"], 0)
    total = 0
    for entry, log, error in wanted:
        if log is None or error or not log.start <= entry["fetch_offset"] <= log.end:
            return True
        total += min(log.available(entry["fetch_offset"], least, committed=committed), entry["max_bytes"])
        if total >= least:
            return True
    return total >= least


async def _wait(call: Call, wanted: list[_Wanted]) -> None:
    """Wait until there is enough to answer with, or the client's time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(call.request["max_wait_ms"] / 1000, _LONGEST_WAIT_S)
    while not call.broker.stopping and not _enough(call, wanted):
        left = deadline - loop.time()
        if left <= 0:
            return
        waiter: asyncio.Future[None] = loop.create_future()
        logs = [item.log for item in wanted if item.log is not None]
        for log in logs:
            log.waiters.add(waiter)
        try:
            await asyncio.wait((waiter,), timeout=left)
        finally:
            for log in logs:
                log.waiters.discard(waiter)
        if any(log.closed for log in logs):
            return


def _read(item: _Wanted, budget: int, *, committed: bool, first: bool) -> Struct:
    entry, log, error = item
    if log is None or log.closed:
        return _failed(entry, error or ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    try:
        limit = min(entry["max_bytes"], budget)
        found = log.read(entry["fetch_offset"], max(limit, 0), committed=committed, at_least_one=first)
    except ApiError as failure:
        return {
            **_failed(entry, failure.error),
            "high_watermark": log.end,
            "last_stable_offset": log.stable_end,
            "log_start_offset": log.start,
        }
    aborted = [{"producer_id": each.producer_id, "first_offset": each.first_offset} for each in found.aborted]
    return {
        "index": entry["index"],
        "error_code": 0,
        "high_watermark": found.high_watermark,
        "last_stable_offset": found.last_stable_offset,
        "log_start_offset": found.log_start,
        "aborted": aborted if committed else None,
        "records": found.data,
    }


def _failed(entry: Struct, error: ErrorCode) -> Struct:
    return {"index": entry["index"], "error_code": error, "aborted": None, "records": b""}


def _refuse(call: Call, error: ApiError) -> Struct:
    if call.version >= 7:  # noqa: PLR2004 - the version with a top-level error
        return {"error_code": error.error, "topics": []}
    return {
        "topics": [
            {"name": topic["name"], "partitions": [_failed(entry, error.error) for entry in topic["partitions"]]}
            for topic in call.request["topics"]
        ]
    }


API = Api(1, "Fetch", (4, 17), REQUEST, RESPONSE, _handle, _refuse)
