"""A sample of the campaign that feeds hostile bytes to every converter; ``python -m campaigns.fuzz`` is the whole."""

from __future__ import annotations

from random import Random

from campaigns import fuzz
from campaigns.fuzz_corpus import hostile


def test_no_hostile_bytes_end_in_anything_but_a_value_or_our_own_error() -> None:
    table = fuzz.run(20_000, seed=7)
    assert [failure for row in table for failure in row.failures] == []
    assert sum(row.inputs for row in table) == 20_000
    assert all(row.read for row in table if row.name.startswith("JsonConverter") and row.inputs > 400)


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = Random(3), Random(3)
    assert [hostile(one) for _ in range(300)] == [hostile(other) for _ in range(300)]


def test_a_failure_is_reported_with_its_bytes(capsys) -> None:
    row = fuzz.rows()[0]
    row.converter = None
    fuzz._feed(row, [b"\x01"])
    assert "01: AttributeError" in row.failures[0]
