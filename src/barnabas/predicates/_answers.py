"""Answers of predicates that are the same for a whole batch, which is what most of them are."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["all_alike"]


@lru_cache(maxsize=64)
def all_alike(answer: bool, size: int) -> list[bool]:
    """A list with one answer for all records. It may be given out again: who gets it must not change it."""
    return [answer] * size
