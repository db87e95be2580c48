"""A map as Java prints it, for messages that clients compare: ``{name=x, topic=y}`` in ``HashMap`` order."""

from __future__ import annotations

from collections.abc import Mapping

from barnabas._config.hash_order import hash_order

__all__ = ["map_text"]


def map_text(values: Mapping[str, str | None]) -> str:
    """``HashMap.toString`` of a map filled in this order."""
    pairs = ((key, values[key]) for key in hash_order(values))
    return "{" + ", ".join(f"{key}={'null' if value is None else value}" for key, value in pairs) + "}"
