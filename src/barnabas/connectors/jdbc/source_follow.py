"""Follows one table or query: when to look, how far it may be read, and batches of what is new."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple

from barnabas import SourceBatch
from barnabas.connectors.jdbc.dialects.base import Dialect, Reader, TableId
from barnabas.connectors.jdbc.source_offset import Position
from barnabas.connectors.jdbc.source_plan import Ceiling, Plan
from barnabas.connectors.jdbc.source_settings import SourceSettings

__all__ = ["Follower"]

_log = logging.getLogger(__name__)

_SHORTEST_NAP, _LONGEST_NAP = 0.02, 1.0
_TELL_AFTER, _TELL_EVERY = 10.0, 60.0
_BEGINNING = timedelta(milliseconds=50)
"""A transaction shows up a moment after the time that it calls its beginning: rows younger than this wait."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Pending(NamedTuple):
    """A ceiling that cannot be used yet, because transactions were open when it was taken."""

    ceiling: Ceiling
    open: dict[str, str]
    since: float


class Follower:
    """One table, or the query, on the task's connection, which it needs for itself while :attr:`reading`.

    Args:
        dialect: Speaks to the database.
        settings: The connector's.
        table: Which; ``None``: the query.
        position: Where to go on.
        partition: The source partition.
    """

    def __init__(
        self,
        dialect: Dialect,
        settings: SourceSettings,
        table: TableId | None,
        position: Position,
        partition: Mapping[str, Any],
    ) -> None:
        self.what = table.plain if table else "the query"
        self.due = time.monotonic()
        self._dialect = dialect
        self._settings = settings
        self._table = table
        self._topic = settings.prefix + table.name if table else settings.prefix
        self._position = position
        self._partition = partition
        self._plan: Plan | None = None
        self._reader: Reader | None = None
        self._ahead: list[tuple[Any, ...]] = []
        self._looks_back = False
        self._started = position
        self._snapshot: str | None = None
        self._pending: _Pending | None = None
        self._nap = _SHORTEST_NAP
        self._told = -_TELL_EVERY

    @property
    def reading(self) -> bool:
        """Whether a query is under way, so that the connection is taken."""
        return self._reader is not None

    def reset(self) -> None:
        """The connection is gone: start again from what was handed over last, with the next one."""
        self._reader = self._pending = None
        self._ahead = []

    def close(self) -> None:
        """End the query that is under way."""
        if self._reader is not None:
            self._reader.close()
        self.reset()

    def advance(self, connection: Any) -> SourceBatch | None:
        """The next rows; ``None``: none now, and :attr:`due` says when to ask again.

        Raises:
            ConfigError: The table lacks what the mode needs.
            ConnectError: The database refuses; RetriableError where that may heal.
        """
        if self._reader is None:
            self._reader = self._start(connection)
        if self._reader is None or self._plan is None:
            return None
        size = self._settings.batch
        rows = [*self._ahead, *self._reader.rows(size + 1 - len(self._ahead))]
        self._ahead = rows[size:]
        batch = self._batch(self._plan, rows[:size]) if rows else None
        if not self._ahead:
            self._reader.close()
            self._reader = None
            self.due = time.monotonic() + max(self._settings.poll, _SHORTEST_NAP)
            self._position = self._position._replace(snapshot=self._snapshot)
        return batch

    # -- starting a query --------------------------------------------------------------------------------------------

    def _start(self, connection: Any) -> Reader | None:
        plan = self._plan = self._planned(connection)
        if plan is None:
            return None
        ceiling = Ceiling() if self._settings.mode == "bulk" else self._ceiling(connection, plan)
        if ceiling is None:
            return None
        before, now = self._position.snapshot, self._dialect.begin(connection, self._settings.isolation)
        late = self._dialect.unseen(before, now) if self._looks_back and before is not None else None
        self._started, self._snapshot = self._position, now if self._looks_back else None
        with self._dialect.explained(f"read {self.what}"):
            return self._dialect.read(
                connection, plan.select(self._position, ceiling, late), plan.columns, self._settings.mapping
            )

    def _planned(self, connection: Any) -> Plan | None:
        """The plan of last time, unless the columns have changed; ``None``: there is no such table any more."""
        if self._table is None:
            columns = self._dialect.query_columns(connection, self._settings.query)
        else:
            columns = self._dialect.columns(connection, self._table)
            if not columns:
                self._miss()
                return None
        if self._plan is None or self._plan.columns != tuple(columns):
            self._looks_back = (
                self._settings.looks_back
                and self._table is not None
                and self._dialect.knows_writers(connection, self._table)
            )
            return Plan(self._dialect, self._settings, self._table, columns)
        return self._plan

    def _miss(self) -> None:
        """The connector will notice and divide its tables anew; the task's other tables go on meanwhile."""
        now = time.monotonic()
        self.due = now + max(self._settings.poll, _LONGEST_NAP)
        if now - self._told > _TELL_EVERY:
            self._told = now
            _log.warning("There is no table %s any more.", self.what)

    def _ceiling(self, connection: Any, plan: Plan) -> Ceiling | None:
        """How far may be read now; ``None``: nothing new, or transactions have to end first."""
        if self._pending is None:
            self._pending = self._take(connection, plan)
        elif self._pending.open:
            left = self._dialect.still_open(connection, list(self._pending.open))
            known = self._pending.open
            self._pending = self._pending._replace(open={name: known.get(name, "prepared") for name in left})
        if self._pending is None:
            self.due = time.monotonic() + max(self._settings.poll, _SHORTEST_NAP)
            return None
        if self._pending.open:
            self._wait(self._pending)
            return None
        ceiling, self._pending, self._nap = self._pending.ceiling, None, _SHORTEST_NAP
        return ceiling

    def _take(self, connection: Any, plan: Plan) -> _Pending | None:
        """A new ceiling, with whom it has to wait for; ``None``: there is nothing beyond what was read."""
        highest = None
        if not self._settings.times and self._settings.guard != "none":
            with self._dialect.explained(f"read {self.what}"):
                (highest,) = connection.execute(plan.newest(self._position)).fetchone()
            if highest is None:
                return None
        barrier = self._dialect.barrier(connection, plan.everything, self._settings.guard)
        before = None
        if self._settings.times:
            delay = timedelta(milliseconds=self._settings.delay_ms) + plan.margin
            before = barrier.now - delay - (timedelta() if self._settings.guard == "none" else _BEGINNING)
            self._begin(barrier.now)
        ceiling = Ceiling(before, None if highest is None else int(highest))
        return _Pending(ceiling, dict(barrier.open), time.monotonic())

    def _begin(self, now: datetime) -> None:
        """Where ``timestamp.initial`` says, when nothing was read yet."""
        initial = self._settings.initial_ms
        if self._position == Position() and initial is not None:
            start = now if initial < 0 else _EPOCH + timedelta(milliseconds=initial)
            self._position = Position(start, None)

    def _wait(self, pending: _Pending) -> None:
        now = time.monotonic()
        self.due = now + self._nap
        self._nap = min(self._nap * 2, _LONGEST_NAP)
        if now - pending.since > _TELL_AFTER and now - self._told > _TELL_EVERY:
            self._told = now
            _log.warning(
                "New rows of %s wait, since %d s, for open transactions to end: %s. (transaction.guard says which are "
                "waited for.)",
                self.what,
                now - pending.since,
                "; ".join(pending.open.values()),
            )

    # -- rows --------------------------------------------------------------------------------------------------------

    def _batch(self, plan: Plan, rows: Sequence[tuple[Any, ...]]) -> SourceBatch:
        values = [*map(dict, map(zip, repeat(plan.names), rows))]
        if self._settings.mode == "bulk":
            return SourceBatch(self._topic, values, value_schema=plan.schema)
        self._position = self._reached(plan, rows)
        return SourceBatch(
            self._topic,
            values,
            value_schema=plan.schema,
            source_partition=self._partition,
            source_offset=self._position.to_offset() or None,
        )

    def _reached(self, plan: Plan, rows: Sequence[tuple[Any, ...]]) -> Position:
        """Where to go on after these rows.

        With a time alone, not behind one of which there are more rows to come. Late rows, which are first, move
        nothing before all of them were read.
        """
        last = plan.position(rows[-1])
        if not self._settings.counts and self._ahead and plan.position(self._ahead[0]) == last:
            earlier = map(plan.position, reversed(rows))
            last = next((position for position in earlier if position != last), self._position)
        if self._settings.times and not last.beyond(self._started):
            last = self._started
            return last if self._ahead else last._replace(snapshot=self._snapshot)
        return last._replace(snapshot=self._snapshot)
