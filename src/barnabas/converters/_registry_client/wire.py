"""The frame around each message: a zero byte, the schema's id in four bytes (big-endian), then the data.

Protobuf puts the position of its message type between the two; that belongs to its converter.
"""

from __future__ import annotations

import struct
from typing import Final

from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError

__all__ = ["HEAD", "frame", "split", "unframed"]

HEAD: Final = 5
"""How many bytes come before the data."""

_MAGIC: Final = 0
_FRAME: Final = struct.Struct(">BI")


def frame(schema_id: int) -> bytes:
    """What to put in front of data of this schema."""
    return _FRAME.pack(_MAGIC, schema_id)


def split(payload: bytes) -> tuple[int, int] | None:
    """The id of a message's schema, and where its data begin; ``None`` if it has no frame."""
    if len(payload) < HEAD or payload[0] != _MAGIC:
        return None
    return _FRAME.unpack_from(payload)[1], HEAD


def unframed(payload: bytes, sentence: str, kind: str, converter: str) -> DataError:
    """The error for a message without a frame: says what it looks like, and which setting to change.

    Args:
        payload: The message.
        sentence: What the Java converter says when it cannot read.
        kind: ``key`` or ``value``.
        converter: The class that read it, such as ``AvroConverter``.
    """
    why = "Unknown magic byte!" if payload and payload[0] != _MAGIC else "It is shorter than a registry's frame."
    return DataError(
        sentence,
        code="BRN-1408",
        key=f"{kind}.converter",
        remedy=f"{why} {remedy_for(payload, kind, converter)}",
    )
