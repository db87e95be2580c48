"""The judge of the kill -9 campaign must itself be beyond doubt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from campaigns.verdict import LINE_BYTES, Kill, judge, line, number_of

KILL = Kill("worker", written=8, source_committed=4, sink_committed=6)


def values(numbers):
    return [line(number)[:-1] for number in numbers]


def topic(numbers):
    return list(enumerate(values(numbers)))


@given(st.integers(0, 999_999_999))
def test_lines_have_one_length_and_carry_their_number(number):
    assert len(line(number)) == LINE_BYTES
    assert number_of(line(number)[:-1]) == number


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, LINE_BYTES - 2))
def test_half_a_line_glued_to_another_is_no_line(one, other, cut):
    assert number_of(line(one)[:cut] + line(other)[:-1]) is None
    assert number_of(line(one)[:cut]) is None


def test_all_well():
    verdict = judge(10, topic(range(10)), values(range(10)), [])
    assert verdict.ok
    assert verdict.source_repeats == verdict.sink_repeats == 0


def test_a_missing_line_is_lost_even_when_another_came_twice():
    verdict = judge(10, topic(range(10)), values([*range(9), 8]), [Kill("task", 10, 0, 0)])
    assert (verdict.lost, verdict.sink_repeats, verdict.outside_window) == (1, 1, 0)
    assert not verdict.ok


def test_a_line_missing_in_the_topic_counts_there():
    verdict = judge(3, topic([0, 2]), values([0, 2]), [])
    assert (verdict.lost_in_topic, verdict.lost) == (1, 1)


def test_source_repeats_are_allowed_behind_the_committed_offset_only():
    again = [*range(8), 4, 5, 6, 7, 8, 9]
    assert judge(10, topic(again), values(again), [KILL]).ok
    too_early = [*range(8), 3, 4, 5, 6, 7, 8, 9]
    assert judge(10, topic(too_early), values(too_early), [KILL]).outside_window == 1
    assert judge(10, topic(again), values(again), []).outside_window == 4


def test_sink_repeats_are_allowed_behind_the_committed_offset_only():
    again = [*range(8), 6, 7, 8, 9]
    verdict = judge(10, topic(range(10)), values(again), [KILL])
    assert verdict.ok
    assert verdict.sink_repeats == 2
    assert judge(10, topic(range(10)), values([*range(8), 5, 8, 9]), [KILL]).outside_window == 1


def test_torn_and_misplaced_lines_are_counted():
    torn = [*values(range(5)), line(5)[:40] + line(6)[:-1]]
    verdict = judge(7, topic(range(7)), torn, [])
    assert (verdict.torn, verdict.lost) == (1, 2)
    assert judge(3, topic([1, 0, 2]), values(range(3)), []).out_of_order == 1
