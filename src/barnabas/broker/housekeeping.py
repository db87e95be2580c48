"""What the broker does from time to time: retention, compaction, expiry."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from barnabas.broker.compaction import compact
from barnabas.broker.log_cleanup import apply_retention, roll_if_old
from barnabas.broker.topics import now_ms

if TYPE_CHECKING:
    from barnabas.broker.groups import GroupCoordinator
    from barnabas.broker.settings import BrokerSettings
    from barnabas.broker.topics import TopicRegistry
    from barnabas.broker.transactions import TransactionCoordinator

__all__ = ["Housekeeping"]

_logger = logging.getLogger(__name__)


class Housekeeping:
    """A task that looks after logs, groups and transactions."""

    def __init__(
        self,
        topics: TopicRegistry,
        groups: GroupCoordinator,
        transactions: TransactionCoordinator,
        settings: BrokerSettings,
    ) -> None:
        self._topics = topics
        self._groups = groups
        self._transactions = transactions
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; must be called in the broker's event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End, after the current round's step."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.housekeeping_interval_s)
            try:
                await self.run_once()
            except Exception:
                _logger.exception("housekeeping failed; it will be tried again")

    async def run_once(self) -> None:
        """One round; compaction reads and writes on a thread."""
        now = now_ms()
        self._transactions.expire(now)
        self._groups.expire()
        logs = [log for topic in self._topics.all() for log in topic.partitions]
        for log in logs:
            if log.closed:
                continue
            log.states.expire(now - self._settings.producer_id_expiration_ms)
            roll_if_old(log, now)
            apply_retention(log, now)
            if log.config.compact:
                await compact(log, now)
