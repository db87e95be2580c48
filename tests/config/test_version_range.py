"""Versions and ranges as Maven has them; the expected results were recorded from Kafka Connect 4.3.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._config.hash_order import hash_order
from barnabas.config import version_range
from barnabas.errors import ConfigError

WITHIN = (
    *("4.3.1", "4.3.1.0", "4.3.01", " 4.3.1 ", "(4.3,4.4)", "(,4.3.1]", "[4.3.1]", "[4.3.1,4.3.1]", "[1,2],(2,5)"),
    *("[4.3.1-SNAPSHOT,)", "[4.3.1-alpha,4.3.1]", "(,4.3.1-sp]", "[4.3.1-rc1,)", "(4.3.1-SNAPSHOT,)", "[,5]", "(,)"),
    *("[4.3.1-final,)", "[,]", "( ,)", " [4 , 5) ", "[4,5],", "[4,5] , [6,7]", "[4,5] [6,7]", "[4,5,6]", "[4_3,)"),
    *("[4.x,)", "[4..3,)", "[v4,)", "[4.3.1-0,)", "[4.3.1-a1,)", "[4.3.1-cr2,)", "[4.3.1-m2,)", "[4-3-1,)"),
)
OUTSIDE = {
    "4.3.1-1": "[4.3.1-1,4.3.1-1]",
    "(,4.3.1)": "(,4.3.1)",
    "(4.3.1,5]": "(4.3.1,5]",
    "[4.3.1a,)": "[4.3.1a,)",
    "[a,b]": "[a,b]",
    "[]": "[,]",
    "": "[,]",
    "x y": "[x y,x y]",
    "(4.3.1-ga,)": "(4.3.1-ga,)",
    "[4.3.1+build,)": "[4.3.1+build,)",
    "[4.3.1.x,)": "[4.3.1.x,)",
    "[1,2),(3,4)": "[1,2),(3,4)",
    "LATEST": "[LATEST,LATEST]",
    " latest ": "[latest,latest]",
}
MALFORMED = {
    "(1,2": "Unbounded range: (1,2",
    "bogus]": "Only fully-qualified sets allowed in multiple set scenario: [bogus]]",
    "[2,1]": "Range defies version ordering: [2,1]",
    "(1,1)": "Range defies version ordering: (1,1)",
    "()": "Single version must be surrounded by []: ()",
    "[1,3),[2,5)": "Ranges overlap: [1,3),[2,5)",
    "[4,5),1": "Only fully-qualified sets allowed in multiple set scenario: [4,5),1",
}


@pytest.mark.parametrize("text", WITHIN)
def test_within(text: str) -> None:
    found = version_range(text)
    assert found is not None
    assert "4.3.1" in found


@pytest.mark.parametrize("text", OUTSIDE)
def test_outside(text: str) -> None:
    found = version_range(text)
    assert found is not None
    assert "4.3.1" not in found
    assert str(found) == OUTSIDE[text]


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        version_range(text)
    assert raised.value.message == MALFORMED[text]
    assert raised.value.code == "BRN-1070"


def test_any_version() -> None:
    assert version_range(None) is None
    assert version_range("latest") is None


VERSION = st.text("0123456789.-abrcsp", min_size=1, max_size=10)


@given(VERSION, VERSION)
def test_a_version_is_below_equal_to_or_above_another(one: str, other: str) -> None:
    exact = version_range(f"[{other}]")
    above, below = version_range(f"({other},)"), version_range(f"(,{other})")
    assert exact is not None
    assert above is not None
    assert below is not None
    assert [one in exact, one in above, one in below].count(True) == 1


@given(st.text(max_size=30))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        found = version_range(text)
    except ConfigError:
        return
    assert found is None or isinstance("1.0" in found, bool)


def test_keys_in_the_order_of_a_hash_map() -> None:
    assert hash_order(["b", "a", "p"]) == ["p", "a", "b"], (
        "the hash of one letter is its code: 98, 97, 112 in 16 places"
    )
    assert hash_order([*"cdefghijklmnp"])[-1] == "p", "the 13th key makes the table 32 places large"
    assert hash_order(["BB", "Aa"]) == ["BB", "Aa"], "equal hashes stay in the order of insertion"
    assert hash_order([*"ap"], copied=True) == ["p", "a"]
    assert hash_order([]) == []
