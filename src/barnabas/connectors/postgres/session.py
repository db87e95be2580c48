"""From connecting to streaming: one attempt of a task to do its work. What fails ends it; the task begins another."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from barnabas import SourceBatch
from barnabas.connectors.postgres import snapshot as snapshots
from barnabas.connectors.postgres.batch import Context, assemble, snapshot_batch
from barnabas.connectors.postgres.catalog import Catalog, TableRow
from barnabas.connectors.postgres.decoder import Decoder
from barnabas.connectors.postgres.filters import Filters
from barnabas.connectors.postgres.modes import Modes
from barnabas.connectors.postgres.opening import decide
from barnabas.connectors.postgres.position import Place
from barnabas.connectors.postgres.replication import ReplicationStream
from barnabas.connectors.postgres.slots import Publication, check_slot, look_up
from barnabas.connectors.postgres.tables import Tables
from barnabas.connectors.postgres.watch import SlotWatch
from barnabas.connectors.postgres.wire import lsn_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas import Config
    from barnabas.connectors.postgres.connection import Server
    from barnabas.connectors.postgres.table import Table

__all__ = ["Session", "captured_tables"]

log = logging.getLogger(__name__)


class _Reading(NamedTuple):
    """A snapshot under way."""

    snapshot: snapshots.Snapshot
    marker: snapshots.Marker


def captured_tables(catalog: Catalog, filters: Filters, *, via_root: bool) -> list[TableRow]:
    """The tables that a configuration captures: partitions, or the tables that they are parts of."""
    rows = [row for row in catalog.tables() if filters.table(row.id)]
    return [row for row in rows if (not row.partition if via_root else row.kind != "p")]


class Session:
    """See the module.

    Args:
        server: Where.
        config: Of the connector.
        context: What is added to each event.
        place: Where to go on; ``None``: nowhere yet.
        report_backlog: Told how much WAL the slot holds back.
    """

    def __init__(
        self,
        server: Server,
        config: Config,
        context: Context,
        place: Place | None,
        report_backlog: Callable[[int, int | None], None],
    ) -> None:
        self._server = server
        self._config = config
        self._context = context
        self._filters = Filters(config)
        self._modes = Modes.of(config)
        self._slot: str = config["slot.name"]
        self._interval = config["status.update.interval.ms"] / 1000
        self._tables = Tables(
            config["topic.prefix"], config["topic.delimiter"], self._filters, self._modes, server.connect
        )
        self._watch = SlotWatch(server, self._slot, config["slot.lag.warning.bytes"], report_backlog)
        self._stream: ReplicationStream | None = None
        self._decoder: Decoder | None = None
        self._reading: _Reading | None = None
        self._begin: Place | None = None
        self._idle = False
        self._told = 0.0
        self._told_at = 0
        try:
            self._open(place)
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------ opening
    def _open(self, place: Place | None) -> None:
        config = self._config
        connection = self._server.connect()
        try:
            with self._server.explained("read the catalog"):
                slot = look_up(connection, self._slot)
                if slot is not None:
                    check_slot(slot, self._slot, self._server.database)
                opening = decide(config, place, slot)
                rows = captured_tables(
                    Catalog(connection), self._filters, via_root=config["publish.via.partition.root"]
                )
                publication = Publication(
                    self._server,
                    config["publication.name"],
                    config["publication.autocreate.mode"].lower(),
                    via_root=config["publish.via.partition.root"],
                )
                publication.ensure(connection, [row.id for row in rows])
        finally:
            connection.close()
        self._stream = ReplicationStream(self._server, self._interval)
        if opening.drop_slot:
            self._stream.drop_slot(self._slot)
        shared: str | None = None
        if opening.make_slot:
            made = self._stream.create_slot(self._slot, failover=config["slot.failover"])
            start, shared = made.lsn, made.snapshot
            log.info("Made the replication slot %s, which begins at %s.", self._slot, lsn_text(start))
        else:
            assert slot is not None, "there is one, or it was made"
            start = slot.confirmed
        self._begin = opening.place or Place(start)
        self._resumed = opening.place is not None
        if opening.snapshot:
            self._read_tables(shared, start, [row for row in rows if self._filters.snapshot(row.id)])
        else:
            self._go()

    def _read_tables(self, shared: str | None, lsn: int, rows: list[TableRow]) -> None:
        connection = snapshots.open_transaction(self._server, shared)
        with self._server.explained("begin the snapshot"):
            if shared is None:
                shared = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
            xid = connection.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchone()[0]
            moment = snapshots.Moment(lsn, xid, snapshots.now_micros(), shared)
            catalog = Catalog(connection)
            readers = self._config["snapshot.max.threads"]
            pieces, tables = [], 0
            for row in rows:
                table, _ = self._tables.of_catalog(catalog, row)
                pages = connection.execute(
                    "SELECT pg_relation_size(%s::oid) / current_setting('block_size')::int", [row.oid]
                ).fetchone()[0]
                pieces += snapshots.pieces_of(table, pages, readers, self._override(table))
                tables += 1
        log.info("The snapshot reads %s tables as of %s.", tables, lsn_text(lsn))
        size = self._config["snapshot.fetch.size"]
        self._reading = _Reading(
            snapshots.Snapshot(self._server, moment, pieces, readers, size, connection),
            snapshots.Marker(moment, tables),
        )

    def _override(self, table: Table) -> str | None:
        listed = [name.strip() for name in (self._config["snapshot.select.statement.overrides"] or "").split(",")]
        if str(table.id) not in listed:
            return None
        text: str | None = self._config.originals.get(f"snapshot.select.statement.overrides.{table.id}")
        return text.rstrip().rstrip(";") if text else None

    def _go(self) -> None:
        """Begin to stream."""
        if self._config["snapshot.mode"].lower() == "initial_only":
            log.info("snapshot.mode=initial_only: there is nothing more to do.")
            self._idle = True
            return
        assert self._stream is not None, "opened"
        assert self._begin is not None, "opened"
        place = self._begin
        options = {"proto_version": "1", "publication_names": self._config["publication.name"]}
        if self._stream.version >= 140000 and self._wants_messages():  # noqa: PLR2004 - where they came
            options["messages"] = "true"
        for pair in (self._config["slot.stream.params"] or "").split(";"):
            name, equals, value = pair.partition("=")
            if equals:
                options[name.strip()] = value.strip()
        self._stream.start(self._slot, place.done, options)
        first = place.done if self._resumed else None
        self._decoder = Decoder(self._tables, place, self._filters.message, first)
        self._told_at = place.done
        log.info("Streaming from %s.", lsn_text(place.done))

    def _wants_messages(self) -> bool:
        return "m" not in self._context.skipped

    # ------------------------------------------------------------------ working
    @property
    def place(self) -> Place | None:
        """Behind what was handed over; ``None`` while a snapshot is under way."""
        return None if self._decoder is None else self._decoder.place

    @property
    def streaming(self) -> bool:
        """Whether changes are read."""
        return self._decoder is not None

    def poll(self, limit: int, wait: float) -> SourceBatch | None:
        """The next records, waiting at most ``wait`` seconds; or only a position, in a batch without records."""
        self._watch.look()
        if self._reading is not None:
            return self._next_rows(self._reading)
        if self._decoder is None:
            time.sleep(wait)
            return None
        return self._changes(self._decoder, limit, wait)

    def _next_rows(self, reading: _Reading) -> SourceBatch | None:
        found = reading.snapshot.next()
        moment = reading.snapshot.moment
        if found is None:
            reading.snapshot.close()
            self._reading = None
            log.info("The snapshot is complete.")
            self._go()
            offset = moment.offset(completed=True)
            return SourceBatch("", [], source_partition=self._context.partition, source_offset=offset)
        marked = reading.marker.take(found)
        if not marked.rows:
            return None
        return snapshot_batch(marked.table, marked.rows, marked.marks, moment, self._context)

    def _changes(self, decoder: Decoder, limit: int, wait: float) -> SourceBatch | None:
        assert self._stream is not None, "streaming"
        messages = self._stream.read(limit, wait)
        if not messages:  # what moved the position may have come too soon after the last news to be told at once
            return self._position(decoder.place) if self._is_news(decoder.place) else None
        groups = decoder.take(messages)
        if not decoder.within and decoder.keepalive_end:
            decoder.advance(decoder.keepalive_end)
        self._stream.received = max(self._stream.received, decoder.keepalive_end, decoder.place.done)
        if decoder.reply_wanted:
            decoder.reply_wanted = False
            self._stream.send_status()
        batch = assemble(groups, decoder.messages, self._context, decoder.place.offset())
        if len(batch):
            self._told, self._told_at = time.monotonic(), decoder.place.done
            return batch
        return batch if self._is_news(decoder.place) else None

    def _position(self, place: Place) -> SourceBatch:
        """No records, only a position to be stored."""
        return SourceBatch("", [], source_partition=self._context.partition, source_offset=place.offset())

    def _is_news(self, place: Place) -> bool:
        """Whether the position alone is worth to be stored: now and then, when it moved."""
        now = time.monotonic()
        if place.done <= self._told_at or now - self._told < self._interval:
            return False
        self._told, self._told_at = now, place.done
        return True

    def confirm(self, lsn: int) -> None:
        """The offset behind everything up to ``lsn`` is stored: the server may forget it."""
        if self._stream is not None and self._decoder is not None:
            self._stream.confirm(lsn)

    def close(self) -> None:
        """End all connections."""
        if self._reading is not None:
            self._reading.snapshot.close()
        if self._stream is not None:
            self._stream.close()

    def drop_slot(self) -> None:
        """Drop the slot, after :meth:`close`."""
        with contextlib.closing(ReplicationStream(self._server, self._interval)) as stream:
            stream.drop_slot(self._slot)
