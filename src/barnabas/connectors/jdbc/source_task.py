"""The task of the JDBC source: some tables, or one query, on one connection."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from barnabas import BarnabasError, ConnectError, RetriableError, SourceBatch, SourceTask
from barnabas.connectors.jdbc.connection import Connector
from barnabas.connectors.jdbc.source_config import SOURCE, TABLES
from barnabas.connectors.jdbc.source_follow import Follower
from barnabas.connectors.jdbc.source_offset import QUERY_PARTITION, Position, partitions_of
from barnabas.connectors.jdbc.source_settings import SourceSettings
from barnabas.connectors.jdbc.source_tables import from_text

__all__ = ["JdbcSourceTask"]

_log = logging.getLogger(__name__)

_WAIT_SECONDS = 1.0
_BUSY_WAIT_SECONDS = 0.1
_BUSY_SECONDS = 5.0
"""After rows were handed over, calls are short for so long: between them their offsets are stored."""


class JdbcSourceTask(SourceTask):
    """Reads table after table, whichever has waited longest; one query is read to its end before the next begins."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._failures = 0
        self._not_before = 0.0
        self._handed_over = -_BUSY_SECONDS
        self._followers: list[Follower] = []

    def start(self, props: Mapping[str, str]) -> None:
        """Look up where to go on; the connection is made by the first poll.

        Raises:
            ConfigError: The configuration is wrong.
            ConnectError: A stored offset is none of this connector's.
        """
        super().start(props)
        config = SOURCE.parse(props)
        self._settings = SourceSettings.of(config)
        self._connector = Connector.of(config, f"barnabas {props.get('name', '')}".strip())
        self._followers = self._make_followers(props.get(TABLES, ""))

    def _make_followers(self, tables: str) -> list[Follower]:
        dialect, settings = self._connector.dialect, self._settings
        reader = self.context.offset_storage_reader
        if settings.query:
            position = Position.of(reader.offset(QUERY_PARTITION))
            return [Follower(dialect, settings, None, position, QUERY_PARTITION)]
        followers = []
        for table in from_text(tables, dialect):
            names = partitions_of(table)
            stored = list(zip(names, reader.offsets(names), strict=True))
            # Whatever name the JVM's connector used for the partition is kept, so that it can take over again.
            partition, offset = next((pair for pair in stored if pair[1]), stored[0])
            followers.append(Follower(dialect, settings, table, Position.of(offset), partition))
        return followers

    def poll(self) -> SourceBatch | None:
        """The next rows of a table that is due; waits up to a second for some.

        Raises:
            ConfigError: A table lacks what the mode needs.
            ConnectError: The database refuses, or could not be reached in ``connection.attempts`` attempts.
        """
        started = time.monotonic()
        busy = started - self._handed_over < _BUSY_SECONDS
        deadline = started + (_BUSY_WAIT_SECONDS if busy else _WAIT_SECONDS)
        while True:
            batch = self._step()
            if batch is not None:
                self._handed_over = time.monotonic()
                return batch
            now = time.monotonic()
            if now >= deadline:
                return None
            due = min((follower.due for follower in self._followers), default=deadline)
            time.sleep(max(0.0, min(max(due, self._not_before), deadline) - now))

    def _step(self) -> SourceBatch | None:
        """What there is without waiting."""
        now = time.monotonic()
        if now < self._not_before:
            return None
        follower = self._next(now)
        if follower is None:
            return None
        try:
            if self._connection is None:
                self._connection = self._connector.connect_once()
            batch = follower.advance(self._connection)
        except BarnabasError as error:
            self._recover(error)
            return None
        self._failures = 0
        return batch

    def _next(self, now: float) -> Follower | None:
        """The one whose query is under way, else the one that is due longest."""
        reading = next((follower for follower in self._followers if follower.reading), None)
        if reading is not None:
            return reading
        due = [follower for follower in self._followers if follower.due <= now]
        return min(due, key=lambda follower: follower.due, default=None)

    def _recover(self, error: BarnabasError) -> None:
        """Try again later, if that may help: from what was handed over last, on a new connection."""
        connected = self._connection is not None
        broken = connected and (self._connection.closed or self._connection.broken)
        self._disconnect()
        if not (isinstance(error, RetriableError) or broken):
            raise error
        self._failures += 1
        limit = self._settings.retries if connected else self._connector.attempts - 1
        if 0 <= limit < self._failures:
            raise ConnectError(error.message, code=error.code, key=error.key, remedy=error.remedy) from error
        _log.warning("Reading is tried again in %g s: %s", self._connector.backoff, error.describe())
        self._not_before = time.monotonic() + self._connector.backoff

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        for follower in self._followers:
            follower.reset()
        if connection is not None:
            connection.close()

    def stop(self) -> None:
        """Close the connection, which ends what runs on it."""
        self._disconnect()
