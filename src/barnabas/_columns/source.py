"""Functions made to measure, as Python source that is compiled when it is known what they have to do.

Of a user's data and settings, only names of fields go into it, and only as literals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["compiled", "dict_of", "literal"]


def literal(name: str | None) -> str:
    """A field's name as source. A name of a class derived from ``str`` does not get to choose its own text."""
    return "None" if name is None else str.__repr__(name)


def dict_of(members: Mapping[str, str]) -> str:
    """An expression for a dict, from its keys and their expressions."""
    return "{" + ", ".join(f"{literal(key)}: {value}" for key, value in members.items()) + "}"


def compiled(source: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """What executing ``source`` defines, ``names`` being known to it."""
    space = dict(names)
    exec(compile(source, "<transform>", "exec"), space)  # noqa: S102 - our own source: only literals come from outside
    return space
