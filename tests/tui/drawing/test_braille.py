from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.drawing.braille import Canvas, joined, polyline
from tui.drawing.picture import Picture

# The dots of a braille cell by their numbers in the Unicode names: 1 2 3 7 down the left, 4 5 6 8 down the right.
NUMBERS = {(0, 0): 1, (1, 0): 2, (2, 0): 3, (3, 0): 7, (0, 1): 4, (1, 1): 5, (2, 1): 6, (3, 1): 8}


def by_hand(mask):
    """A mask of dots as text, one dot after the other."""
    rows, columns = mask.shape
    lines = []
    for top in range(0, rows, 4):
        line = ""
        for left in range(0, columns, 2):
            code = 0
            for (row, column), number in NUMBERS.items():
                if mask[top + row, left + column]:
                    code += 2 ** (number - 1)
            line += chr(0x2800 + code) if code else " "
        lines.append(line.rstrip())
    return "\n".join(lines)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(0, 5), st.randoms(use_true_random=False))
def test_any_mask_becomes_the_right_characters(width, height, random):
    mask = np.array([[random.random() < 0.4 for _ in range(2 * width)] for _ in range(4 * height)], bool)
    mask = mask.reshape(4 * height, 2 * width)
    canvas = Canvas(width, height)
    canvas.dots(mask, 1)
    assert canvas.to_text() == by_hand(mask)


def test_pictures_made_by_hand():
    canvas = Canvas(3, 1)
    canvas.spans([0, 0, 3, 3, np.nan, 1], [3, 0, 3, 0, 2, 2], 1)
    assert canvas.to_text() == "⡏⣸⠰"
    canvas = Canvas(2, 2)
    canvas.points([0, 3, 1, 9, np.nan], [0, 7, 3.4, 0, 0], 1)
    assert canvas.to_text() == "⢁\n ⢀"


def test_later_series_win_the_cell_and_what_lies_under_gives_way():
    canvas = Canvas(2, 1)
    canvas.spans([0, 0, 0, 0], [3, 3, 3, 3], 5, under=True)
    canvas.spans([0, 0, np.nan, np.nan], [0, 0, 0, 0], 7)
    assert canvas.to_text() == "⠉⣿"
    assert canvas.fg.tolist() == [[7, 5]]
    canvas.spans([3, 3, np.nan, np.nan], [3, 3, 0, 0], 9)
    assert canvas.to_text() == "⣉⣿"
    assert canvas.fg.tolist() == [[9, 5]]


def test_patterns_leave_columns_out_but_never_a_spike():
    flat, tall = np.full(20, 2.0), np.full(20, 2.0)
    tall[5] = 7.0
    plain, dashed = Canvas(10, 2), Canvas(10, 2)
    dashed.spans(flat, flat, 1, "dashed")
    assert dashed.to_text().rstrip("\n") == "⠤⠤ ⠠⠤⠄⠀⠤⠤".replace("⠀", " ")
    plain.spans(flat, tall, 1, "dotted")
    assert "⢸" in plain.to_text()


def test_nothing_outside_the_canvas_and_no_size_is_drawn_or_fails():
    for width, height in ((0, 0), (0, 3), (3, 0), (1, 1)):
        canvas = Canvas(width, height)
        canvas.spans(np.full(2 * width, -1e30), np.full(2 * width, 1e30), 1)
        canvas.points([-5, 1e30, 0], [0, 0, np.inf], 1)
        canvas.onto(Picture(width, height))
        assert canvas.to_text().replace("\n", "") == "⣿" * width * height


def test_joined_spans_meet_their_neighbours():
    low, high = joined(np.array([0.0, 10.0, 4.0, np.nan, 9.0]), np.array([1.0, 12.0, 5.0, np.nan, 9.0]))
    assert (low[0], high[4]) == (0, 9) and np.isnan(low[3])
    assert high[0] == low[1] == 5.5 or low[1] <= high[0]
    for a, b in ((0, 1), (1, 2)):
        assert low[a] <= high[b] and low[b] <= high[a]
    assert high[2] >= 5 and (low[4], high[4]) == (9, 9)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 50), st.sampled_from([0.0, 1.0, -3.0, 8.5, np.nan])), min_size=1, max_size=30))
def test_polyline_covers_what_a_fine_walk_along_it_meets(points):
    points = sorted({round(x, 1): y for x, y in points}.items())
    xs, ys = (np.array(side, float) for side in zip(*points, strict=True))
    edges = np.linspace(-3, 47, 26)
    low, high = polyline(xs, ys, edges)
    for column in range(25):
        left, right = edges[column], edges[column + 1]
        met = [y for x, y in zip(xs, ys, strict=True) if left <= x < right and np.isfinite(y)]
        touched = [y for x, y in zip(xs, ys, strict=True) if left <= x <= right and np.isfinite(y)]
        for (x0, y0), (x1, y1) in pairwise(points):
            for x in np.linspace(left, right, 9):
                if x0 < x < x1 and np.isfinite(y0 + y1):
                    met.append(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        if met:
            assert low[column] <= min(met) + 1e-9 and high[column] >= max(met) - 1e-9
        if met + touched:
            assert not low[column] < min(met + touched) - 1e-9 and not high[column] > max(met + touched) + 1e-9
        else:
            assert np.isnan(low[column]) and np.isnan(high[column])


def test_polyline_keeps_a_value_alone_between_breaks_and_leaves_the_rest_empty():
    low, high = polyline(np.array([1.5, 2.5, 3.5]), np.array([np.nan, 4.0, np.nan]), np.arange(6.0))
    np.testing.assert_array_equal(low, [np.nan, np.nan, 4, np.nan, np.nan])
    np.testing.assert_array_equal(high, low)
    assert polyline(np.empty(0), np.empty(0), np.arange(3.0))[0].shape == (2,)


@pytest.mark.parametrize("text", ["", "a", "wide enough"])
def test_put_is_cut_at_the_edges(text):
    picture = Picture(4, 1)
    picture.put(0, 2, text)
    picture.put(3, 0, text)
    picture.put(0, -2, "xyz")
    assert picture.to_text() == ("z " + text[:2]).rstrip()
