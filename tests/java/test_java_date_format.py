"""``SimpleDateFormat``: recordings of the JVM, and what holds for every pattern."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas._java.date_format import SimpleDateFormat, UnparseableError, moment_of, to_milliseconds
from barnabas._java.date_reader import century_start
from barnabas._java.zones import zone
from barnabas.errors import DataError, IllegalArgumentError
from barnabas.schema import Instant

CENTURY = -757_382_400_000
ESCAPED = re.compile(r"\\(t|n|\\|u([0-9a-f]{4}))")
PATTERNS = [
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyyMMddHHmmssSSS",
    "dd/MM/yyyy HH:mm:ss",
    "ss:mm:HH dd.MM.yyyy SSS",
    "yyyy-MM-dd'T'HH:mm:ss.SSSX",
    "EEE, dd MMM yyyy HH:mm:ss Z",
    "dd/MMM/yyyy:HH:mm:ss.SSSXX",
    "EEE HH:mm",
    "HH:mm:ss dd MMMM yyyy",
    "SSS ss",
    "d MMMM yyyy h:m:s.S a",
    "G yyyy.DDD HH:mm:ss.SSS",
    "yyyy/MM/dd",
    "HH:mm",
]


def plain(text):
    return ESCAPED.sub(lambda m: {"t": "\t", "n": "\n", "\\": "\\"}.get(m[1]) or chr(int(m[2], 16)), text)


def recorded(kind):
    lines = (Path(__file__).parent / "date_format.tsv").read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [[plain(field) for field in row] for row in rows if row[0] == kind]


def ours(kind, pattern, zone_id, given_text):
    try:
        made = SimpleDateFormat(pattern, zone(zone_id), century=CENTURY)
        if kind == "F":
            return made.format(moment_of(int(given_text)))
        found = made.parse(given_text)
        return f"{to_milliseconds(found)} {made.zone.id}"
    except UnparseableError:
        return "?"
    except IllegalArgumentError as error:
        return f"!{error.message}"


@pytest.mark.parametrize("kind", ["F", "P"])
def test_as_recorded(kind):
    cases = recorded(kind)
    assert len(cases) > 2000
    wrong = [(case, found) for case in cases if (found := ours(*case[:4])) != case[4]]
    assert wrong == []


@given(st.sampled_from(PATTERNS), st.integers(-12_000_000_000_000, 250_000_000_000_000))
def test_the_fast_ways_agree_with_the_slow_ones(pattern, milliseconds):
    fast, slow = (SimpleDateFormat(pattern, century=CENTURY) for _ in range(2))
    slow._fast_read = slow._fast_write = None
    moment = moment_of(milliseconds)
    text = slow.format(moment)
    assert fast.format(moment) == fast.format_milliseconds(milliseconds) == text
    assert fast.parse(text) == slow.parse(text)
    assert fast.parse_column([text] * 2) == [slow.parse(text)] * 2


@given(st.sampled_from(PATTERNS), st.text("0123456789-:./ TZeEJan+", max_size=30))
def test_damaged_texts_are_read_the_same_by_both(pattern, text):
    fast, slow = (SimpleDateFormat(pattern, century=CENTURY) for _ in range(2))
    slow._fast_read = slow._fast_write = None
    assert answer(fast, text) == answer(slow, text)


@given(st.sampled_from(PATTERNS[:6]), st.data())
def test_texts_with_one_wrong_character_are_read_the_same_by_both(pattern, data):
    fast, slow = (SimpleDateFormat(pattern, century=CENTURY) for _ in range(2))
    slow._fast_read = slow._fast_write = None
    text = fast.format(datetime(2024, 2, 29, 23, 59, 58, 987_000, UTC))
    at = data.draw(st.integers(0, len(text) - 1))
    text = text[:at] + data.draw(st.sampled_from("0123456789-:. T/,+Z٣E")) + text[at + 1 :]
    assert answer(fast, text) == answer(slow, text)
    column = [fast.format(datetime(2024, 1, 1, tzinfo=UTC)), text]
    if answer(slow, text) is not None:
        assert fast.parse_column(column) == list(map(slow.parse, column))


@given(
    st.sampled_from(
        ["Z", "+02:00", "-0330", "+24:00", "+01", "GMT", "UTC", "GMT+1:00", "PST", "+01:00 x", "+1:00", "+01:60"]
    ),
    st.sampled_from(["X", "XX", "XXX", "Z", "zzzz"]),
    st.sampled_from(["2025-03-04T05:06:07", "9999-12-31T23:59:59", "1583-01-01T00:00:00", "1582-10-01T00:00:00"]),
)
def test_offsets_are_read_the_same_by_both(offset, letters, text):
    fast, slow = (SimpleDateFormat(f"yyyy-MM-dd'T'HH:mm:ss{letters}", century=CENTURY) for _ in range(2))
    slow._fast_read = slow._fast_write = None
    wanted = answer(slow, text + offset)
    assert answer(fast, text + offset) == wanted
    if wanted is not None and "PST" not in offset:
        assert fast.parse_column([text + offset, text + offset]) == [wanted, wanted]


def answer(made, text):
    try:
        return made.parse(text)
    except UnparseableError:
        return None


@given(st.sampled_from(PATTERNS[:4]), st.integers(0, 4_000_000_000_000))
def test_round_trip(pattern, milliseconds):
    made = SimpleDateFormat(pattern)
    text = made.format_milliseconds(milliseconds)
    assert made.format(made.parse(text)) == text


def test_beyond_a_datetime():
    made = SimpleDateFormat("yyyy-MM-dd")
    assert made.parse("12025-01-01") == Instant(317_305_209_600_000)
    assert made.format(Instant(317_305_209_600_000)) == "12025-01-01"


def test_a_named_zone_stays_in_force():
    made = SimpleDateFormat("yyyy-MM-dd HH:mm z")
    assert made.parse("2025-07-01 12:00 PDT") == datetime(2025, 7, 1, 19, tzinfo=UTC)
    assert made.format(datetime(2025, 7, 1, 19, tzinfo=UTC)) == "2025-07-01 12:00 PDT"


def test_a_zone_of_the_process_comes_before_others(monkeypatch):
    text = "2025-01-01 12:00 IST"
    assert SimpleDateFormat("yyyy-MM-dd HH:mm z").parse(text).hour in (6, 10)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    assert SimpleDateFormat("yyyy-MM-dd HH:mm z").parse(text) == datetime(2025, 1, 1, 6, 30, tzinfo=UTC)


def test_the_century_begins_eighty_years_ago():
    start = century_start(datetime(2024, 2, 29, tzinfo=UTC))
    assert moment_of(start) == datetime(1944, 2, 29, tzinfo=UTC)
    made = SimpleDateFormat("yy-MM-dd", century=start)
    assert made.parse("44-02-28") == datetime(2044, 2, 28, tzinfo=UTC)
    assert made.parse("44-02-29") == datetime(1944, 2, 29, tzinfo=UTC)


def test_there_was_no_such_day_eighty_years_ago():
    leap = datetime(2180, 2, 29, tzinfo=UTC)  # 2100 is no leap year
    assert moment_of(century_start(leap)) == datetime(2100, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd", "2025-02-30"),
        ("yyyy-MM-dd", "2025-01-05 junk"),
        ("yyyy-MM-dd HH:mm", "2025-01-01 25:61"),
        ("hh:mm a", "13:00 PM"),
        ("E yyyy-MM-dd", "Mon 2025-01-05"),
    ],
)
def test_strict_refuses_leniency(pattern, text):
    assert SimpleDateFormat(pattern).parse(text) is not None
    with pytest.raises(UnparseableError):
        SimpleDateFormat(pattern, strict=True).parse(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd", "2025-1-5"),
        ("yyyy-MM-dd'T'HH:mmXXX", "2025-01-05T01:00+05:30"),
        ("hh:mm a", "02:30 pm"),
        ("EEE, dd MMM yyyy HH:mm:ss z", "Sun, 05 Jan 2025 10:00:00 PST"),
        ("YYYY-'W'ww-u", "2025-W02-3"),
        ("MMM d, yy", "January 5, 25"),
    ],
)
def test_strict_takes_a_plain_date(pattern, text):
    assert SimpleDateFormat(pattern, strict=True).parse(text) == SimpleDateFormat(pattern).parse(text)


def test_an_unknown_zone():
    with pytest.raises(DataError) as caught:
        zone("Mars/Olympus")
    assert caught.value.code == "BRN-2161"


@given(st.text(max_size=12))
def test_any_pattern_is_refused_or_writes(pattern):
    try:
        made = SimpleDateFormat(pattern)
    except IllegalArgumentError:
        return
    text = made.format_milliseconds(1_700_000_000_000)
    answer(made, text)
