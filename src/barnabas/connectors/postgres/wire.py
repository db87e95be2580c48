r"""The messages of PostgreSQL's logical replication, protocol version 1, and of the stream around them. Pure.

A message of the stream is a ``w`` (WAL data: start, end and time, 25 bytes, then one message of the plugin
``pgoutput``) or a ``k`` (keepalive). Times count microseconds since 2000-01-01.

Tuples are read in two ways. :func:`quick_cells` cuts a tuple whose columns are all present and short in a single call:
a column is ``t``, four bytes of length, and text without a NUL; so ``t\0\0\0`` stands nowhere but before a column of
less than 256 bytes, and a tuple cut there into as many pieces as it has columns has been read. Every other tuple goes
through :func:`read_cells`, which walks it.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

from barnabas import DataError

__all__ = [
    "HEADER",
    "UNCHANGED",
    "Begin",
    "Cell",
    "Commit",
    "Keepalive",
    "LogicalMessage",
    "Relation",
    "RelationColumn",
    "Truncate",
    "keepalive",
    "lsn_text",
    "parse_lsn",
    "quick_cells",
    "read_cells",
    "read_message",
    "status_update",
]

HEADER: Final = 25
"""Bytes before the plugin's message in a ``w``."""

UNCHANGED: Final = type("Unchanged", (), {"__repr__": lambda _: "UNCHANGED"})()
"""A large value that an update did not touch, and so was not sent."""

Cell = Any  # bytes with one byte before them, None for NULL, or UNCHANGED

_EPOCH_2000: Final = 946_684_800_000_000
_MARK: Final = b"t\0\0\0"
_TEXT, _NULL, _KEPT, _BINARY = b"tnub"
_length = struct.Struct(">I").unpack_from
_begin = struct.Struct(">QqI").unpack_from
_commit = struct.Struct(">BQQq").unpack_from
_keepalive = struct.Struct(">QqB").unpack_from
_status = struct.Struct(">cQQQqB").pack
_column = struct.Struct(">Ii").unpack_from


class Begin(NamedTuple):
    """A transaction begins: where its commit stands, when it committed (microseconds since 1970), its id."""

    commit_lsn: int
    micros: int
    xid: int


class Commit(NamedTuple):
    """A transaction ends; ``end_lsn`` is where the next record of the WAL begins."""

    commit_lsn: int
    end_lsn: int
    micros: int


class RelationColumn(NamedTuple):
    """A column as the stream describes it."""

    key: bool
    name: str
    type: int
    typmod: int


class Relation(NamedTuple):
    """A table as it is from here on."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[RelationColumn, ...]


class Truncate(NamedTuple):
    """Tables were emptied."""

    oids: tuple[int, ...]


class LogicalMessage(NamedTuple):
    """What ``pg_logical_emit_message`` wrote."""

    transactional: bool
    lsn: int
    prefix: str
    content: bytes


class Keepalive(NamedTuple):
    """How far the server has sent, and whether it wants an answer now."""

    end: int
    reply: bool


Control = Begin | Commit | Relation | Truncate | LogicalMessage | None


def lsn_text(lsn: int) -> str:
    """``0/199C430``."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def parse_lsn(text: str) -> int:
    """The inverse of :func:`lsn_text`."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def keepalive(data: bytes) -> Keepalive:
    """A ``k`` message."""
    end, _, reply = _keepalive(data, 1)
    return Keepalive(end, bool(reply))


def status_update(written: int, flushed: int, micros: int, *, reply: bool = False) -> bytes:
    """What the server is told: how far was received, and how far it may forget."""
    return _status(b"r", written, flushed, flushed, micros - _EPOCH_2000, reply)


def quick_cells(body: bytes, width: int) -> list[Cell] | None:
    """The cells of a tuple, from after its number of columns; ``None``: walk it.

    Each cell has one byte before its text, and one empty cell stands before the first.
    """
    cells: list[Cell] = body.split(_MARK)
    return cells if len(cells) == width + 1 and not cells[0] else None


def read_cells(data: bytes, at: int) -> tuple[list[Cell], int]:
    """A tuple from its number of columns on, in the form of :func:`quick_cells`; and where it ends.

    Raises:
        DataError: It is cut short, or of a later version of the protocol.
    """
    try:
        width = data[at] << 8 | data[at + 1]
        at += 2
        cells: list[Cell] = [b""]
        for _ in range(width):
            kind = data[at]
            if kind == _TEXT:
                end = at + 5 + _length(data, at + 1)[0]
                if end > len(data):
                    raise _broken(data)
                cells.append(data[at + 4 : end])
                at = end
            elif kind in (_NULL, _KEPT):
                cells.append(None if kind == _NULL else UNCHANGED)
                at += 1
            else:
                raise _broken(data)
    except (IndexError, struct.error):
        raise _broken(data) from None
    return cells, at


def read_message(data: bytes, at: int = HEADER) -> Control:
    """Any message of the plugin but those with rows; ``None`` for those that mean nothing here (origins, types).

    Raises:
        DataError: It is none.
    """
    kind = data[at : at + 1]
    try:
        if kind == b"B":
            lsn, micros, xid = _begin(data, at + 1)
            return Begin(lsn, micros + _EPOCH_2000, xid)
        if kind == b"C":
            _, lsn, end, micros = _commit(data, at + 1)
            return Commit(lsn, end, micros + _EPOCH_2000)
        if kind == b"R":
            return _relation(data, at + 1)
        if kind == b"T":
            count = _length(data, at + 1)[0]
            return Truncate(struct.unpack_from(f">{count}I", data, at + 6))
        if kind == b"M":
            return _message(data, at + 1)
    except (IndexError, ValueError, struct.error):
        raise _broken(data) from None
    if kind in (b"O", b"Y"):
        return None
    raise _broken(data)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode(), end + 1


def _relation(data: bytes, at: int) -> Relation:
    oid = _length(data, at)[0]
    schema, at = _text(data, at + 4)
    name, at = _text(data, at)
    identity, width = chr(data[at]), data[at + 1] << 8 | data[at + 2]
    at += 3
    columns = []
    for _ in range(width):
        key = bool(data[at] & 1)
        column, at = _text(data, at + 1)
        kind, typmod = _column(data, at)
        columns.append(RelationColumn(key, column, kind, typmod))
        at += 8
    return Relation(oid, schema or "pg_catalog", name, identity, tuple(columns))


def _message(data: bytes, at: int) -> LogicalMessage:
    flags, lsn = struct.unpack_from(">BQ", data, at)
    prefix, at = _text(data, at + 9)
    size = _length(data, at)[0]
    content = data[at + 4 : at + 4 + size]
    if len(content) != size:
        raise ValueError(prefix)
    return LogicalMessage(bool(flags & 1), lsn, prefix, content)


def _broken(data: bytes) -> DataError:
    return DataError(
        f"PostgreSQL sent a replication message that cannot be read: {data[:60]!r}, {len(data)} bytes.",
        code="BRN-6134",
        remedy="Please report it, with the version of the server.",
    )
