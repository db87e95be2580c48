"""Records into tables of a database: ``JdbcSink``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from barnabas import (
    ConfigDef,
    ConfigValue,
    ConnectError,
    DataError,
    SinkBatch,
    SinkConnector,
    SinkRecord,
    SinkTask,
    Task,
    TopicPartition,
)
from barnabas.connectors.jdbc.sink_checks import check
from barnabas.connectors.jdbc.sink_config import SINK, Flavour
from barnabas.connectors.jdbc.sink_faults import explain, located
from barnabas.connectors.jdbc.sink_offsets import OffsetTable
from barnabas.connectors.jdbc.sink_progress import Progress
from barnabas.connectors.jdbc.sink_session import Session
from barnabas.connectors.jdbc.sink_writer import Writer

__all__ = ["JdbcSinkConnector", "JdbcSinkTask"]

log = logging.getLogger(__name__)


class JdbcSinkTask(SinkTask):
    """Writes by COPY; what was put is in the database before its offsets are committed.

    Delivery: at least once, and with a key and ``insert.mode=upsert`` repeating changes nothing. With
    ``exactly.once.table`` the offsets are part of the same transactions, and every record is written once.
    """

    FLAVOUR: ClassVar[Flavour] = SINK

    def __init__(self) -> None:
        self._writer: Writer | None = None
        self._progress: Progress | None = None

    def start(self, props: Mapping[str, str]) -> None:
        """Connect, so that what is wrong with that is seen at once.

        Raises:
            ConnectError: The database cannot be reached, or refuses.
        """
        super().start(props)
        config = self.FLAVOUR.definition.parse(props)
        settings = self.FLAVOUR.settings(config)
        self._settings = settings
        connector = self.FLAVOUR.connector(config, f"barnabas {settings.connector}".strip())
        self._connector = connector
        connection = connector.connect()
        session = self._session(connection)
        self._writer = Writer(settings, self._reconnect, self._bad, self.context.timeout, session)
        if settings.offsets_table:
            table = OffsetTable(connector.dialect, settings.offsets_table, settings.connector)
            with connector.dialect.explained(f"create {settings.offsets_table}", user=connector.user or ""):
                connection.execute(table.ddl)
            self._progress = self._writer.progress = Progress(table, self.context)

    def _reconnect(self) -> Session:
        return self._session(self._connector.connect_once())

    def _session(self, connection: Any) -> Session:
        return Session(connection, self._connector.dialect, self._settings, self._connector.user or "")

    @property
    def _started(self) -> Writer:
        if self._writer is None:
            raise ConnectError("The task was not started.", code="BRN-6196")
        return self._writer

    def open(self, partitions: Collection[TopicPartition]) -> None:
        """With offsets in the database: go on where they say.

        Raises:
            ConnectError: They cannot be read.
        """
        if self._progress is not None:
            writer = self._started
            writer.flush()
            self._progress.open(writer.session.connection, partitions)

    def put(self, batch: SinkBatch) -> None:
        """Take records; they are written soon, by one of the next calls at the latest.

        Raises:
            RetriableError: Records taken earlier wait for the database; these were not taken.
            ConnectError: Records taken earlier, or these, cannot be written.
        """
        self._started.take(batch)

    def flush(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Return when everything taken is committed in the database.

        Raises:
            RetriableError: It is not.
            ConnectError: It cannot be.
        """
        del offsets
        self._started.flush()

    def close(self, partitions: Collection[TopicPartition]) -> None:
        """What of these partitions is not written by now is the next owner's."""
        if self._writer is not None:
            self._writer.leave(partitions)
        if self._progress is not None:
            self._progress.close(partitions)

    def stop(self) -> None:
        """Close the connection; whatever is under way is given up, and comes again."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _bad(self, record: SinkRecord, error: ConnectError) -> None:
        """A record that cannot be written: reported where that is configured, else it fails the task."""
        named = located(error, record)
        if self._settings.discreet:
            named = DataError(f"{named.message.partition(': ')[0]}: its values do not fit the table.", code=named.code)
        reporter = self.context.errant_record_reporter
        if reporter is None:
            raise named from error
        reporter.report(record, named)


class JdbcSinkConnector(SinkConnector):
    """Any number of tasks, each with a connection of its own."""

    FLAVOUR: ClassVar[Flavour] = SINK
    CONFIG: ClassVar[ConfigDef] = SINK.definition
    TASK: ClassVar[type[Task] | None] = JdbcSinkTask

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """The definition's checks, those across keys, and those that need the database."""
        return check(self.FLAVOUR, props)

    def alter_offsets(self, props: Mapping[str, str], offsets: Mapping[TopicPartition, int | None]) -> bool:
        """Rows that were written stay; offsets kept in the database are altered there (KIP-875).

        Raises:
            ConnectError: The database cannot be reached, or refuses.
        """
        config = self.config().parse(props)
        settings = self.FLAVOUR.settings(config)
        if settings.offsets_table:
            connector = self.FLAVOUR.connector(config, "barnabas: offsets")
            table = OffsetTable(connector.dialect, settings.offsets_table, settings.connector)
            with connector.connect() as connection:
                try:
                    connection.execute(table.ddl)
                    table.write(connection, offsets)
                except Exception as error:
                    raise explain(error, connector.user or "") from error
        return True
