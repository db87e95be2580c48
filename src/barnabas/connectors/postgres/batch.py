"""Events gathered table by table, and made into one batch of columns.

A poll hands over all changes that it read. They are gathered for each table, because a run of one table is decoded and
serialised many times faster than events one by one; within a table they stay in the order of commits. Where transforms
may bring several tables into one topic, the order of all events is kept instead (``in_order``).
"""

from __future__ import annotations

import struct
import uuid
from itertools import chain
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas import Header, Headers, Schema, SourceBatch
from barnabas.connectors.postgres.events import MESSAGE_KEY, message_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barnabas.connectors.postgres.codecs import Codec
    from barnabas.connectors.postgres.snapshot import Moment
    from barnabas.connectors.postgres.table import Table
    from barnabas.connectors.postgres.wire import LogicalMessage

__all__ = [
    "Context",
    "Gathered",
    "Origin",
    "Transaction",
    "assemble",
    "context_headers",
    "new_run",
    "snapshot_batch",
]

_INSERT, _UPDATE, _UPDATE_FROM, _DELETE, _TRUNCATE = "c", "u", "U", "d", "t"


class Origin(NamedTuple):
    """What is the same in every source block of a connector."""

    version: str
    name: str
    database: str


class Transaction(NamedTuple):
    """What is the same in every source block of a transaction.

    Args:
        xid: Its id; ``None`` outside of one.
        micros: When it committed.
        sequence: The beginning of the field ``sequence``, up to the position of the event.
        snapshot: The mark of snapshot events, else ``"false"``.
    """

    xid: int | None
    micros: int
    sequence: str
    snapshot: str = "false"


class Context(NamedTuple):
    """What the connector adds to each event.

    Args:
        origin: For source blocks.
        headers: Of every record; ``None`` without.
        tombstones: Whether a null follows each delete.
        skipped: Operations that are left out.
        in_order: Keep the order among tables, too.
        partition: The source partition.
        message_topic: Where logical messages go.
        binary: How their content is represented.
    """

    origin: Origin
    headers: Headers | None
    tombstones: bool
    skipped: frozenset[str]
    in_order: bool
    partition: dict[str, Any]
    message_topic: str
    binary: Codec


