"""How much WAL the server keeps for the slot, looked at now and then: a warning comes before the slot is lost."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from barnabas.connectors.postgres.slots import Slot, look_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.connectors.postgres.connection import Server

__all__ = ["SlotWatch", "warning_about"]

log = logging.getLogger(__name__)

_EVERY_S = 30.0
_AGAIN_S = 600.0


def warning_about(slot: Slot, name: str, limit: int) -> str | None:
    """What is to be said about a slot; ``None``: nothing.

    Args:
        slot: As it is.
        name: Its name.
        limit: How much WAL it may hold back without a warning, in bytes; 0: any amount.
    """
    kept = "an unknown amount" if slot.lag_bytes is None else f"{slot.lag_bytes >> 20} MiB"
    if slot.wal_status == "lost":
        return f"The replication slot {name} is lost: the server removed WAL that was still needed. (BRN-6129)"
    if slot.wal_status == "unreserved":
        return (
            f"The replication slot {name} is about to be lost: it holds back {kept} of WAL, more than the server's "
            "max_slot_wal_keep_size. Raise that now: ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT "
            "pg_reload_conf(); (BRN-6140)"
        )
    if slot.safe_bytes is not None and slot.lag_bytes is not None and slot.safe_bytes < slot.lag_bytes:
        return (
            f"The replication slot {name} holds back {kept} of WAL, and is lost after {slot.safe_bytes >> 20} MiB more "
            "(max_slot_wal_keep_size). (BRN-6140)"
        )
    if limit and slot.lag_bytes is not None and slot.lag_bytes > limit:
        return f"The replication slot {name} holds back {kept} of WAL on the server's disk. (BRN-6141)"
    return None


class SlotWatch:
    """Looks at the slot every half minute, and repeats the same warning after ten minutes only.

    Args:
        server: Where it is.
        name: Its name.
        limit: See :func:`warning_about`.
        report: Told how many bytes are held back, and how many more may be.
    """

    def __init__(self, server: Server, name: str, limit: int, report: Callable[[int, int | None], None]) -> None:
        self._report = report
        self._server = server
        self._name = name
        self._limit = limit
        self._next = time.monotonic()
        self._warned: tuple[str | None, float] = (None, 0.0)

    def look(self) -> None:
        """Look, if it is time to.

        Raises:
            ConnectError: The server cannot be asked.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        connection = self._server.connect()
        try:
            with self._server.explained("look at the replication slot"):
                slot = look_up(connection, self._name)
        finally:
            connection.close()
        if slot is not None:
            self._judge(slot, now)

    def _judge(self, slot: Slot, now: float) -> None:
        if slot.lag_bytes is not None:
            self._report(slot.lag_bytes, slot.safe_bytes)
        warning = warning_about(slot, self._name, self._limit)
        if warning is None:
            log.debug("The slot %s holds back %s bytes of WAL (%s).", self._name, slot.lag_bytes, slot.wal_status)
            return
        known, at = self._warned
        if known != slot.wal_status or now - at > _AGAIN_S:
            self._warned = slot.wal_status, now
            log.warning("%s", warning)
