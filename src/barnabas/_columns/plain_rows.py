"""What :mod:`barnabas._columns.rows` describes, in Python: the reference, and in use without the compiled part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

from barnabas._columns.source import compiled, dict_of, literal

__all__ = ["all_of", "column", "editing", "has_null", "hoisting", "putting", "reaching", "selecting"]

Column = list[Any]
Fast = Callable[[Column], "Column | None"]


def selecting(members: Mapping[str, str], *, nulls: bool) -> Fast:
    """New rows of some fields."""
    made = dict_of({new: f"v[{literal(old)}]" for new, old in members.items()})
    return _hasty(f"    return [{made} if type(v) is dict else {_other(nulls=nulls)} for v in values]\n")


def editing(dropped: Sequence[str], renamed: Mapping[str, str], *, nulls: bool) -> Fast:
    """Copies without some fields and with others renamed."""
    steps = [f"del d[{literal(name)}]" for name in dropped]
    for old, new in renamed.items():
        steps += [f"if {literal(new)} in d: return None", f"d[{literal(new)}] = d.pop({literal(old)})"]
    return _hasty(
        "    made = []\n    add = made.append\n"
        "    for v in values:\n"
        f"        if type(v) is not dict:\n            add({_other(nulls=nulls)})\n            continue\n"
        "        d = v.copy()\n" + "".join(f"        {step}\n" for step in steps) + "        add(d)\n"
        "    return made\n"
    )


def putting(
    names: Sequence[str], *, skipped: Sequence[bool], nulls: bool
) -> Callable[[Column, tuple[Any, ...]], Column | None]:
    """Copies with fields set."""
    variables = [f"x{at}" for at in range(len(names))]
    steps = []
    for name, variable, skip in zip(names, variables, skipped, strict=True):
        guard = f"if {variable} is not None: " if skip else ""
        steps.append(f"            {guard}d[{literal(name)}] = {variable}\n")
    source = (
        "def put(rows):\n"
        "    made = []\n    add = made.append\n"
        f"    for {', '.join(['v', *variables])}, in rows:\n"
        f"        if type(v) is not dict:\n            add({_other(nulls=nulls)})\n"
        f"        else:\n            d = v.copy()\n{''.join(steps)}            add(d)\n"
        "    return made\n"
    )
    loop = compiled(source, {"no": _otherwise})["put"]

    def put(values: Column, columns: tuple[Any, ...]) -> Column | None:
        size = len(values)
        each = [given if type(given) is list else repeat(given, size) for given in columns]
        if any(type(given) is list and len(given) != size for given in columns):
            raise ValueError("a column has another length than the rows")
        try:
            made: Column = loop(zip(values, *each, strict=True))
        except TypeError:
            return None
        return made

    return put


def reaching(path: Sequence[str]) -> Fast:
    """Fields at the end of a path."""
    rows = ["v", *(f"x{at}" for at in range(1, len(path)))]
    found = [f"{row}[{literal(step)}]" for row, step in zip(rows, path, strict=True)]
    tests = ["type(v) is dict"]
    tests += [f"type({row} := {value}) is dict" for row, value in zip(rows[1:], found[:-1], strict=True)]
    return _hasty(f"    return [{found[-1]} if {' and '.join(tests)} else no() for v in values]\n")


def hoisting(name: str) -> Fast:
    """Each value as the only member of a row."""
    source = f"def many(values):\n    return [{{{literal(name)}: v}} for v in values]\n"
    made: Fast = compiled(source, {})["many"]
    return made


def column(values: Column, name: str) -> Column | None:
    """A field of each row."""
    if not all_of(values, dict):
        return None
    try:
        return [*map(itemgetter(name), values)]
    except KeyError:
        return None


def all_of(values: Column, kind: type) -> bool:
    """Whether all are of that very class."""
    return {kind}.issuperset(map(type, values))


def has_null(values: Column) -> bool:
    """Whether one is ``None``; mostly all are true, which is found out faster."""
    return not all(values) and any(value is None for value in values)


def _hasty(body: str) -> Fast:
    """A function for columns of rows that lack nothing; of others it finds that out by an error."""
    hasty = compiled(f"def hasty(values):\n{body}", {"no": _otherwise})["hasty"]

    def many(values: Column) -> Column | None:
        try:
            made: Column | None = hasty(values)
        except (KeyError, TypeError):
            return None
        return made

    return many


def _other(*, nulls: bool) -> str:
    """An expression for a value that is no row."""
    return "None if v is None else no()" if nulls else "no()"


def _otherwise() -> Any:
    raise TypeError  # for the slow way
