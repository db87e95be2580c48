"""The transforms of a connector as its configuration lists them, each with the predicate that guards it."""

from __future__ import annotations

from typing import Any, NamedTuple

from barnabas.predicates.base import Predicate
from barnabas.transforms.base import Transformation

__all__ = ["Step"]


class Step(NamedTuple):
    """One entry of ``transforms``, configured.

    Args:
        alias: Its name in the configuration.
        name: The class's name as errors and dead letters show it: Java's where the class stands in for one.
        transformation: What changes the records.
        predicate: Which records it applies to; ``None``: all.
        negate: Whether it applies to the others instead.
    """

    alias: str
    name: str
    transformation: Transformation[Any]
    predicate: Predicate[Any] | None = None
    negate: bool = False
