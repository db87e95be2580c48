"""Functions made to measure: what a transform does to rows of one schema, as Python source compiled once a schema.

A row is a dict that must not be changed: other batches may hold it. Interpreting a description of the change would cost
a loop for each row; source that names every field costs none. Of a user's data and settings, only names of fields go
into it, and only as literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Pair", "compiled", "literal", "looped", "rows", "tried"]


_TRIES = 8


class Pair(NamedTuple):
    """The same change for one value and for a column."""

    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]


def literal(name: str | None) -> str:
    """A field's name as source. A name of a class derived from ``str`` does not get to choose its own text."""
    return "None" if name is None else str.__repr__(name)


def rows(
    result: str, other: str, *, steps: Sequence[str], constants: Mapping[str, Any], hasty: str | None = None
) -> Pair:
    """Compile a change of rows.

    Args:
        result: An expression over ``v``, the row, and the variables of ``steps``.
        other: An expression over ``v`` for a value that is no plain dict; it may call ``one`` with a plain one.
        steps: Statements that come before the result, one line each.
        constants: What else the source mentions.
        hasty: A faster expression for ``result`` that may raise KeyError. Columns are tried with it until it does once.
    """
    if hasty is not None and not steps:
        many = (
            "    if haste:\n"
            "        try:\n"
            f"            return [{hasty} if type(v) is dict else {other} for v in values]\n"
            "        except KeyError:\n"
            "            haste.clear()\n"
            f"    return [{result} if type(v) is dict else {other} for v in values]"
        )
    elif steps:
        many = looped("v", "values", result, other, steps)
    else:
        many = f"    return [{result} if type(v) is dict else {other} for v in values]"
    single = "\n".join([f"    if type(v) is not dict: return {other}", *(f"    {step}" for step in steps)])
    made = compiled(
        f"def one(v):\n{single}\n    return {result}\ndef many(values):\n{many}\n", {"haste": [True], **constants}
    )
    return Pair(made["one"], made["many"])


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
    """A function for columns that tries one that is fast and particular first, as long as that rarely fails.

    Args:
        hasty: Raises KeyError or TypeError for a column that is not for it.
        slowly: For every column.
    """
    left = _TRIES

    def many(values: list[Any]) -> list[Any]:
        nonlocal left
        if left:
            try:
                return hasty(values)
            except (KeyError, TypeError):
                left -= 1
        return slowly(values)

    return many
