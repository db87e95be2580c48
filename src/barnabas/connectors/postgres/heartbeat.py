"""Heartbeats: records that say that a connector is alive, at an interval. Positions advance without them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from barnabas import SourceBatch
from barnabas.connectors.postgres.events import HEARTBEAT_KEY, HEARTBEAT_VALUE

if TYPE_CHECKING:
    from barnabas import Config
    from barnabas.connectors.postgres.batch import Context
    from barnabas.connectors.postgres.connection import Server
    from barnabas.connectors.postgres.session import Session

__all__ = ["Heartbeats"]


class Heartbeats:
    """Says when one is due."""

    def __init__(self, config: Config, server: Server) -> None:
        self._interval: float = config["heartbeat.interval.ms"] / 1000
        self._topic = f"{config['heartbeat.topics.prefix']}.{config['topic.prefix']}"
        self._query: str | None = config["heartbeat.action.query"]
        self._name: str = config["topic.prefix"]
        self._server = server
        self._next = time.monotonic() + self._interval

    def due(self, context: Context, session: Session) -> SourceBatch | None:
        """The heartbeat, where it is time for one; with the position that was reached.

        Raises:
            ConnectError: The action query failed.
        """
        if not self._interval or not session.streaming or time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + self._interval
        if self._query:
            connection = self._server.connect()
            try:
                with self._server.explained("run heartbeat.action.query"):
                    connection.execute(self._query)
            finally:
                connection.close()
        place = session.place
        assert place is not None, "it streams"
        return SourceBatch(
            self._topic,
            [{"ts_ms": time.time_ns() // 1_000_000}],
            keys=[{"serverName": self._name}],
            key_schema=HEARTBEAT_KEY,
            value_schema=HEARTBEAT_VALUE,
            source_partition=context.partition,
            source_offset=place.offset(),
        )
