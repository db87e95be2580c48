"""A map as Java prints it, for messages that clients compare: ``{name=x, topic=y}`` in ``HashMap`` order."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["map_text"]

_MIN_CAPACITY = 16


def map_text(values: Mapping[str, str | None]) -> str:
    """``HashMap.toString`` of a map filled in this order."""
    capacity = _MIN_CAPACITY
    while len(values) > capacity * 3 // 4:
        capacity *= 2
    ordered = sorted(values, key=lambda key: _bucket(key, capacity))
    return "{" + ", ".join(f"{key}={'null' if values[key] is None else values[key]}" for key in ordered) + "}"


def _bucket(key: str, capacity: int) -> int:
    code = 0
    data = key.encode("utf-16-be", "surrogatepass")
    for i in range(0, len(data), 2):
        code = (code * 31 + (data[i] << 8 | data[i + 1])) & 0xFFFFFFFF
    return (code ^ code >> 16) & (capacity - 1)
