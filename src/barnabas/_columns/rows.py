"""Columns of rows: what transforms do to dicts.

A *row* is an exact :class:`dict` (no derived class) that other batches may hold: it is never changed. What is made here
is a function for columns that gives a new column, or ``None`` if the column is not for it: a row is none, or lacks a
field that is needed. Where ``nulls`` says so, a ``None`` among the rows stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from barnabas._columns import native, plain_rows
from barnabas._columns.plain_flat import FlatColumns

__all__ = [
    "Column",
    "Fast",
    "Put",
    "all_of",
    "column",
    "editing",
    "flattening",
    "has_null",
    "hoisting",
    "putting",
    "reaching",
    "selecting",
]

Column = list[Any]
Fast = Callable[[Column], "Column | None"]
Put = Callable[[Column, tuple[Any, ...]], "Column | None"]


class _Selecting(Protocol):
    def __call__(self, members: Mapping[str, str], *, nulls: bool) -> Fast: ...


class _Editing(Protocol):
    def __call__(self, dropped: Sequence[str], renamed: Mapping[str, str], *, nulls: bool) -> Fast: ...


class _Putting(Protocol):
    def __call__(self, names: Sequence[str], *, skipped: Sequence[bool], nulls: bool) -> Put: ...


def _chosen(name: str) -> Any:
    if native is None:
        return getattr(plain_rows, name)
    from barnabas._columns import native_rows  # noqa: PLC0415  only where there is something to call

    return getattr(native_rows, name)


selecting: Final[_Selecting] = _chosen("selecting")
"""Makes new rows of some fields: ``members`` are their names in the old rows by those in the new ones."""

editing: Final[_Editing] = _chosen("editing")
"""Makes copies without some fields and with others renamed (``renamed``: from old to new names), which come last. Every
row has to have all of them, and must not have a new name yet."""

putting: Final[_Putting] = _chosen("putting")
"""Makes copies with fields set. Its function takes the rows and for each name a list with an entry a row, or any other
value for all of them; where ``skipped`` says so, a ``None`` leaves the row as it is."""

reaching: Final[Callable[[Sequence[str]], Fast]] = _chosen("reaching")
"""Takes the fields at the end of a path; every step to it has to be a row."""

hoisting: Final[Callable[[str], Fast]] = _chosen("hoisting")
"""Makes each value, whatever it is, the only member of a new row."""

flattening: Final[Callable[[str], Fast]] = FlatColumns if native is None else _chosen("flattening")
"""Makes rows flat: leaves of nested rows come last and are named by their paths, which the delimiter joins. A value
that JSON does not have is not for it, nor are leaves with one and the same name."""

column: Final[Callable[[Column, str], Column | None]] = _chosen("column")
"""A field of each row."""

all_of: Final[Callable[[Column, type], bool]] = _chosen("all_of")
"""Whether all values are of that very class."""

has_null: Final[Callable[[Column], bool]] = _chosen("has_null")
"""Whether one of the values is ``None``."""
