"""What :mod:`barnabas._columns.rows` describes, by the compiled part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from barnabas._columns import native

if TYPE_CHECKING:
    from barnabas import _native
else:
    _native = native

__all__ = ["all_of", "column", "editing", "flattening", "has_null", "hoisting", "putting", "reaching", "selecting"]

Column = list[Any]
Fast = Callable[[Column], "Column | None"]

column = _native.column
all_of = _native.all_of
has_null = _native.has_null


def selecting(members: Mapping[str, str], *, nulls: bool) -> Fast:
    """New rows of some fields."""
    sources, targets = tuple(map(str, members.values())), tuple(map(str, members))
    return lambda values: _native.select(values, sources, targets, nulls)


def editing(dropped: Sequence[str], renamed: Mapping[str, str], *, nulls: bool) -> Fast:
    """Copies without some fields and with others renamed."""
    gone, old, new = tuple(map(str, dropped)), tuple(map(str, renamed)), tuple(map(str, renamed.values()))
    return lambda values: _native.edit(values, gone, old, new, nulls)


def putting(
    names: Sequence[str], *, skipped: Sequence[bool], nulls: bool
) -> Callable[[Column, tuple[Any, ...]], Column | None]:
    """Copies with fields set."""
    fields, skips = tuple(map(str, names)), tuple(skipped)
    return lambda values, columns: _native.put(values, fields, columns, skips, nulls)


def reaching(path: Sequence[str]) -> Fast:
    """Fields at the end of a path."""
    steps = tuple(map(str, path))
    return lambda values: _native.nested(values, steps)


def hoisting(name: str) -> Fast:
    """Each value as the only member of a row."""
    return lambda values: _native.hoist(values, name)


def flattening(delimiter: str) -> Fast:
    """Rows made flat."""
    return lambda values: _native.flat(values, delimiter)
