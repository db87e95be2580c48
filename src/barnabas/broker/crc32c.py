"""CRC-32C (Castagnoli) at memory speed without a C extension of our own.

Python's ``zlib`` has only the other CRC-32. The Snappy *framing* format, however, stores the CRC-32C of every 64 KiB
of its input, computed with the processor's own instruction: compressing a buffer (1-4 GB/s) and reading the checksums
out of the frames is a hundred times faster than a table in Python. The checksums of the pieces are then joined with the
linear algebra known from zlib's ``crc32_combine``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cramjam

if TYPE_CHECKING:
    from barnabas.broker.wire import Buffer

__all__ = ["crc32c"]

_CHUNK = 1 << 16
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_STREAM_HEADER = 10
_WORD = 0xFFFFFFFF


def crc32c(data: Buffer) -> int:
    """The CRC-32C of ``data`` as an unsigned 32-bit integer."""
    if not len(data):
        return 0
    frames = memoryview(cramjam.snappy.compress(data))
    total = 0
    position = _STREAM_HEADER
    remaining = len(data)
    while remaining:
        masked = int.from_bytes(frames[position + 4 : position + 8], "little")
        rotated = (masked - _MASK_DELTA) & _WORD
        crc = (rotated >> 17 | rotated << 15) & _WORD
        size = min(remaining, _CHUNK)
        total = _shift(total, size) ^ crc if total else crc
        remaining -= size
        position += 4 + int.from_bytes(frames[position + 1 : position + 4], "little")
    return total


def _shift(crc: int, size: int) -> int:
    """The checksum's contribution after ``size`` more (zero) bytes."""
    power = 0
    while size:
        if size & 1:
            crc = _times(_operator(power), crc)
        size >>= 1
        power += 1
    return crc


@cache
def _operator(power: int) -> tuple[int, ...]:
    """The linear map over GF(2) which ``2 ** power`` zero bytes apply to a checksum, as 32 columns."""
    if power:
        half = _operator(power - 1)
        return tuple(_times(half, column) for column in half)
    columns: list[int] = []
    for bit in range(32):
        value = 1 << bit
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        columns.append(value)
    return tuple(columns)


def _times(matrix: tuple[int, ...], vector: int) -> int:
    result = 0
    while vector:
        low = vector & -vector
        result ^= matrix[low.bit_length() - 1]
        vector ^= low
    return result
