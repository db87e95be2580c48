"""Functions made to measure: what a transform does to rows of one schema, as Python source compiled once a schema.

A row is a dict that must not be changed: other batches may hold it. Interpreting a description of the change would cost
a loop for each row; source that names every field costs none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from barnabas._columns.rows import Fast
from barnabas._columns.source import compiled

__all__ = ["Pair", "looped", "rows", "tried"]

_TRIES: Final = 8
"""After so many columns that were not as expected, more than the others, no more are tried."""


class Pair(NamedTuple):
    """The same change for one value and for a column."""

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]


def rows(
    result: str, other: str, *, steps: Sequence[str], constants: Mapping[str, Any], hasty: Fast | None = None
) -> Pair:
    """Compile a change of rows.

    Args:
        result: An expression over ``v``, the row, and the variables of ``steps``.
        other: An expression over ``v`` for a value that is no plain dict; it may call ``one`` with a plain one.
        steps: Statements that come before the result, one line each.
        constants: What else the source mentions.
        hasty: A faster way for columns that are as expected.
    """
    single = "\n".join([f"    if type(v) is not dict: return {other}", *(f"    {step}" for step in steps)])
    source = f"def one(v):\n{single}\n    return {result}\ndef many(values):\n{_over_values(result, other, steps)}\n"
    made = compiled(source, constants)
    return Pair(made["one"], made["many"] if hasty is None else tried(hasty, made["many"]))


def _over_values(result: str, other: str, steps: Sequence[str]) -> str:
    if steps:
        return looped("v", "values", result, other, steps)
    return f"    return [({result}) if type(v) is dict else {other} for v in values]"


def looped(target: str, columns: str, result: str, other: str, steps: Sequence[str]) -> str:
    """The body of a function that goes over columns with ``for``, where a comprehension has no room for statements."""
    return "\n".join(
        [
            "    made = []",
            "    add = made.append",
            f"    for {target} in {columns}:",
            "        if type(v) is not dict:",
            f"            add({other})",
            "            continue",
            *(f"        {step}" for step in steps),
            f"        add({result})",
            "    return made",
        ]
    )


def tried(
    hasty: Callable[[list[Any]], list[Any] | None], slowly: Callable[[list[Any]], list[Any]]
) -> Callable[[list[Any]], list[Any]]:
    """A function for columns that tries one that is fast and particular first, as long as that fails less than not.

    Args:
        hasty: Gives ``None`` for a column that is not for it.
        slowly: For every column.
    """
    left = _TRIES

    def many(values: list[Any]) -> list[Any]:
        nonlocal left
        if left:
            made = hasty(values)
            if made is not None:
                left = min(left + 1, _TRIES)
                return made
            left -= 1
        return slowly(values)

    return many
