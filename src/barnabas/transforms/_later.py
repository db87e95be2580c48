"""Columns that are made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Later"]

T = TypeVar("T")


class Later(Generic[T]):
    """Makes a column once, however many batches share it: for what cannot fail, and sinks rarely read."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Callable[[], T] | None = make
        self._made: T

    def __call__(self) -> T:
        if self._make is not None:
            self._made = self._make()
            self._make = None  # and with it the batch that it was made from
        return self._made
