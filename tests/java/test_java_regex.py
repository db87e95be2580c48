"""Java's regular expressions: what Java 17 answered (regex.jsonl, by RecordRegex.java), and what is refused."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._java.char_set import ALL, CharSet
from barnabas._java.regex import Flags, NoGroupError, compile_java
from barnabas._java.validators import JavaRegex
from barnabas.errors import ConfigError, DataError, IllegalArgumentError

RECORDED = [json.loads(line) for line in Path(__file__).with_name("regex.jsonl").read_text().splitlines()]


def spans(pattern, match):
    if match is None:
        return None
    return ["*" if g in pattern._vague else "{}:{}".format(*match.span(g)) for g in range(pattern.groups + 1)]


def same(recorded, ours):
    if ours is None:
        return recorded in ("", "-")
    return all(b in {a, "*"} for a, b in zip(recorded.split(","), ours, strict=True))


def replaced(pattern, text, replacement):
    try:
        return "R" + pattern.replace_first(text, replacement)
    except DataError as error:
        return f"E{error.java_class.rpartition('.')[2]} {error.message}"


def test_what_java_answered():
    for row in RECORDED:
        source, flags, text, replacement, *answer = row
        if len(answer) == 1:
            with pytest.raises(ConfigError) as caught:
                compile_java(source, flags)
            assert (caught.value.message, caught.value.code) == (answer[0], "BRN-1001")
            continue
        pattern = compile_java(source, flags)
        assert same(answer[0], spans(pattern, pattern._compiled.fullmatch(text))), row
        assert same(answer[1], spans(pattern, pattern.search(text))), row
        assert replaced(pattern, text, replacement) == answer[2], row


TOPICS = [
    (r"(.*)", "prefix-$1", "orders", "prefix-orders"),
    (r"db\.(?<table>\w+)\.(\d+)", "${table}_$2", "db.users.7", "users_7"),
    (r"(?i)ORDERS-(.+)", "$1", "orders-eu", "eu"),
    (r"[a-z&&[^aeiou]]+", "x", "rhythm", "x"),
    (r"\Qa.b\E-(\p{Lu}+)", "$1", "a.b-EU", "EU"),
    (r"(?>a+)b*+c", "z", "aabbc", "z"),
    (r"(?x) o r d e r s # the topic", "x", "orders", "x"),
    (r"a|ab", "X", "ab", "Xb"),
    (r"orders", "a\\$b\\\\", "orders", "a$b\\"),
    (r"\w+", "x", "é", "é"),
    (r"(\w+)\.\1", "$1", "aa.aa", "aa"),
]


@pytest.mark.parametrize(("pattern", "replacement", "topic", "new"), TOPICS)
def test_topics(pattern, replacement, topic, new):
    compiled = compile_java(pattern)
    assert (compiled.replace_first(topic, replacement) if compiled.matches(topic) else topic) == new


REFUSED = [
    (r"\X", r"\X"),
    (r"a\b{g}", r"\b{…}"),
    (r"\N{DIGIT ONE}", r"\N{…}"),
    (r"\p{IsLatin}", r"\p{IsLatin}"),
    (r"\P{InGreek}", r"\P{InGreek}"),
    (r"(?U)\w", "flag U"),
    (r"(?c)e", "flag c"),
    (r"(?<=a+)b", "look-behind"),
    (r"(?<=a{1,2})b", "look-behind"),
    (r"(?<=(a)|bc)d", "look-behind"),
    (r"(a\1)", "from inside it"),
    (r"(?:\2(a)|(b))*", "comes later"),
    (r"(a*)*\1", "something repeated"),
    (r"(?:(?>(a)|b)|c)\1", "atomic group"),
    (r"(?iu)(a)\1", "case of all letters"),
    (r"[[a]&&]", "&&"),
    ("(" * 60 + ")" * 60, "nested this deep"),
    ("[" * 60 + "a" + "]" * 60, "nested this deep"),
]


@pytest.mark.parametrize(("pattern", "construct"), REFUSED)
def test_what_java_takes_and_we_refuse_names_the_construct(pattern, construct):
    with pytest.raises(ConfigError) as caught:
        compile_java(pattern, key="regex")
    assert (caught.value.code, caught.value.key) == ("BRN-1065", "regex")
    assert construct in caught.value.message
    assert caught.value.remedy


def test_unknown_flags_are_refused():
    with pytest.raises(ConfigError, match="flags 128"):
        compile_java("a", 128)


def test_a_literal_pattern():
    assert compile_java("a.b\\E", Flags.LITERAL).matches("a.b\\E")
    assert compile_java("A.b", Flags.LITERAL | Flags.CASE_INSENSITIVE).matches("a.B")


def test_the_validator_speaks_as_java():
    with pytest.raises(ConfigError) as caught:
        JavaRegex()("regex", "*")
    assert caught.value.message == (
        "Invalid value * for configuration regex: Invalid regex: Dangling meta character '*' near index 0\n*\n^"
    )
    JavaRegex()("regex", "a*")


def test_a_group_that_java_leaves_to_chance_is_refused_in_a_replacement():
    pattern = compile_java("a(?!(b))")
    assert pattern.replace_first("ac", "$0x") == "axc"
    with pytest.raises(ConfigError, match="look-around"):
        pattern.check_replacement("$1")


def test_replacements_that_name_no_group():
    pattern = compile_java("(?<n>.)")
    with pytest.raises(NoGroupError, match="No group 2"):
        pattern.replace_first("a", "$2")
    with pytest.raises(IllegalArgumentError, match="No group with name"):
        pattern.replace_first("a", "${m}")
    assert pattern.replace_first("a", "$12") == "a2"


def test_bounds_of_words_beside_combining_marks_are_refused():
    pattern = compile_java(r"\be")
    assert pattern.matches("e")
    assert not pattern.matches("é")
    with pytest.raises(IllegalArgumentError, match="combining marks"):
        pattern.matches("e\u0301")


PIECES = st.sampled_from(
    [
        *"ab()[]{}*+?|^$\\.-&<>=!:#, \n1290",
        "(?",
        "(?<n>",
        "(?i)",
        "&&",
        "\\Q",
        "\\E",
        "\\p{",
        "\\x",
        "\\k<n>",
        "{1,",
        "[^",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=25), st.integers(0, 127))
def test_any_text_compiles_or_is_refused(text, flags):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(ConfigError):
            compile_java(text, flags)


CODES = st.integers(0, 0x10FFFF)
SETS = st.lists(st.tuples(CODES, CODES).map(sorted).map(tuple), max_size=6).map(CharSet)


@given(SETS, SETS, CODES)
def test_sets_of_characters(one, other, code):
    assert (code in (one | other)) == (code in one or code in other)
    assert (code in (one & other)) == (code in one and code in other)
    assert (code in ~one) == (code not in one)
    assert one | ~one == ALL


@given(SETS, CODES)
def test_the_pattern_of_a_set_matches_its_members(found, code):
    assert (re.fullmatch(found.pattern(), chr(code)) is not None) == (code in found)
