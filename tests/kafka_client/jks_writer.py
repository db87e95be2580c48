"""Writes Java key stores, for tests of what reads them."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def lock(plain: bytes, password: str, salt: bytes) -> bytes:
    """The other direction of ``unlock``."""
    secret, stream, digest = password.encode("utf-16-be"), b"", salt
    while len(stream) < len(plain):
        digest = hashlib.sha1(secret + digest).digest()
        stream += digest
    body = bytes(a ^ b for a, b in zip(plain, stream, strict=False))
    sealed = salt + body + hashlib.sha1(secret + plain).digest()
    algorithm = _der(0x30, bytes.fromhex("060a2b060104012a02110101") + b"\x05\x00")
    return _der(0x30, algorithm + _der(0x04, sealed))


def write_jks(
    password: str, keys: Sequence[tuple[bytes, Sequence[bytes]]] = (), certificates: Sequence[bytes] = ()
) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack(">H", len(value.encode())) + value.encode()

    def certificate(der: bytes) -> bytes:
        return text("X.509") + struct.pack(">I", len(der)) + der

    out = b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, len(keys) + len(certificates))
    for number, (locked, chain) in enumerate(keys):
        out += struct.pack(">I", 1) + text(f"key{number}") + struct.pack(">Q", 0)
        out += struct.pack(">I", len(locked)) + locked + struct.pack(">I", len(chain))
        out += b"".join(map(certificate, chain))
    for number, der in enumerate(certificates):
        out += struct.pack(">I", 2) + text(f"ca{number}") + struct.pack(">Q", 0) + certificate(der)
    return out + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + out).digest()
