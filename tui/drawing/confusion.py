"""The confusion matrix as a table of shaded cells: how often each class was taken for each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tui.drawing.palette import Palette
from tui.drawing.picture import ANSI, BOLD, DEFAULT, Picture


def draw_confusion(counts: ArrayLike, classes: Sequence[str], width: int, height: int, palette: Palette) -> Picture:
    """Counts, (K, K), targets down and predictions across; a cell is shaded by its share of its row.

    Right answers (the diagonal) are blue, wrong ones orange. What does not fit is left out at the right and at the end.
    """
    at = np.nan_to_num(np.asarray(counts, float))
    picture = Picture(width, height)
    if at.ndim != 2 or not at.size or width < 1 or height < 1:
        return picture
    shares = at / np.maximum(at.sum(1, keepdims=True), 1)
    texts = [[f"{value:.0f}" if value else "·" for value in row] for row in at]
    label = min(max(map(len, classes), default=0), max(3, width // 3))
    widest = max(len(text) for row in texts for text in row)
    cell = max(widest + 2, max(map(len, classes), default=0) + 1)
    cell = max(widest + 1, min(cell, (width - label - 1) // len(at)))
    for column, name in enumerate(classes):
        picture.put(0, label + 1 + column * cell, name[: cell - 1].rjust(cell - 1), palette.color("muted"))
    picture.put(0, 0, "as →"[:label].rjust(label), palette.color("muted"))
    for row, line in enumerate(texts):
        picture.put(row + 1, 0, classes[row][:label].rjust(label), palette.color("muted"))
        for column, text in enumerate(line):
            right, share = row == column, float(shares[row, column])
            back, front = _colors(right, share, palette)
            bold = BOLD if right or share > 0.1 else 0
            picture.put(row + 1, label + 1 + column * cell, text.rjust(cell - 1) + " ", front, bold, back)
    return picture


def _colors(right: bool, share: float, palette: Palette) -> tuple[int, int]:
    """Background and foreground of a cell; small wrong shares count double, they are what one looks for."""
    text = palette.color("text" if share else "muted")
    if palette.depth == "none" or not share:
        return DEFAULT, text
    if palette.depth == "ansi":
        return DEFAULT, ANSI + ((4 if right else 3) if share > 0.02 else 8)
    strength = 0.15 + 0.55 * share if right else 0.2 + 0.6 * min(1.0, 2 * share)
    return int(palette.signed(strength if right else -strength)), text
