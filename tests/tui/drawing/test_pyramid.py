from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.drawing.pyramid import Pyramid
from tui.drawing.smoothing import Smoothed


def by_hand(values, edges):
    """Each column's lowest, highest and flag, one value after the other."""
    columns = []
    for start, stop in pairwise(edges):
        part = [float(values[i]) for i in range(max(0, start), min(stop, len(values)))]
        good = [v for v in part if np.isfinite(v)]
        columns.append((min(good, default=np.nan), max(good, default=np.nan), len(good) < len(part)))
    return columns


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, -2.5, 3.0, np.nan, np.inf, -np.inf, 1e30]), max_size=700),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=12),
    st.integers(-50, 700),
    st.integers(1, 900),
    st.integers(1, 40),
)
def test_columns_hold_exactly_what_lies_between_their_edges(values, cuts, low, width, count):
    pyramid, kept = Pyramid(), []
    for size, back in cuts:
        pyramid.extend(values[:size])
        kept += values[:size]
        if back:
            pyramid.truncate(len(kept) // 2)
            del kept[len(kept) // 2 :]
    pyramid.extend(values)
    kept += values
    edges = pyramid.edges(low, low + width, count)
    mins, maxs, flags = pyramid.columns(low, low + width, count)
    expected = by_hand(np.array(kept, np.float32), edges.tolist())
    np.testing.assert_array_equal(mins, [low for low, _, _ in expected])
    np.testing.assert_array_equal(maxs, [high for _, high, _ in expected])
    assert flags.tolist() == [flag for _, _, flag in expected]


@pytest.mark.parametrize("length", [1000, 100_000, 1_000_000])
@pytest.mark.parametrize("at", [0, 0.1234, 0.777, 1])
def test_a_spike_of_one_step_is_in_the_columns_at_every_width_and_zoom(length, at):
    values = np.zeros(length, np.float32)
    spike = min(length - 1, int(at * length))
    values[spike] = 7
    pyramid = Pyramid(values)
    for count in (1, 20, 199):
        for low, high in (
            (0, length),
            (max(0, spike - 300), spike + 300),
            (spike, spike + 1),
            (spike - 5, length + 99),
        ):
            edges = pyramid.edges(low, high, count)
            columns = np.flatnonzero(pyramid.columns(low, high, count)[1] == 7)
            assert len(columns) == 1 or high - low < count
            assert all(edges[c] <= spike < edges[c + 1] for c in columns) and len(columns)
            width = (high - low) / count
            assert np.all(np.abs(edges - np.linspace(low, high, count + 1)) <= max(1, width / 8))


def test_columns_look_at_a_number_of_blocks_that_does_not_grow_with_the_series():
    pyramid = Pyramid(np.zeros(1_000_000))
    for low, high in ((0, 1_000_000), (0, 40_000), (999_000, 1_000_000)):
        block = np.gcd.reduce(pyramid.edges(low, high, 200))
        assert (high - low) / max(1, block) <= 200 * 32 + 1


def test_values_are_kept_as_they_came_and_cannot_be_written():
    pyramid = Pyramid([1, np.nan, np.inf])
    np.testing.assert_array_equal(pyramid.values, np.array([1, np.nan, np.inf], np.float32))
    with pytest.raises(ValueError, match="read-only"):
        pyramid.values[0] = 2


def test_follow_takes_the_new_part_or_goes_back():
    source = np.arange(100, dtype=np.float32)
    pyramid = Pyramid()
    for length in (10, 64, 100, 33, 34):
        pyramid.follow(source[:length])
        np.testing.assert_array_equal(pyramid.values, source[:length])


def smoothed_by_hand(values, beta):
    moment, count, result = 0.0, 0, []
    for value in values:
        if np.isfinite(value):
            count += 1
            moment = beta * moment + (1 - beta) * float(value)
            result.append(moment / (1 - beta**count))
        else:
            result.append(value)
    return np.array(result)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.6, 0.9, 0.99, 0.999])
def test_smoothing_equals_the_recurrence_however_it_is_fed_and_cut(beta):
    random = np.random.default_rng(3)
    values = random.standard_normal(9000).astype(np.float32) + 3
    values[[0, 17, 4096, 8000]] = np.nan, np.inf, -np.inf, np.nan
    source, smoothed = Pyramid(), Smoothed(beta)
    for length in (1, 2, 100, 4096, 4097, 9000, 8192, 5000, 3, 9000):
        source.follow(values[:length])
        smoothed.follow(source)
        expected = smoothed_by_hand(values[:length], beta)
        np.testing.assert_allclose(smoothed.pyramid.values, expected, rtol=2e-6, atol=2e-6)


def test_the_first_smoothed_value_is_the_first_value():
    source, smoothed = Pyramid([5.0]), Smoothed(0.99)
    smoothed.follow(source)
    assert smoothed.pyramid.values[0] == pytest.approx(5, rel=1e-6)
