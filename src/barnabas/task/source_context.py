"""What a source task may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from barnabas.connector import OffsetStorageReader, SourceTaskContext

__all__ = ["SourceContext"]


class SourceContext(SourceTaskContext):
    """Given to :meth:`barnabas.SourceTask.initialize`; used on the task's thread.

    Args:
        configs: Gives the task's configuration.
        reader: Reads stored offsets.
    """

    def __init__(self, configs: Callable[[], Mapping[str, str]], reader: OffsetStorageReader) -> None:
        self._configs = configs
        self._reader = reader

    def configs(self) -> Mapping[str, str]:
        """The task's configuration, with the values that placeholders have now."""
        return self._configs()

    @property
    def offset_storage_reader(self) -> OffsetStorageReader:
        """Of this connector."""
        return self._reader
