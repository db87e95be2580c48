"""One connection at work: records into scripts, and the search for a bad record among them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from barnabas import ConnectError, DataError, RetriableError, SinkBatch, SinkRecord
from barnabas.connectors.jdbc.dialects.base import Dialect
from barnabas.connectors.jdbc.sink_faults import explain, is_stale
from barnabas.connectors.jdbc.sink_settings import SinkSettings
from barnabas.connectors.jdbc.sink_steps import Step, Steps
from barnabas.connectors.jdbc.sink_tables import Bound, Tables
from barnabas.connectors.jdbc.sink_wire import Script, Wire
from barnabas.connectors.postgres.driver import load

__all__ = ["Session"]

log = logging.getLogger(__name__)

_SAVEPOINT = "barnabas"


class Session:
    """Writes batches, each in one transaction.

    Args:
        connection: Idle, in autocommit mode; this object's from now on.
        dialect: The database's.
        settings: The connector's.
        user: Whose connection it is, for messages.
    """

    def __init__(self, connection: Any, dialect: Dialect, settings: SinkSettings, user: str = "") -> None:
        self.connection = connection
        self._dialect = dialect
        self._steps = Steps(settings)
        self._tables = Tables(dialect, settings)
        self._wire = Wire(connection)
        self._user = user
        self._errors: tuple[type[Exception], ...] = (load().Error, OSError)
        self._proven = False  # what is known of the tables was right once

    @property
    def busy(self) -> bool:
        """Whether something was sent whose outcome was not asked for."""
        return self._wire.running

    def ready(self) -> bool:
        """Whether :meth:`finish` would not have to wait."""
        try:
            return self._wire.ready()
        except self._errors:
            return True  # it has something to say

    def send(self, batches: Sequence[SinkBatch], last: str = "") -> None:
        """Send records, as one transaction; what the server says is raised by :meth:`finish`.

        Args:
            batches: The records, in order.
            last: A statement to be run last.

        Raises:
            DataError: One of the records cannot be written; nothing was sent.
            RetriableError: The connection is lost.
            ConnectError: No record of the kind can be written.
        """
        try:
            self._wire.send(self._script(self._steps.of(batches), last))
        except self._errors as error:
            raise self._explained(error) from error

    def finish(self) -> None:
        """Wait until the transaction has ended.

        Raises:
            DataError: A record is at fault; nothing was written.
            RetriableError: Nothing was written, or nobody knows: the connection is lost.
            ConnectError: Nothing was written.
        """
        try:
            self._wire.finish()
        except self._errors as error:
            explained = self._explained(error)
            if self._proven and is_stale(error):
                self._proven = False
                self._tables.forget()
                raise RetriableError(explained.message, code="BRN-6193", remedy=explained.remedy) from error
            raise explained from error
        self._proven = True

    def _explained(self, error: Exception) -> ConnectError:
        return explain(error, self._user)

    # ---------------------------------------------------------------------------------------------------- composition
    def _script(self, steps: Sequence[Step], last: str, *, reused: bool = False) -> Script:
        statements: list[str] = []
        payloads: list[bytes] = []
        staged: set[str] = set()
        for step in steps:
            if step.kind == "truncate":
                statements.append(f"TRUNCATE {self._dialect.identifier(self._dialect.parse_table(step.table))}")
                continue
            bound = self._tables.bind(self.connection, step)
            if bound is None:
                continue
            payloads.append(bound.loader.payload(step.columns))
            if step.kind == "insert":
                statements.append(self._copy(self._dialect.identifier(bound.table), bound))
                continue
            self._stage(bound)
            if reused or bound.stage in staged:
                statements.append(f"TRUNCATE {bound.stage}")
            staged.add(bound.stage)
            statements += (self._copy(bound.stage, bound), self._write(step, bound))
        if last:
            statements.append(last)
        return Script("; ".join(statements), payloads)

    def _copy(self, into: str, bound: Bound) -> str:
        return f"COPY {into} ({self._dialect.column_list(bound.names)}) FROM STDIN{bound.loader.options}"

    def _write(self, step: Step, bound: Bound) -> str:
        dialect = self._dialect
        if step.kind == "upsert":
            return dialect.upsert_from(bound.table, bound.stage, bound.names, bound.keys)
        if step.kind == "update":
            return dialect.update_from(bound.table, bound.stage, bound.names, bound.keys)
        return dialect.delete_from(bound.table, bound.stage, bound.keys)

    def _stage(self, bound: Bound) -> None:
        """The staging table, empty at the start of each transaction; its columns are those of the real one."""
        if bound.staged:
            return
        names = self._dialect.column_list(bound.names)
        table = self._dialect.identifier(bound.table)
        self.connection.execute(f"DROP TABLE IF EXISTS {bound.stage}")
        rows = f"SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608  identifiers, quoted as configured
        name = bound.stage.removeprefix("pg_temp.")
        self.connection.execute(f"CREATE TEMP TABLE {name} ON COMMIT DELETE ROWS AS {rows}")
        bound.staged = True

    # ------------------------------------------------------------------------------------------------- one by one
    def sift(
        self, batches: Sequence[SinkBatch], bad: Callable[[SinkRecord, ConnectError], None], last: str = ""
    ) -> None:
        """Write what can be written, in one transaction, and report the rest record by record.

        Args:
            batches: The records, in order.
            bad: Called for each record that cannot be written, before the transaction ends; what it raises ends it.
            last: A statement to be run last.

        Raises:
            RetriableError: Nothing was written, or nobody knows: the connection is lost.
            ConnectError: Nothing was written.
        """
        try:
            self._run("BEGIN")
            for batch in batches:
                self._part(batch, bad)
            if last:
                self._run(last)
            self._run("COMMIT")
        except BaseException:
            self._tables.forget()
            if not self.connection.closed:
                self._undo()
            raise

    def _undo(self) -> None:
        """End the transaction; the error that led here is the one to tell."""
        try:
            self._run("ROLLBACK")
        except ConnectError as error:
            log.debug("The transaction was not rolled back, but ends with the connection: %s", error)
            self._wire.close()

    def _part(self, batch: SinkBatch, bad: Callable[[SinkRecord, ConnectError], None]) -> None:
        if not len(batch):
            return
        self._run(f"SAVEPOINT {_SAVEPOINT}")
        try:
            try:
                self._wire.send(self._script(self._steps.of([batch]), "", reused=True))
                self._wire.finish()
            except self._errors as error:
                raise self._explained(error) from error
        except DataError as error:
            self._run(f"ROLLBACK TO {_SAVEPOINT}; RELEASE {_SAVEPOINT}")
            self._tables.forget()
            if len(batch) == 1:
                bad(batch[0], error)
                return
            half = len(batch) // 2
            self._part(batch[:half], bad)
            self._part(batch[half:], bad)
        else:
            self._run(f"RELEASE {_SAVEPOINT}")

    def _run(self, sql: str) -> None:
        try:
            self._wire.send(Script(sql, ()))
            self._wire.finish()
        except self._errors as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Give up what is under way, and the connection."""
        self._wire.close()
