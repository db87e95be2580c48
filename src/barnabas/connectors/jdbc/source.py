"""The JDBC source: tables or a query of a SQL database into topics."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from barnabas import (
    BarnabasError,
    ConfigDef,
    ConfigError,
    ConfigValue,
    ExactlyOnceSupport,
    SourceConnector,
    Task,
)
from barnabas.connectors.jdbc.connection import Connector
from barnabas.connectors.jdbc.dialects.base import TableId
from barnabas.connectors.jdbc.source_checks import check
from barnabas.connectors.jdbc.source_config import SOURCE, TABLES
from barnabas.connectors.jdbc.source_offset import Position, check_partition
from barnabas.connectors.jdbc.source_settings import SourceSettings
from barnabas.connectors.jdbc.source_tables import divide, known_tables, to_text
from barnabas.connectors.jdbc.source_task import JdbcSourceTask

__all__ = ["JdbcSourceConnector", "JdbcSourceTask"]

_log = logging.getLogger(__name__)


class JdbcSourceConnector(SourceConnector):
    """Divides tables among tasks, and notices new ones; a query is one task."""

    CONFIG: ClassVar[ConfigDef] = SOURCE
    TASK: ClassVar[type[Task] | None] = JdbcSourceTask

    def __init__(self) -> None:
        self._tables: list[TableId] = []
        self._ended = threading.Event()
        self._monitor: threading.Thread | None = None

    def start(self, props: Mapping[str, str]) -> None:
        """List the tables, and go on listing them every ``table.poll.interval.ms``.

        Raises:
            ConfigError: The configuration is wrong.
            ConnectError: The database cannot be reached.
        """
        super().start(props)
        self._config = SOURCE.parse(props)
        settings = SourceSettings.of(self._config)
        self._connector = Connector.of(self._config, f"barnabas {props.get('name', '')}".strip())
        self._query = bool(settings.query)
        if self._query:
            return
        self._tables = self._list(self._connector.connect(self._ended.is_set))
        if not self._tables:
            _log.warning("There is no table yet that the configuration asks for; they are looked for again and again.")
        self._monitor = threading.Thread(target=self._watch, name="tables", daemon=True)
        self._monitor.start()

    def _list(self, connection: Any) -> list[TableId]:
        try:
            return known_tables(self._config, self._connector.dialect, connection)
        finally:
            connection.close()

    def _watch(self) -> None:
        """Runs on a thread of its own until the connector stops."""
        interval = self._config["table.poll.interval.ms"] / 1000
        while not self._ended.wait(interval):
            try:
                tables = self._list(self._connector.connect_once())
            except BarnabasError as error:
                _log.warning("The tables cannot be listed, next attempt in %g s: %s", interval, error.describe())
                continue
            if tables != self._tables:
                _log.info("There are %d tables now instead of %d: dividing them anew.", len(tables), len(self._tables))
                self._tables = tables
                self.context.request_task_reconfiguration()

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """One for the query, else one for each group of tables; none while there is no table."""
        if self._query:
            return [dict(self.props)]
        return [{**self.props, TABLES: to_text(group)} for group in divide(self._tables, max_tasks)]

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._monitor is not None:
            self._monitor.join(timeout=2)

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """Supported where each row has a place of its own: by a number, without looking back at times."""
        try:
            exact = SourceSettings.of(SOURCE.parse(props)).exact
        except ConfigError:  # validation tells about it
            exact = False
        return ExactlyOnceSupport.SUPPORTED if exact else ExactlyOnceSupport.UNSUPPORTED

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Also what keys say together, and whether the database is there, has the tables, and lets them be read."""
        return check(super().validate(props), props)

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Refuse what a task could not use (KIP-875)."""
        del props
        for partition, offset in offsets.items():
            if offset is not None:  # anything may be deleted, so that garbage can be
                check_partition(dict(partition))
                Position.of(offset)
        return True
