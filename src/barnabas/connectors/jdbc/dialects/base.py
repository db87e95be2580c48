"""What the JDBC connectors need to know of a database: the seam behind which each kind of database speaks for itself.

A dialect is made for one URL and one way of quoting, and keeps no connection: connections are its driver's own objects,
opened by :meth:`Dialect.connect` and passed back to it. Errors of the driver come out of :meth:`Dialect.explained` as
ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, NamedTuple

from barnabas import Schema
from barnabas.connectors.jdbc.url import JdbcUrl

__all__ = [
    "Barrier",
    "Column",
    "Dialect",
    "Guard",
    "NumericMapping",
    "Quoting",
    "Reader",
    "TableId",
    "TimestampMapping",
    "TypeMapping",
]

Quoting = Literal["always", "never"]
"""``quote.sql.identifiers``."""

Guard = Literal["none", "writers", "all"]
"""Which open transactions hold rows back: none, those that write to the table, or all of the database."""

NumericMapping = Literal["none", "precision_only", "best_fit", "best_fit_eager_double"]
TimestampMapping = Literal[
    "connect_logical",
    "micros_long",
    "micros_string",
    "micros_iso_datetime_string",
    "nanos_long",
    "nanos_string",
    "nanos_iso_datetime_string",
]


class TypeMapping(NamedTuple):
    """How a user wants columns as fields: ``numeric.mapping``, ``timestamp.granularity``, ``db.timezone``."""

    numeric: NumericMapping = "none"
    timestamp: TimestampMapping = "connect_logical"
    timezone: str = "UTC"


class TableId(NamedTuple):
    """A table or view. Parts that were not said are ``None``."""

    catalog: str | None
    schema: str | None
    name: str

    @property
    def plain(self) -> str:
        """Schema and name with a dot between them and without quotes: what people and include lists call it."""
        return ".".join(part for part in self[1:] if part is not None)

    @property
    def full(self) -> str:
        """Likewise, with the database in front."""
        return ".".join(part for part in self if part is not None)


class Column(NamedTuple):
    """A column of a table or of a query's result.

    Attributes:
        name: As the database has it.
        type: The database's own name of its type, without sizes: ``int4``, ``numeric``. Of an array: its items' type.
        nullable: Whether it may hold NULL; of a query's result always, for nobody knows.
        precision: Decimals: the most digits; ``None``: no limit. Times: digits of the second that are kept.
        scale: Decimals: digits behind the point; ``None``: as many as each value has.
        key: Its place in the primary key from 1; 0: none.
        array: Whether it is an array.
        has_default: Whether the database fills it in when it is left out.
        numbered: Whether it fills it in with the next number.
    """

    name: str
    type: str
    nullable: bool = True
    precision: int | None = None
    scale: int | None = None
    key: int = 0
    array: bool = False
    has_default: bool = False
    numbered: bool = False


class Barrier(NamedTuple):
    """Transactions that were open at some moment, of which nobody knows yet what they will have written.

    Attributes:
        open: The database's own names of those transactions that count, with words about who each is.
        now: That moment by the database's clock.
    """

    open: Mapping[str, str]
    now: datetime


class Reader(ABC):
    """Rows of a running query, in batches; a context manager that ends the query and its transaction."""

    columns: Sequence[Column]

    @abstractmethod
    def rows(self, size: int) -> list[tuple[Any, ...]]:
        """The next rows, at most ``size``; none when there are no more."""

    @abstractmethod
    def close(self) -> None:
        """End the query and its transaction; harmless when that has happened."""


class Dialect(ABC):
    """One kind of database, at one URL.

    Args:
        url: Where.
        quoting: Whether identifiers are put in quotes; without, the database folds their case.
    """

    def __init__(self, url: JdbcUrl, quoting: Quoting = "always") -> None:
        self.url = url
        self.quoting = quoting

    # -- connections -------------------------------------------------------------------------------------------------

    @abstractmethod
    def connect(self, user: str | None, password: str | None, application: str = "barnabas") -> Any:
        """A connection in autocommit mode; one attempt.

        Args:
            user: Who; ``None``: as the URL says.
            password: Their password; ``None``: as the URL says.
            application: How the session is to be shown in the database's views.

        Raises:
            ConnectError: It cannot be had, with what to do; RetriableError where that may heal by itself.
        """

    @abstractmethod
    def explained(self, doing: str, *, user: str = "") -> AbstractContextManager[None]:
        """Turns the driver's errors into ours: ``doing`` is what failed, as it stands after "cannot"."""

    # -- names -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def quote(self, name: str) -> str:
        """One identifier, quoted as configured."""

    @abstractmethod
    def parse_table(self, text: str) -> TableId:
        """A table as people write it: ``orders``, ``shop.orders``, ``"Shop"."Orders"``, ``db.shop.orders``."""

    def identifier(self, table: TableId) -> str:
        """A table in SQL, with its schema where that is known."""
        return ".".join(self.quote(part) for part in table[1:] if part is not None)

    def column_list(self, names: Sequence[str]) -> str:
        """Identifiers with commas between them."""
        return ", ".join(map(self.quote, names))

    # -- the catalogue -----------------------------------------------------------------------------------------------

    @abstractmethod
    def tables(
        self,
        connection: Any,
        types: Sequence[str],
        catalog_pattern: str | None = None,
        schema_pattern: str | None = None,
    ) -> list[TableId]:
        """Tables that this user sees, each with its schema, in order.

        Args:
            connection: An open one.
            types: ``TABLE``, ``VIEW``, …, in any case.
            catalog_pattern: Of the database's name; ``%`` and ``_`` as in LIKE; ``None``: any.
            schema_pattern: Of the schema; likewise.
        """

    @abstractmethod
    def find_table(self, connection: Any, table: TableId) -> TableId | None:
        """The table with its schema, looked for as the database would; ``None``: there is none."""

    @abstractmethod
    def columns(self, connection: Any, table: TableId) -> list[Column]:
        """The columns of a table, in its order; none when there is no such table."""

    @abstractmethod
    def unreadable(self, connection: Any, tables: Sequence[TableId]) -> dict[TableId, str]:
        """Those of these tables that this user may not read, with the SQL that would allow it."""

    @abstractmethod
    def query_columns(self, connection: Any, query: str) -> list[Column]:
        """The columns that a query gives, without running it."""

    # -- types -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def field_schema(self, column: Column, mapping: TypeMapping) -> Schema:
        """The schema of the field that a column becomes."""

    # -- writing -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def create_table(self, table: TableId, fields: Mapping[str, Schema], keys: Sequence[str]) -> str:
        """The statement that makes a table for these fields.

        Raises:
            DataError: There is no type for a column of one of them.
        """

    @abstractmethod
    def add_columns(self, table: TableId, fields: Mapping[str, Schema]) -> str:
        """The statement that adds columns for these fields."""

    @abstractmethod
    def not_null(self, table: TableId, column: Column) -> str:
        """The statement that forbids NULL in a column."""

    @abstractmethod
    def upsert_from(self, table: TableId, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """The statement that adds all rows of a staging table (an identifier, as it stands in SQL).

        Rows whose key is there already are replaced in these columns.
        """

    @abstractmethod
    def update_from(self, table: TableId, staging: str, columns: Sequence[str], keys: Sequence[str]) -> str:
        """Likewise, but only rows whose key is there already: nothing is added."""

    @abstractmethod
    def delete_from(self, table: TableId, staging: str, keys: Sequence[str]) -> str:
        """The statement that deletes the rows whose keys are in a staging table."""

    # -- reading -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self, connection: Any, isolation: str) -> str:
        """Begin the transaction of a query, and say, in the database's own way, which others it sees.

        Args:
            connection: One without a transaction.
            isolation: ``transaction.isolation.mode``.
        """

    @abstractmethod
    def knows_writers(self, connection: Any, table: TableId) -> bool:
        """Whether the rows of a table tell which transaction wrote them, so that :meth:`unseen` can be asked."""

    @abstractmethod
    def unseen(self, before: str, now: str) -> str:
        """A condition: whether a row was written by a transaction that an earlier one did not see.

        Where that cannot be told any more, because it was too long ago or in another copy of the database, it holds
        for every row.

        Args:
            before: What :meth:`begin` said then.
            now: What it says of the transaction in which the condition is used.
        """

    @abstractmethod
    def read(
        self,
        connection: Any,
        query: str,
        columns: Sequence[Column],
        mapping: TypeMapping,
    ) -> Reader:
        """Start a query whose rows are fetched bit by bit.

        Args:
            connection: One with the transaction of :meth:`begin`; both are the reader's until it is closed.
            query: A SELECT with ``{columns}`` where the columns go; there may be others behind them.
            columns: Those columns.
            mapping: How values are wanted: those of a row fit :meth:`field_schema` of each column.
        """

    @abstractmethod
    def is_moment(self, column: Column) -> bool:
        """Whether a column holds dates with times of day, so that it can tell new rows from old ones."""

    @abstractmethod
    def is_number(self, column: Column) -> bool:
        """Whether a column holds whole numbers, so that it can tell new rows from old ones."""

    @abstractmethod
    def moment(self, column: Column, timezone: str) -> str:
        """An expression for the point in time that a column of a date and time means."""

    @abstractmethod
    def moment_literal(self, at: datetime, column: Column | None, timezone: str) -> str:
        """A point in time as a constant to compare a column with, or what :meth:`moment` gives (``None``)."""

    @abstractmethod
    def barrier(self, connection: Any, query: str, guard: Guard) -> Barrier:
        """Which transactions are open now that might still add rows to what this query reads; it is not run.

        Whoever read the query's newest row *before* this call, and calls :meth:`still_open` until nobody is left, will
        from then on find everything that belongs before that row.
        """

    @abstractmethod
    def still_open(self, connection: Any, transactions: Sequence[str]) -> list[str]:
        """Those of these transactions, as a barrier named them, that have not ended."""
