"""Bars on an absolute logarithmic scale, to an eighth of a cell, and the history of such values by layer and time.

The scale never follows the data: a vanishing gradient is a short bar, and looks like one in every picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.halfblock import halves, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.words import shortened

EIGHTHS = " ▏▎▍▌▋▊▉█"
STEPS = " ▁▂▃▄▅▆▇█"
LONGEST = 26  # columns of a label, at most


def bar(eighths: int) -> str:
    """A bar so many eighths of a cell long."""
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


@dataclass(frozen=True)
class Decades:
    """An absolute scale from 10 ** low to 10 ** high."""

    low: int = -8
    high: int = 2

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """0 at 10 ** low and below, 1 at 10 ** high and above; NaN stays."""
        at = np.asarray(values, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.clip((np.log10(np.where(at < 0, 0, at)) - self.low) / (self.high - self.low), 0, 1))

    def ticks(self, columns: int) -> list[tuple[int, int]]:
        """The powers of ten that there is room to name, and the columns they are in."""
        span = max(1, self.high - self.low)
        every = max(1, math.ceil(span / max(2, columns // 7)))
        powers = (power for power in range(self.low, self.high + 1) if power % every == 0)
        return [(power, round((power - self.low) / span * columns)) for power in powers]


def draw_decades(picture: Picture, row: int, left: int, inner: int, scale: Decades, palette: Palette) -> None:
    """Put the row of tick labels under bars that are `inner` columns wide from the column `left` on."""
    end = 0
    for power, at in scale.ticks(inner):
        name = {0: "1", 1: "10"}.get(power, f"1e{power}")
        start, text = (at, "╵" + name) if at + len(name) < inner else (inner - 1 - len(name), name + "╵")
        if start >= end:
            end = picture.put(row, left + start, text, palette.color("muted")) - left + 1


def label_width(labels: Sequence[str], width: int) -> int:
    """The columns that names get in a picture so wide: a third of it at most."""
    return min(max((len(name) for name in labels), default=0), LONGEST, max(0, width // 3))


def draw_history(
    values: ArrayLike, labels: Sequence[str], scale: Decades, width: int, height: int, palette: Palette
) -> Picture:
    """Layers x time, `values` (layers, steps), the newest on the right, a row or more a layer, two layers a row
    where it is tight; colours on the scale.

    More steps than columns: each column shows the mean of the logarithms of its steps. More layers than half rows: the
    rows are shared out evenly. NaN and infinities keep their own colour.
    """
    at = np.atleast_2d(np.asarray(values, float))
    picture = Picture(width, height)
    label = label_width(labels, width)
    columns = min(max(0, width - label - 1), at.shape[1])
    if not columns or not len(at) or height < 1:
        return picture
    shares = np.where(np.isinf(at), np.nan, scale.share(at))
    edges = np.linspace(0, at.shape[1], columns + 1).astype(int)
    shares = np.add.reduceat(shares, edges[:-1], axis=1) / np.diff(edges)
    tall = max(1, 2 * height // len(at))
    lines = np.repeat(shares, tall - tall % 2 or 1, 0)[: 2 * height]
    picture.paste(shades(lines) if palette.depth == "none" else halves(palette.heat(lines)), 0, label + 1)
    rows_each = (tall - tall % 2 or 1) / 2
    for index, name in enumerate(labels):
        row = int(index * rows_each)
        if rows_each >= 1 or index % 2 == 0:
            picture.put(row, 0, shortened(name, label).rjust(label), palette.color("muted"))
    return picture


def sparkline(values: ArrayLike, log: bool = False) -> str:
    """One row of text, an eighth-block a value, from the lowest to the highest; × for what is not there."""
    at = np.asarray(values, float)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.where(at > 0, np.log10(at), np.nan)
    good = np.isfinite(at)
    if not good.any():
        return " " * len(at)
    low, high = float(at[good].min()), float(at[good].max())
    level = np.zeros(len(at), int)
    level[good] = 1 + np.rint((at[good] - low) / ((high - low) or 1) * 7).astype(int)
    return "".join(STEPS[n] for n in level)
