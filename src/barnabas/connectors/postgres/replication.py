"""The replication connection: commands, and the stream of messages with the answers that the server expects.

The driver's low level is used directly, because psycopg has no replication of its own. The task's thread reads; a
thread of this module tells the server at intervals that we are alive and how far it may forget, also while the task
waits for Kafka or is paused: a server that hears nothing for ``wal_sender_timeout`` ends the connection.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from typing import TYPE_CHECKING, Any

from barnabas.connectors.postgres.driver import load
from barnabas.connectors.postgres.wire import lsn_text, parse_lsn, status_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.connectors.postgres.connection import Server

__all__ = ["NewSlot", "ReplicationStream"]

log = logging.getLogger(__name__)

_NEW_SYNTAX = 150000  # the release of PostgreSQL that takes options in parentheses


class NewSlot:
    """A slot that was just made: from where it sends, and the snapshot that shows everything before."""

    def __init__(self, lsn: int, snapshot: str | None) -> None:
        self.lsn = lsn
        self.snapshot = snapshot


class ReplicationStream:
    """One replication connection; commands first, then the stream until :meth:`close`.

    Args:
        server: Where.
        interval: Seconds between status updates.
    """

    def __init__(self, server: Server, interval: float) -> None:
        self._server = server
        self._interval = interval
        self._pq = load("psycopg.pq")
        self._connection: Any = server.replicate()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.received = 0
        self._flushed = 0

    # ------------------------------------------------------------------ commands
    def create_slot(self, name: str, *, failover: bool = False) -> NewSlot:
        """Make a slot, and a snapshot that lives until the next command on this connection."""
        options = "(SNAPSHOT 'export', FAILOVER)" if failover else "(SNAPSHOT 'export')"
        if self.version < _NEW_SYNTAX:
            options = "EXPORT_SNAPSHOT"
        command = f'CREATE_REPLICATION_SLOT "{name}" LOGICAL pgoutput {options}'
        row = self._command(command, f"make the replication slot {name}")
        return NewSlot(parse_lsn(row[1] or "0/0"), row[2])

    def drop_slot(self, name: str) -> None:
        """Drop a slot that nobody uses."""
        self._command(f'DROP_REPLICATION_SLOT "{name}" WAIT', f"drop the replication slot {name}")

    @property
    def version(self) -> int:
        """The server's, as 150018."""
        return int(self._connection.server_version)

    def _command(self, command: str, doing: str) -> list[str | None]:
        with self._server.explained(doing):
            result = self._connection.exec_(command.encode())
            if result.status not in (self._pq.ExecStatus.TUPLES_OK, self._pq.ExecStatus.COMMAND_OK):
                raise load("psycopg.errors").error_from_result(result)
        values = [result.get_value(0, column) if result.ntuples else None for column in range(result.nfields)]
        return [None if value is None else value.decode() for value in values]

    # ------------------------------------------------------------------ stream
    def start(self, slot: str, lsn: int, options: Mapping[str, str]) -> None:
        """Stream from a slot; nothing that committed before ``lsn`` comes.

        Raises:
            ConnectError: The slot is in use (RetriableError), lost, or the publication is missing.
        """
        pairs = ", ".join(f"{name} '{_quoted(value)}'" for name, value in options.items())
        command = f'START_REPLICATION SLOT "{slot}" LOGICAL {lsn_text(lsn)} ({pairs})'
        with self._server.explained(f"stream from the replication slot {slot}"):
            result = self._connection.exec_(command.encode())
            if result.status != self._pq.ExecStatus.COPY_BOTH:
                raise load("psycopg.errors").error_from_result(result)
            self._connection.nonblocking = 1
        self.received = self._flushed = lsn
        self._thread = threading.Thread(target=self._keep_alive, name="replication-status", daemon=True)
        self._thread.start()

    def read(self, limit: int, wait: float) -> list[bytes]:
        """Messages that are there, at most ``limit``; waits up to ``wait`` seconds for the first.

        Raises:
            ConnectError: The connection is gone, or the server ended the stream.
        """
        with self._server.explained("read changes"):
            messages = self._drain(limit)
            if not messages and select.select([self._connection.socket], [], [], wait)[0]:
                messages = self._drain(limit)
        return messages

    def _drain(self, limit: int) -> list[bytes]:
        messages: list[bytes] = []
        append, take = messages.append, self._connection.get_copy_data
        filled = False
        with self._lock:
            while len(messages) < limit:
                size, data = take(1)
                if size > 0:
                    append(bytes(data))
                    filled = False
                elif size == 0:
                    if filled:
                        break
                    self._connection.consume_input()
                    filled = True
                else:
                    self._ended()
        return messages

    def _ended(self) -> None:
        result = self._connection.get_result()
        if result is not None and result.status == self._pq.ExecStatus.FATAL_ERROR:
            raise load("psycopg.errors").error_from_result(result)
        raise load().OperationalError("the server ended the replication stream")

    def confirm(self, lsn: int) -> None:
        """From now on the server may forget what committed before ``lsn``; it is told at once."""
        if lsn > self._flushed:
            self._flushed = lsn
            self.send_status()

    def send_status(self, *, reply: bool = False) -> None:
        """Tell the server how far we are."""
        micros = time.time_ns() // 1000
        with self._server.explained("answer the server"), self._lock:
            written = max(self.received, self._flushed)
            self._connection.put_copy_data(status_update(written, self._flushed, micros, reply=reply))
            self._connection.flush()

    def _keep_alive(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self.send_status()
            except Exception as error:  # noqa: BLE001 - the reader meets the same, and tells
                log.debug("The server could not be told that we are alive: %s", error)
                return

    def close(self) -> None:
        """End the connection; the slot stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self._connection.finish()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
