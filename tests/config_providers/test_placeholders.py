from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.config_providers.placeholders import Placeholder, has_placeholder, placeholders, replace
from barnabas.config_providers.transform import transform
from barnabas.extension import ConfigData
from barnabas.secrets import HIDDEN


class Fake:
    """A provider that knows what it is given, and remembers what it was asked."""

    def __init__(self, data, ttl_ms=None):
        self.data = data
        self.ttl_ms = ttl_ms
        self.asked = []

    async def get(self, path, keys):
        keys = list(keys)
        self.asked.append((path, keys))
        found = self.data.get(path, {})
        return ConfigData({key: found[key] for key in keys if key in found}, self.ttl_ms)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${file:/a/b.properties:key}", [("file", "/a/b.properties", "key")]),
        ("${env:KEY}", [("env", "", "KEY")]),
        ("${a:b:c:d:e}", [("a", "b", "c:d:e")]),
        ("${a::b}", [("a", "", "b")]),
        ("${:b}", [("", "", "b")]),
        ("${a:}", [("a", "", "")]),
        ("x${a:b}y${c:d:e}z", [("a", "", "b"), ("c", "d", "e")]),
        ("${a:b\nc:d}", [("a", "b\nc", "d")]),
        ("${${a:b}}", [("${a", "", "b")]),
        ("${a}", []),
        ("$a:b", []),
        ("${a:b", []),
        ("", []),
    ],
)
def test_what_a_placeholder_is(text, parts):
    assert [(found.provider, found.path, found.key) for found in placeholders(text)] == parts
    assert has_placeholder(text) == bool(parts)


def test_nothing_has_no_placeholder():
    assert not has_placeholder(None)


@given(st.lists(st.sampled_from(["$", "{", "}", ":", "a", "b", "\n"])).map("".join))
def test_what_is_not_known_stays_as_it_is(text):
    assert replace(text, lambda _: None) == text


@given(st.text())
def test_a_value_is_not_looked_at_again(value):
    assert replace("<${a:b}>", lambda _: value) == f"<{value}>"


def test_replacing_gives_the_parts():
    seen = []
    replace("${a:p:k}", seen.append)
    assert seen == [Placeholder("${a:p:k}", "a", "p", "k")]


async def test_each_path_is_asked_once():
    fake = Fake({"p": {"u": "joe", "pw": "s3cret!"}, "": {"x": "1"}})
    config = {"user": "${f:p:u}", "db.password": "${f:p:pw}", "both": "${f:p:u}/${f:p:pw}", "x": "${f:x}", "n": None}
    result = await transform(config, {"f": fake})
    expected = {"user": "joe", "db.password": "s3cret!", "both": "joe/s3cret!", "x": "1", "n": None}
    assert result.props == expected
    assert fake.asked == [("p", ["pw", "u"]), ("", ["x"])]
    assert result.secrets["s3cret!"] == HIDDEN
    assert result.secrets["joe"] == "${f:p:u}"
    assert result.unresolved == []
    assert result.ttl is None


async def test_unknown_providers_and_keys_stay_as_text():
    config = {"a": "${vault:p:k}-${f:p:k}-${f:p:nope}"}
    result = await transform(config, {"f": Fake({"p": {"k": "v"}})})
    assert result.props == {"a": "${vault:p:k}-v-${f:p:nope}"}
    (_, vault, why), (_, key, no_key) = result.unresolved
    assert (vault, key) == ("${vault:p:k}", "${f:p:nope}")
    assert "vault" in why
    assert "nope" in no_key


async def test_the_shortest_time_counts():
    config = {"a": "${f:x}", "b": "${g:x}", "c": "${h:x}"}
    values = {"": {"x": "1"}}
    sources = {"f": Fake(values, 5000), "g": Fake(values, 250), "h": Fake(values, -1)}
    assert (await transform(config, sources)).ttl == 0.25


async def test_an_error_of_a_provider_is_passed_on():
    class Failing:
        async def get(self, path, keys):
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await transform({"a": "${f:x}"}, {"f": Failing()})
