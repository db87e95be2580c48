"""Predicates: conditions for transforms, one class, one file."""

from __future__ import annotations

from barnabas.predicates.base import Predicate

__all__ = ["Predicate"]
