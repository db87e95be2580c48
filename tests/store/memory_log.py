"""A followed topic without Kafka."""

from __future__ import annotations

import asyncio
from typing import Any


class Record:
    def __init__(self, offset: int, key: bytes, value: bytes | None, timestamp: int = 0) -> None:
        self.offset, self.key, self.value, self.timestamp = offset, key, value, timestamp


class MemoryLog:
    """A topic in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.handlers: list[Any] = []
        self.failing: Exception | None = None

    async def follow(self, topics: dict[str, Any]) -> None:
        for handle in topics.values():
            self.handlers.append(handle)
            for record in self.records:
                handle(record)

    async def read_to_end(self, *topics: str) -> None:
        await asyncio.sleep(0)

    async def send(self, topic: str, key: bytes, value: bytes | None) -> int:
        if self.failing:
            raise self.failing
        record = Record(len(self.records), key, value)
        self.records.append(record)
        await asyncio.sleep(0)
        self.deliver(record)
        return record.offset

    def deliver(self, record: Record) -> None:
        for handle in self.handlers:
            handle(record)

    def say(self, key: str, value: bytes | None, timestamp: int = 0) -> None:
        """What another worker writes."""
        self.records.append(Record(len(self.records), key.encode(), value, timestamp))
        self.deliver(self.records[-1])

    @property
    def keys(self) -> list[str]:
        return [record.key.decode() for record in self.records]
