"""The confusion matrix as a table of shaded cells: how often each class was taken for each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tui.drawing.palette import Palette
from tui.drawing.picture import ANSI, BOLD, DEFAULT, REVERSE, Picture

NARROWEST = 3  # columns of a cell

Cell = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """Where the cells of a matrix are: columns of the labels and of a cell, the first row and column of the matrix in
    sight, and how many there are of each."""

    label: int
    cell: int
    top: int
    left: int
    down: int
    across: int

    @classmethod
    def of(cls, classes: Sequence[str], widest: int, width: int, height: int, cursor: Cell | None = None) -> "Grid":
        """The grid of a square matrix on `width` x `height` cells, for numbers of up to `widest` characters.

        Where not all of it fits, the page with the cursor (row, column) is in sight.
        """
        count, longest = len(classes), max(map(len, classes), default=0)
        least = max(widest + 1, NARROWEST)
        label = min(longest, max(3, width // 3), max(3, width - 1 - least * count))
        across = min(count, max(1, (width - label - 1) // least))
        if across < count:
            label, least = min(longest, max(3, width // 4)), least + 1
            across = min(count, max(1, (width - label - 1) // least))
        cell = max(least, min(max(widest + 2, longest + 1), (width - label - 1) // max(1, across)))
        down = min(count, max(0, height - 1))
        row, column = cursor or (0, 0)
        top, left = row // max(1, down) * down, column // across * across
        return cls(label, cell, top, left, min(down, count - top), min(across, count - left))

    def place(self, x: int, y: int) -> Cell | None:
        """The (row, column) of the matrix that is drawn at a place, if any."""
        row, column = y - 1, (x - self.label - 1) // self.cell
        inside = 0 <= row < self.down and 0 <= column < self.across
        return (self.top + row, self.left + column) if inside else None


def draw_confusion(
    counts: ArrayLike, classes: Sequence[str], width: int, height: int, palette: Palette, cursor: Cell | None = None
) -> Picture:
    """Counts, (K, K), targets down and predictions across; a cell is shaded by its share of its row.

    Right answers (the diagonal) are blue, wrong ones orange; the cell at the cursor (row, column) is inverted, and its
    two classes are bold. Of what does not fit, the page with the cursor is drawn.
    """
    at = np.nan_to_num(np.asarray(counts, float))
    picture = Picture(width, height)
    if at.ndim != 2 or not at.size or width < 1 or height < 1:
        return picture
    shares = at / np.maximum(at.sum(1, keepdims=True), 1)
    grid = Grid.of(classes, widest(at), width, height, cursor)
    wide, start = grid.cell - 1, grid.label + 1
    rows, columns = range(grid.top, grid.top + grid.down), range(grid.left, grid.left + grid.across)
    here = cursor or (-1, -1)
    for place, column in enumerate(columns):
        color, bold = ("text", BOLD) if column == here[1] else ("muted", 0)
        picture.put(0, start + place * grid.cell, classes[column][:wide].rjust(wide), palette.color(color), bold)
    if grid.label >= 4:
        picture.put(0, 0, "as →"[: grid.label].rjust(grid.label), palette.color("muted"))
    for line, row in enumerate(rows, 1):
        color, bold = ("text", BOLD) if row == here[0] else ("muted", 0)
        picture.put(line, 0, classes[row][: grid.label].rjust(grid.label), palette.color(color), bold)
        for place, column in enumerate(columns):
            right, share = row == column, float(shares[row, column])
            back, front = _colors(right, share, palette)
            face = BOLD if right or share > 0.1 else 0
            text = (_text(float(at[row, column])).rjust(wide) + " ")[: grid.cell]
            if (row, column) == here:
                back, front, face = DEFAULT, palette.color("text"), BOLD | REVERSE
            picture.put(line, start + place * grid.cell, text, front, face, back)
    return picture


def widest(counts: ArrayLike) -> int:
    """Characters of the longest number of a matrix."""
    return len(_text(float(np.max(np.nan_to_num(np.asarray(counts, float)), initial=0))))


def _text(value: float) -> str:
    return f"{value:.0f}" if value else "·"


def _colors(right: bool, share: float, palette: Palette) -> tuple[int, int]:
    """Background and foreground of a cell; small wrong shares count double, they are what one looks for."""
    text = palette.color("text" if share else "muted")
    if palette.depth == "none" or not share:
        return DEFAULT, text
    if palette.depth == "ansi":
        return DEFAULT, int(palette.signed(1 if right else -1)) if share > 0.02 else ANSI + 8
    strength = 0.15 + 0.55 * share if right else 0.2 + 0.6 * min(1.0, 2 * share)
    return int(palette.signed(strength if right else -strength)), text
