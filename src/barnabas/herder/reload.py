"""``config.action.reload``: when the values of a connector are asked for again (KIP-297)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

__all__ = ["ReloadTimer", "reloads"]

_SOONEST = 0.1
"""Seconds: a provider whose values hold for no time at all must not keep the worker busy."""


def reloads(props: Mapping[str, str | None]) -> bool:
    """Whether a connector wants to be restarted when its values have changed; it does unless it says ``none``."""
    return (props.get("config.action.reload") or "restart").strip().lower() != "none"


class ReloadTimer:
    """One connector's: at most one wait is under way.

    Args:
        due: Called, on the event loop, when the time has come.
    """

    def __init__(self, due: Callable[[], None]) -> None:
        self._due = due
        self._handle: asyncio.TimerHandle | None = None
        self._seconds: float | None = None

    def start(self, seconds: float | None) -> None:
        """Wait so long, and no longer for what was waited for before; ``None``: wait for nothing."""
        self.cancel()
        self._seconds = seconds
        if seconds is not None:
            self._handle = asyncio.get_running_loop().call_later(max(seconds, _SOONEST), self._due)

    def again(self) -> None:
        """Wait once more as long as the last time."""
        self.start(self._seconds)

    def cancel(self) -> None:
        """Wait no longer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
