"""Maps as half blocks: their sizes, their places in a grid, and rings around them."""

import numpy as np
import pytest

from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.screens.maps import (
    Grid,
    as_sheet,
    covered,
    draw_maps,
    draw_mark,
    draw_ring,
    draw_sheet,
    grid_size,
    heat,
    signed,
)


def test_maps():
    assert heat(np.zeros((4, 4)), 8, 8, Palette()).height == 4
    assert signed(np.full((3, 3), np.nan), 4, 4, Palette()).width == 4
    assert as_sheet(np.arange(5.0)).shape == (2, 3)
    picture, grid = draw_maps(np.random.default_rng(0).normal(size=(30, 3, 3)), 0, 40, 12, Palette())
    assert grid.count >= 9
    assert (picture.chars == ord("▀")).sum() > 50


def test_large_maps_shrink_until_all_of_them_fit_or_keep_their_size():
    small = grid_size((28, 28), 16, 88, 19, whole=False)
    assert small.count >= 16
    assert 7 <= small.rows == small.columns < 28
    large = grid_size((28, 28), 16, 88, 19)
    assert (large.rows, large.columns, large.count) == (28, 28, 3)
    assert grid_size((28, 28), 200, 88, 19, whole=False).rows == 7
    assert grid_size((14, 28), 40, 88, 19, whole=False).rows * 2 == pytest.approx(
        grid_size((14, 28), 40, 88, 19, whole=False).columns, abs=1
    )
    for whole in (False, True):  # what fits is enlarged in both ways
        assert grid_size((3, 3), 16, 88, 19, whole) == grid_size((3, 3), 16, 88, 19)
        assert grid_size((3, 3), 16, 88, 19, whole).rows > 3


def test_half_cells():
    picture, palette = Picture(6, 3), Palette()
    picture.paste(signed(np.ones((2, 2)), 2, 2, palette), 1, 2)
    blue = picture.fg[1, 2]
    draw_ring(picture, 2, 2, 4, 4, 7, palette)
    assert picture.to_text() == " ▄▄▄▄\n ▀▀▀▀\n ▀▀▀▀"
    assert (picture.fg[1, 1], picture.bg[1, 1], picture.fg[1, 2]) == (7, 7, blue)
    draw_mark(picture, 3, 2, 4, 3, 9, palette)
    assert (picture.fg[1, 2], picture.bg[1, 2]) == (blue, 9)
    draw_ring(picture, -5, -5, 20, 20, 7, palette)  # beyond the edges
    plain = Picture(6, 4)
    draw_ring(plain, 2, 1, 5, 4, 0, Palette(depth="none"))
    draw_mark(plain, 2, 2, 3, 3, 0, Palette(depth="none"))
    assert plain.to_text() == "┌───┐\n│ X │\n└───┘\n"


def test_a_sheet_ends_with_its_last_value():
    picture = draw_sheet(np.ones(5), 4, 6, Palette())
    assert picture.to_text() == "▀▀▀▀▀▀\n▀▀▀▀"
    assert draw_sheet(np.array([1, np.nan, 1, 1]), 2, 2, Palette()).fg[0, 1] == Palette().unknown


def test_places_in_a_grid():
    grid = Grid(5, 4, 3, 2)
    for index in range(6):
        top, left = grid.place(index)
        assert grid.map_at(top, left) == grid.map_at(top + 2, left + 3) == index
        assert grid.map_at(top + 3, left) is None
        assert grid.map_at(top, left + 4) is None
    assert grid.map_at(0, 15) is None
    assert grid.map_at(8, 0) is None
    assert grid.map_at(-1, 0) is None


def test_pixels_are_covered_by_the_elements_that_show_them():
    assert covered(2, 5, 8, 24) == (6, 15)
    assert covered(2, 5, 8, 8) == (2, 5)
    assert covered(3, 4, 28, 7) == (0, 1)
    assert covered(3, 5, 28, 7) == (0, 2)
    assert covered(27, 28, 28, 7) == (6, 7)
