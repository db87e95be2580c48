"""From rows to columns and back, in C loops."""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["columns_of", "rows_of", "unchanged_lists"]


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


def unchanged_lists(rows: Sequence[Any], convert: Callable[[Sequence[Any]], Sequence[Any]]) -> bool:
    """Whether all rows are lists whose elements ``convert`` would leave as they are."""
    if {*map(type, rows)} != {list}:
        return False
    flat = [*chain.from_iterable(rows)]
    return convert(flat) is flat


def rows_of(columns: Sequence[Sequence[Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Dicts with the keys ``names`` out of columns in that order."""
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
