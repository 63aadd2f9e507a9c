"""Curves as braille dots: 2 x 4 dots a cell, many series in one picture, all in NumPy, no loop over points."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.picture import DEFAULT, Picture

BLANK = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bit of each dot of a cell
PATTERNS = {"solid": (1, 1), "dashed": (4, 7), "dotted": (1, 3), "sparse": (1, 5)}  # dot columns drawn, out of
Floats = NDArray[np.floating]


class Canvas:
    """Dots on `width` x `height` cells: 2 * width dot columns, 4 * height dot rows, row 0 on top.

    A cell holds one colour. What is drawn later wins the cells it touches; what is drawn with `under` set gives its
    dots up wherever something else comes on top, so that a band never thickens the line before it.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self.bits: NDArray[np.uint8] = np.zeros((self.height, self.width), np.uint8)
        self.fg: NDArray[np.int32] = np.full((self.height, self.width), DEFAULT, np.int32)
        self._under: NDArray[np.bool_] = np.zeros((self.height, self.width), bool)

    @property
    def columns(self) -> int:
        """Dot columns."""
        return 2 * self.width

    @property
    def rows(self) -> int:
        """Dot rows."""
        return 4 * self.height

    def dots(self, mask: NDArray[np.bool_], color: int, under: bool = False) -> None:
        """Set the dots of a (rows, columns) mask."""
        if not mask.size:
            return
        cells = mask.view(np.uint8)
        bits = np.zeros_like(self.bits)
        for row, pair in enumerate(DOTS):
            for column, bit in enumerate(pair):
                bits |= cells[row::4, column::2] * np.uint8(bit)
        touched = bits > 0
        fresh = touched & self._under
        self.bits[fresh] = 0
        self.bits |= bits
        self.fg[touched] = color
        self._under = (self._under & ~touched) | (touched if under else False)

    def spans(
        self, tops: ArrayLike, bottoms: ArrayLike, color: int, pattern: str = "solid", under: bool = False
    ) -> None:
        """One upright span a dot column: dot rows from `tops` to `bottoms`, floats, rounded; NaN draws nothing.

        What lies outside is cut. Dashed and dotted lines leave out dot columns, never a tall span: no spike is lost.
        """
        top, bottom = (np.asarray(side, float) for side in (tops, bottoms))
        if not self.bits.size:
            return
        first, last = np.rint(np.minimum(top, bottom)), np.rint(np.maximum(top, bottom))
        if pattern != "solid":
            drawn, period = PATTERNS[pattern]
            skipped = (np.arange(self.columns) % period >= drawn) & ~(last - first > 3)
            first = np.where(skipped, np.nan, first)
        at = np.arange(self.rows)[:, None]
        with np.errstate(invalid="ignore"):
            self.dots((at >= first) & (at <= last), color, under)

    def points(self, columns: ArrayLike, rows: ArrayLike, color: int) -> None:
        """Single dots at (column, row), floats rounded; outside or NaN: not drawn."""
        x, y = np.broadcast_arrays(np.asarray(columns, float), np.asarray(rows, float))
        with np.errstate(invalid="ignore"):
            good = (x > -0.5) & (x < self.columns - 0.5) & (y > -0.5) & (y < self.rows - 0.5)
        mask = np.zeros((self.rows, self.columns), bool)
        mask[np.rint(y[good]).astype(int), np.rint(x[good]).astype(int)] = True
        self.dots(mask, color)

    def onto(self, picture: Picture, row: int = 0, column: int = 0) -> None:
        """Put the cells with dots into a picture that has room for them, the top left one at (row, column)."""
        here = slice(row, row + self.height), slice(column, column + self.width)
        drawn = self.bits > 0
        np.copyto(picture.chars[here], self.bits + np.uint32(BLANK), where=drawn)
        np.copyto(picture.fg[here], self.fg, where=drawn)
        np.copyto(picture.face[here], np.uint8(0), where=drawn)

    def to_text(self) -> str:
        picture = Picture(self.width, self.height)
        self.onto(picture)
        return picture.to_text()


def joined(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Make neighbouring columns' spans meet, so that a steep line has no holes: each is stretched half way to the next.

    `low` and `high` are values a dot column; columns without a value (NaN) stay empty and join nothing.
    """
    low, high = low.copy(), high.copy()
    if len(low) > 1:
        gap_up, gap_down = low[1:] - high[:-1], low[:-1] - high[1:]
        with np.errstate(invalid="ignore"):
            up, down = gap_up > 0, gap_down > 0
        middle_up, middle_down = high[:-1] + gap_up / 2, high[1:] + gap_down / 2
        low[1:][up] = middle_up[up]
        high[1:][down] = middle_down[down]
        high[:-1][up] = np.maximum(high[:-1], middle_up)[up]
        low[:-1][down] = np.minimum(low[:-1], middle_down)[down]
    return low, high


def polyline(xs: Floats, ys: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest value of a polyline within each dot column, `edges` being the n + 1 limits of n columns.

    `xs` rises strictly. A NaN in `ys` breaks the line; a value between two breaks is still there. Columns the line
    does not reach are NaN.
    """
    count = len(edges) - 1
    if count < 1 or not len(xs):
        return np.full(max(0, count), np.nan), np.full(max(0, count), np.nan)
    cut = np.interp(edges, xs, ys, left=np.nan, right=np.nan)
    low, high = np.fmin(cut[:-1], cut[1:]), np.fmax(cut[:-1], cut[1:])
    column = np.searchsorted(edges, xs, "right") - 1
    column[xs == edges[-1]] = count - 1
    inside = (column >= 0) & (column < count) & np.isfinite(ys)
    np.fmin.at(low, column[inside], ys[inside])
    np.fmax.at(high, column[inside], ys[inside])
    return low, high
