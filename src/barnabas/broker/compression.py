"""The compression codecs of record batches.

Producers compress and consumers decompress; the broker only looks inside when it compacts a topic, looks a timestamp
up, or checks the keys of records for a compacted topic.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import TYPE_CHECKING

import cramjam

from barnabas.broker.codes import ApiError, ErrorCode

if TYPE_CHECKING:
    from barnabas.broker.wire import Buffer

__all__ = ["GZIP", "LZ4", "NONE", "SNAPPY", "ZSTD", "compress", "decompress"]

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = _XERIAL_MAGIC + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK = 32 << 10  # what Java's snappy stream uses


def decompress(codec: int, data: Buffer) -> bytes:
    """The records section of a batch; raises ``ApiError`` (CORRUPT_MESSAGE) when the data are broken."""
    try:
        match codec:
            case 0:
                return bytes(data)
            case 1:
                return gzip.decompress(data)
            case 2:
                return _snappy(data)
            case 3:
                return bytes(cramjam.lz4.decompress(data))
            case 4:
                return bytes(cramjam.zstd.decompress(data))
    except (cramjam.DecompressionError, OSError, EOFError, zlib.error) as error:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, f"compressed records cannot be read: {error}") from error
    raise ApiError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"unknown compression codec {codec}")


def compress(codec: int, data: bytes) -> bytes:
    """The counterpart of ``decompress``, for batches that compaction has rewritten."""
    match codec:
        case 1:
            return gzip.compress(data, compresslevel=6)
        case 2:
            return _xerial(data)
        case 3:
            return bytes(cramjam.lz4.compress(data))
        case 4:
            return bytes(cramjam.zstd.compress(data))
        case _:
            return data


def _snappy(data: Buffer) -> bytes:
    """Java wraps Snappy into blocks of its own format; librdkafka may send the raw format."""
    view = memoryview(data)
    if bytes(view[:8]) != _XERIAL_MAGIC:
        return bytes(cramjam.snappy.decompress_raw(view))
    position = len(_XERIAL_HEADER)
    blocks: list[bytes] = []
    while position < len(view):
        size = int.from_bytes(view[position : position + 4], "big")
        position += 4
        blocks.append(bytes(cramjam.snappy.decompress_raw(view[position : position + size])))
        position += size
    return b"".join(blocks)


def _xerial(data: bytes) -> bytes:
    parts = [_XERIAL_HEADER]
    for start in range(0, len(data), _XERIAL_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(data[start : start + _XERIAL_BLOCK]))
        parts += [len(block).to_bytes(4, "big"), block]
    return b"".join(parts)
