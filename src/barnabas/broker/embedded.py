"""A broker on a thread of its own, for tests and for ``barnabas dev``."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

from barnabas.broker.faults import Faults
from barnabas.broker.server import Broker

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from barnabas.broker.settings import BrokerSettings

__all__ = ["EmbeddedBroker"]

_START_LIMIT_S = 60.0


class EmbeddedBroker:
    """Runs a ``Broker`` on a background thread; usable from code without an event loop.

    It runs from construction until ``stop``. Start another one with the same ``data_dir`` and ``port`` to restart it.

    Args:
        data_dir: The broker's folder.
        host: The address to listen on.
        port: The port; 0 for any that is free.
        settings: Broker-wide settings.
        faults: What to do wrong.

    Raises:
        ConfigError: As ``Broker.start``.
    """

    def __init__(
        self,
        data_dir: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        settings: BrokerSettings | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self.broker = Broker(data_dir, host, port, settings=settings, faults=self.faults)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-broker", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_LIMIT_S):
            raise TimeoutError(f"the broker did not start within {_START_LIMIT_S:.0f} s")
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    @property
    def bootstrap(self) -> str:
        """What clients take as ``bootstrap.servers``."""
        return self.broker.bootstrap

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.broker.port

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await self.broker.start()
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await self.broker.stop()

    def housekeep(self) -> None:
        """Do retention, compaction and expiry now, and wait for it."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self.broker.housekeep(), self._loop).result()

    def stop(self) -> None:
        """Stop the broker and wait until its files are closed. May be called twice.

        Raises what the broker itself could not cope with, such as an ``OSError`` of the final flush.
        """
        if not self._thread.is_alive():
            return
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._raise_failure()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
