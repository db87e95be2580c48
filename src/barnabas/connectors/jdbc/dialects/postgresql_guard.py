"""Which transactions of PostgreSQL may still add rows behind those that were read.

Whoever inserts into a table holds a lock on it from before the first default of a column was evaluated until the end of
the transaction: locks tell the open writers exactly, long before they have a transaction id and without any privilege.
So does whoever has taken a number from a sequence, to use it later: on the sequence. Those count of the table's own
sequences, and of sequences that are no table's.
A transaction that has not written yet may still do so with the time of its beginning (``now()``); that it is there is
told by the lock that every transaction holds on its own virtual id.

A standby has no locks of those who write on the primary, and does not tell which of their ids are running; it only
knows that none below the oldest is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from barnabas.connectors.jdbc.dialects.base import Barrier, Guard

__all__ = ["READING", "barrier", "still_open", "unseen"]

_OLD = 1 << 30
"""Transactions. Rows keep 32 bits of an id, which are told apart as long as they are not further from each other."""

_FIRST = 3  # below are the ids with a meaning of their own

_KEY = (0x6261726E, 1)
# EXPLAIN plans the query and by that locks every table, partition and table behind a view that it reads: this
# session's own locks say which those are. Ids below 16384 are the system's own tables.
_WRITERS = """
WITH mine AS (
  SELECT relation FROM pg_catalog.pg_locks
  WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND relation >= 16384
)
SELECT DISTINCT w.virtualtransaction, w.pid
FROM pg_catalog.pg_locks w
LEFT JOIN pg_catalog.pg_class c ON c.oid = w.relation AND c.relkind = 'S'
LEFT JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  AND d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
WHERE w.locktype = 'relation' AND w.granted
  AND w.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
  AND w.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND w.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND (w.relation IN (SELECT relation FROM mine)
    OR c.oid IS NOT NULL AND (d.refobjid IS NULL OR d.refobjid IN (SELECT relation FROM mine)))
"""
# Reading transactions of these connectors say so by a lock that hinders nobody: they write nothing, and may take long.
READING = f"SELECT pg_catalog.pg_advisory_xact_lock_shared({_KEY[0]}, {_KEY[1]})"
_NO_READER = f"""NOT EXISTS (
    SELECT FROM pg_catalog.pg_locks r
    WHERE r.locktype = 'advisory' AND r.pid = l.pid AND r.classid = {_KEY[0]} AND r.objid = {_KEY[1]} AND r.objsubid = 2
  )"""
_SESSIONS = f"""
SELECT l.virtualtransaction, l.pid
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = pg_catalog.current_database()
  AND a.usesysid IS NOT NULL AND l.pid <> pg_catalog.pg_backend_pid() AND {_NO_READER}
"""  # noqa: S608  constants only
# Those that were prepared for a commit in two phases have no session, and are named by their transaction id.
_PREPARED = """
SELECT l.virtualtransaction, NULL::int
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = l.transactionid
WHERE l.pid IS NULL AND l.locktype = 'transactionid' AND p.database = pg_catalog.current_database()
"""
_WHO = """
SELECT pid, concat_ws(', ', 'user ' || usename, 'application ' || nullif(application_name, ''),
  'open since ' || to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS'), state)
FROM pg_catalog.pg_stat_activity WHERE pid = ANY(%s)
"""
_STANDBY = """
SELECT pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s)
FROM pg_catalog.txid_current_snapshot() AS s
"""
_BEFORE = "before "
_STILL = f"""
SELECT DISTINCT l.virtualtransaction FROM pg_catalog.pg_locks l WHERE l.virtualtransaction = ANY(%s) AND {_NO_READER}
"""  # noqa: S608  constants only


def barrier(connection: Any, query: str, guard: Guard) -> Barrier:
    """See :meth:`Dialect.barrier`."""
    now, standby = connection.execute("SELECT pg_catalog.clock_timestamp(), pg_catalog.pg_is_in_recovery()").fetchone()
    if guard == "none":
        return Barrier({}, now)
    if standby:
        oldest, next_ = connection.execute(_STANDBY).fetchone()
        return Barrier({f"{_BEFORE}{next_}": "transactions on the primary"} if oldest < next_ else {}, now)
    with connection.transaction():
        connection.execute("SET LOCAL TRANSACTION READ ONLY")
        connection.execute(f"EXPLAIN {query}", prepare=False)
        found = dict(connection.execute(_WRITERS).fetchall())
        if guard == "all":
            found |= dict(connection.execute(f"{_SESSIONS} UNION ALL {_PREPARED}").fetchall())
        words = dict(connection.execute(_WHO, [[pid for pid in found.values() if pid]]).fetchall()) if found else {}
    return Barrier({name: _words(pid, words.get(pid)) for name, pid in found.items()}, now)


def still_open(connection: Any, transactions: Sequence[str]) -> list[str]:
    """See :meth:`Dialect.still_open`."""
    if transactions[0].startswith(_BEFORE):
        oldest, _ = connection.execute(_STANDBY).fetchone()
        return [name for name in transactions if oldest < int(name.removeprefix(_BEFORE))]
    left = _first(connection.execute(_STILL, [list(transactions)]))
    # One that was prepared goes on under another name: all that are prepared when one has ended stand for it.
    if any(name not in left and not _is_prepared(name) for name in transactions):
        left |= _first(connection.execute(_PREPARED))
    return sorted(left)


def unseen(before: str, now: str) -> str:
    """See :meth:`Dialect.unseen`; snapshots are ``xmin:xmax:ids of those that were running``."""
    _, end, running = before.split(":")
    distance = int(now.split(":")[1]) - int(end)
    if not 0 <= distance < _OLD:
        return "true"
    ids = "".join(f", '{_short(int(id_))}'::xid" for id_ in running.split(",") if id_)
    later = f"age(xmin) <= age('{_short(int(end))}'::xid)"
    return f"({later} OR xmin IN ({ids[2:]}))" if ids else later


def _short(transaction: int) -> int:
    """The 32 bits of a transaction's id that rows keep."""
    return max(transaction % (1 << 32), _FIRST)


def _is_prepared(name: str) -> bool:
    return name.startswith("-1/")


def _first(rows: Iterable[tuple[Any, ...]]) -> set[Any]:
    return {row[0] for row in rows}


def _words(pid: int | None, who: str | None) -> str:
    return "a prepared transaction" if pid is None else f"process {pid}" + (f" ({who})" if who else "")
