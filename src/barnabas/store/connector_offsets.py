"""Source offsets of a connector that has a topic of its own for them, with a copy in the worker's store.

The connector's own store counts. The worker's is asked for what the own one does not know, so that a connector which
is given a topic of its own goes on where it was; and it gets a copy of what is written, so that one which gives its
topic up goes on as well.
"""

# ruff: noqa: D102  the contracts are on the interface OffsetStore
from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from barnabas.errors import BarnabasError
from barnabas.store.base import OffsetStore

__all__ = ["ConnectorOffsetStore"]

log = logging.getLogger(__name__)


class ConnectorOffsetStore(OffsetStore):
    """Two stores as one.

    Args:
        connector: Whose offsets these are, for the log.
        own: The connector's store; started and stopped with this one.
        worker: The worker's, which others use too.
    """

    def __init__(self, connector: str, own: OffsetStore, worker: OffsetStore) -> None:
        self._connector = connector
        self._own = own
        self._worker = worker
        self._copying: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self._own.start()

    async def stop(self) -> None:
        if self._copying:
            await asyncio.wait(self._copying)
        await self._own.stop()

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Key by key: what the own store does not have may be in the worker's."""
        copies, found = await asyncio.gather(self._worker.get(keys), self._own.get(keys))
        return [copy if value is None else value for value, copy in zip(found, copies, strict=True)]

    async def set(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Durable in the own store once this returns.

        What is deleted is deleted from the copy first: if that fails nothing is, and no offset comes back from the copy
        that was deleted. A copy that cannot be written costs nothing now, and is complained of in the log.
        """
        deleted = {key: None for key, value in entries.items() if value is None}
        if deleted:
            await self._worker.set(deleted)
        await self._own.set(entries)
        kept = {key: value for key, value in entries.items() if value is not None}
        if kept:
            task = asyncio.create_task(self._copy(kept), name="offsets")
            self._copying.add(task)
            task.add_done_callback(self._copying.discard)

    async def _copy(self, entries: Mapping[bytes, bytes]) -> None:
        try:
            await self._worker.set(entries)
        except BarnabasError as error:
            log.warning(
                "The offsets of %s are stored in its own topic, but not copied to the worker's: %s",
                self._connector,
                error.describe(),
            )

    async def refresh(self) -> None:
        await asyncio.gather(self._worker.refresh(), self._own.refresh())

    def partitions(self, connector: str) -> list[tuple[dict[str, Any], bytes]]:
        """Those of both stores; the own store's value of those that are in both."""
        found = {
            json.dumps(partition, sort_keys=True): (partition, value)
            for store in (self._worker, self._own)
            for partition, value in store.partitions(connector)
        }
        return list(found.values())
