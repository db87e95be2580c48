"""How the converters of schema registries frame what they write: enough to recognise it."""

from __future__ import annotations

import json
import uuid
from typing import Final, NamedTuple

__all__ = ["RegistryGuess", "registry_guess"]

_CONFLUENT: Final = 5  # a zero byte, then the id in four
_APICURIO: Final = 9  # a zero byte, then the id in eight
_GLUE: Final = 18  # version, compression, UUID
_CONVERTERS: Final = {"Avro": "AvroConverter", "JSON Schema": "JsonSchemaConverter", "Protobuf": "ProtobufConverter"}
_MOST_FIELDS: Final = 100
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class RegistryGuess(NamedTuple):
    """What framed bytes seem to be.

    Args:
        what: Such as ``Confluent Avro, schema id 42``.
        converter: The class that reads it; ``None``: none of ours does.
    """

    what: str
    converter: str | None = None


def registry_guess(payload: bytes) -> RegistryGuess | None:
    """What it looks like; ``None`` if it looks like nobody's framing."""
    if len(payload) >= _GLUE and payload[0] == 3 and payload[1] in (0, 5):  # noqa: PLR2004 - their version byte
        return RegistryGuess(f"AWS Glue Schema Registry data, schema version id {uuid.UUID(bytes=payload[2:18])}")
    if len(payload) <= _CONFLUENT or payload[0] != 0:
        return None
    number = int.from_bytes(payload[1:5], "big")
    if number == 0:  # ids start at 1: either a longer id, or a number that happens to start with zeros
        long = int.from_bytes(payload[1:9], "big")
        known = len(payload) > _APICURIO and long
        return RegistryGuess(f"Apicurio Registry data, schema id {long}") if known else None
    if number >> 31:
        return None
    found = _format_of(payload[_CONFLUENT:])
    return RegistryGuess(f"Confluent {found}, schema id {number}", _CONVERTERS[found])


def _format_of(body: bytes) -> str:
    if body[:1] in (b"{", b"[", b'"'):
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            pass  # Avro may start with any byte
        else:
            return "JSON Schema"
    return "Protobuf" if body[:1] == b"\0" and _is_protobuf(body[1:]) else "Avro"


def _is_protobuf(body: bytes) -> bool:
    """Whether fields follow each other up to the very end."""
    at = 0
    for _ in range(_MOST_FIELDS):
        if at == len(body):
            return True
        tag, at = _varint(body, at)
        kind, field = tag & 7, tag >> 3
        if at < 0 or field == 0 or kind not in (_VARINT, _FIXED64, _LENGTH, _FIXED32):
            return False
        if kind == _VARINT:
            _, at = _varint(body, at)
        elif kind == _LENGTH:
            size, at = _varint(body, at)
            at = at + size if at >= 0 else at
        else:
            at += 8 if kind == _FIXED64 else 4
        if not 0 <= at <= len(body):
            return False
    return True


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number at a position and where it ends; -1 where there is none."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(body):
            break
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says another byte follows
            return value, at
    return 0, -1
