"""What lies between the port and Kafka: a queue with a limit in bytes, filled by one thread and emptied by another."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barnabas import Headers

__all__ = ["Chunk", "Inbox", "Receipt"]

_OVERHEAD = 128
"""What a value costs beside its bytes, about: empty messages must fill the buffer, too."""


class Receipt:
    """The wish to be told when every message of a request is safe; belongs to the loop it was made on.

    Args:
        number: Which it is, in the records' source offsets.
        count: How many messages it covers.
    """

    def __init__(self, number: int, count: int) -> None:
        self.number = number
        self._left = count
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def acknowledge(self) -> bool:
        """One of them is safe; from the task's thread. Says whether it was the last."""
        self._left -= 1
        if self._left:
            return False
        self._loop.call_soon_threadsafe(self._finish)
        return True

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True)
class Chunk:
    """Messages that came together."""

    values: list[Any]
    headers: list[Headers | None] | None
    size: int
    """Bytes on the wire."""
    receipt: Receipt | None = None

    @property
    def cost(self) -> int:
        """What it takes from the limit."""
        return self.size + _OVERHEAD * len(self.values)


class Inbox:
    """Made on any thread; ``offer``, ``reserve``, ``release`` and ``room`` are for the loop, ``take`` for the task.

    Args:
        limit: Bytes. One chunk may go beyond it, so that a message larger than what is left can pass at all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._chunks: deque[Chunk] = deque()
        self._changed = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def used(self) -> int:
        """Bytes that wait now."""
        return self._used

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self._used >= self._limit

    def offer(self, chunk: Chunk, reserved: int = 0) -> None:
        """Put it in, whatever the limit: who offers asked for room before. ``reserved`` bytes are given back."""
        with self._changed:
            self._used += chunk.cost - reserved
            self._chunks.append(chunk)
            self._changed.notify()

    def reserve(self, size: int) -> bool:
        """Take ``size`` bytes for something that is still coming in, if there is room."""
        with self._changed:
            if self._used + size > self._limit and self._used:
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        """Give back what was reserved."""
        with self._changed:
            self._used -= size
            self._wake()

    async def room(self) -> None:
        """Wait until the limit is not reached."""
        while True:
            with self._changed:
                if self._used < self._limit:
                    return
                event = asyncio.Event()
                self._waiting.append((asyncio.get_running_loop(), event))
            await event.wait()

    def _wake(self) -> None:
        if self._used < self._limit:
            waiting, self._waiting = self._waiting, []
            for loop, event in waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    def take(self, count: int, timeout: float) -> list[Chunk]:
        """Chunks of at least ``count`` messages, or what there is; waits up to ``timeout`` seconds for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._chunks, timeout)
            taken: list[Chunk] = []
            while self._chunks and count > 0:
                chunk = self._chunks.popleft()
                self._used -= chunk.cost
                count -= len(chunk.values)
                taken.append(chunk)
            if taken:
                self._wake()
            return taken
