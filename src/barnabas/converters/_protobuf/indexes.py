"""Which message of a schema a record is: its place among the messages, in each level of nesting.

In front of the data, as a count and the places, all of them zigzag varints; one zero byte stands for the first message.
Messages are counted without those that only hold the entries of a map, as in the text and as Java's clients do. Others
count them, which matters to messages nested beside a map only: where Java's way leads nowhere, theirs is tried.
"""

from __future__ import annotations

from typing import Any

from barnabas.errors import DataError

__all__ = ["FIRST", "indexes_of", "message_at", "pack_indexes", "unpack_indexes"]

FIRST = b"\0"
"""The first message."""

_BITS = 7
_MORE = 0x80
_LONGEST = 35
_DEEPEST = 100


def pack_indexes(indexes: tuple[int, ...]) -> bytes:
    """The bytes for places from the outermost message inwards."""
    if indexes == (0,):
        return FIRST
    return b"".join(_varint(number) for number in (len(indexes), *indexes))


def unpack_indexes(payload: bytes, start: int) -> tuple[tuple[int, ...], int]:
    """The places that stand in a record, and where its data begin.

    Raises:
        ValueError: They are cut off, or cannot be.
    """
    count, at = _number(payload, start)
    if count == 0:
        return (0,), at
    if not 0 < count <= _DEEPEST:
        raise ValueError(f"a message cannot be {count} levels deep")
    found = []
    for _ in range(count):
        index, at = _number(payload, at)
        found.append(index)
    return tuple(found), at


def message_at(file: Any, indexes: tuple[int, ...]) -> Any:
    """The descriptor of a message by its places.

    Args:
        file: A ``FileDescriptor``.
        indexes: From the outermost message inwards.

    Raises:
        DataError: The schema has no such message.
    """
    for with_entries in (False, True):
        found = _descend([*file.message_types_by_name.values()], indexes, with_entries=with_entries)
        if found is not None:
            return found
    raise DataError(
        f"The schema has no message at {list(indexes)}",
        code="BRN-1443",
        remedy="The record is damaged, or was written with another schema.",
    )


def _descend(level: list[Any], indexes: tuple[int, ...], *, with_entries: bool) -> Any:
    found = None
    for index in indexes:
        if not 0 <= index < len(level):
            return None
        found = level[index]
        if found.GetOptions().map_entry:
            return None
        level = [nested for nested in found.nested_types if with_entries or not nested.GetOptions().map_entry]
    return found


def indexes_of(message: Any) -> tuple[int, ...]:
    """The places of a message."""
    outer = message.containing_type
    if outer is None:
        siblings = [*message.file.message_types_by_name.values()]
    else:
        siblings = [nested for nested in outer.nested_types if not nested.GetOptions().map_entry]
    place = next(place for place, nested in enumerate(siblings) if nested.full_name == message.full_name)
    return (place,) if outer is None else (*indexes_of(outer), place)


def _varint(number: int) -> bytes:
    left = number * 2 if number >= 0 else -number * 2 - 1
    found = bytearray()
    while left >= _MORE:
        found.append(left & (_MORE - 1) | _MORE)
        left >>= _BITS
    found.append(left)
    return bytes(found)


def _number(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _LONGEST, _BITS):
        if at >= len(payload):
            raise ValueError("it ends within the message indexes")
        byte = payload[at]
        at += 1
        value |= (byte & (_MORE - 1)) << shift
        if byte < _MORE:
            return (value >> 1) ^ -(value & 1), at
    raise ValueError("a message index is too long")
