"""Columns of schemaless maps made flat at once, as long as all of them are nested in the same way.

Which fields hold maps is learned from a row, and source compiled for it. Whether the other rows are like it is checked
afterwards, for the whole column: a look at every value from Python would take longer than making it flat.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import orjson

from barnabas._columns.source import compiled, literal

__all__ = ["FlatColumns"]

_TRIES: Final = 8
"""After so many columns that were not as learned, more than the others, columns are no longer tried."""

# What JSON cannot say is refused, and with it everything that Flatten refuses: dates, decimals, structs. Where
# nothing is refused, the values were checked without being looked at from Python.
_EXACT: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


class _OtherwiseError(Exception):
    """A row is not as learned."""


class FlatColumns:
    """``flat(values)`` is a new column, or ``None`` where it is not as learned; the given one stays as it is.

    Args:
        delimiter: Stands between the names of a path.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._learned: Callable[[list[Any]], list[Any]] | None = None
        self._tries = _TRIES

    def __call__(self, values: list[Any]) -> list[Any] | None:
        """The column made flat."""
        if not self._tries or not values or type(values[0]) is not dict:
            return None
        if self._learned is None:
            self._learned = self._learn(values[0])
        try:
            made = self._learned(values)
        except (KeyError, TypeError, _OtherwiseError):  # orjson's errors are TypeErrors
            self._learned = None
            self._tries -= 1
            return None
        self._tries = min(self._tries + 1, _TRIES)
        return made

    def _learn(self, row: dict[Any, Any]) -> Callable[[list[Any]], list[Any]]:
        nested = [name for name, value in row.items() if type(value) is dict]
        leaves = [name for name, value in row.items() if type(value) is not dict]
        if not {str}.issuperset(map(type, row)):
            return _otherwise
        steps = [f"s{at} = d.pop({literal(name)})" for at, name in enumerate(nested)]
        for at, name in enumerate(nested):
            steps += self._spread(row[name], f"s{at}", name, leaves)
        if not leaves or len(set(leaves)) < len(leaves):
            return _otherwise
        source = (
            "def learned(values):\n"
            "    made = []\n"
            "    add = made.append\n"
            "    for v in values:\n"
            "        if type(v) is not dict: raise Otherwise\n"
            "        d = v.copy()\n" + "".join(f"        {step}\n" for step in steps) + "        add(d)\n"
            "    check(made)\n"
            "    return made\n"
        )
        names = {"Otherwise": _OtherwiseError, "check": _checking(leaves)}
        made: Callable[[list[Any]], list[Any]] = compiled(source, names)["learned"]
        return made

    def _spread(self, inner: dict[Any, Any], row: str, path: str, leaves: list[Any]) -> list[str]:
        """Statements for the members of a nested map, whose flat names are added to ``leaves``."""
        steps = [f"if type({row}) is not dict or len({row}) != {len(inner)}: raise Otherwise"]
        for at, (key, value) in enumerate(inner.items()):
            if type(key) is not str:
                return ["raise Otherwise"]
            name = path + self._delimiter + key
            if type(value) is dict:
                steps.append(f"{row}_{at} = {row}[{literal(key)}]")
                steps += self._spread(value, f"{row}_{at}", name, leaves)
            else:
                steps.append(f"d[{literal(name)}] = {row}[{literal(key)}]")
                leaves.append(name)
        return steps


def _otherwise(_: list[Any]) -> list[Any]:
    raise _OtherwiseError


def _checking(leaves: list[str]) -> Callable[[list[dict[str, Any]]], None]:
    """A function that sees that flat rows have these fields only, and no values that need to be treated otherwise.

    It raises KeyError for a field that is not there, and TypeError for a value that is none of JSON's.
    """
    members = itemgetter(*leaves, leaves[0])  # two at least: of one it would make no tuple

    def check(made: list[dict[str, Any]]) -> None:
        if set(map(len, made)) != {len(leaves)}:
            raise _OtherwiseError
        rows = list(map(members, made))
        # A brace may also stand in a text, or belong to a map in a list.
        if b"{" in orjson.dumps(rows, option=_EXACT) and dict in map(type, chain.from_iterable(rows)):
            raise _OtherwiseError

    return check
