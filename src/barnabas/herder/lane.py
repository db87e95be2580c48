"""One connector's operations, one at a time, in the order they were asked for; each connector has a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Lane", "SupersededError"]

_T = TypeVar("_T")


class SupersededError(Exception):
    """This operation was waiting for plugin code when the user asked for something else."""


class Lane:
    """A queue of operations on one connector, made of a fair lock.

    A connector whose ``start`` does not return must not keep the user from deleting or fixing it: an operation that
    supersedes earlier ones gives the call under way ``patience`` seconds, and then has it cut short. The operation that
    was cut ends with :class:`SupersededError`; whatever it began is undone by the one that comes next, which always
    starts by stopping.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = asyncio.Lock()
        self._call: asyncio.Future[Any] | None = None
        self._queued = 0

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return self._queued == 0

    async def run(self, operation: Callable[[], Coroutine[Any, Any, _T]], *, supersedes: bool) -> _T:
        """Run an operation when its turn comes."""
        self._queued += 1
        try:
            await self._enter(supersedes=supersedes)
            try:
                return await operation()
            finally:
                self._lock.release()
        finally:
            self._queued -= 1

    async def _enter(self, *, supersedes: bool) -> None:
        push = asyncio.create_task(self._push()) if supersedes and self._lock.locked() else None
        try:
            await self._lock.acquire()
        finally:
            if push is not None:
                push.cancel()

    async def _push(self) -> None:
        """Cut calls short, of every operation that is still before ours."""
        while True:
            await asyncio.sleep(self._patience)
            if self._call is not None:
                self._call.cancel()

    async def call(self, waiting: Awaitable[_T]) -> _T:
        """Wait for plugin code, inside an operation; may be cut short.

        Raises:
            SupersededError: It was.
        """
        call = asyncio.ensure_future(waiting)
        self._call = call
        try:
            return await call
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if call.cancelled() and this is not None and not this.cancelling():
                raise SupersededError from None
            raise
        finally:
            self._call = None
