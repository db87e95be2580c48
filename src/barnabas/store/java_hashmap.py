"""``HashMap<byte[], byte[]>`` in Java's object serialization format: what a standalone JVM worker keeps its offsets in.

Pure functions. The reader takes any stream that holds one such map: whatever the capacity, null keys and values, arrays
shared by reference, class descriptors repeated or referenced. Anything else is refused: an offsets file never holds it.
The writer produces what the JVM writes for a map that was filled one entry at a time with the default load factor; only
the order of entries differs, which in Java is that of identity hashes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import msgspec

from barnabas.errors import DataError

__all__ = ["dump_map", "load_map"]

_MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _ARRAY, _BLOCK, _END = 0x70, 0x71, 0x72, 0x73, 0x75, 0x77, 0x78
_FIRST_HANDLE = 0x7E0000
_HAS_WRITE_OBJECT, _SERIALIZABLE = 0x01, 0x02
_PRIMITIVE_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_MAP_CLASSES = ("java.util.HashMap", "java.util.LinkedHashMap")

_MAP_HEAD = (
    _MAGIC
    + bytes([_OBJECT, _CLASS])
    + b"\x00\x11java.util.HashMap"
    + bytes.fromhex("0507dac1c31660d1")  # serialVersionUID
    + bytes([_SERIALIZABLE | _HAS_WRITE_OBJECT])
    + b"\x00\x02F\x00\nloadFactorI\x00\tthreshold"
    + bytes([_END, _NULL])
)
_ARRAY_CLASS = (
    bytes([_CLASS])
    + b"\x00\x02[B"
    + bytes.fromhex("acf317f8060854e0")  # serialVersionUID
    + bytes([_SERIALIZABLE])
    + b"\x00\x00"
    + bytes([_END, _NULL])
)
_ARRAY_CLASS_HANDLE = _FIRST_HANDLE + 2  # after the map's class and the map
_ARRAY_CLASS_AGAIN = bytes([_REFERENCE]) + struct.pack(">I", _ARRAY_CLASS_HANDLE)
_MIN_CAPACITY = 16
_LOAD_FACTOR = 0.75


def dump_map(entries: Mapping[bytes, bytes | None]) -> bytes:
    """Serialise a map; null keys do not occur in an offsets file and cannot be written."""
    capacity = _MIN_CAPACITY
    while len(entries) > capacity * _LOAD_FACTOR:
        capacity *= 2
    threshold = int(capacity * _LOAD_FACTOR) if entries else 0
    parts = [_MAP_HEAD, struct.pack(">fiBBii", _LOAD_FACTOR, threshold, _BLOCK, 8, capacity, len(entries))]
    described = False
    for key, value in entries.items():
        for data in (key, value):
            if data is None:
                parts.append(bytes([_NULL]))
                continue
            description = _ARRAY_CLASS_AGAIN if described else _ARRAY_CLASS
            parts.append(bytes([_ARRAY]) + description + struct.pack(">i", len(data)) + data)
            described = True
    parts.append(bytes([_END]))
    return b"".join(parts)


def load_map(data: bytes) -> dict[bytes, bytes | None]:
    """Read a serialised map.

    Raises:
        DataError: It is damaged or holds something else; says what and where.
    """
    reader = _Reader(data)
    try:
        return reader.map()
    except (struct.error, IndexError) as error:
        raise DataError(f"it ends in the middle of an entry, after {len(data)} bytes", code="BRN-2120") from error


class _ClassDescription(msgspec.Struct, frozen=True):
    """What a class descriptor says; ``size`` is that of its own primitive fields."""

    name: str
    flags: int
    size: int
    parent: _ClassDescription | None


class _Reader:
    """Walks over the stream once; ``handles`` are the things that later parts may refer to, in order of appearance."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._handles: list[object] = []

    def map(self) -> dict[bytes, bytes | None]:
        if self._take(len(_MAGIC)) != _MAGIC:
            raise DataError("it does not start like a Java object stream", code="BRN-2120")
        if self._byte() != _OBJECT:
            raise self._unexpected("no object")
        description = self._class()
        if description is None or description.name not in _MAP_CLASSES:
            raise self._unexpected(f"an object of {description.name if description else 'no class'}, not a HashMap")
        self._handles.append(None)
        return self._map_data(description)

    def _map_data(self, description: _ClassDescription) -> dict[bytes, bytes | None]:
        """Data of the classes from the topmost down: the map's own, then what a subclass adds."""
        if description.parent is None:
            self._take(description.size)
            entries = self._entries()
            self._end()
            return entries
        entries = self._map_data(description.parent)
        self._take(description.size)
        if description.flags & _HAS_WRITE_OBJECT:
            self._end()
        return entries

    def _entries(self) -> dict[bytes, bytes | None]:
        if self._byte() != _BLOCK or self._byte() != struct.calcsize(">ii"):
            raise self._unexpected("no map header")
        _, count = struct.unpack(">ii", self._take(8))
        entries: dict[bytes, bytes | None] = {}
        for _ in range(count):
            key, value = self._bytes(), self._bytes()
            if key is not None:  # Java allows a null key; nothing could ever ask for it
                entries[key] = value
        return entries

    def _bytes(self) -> bytes | None:
        tag = self._byte()
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            value = self._referred()
            if not isinstance(value, bytes):
                raise self._unexpected("a reference to something other than a byte array")
            return value
        if tag != _ARRAY:
            raise self._unexpected(f"an element of type 0x{tag:02x}, not a byte array")
        description = self._class()
        if description is None or description.name != "[B":
            raise self._unexpected(f"an array of {description.name if description else 'nothing'}, not of bytes")
        slot = len(self._handles)
        self._handles.append(None)
        length = struct.unpack(">i", self._take(4))[0]
        if length < 0:
            raise self._unexpected("an array of negative length")
        data = self._take(length)
        self._handles[slot] = data
        return data

    def _class(self) -> _ClassDescription | None:
        tag = self._byte()
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            value = self._referred()
            if isinstance(value, _ClassDescription):
                return value
            raise self._unexpected("a reference to something other than a class")
        if tag != _CLASS:
            raise self._unexpected(f"a class descriptor of type 0x{tag:02x}")
        name = self._utf()
        self._take(8)  # serialVersionUID
        slot = len(self._handles)
        self._handles.append(None)
        flags = self._byte()
        size = sum(self._field_size() for _ in range(struct.unpack(">H", self._take(2))[0]))
        self._end()
        description = _ClassDescription(name, flags, size, self._class())
        self._handles[slot] = description
        return description

    def _field_size(self) -> int:
        kind = chr(self._byte())
        name = self._utf()
        if kind not in _PRIMITIVE_SIZES:
            raise self._unexpected(f"the object field {name}")
        return _PRIMITIVE_SIZES[kind]

    def _referred(self) -> object:
        handle: int = struct.unpack(">I", self._take(4))[0]
        return self._handles[handle - _FIRST_HANDLE] if handle >= _FIRST_HANDLE else None

    def _utf(self) -> str:
        return self._take(struct.unpack(">H", self._take(2))[0]).decode("utf-8", "replace")

    def _end(self) -> None:
        if self._byte() != _END:
            raise self._unexpected("more data than a map has")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        if self._position > len(self._data):
            raise IndexError(self._position)
        return self._data[start : self._position]

    def _unexpected(self, what: str) -> DataError:
        return DataError(f"it holds {what} at byte {self._position}", code="BRN-2120")
