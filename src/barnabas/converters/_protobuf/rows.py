"""Rows out of columns, by a function made for the names: a dict display is twice as fast as ``dict(zip())``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from barnabas._columns.source import compiled, dict_of

__all__ = ["RowMaker", "row_maker"]

RowMaker = Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]
"""From columns, at least one, in the order of the names, to dicts."""


def row_maker(names: Sequence[str]) -> RowMaker:
    """A function that makes dicts with these keys; there has to be one at least."""
    letters = [f"v{place}" for place in range(len(names))]
    shape = dict_of(dict(zip(names, letters, strict=True)))
    source = f"def made(columns): return [{shape} for {', '.join(letters)}, in zip(*columns, strict=True)]"
    found: RowMaker = compiled(source, {})["made"]
    return found
