"""The task: connects, takes the snapshot, streams, confirms; one step each time it is polled.

Delivery: at least once. The server may forget a transaction only after the offset behind it was stored, which the
worker tells by :meth:`PostgresCdcTask.offsets_stored`. Where the connection is lost, the task connects again by itself
and goes on behind what it handed over.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from barnabas import ConnectError, RetriableError, SourceBatch, SourceTask
from barnabas.connectors.postgres.batch import Context, Origin, context_headers, new_run
from barnabas.connectors.postgres.codecs import binary_codec
from barnabas.connectors.postgres.config import CONFIG
from barnabas.connectors.postgres.connection import Server
from barnabas.connectors.postgres.heartbeat import Heartbeats
from barnabas.connectors.postgres.modes import Modes
from barnabas.connectors.postgres.position import place_of
from barnabas.connectors.postgres.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PostgresCdcTask"]

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_POLL = 0.5, 1.0
_SLOT_IN_USE = "BRN-6122"


class PostgresCdcTask(SourceTask):
    """Captures one database; see :class:`~.source.PostgresCdcSource`."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._ready_at = 0.0
        self._wait = _FIRST_WAIT
        self._slot_failures = 0

    def start(self, props: Mapping[str, str]) -> None:
        """Read the settings and the stored offset; connecting is left to the first poll, so that it is tried again."""
        super().start(props)
        self._config = CONFIG.parse(props)
        self._server = Server(self._config, props.get("name", ""))
        origin = Origin(self.version(), self._config["topic.prefix"], self._config["database.dbname"])
        headers = None
        if self._config["extended.headers.enabled"]:
            headers = context_headers(origin, props.get("task.id", "0"), new_run())
        skipped = {word.strip() for word in self._config["skipped.operations"].lower().split(",")}
        self._context = Context(
            origin=origin,
            headers=headers,
            tombstones=self._config["tombstones.on.delete"],
            skipped=frozenset(skipped),
            in_order=bool(props.get("transforms")),
            partition={"server": origin.name},
            message_topic=f"{origin.name}{self._config['topic.delimiter']}message",
            binary=binary_codec(Modes.of(self._config)),
        )
        offset = self.context.offset_storage_reader.offset(self._context.partition)
        self._place = None if offset is None else place_of(offset)
        self._limit: int = self._config["max.batch.size"]
        self._poll_wait = min(self._config["poll.interval.ms"] / 1000, _LONGEST_POLL)
        self._longest_wait = max(self._config["retriable.restart.connector.wait.ms"] / 1000, _FIRST_WAIT)
        self._heartbeats = Heartbeats(self._config, self._server)

    def poll(self) -> SourceBatch | None:
        """The next records, of the snapshot or of the stream.

        Raises:
            RetriableError: The connection is lost; the next polls wait and connect again.
            ConnectError: Anything that does not heal by itself.
        """
        session = self._session
        if session is None:
            left = self._ready_at - time.monotonic()
            if left > 0:
                time.sleep(min(left, _LONGEST_POLL))
                return None
        try:
            if session is None:
                session = self._session = Session(
                    self._server, self._config, self._context, self._place, self.context.report_backlog
                )
                self._slot_failures = 0
            batch = self._heartbeats.due(self._context, session) or session.poll(self._limit, self._poll_wait)
        except RetriableError as error:
            self._lose(error)
            raise
        except ConnectError:
            self._close()
            raise
        self._wait = _FIRST_WAIT
        return batch

    def _lose(self, error: RetriableError) -> None:
        """Let go of the connection, and say when to try again."""
        session = self._session
        self._close()
        if session is not None and session.place is not None:
            self._place = session.place
        wait = self._wait
        if error.code == _SLOT_IN_USE:
            self._slot_failures += 1
            if self._slot_failures > self._config["slot.max.retries"]:
                raise ConnectError(error.message, code=error.code, key="slot.name", remedy=error.remedy) from error
            wait = min(wait, self._config["slot.retry.delay.ms"] / 1000)
        self._ready_at = time.monotonic() + wait
        self._wait = min(self._wait * 2, self._longest_wait)

    def offsets_stored(self, offsets: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """The server may forget what these offsets are behind."""
        session = self._session
        for partition, offset in offsets:
            place = place_of(offset) if partition == self._context.partition else None
            if place is not None and session is not None:
                with contextlib.suppress(RetriableError):  # a lost connection is the next poll's business
                    session.confirm(place.done)

    def stop(self) -> None:
        """End all connections; the slot stays unless ``slot.drop.on.stop`` is set."""
        session = self._session
        self._close()
        if session is not None and self._config["slot.drop.on.stop"]:
            session.drop_slot()

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(Exception):
                session.close()
