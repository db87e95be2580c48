"""The campaign of JdbcSource: its judge, and a short run of it."""

from __future__ import annotations

import pytest

from campaigns import jdbc_source
from campaigns.jdbc_writers import judge


def test_all_well():
    assert judge("t", {1: 1, 2: 3}, [(1, 1), (2, 1), (2, 3)]).ok


@pytest.mark.parametrize(
    ("arrived", "part"),
    [
        ([(1, 1)], "missing"),
        ([(1, 1), (2, 2)], "outdated"),
        ([(1, 1), (2, 3), (3, 1)], "invented"),
    ],
)
def test_what_is_wrong_is_told(arrived, part):
    lost = judge("t", {1: 1, 2: 3}, arrived)
    assert not lost.ok
    assert len(getattr(lost, part)) == 1


def test_repeats_are_counted_and_allowed():
    lost = judge("t", {1: 1}, [(1, 1), (1, 1)])
    assert lost.ok
    assert lost.repeats == 1


def test_a_short_run(postgres, capsys):
    code = jdbc_source.main(["--kills", "2", "--writers", "4", "--after", "0.5"])
    assert code == 0, capsys.readouterr().out
