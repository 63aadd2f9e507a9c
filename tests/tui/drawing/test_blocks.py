import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tui.drawing.bars import Decades, draw_decades, draw_history, sparkline
from tui.drawing.boundary import Plane, Points, draw_boundary
from tui.drawing.confusion import draw_confusion
from tui.drawing.halfblock import halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import ANSI, DEFAULT, REVERSE, Picture
from tui.drawing.svg import to_svg

PALETTES = [Palette(), Palette(dark=False), Palette(depth="ansi"), Palette(depth="none")]
SIZES = [(0, 0), (0, 5), (5, 0), (1, 1), (2, 1), (7, 3), (60, 12)]


def naive_bilinear(image, rows, columns):
    result = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            y = min(max((r + 0.5) * image.shape[0] / rows - 0.5, 0), image.shape[0] - 1)
            x = min(max((c + 0.5) * image.shape[1] / columns - 0.5, 0), image.shape[1] - 1)
            for i in range(image.shape[0]):
                for j in range(image.shape[1]):
                    result[r, c] += image[i, j] * max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j))
    return result


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (10, 4), (1, 1), (8, 8)])
def test_scaling_equals_naive_loops(rows, columns):
    image = np.random.default_rng(1).random((5, 7))
    np.testing.assert_allclose(scaled(image, rows, columns, smooth=True), naive_bilinear(image, rows, columns))
    near = scaled(image, rows, columns)
    for r in range(rows):
        for c in range(columns):
            assert near[r, c] == image[int((r + 0.5) * 5 / rows), int((c + 0.5) * 7 / columns)]


def test_heat_map_colours_by_hand():
    palette = Palette()
    picture = halves(palette.signed([[-1, 1], [0, np.nan]]))
    assert picture.to_text() == "▀▀"
    orange, blue = int(picture.fg[0, 0]), int(picture.fg[0, 1])
    assert orange >> 16 > orange & 255 and blue >> 16 < blue & 255
    grey = int(picture.bg[0, 0])
    assert max(grey >> s & 255 for s in (0, 8, 16)) - min(grey >> s & 255 for s in (0, 8, 16)) < 10
    assert picture.bg[0, 1] == palette.unknown
    assert shades(np.array([[-1, 0.5, 1]]), signed=True).to_text() == "≡+#"


@pytest.mark.parametrize("dark", [True, False])
def test_sixteen_colours_have_an_order_and_their_own_names(dark):
    palette = Palette(dark, "ansi")
    light = {0: 0, 4: 0.07, 12: 0.2, 6: 0.5, 8: 0.21, 3: 0.55, 14: 0.79, 7: 0.78, 11: 0.93, 15: 1}  # as xterm has them
    sizes = np.linspace(0, 1, 50)
    for table, levels in ((palette.heat, 5), (palette.sequential, 4), (palette.signed, 3), (palette.signed, 3)):
        seen = [light[int(color) - ANSI] for color in table(sizes)]
        rising = table == palette.sequential or dark
        assert seen == sorted(seen, reverse=not rising)
        assert len(set(seen)) == levels
        sizes = -sizes if table == palette.signed else sizes
    above, below = (int(palette.signed(value)) - ANSI for value in (0.9, -0.9))
    assert palette.signed(0.2) != palette.signed(0), "what is little above zero is told from zero"
    named = {4: "blue", 12: "blue", 3: "yellow", 11: "yellow"}
    assert (named[above], named[below]) == (palette.words["above"], palette.words["below"])
    assert palette.words["much"] == ("bright" if dark else "dark")
    assert Palette(dark).words["below"] == "orange"
    plain = Palette(dark, "none").words
    assert shades(np.array([[-1.0, 1.0]]), signed=True).to_text() == plain["below"] + plain["above"]


