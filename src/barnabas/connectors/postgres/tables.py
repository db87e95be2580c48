"""The captured tables: looked up in the catalog when the stream or a snapshot meets them, followed as they change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from barnabas.connectors.postgres.catalog import Catalog, Column, TableId, TableRow
from barnabas.connectors.postgres.table import Table, plan_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barnabas.connectors.postgres.filters import Filters
    from barnabas.connectors.postgres.modes import Modes
    from barnabas.connectors.postgres.wire import Relation

__all__ = ["Tables"]

log = logging.getLogger(__name__)


class Tables:
    """Makes :class:`~.table.Table` objects.

    Args:
        prefix: ``topic.prefix``.
        delimiter: What stands between the parts of a topic's name.
        filters: What is captured.
        modes: How values are represented.
        connect: Opens a connection to the catalog; it is closed after use, for the catalog is rarely asked.
    """

    def __init__(self, prefix: str, delimiter: str, filters: Filters, modes: Modes, connect: Callable[[], Any]) -> None:
        self._prefix = prefix
        self._delimiter = delimiter
        self._filters = filters
        self._modes = modes
        self._connect = connect
        self._known: dict[int, tuple[Relation, Table | None]] = {}

    def topic(self, table: TableId) -> str:
        """Where a table's events go."""
        return self._delimiter.join((self._prefix, table.schema, table.name))

    def follow(self, relation: Relation) -> Table | None:
        """The table that the stream describes; the same object as long as nothing changed."""
        known = self._known.get(relation.oid)
        if known is not None and known[0] == relation:
            return known[1]
        table = self._describe(relation)
        self._known[relation.oid] = relation, table
        if known is not None and table is not None:
            log.info("Table %s changed: columns %s.", table.id, ", ".join(column.name for column in relation.columns))
        return table

    def _describe(self, relation: Relation) -> Table | None:
        name = TableId(relation.schema, relation.name)
        if not self._filters.table(name):
            return None
        connection = self._connect()
        try:
            catalog = Catalog(connection)
            in_catalog = {column.name: column for column in catalog.columns(relation.oid)}
            columns = []
            for column in relation.columns:
                kind = catalog.type(column.type)
                known = in_catalog.get(column.name)
                if known is not None and known.type == kind:
                    columns.append(known._replace(typmod=column.typmod))
                else:  # dropped or changed since
                    columns.append(Column(column.name, kind, column.typmod, False, None, 0))
        finally:
            connection.close()
        return self._table(name, relation.oid, columns, [*in_catalog.values()])

    def of_catalog(self, catalog: Catalog, row: TableRow) -> tuple[Table, list[Column]]:
        """A table as the catalog has it, for a snapshot: plans are those of the columns that a SELECT would give."""
        columns = catalog.columns(row.oid)
        return self._table(row.id, row.oid, columns, columns), columns

    def _table(self, name: TableId, oid: int, columns: Sequence[Column], in_catalog: Sequence[Column]) -> Table:
        plans = plan_columns(columns, self._modes, self._filters.column(name))
        keys = self._filters.key(name)
        if keys is None:
            keys = [column.name for column in sorted(in_catalog, key=lambda each: each.position) if column.position]
        return Table(name, oid, self._prefix, self.topic(name), plans, len(columns), keys)
