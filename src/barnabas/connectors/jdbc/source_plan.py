"""What is asked of a table or query: its columns, the schema of its rows, and the SELECT for the next of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from barnabas import ConfigError, Schema
from barnabas.connectors.jdbc.dialects.base import Column, Dialect, TableId
from barnabas.connectors.jdbc.source_offset import Position
from barnabas.connectors.jdbc.source_settings import SourceSettings
from barnabas.schema import Type

__all__ = ["Ceiling", "Plan"]

_TIME, _NUMBER = "barnabas_time", "barnabas_number"
_MICROSECONDS = 6
_COARSE = timedelta(seconds=1)


class Ceiling(NamedTuple):
    """How far reading may go: everything up to here is known to be there.

    Attributes:
        before: Times have to be before this; ``None``: times don't decide.
        up_to: Numbers have to be at most this; ``None``: numbers alone don't decide.
    """

    before: datetime | None = None
    up_to: int | None = None


class Plan:
    """One table or query with the columns it has now.

    Args:
        dialect: Writes the SQL.
        settings: The connector's.
        table: Which; ``None``: the query.
        columns: What it has.

    Raises:
        ConfigError: The columns that the mode needs are not there, or are not of a kind that can tell new from old.
    """

    def __init__(
        self, dialect: Dialect, settings: SourceSettings, table: TableId | None, columns: Sequence[Column]
    ) -> None:
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in columns)
        self._dialect = dialect
        self._settings = settings
        self._what = table.plain if table else "The query"
        fields = [(column.name, dialect.field_schema(column, settings.mapping)) for column in columns]
        self.schema = _struct(fields, table.name if table else None, self._what)
        self._relation = (
            dialect.identifier(table) if table else f"({settings.query}) AS {dialect.quote('barnabas_query')}"
        )
        self._times = self._time_columns(table) if settings.times else []
        self._number = self._number_column(table) if settings.counts else None

    # -- which columns decide ----------------------------------------------------------------------------------------

    def _time_columns(self, table: TableId | None) -> list[Column]:
        key = "timestamp.column.name"
        found = [self._find(name, key) for name in self._settings.timestamps_for(table)]
        for column in found:
            if not self._dialect.is_moment(column):
                raise self._refuse(
                    f"{column.name} is a {column.type}, no date with a time", key, "Name another column."
                )
        if not found:
            raise self._refuse("no timestamp column is named for it", key, "Name one, or leave the table out.")
        if self._settings.non_null and table is not None and all(column.nullable for column in found):
            raise self._nullable(found[0], key, table)
        return found

    def _number_column(self, table: TableId | None) -> Column:
        key = "incrementing.column.name"
        name = self._settings.incrementing_for(table)
        if name:
            found = self._find(name, key)
        else:
            numbered = [column for column in self.columns if column.numbered]
            if len(numbered) != 1:
                raise self._refuse(f"it has {len(numbered)} columns that the database numbers", key, "Name the column.")
            found = numbered[0]
        if not self._dialect.is_number(found):
            raise self._refuse(f"{found.name} is a {found.type}, no whole number", key, "Name another column.")
        if self._settings.non_null and table is not None and found.nullable:
            raise self._nullable(found, key, table)
        return found

    def _find(self, name: str, key: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        folded = [column for column in self.columns if column.name.lower() == name.lower()]
        if len(folded) == 1:
            return folded[0]
        raise self._refuse(f"it has no column {name}", key, f"Its columns are {', '.join(self.names) or 'none'}.")

    def _nullable(self, column: Column, key: str, table: TableId) -> ConfigError:
        sql = self._dialect.not_null(table, column)
        return self._refuse(
            f"{column.name} may be NULL, and such rows would never be read",
            key,
            f"{sql}; or set validate.non.null=false to go without them.",
        )

    def _refuse(self, what: str, key: str, remedy: str) -> ConfigError:
        return ConfigError(f"{self._what}: {what}.", code="BRN-6161", key=key, remedy=remedy)

    # -- SQL ---------------------------------------------------------------------------------------------------------

    @property
    def everything(self) -> str:
        """The query without conditions: what locks and privileges it needs is seen from this."""
        return f"SELECT * FROM {self._relation}"  # noqa: S608  identifiers are quoted, the query is the user's own

    def newest(self, after: Position) -> str:
        """The SELECT for the highest number beyond a position; NULL: there is none."""
        where = _where(self._after(after))
        return f"SELECT max({self._number_name()}) FROM {self._relation}{where}"  # noqa: S608

    def select(self, after: Position, ceiling: Ceiling, late: str | None = None) -> str:
        """The SELECT for the rows beyond a position, in order; ``{columns}`` stands for the fields.

        Behind the fields come the time and the number of the row, where these decide.

        Args:
            after: The position.
            ceiling: How far to read.
            late: A condition for rows to read also when they are not beyond it, within ``timestamp.lookback.ms``.
        """
        hidden = []
        if self._times:
            hidden.append((self._moment(), _TIME))
        if self._number is not None:
            hidden.append((self._number_name(), _NUMBER))
        more = "".join(f", {sql} AS {self._dialect.quote(name)}" for sql, name in hidden)
        beyond = self._after(after)
        if late is not None and self._times and after.time is not None:
            since = after.time - timedelta(milliseconds=self._settings.lookback_ms)
            new = " AND ".join(beyond)
            beyond = [f"{self._time_name()} >= {self._literal(since)}", f"(({new}) OR {late})"]
        where = _where([*beyond, *self._below(ceiling)])
        by = [self._time_name()] if self._times else []
        by += [self._number_name()] if self._number is not None else []
        order = f" ORDER BY {', '.join(by)}" if by else ""
        suffix = f" {self._settings.suffix}" if self._settings.suffix else ""
        return f"SELECT {{columns}}{more} FROM {self._relation}{where}{order}{suffix}"  # noqa: S608

    def position(self, row: tuple[Any, ...]) -> Position:
        """Where a row of :meth:`select` is."""
        size = len(self.columns)
        time = row[size] if self._times else None
        number = row[-1] if self._number is not None else None
        return Position(time if isinstance(time, datetime) else None, None if number is None else int(number))

    @property
    def margin(self) -> timedelta:
        """How far a time may be stored before the moment that it was taken: columns without microseconds round."""
        coarse = any((column.precision or 0) < _MICROSECONDS for column in self._times)
        return _COARSE if coarse else timedelta()

    def _after(self, after: Position) -> list[str]:
        number = None if self._number is None or after.number is None else f"{self._number_name()} > {after.number}"
        if not self._times:
            return [] if number is None else [number]
        if after.time is None:
            return []
        time, last = self._time_name(), self._literal(after.time)
        if self._number is None:
            return [f"{time} > {last}"]
        return [f"{time} >= {last}", *([] if number is None else [f"({time} > {last} OR {number})"])]

    def _below(self, ceiling: Ceiling) -> list[str]:
        conditions = []
        if self._times and ceiling.before is not None:
            conditions.append(f"{self._time_name()} < {self._literal(ceiling.before)}")
        if self._number is not None and ceiling.up_to is not None:
            conditions.append(f"{self._number_name()} <= {ceiling.up_to}")
        return conditions

    def _number_name(self) -> str:
        assert self._number is not None
        return self._dialect.quote(self._number.name)

    def _mixed(self) -> bool:
        return len({column.type for column in self._times}) > 1

    def _time_name(self) -> str:
        """What rows are ordered by and compared with: the column itself where it is one, for the sake of its index."""
        if len(self._times) == 1:
            return self._dialect.quote(self._times[0].name)
        zone = self._settings.mapping.timezone
        parts = [
            self._dialect.moment(column, zone) if self._mixed() else self._dialect.quote(column.name)
            for column in self._times
        ]
        return f"COALESCE({', '.join(parts)})"

    def _moment(self) -> str:
        parts = [self._dialect.moment(column, self._settings.mapping.timezone) for column in self._times]
        return parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"

    def _literal(self, at: datetime) -> str:
        column = None if self._mixed() else self._times[0]
        return self._dialect.moment_literal(at, column, self._settings.mapping.timezone)


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _struct(fields: list[tuple[str, Schema]], name: str | None, what: str) -> Schema:
    names = [field for field, _ in fields]
    twice = next((field for field in names if names.count(field) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"{what}: two columns are called {twice}.",
            code="BRN-6161",
            key="query",
            remedy="Give one another name: AS.",
        )
    return Schema(Type.STRUCT, fields=dict(fields), name=name)
