"""What a worker is doing: for ``/health``, and for requests that time out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

__all__ = ["Stages"]


class Stages:
    """Remembers the operation that began last; used on the worker's event loop.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rest = ("awaiting startup", clock())
        self._open: dict[int, tuple[str, float]] = {}
        self._last: tuple[str, float, float] | None = None
        self._next = 0

    def enter(self, stage: str) -> None:
        """The worker does this until it does something else."""
        self._rest, self._last = (stage, self._clock()), None

    @contextlib.contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """The worker does this inside."""
        self._next += 1
        number, began = self._next, self._clock()
        self._open[number] = (stage, began)
        try:
            yield
        finally:
            del self._open[number]
            self._last = (stage, began, self._clock())

    def describe(self) -> str:
        """One sentence."""
        if not self._open and self._last is not None:
            stage, began, ended = self._last
            return (
                f"The last operation the worker completed was {stage}, which began at {_iso(began)} and completed at "
                f"{_iso(ended)}."
            )
        stage, began = list(self._open.values())[-1] if self._open else self._rest
        return f"The worker is currently {stage}, which began at {_iso(began)}."


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
