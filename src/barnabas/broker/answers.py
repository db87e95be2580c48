"""Shapes that many answers share: topics with partitions, and errors that older versions of an API cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas.broker.codes import ApiError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.broker.api import Call
    from barnabas.broker.schema import Struct

__all__ = ["by_partition", "fenced_code", "guarded", "refuse_flat", "refuse_partitions"]


def by_partition(topics: list[Struct], answer: Callable[[str, Any], Struct]) -> list[Struct]:
    """One answer for each partition of each topic of a request, in the same shape."""
    return [
        {"name": topic["name"], "partitions": [answer(topic["name"], entry) for entry in topic["partitions"]]}
        for topic in topics
    ]


def guarded(index: int, step: Callable[[], Struct | None]) -> Struct:
    """The answer for one partition: what ``step`` returns, or the error that it raises."""
    try:
        found = step() or {}
    except ApiError as error:
        return {"index": index, "error_code": error.error}
    return {"index": index, "error_code": 0, **found}


def refuse_partitions(call: Call, error: ApiError) -> Struct:
    """The same error for all partitions of a request."""
    return {
        "error_code": error.error,
        "topics": by_partition(
            call.request["topics"],
            lambda _, entry: {"index": entry["index"], "error_code": error.error},
        ),
    }


def refuse_flat(call: Call, error: ApiError) -> Struct:  # noqa: ARG001 - one signature for all refusals
    """An answer that has only an error."""
    return {"error_code": error.error, "error_message": error.text}


def fenced_code(error: ApiError, version: int, *, since: int) -> ErrorCode:
    """PRODUCER_FENCED exists only since some version of an API; older clients get INVALID_PRODUCER_EPOCH (KIP-588)."""
    if error.error == ErrorCode.PRODUCER_FENCED and version < since:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    return error.error