def test_samples_are_seen_on_every_one_of_sixteen_colours():
    palette, plane = Palette(depth="ansi"), Plane(-1, 1, -1, 1)
    field = np.tile(np.linspace(-1, 1, 20), (2, 1))
    picture = draw_boundary(
        field, plane, [Points(np.c_[np.linspace(-0.99, 0.99, 20), np.zeros(20)], [1] * 20)], palette
    )
    assert sorted(set(picture.bg[0].tolist())) == [ANSI, ANSI + 3, ANSI + 4, ANSI + 11, ANSI + 12]
    for ink, ground in zip(picture.fg[0].tolist(), picture.bg[0].tolist(), strict=True):
        assert ink == (ANSI if ground in (ANSI + 3, ANSI + 11) else DEFAULT)


@pytest.mark.parametrize("palette", PALETTES)
def test_ramps_rise_or_fall_in_light_and_take_anything(palette):
    for table in (palette.sequential, palette.signed, palette.heat):
        table([np.nan, -9, 9, 0.5])
    if palette.depth == "full":
        light = [sum(int(c) >> s & 255 for s in (16, 8, 0)) for c in palette.sequential(np.linspace(0, 1, 20))]
        assert light == sorted(light)
    if palette.depth == "none":
        assert palette.color("train") == palette.color("problem") == DEFAULT


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_picture_has_the_size_asked_for(palette, width, height):
    random = np.random.default_rng(0)
    plane = Plane.around([[0, 0], [2, 1]])
    points = [Points(random.random((9, 2)), np.arange(9) % 3), Points([[np.nan, 1], [1e9, 0]], [0, 1], True)]
    pictures = [
        halves(palette.signed(random.random((2 * height, width)))),
        draw_boundary(random.random((2 * height, width)), plane, points, palette),
        draw_boundary(random.random((2 * height, width, 3)), plane, points, palette, discrete=True),
        draw_history(random.random((5, 30)), ["a", "b", "c", "d", "e"], Decades(), width, height, palette),
    ]
    for picture in pictures:
        assert (picture.width, picture.height) == (width, height)
        picture.strips(range(height))


@pytest.mark.parametrize("width", range(4, 120))
def test_the_decades_below_never_touch(width):
    picture = Picture(width, 1)
    draw_decades(picture, 0, 0, width, Decades(-10, 2), Palette())
    said = picture.to_text().replace("╵", " ").split()
    assert set(said) <= {"1", "10", *(f"1e{power}" for power in range(-10, 3))}
    values = [float(text) for text in said]
    assert values == sorted(values)


def test_history_shows_the_absolute_size_and_the_newest_on_the_right():
    palette, scale = Palette(), Decades(-8, 0)
    values = np.array([[1e-8] * 10, [1e-8] * 5 + [1.0] * 5])
    picture = draw_history(values, ["a", "b"], scale, 12, 2, palette)
    low, high = palette.heat([0, 1]).tolist()
    assert picture.fg[0, 2:].tolist() == [low] * 10
    assert picture.fg[1, 2:].tolist() == [low] * 5 + [high] * 5
    assert [row[0] for row in picture.to_text().split("\n")] == ["a", "b"]


def test_a_boundary_lies_where_the_function_changes_sign_and_points_on_it():
    plane = Plane(0, 8, 0, 4)
    grid = plane.grid(8, 2)
    assert grid.shape == (32, 2) and grid[0].tolist() == [0.5, 3.5] and grid[-1].tolist() == [7.5, 0.5]
    palette, field = Palette(), np.sign(grid[:, 0] - 4).reshape(4, 8)
    picture = draw_boundary(field, plane, [], palette, discrete=True)
    assert len({*picture.fg[:, :4].ravel().tolist()}) == len({*picture.fg[:, 4:].ravel().tolist()}) == 1
    assert picture.fg[0, 3] != picture.fg[0, 4]
    training, validation = Points([[1.5, 3.1]], [0]), Points([[6.2, 0.1], [1.5, 3.1]], [1, 0], hollow=True)
    picture = draw_boundary(field, plane, [training, validation], palette)
    assert picture.to_text() == "▀●▀▀▀▀▀▀\n▀▀▀▀▀▀◇▀"
    plain = draw_boundary(np.zeros((4, 8)), plane, [training, validation], Palette(depth="none"))
    assert plain.to_text() == " ●\n      ◇"


