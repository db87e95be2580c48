"""Columns into the text form of COPY: for types that take every value as text, such as intervals, ranges and inet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, Final

from barnabas.connectors.jdbc.sink_kinds import Kind, kind_of, text_form
from barnabas.schema import Schema

__all__ = ["text_field", "text_rows"]

_SPECIAL: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL: Final = "\\N"
_NAIVE: Final = frozenset({"timestamp"})


def text_field(
    schema: Schema, kind: Kind, type_name: str, *, zone: tzinfo | None = None, debezium: bool = True
) -> Callable[[Any], str]:
    """How a value that is not null reads in the text of a column.

    Args:
        schema: Of the values.
        kind: Of the values.
        type_name: The column's type, as in ``pg_type``; an array's begins with an underscore.
        zone: Whose wall clock a column without time zone keeps; ``None`` for UTC.
        debezium: See :func:`kind_of`; for the elements of arrays.
    """
    if kind == "array" and type_name.startswith("_") and schema.value_schema is not None:
        inner = kind_of(schema.value_schema, debezium=debezium)
        item = text_field(schema.value_schema, inner, type_name[1:] if inner != "array" else type_name, zone=zone)
        return lambda values: _array(values, item, nested=inner == "array")
    return text_form(kind, zone=zone, naive=type_name in _NAIVE)


def _array(values: Sequence[Any], item: Callable[[Any], str], *, nested: bool) -> str:
    texts = ["NULL" if value is None else item(value) if nested else _quoted(item(value)) for value in values]
    return "{" + ",".join(texts) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def text_rows(fields: Sequence[Callable[[Any], str]], columns: Sequence[Sequence[Any]]) -> bytes:
    """The rows of columns.

    Raises:
        TypeError, ValueError, AttributeError, ArithmeticError: A value is not what its field takes.
    """
    texts = [
        [_NULL if value is None else field(value).translate(_SPECIAL) for value in column]
        for field, column in zip(fields, columns, strict=True)
    ]
    return "".join(["\t".join(row) + "\n" for row in zip(*texts, strict=True)]).encode()
