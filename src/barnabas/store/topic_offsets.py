"""The offset topic as a store: source offsets of the whole cluster."""

# ruff: noqa: D102  the contracts are on the interface OffsetStore
from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from barnabas.errors import BarnabasError, ConnectError
from barnabas.store.base import OffsetStore
from barnabas.store.offset_keys import canonical, parse_key
from barnabas.store.topic_configs import Log

__all__ = ["TopicOffsetStore"]


class _Entry(msgspec.Struct):
    """What is stored for a source partition.

    ``keys`` are all the byte strings that it was stored under: a JVM worker looks it up by the one that it writes
    itself, whose members may stand in another order.
    """

    keys: list[bytes]
    value: bytes | None
    timestamp: int


class TopicOffsetStore(OffsetStore):
    """Offsets in a compacted topic.

    Args:
        log: The followed topics.
        topic: ``offset.storage.topic``, or a connector's own ``offsets.storage.topic``.
    """

    def __init__(self, log: Log, topic: str) -> None:
        self._log = log
        self._topic = topic
        self._entries: dict[bytes, _Entry] = {}

    async def start(self) -> None:
        await self._log.follow({self._topic: self._handle})

    async def stop(self) -> None:
        """Nothing to do: what :meth:`set` returned from is written."""

    def _handle(self, record: Any) -> None:
        if record.key is None:
            return
        form = canonical(record.key)
        known = self._entries.get(form)
        if known is None:
            self._entries[form] = _Entry([record.key], record.value, record.timestamp)
            return
        if record.key not in known.keys:
            known.keys.append(record.key)
            if (
                record.timestamp < known.timestamp
            ):  # another spelling of the key, in another partition: the later counts
                return
        known.value, known.timestamp = record.value, record.timestamp

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Also what another worker wrote a moment ago."""
        await self._log.read_to_end(self._topic)
        found = [self._entries.get(canonical(key)) for key in keys]
        return [entry.value if entry else None for entry in found]

    async def refresh(self) -> None:
        """Read what is in the topic now, for :meth:`partitions`."""
        await self._log.read_to_end(self._topic)

    async def set(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Each value goes to every spelling of its key that is known."""
        writes = [(key, value) for given, value in entries.items() for key in self._spellings(given)]
        answers = await asyncio.gather(
            *(self._log.send(self._topic, key, value) for key, value in writes), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BarnabasError):
                raise ConnectError(
                    f"Source offsets cannot be written to topic {self._topic}: {answer.message}",
                    code="BRN-2131",
                    remedy="They are written again with the next commit. Check the brokers and the worker's rights.",
                ) from answer
            if isinstance(answer, BaseException):
                raise answer

    def _spellings(self, key: bytes) -> list[bytes]:
        known = self._entries.get(canonical(key))
        return known.keys if known else [key]

    def partitions(self, connector: str) -> list[tuple[dict[str, Any], bytes]]:
        found = []
        for entry in self._entries.values():
            parsed = parse_key(entry.keys[0])
            if entry.value is not None and parsed is not None and parsed[0] == connector:
                found.append((parsed[1], entry.value))
        return found
