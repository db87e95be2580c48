"""Record batches (format v2): headers, checksums and, where it must be, single records.

Appending and reading never look at more than the 61 bytes of a batch's header.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.compression import compress, decompress
from barnabas.broker.crc32c import crc32c

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barnabas.broker.wire import Buffer

__all__ = [
    "HEADER_SIZE",
    "NO_PRODUCER",
    "BatchHeader",
    "Record",
    "build_marker",
    "iterate_records",
    "marker_is_commit",
    "rebuild_batch",
    "restamp",
    "split_batches",
    "verify_checksum",
]

_HEADER = struct.Struct(">qiibIhiqqqhii")
_AFTER_CRC = struct.Struct(">hiqqqhii")
HEADER_SIZE = _HEADER.size
_CRC_AT = 17
_ATTRIBUTES_AT = 21
_MAX_TIMESTAMP_AT = 35
_OVERHEAD = 12  # base offset and length come before what the length counts
_MAGIC = 2
NO_PRODUCER = -1

_CODEC_MASK = 0x07
_APPEND_TIME = 0x08
_TRANSACTIONAL = 0x10
_CONTROL = 0x20


class BatchHeader(NamedTuple):
    """The fixed part of a record batch."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int

    @classmethod
    def read(cls, data: Buffer, position: int = 0) -> BatchHeader:
        """Parse the header at ``position``; raises ``struct.error`` when there are too few bytes."""
        return cls._make(_HEADER.unpack_from(data, position))

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.length + _OVERHEAD

    @property
    def last_offset(self) -> int:
        """The offset of the last record that the batch had when it was written."""
        return self.base_offset + self.last_offset_delta

    @property
    def codec(self) -> int:
        """Number of the compression codec."""
        return self.attributes & _CODEC_MASK

    @property
    def transactional(self) -> bool:
        """Whether the batch belongs to a transaction."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether the batch holds a transaction marker instead of records."""
        return bool(self.attributes & _CONTROL)

    @property
    def last_sequence(self) -> int:
        """Sequence number of the last record; the numbers wrap around after 2**31 - 1."""
        return (self.base_sequence + self.last_offset_delta) & 0x7FFFFFFF


class Record(NamedTuple):
    """What lookups and compaction want to know of a record; ``raw`` is the record with its length prefix."""

    offset: int
    timestamp: int
    key: bytes | None
    has_value: bool
    raw: memoryview


def split_batches(data: Buffer) -> list[tuple[int, BatchHeader]]:
    """Positions and headers of the batches in a produce request; raises ``ApiError`` when they are malformed."""
    batches: list[tuple[int, BatchHeader]] = []
    position, end = 0, len(data)
    while position < end:
        if position + HEADER_SIZE > end:
            raise ApiError(ErrorCode.CORRUPT_MESSAGE, "a record batch is shorter than its header")
        header = BatchHeader.read(data, position)
        if header.magic != _MAGIC:
            raise ApiError(
                ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, f"message format {header.magic} is not supported, only 2"
            )
        if header.length < HEADER_SIZE - _OVERHEAD or position + header.size > end:
            raise ApiError(ErrorCode.CORRUPT_MESSAGE, f"a record batch claims {header.length} bytes")
        if header.records < 1 or header.last_offset_delta != header.records - 1:
            raise ApiError(ErrorCode.INVALID_RECORD, "a record batch has a wrong number of records")
        batches.append((position, header))
        position += header.size
    return batches


def verify_checksum(data: Buffer, position: int, header: BatchHeader) -> bool:
    """Whether the batch at ``position`` matches its CRC-32C."""
    return crc32c(memoryview(data)[position + _ATTRIBUTES_AT : position + header.size]) == header.crc


