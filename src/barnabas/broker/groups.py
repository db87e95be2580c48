"""The group coordinator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.broker.offsets import OffsetStore

if TYPE_CHECKING:
    from pathlib import Path

    from barnabas.broker.settings import BrokerSettings
    from barnabas.broker.topics import TopicRegistry

__all__ = ["GroupCoordinator"]


class GroupCoordinator:
    """All groups."""

    def __init__(self, data_dir: Path, settings: BrokerSettings, topics: TopicRegistry) -> None:
        self._settings = settings
        self._topics = topics
        self.offsets = OffsetStore(data_dir / "offsets.journal", sync=settings.fsync_each_append)

    def stop(self) -> None:
        """Stop."""

    def close(self) -> None:
        """Bring the journals to the disk and close them."""
        self.offsets.close()
