"""Letters that are not one column wide stay in a grid of cells."""

import pytest
from rich.cells import cell_len

from tui.drawing.picture import Picture
from tui.drawing.svg import to_svg


def rows_of(picture):
    return [strip.text for strip in picture.strips(range(picture.height))]


@pytest.mark.parametrize("name", ["cat", "猫", "Ka\u0308tzchen 猫", "กำลัง", "e\u0301a\u200bb", "😀", "▀⣿─é"])
def test_a_row_is_as_wide_as_the_picture_whatever_is_put_there(name):
    picture = Picture(24, 1)
    end = picture.put(0, 2, name)
    assert end == 2 + cell_len(name)
    assert picture.put(0, end, "|") == end + 1
    (text,) = rows_of(picture)
    assert cell_len(text) == 24
    assert cell_len(text.partition("|")[0]) == end
    assert picture.strips([0])[0].cell_length == 24


@pytest.mark.parametrize(
    ("column", "text", "shown"),
    [(3, "x", "ab x "), (2, "x", "abx "), (4, "x", "ab猫x"), (1, "xy", "axy ")],
)
def test_half_of_a_wide_letter_is_a_blank(column, text, shown):
    picture = Picture(8, 1)
    picture.put(0, 0, "ab猫")
    picture.put(0, column, text)
    assert rows_of(picture) == [shown.ljust(8 - (1 if "猫" in shown else 0))]
    assert picture.to_text() == shown.rstrip()


def test_a_wide_letter_that_is_cut_at_an_edge_is_a_blank():
    picture = Picture(4, 1)
    picture.put(0, 3, "猫")
    picture.put(0, -1, "猫")
    assert rows_of(picture) == ["    "]


def test_an_svg_has_wide_letters_without_their_fillers():
    picture = Picture(8, 1)
    picture.put(0, picture.put(0, 0, "a猫"), "b")
    svg = to_svg(picture)
    assert "\0" not in svg
    assert "猫" in svg
