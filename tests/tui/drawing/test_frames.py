import numpy as np
import pytest

from tui.drawing.frames import Line, frame, line_chart


def text_of(drawn):
    return "\n".join("".join(map(chr, row)).rstrip() for row in drawn.chars)


def test_a_frame_puts_each_tick_in_its_cell():
    drawn = frame(24, 7, ((0, "0"), (10, "1k"), (20, "2k")), ((0, "1.0 "), (2, "0.5 "), (4, "0.0 ")))
    assert (drawn.left, drawn.width, drawn.height) == (5, 19, 5)
    lines = text_of(drawn).split("\n")
    for row, label in ((0, "1.0"), (2, "0.5"), (4, "0.0")):
        assert lines[row].startswith(f"{label} ┼┈┈")
    assert lines[1] == lines[3] == "    │"
    axis = lines[5]
    assert axis[4] == "└" and [i - 5 for i, c in enumerate(axis) if c == "┬"] == [0, 10]


def test_the_last_column_and_row_can_have_ticks():
    drawn = frame(30, 9, ((0, "a"), (24, "b")), ((0, "10 "), (6, " 0 ")))
    assert drawn.chars[7, drawn.left + 24] == ord("┬")
    assert [chr(c) for c in drawn.chars[[0, 6], 3]] == ["┼", "┼"]


@pytest.mark.parametrize("width", [1, 2, 5, 9])
@pytest.mark.parametrize("height", [1, 2, 3, 4])
def test_a_frame_of_any_size_has_that_size(width, height):
    assert frame(width, height, ((0, "0"),), ((0, "1.0"),)).chars.shape == (height, width)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, np.nan, 2.0],
        [np.nan, np.nan],
        [np.inf, 1.0, -np.inf, 2.0],
        [0.0, 0.0],
        [-1.0, -2.0],
        [5.0],
        [],
        [1e300, -1e300, 1e38],
        [1e-300, 1e-320],
    ],
)
def test_nothing_that_is_not_finite_ends_the_process(values):
    text = line_chart([Line("a", range(len(values)), values)], 40, 12, "t", "x")
    assert "nan" not in text.lower().replace("finite", "")


def test_a_line_is_broken_where_a_value_is_missing():
    x, y = np.arange(41.0), np.full(41, 0.5)
    y[15:25] = np.nan
    row = max(
        line_chart([Line("a", x, y)], 60, 12, color=False).split("\n"), key=lambda r: sum("⠀" < c <= "⣿" for c in r)
    )
    drawn = [i for i, c in enumerate(row) if "⠀" < c <= "⣿"]
    assert max(np.diff(drawn)) >= 8
    whole = line_chart([Line("a", x, np.full(41, 0.5))], 60, 12, color=False).split("\n")
    assert all("  " not in r[6:50] for r in whole if sum("⠀" < c <= "⣿" for c in r) > 10)


def test_a_static_chart_has_title_labels_legend_and_keeps_a_spike_of_a_million():
    y = np.zeros(1_000_000)
    y[654_321] = 9
    text = line_chart([Line("train", np.arange(1e6), y)], 70, 16, "Loss", "step", color=False)
    assert all(word in text for word in ("Loss", "step", "train", "10")) and "\x1b" not in text
    assert sum(any("⠀" < c <= "⣿" for c in line) for line in text.split("\n")) >= 10
    assert line_chart([Line("a", [1], [1])], 5, 2) == "too small to draw"
    assert "\x1b" in line_chart([Line("a", [1, 2], [1, 3])], 40, 10)
