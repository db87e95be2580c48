"""Source partitions and offsets of the JDBC source: the shapes that the Java connector stores. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from barnabas import ConnectError
from barnabas.connectors.jdbc.dialects.base import TableId

__all__ = ["QUERY_PARTITION", "Position", "check_partition", "partitions_of"]

QUERY_PARTITION: Mapping[str, Any] = {"query": "query"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Position(NamedTuple):
    """The last row that was read.

    Attributes:
        time: Its timestamp, in UTC; ``None``: there is no such column, or no row was read.
        number: Its number; ``None``: likewise.
        snapshot: Which transactions were seen when everything up to here was read, in the database's words; ``None``:
            nobody knows.
    """

    time: datetime | None = None
    number: int | None = None
    snapshot: str | None = None

    def to_offset(self) -> dict[str, Any]:
        """The offset to store: ``timestamp`` in milliseconds, ``timestamp_nanos`` the fraction of its second."""
        offset: dict[str, Any] = {}
        if self.number is not None:
            offset["incrementing"] = self.number
        if self.time is not None:
            offset["timestamp"] = (self.time - _EPOCH) // _MS
            offset["timestamp_nanos"] = self.time.microsecond * 1000
            if self.snapshot is not None:
                offset["snapshot"] = self.snapshot
        return offset

    @classmethod
    def of(cls, offset: Mapping[str, Any] | None) -> Position:
        """From a stored offset.

        Raises:
            ConnectError: It is none of this connector's.
        """
        if not offset:
            return cls()
        milliseconds, nanos, number = (
            _whole(offset, name) for name in ("timestamp", "timestamp_nanos", "incrementing")
        )
        if milliseconds is None:
            return cls(None, number)
        try:
            time = _EPOCH + timedelta(milliseconds=milliseconds)
        except OverflowError as error:
            raise _refused(offset) from error
        if nanos is not None:
            time = time.replace(microsecond=nanos // 1000)
        return cls(time, number, _snapshot(offset))

    def beyond(self, other: Position) -> bool:
        """Whether a row here comes after one there."""
        if self.time is None or other.time is None or self.time != other.time:
            return other.time is None or (self.time is not None and self.time > other.time)
        return self.number is not None and (other.number is None or self.number > other.number)


def _snapshot(offset: Mapping[str, Any]) -> str | None:
    found = offset.get("snapshot")
    if found is not None and not (isinstance(found, str) and re.fullmatch(r"\d+:\d+:[\d,]*", found)):
        raise _refused(offset)
    return found


def _whole(offset: Mapping[str, Any], name: str) -> int | None:
    value = offset.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(offset)
    if name == "timestamp_nanos" and not 0 <= value < 10**9:
        raise _refused(offset)
    return value


def _refused(offset: Mapping[str, Any]) -> ConnectError:
    return ConnectError(
        f"The offset {dict(offset)} is none of this connector's.",
        code="BRN-6159",
        remedy='Offsets look like {"incrementing": 7, "timestamp": 1700000000000, "timestamp_nanos": 123000000}.',
    )


def partitions_of(table: TableId) -> list[dict[str, Any]]:
    """What the partition of a table may be called in stored offsets; the first is what new ones are called."""
    names = [table.plain, table.full, f'"{table.schema}"."{table.name}"', table.name]
    named = [{"protocol": "1", "table": name} for name in dict.fromkeys(names)]
    return [*named, {"table": table.name}]


def check_partition(partition: Mapping[str, Any]) -> None:
    """Refuse a partition that is none of this connector's.

    Raises:
        ConnectError: It is not.
    """
    keys = set(partition)
    if keys != {"query"} and not ("table" in keys <= {"table", "protocol"}):
        raise ConnectError(
            f"The partition {dict(partition)} is none of this connector's.",
            code="BRN-6160",
            remedy='Partitions look like {"protocol": "1", "table": "public.orders"} or {"query": "query"}.',
        )
