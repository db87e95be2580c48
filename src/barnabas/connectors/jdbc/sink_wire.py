"""Scripts with COPY in them, sent to PostgreSQL without waiting for their end.

A script is one message of the simple protocol: several statements, which the server runs as one transaction. Its COPYs
take their rows in turn. Once they are sent, the server works on while the task reads and converts the next records; the
outcome is asked for when it is needed.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any, NamedTuple

from barnabas.connectors.postgres.driver import load

__all__ = ["Script", "Wire"]

_PIECE = 1 << 20
_READ, _WRITE = select.POLLIN, select.POLLOUT


class Script(NamedTuple):
    """Statements, one transaction.

    Args:
        sql: All of them.
        payloads: What each COPY in it is sent, in order.
    """

    sql: str
    payloads: Sequence[bytes]


class Wire:
    """The low level of one connection; one script at a time.

    Args:
        connection: An idle connection of psycopg in autocommit mode. It may be used otherwise while no script runs.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._low = connection.pgconn
        self._low.nonblocking = 1
        pq = load("psycopg.pq")
        self._bad = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.NONFATAL_ERROR)
        self._copy_in = pq.ExecStatus.COPY_IN
        self._poll = select.poll()
        self._poll.register(self._low.socket, _READ)
        self._running = False
        self._left = 0
        self._error: Exception | None = None

    @property
    def running(self) -> bool:
        """Whether a script was sent whose outcome was not asked for."""
        return self._running

    def send(self, script: Script) -> None:
        """Send a script with all its rows; returns when the server has what it needs.

        What goes wrong on the server is raised by :meth:`finish`.

        Raises:
            psycopg.OperationalError: The connection is lost.
        """
        assert not self._running, "one script at a time"
        self._running, self._error = True, None
        try:
            self._low.send_query(script.sql.encode())
            self._flush()
            for payload in script.payloads:
                if not self._await_copy():
                    return
                view = memoryview(payload)
                for at in range(0, len(view), _PIECE):
                    self._low.put_copy_data(view[at : at + _PIECE])
                    self._flush()
                self._low.put_copy_end()
                self._flush()
        except BaseException:
            self._running = False
            raise

    def ready(self) -> bool:
        """Whether :meth:`finish` would not have to wait."""
        if self._running and self._error is None:
            while self._poll.poll(0):
                self._low.consume_input()
                if not self._low.is_busy():
                    break
            return not self._low.is_busy()
        return True

    def finish(self) -> None:
        """Wait for the end of the script; without one, nothing.

        Raises:
            psycopg.Error: It failed, and nothing of it was done.
        """
        if not self._running:
            return
        try:
            while (result := self._result()) is not None:
                self._note(result)
        finally:
            self._running = False
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _await_copy(self) -> bool:
        """Wait until the server asks for rows; ``False`` when the script failed before that."""
        while (result := self._result()) is not None:
            if result.status == self._copy_in:
                return True
            self._note(result)
            if self._error is not None:
                return False
        return False

    def _note(self, result: Any) -> None:
        """Keep the first error."""
        if result.status == self._copy_in:  # fewer payloads than COPYs
            self._low.put_copy_end(b"no rows")
            self._flush()
        elif result.status in self._bad and self._error is None:
            self._error = load("psycopg.errors").error_from_result(result, encoding="utf-8")

    def _result(self) -> Any:
        while self._low.is_busy():
            self._poll.poll()
            self._low.consume_input()
        return self._low.get_result()

    def _flush(self) -> None:
        """Everything to the server; reads meanwhile, lest both wait for the other."""
        while self._low.flush():
            self._poll.modify(self._low.socket, _READ | _WRITE)
            events = self._poll.poll()
            self._poll.modify(self._low.socket, _READ)
            if any(event & ~_WRITE for _, event in events):
                self._low.consume_input()

    def close(self) -> None:
        """Whatever is under way is given up by the server."""
        self._running = False
        self.connection.close()
