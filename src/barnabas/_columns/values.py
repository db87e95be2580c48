"""Columns of single values made values of another kind, where the compiled part is used.

Without it every column is answered with ``None``, which says: not for it. The callers' own way for one value after the
other is the reference. A ``None`` among the values stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from barnabas._columns import native

__all__ = ["to_floats", "to_integers", "to_moments", "to_texts"]

Column = list[Any]


def _not_for_it(*_: Any) -> None:
    """There is no compiled part."""


def _chosen(name: str) -> Any:
    return _not_for_it if native is None else getattr(native, name)


to_integers: Final[Callable[[Column, int, type[int] | None], Column | None]] = _chosen("to_integers")
"""Plain ``int`` and ``bool`` of 64 bits as whole numbers of 8, 16, 32 or 64, their upper bits lost as in Java; of a
class that says the width, or plain."""

to_floats: Final[Callable[[Column, int, type[float] | None], Column | None]] = _chosen("to_floats")
"""Plain ``float``, ``int`` and ``bool`` as numbers that 32 or 64 bits can hold, rounded once; of a class that says the
width, or plain."""

to_texts: Final[Callable[[Column], Column | None]] = _chosen("to_texts")
"""``bool``, ``int`` of 64 bits and ``float`` as Java prints them; ``str`` stays."""

to_moments: Final[Callable[[Column], Column | None]] = _chosen("to_moments")
"""Milliseconds since the epoch as ``datetime`` in UTC, for the years that it has."""
