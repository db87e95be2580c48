"""One version of a captured table: its schemas, and rows of cells turned into rows of values, a column at a time.

Pure. Made when a table is first met, and anew whenever the stream says that it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas import Schema, SchemaBuilder
from barnabas.connectors.postgres.codecs import Codec, codec_for
from barnabas.connectors.postgres.defaults import default_of
from barnabas.connectors.postgres.events import envelope
from barnabas.connectors.postgres.wire import UNCHANGED

if TYPE_CHECKING:
    from barnabas.connectors.postgres.catalog import Column, PgType, TableId
    from barnabas.connectors.postgres.modes import Modes

__all__ = ["Plan", "Table", "plan_columns"]

Row = dict[str, Any]
Shape = Callable[[Sequence[Sequence[Any]]], list[Row]]


class Plan(NamedTuple):
    """What becomes of one column.

    Args:
        place: Its position in tuples.
        column: The catalog's description.
        codec: From cells to values.
        schema: The field's schema.
        null: What NULL becomes.
        kept: What stands for a large value that was not sent.
    """

    place: int
    column: Column
    codec: Codec
    schema: Schema
    null: Any
    kept: Any

    def values(self, cells: Sequence[Any]) -> Sequence[Any]:
        """A column of values out of a column of cells without a byte before them; ``None`` is NULL."""
        if None not in cells and UNCHANGED not in cells:
            return self.codec.decode(cells)
        present = [cell for cell in cells if cell is not None and cell is not UNCHANGED]
        found = iter(self.codec.decode(present) if present else ())
        null, kept = self.null, self.kept
        return [null if cell is None else kept if cell is UNCHANGED else next(found) for cell in cells]


def plan_columns(columns: Sequence[Column], modes: Modes, wanted: Callable[[str], bool]) -> list[Plan]:
    """Plans of the columns that events carry.

    Args:
        columns: All columns that tuples have, in their order.
        modes: How values are represented.
        wanted: Whether a column of this name is captured.
    """
    plans = []
    for place, column in enumerate(columns):
        codec = codec_for(column.type, column.typmod, modes) if wanted(column.name) else None
        if codec is not None:
            plans.append(_plan(place, column, codec))
    return plans


def _plan(place: int, column: Column, codec: Codec) -> Plan:
    required = column.required
    default = default_of(
        column.default,
        codec,
        required=required,
        type_name=_base(column.type).name,
        array=column.type.element is not None,
    )
    schema = codec.schema.replace(optional=not required, default=default)
    null = None if not required else codec.fallback if default is None else default
    kept = codec.placeholder if codec.placeholder is not None else null
    return Plan(place, column, codec, schema, null, kept)


def _base(kind: PgType) -> PgType:
    return kind if kind.base is None else _base(kind.base)


def _shape(names: Sequence[str]) -> Shape:
    """A function that makes dicts out of columns, with a display of its own: twice as fast as ``dict(zip())``."""
    if not names:
        return lambda columns: [{} for _ in columns]
    letters = [f"v{at}" for at in range(len(names))]
    items = ", ".join(f"{name!r}: {letter}" for name, letter in zip(names, letters, strict=True))
    source = f"lambda columns: [{{{items}}} for {', '.join(letters)}, in zip(*columns)]"
    made: Shape = eval(source, {"zip": zip})  # noqa: S307 - of our own text and quoted names of columns
    return made


class Table:
    """What is known of a captured table.

    Args:
        table: Its name.
        oid: Its identity for the server.
        prefix: ``topic.prefix``.
        topic: Where its events go.
        plans: Its columns (:func:`plan_columns`).
        width: How many columns a tuple has.
        key_names: Columns of the key, in order; empty: no key.
    """

    def __init__(
        self, table: TableId, oid: int, prefix: str, topic: str, plans: list[Plan], width: int, key_names: Sequence[str]
    ) -> None:
        self.id = table
        self.oid = oid
        self.topic = topic
        self.plans = plans
        self.width = width
        name = f"{prefix}.{table}"
        self.row_schema = _struct(f"{name}.Value", plans).as_optional()
        self.envelope = envelope(name, self.row_schema)
        by_name = {plan.column.name: plan for plan in plans}
        self.key_plans = [by_name[key] for key in key_names if key in by_name]
        self.key_schema = _struct(f"{name}.Key", self.key_plans) if self.key_plans else None
        self._rows = _shape([plan.column.name for plan in plans])
        self._keys = _shape([plan.column.name for plan in self.key_plans])
        order = {id(plan): at for at, plan in enumerate(plans)}
        self._key_places = [order[id(plan)] for plan in self.key_plans]
        self.key_cells = [plan.place + 1 for plan in self.key_plans]
        """Where a key's cells stand in what :func:`~.wire.quick_cells` gives."""

    def rows(self, tuples: Sequence[Sequence[Any]]) -> tuple[list[Row], list[Row] | None]:
        """Rows and their keys out of tuples of the stream, whose cells have a byte before them."""
        if not tuples:
            return [], None
        columns = [*zip(*tuples, strict=True)]
        return self._made([plan.values(_cut(columns[plan.place + 1])) for plan in self.plans], len(tuples))

    def snapshot_rows(self, tuples: Sequence[Sequence[bytes | None]]) -> tuple[list[Row], list[Row] | None]:
        """The same for lines of COPY, which have the captured columns only."""
        columns = zip(*tuples, strict=True)
        return self._made([plan.values(column) for plan, column in zip(self.plans, columns, strict=True)], len(tuples))

    def _made(self, columns: list[Sequence[Any]], count: int) -> tuple[list[Row], list[Row] | None]:
        rows = self._rows(columns) if columns else [{} for _ in range(count)]
        return rows, self._keys([columns[at] for at in self._key_places]) if self.key_plans else None


def _cut(cells: Sequence[Any]) -> list[Any]:
    try:
        return [cell[1:] for cell in cells]
    except TypeError:  # NULL, or not sent
        return [cell if cell is None or cell is UNCHANGED else cell[1:] for cell in cells]


def _struct(name: str, plans: Sequence[Plan]) -> Schema:
    builder = SchemaBuilder.struct().name(name)
    for plan in plans:
        builder.field(plan.column.name, plan.schema)
    return builder.build()


def nothing(count: int) -> repeat[None]:
    """A column without anything in it."""
    return repeat(None, count)
