"""Turns the parsed lines of a schema into functions that read and write one version of a message.

Compilation happens once per message and version; what remains per field at run time is one call of a closure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from barnabas.broker.wire import MalformedError, Reader, Writer

if TYPE_CHECKING:
    from barnabas.broker.schema import FieldSpec

__all__ = ["Compiled", "compile_fields"]

Decode: TypeAlias = Callable[[Reader], Any]
Encode: TypeAlias = Callable[[Writer, Any], None]

_FORMATS = {
    "int8": ">b", "int16": ">h", "int32": ">i", "int64": ">q", "uint16": ">H", "uint32": ">I", "float64": ">d",
    "bool": ">?",
}  # fmt: skip
_UUID_SIZE = 16
_ZERO_UUID = bytes(_UUID_SIZE)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A decoder and an encoder of the same thing."""

    decode: Decode
    encode: Encode


def _fixed(fmt: str) -> Compiled:
    packer = struct.Struct(fmt)
    size, unpack, pack = packer.size, packer.unpack, packer.pack

    def decode(reader: Reader) -> Any:
        return unpack(reader.take(size))[0]

    def encode(writer: Writer, value: Any) -> None:
        writer.tail += pack(value)

    return Compiled(decode, encode)


def _uuid() -> Compiled:
    def decode(reader: Reader) -> bytes:
        return bytes(reader.take(_UUID_SIZE))

    def encode(writer: Writer, value: bytes) -> None:
        writer.tail += value

    return Compiled(decode, encode)


def _text(view: memoryview) -> Any:
    return str(view, "utf-8")


def _copy(view: memoryview) -> Any:
    return bytes(view)


def _same(view: memoryview) -> Any:
    return view


_CONVERT: dict[str, Callable[[memoryview], Any]] = {"string": _text, "bytes": _copy, "records": _same}


def _lengths(kind: str, *, flexible: bool) -> tuple[Callable[[Reader], int], Callable[[Writer, int], None]]:
    """How the size of a string, byte field or array is read and written; -1 stands for null."""
    if flexible:
        return (lambda reader: reader.uvarint() - 1), (lambda writer, size: writer.uvarint(size + 1))
    if kind == "string":
        return Reader.int16, Writer.int16
    return Reader.int32, Writer.int32


def _sized(kind: str, *, flexible: bool, nullable: bool) -> Compiled:
    read_size, write_size = _lengths(kind, flexible=flexible)
    convert = _CONVERT[kind]

    def decode(reader: Reader) -> Any:
        size = read_size(reader)
        if size < 0:
            if nullable:
                return None
            raise MalformedError(f"null where a value of type {kind} is required")
        return convert(reader.take(size))

    def encode(writer: Writer, value: Any) -> None:
        if value is None:
            if not nullable:
                raise ValueError(f"null where a value of type {kind} is required")
            write_size(writer, -1)
            return
        data = value.encode() if kind == "string" else value
        write_size(writer, len(data))
        writer.raw(data)

    return Compiled(decode, encode)


def _array(item: Compiled, *, flexible: bool, nullable: bool) -> Compiled:
    read_size, write_size = _lengths("array", flexible=flexible)
    decode_item, encode_item = item.decode, item.encode

    def decode(reader: Reader) -> list[Any] | None:
        size = read_size(reader)
        if size < 0:
            if nullable:
                return None
            raise MalformedError("null where an array is required")
        return [decode_item(reader) for _ in range(reader.count(size))]

    def encode(writer: Writer, value: list[Any] | None) -> None:
        if value is None:
            if not nullable:
                raise ValueError("null where an array is required")
            write_size(writer, -1)
            return
        write_size(writer, len(value))
        for element in value:
            encode_item(writer, element)

    return Compiled(decode, encode)


def _nullable_struct(inner: Compiled) -> Compiled:
    def decode(reader: Reader) -> Any:
        return None if reader.take(1)[0] == 255 else inner.decode(reader)  # noqa: PLR2004 - the byte of -1

    def encode(writer: Writer, value: Any) -> None:
        writer.tail.append(255 if value is None else 1)
        if value is not None:
            inner.encode(writer, value)

    return Compiled(decode, encode)


def _holds(version: int, versions: tuple[int, int] | None) -> bool:
    return versions is not None and versions[0] <= version <= versions[1]


