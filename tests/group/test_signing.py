"""Signatures of requests among workers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError
from barnabas.herder.base import RequestError
from barnabas.herder.group.signing import check_algorithm, is_outdated, make_key, sign, verify
from barnabas.store.config_records import SessionKey

KEY = SessionKey(bytes(range(32)), "HmacSHA256", 1000)
ALLOWED = ["HmacSHA256"]


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_as_java_signs() -> None:
    """From javax.crypto.Mac with the same key and body."""
    assert sign(KEY, "HmacSHA256", b"[]")["X-Connect-Authorization"] == "RFz4uuvEwRyKDg2eLYkj6DfD/GYfMQFAut0Di01ZS3o="


@given(st.binary(), st.binary())
def test_only_the_same_bytes_pass(body: bytes, other: bytes) -> None:
    headers = lower(sign(KEY, "HmacSHA256", body))
    verify(KEY, headers, body, ALLOWED)
    if other != body:
        with pytest.raises(RequestError) as raised:
            verify(KEY, headers, other, ALLOWED)
        assert raised.value.status == 403


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"x-connect-authorization": None}, 400, "Internal request missing required signature"),
        ({"x-connect-request-signature-algorithm": None}, 400, "Internal request missing required signature"),
        ({"x-connect-request-signature-algorithm": "Nope"}, 400, "Algorithm Nope not available"),
        ({"x-connect-request-signature-algorithm": "HmacMD5"}, 400, "does not support the 'HmacMD5' key signing"),
        ({"x-connect-authorization": "%%%"}, 400, "no base64"),
        ({"x-connect-authorization": "AAAA"}, 403, "Internal request contained invalid signature."),
    ],
)
def test_what_does_not_pass(change: dict[str, str | None], status: int, message: str) -> None:
    headers = {k: v for k, v in (lower(sign(KEY, "HmacSHA256", b"x")) | change).items() if v is not None}
    with pytest.raises(RequestError, match=message) as raised:
        verify(KEY, headers, b"x", ALLOWED)
    assert raised.value.status == status


def test_nobody_passes_without_a_key() -> None:
    with pytest.raises(RequestError) as raised:
        verify(None, lower(sign(KEY, "HmacSHA256", b"")), b"", ALLOWED)
    assert raised.value.status == 503


def test_keys() -> None:
    made = make_key("HmacSHA256", None, 5)
    assert (len(made.key), made.created_ms) == (32, 5)
    assert len(make_key("HmacSHA512", 128, 5).key) == 16
    assert make_key("HmacSHA256", None, 5).key != made.key
    assert not is_outdated(made, "HmacSHA256", None, 1000, 1004)
    assert is_outdated(made, "HmacSHA256", None, 1000, 1005)
    assert not is_outdated(made, "HmacSHA256", None, 0, 10**15)
    assert is_outdated(made, "HmacSHA512", None, 1000, 6)
    assert is_outdated(made, "HmacSHA256", 512, 1000, 6)
    assert is_outdated(None, "HmacSHA256", None, 1000, 6)
    with pytest.raises(ConfigError):
        check_algorithm("Rot13", "inter.worker.signature.algorithm")
