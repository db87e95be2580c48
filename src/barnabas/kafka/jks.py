"""Reads Java key stores (JKS): integrity check, certificates, and private keys under Sun's own cipher.

The format is Java's; both the digest over the store and the cipher of the keys are built from SHA-1, as it demands.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Final, NamedTuple

__all__ = ["MAGIC", "JavaKeyStore", "KeyEntry", "StoreDamagedError", "WrongPasswordError", "read_jks", "unlock"]

MAGIC: Final = b"\xfe\xed\xfe\xed"
_KEY, _CERTIFICATE = 1, 2
_DIGEST: Final = 20
_WHITENER: Final = b"Mighty Aphrodite"
_SUN_CIPHER: Final = bytes.fromhex("060a2b060104012a02110101")  # the object identifier 1.3.6.1.4.1.42.2.17.1.1
_WITH_TYPE: Final = 2  # from this version on, each certificate names its type


class StoreDamagedError(ValueError):
    """Not a store, cut off, or changed."""


class WrongPasswordError(ValueError):
    """The password does not fit."""


class KeyEntry(NamedTuple):
    """A private key, still locked, and its certificates, own one first; all in DER."""

    alias: str
    locked: bytes
    chain: list[bytes]


class JavaKeyStore(NamedTuple):
    """What is in a store, in its order."""

    keys: list[KeyEntry]
    certificates: list[bytes]


def read_jks(data: bytes, password: str | None) -> JavaKeyStore:
    """Parse a store; without a password it is not checked, as in Java.

    Raises:
        WrongPasswordError: The digest does not fit: another password, or the file was changed.
        StoreDamagedError: Not a JKS file, or cut off.
    """
    reader = _Reader(data[:-_DIGEST])
    if reader.take(4) != MAGIC:
        raise StoreDamagedError("it is no JKS file")
    version, count = reader.number(), reader.number()
    if version not in {1, _WITH_TYPE}:
        raise StoreDamagedError(f"version {version} is unknown")
    if password is not None:
        expected = hashlib.sha1(_utf16(password) + _WHITENER + data[:-_DIGEST], usedforsecurity=False).digest()
        if not hmac.compare_digest(expected, data[-_DIGEST:]):
            raise WrongPasswordError("the password is wrong, or the file was changed")
    store = JavaKeyStore([], [])
    for _ in range(count):
        tag, alias = reader.number(), reader.text()
        reader.take(8)  # when it was made
        if tag == _KEY:
            locked = reader.block()
            store.keys.append(KeyEntry(alias, locked, [reader.certificate(version) for _ in range(reader.number())]))
        elif tag == _CERTIFICATE:
            store.certificates.append(reader.certificate(version))
        else:
            raise StoreDamagedError(f"it has an entry of unknown kind {tag}")
    return store


def unlock(locked: bytes, password: str) -> bytes:
    """The private key (PKCS 8, DER) of an entry.

    A key stream of chained SHA-1 digests of password and salt is laid over the key; a digest of the plain key follows.

    Raises:
        WrongPasswordError: The key's password is another one.
        StoreDamagedError: It is under another cipher than Sun's.
    """
    outer = _der(locked, 0x30)
    algorithm, rest = _der_split(outer, 0x30)
    if not algorithm.startswith(_SUN_CIPHER):
        raise StoreDamagedError("its key is encrypted in a way that JKS does not have")
    sealed = _der(rest, 0x04)
    secret = _utf16(password)
    digest, body, check = sealed[:_DIGEST], sealed[_DIGEST:-_DIGEST], sealed[-_DIGEST:]
    stream = bytearray()
    while len(stream) < len(body):
        digest = hashlib.sha1(secret + digest, usedforsecurity=False).digest()
        stream += digest
    plain = bytes(a ^ b for a, b in zip(body, stream, strict=False))
    if not hmac.compare_digest(hashlib.sha1(secret + plain, usedforsecurity=False).digest(), check):
        raise WrongPasswordError("the key's password is wrong")
    return plain


def _utf16(password: str) -> bytes:
    return password.encode("utf-16-be")


class _Reader:
    """Big-endian fields, as Java's DataInput writes them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise StoreDamagedError("it is cut off")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def number(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def block(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.take(int(struct.unpack(">H", self.take(2))[0])).decode("utf-8", "replace")

    def certificate(self, version: int) -> bytes:
        if version >= _WITH_TYPE:
            self.text()
        return self.block()


def _der_split(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Content of the first DER value, which must have this tag, and what follows it."""
    if len(data) < 2 or data[0] != tag:  # noqa: PLR2004  tag and length
        raise StoreDamagedError("its key is malformed")
    length, at = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    if at + length > len(data):
        raise StoreDamagedError("its key is cut off")
    return data[at : at + length], data[at + length :]


def _der(data: bytes, tag: int) -> bytes:
    return _der_split(data, tag)[0]
