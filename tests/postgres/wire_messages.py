"""Messages of the replication stream, made by hand."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH_2000 = 946_684_800_000_000
KEPT = object()


def wal(message: bytes, lsn: int = 0) -> bytes:
    return struct.pack(">cQQq", b"w", lsn, lsn, 0) + message


def keepalive(end: int, *, reply: bool = False) -> bytes:
    return struct.pack(">cQqB", b"k", end, 0, reply)


def begin(commit_lsn: int, xid: int, micros: int = EPOCH_2000) -> bytes:
    return wal(struct.pack(">cQqI", b"B", commit_lsn, micros - EPOCH_2000, xid))


def commit(commit_lsn: int, end_lsn: int) -> bytes:
    return wal(struct.pack(">cBQQq", b"C", 0, commit_lsn, end_lsn, 0), end_lsn)


def relation(oid: int, name: str, columns: Sequence[tuple[str, int, bool]], identity: str = "d") -> bytes:
    body = struct.pack(">cI", b"R", oid) + b"public\0" + name.encode() + b"\0" + identity.encode()
    body += struct.pack(">H", len(columns))
    for column, kind, key in columns:
        body += struct.pack(">B", key) + column.encode() + b"\0" + struct.pack(">Ii", kind, -1)
    return wal(body)


def tuple_of(values: Sequence[object]) -> bytes:
    parts = [struct.pack(">H", len(values))]
    for value in values:
        if value is None:
            parts.append(b"n")
        elif value is KEPT:
            parts.append(b"u")
        else:
            data = str(value).encode()
            parts.append(b"t" + struct.pack(">I", len(data)) + data)
    return b"".join(parts)


def insert(oid: int, values: Sequence[object], lsn: int) -> bytes:
    return wal(struct.pack(">cI", b"I", oid) + b"N" + tuple_of(values), lsn)


def update(
    oid: int, values: Sequence[object], lsn: int, old: Sequence[object] | None = None, kind: bytes = b"K"
) -> bytes:
    before = b"" if old is None else kind + tuple_of(old)
    return wal(struct.pack(">cI", b"U", oid) + before + b"N" + tuple_of(values), lsn)


def delete(oid: int, old: Sequence[object], lsn: int, kind: bytes = b"K") -> bytes:
    return wal(struct.pack(">cI", b"D", oid) + kind + tuple_of(old), lsn)
