"""One record at a time through the C library: what the batch call cannot express, headers and timestamps.

The call takes an array of tagged values of nine words each: the tag, then the value or address and length.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from barnabas.kafka import _librdkafka as rd

__all__ = ["RecordSender"]

_RKT, _PARTITION, _VALUE, _KEY, _OPAQUE, _FLAGS, _TIMESTAMP, _HEADERS = 2, 3, 4, 5, 6, 7, 8, 10
_WORDS: Final = 9
_FIELDS: Final = 8
_MASK32: Final = 0xFFFFFFFF
_MASK64: Final = 0xFFFFFFFFFFFFFFFF
_BYTES_OFFSET: Final = bytes.__basicsize__ - 1


class RecordSender:
    """Hands over single records of one client; copies everything."""

    def __init__(self, library: rd.Library, handle: int) -> None:
        self._lib = library
        self._handle = handle
        self._fields = array("Q", bytes(8 * _WORDS * _FIELDS))
        self._address = self._fields.buffer_info()[0]
        for at, tag in enumerate((_RKT, _PARTITION, _VALUE, _KEY, _OPAQUE, _FLAGS, _TIMESTAMP, _HEADERS)):
            self._fields[at * _WORDS] = tag
        self._fields[5 * _WORDS + 1] = rd.COPY
        self._shared: Sequence[tuple[str, bytes | None]] | None = None  # what the template is of: the same object again
        self._template = 0

    def send(
        self,
        topic: int,
        value: bytes | None,
        key: bytes | None,
        partition: int | None,
        timestamp: int | None,
        headers: Sequence[tuple[str, bytes | None]] | None,
        number: int,
    ) -> tuple[int, str]:
        """Hand over one record: ``(0, "")``, or the number and text of the error."""
        lib, fields = self._lib, self._fields
        made = self._headers(headers) if headers else None
        fields[1] = topic
        fields[10] = (rd.ANY_PARTITION if partition is None else partition) & _MASK32
        fields[19], fields[20] = (0, 0) if value is None else (id(value) + _BYTES_OFFSET, len(value))
        fields[28], fields[29] = (0, 0) if key is None else (id(key) + _BYTES_OFFSET, len(key))
        fields[37] = number
        fields[55] = (timestamp or 0) & _MASK64
        fields[64] = made or 0
        error = lib.rd_kafka_produceva(self._handle, self._address, _FIELDS if made else _FIELDS - 1)
        if not error:
            return 0, ""
        if made:  # only a record that was taken owns its headers
            lib.rd_kafka_headers_destroy(made)
        code: int = lib.rd_kafka_error_code(error)
        text = (lib.rd_kafka_error_string(error) or b"").decode(errors="replace")
        lib.rd_kafka_error_destroy(error)
        return code, text

    def _headers(self, headers: Sequence[tuple[str, bytes | None]]) -> int:
        """The library's own form, a new one: the record that takes it owns it."""
        if headers is not self._shared:
            self.forget()
            self._template, self._shared = self._make(headers), headers
        copy: int = self._lib.rd_kafka_headers_copy(self._template)
        return copy

    def forget(self) -> None:
        """Release what is kept of the last headers."""
        if self._template:
            self._lib.rd_kafka_headers_destroy(self._template)
        self._template, self._shared = 0, None

    def _make(self, headers: Sequence[tuple[str, bytes | None]]) -> int:
        lib = self._lib
        made: int = lib.rd_kafka_headers_new(len(headers))
        for name, value in headers:
            encoded = name.encode()
            lib.rd_kafka_header_add(made, encoded, len(encoded), value, 0 if value is None else len(value))
        return made