def restamp(data: bytearray | memoryview, position: int, header: BatchHeader, timestamp: int) -> BatchHeader:
    """Give the batch the broker's time (``message.timestamp.type=LogAppendTime``), checksum included."""
    attributes = header.attributes | _APPEND_TIME
    struct.pack_into(">h", data, position + _ATTRIBUTES_AT, attributes)
    struct.pack_into(">q", data, position + _MAX_TIMESTAMP_AT, timestamp)
    crc = crc32c(memoryview(data)[position + _ATTRIBUTES_AT : position + header.size])
    struct.pack_into(">I", data, position + _CRC_AT, crc)
    return header._replace(attributes=attributes, max_timestamp=timestamp, crc=crc)


def iterate_records(batch: Buffer, header: BatchHeader) -> Iterator[Record]:
    """The records of one batch, whose bytes start at the beginning of ``batch``."""
    body = memoryview(decompress(header.codec, memoryview(batch)[HEADER_SIZE : header.size]))
    position = 0
    append_time = bool(header.attributes & _APPEND_TIME)
    try:
        for _ in range(header.records):
            start = position
            length, position = _varint(body, position)
            end = position + length
            if length < 0 or end > len(body):
                raise ApiError(ErrorCode.CORRUPT_MESSAGE, "a record is longer than its batch")
            time_delta, position = _varint(body, position + 1)
            offset_delta, position = _varint(body, position)
            key_size, position = _varint(body, position)
            key = bytes(body[position : position + key_size]) if key_size >= 0 else None
            value_size, _ = _varint(body, position + max(key_size, 0))
            timestamp = header.max_timestamp if append_time else header.base_timestamp + time_delta
            yield Record(header.base_offset + offset_delta, timestamp, key, value_size >= 0, body[start:end])
            position = end
    except IndexError as error:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, "a record ends early") from error


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """A zigzag variable-length integer and the position behind it."""
    byte = data[position]
    position += 1
    value = byte & 0x7F
    shift = 7
    while byte & 0x80:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value >> 1) ^ -(value & 1), position


def rebuild_batch(header: BatchHeader, records: list[Record]) -> bytes:
    """The batch with only ``records`` left; it keeps its offsets, base time and producer."""
    body = compress(header.codec, b"".join(record.raw for record in records))
    newest = max(record.timestamp for record in records)
    fixed = _AFTER_CRC.pack(
        header.attributes,
        header.last_offset_delta,
        header.base_timestamp,
        newest,
        header.producer_id,
        header.producer_epoch,
        header.base_sequence,
        len(records),
    )
    tail = fixed + body
    front = struct.pack(
        ">qiibI", header.base_offset, HEADER_SIZE - _OVERHEAD + len(body), header.leader_epoch, _MAGIC, crc32c(tail)
    )
    return front + tail


def build_marker(producer_id: int, producer_epoch: int, timestamp: int, *, commit: bool) -> bytearray:
    """A control batch which ends a transaction (one record: key = version and type, value = version and epoch)."""
    key = struct.pack(">hh", 0, int(commit))
    value = struct.pack(">hi", 0, 0)
    record = b"\x00\x00\x00" + bytes([len(key) << 1]) + key + bytes([len(value) << 1]) + value + b"\x00"
    body = bytes([len(record) << 1]) + record
    fixed = _AFTER_CRC.pack(
        _TRANSACTIONAL | _CONTROL, 0, timestamp, timestamp, producer_id, producer_epoch, NO_PRODUCER, 1
    )
    tail = fixed + body
    return bytearray(struct.pack(">qiibI", 0, HEADER_SIZE - _OVERHEAD + len(body), 0, _MAGIC, crc32c(tail)) + tail)


def marker_is_commit(batch: Buffer, header: BatchHeader) -> bool:
    """Whether the control batch commits (else it aborts)."""
    for record in iterate_records(batch, header):
        if record.key is not None and len(record.key) >= 4:  # noqa: PLR2004 - two 16-bit integers
            return bool(struct.unpack_from(">hh", record.key)[1] == 1)
    return False
