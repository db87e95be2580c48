"""The providers of ours in the worker: each look-up on a thread of its own, with a deadline.

A file system that does not answer keeps a thread, never the event loop: who waits gives up at the deadline. While a
look-up hangs, those that ask the same wait for it too instead of leaving another thread behind each time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from barnabas.errors import HungError
from barnabas.extension import ConfigData, ConfigProvider

__all__ = ["ProviderHungError", "ThreadedSource"]

Question = tuple[str, tuple[str, ...]]


class ProviderHungError(HungError):
    """A provider of ours did not answer in time."""

    code = "BRN-1085"


class ThreadedSource:
    """One provider of ours.

    Args:
        name: Of the provider, for errors.
        provider: Configured.
        deadline: Seconds that a look-up may take.
    """

    def __init__(self, name: str, provider: ConfigProvider, deadline: float) -> None:
        self._name = name
        self._provider = provider
        self._deadline = deadline
        self._lock = threading.Lock()
        self._under_way: dict[Question, Future[ConfigData]] = {}

    async def get(self, path: str, keys: Iterable[str]) -> ConfigData:
        """See :meth:`barnabas.extension.ConfigProvider.get`.

        Raises:
            ProviderHungError: The deadline passed.
        """
        future = self._ask((path, tuple(sorted(keys))))
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._deadline)
        except TimeoutError:
            raise ProviderHungError(
                f"Configuration provider {self._name} did not read {path or 'its values'} within {self._deadline:g} s.",
                key="connector.call.timeout.ms",
                remedy="Look whether the file system answers; then restart the connector.",
            ) from None

    def _ask(self, question: Question) -> Future[ConfigData]:
        with self._lock:
            future = self._under_way.get(question)
            if future is None:
                future = self._under_way[question] = Future()
                work = threading.Thread(target=self._work, args=(question, future), name=f"provider-{self._name}")
                work.daemon = True  # a thread that hangs must not keep the worker from ending
                work.start()
        return future

    def _work(self, question: Question, future: Future[ConfigData]) -> None:
        path, keys = question
        settle: Callable[[], None]
        try:
            found = self._provider.get(path, keys)
        except Exception as failure:  # noqa: BLE001  raised again where it is awaited
            error = failure
            settle = lambda: future.set_exception(error)  # noqa: E731
        else:
            settle = lambda: future.set_result(found)  # noqa: E731
        with self._lock:
            del self._under_way[question]
        settle()
