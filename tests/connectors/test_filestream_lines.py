"""The line cutter against a slow and obvious one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from barnabas.connectors.filestream.lines import cut_lines, last_line

PIECES = st.lists(
    st.sampled_from(
        [
            b"a",
            b"bc",
            b"\n",
            b"\r",
            b"\r\n",
            "é".encode(),
            "🎉".encode(),
            b"\xe2",
            b"\xff\xfe",
            b"\xef\xbf\xbd",
            b"\x0b\x85",
        ]
    )
).map(b"".join)


def obvious(data: bytes, limit: int) -> tuple[list[str], int]:
    """Line by line, as one would write it down."""
    lines, at = [], 0
    while len(lines) < limit and (end := re.compile(rb"\r\n|\n|\r(?!\Z)").search(data, at)):
        lines.append(data[at : end.start()].decode("utf-8", "replace"))
        at = end.end()
    return lines, at


@given(PIECES, st.integers(1, 6))
def test_cuts_like_the_obvious_one(data, limit):
    assert cut_lines(data, limit) == obvious(data, limit)


@given(st.lists(st.sampled_from([b"x", b"\n", "ä".encode(), b"\xc3"])).map(b"".join), st.integers(1, 6))
def test_without_carriage_returns(data, limit):
    assert cut_lines(data, limit) == obvious(data, limit)


@given(PIECES, st.integers(1, 4), st.integers(1, 7))
def test_any_chunking_gives_the_same_lines(data, limit, step):
    """Fed bit by bit, with the rest carried over, nothing is lost, repeated or torn."""
    whole, _ = cut_lines(data, 10**6)
    lines: list[str] = []
    buffer = b""
    for start in range(0, len(data), step):
        buffer += data[start : start + step]
        while True:
            cut = cut_lines(buffer, limit)
            if not cut.lines:
                break
            lines += cut.lines
            buffer = buffer[cut.size :]
    assert lines == whole


def test_a_final_carriage_return_waits_for_what_follows():
    assert cut_lines(b"a\r", 9) == ([], 0)
    assert cut_lines(b"a\r\n", 9) == (["a"], 3)
    assert cut_lines(b"a\rb", 9) == (["a"], 2)


def test_the_last_line_of_a_finished_file():
    assert last_line(b"end") == "end"
    assert last_line(b"end\r") == "end"
    assert last_line(b"") == ""
