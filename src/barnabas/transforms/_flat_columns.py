"""Columns of schemaless maps made flat at once, as long as all of them are nested in the same way.

Which fields hold maps is learned from a row, and source compiled for it. Whether the other rows are like it is checked
afterwards, for the whole column: a look at every value from Python would take longer than making it flat.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, Final

import orjson

from barnabas.transforms._compiled import compiled, literal

__all__ = ["FlatColumns"]

_TRIES: Final = 8
"""After so many columns that were not as learned, more than the others, columns are no longer tried."""

# What JSON cannot say is refused, and with it everything that Flatten refuses: dates, decimals, structs, names that are
# no text. Where nothing is refused, the values were checked without being looked at from Python.
_EXACT: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


class _OtherwiseError(Exception):
    """A row is not as learned."""


class FlatColumns:
    """``flat(values)`` is a new column; the given one stays as it is.

    Args:
        delimiter: Stands between the names of a path.
        slowly: Makes any column flat, or raises.
    """

    def __init__(self, delimiter: str, slowly: Callable[[list[Any]], list[Any]]) -> None:
        self._delimiter = delimiter
        self._slowly = slowly
        self._learned: Callable[[list[Any]], list[Any]] | None = None
        self._tries = _TRIES

    def __call__(self, values: list[Any]) -> list[Any]:
        """The column made flat, however its rows are.

        Raises:
            DataError: a row cannot be made flat.
        """
        if not self._tries or not values or type(values[0]) is not dict:
            return self._slowly(values)
        if self._learned is None:
            self._learned = self._learn(values[0])
        try:
            made = self._learned(values)
            _check(made)
        except (KeyError, TypeError, _OtherwiseError):  # orjson's errors are TypeErrors
            self._learned = None
            self._tries -= 1
            return self._slowly(values)
        self._tries = min(self._tries + 1, _TRIES)
        return made

    def _learn(self, row: dict[Any, Any]) -> Callable[[list[Any]], list[Any]]:
        names = [name for name, value in row.items() if type(value) is dict and isinstance(name, str)]
        steps = []
        grown = 0
        for at, name in enumerate(names):
            steps.append(f"s{at} = d.pop({literal(name)})")
        for at, name in enumerate(names):
            more, leaves = self._spread(row[name], f"s{at}", name)
            steps += more
            grown += leaves - 1
        body = "\n".join(f"        {step}" for step in steps)
        source = (
            "def learned(values):\n"
            "    made = []\n"
            "    add = made.append\n"
            "    for v in values:\n"
            "        if type(v) is not dict: raise Otherwise\n"
            "        d = v.copy()\n"
            f"{body}\n"
            f"        if len(d) != len(v) + {grown}: raise Otherwise\n"
            "        add(d)\n"
            "    return made\n"
        )
        made: Callable[[list[Any]], list[Any]] = compiled(source, {"Otherwise": _OtherwiseError})["learned"]
        return made

    def _spread(self, inner: dict[Any, Any], row: str, path: str) -> tuple[list[str], int]:
        """Statements for the members of a nested map, and how many leaves there are."""
        steps = [f"if type({row}) is not dict or len({row}) != {len(inner)}: raise Otherwise"]
        leaves = 0
        for at, (key, value) in enumerate(inner.items()):
            if not isinstance(key, str):
                return ["raise Otherwise"], 0
            name = path + self._delimiter + key
            if type(value) is dict:
                steps.append(f"{row}_{at} = {row}[{literal(key)}]")
                more, count = self._spread(value, f"{row}_{at}", name)
                steps += more
                leaves += count
            else:
                steps.append(f"d[{literal(name)}] = {row}[{literal(key)}]")
                leaves += 1
        return steps, leaves


def _check(made: list[dict[Any, Any]]) -> None:
    """See that there is nothing in a column that would have had to be treated otherwise.

    Raises:
        TypeError: a value is none of JSON's.
        _OtherwiseError: a value is a map.
    """
    text = orjson.dumps(made, option=_EXACT)
    # A brace may also stand in a text, or belong to a map in a list.
    if text.count(b"{") != len(made) and dict in map(type, chain.from_iterable(map(dict.values, made))):
        raise _OtherwiseError
