"""Rows on their way into one table: which form of COPY takes them, and whom to blame when it cannot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from barnabas import DataError
from barnabas.connectors.jdbc.sink_binary import HEADER, TRAILER, BinaryField, PgType, binary_field, binary_rows
from barnabas.connectors.jdbc.sink_kinds import kind_of
from barnabas.connectors.jdbc.sink_text import text_field, text_rows
from barnabas.schema import Schema

__all__ = ["Loader"]

_UNFIT = (struct.error, TypeError, ValueError, AttributeError, ArithmeticError)
_SHOWN = 60  # characters of a value in a message


class Loader:
    """Writes columns with certain schemas into columns with certain types.

    Args:
        columns: Schema by column.
        types: The type of each column, in the same order.
        zone: Whose wall clock columns without time zone keep; ``None`` for UTC.
    """

    def __init__(self, columns: Mapping[str, Schema], types: Sequence[PgType], zone: tzinfo | None) -> None:
        self._names = [*columns]
        self._types = [*types]
        schemas = [*columns.values()]
        kinds = [kind_of(schema) for schema in schemas]
        fields = [
            binary_field(schema, kind, target, zone=zone)
            for schema, kind, target in zip(schemas, kinds, types, strict=True)
        ]
        self._binary: list[BinaryField] | None = [field for field in fields if field is not None]
        if len(self._binary) != len(fields):
            self._binary = None
        self._text: list[Callable[[Any], str]] = [
            text_field(schema, kind, target.name, zone=zone)
            for schema, kind, target in zip(schemas, kinds, types, strict=True)
        ]

    @property
    def options(self) -> str:
        """What stands behind ``FROM STDIN``."""
        return "" if self._binary is None else " (FORMAT BINARY)"

    def payload(self, columns: Sequence[Sequence[Any]]) -> bytes:
        """What COPY is sent.

        Raises:
            DataError: A value does not fit its column; says which.
        """
        try:
            return self._payload(columns)
        except _UNFIT:
            self._blame(columns)
            raise

    def _payload(self, columns: Sequence[Sequence[Any]]) -> bytes:
        if self._binary is None:
            return text_rows(self._text, columns)
        try:
            rows = binary_rows(self._binary, columns)
        except _UNFIT:  # perhaps a null where the schema allows none: the table decides about it
            rows = binary_rows([field._replace(checked=True) for field in self._binary], columns)
        return b"".join((HEADER, rows, TRAILER))

    def _blame(self, columns: Sequence[Sequence[Any]]) -> None:
        for at, column in enumerate(columns):
            for value in column:
                if value is None:
                    continue
                try:
                    if self._binary is not None:
                        self._binary[at].single(value)
                    else:
                        self._text[at](value)
                except _UNFIT as error:
                    raise self._unfit(at, value, error) from error

    def _unfit(self, at: int, value: Any, error: Exception) -> DataError:
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        return DataError(
            f"{shown} does not fit column {self._names[at]} of type {self._types[at].name}: {error}.",
            code="BRN-6187",
            remedy="Change the value with a transform, or the type of the column.",
        )
