"""What a source task may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from barnabas.connector import OffsetStorageReader, SourceTaskContext
from barnabas.supervisor import board

__all__ = ["SourceContext"]


class SourceContext(SourceTaskContext):
    """Given to :meth:`barnabas.SourceTask.initialize`; used on the task's thread.

    Args:
        configs: Gives the task's configuration.
        reader: Reads stored offsets.
        words: The task's numbers on the board.
    """

    def __init__(
        self, configs: Callable[[], Mapping[str, str]], reader: OffsetStorageReader, words: memoryview[int]
    ) -> None:
        self._configs = configs
        self._reader = reader
        self._words = words

    def configs(self) -> Mapping[str, str]:
        """The task's configuration, with the values that placeholders have now."""
        return self._configs()

    @property
    def offset_storage_reader(self) -> OffsetStorageReader:
        """Of this connector."""
        return self._reader

    def report_backlog(self, held_bytes: int, left_bytes: int | None = None) -> None:
        """For the statistics of the task."""
        self._words[board.BACKLOG] = max(0, held_bytes)
        self._words[board.BACKLOG_LEFT] = 0 if left_bytes is None else max(0, left_bytes) + 1