class Gathered:
    """Events of one table within a batch.

    Attributes:
        table: The table, as it was when these events happened.
        pieces: How many pieces a tuple of it has (:func:`~.wire.quick_cells`).
        events: Operation, position, transaction and place in the batch of each. Operations are c, u, d, t, and U for an
            update with an old row.
        after: New rows, of c, u and U.
        before: Old rows, of d and U.
    """

    __slots__ = ("after", "before", "events", "pieces", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.pieces = table.width + 1
        self.clear()

    def clear(self) -> None:
        """Make room for the next batch."""
        self.events: list[tuple[str, bytes, Transaction, int]] = []
        self.after: list[Sequence[Any]] = []
        self.before: list[Sequence[Any]] = []

    def sources(self, origin: Origin) -> list[dict[str, Any]]:
        """A source block for each event."""
        version, name, database = origin
        schema, table = self.table.id
        lsns = struct.unpack(f">{len(self.events)}Q", b"".join([event[1] for event in self.events]))
        return [
            {
                "version": version,
                "connector": "postgresql",
                "name": name,
                "ts_ms": micros // 1000,
                "snapshot": snapshot,
                "db": database,
                "sequence": f'{sequence}"{lsn}"]',
                "ts_us": micros,
                "ts_ns": micros * 1000,
                "schema": schema,
                "table": table,
                "txId": xid,
                "lsn": lsn,
                "xmin": None,
                "origin": None,
                "origin_lsn": None,
            }
            for (_, _, (xid, micros, sequence, snapshot), _), lsn in zip(self.events, lsns, strict=True)
        ]


class _Columns:
    """Records of one topic on their way into a batch."""

    def __init__(self, topic: str, envelope: Schema, key_schema: Schema | None) -> None:
        self.topic = topic
        self.envelope = envelope
        self.key_schema = key_schema
        self.keys: list[Any] = []
        self.values: list[Any] = []
        self.headers: list[Headers | None] = []
        self.places: list[int] = []
        self.tombstones = False


def assemble(
    groups: Sequence[Gathered],
    messages: Sequence[tuple[LogicalMessage, Transaction, int]],
    context: Context,
    offset: dict[str, Any],
) -> SourceBatch:
    """The batch of all events, with the offset behind the last; logical messages come after the rows."""
    made = [_columns(group, context) for group in groups if group.events]
    made = [columns for columns in made if columns.values]
    if messages:
        made.append(_message_columns(messages, context))
    common: dict[str, Any] = {"source_partition": context.partition, "source_offset": offset}
    if len(made) == 1:
        return _uniform(made[0], common)
    values = [*chain.from_iterable(each.values for each in made)]
    if not values:
        return SourceBatch("", [], **common)
    envelopes = [each.envelope for each in made for _ in each.values]
    columns: dict[str, Any] = {
        "topics": [each.topic for each in made for _ in each.values],
        "value_schemas": [None if v is None else schema for v, schema in zip(values, envelopes, strict=True)],
        "key_schemas": [each.key_schema for each in made for _ in each.values],
        "keys": [*chain.from_iterable(each.keys for each in made)],
        "headers": [*chain.from_iterable(each.headers for each in made)],
    }
    if context.in_order:
        places = [*chain.from_iterable(each.places for each in made)]
        order = sorted(range(len(places)), key=places.__getitem__)
        values = [values[at] for at in order]
        columns = {name: [column[at] for at in order] for name, column in columns.items()}
    if all(headers is None for headers in columns["headers"]):
        del columns["headers"]
    return SourceBatch("", values, **columns, **common)


def _uniform(made: _Columns, common: dict[str, Any]) -> SourceBatch:
    schemas: dict[str, Any] = {"value_schema": made.envelope}
    if made.tombstones:
        schemas = {"value_schemas": [None if value is None else made.envelope for value in made.values]}
    headers = None if all(each is None for each in made.headers) else made.headers
    keys = made.keys if made.key_schema is not None else None
    return SourceBatch(
        made.topic, made.values, keys=keys, key_schema=made.key_schema, headers=headers, **schemas, **common
    )


def _rows_of(
    op: str,
    rows: Sequence[Any],
    sources: Sequence[Any],
    headers: Headers | None,
    made: _Columns,
    keys: list[Any] | None,
) -> None:
    """Records of new rows: reads or inserts."""
    now = time_ns()
    millis, micros = now // 1_000_000, now // 1000
    made.values = [
        {
            "before": None,
            "after": row,
            "source": source,
            "transaction": None,
            "op": op,
            "ts_ms": millis,
            "ts_us": micros,
            "ts_ns": now,
        }
        for row, source in zip(rows, sources, strict=True)
    ]
    made.keys = keys or [None] * len(rows)
    made.headers = [headers] * len(rows)


def snapshot_batch(
    table: Table, rows: Sequence[Any], marks: list[Transaction], moment: Moment, context: Context
) -> SourceBatch:
    """Rows of a snapshot."""
    # Rows share their source blocks: what is the same object is serialised once.
    blocks = {id(mark): source_block(context.origin, mark, moment.lsn, *table.id) for mark in marks[:1] + marks[-1:]}
    sources = [blocks[id(mark)] for mark in marks]
    after, keys = table.snapshot_rows(rows)
    made = _Columns(table.topic, table.envelope, table.key_schema)
    _rows_of("r", after, sources, context.headers, made, keys)
    offset = moment.offset(completed=False)
    return _uniform(made, {"source_partition": context.partition, "source_offset": offset})


def _message_columns(messages: Sequence[tuple[LogicalMessage, Transaction, int]], context: Context) -> _Columns:
    """Records of what pg_logical_emit_message wrote."""
    millis = time_ns() // 1_000_000
    contents = context.binary.decode([message.content for message, _, _ in messages])
    made = _Columns(context.message_topic, message_value(context.binary.schema), MESSAGE_KEY)
    for (message, transaction, lsn), content in zip(messages, contents, strict=True):
        source = source_block(context.origin, transaction, lsn, "", "")
        made.values.append(
            {
                "op": "m",
                "ts_ms": millis,
                "source": source,
                "transaction": None,
                "message": {"prefix": message.prefix, "content": content},
            }
        )
        made.keys.append({"prefix": message.prefix})
        made.headers.append(None)
        made.places.append(1 << 62)
    return made


def _columns(group: Gathered, context: Context) -> _Columns:
    table = group.table
    after, keys = table.rows(group.after)
    sources = group.sources(context.origin)
    made = _Columns(table.topic, table.envelope, table.key_schema)
    if not group.before and all(event[0] == _INSERT for event in group.events):
        _rows_of("c", after, sources, context.headers, made, keys)
        made.places = [event[3] for event in group.events]
        return made
    before, old_keys = table.rows(group.before)
    writer = _Writer(made, context, time_ns())
    writer.write(group, (after, keys), (before, old_keys), sources)
    return made


class _Writer:
    """Events of mixed operations, one after the other."""

    def __init__(self, made: _Columns, context: Context, now: int) -> None:
        self._made = made
        self._context = context
        self._now = (now // 1_000_000, now // 1000, now)
        self._skipped = context.skipped
        self._key_schema = made.key_schema

    def write(
        self,
        group: Gathered,
        after: tuple[list[Any], list[Any] | None],
        before: tuple[list[Any], list[Any] | None],
        sources: list[Any],
    ) -> None:
        """Append all events of the group."""
        rows = zip(after[0], after[1] or [None] * len(after[0]), strict=True)
        olds = zip(before[0], before[1] or [None] * len(before[0]), strict=True)
        for (op, _, _, place), source in zip(group.events, sources, strict=True):
            if op == _DELETE:
                old, old_key = next(olds)
                self._delete(old, old_key, source, place)
            elif op == _UPDATE_FROM:
                old, old_key = next(olds)
                row, key = next(rows)
                if key is not None and old_key != key:
                    self._move(old, old_key, row, key, source, place)
                else:
                    self._add("u", old, row, key, source, place)
            elif op == _TRUNCATE:
                self._add("t", None, None, None, source, place)
            else:
                row, key = next(rows)
                self._add(op, None, row, key, source, place)

    def _add(
        self, op: str, before: Any, after: Any, key: Any, source: Any, place: int, headers: Headers | None = None
    ) -> None:
        if op in self._skipped:
            return
        millis, micros, nanos = self._now
        made = self._made
        made.values.append(
            {
                "before": before,
                "after": after,
                "source": source,
                "transaction": None,
                "op": op,
                "ts_ms": millis,
                "ts_us": micros,
                "ts_ns": nanos,
            }
        )
        made.keys.append(key)
        made.headers.append(headers or self._context.headers)
        made.places.append(place)

    def _delete(self, old: Any, key: Any, source: Any, place: int, headers: Headers | None = None) -> None:
        if "d" in self._skipped:
            return
        self._add("d", old, None, key, source, place, headers)
        if self._context.tombstones:
            made = self._made
            made.values.append(None)
            made.keys.append(key)
            made.headers.append(headers or self._context.headers)
            made.places.append(place)
            made.tombstones = True

    def _move(self, old: Any, old_key: Any, row: Any, key: Any, source: Any, place: int) -> None:
        """An update that changed the key: to consumers, another row."""
        self._delete(old, old_key, source, place, self._with("__debezium.newkey", key))
        self._add("c", None, row, key, source, place, self._with("__debezium.oldkey", old_key))

    def _with(self, name: str, key: Any) -> Headers:
        return Headers([Header(name, key, self._key_schema), *(self._context.headers or ())])


def source_block(origin: Origin, transaction: Transaction, lsn: int, schema: str, table: str) -> dict[str, Any]:
    """One source block; a batch makes its own (:meth:`Gathered.sources`)."""
    xid, micros, sequence, snapshot = transaction
    return {
        "version": origin.version,
        "connector": "postgresql",
        "name": origin.name,
        "ts_ms": micros // 1000,
        "snapshot": snapshot,
        "db": origin.database,
        "sequence": f'{sequence}"{lsn}"]',
        "ts_us": micros,
        "ts_ns": micros * 1000,
        "schema": schema,
        "table": table,
        "txId": xid,
        "lsn": lsn,
        "xmin": None,
        "origin": None,
        "origin_lsn": None,
    }


def new_run() -> str:
    """An id for one run of a task."""
    return str(uuid.uuid4())


def context_headers(origin: Origin, task: str, run: str) -> Headers:
    """What says, in the headers of every record, which connector and which run of it made it."""
    pairs = (
        ("__debezium.context.connectorLogicalName", origin.name),
        ("__debezium.context.taskId", task),
        ("__debezium.context.connectorName", "postgresql"),
        ("__debezium.context.runId", run),
    )
    return Headers([Header(name, value, Schema.STRING) for name, value in pairs])
