"""Where a connector stands in the WAL: the stored offset, and what to leave out when it goes on from there. Pure.

Transactions arrive in the order of their commits, each as a whole; events within one in the order of the WAL. So a
place is: all transactions up to ``lsn_commit`` (the end of the last one that is done), and of the one that follows, all
events up to ``lsn``, of those at ``lsn`` itself the first ``lsn_events_processed``. The keys are Debezium's;
``messageType`` is COMMIT where no transaction is half done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas import ConnectError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Place", "check_offset", "place_of"]

_COMMIT = "COMMIT"


class Place(NamedTuple):
    """A place in the WAL.

    Args:
        done: Everything that committed up to here is done.
        event: The last event that was handed over.
        taken: How many events at that position were handed over.
        within: Whether the transaction after ``done`` is half done.
        xid: That transaction's id, or the last one's.
        micros: When it committed.
    """

    done: int
    event: int = 0
    taken: int = 0
    within: bool = False
    xid: int | None = None
    micros: int = 0

    def offset(self) -> dict[str, Any]:
        """As it is stored."""
        lsn = self.event if self.within else self.done
        return {
            "lsn_proc": lsn,
            "lsn_events_processed": self.taken if self.within else 0,
            "messageType": "INSERT" if self.within else _COMMIT,
            "lsn_commit": self.done,
            "lsn": lsn,
            "txId": self.xid,
            "ts_usec": self.micros,
        }


def place_of(offset: Mapping[str, Any]) -> Place | None:
    """The place that a stored offset says, ours or Debezium's; ``None``: a snapshot was not finished.

    Raises:
        ConnectError: It is no such offset.
    """
    check_offset(offset)
    if offset.get("snapshot") and not offset.get("snapshot_completed", False):
        return None
    lsn = offset["lsn"]
    done = offset.get("lsn_commit")
    kind = offset.get("messageType")
    xid, micros = offset.get("txId"), offset.get("ts_usec") or 0
    if done is None or kind is None or kind == _COMMIT:
        return Place(done if done is not None and kind == _COMMIT else lsn, xid=xid, micros=micros)
    count = offset.get("lsn_events_processed") or 1
    event = offset.get("lsn_proc") or lsn
    return Place(done, event, count, within=True, xid=xid, micros=micros)


def check_offset(offset: Mapping[str, Any]) -> None:
    """Refuse what :func:`place_of` cannot read.

    Raises:
        ConnectError: It has no position, or one that is no number.
    """
    for key in ("lsn", "lsn_proc", "lsn_commit"):
        value = offset.get(key)
        missing = value is None and key != "lsn"
        if not missing and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise ConnectError(
                f"A stored offset of PostgreSQL has no usable {key!r}: {dict(offset)}.",
                code="BRN-6131",
                remedy='It looks like {"lsn": 26854448, "lsn_commit": 26854448, …} for the partition {"server": "…"}.',
            )
