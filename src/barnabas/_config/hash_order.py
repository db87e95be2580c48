"""The order in which a Java ``HashMap`` gives its keys: parts of validation answers come in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["hash_order"]

_MIN_CAPACITY: Final = 16


def hash_order(keys: Collection[str], *, copied: bool = False) -> list[str]:
    """Keys that were put into an empty map one by one, as the map lists them.

    Args:
        keys: In the order of insertion, each once.
        copied: Whether the map was made as a copy of another one: its table has another size then.
    """
    capacity = 1 if copied else _MIN_CAPACITY
    while (len(keys) / 0.75 + 1 if copied else len(keys) / 0.75) > capacity:
        capacity *= 2
    return sorted(keys, key=lambda key: _bucket(key, capacity))


def _bucket(key: str, capacity: int) -> int:
    code = 0
    data = key.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(data), 2):
        code = (code * 31 + (data[at] << 8 | data[at + 1])) & 0xFFFFFFFF
    return (code ^ code >> 16) & (capacity - 1)
