"""From rows to columns and back, in C loops."""

from __future__ import annotations

from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "QUIET",
    "columns_of",
    "converted_dicts",
    "converted_lists",
    "numbers_of",
    "rows_of",
    "unchanged",
    "with_columns",
]

QUIET: Final[frozenset[type]] = frozenset({str, bool, type(None)})
"""Types of values that are no numbers and hold none."""


def columns_of(rows: Sequence[Any], names: tuple[str, ...]) -> tuple[list[Sequence[Any]], bool] | None:
    """The columns of dicts that have exactly the keys ``names``.

    Returns:
        The columns in the order of ``names``, and whether every row has its keys in that order already; ``None`` where
        a row is no dict, or has other keys.
    """
    if not names or {*map(type, rows)} != {dict}:
        return None
    if [*map(tuple, rows)].count(names) == len(rows):
        return [*zip(*map(dict.values, rows), strict=True)], True
    if {*map(len, rows)} != {len(names)}:
        return None
    try:
        return [[*map(itemgetter(name), rows)] for name in names], False
    except KeyError:
        return None


def unchanged(values: Sequence[Any], easy: frozenset[type], limits: tuple[int, int] | None) -> bool:
    """Whether all values are of types that stay as they are, and whole numbers within limits."""
    kinds = {*map(type, values)}
    if not easy or not kinds <= easy:
        return False
    if limits is None or int not in kinds:
        return True
    ints = values if len(kinds) == 1 else [value for value in values if value is not None]
    return bool(min(ints) >= limits[0] and max(ints) <= limits[1])


def converted_lists(rows: Sequence[Any], convert: Callable[[Sequence[Any]], Sequence[Any]]) -> Sequence[Any] | None:
    """Lists with their elements converted, all in one call: twice would be 2**n times where lists nest n deep.

    Returns:
        ``rows`` itself where no element changes; ``None`` where a row is no list.
    """
    if {*map(type, rows)} != {list}:
        return None
    flat = [*chain.from_iterable(rows)]
    changed = convert(flat)
    if changed is flat:
        return rows
    each = iter(changed)
    return [[*islice(each, len(row))] for row in rows]


def converted_dicts(rows: Sequence[Any], convert: Callable[[Sequence[Any]], Sequence[Any]]) -> Sequence[Any] | None:
    """Dicts with their values converted, all in one call, as for :func:`converted_lists`.

    Returns:
        ``rows`` itself where no value changes; ``None`` where a row is no dict, or has a key that is no text.
    """
    if {*map(type, rows)} != {dict} or not {*map(type, chain.from_iterable(rows))} <= {str}:
        return None
    flat = [*chain.from_iterable(map(dict.values, rows))]
    changed = convert(flat) if flat else flat
    if changed is flat:
        return rows
    each = iter(changed)
    return [dict(zip(row, islice(each, len(row)), strict=True)) for row in rows]


def rows_of(columns: Sequence[Sequence[Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Dicts with the keys ``names`` out of columns in that order."""
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def with_columns(
    rows: Sequence[dict[str, Any]],
    names: tuple[str, ...],
    before: Sequence[Sequence[Any]],
    after: Sequence[Sequence[Any]],
) -> Sequence[dict[str, Any]]:
    """Rows whose keys are ``names`` in that order, with the columns that changed replaced.

    Returns:
        ``rows`` itself where none did.
    """
    changes = [(name, new) for name, old, new in zip(names, before, after, strict=True) if new is not old]
    if not changes:
        return rows
    if len(changes) * 2 > len(names):
        return rows_of(after, names)
    made = [*map(dict.copy, rows)]
    for name, column in changes:
        for row, value in zip(made, column, strict=True):
            row[name] = value
    return made


def numbers_of(
    values: Sequence[Any], quiet: frozenset[type] = QUIET
) -> tuple[list[Sequence[float]], list[Sequence[int]]] | None:
    """Every float and every int in values of any shape, in groups; the keys of dicts are not looked at.

    Args:
        values: Dicts, lists and tuples in any depth are looked into.
        quiet: Types to leave out.

    Returns:
        Groups of at least one number each; ``None`` if there is a value of another type, or the nesting is too deep.
    """
    floats: list[Sequence[float]] = []
    ints: list[Sequence[int]] = []
    try:
        return (floats, ints) if _gather(values, quiet, floats, ints) else None
    except RecursionError:
        return None


def _gather(values: Sequence[Any], quiet: frozenset[type], floats: list[Any], ints: list[Any]) -> bool:
    try:
        "".join(values)
    except TypeError:
        pass  # not all text, which a join is the quickest way to find out
    else:
        return True
    kind = type(values[0])
    types = [*map(type, values)]
    if types.count(kind) == len(types):
        return kind in quiet or _gather_of(kind, values, quiet, floats, ints)
    return all(
        _gather_of(kind, [value for value in values if type(value) is kind], quiet, floats, ints)
        for kind in {*types}.difference(quiet)
    )


def _gather_of(kind: type, values: Any, quiet: frozenset[type], floats: list[Any], ints: list[Any]) -> bool:
    if kind is float:
        floats.append(values)
    elif kind is int:
        ints.append(values)
    elif kind is dict:
        for column in _parts(values):
            if not _gather(column, quiet, floats, ints):
                return False
    elif kind is list or kind is tuple:
        return _gather([*chain.from_iterable(values)], quiet, floats, ints)
    else:
        return False
    return True


def _parts(rows: Sequence[dict[Any, Any]]) -> list[Any]:
    """Values of dicts, those at the same place together where all have as many."""
    try:
        return [*zip(*map(dict.values, rows), strict=True)]
    except ValueError:
        return [[*chain.from_iterable(map(dict.values, rows))]]
