"""Who was in the group and is no more: a worker that was lost stays visible until it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import msgspec

from barnabas.supervisor.api import TaskId

__all__ = ["LostWorker", "Roll"]

_MOST: Final = 100


class LostWorker(msgspec.Struct, frozen=True):
    """A worker that left without giving up its work.

    Args:
        url: As it was advertised.
        since: Seconds since the epoch when its absence was noticed.
    """

    url: str
    since: float


class Roll:
    """The leader's memory of members; a leader that is new has none.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._present: dict[str, frozenset[TaskId]] = {}
        self._lost: dict[str, LostWorker] = {}

    def call(self, members: Mapping[str, Collection[TaskId]], gave_up: Callable[[TaskId], bool]) -> None:
        """The group has these members now.

        Args:
            members: What each, by its URL, is to run.
            gave_up: Whether a piece of work was given up in good order by whoever had it.
        """
        for url, items in self._present.items():
            if url not in members and items and not all(map(gave_up, items)):
                self._lost[url] = LostWorker(url, self._clock())
        for url in members:
            self._lost.pop(url, None)
        while len(self._lost) > _MOST:
            self._lost.pop(next(iter(self._lost)))
        self._present = {url: frozenset(items) for url, items in members.items()}

    def lost(self) -> list[LostWorker]:
        """Those who are missed, the longest first."""
        return list(self._lost.values())
