"""Signatures of requests that workers send each other (KIP-507).

The leader writes a session key into the config topic, which only workers may read. Whoever can sign the exact bytes of
a request's body with it is a worker. Pure functions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from typing import Final

from barnabas.errors import ConfigError
from barnabas.herder.base import BadRequestError, RequestError
from barnabas.store.config_records import SessionKey

__all__ = ["ALGORITHM_HEADER", "SIGNATURE_HEADER", "check_algorithm", "is_outdated", "make_key", "sign", "verify"]

SIGNATURE_HEADER: Final = "X-Connect-Authorization"
ALGORITHM_HEADER: Final = "X-Connect-Request-Signature-Algorithm"

_DIGESTS: Final[Mapping[str, str]] = {
    "hmacsha1": "sha1",
    "hmacsha224": "sha224",
    "hmacsha256": "sha256",
    "hmacsha384": "sha384",
    "hmacsha512": "sha512",
    "hmacmd5": "md5",
}
"""Java's names of MAC algorithms, lower case, and the digests behind them."""


def check_algorithm(name: str, key: str) -> None:
    """Raise a ConfigError unless ``name`` is an algorithm that can be used."""
    if name.lower() not in _DIGESTS:
        raise ConfigError(
            f"Invalid value {name} for configuration {key}: the algorithm is not known.",
            key=key,
            remedy="HmacSHA256, HmacSHA384 or HmacSHA512.",
            code="BRN-1060",
        )


def make_key(algorithm: str, size_bits: int | None, now_ms: int) -> SessionKey:
    """A new random key; ``size_bits`` of ``None`` is as long as the digest."""
    digest = _DIGESTS[algorithm.lower()]
    size = (size_bits // 8) if size_bits else hashlib.new(digest, usedforsecurity=False).digest_size
    return SessionKey(secrets.token_bytes(size), algorithm, now_ms)


def is_outdated(key: SessionKey | None, algorithm: str, size_bits: int | None, ttl_ms: int, now_ms: float) -> bool:
    """Whether the leader has to write another key: there is none, it is too old, or made differently."""
    if key is None or key.algorithm != algorithm:
        return True
    if size_bits is not None and len(key.key) * 8 != size_bits:
        return True
    return ttl_ms > 0 and now_ms >= key.created_ms + ttl_ms


def sign(key: SessionKey, algorithm: str, body: bytes) -> dict[str, str]:
    """The headers that prove that a body comes from a worker; an empty body is signed too."""
    return {SIGNATURE_HEADER: b64encode(_mac(key, algorithm, body)).decode(), ALGORITHM_HEADER: algorithm}


def verify(key: SessionKey | None, headers: Mapping[str, str], body: bytes, allowed: Collection[str]) -> None:
    """Let a request pass that a worker signed.

    Args:
        key: The present session key.
        headers: Of the request, names in lower case.
        body: Its exact bytes.
        allowed: ``inter.worker.verification.algorithms``.

    Raises:
        RequestError: 400 without a signature or with one of another kind, 403 for a wrong one, 503 without a key.
    """
    given, algorithm = headers.get(SIGNATURE_HEADER.lower()), headers.get(ALGORITHM_HEADER.lower())
    if given is None or algorithm is None:
        raise BadRequestError("Internal request missing required signature", code="BRN-3120")
    if algorithm.lower() not in _DIGESTS:
        raise BadRequestError(f"Algorithm {algorithm} not available", code="BRN-3120")
    if algorithm.lower() not in {name.lower() for name in allowed}:
        raise BadRequestError(
            f"This worker does not support the '{algorithm}' key signing algorithm used by other workers. "
            f"This worker is currently configured to use: [{', '.join(allowed)}]. "
            "Check that all workers' configuration files permit the same set of signature algorithms, and correct any "
            "misconfigured worker and restart it.",
            code="BRN-3120",
        )
    if key is None:
        raise RequestError(
            "This worker is still starting up and has not been able to read a session key from the config topic yet",
            status=503,
            code="BRN-3121",
        )
    try:
        signature = b64decode(given, validate=True)
    except ValueError:
        raise BadRequestError("The signature of the internal request is no base64.", code="BRN-3120") from None
    if not hmac.compare_digest(signature, _mac(key, algorithm, body)):
        raise RequestError("Internal request contained invalid signature.", status=403, code="BRN-3122")


def _mac(key: SessionKey, algorithm: str, body: bytes) -> bytes:
    return hmac.digest(key.key, body, _DIGESTS[algorithm.lower()])
