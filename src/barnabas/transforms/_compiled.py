"""Functions made to measure: what a transform does to rows of one schema, as Python source compiled once a schema.

A row is a dict that must not be changed: other batches may hold it. Interpreting a description of the change would cost
a loop for each row; source that names every field costs none. Of a user's data and settings, only names of fields go
into it, and only as literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["Hasty", "Pair", "compiled", "literal", "looped", "rows", "tried"]

_TRIES: Final = 8
"""After so many columns that were not as expected, more than the others, no more are tried."""


class Pair(NamedTuple):
    """The same change for one value and for a column."""

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]


class Hasty(NamedTuple):
    """A change of rows that have the fields which are looked for.

    Args:
        result: An expression over ``v``, the row; it, or a step, raises KeyError for a row that is otherwise.
        steps: Statements before it.
    """

    result: str
    steps: Sequence[str] = ()


def literal(name: str | None) -> str:
    """A field's name as source. A name of a class derived from ``str`` does not get to choose its own text."""
    return "None" if name is None else str.__repr__(name)


def rows(
    result: str, other: str, *, steps: Sequence[str], constants: Mapping[str, Any], hasty: Hasty | None = None
) -> Pair:
    """Compile a change of rows.

    Args:
        result: An expression over ``v``, the row, and the variables of ``steps``.
        other: An expression over ``v`` for a value that is no plain dict; it may call ``one`` with a plain one.
        steps: Statements that come before the result, one line each.
        constants: What else the source mentions.
        hasty: A faster way for columns of rows that are as expected.
    """
    single = "\n".join([f"    if type(v) is not dict: return {other}", *(f"    {step}" for step in steps)])
    source = f"def one(v):\n{single}\n    return {result}\ndef many(values):\n{_over_values(result, other, steps)}\n"
    if hasty is not None:
        source += f"def hasty(values):\n{_over_values(hasty.result, other, hasty.steps)}\n"
    made = compiled(source, constants)
    return Pair(made["one"], made["many"] if hasty is None else tried(made["hasty"], made["many"]))


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


def compiled(source: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """What executing ``source`` defines, ``names`` being known to it."""
    space = dict(names)
    exec(compile(source, "<transform>", "exec"), space)  # noqa: S102 - our own source: only literals come from outside
    return space


def tried(
    hasty: Callable[[list[Any]], list[Any]], slowly: Callable[[list[Any]], list[Any]]
) -> Callable[[list[Any]], list[Any]]:
    """A function for columns that tries one that is fast and particular first, as long as that fails less than not.

    Args:
        hasty: Raises KeyError or TypeError for a column that is not for it.
        slowly: For every column.
    """
    left = _TRIES

    def many(values: list[Any]) -> list[Any]:
        nonlocal left
        if left:
            try:
                made = hasty(values)
            except (KeyError, TypeError):
                left -= 1
            else:
                left = min(left + 1, _TRIES)
                return made
        return slowly(values)

    return many