def test_sparkline():
    assert sparkline([0, 1, 2, np.nan, 7]) == "▁▂▃ █"
    assert sparkline([1e-3, 1, 0], log=True) == "▁█ "
    assert sparkline([np.nan]) == " " and sparkline([]) == ""


def boxes(picture, **colors):
    """The rectangles (x, y, width, height) of a picture's SVG document by colour, and its texts."""
    root = ElementTree.fromstring(to_svg(picture, **colors))
    found = {}
    for path in (element for element in root.iter() if element.tag.endswith("path")):
        for shape in re.findall(r"M([-\d.]+) ([-\d.]+)h([-\d.]+)v([-\d.]+)h[-\d.]+z", path.get("d")):
            found.setdefault(path.get("fill"), []).append(tuple(map(float, shape)))
    return found, [element.text for element in root.iter() if element.tag.endswith("text")]


def test_svg_is_well_formed_and_has_every_dot():
    picture = Picture(4, 1)
    picture.put(0, 0, "⣿<▀▌", fg=0xFF0000, bg=0x00FF00)
    found, texts = boxes(picture)
    dots, blocks = found["#ff0000"][:8], found["#ff0000"][8:]
    assert len({(x, y) for x, y, _, _ in dots}) == 8 and all(x < 9 and y < 20 for x, y, _, _ in dots)
    assert blocks == [(18, 0, 9, 10), (27, 0, 4.5, 20)]
    assert found["#00ff00"] == [(0, 0, 36, 20)]
    assert texts == ["<"]


def test_svg_draws_lines_as_shapes_and_words_where_their_columns_are():
    picture = Picture(12, 2)
    picture.put(0, 0, "╭──┬━╮", fg=0xFF0000)
    picture.put(1, 0, "ab  cde ✗x", fg=0xFF0000)
    found, texts = boxes(picture)
    assert found["#ff0000"][0] == (9, 9.5, 18, 1)
    assert (36, 9, 9, 2) in found["#ff0000"]
    assert texts == ["ab", "cde", "✗", "x"]
    document = to_svg(picture)
    assert 'x="0" textLength="18"' in document and 'x="36" textLength="27"' in document
    assert document.count("<text") == 4 and 'stroke="#ff0000"' in document


def test_svg_has_the_default_and_the_sixteen_colours():
    picture = Picture(3, 1)
    picture.put(0, 0, "█")
    picture.put(0, 1, "█", fg=ANSI + 15)
    picture.put(0, 2, " ", face=REVERSE, fg=0x0000FF)
    found, _ = boxes(picture, fg=0x010203, bg=0x040506)
    assert found == {"#010203": [(0, 0, 9, 20)], "#eeeeec": [(9, 0, 9, 20)], "#0000ff": [(18, 0, 9, 20)]}


@pytest.mark.parametrize("palette", PALETTES)
def test_a_confusion_matrix_shows_every_count_with_targets_down(palette):
    picture = draw_confusion(
        [[50, 0, 1], [0, 45, 5], [0, 3, 47]], ["setosa", "versicolor", "virginica"], 60, 6, palette
    )
    lines = [line.split() for line in picture.to_text().split("\n")]
    assert [line[-3:] for line in lines[1:4]] == [["50", "·", "1"], ["·", "45", "5"], ["·", "3", "47"]]
    assert [line[0] for line in lines[1:4]] == ["setosa", "versicolor", "virginica"]
    for width, height in SIZES:
        assert draw_confusion(np.eye(10), list("0123456789"), width, height, palette).width == width
