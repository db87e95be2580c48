"""Checksums, record batches and compression."""

from __future__ import annotations

import pytest
from broker_clients import read, send, values
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker import compression
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.crc32c import crc32c
from barnabas.broker.records import (
    BatchHeader,
    build_marker,
    iterate_records,
    marker_is_commit,
    rebuild_batch,
    restamp,
    split_batches,
    verify_checksum,
)


def by_definition(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_crc32c_of_the_standard_example():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=3000))
def test_crc32c_as_defined(data: bytes):
    assert crc32c(data) == by_definition(data)


@pytest.mark.parametrize("size", [65535, 65536, 65537, 150_001])
def test_crc32c_across_chunks(size: int):
    data = bytes(index * 7 & 255 for index in range(size))
    assert crc32c(data) == by_definition(data)


@pytest.mark.parametrize("codec", range(5))
@given(data=st.binary(max_size=2000), times=st.integers(1, 100))
@settings(max_examples=20, deadline=None)
def test_compression_round_trip(codec: int, data: bytes, times: int):
    assert compression.decompress(codec, compression.compress(codec, data * times)) == data * times


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_broken_compression_is_corrupt(codec: int):
    with pytest.raises(ApiError) as caught:
        compression.decompress(codec, b"\x82SNAPPY\0\0\0\0\1\0\0\0\1\0\0\0\5hello, this is no such thing")
    assert caught.value.error == ErrorCode.CORRUPT_MESSAGE


@pytest.mark.parametrize("commit", [True, False])
def test_marker(commit: bool):
    batch = build_marker(12, 3, 99, commit=commit)
    ((position, header),) = split_batches(batch)
    assert position == 0
    assert header.control
    assert header.transactional
    assert (header.producer_id, header.producer_epoch, header.max_timestamp) == (12, 3, 99)
    assert verify_checksum(batch, 0, header)
    assert marker_is_commit(batch, header) == commit


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_batches_of_a_real_client(live, codec: str):
    sent = [b"value %d " % index * 20 for index in range(200)]
    send(live.bootstrap, "t", sent, key=b"k", compression_type=codec, linger_ms=200)
    log = live.broker.topics.log("t", 0)
    found = []
    for position, header in log.active.batches():
        batch = log.active.batch(position, header)
        assert verify_checksum(batch, 0, header)
        records = list(iterate_records(batch, header))
        found += [(record.offset, record.key, record.has_value) for record in records]
        half = rebuild_batch(header, records[::2])
        new = BatchHeader.read(half)
        assert verify_checksum(half, 0, new)
        assert list(iterate_records(half, new)) == records[::2]
        assert (new.base_offset, new.last_offset) == (header.base_offset, header.last_offset)
    assert found == [(index, b"k", True) for index in range(200)]
    assert header.codec == ["none", "gzip", "snappy", "lz4", "zstd"].index(codec)
    assert values(read(live.bootstrap, "t", 200)) == sent


def test_restamped_batch_is_valid():
    batch = build_marker(1, 1, 5, commit=True)
    header = restamp(batch, 0, BatchHeader.read(batch), 777)
    assert BatchHeader.read(batch) == header
    assert header.max_timestamp == 777
    assert verify_checksum(batch, 0, header)


def test_malformed_batches_are_refused():
    good = build_marker(1, 1, 5, commit=True)
    with pytest.raises(ApiError, match="shorter"):
        split_batches(good[:40])
    with pytest.raises(ApiError, match="claims"):
        split_batches(good[:-1])
    old = bytearray(good)
    old[16] = 1
    with pytest.raises(ApiError, match="format 1"):
        split_batches(old)
