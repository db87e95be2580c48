"""Java's regular expressions for topics, as the library matches them."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import ConfigError
from barnabas.kafka.topic_pattern import posix_pattern

_libc = ctypes.CDLL(None)
_EXTENDED, _NO_SUB = 1, 8


def _matches(pattern: str, name: str) -> bool:
    compiled = ctypes.create_string_buffer(256)
    assert _libc.regcomp(compiled, pattern.encode(), _EXTENDED | _NO_SUB) == 0, pattern
    try:
        return bool(_libc.regexec(compiled, name.encode(), 0, None, 0) == 0)
    finally:
        _libc.regfree(compiled)


NAMES = ["orders", "orders-1", "orders.eu", "ordersXeu", "Orders", "a_b", "a-b", "2024", "x]y", "x^y", "", "eu.orders"]


@pytest.mark.parametrize(
    "java",
    [
        "orders",
        "orders.*",
        r"orders\.eu",
        r"orders-\d+",
        r"[a-z]+",
        r"[^a-z]+",
        r"[\w.]+",
        r"[\w\-.]+",
        r"(?:orders|a).*?",
        r"x[\]\^]y",
        r"[\^x]+.y",
        r"[\^]",
        r"\D+",
        r"[\d]{4}",
        ".*",
        "orders|2024",
        r"[A-Z]\w{2,}?",
    ],
)
def test_same_topics_as_a_full_match(java: str) -> None:
    ours = posix_pattern(java)
    assert ours.startswith("^")
    assert [name for name in NAMES if _matches(ours, name)] == [n for n in NAMES if re.fullmatch(java, n, re.ASCII)]


@pytest.mark.parametrize("java", ["(?i)orders", "(?=x)y", r"\bx", r"(a)\1", "a*+", "[a&&b]", "[a[b]]", "[a", "a\\"])
def test_what_cannot_be_expressed_is_refused(java: str) -> None:
    with pytest.raises(ConfigError) as caught:
        posix_pattern(java)
    assert caught.value.key == "topics.regex"
    assert caught.value.remedy


@given(st.text(alphabet=r"ab01.-_[]^\dw(?:)|*+{},", max_size=12))
def test_never_another_kind_of_error(java: str) -> None:
    try:
        made: Any = posix_pattern(java)
    except ConfigError:
        return
    assert made.startswith("^(")
