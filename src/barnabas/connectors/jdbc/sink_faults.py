"""What goes wrong while rows are written, as errors that say whose fault it is."""

from __future__ import annotations

import re
from typing import Any

from barnabas import ConnectError, DataError, SinkRecord
from barnabas.connectors.jdbc.sink_offsets import FENCED
from barnabas.connectors.postgres.faults import JDBC_KEYS, fault

__all__ = ["explain", "is_stale", "located"]

_RECORD_CLASSES = ("22", "23")  # data exceptions, violated constraints
_NO_UNIQUE_KEY = "42P10"
_STALE = {
    "42P01",
    "42703",
    "42804",
    "22P03",
    "42P10",
    "0A000",
}  # what a table has that was changed since it was looked at
_COLUMN = re.compile(r"column (\S+?)(:|$)")


def explain(error: Exception, user: str = "") -> ConnectError:
    """An error of ours: RetriableError where trying again may help, DataError where a record is at fault."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, ConnectError) or not isinstance(state, str):
        return fault(error, "write", JDBC_KEYS, user=user)
    diagnosis: Any = getattr(error, "diag", None)
    said = (diagnosis.message_primary if diagnosis is not None else None) or str(error)
    if state == FENCED:
        return ConnectError(
            "The offsets in the database were moved by somebody else: another task writes these partitions.",
            code="BRN-6192",
            key="exactly.once.table",
            remedy="Only one task may: end the other one. After a restart this task goes on where the table says.",
        )
    if state == _NO_UNIQUE_KEY:
        return ConnectError(
            f"An upsert needs a primary key or a unique constraint on the key's columns: {said}.",
            code="BRN-6188",
            key="pk.fields",
            remedy="ALTER TABLE … ADD PRIMARY KEY (…); or name in pk.fields the columns that have one.",
        )
    if state[:2] in _RECORD_CLASSES:
        return _record_fault(state, said, diagnosis)
    return fault(error, "write", JDBC_KEYS, user=user)


def _record_fault(state: str, said: str, diagnosis: Any) -> DataError:
    context = (diagnosis.context or "").partition("\n")[0] if diagnosis is not None else ""
    named = diagnosis.column_name if diagnosis is not None else None
    if named is None and (found := _COLUMN.search(context)):
        named = found[1]
    where = f" (column {named})" if named and f'"{named}"' not in said else ""
    detail = f" {diagnosis.message_detail}" if diagnosis is not None and diagnosis.message_detail else ""
    return DataError(
        f"PostgreSQL refuses the row: {said}{where} (SQLSTATE {state}).",
        code="BRN-6191",
        remedy=f"{detail.strip()} Change the value with a transform, or the table.".strip(),
    )


def is_stale(error: Exception) -> bool:
    """Whether the table may have been changed since it was looked at: worth another look."""
    return getattr(error, "sqlstate", None) in _STALE


def located(error: ConnectError, record: SinkRecord) -> DataError:
    """The same, saying which record it is about."""
    where = f"{record.original.topic}-{record.original.partition}, offset {record.original_kafka_offset}"
    return DataError(f"Record at {where}: {error.message}", code=error.code, key=error.key, remedy=error.remedy)
