import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drawing import axes


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 3, 4, [0, 1, 2, 3]),
        (0.31, 2.4, 5, [0.5, 1, 1.5, 2]),
        (-1, 1, 4, [-1, -0.5, 0, 0.5, 1]),
        (0, 20480, 8, [0, 5000, 10000, 15000, 20000]),
    ],
)
def test_linear_ticks_by_hand(low, high, count, expected):
    assert axes.linear_ticks(low, high, count) == expected


def test_counts_have_no_ticks_between_whole_numbers():
    assert axes.linear_ticks(0, 3, 12, whole=True) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (1e-4, 1, 5, [1e-4, 1e-3, 1e-2, 0.1, 1]),
        (1e-8, 1e2, 6, [1e-8, 1e-6, 1e-4, 1e-2, 1, 100]),
        (0.1, 2, 5, [0.1, 0.2, 0.5, 1, 2]),
    ],
)
def test_log_ticks_by_hand(low, high, count, expected):
    assert axes.log_ticks(low, high, count) == pytest.approx(expected)


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 20), st.booleans())
def test_ticks_rise_evenly_lie_within_and_their_labels_differ(low, span, count, log):
    scale = axes.nice_limits(low if not log else abs(low) + 1e-9, (low if not log else abs(low)) + span, log)
    assert scale.low < scale.high
    ticks = scale.ticks(count)
    slack = 1e-8 * max(abs(scale.low), abs(scale.high), span)
    assert all(scale.low - slack <= tick <= scale.high + slack for tick in ticks)
    assert all(a < b for a, b in pairwise(ticks))
    texts = axes.labels(ticks, log)
    if span > 1e-5 * abs(low):
        assert len(set(texts)) == len(texts)


@given(st.floats(-1e30, 1e30), st.floats(0, 1e30), st.booleans())
def test_limits_hold_what_they_are_made_for(low, span, log):
    low, high = (abs(low) + 1e-30, abs(low) + 1e-30 + span) if log else (low, low + span)
    scale = axes.nice_limits(low, high, log)
    slack = 1e-6 * (scale.high - scale.low)
    assert scale.low - slack <= low and high <= scale.high + slack


@given(st.floats(1, 1e9))
def test_the_end_of_a_growing_axis_is_never_far_and_rarely_moves(last):
    end = axes.nice_end(last)
    assert last <= end <= max(2.0, last + 1, last * 1.126)
    assert len({axes.nice_end(last * (1 + i / 1000)) for i in range(1000)}) <= 17


@pytest.mark.parametrize(
    ("ticks", "log", "expected"),
    [
        ([0, 0.5, 1], False, ["0.0", "0.5", "1.0"]),
        ([0, 0.02, 0.04], False, ["0.00", "0.02", "0.04"]),
        ([0, 5000, 10000], False, ["0", "5k", "10k"]),
        ([0, 500, 1000, 1500], False, ["0", "0.5k", "1.0k", "1.5k"]),
        ([0, 2e6], False, ["0", "2M"]),
        ([0, 1e-5, 2e-5], False, ["0", "1e-5", "2e-5"]),
        ([1e-4, 1e-3, 0.01, 1, 10, 1000], True, ["1e-4", "0.001", "0.01", "1", "10", "1e3"]),
        ([-1, 0, 1], False, ["-1", "0", "1"]),
        ([], False, []),
    ],
)
def test_labels_by_hand(ticks, log, expected):
    assert axes.labels(ticks, log) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "NaN"),
        (-math.inf, "-inf"),
        (0, "0"),
        (0.031268, "0.03127"),
        (2.3, "2.300"),
        (12345.6, "12346"),
        (3.1e-7, "3.100e-7"),
        (-0.5, "-0.5000"),
    ],
)
def test_numbers_to_read(value, text):
    assert axes.number(value) == text


def test_shares_of_a_scale_and_back():
    scale = axes.Scale(0.01, 100, True)
    assert scale.share([0.01, 1, 100, 0, -3]).tolist() == [0, 0.5, 1, -math.inf, -math.inf]
    assert scale.value(0.75) == pytest.approx(10)
    assert axes.Scale(2, 4).value(0.5) == 3