def _default(spec: FieldSpec, version: int) -> Any:
    """The value of an absent field; messages share it, so handlers never change a list that they were given."""
    if spec.default is not None or spec.nullable is not None:
        return spec.default
    if spec.type.startswith("["):
        return []
    if spec.type == "{}":
        return {child.name: _default(child, version) for child in spec.children}
    zeros: dict[str, Any] = {"string": "", "bytes": b"", "records": b"", "uuid": _ZERO_UUID, "bool": False}
    return zeros.get(spec.type, 0)


def _compile_field(spec: FieldSpec, version: int, *, flexible: bool) -> Compiled:
    nullable = _holds(version, spec.nullable)
    kind = spec.type
    if kind == "{}":
        inner = compile_fields(spec.children, version, flexible=flexible)
        return _nullable_struct(inner) if nullable else inner
    if kind == "[]":
        item = compile_fields(spec.children, version, flexible=flexible)
        return _array(item, flexible=flexible, nullable=nullable)
    if kind.startswith("["):
        return _array(_primitive(kind[1:-1], flexible=flexible), flexible=flexible, nullable=nullable)
    return _primitive(kind, flexible=flexible, nullable=nullable)


def _primitive(kind: str, *, flexible: bool, nullable: bool = False) -> Compiled:
    if kind in _FORMATS:
        return _fixed(_FORMATS[kind])
    if kind == "uuid":
        return _uuid()
    return _sized(kind, flexible=flexible, nullable=nullable)


def compile_fields(fields: list[FieldSpec], version: int, *, flexible: bool) -> Compiled:
    """The codec of a structure in one version."""
    plain: list[tuple[str, Decode, Encode, Any]] = []
    tagged: dict[int, tuple[str, Decode, Encode, Any]] = {}
    absent: list[tuple[str, Any]] = []
    for spec in fields:
        default = _default(spec, version)
        if not _holds(version, spec.versions):
            absent.append((spec.name, default))
            continue
        codec = _compile_field(spec, version, flexible=flexible)
        entry = (spec.name, codec.decode, codec.encode, default)
        if spec.tag is None:
            plain.append(entry)
        else:
            tagged[spec.tag] = entry
            absent.append((spec.name, default))
    return Compiled(
        _struct_decoder(plain, tagged, absent, flexible=flexible), _struct_encoder(plain, tagged, flexible=flexible)
    )


def _struct_decoder(
    plain: list[tuple[str, Decode, Encode, Any]],
    tagged: dict[int, tuple[str, Decode, Encode, Any]],
    absent: list[tuple[str, Any]],
    *,
    flexible: bool,
) -> Decode:
    reads = [(name, decode) for name, decode, _, _ in plain]

    def decode(reader: Reader) -> dict[str, Any]:
        message = dict(absent)
        for name, read in reads:
            message[name] = read(reader)
        if flexible:
            if tagged:
                _read_tagged(reader, tagged, message)
            else:
                reader.skip_tagged()
        return message

    return decode


def _read_tagged(reader: Reader, tagged: dict[int, tuple[str, Decode, Encode, Any]], message: dict[str, Any]) -> None:
    for _ in range(reader.uvarint()):
        tag = reader.uvarint()
        body = reader.take(reader.uvarint())
        known = tagged.get(tag)
        if known is not None:
            message[known[0]] = known[1](Reader(body))


def _struct_encoder(
    plain: list[tuple[str, Decode, Encode, Any]],
    tagged: dict[int, tuple[str, Decode, Encode, Any]],
    *,
    flexible: bool,
) -> Encode:
    writes = [(name, encode, default) for name, _, encode, default in plain]

    def encode(writer: Writer, message: dict[str, Any]) -> None:
        get = message.get
        for name, write, default in writes:
            write(writer, get(name, default))
        if flexible:
            if tagged:
                _write_tagged(writer, tagged, message)
            else:
                writer.tail.append(0)

    return encode


def _write_tagged(writer: Writer, tagged: dict[int, tuple[str, Decode, Encode, Any]], message: dict[str, Any]) -> None:
    present = [
        (tag, encode, message[name])
        for tag, (name, _, encode, default) in sorted(tagged.items())
        if message.get(name, default) != default
    ]
    writer.uvarint(len(present))
    for tag, encode, value in present:
        inner = Writer()
        encode(inner, value)
        writer.uvarint(tag)
        writer.uvarint(inner.size())
        for part in inner.parts():
            writer.raw(part)
